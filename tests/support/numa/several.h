/*
 * several.h - schedulers on each PU of a machine with several nodes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_SEVERAL_H
#define TESTS_SUPPORT_NUMA_SEVERAL_H

#include "tests/support/cmocka.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/counters.h>

enum { SEVERAL_WORKERS_MAX = 64 };

static inline void several_or_skip(void)
{
    if (!mag_topology_is_this_machine(machine) || mag_topology_nodes(machine) < 2 ||
        mag_topology_pus(machine) > SEVERAL_WORKERS_MAX) {
        print_message("skipped: this machine has one node, or too many PUs\n");
        skip();
    }
}

/* A pinned worker on each PU.  The list is nobody's order: backwards. */
static inline struct mag_sched_config several_config(enum mag_placement placement)
{
    static uint32_t list[SEVERAL_WORKERS_MAX];
    struct mag_sched_config config = test_sched_config(0);
    uint32_t pus = mag_topology_pus(machine);

    config.placement = placement;
    config.pin = MAG_PIN_ALWAYS;
    if (placement == MAG_PLACE_LIST) {
        for (uint32_t i = 0; i < pus; i++)
            list[i] = mag_topology_pu(machine, pus - 1 - i)->os_index;
        config.os_pus = list;
        config.os_pu_count = pus;
    } else {
        config.workers = pus;
    }
    return config;
}

static inline uint32_t several_node(const struct mag_sched *sched, uint32_t worker)
{
    return mag_plan_seat(mag_sched_plan(sched), worker)->node;
}

/* Waits until all workers sleep. */
static inline bool several_sleep(struct mag_sched *sched)
{
    double since = test_now();
    uint32_t asleep = 0;

    while (asleep != mag_sched_workers(sched) && !test_gives_up(since)) {
        test_sleep_ms(1);
        asleep = 0;
        for (uint32_t i = 0; i < mag_sched_workers(sched); i++) {
            struct mag_sched_counters counters;

            if (mag_sched_counters(sched, i, &counters) == 0)
                asleep += counters.parks == counters.wakes + 1;
        }
    }
    return asleep == mag_sched_workers(sched);
}

#endif
