/*
 * forest.h - what stress tests of fork and join share: random trees (tree.h), some of
 * whose nodes take long, on schedulers of many shapes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_FOREST_H
#define TESTS_SUPPORT_SCHED_FOREST_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/sched/tree.h"

#include <unistd.h>

/* Now and then a node takes long, so that its siblings are stolen meanwhile. */
static inline void forest_dawdle(uint64_t node)
{
    if (tree_mix(node ^ 0x5555) % 256 == 0) {
        for (unsigned i = 0; i < 20000; i++)
            test_pause();
    }
}

/* Calls `check` with the roots of random trees, five on each scheduler; their numbers of
 * workers and depths of the fork stack are random, too. */
static inline void forest_check(unsigned rounds,
                                void (*check)(struct mag_sched *sched, uint64_t root))
{
    uint64_t random = test_seed();
    uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);

    for (uint32_t round = 0; test_goes_on(round, test_rounds(rounds)); round++) {
        const uint32_t workers[] = {1, 2, 3, cpus, 2 * cpus};
        const uint32_t depths[] = {64, 128, 8192};
        struct mag_sched *sched = test_sched_start_sized(
            workers[test_random(&random) % 5], depths[test_random(&random) % 3], 0);

        for (unsigned i = 0; i < 5; i++)
            check(sched, test_random(&random));
        mag_sched_destroy(sched);
    }
}

#endif
