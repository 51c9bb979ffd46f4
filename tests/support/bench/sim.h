/*
 * sim.h - simulated runs, for tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_BENCH_SIM_H
#define TESTS_SUPPORT_BENCH_SIM_H

#include "bench/sim/graph.h"
#include "bench/sim/sim.h"
#include "tests/support/cmocka.h"

#include <string.h>

static inline struct sim_outcome run(const struct sim_setup *setup)
{
    struct sim_outcome outcome;

    memset(&outcome, 0, sizeof(outcome));
    assert_int_equal(sim_run_setup(setup, &outcome), 0);
    return outcome;
}

static inline struct sim_shape shape_of(const struct sim_setup *setup)
{
    struct sim_shape shape;

    assert_true(sim_graph_measure(setup->graph, setup->size, &setup->costs, &shape));
    return shape;
}

#endif
