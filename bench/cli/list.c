/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/list.h"

#include "bench/cli/command.h"
#include "bench/report/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS = 17 };

void bench_list_workloads(void)
{
    const char *group = "";

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];
        bool alone = strcmp(workload->name, workload->group) == 0;

        if (!alone && strcmp(workload->group, group) != 0)
            (void)printf("%s\n", workload->group);
        group = workload->group;
        (void)printf("%s%-*s %s\n", alone ? "" : "  ",
                     alone ? NAME_COLUMNS : NAME_COLUMNS - 2, workload->name,
                     workload->summary);
        (void)printf("%*sshows: %s\n", NAME_COLUMNS + 1, "", workload->shows);
        (void)printf("%*ssize: %s (", NAME_COLUMNS + 1, "", workload->size_is);
        for (uint32_t j = 0; j < BENCH_SIZES && workload->sizes[j] != 0; j++)
            (void)printf("%s%" PRIu64, j > 0 ? ", " : "", workload->sizes[j]);
        (void)printf(")\n");
    }
}

uint32_t bench_choose(const char *name, const struct bench_workload **workloads,
                      uint32_t count)
{
    bool found = false;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];
        bool known = false;

        if (strcmp(name, workload->group) != 0 && strcmp(name, workload->name) != 0)
            continue;
        found = true;
        for (uint32_t j = 0; j < count; j++)
            known |= workloads[j] == workload;
        if (!known)
            workloads[count++] = workload;
    }
    if (!found)
        bench_usage("bench", "'%s' is not a workload; 'magpie bench --list' lists them",
                    name);
    return count;
}

static bool begins_group(uint32_t index)
{
    return index == 0 ||
           strcmp(bench_workloads[index]->group, bench_workloads[index - 1]->group) != 0;
}

uint32_t bench_choose_all(bool figures, bool by_group,
                          const struct bench_workload **workloads)
{
    uint32_t count = 0;

    for (int first = 1; first >= 0; first--) {
        for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
            bool now = by_group ? begins_group(i) == (first == 1) : first == 1;

            if (now && (!figures || bench_figures_sizes(bench_workloads[i]) != NULL))
                workloads[count++] = bench_workloads[i];
        }
    }
    return count;
}
