/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/list.h"

#include "bench/workloads/workload.h"

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
