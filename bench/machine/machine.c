/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/machine.h"

#include <magpie/barrier.h>
#include <magpie/budget.h>
#include <magpie/sched.h>
#include <magpie/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The value of the first line of a file that starts with `key`, without quotes. */
static void file_value(const char *path, const char *key, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;

        const char *from = line + strlen(key);
        from += strspn(from, " \t:=\"");
        (void)snprintf(value, size, "%.*s", (int)strcspn(from, "\"\n"), from);
        break;
    }
    if (file != NULL)
        (void)fclose(file);
}

static void read_names(struct bench_machine *machine)
{
    struct utsname name;
    time_t now = time(NULL);
    struct tm utc;

    file_value("/proc/cpuinfo", "model name", machine->cpu, sizeof(machine->cpu));
    if (machine->cpu[0] == '\0')
        file_value("/sys/firmware/devicetree/base/model", "", machine->cpu,
                   sizeof(machine->cpu));
    file_value("/etc/os-release", "PRETTY_NAME", machine->os, sizeof(machine->os));
    if (uname(&name) == 0) {
        (void)snprintf(machine->arch, sizeof(machine->arch), "%.31s", name.machine);
        (void)snprintf(machine->kernel, sizeof(machine->kernel), "%.20s %.70s",
                       name.sysname, name.release);
    }
    if (machine->cpu[0] == '\0')
        (void)snprintf(machine->cpu, sizeof(machine->cpu), "%s", machine->arch);
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(machine->date, sizeof(machine->date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    (void)snprintf(machine->version, sizeof(machine->version), "%s", mag_version());
#ifdef __clang__
    (void)snprintf(machine->compiler, sizeof(machine->compiler), "clang %d.%d.%d",
                   __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    (void)snprintf(machine->compiler, sizeof(machine->compiler), "gcc %s", __VERSION__);
#endif
}

/* How often the thing that `of` reads changes in the order of the hierarchy, which keeps
 * what belongs together together. */
static uint32_t count_changes(const struct mag_topology *topology,
                              uint32_t (*of)(const struct mag_pu *pu))
{
    uint32_t changes = 1;

    for (uint32_t i = 1; i < mag_topology_pus(topology); i++)
        changes +=
            of(mag_topology_pu(topology, i)) != of(mag_topology_pu(topology, i - 1));
    return changes;
}

static uint32_t package_of(const struct mag_pu *pu)
{
    return pu->package;
}

static uint32_t cache_of(const struct mag_pu *pu)
{
    return pu->cache;
}

uint32_t bench_count_packages(const struct mag_topology *topology)
{
    return count_changes(topology, package_of);
}

uint32_t bench_count_caches(const struct mag_topology *topology)
{
    return count_changes(topology, cache_of);
}

const char *bench_stand_in(const struct mag_topology *topology)
{
    /* Where several are set hwloc takes the first of these. */
    static const char *const names[] = {"HWLOC_FSROOT", "HWLOC_SYNTHETIC",
                                        "HWLOC_XMLFILE"};

    if (mag_topology_is_this_machine(topology))
        return NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (getenv(names[i]) != NULL)
            return names[i];
    }
    return "the environment of hwloc";
}

static int read_shape(struct bench_machine *machine)
{
    struct mag_topology *topology;
    struct mag_budget *budget;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    if (r < 0)
        return r;
    r = mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget);
    if (r == 0) {
        machine->packages = bench_count_packages(topology);
        machine->caches = bench_count_caches(topology);
        machine->nodes = mag_topology_nodes(topology);
        machine->cores = mag_topology_cores(topology);
        machine->pus = mag_topology_pus(topology);
        machine->online = mag_budget_online(budget);
        machine->workers = mag_budget_workers(budget);
        machine->pu_workers = mag_budget_cap(budget, machine->pus);
        machine->quota_cpus = mag_budget_quota(budget);
        mag_budget_free(budget);
    }
    mag_topology_free(topology);
    return r;
}

/* The nodes on which a plan has seats; those beyond the most that are told are one. */
static uint32_t nodes_of(const struct mag_plan *plan)
{
    bool seen[BENCH_NODE_ENDS] = {false};
    uint32_t nodes = 0;

    for (uint32_t i = 0; i < mag_plan_workers(plan); i++) {
        uint32_t node = mag_plan_seat(plan, i)->node;

        node = node < BENCH_NODE_ENDS ? node : BENCH_NODE_ENDS - 1;
        nodes += !seen[node];
        seen[node] = true;
    }
    return nodes;
}

int bench_machine_node_ends(struct bench_machine *machine, enum mag_placement placement,
                            uint32_t workers)
{
    struct mag_topology *topology;
    uint32_t before = 0;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    machine->node_end_count = 0;
    if (r < 0)
        return r;
    for (uint32_t i = 1; i <= workers && mag_topology_nodes(topology) > 1; i++) {
        struct mag_plan *plan;

        r = mag_plan_make(topology, placement, i, NULL, 0, &plan);
        if (r < 0)
            break;
        uint32_t nodes = nodes_of(plan);
        mag_plan_free(plan);
        if (before != 0 && nodes > before)
            machine->node_ends[machine->node_end_count++] = i - 1;
        before = nodes;
    }
    mag_topology_free(topology);
    return r;
}

int bench_machine_read(struct bench_machine *machine)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);

    *machine = (struct bench_machine){0};
    read_names(machine);
    if (pages > 0 && page > 0)
        machine->memory_kib = (uint64_t)pages * (uint64_t)page / 1024;
    machine->membarrier = mag_barrier_is_asymmetric();
    return read_shape(machine);
}
