/*
 * machine.h - what tests of sched/policy/ share: machines from files and descriptions,
 * with workers on them.  Also how near two places of such a machine are, computed in a
 * slow, simple way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_MACHINE_H
#define TESTS_SUPPORT_SCHED_MACHINE_H

#include "tests/support/cmocka.h"

#include "sched/life/routes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine {
    struct mag_topology *topology;
    struct mag_plan *plan;
    struct mag_routes routes;
};

/* Loads a machine: `text` is the name of a file in tests/topologies, or hwloc's
 * description of a machine. */
static inline struct mag_topology *machine_topology(const char *text)
{
    struct mag_topology *topology = NULL;
    char path[4096];

    if (strstr(text, ".xml") == NULL) {
        assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, text, &topology), 0);
        return topology;
    }
    (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR, text);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
    return topology;
}

/* `os_pus`: `workers` entries, for MAG_PLACE_LIST. */
static inline void machine_begin(struct machine *machine, const char *text,
                                 enum mag_placement placement, uint32_t workers,
                                 const uint32_t *os_pus)
{
    machine->topology = machine_topology(text);
    assert_int_equal(mag_plan_make(machine->topology, placement, workers, os_pus,
                                   os_pus != NULL ? workers : 0, &machine->plan),
                     0);
    assert_int_equal(mag_routes_load(machine->topology, machine->plan,
                                     mag_plan_workers(machine->plan), &machine->routes),
                     0);
}

static inline void machine_end(struct machine *machine)
{
    mag_routes_free(&machine->routes);
    mag_plan_free(machine->plan);
    mag_topology_free(machine->topology);
}

static inline uint32_t machine_workers(const struct machine *machine)
{
    return mag_plan_workers(machine->plan);
}

static inline const struct mag_seat *machine_seat(const struct machine *machine,
                                                  uint32_t worker)
{
    return mag_plan_seat(machine->plan, worker);
}

/* The seat that a worker on this PU would have. */
static inline struct mag_seat machine_pu(const struct machine *machine, uint32_t pu)
{
    const struct mag_pu *at = mag_topology_pu(machine->topology, pu);

    return (struct mag_seat){.pu = pu,
                             .os_pu = at->os_index,
                             .core = at->core,
                             .cache = at->cache,
                             .node = at->node,
                             .package = at->package};
}

/* How far apart two seats are.  Less is nearer; workers of one PU are nearest. */
static inline uint64_t machine_apart(const struct machine *machine,
                                     const struct mag_seat *from,
                                     const struct mag_seat *to)
{
    enum mag_reach reach = mag_seat_reach(from, to);
    uint64_t distance = 0;

    if (reach == MAG_REACH_FAR)
        distance = from->node == MAG_NONE || to->node == MAG_NONE
                       ? 20
                       : mag_topology_distance(machine->topology, from->node, to->node);
    return from->pu == to->pu ? 0 : (uint64_t)(reach + 1) << 32 | distance;
}

/* Checks one machine with each placement, and with one worker, three, one for each PU,
 * and two for each PU.  The list takes PUs alternately from the front and from the
 * back. */
static inline void check_placements(const char *text,
                                    void (*check)(const struct machine *machine))
{
    struct mag_topology *topology = machine_topology(text);
    uint32_t pus = mag_topology_pus(topology);
    /* A PU for each worker, also for three workers on one PU. */
    uint32_t length = 2 * pus + 1;
    uint32_t *list = calloc(length, sizeof(*list));
    struct machine machine;

    assert_non_null(list);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t pu = (i % 2 == 0 ? i / 2 : pus - 1 - i / 2) % pus;
        list[i] = mag_topology_pu(topology, pu)->os_index;
    }
    for (int placement = MAG_PLACE_PER_CORE; placement <= MAG_PLACE_LIST; placement++) {
        const uint32_t counts[] = {1, 3, pus, 2 * pus};

        for (unsigned i = 0; i < 4; i++) {
            machine_begin(&machine, text, (enum mag_placement)placement, counts[i],
                          placement == MAG_PLACE_LIST ? list : NULL);
            check(&machine);
            machine_end(&machine);
        }
    }
    free(list);
    mag_topology_free(topology);
}

/* Does the same for every machine in tests/topologies and for some described ones. */
static inline void check_machines(void (*check)(const struct machine *machine))
{
    static const char *const described[] = {"pu:1",
                                            "core:3 pu:2",
                                            "node:3 l3:2 core:2 pu:1",
                                            "node:2 l3:2 core:2 pu:2",
                                            "pack:2 [numa] [numa] l2:2 core:1 pu:4",
                                            "group:2 pack:2 [numa] pu:2"};
    DIR *directory = opendir(MAG_SOURCE_DIR "/tests/topologies");
    struct dirent *entry;
    unsigned seen = 0;

    for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++)
        check_placements(described[i], check);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".xml") == NULL)
            continue;
        check_placements(entry->d_name, check);
        seen++;
    }
    (void)closedir(directory);
    assert_true(seen >= 15);
}

#endif
