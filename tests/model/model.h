/*
 * model.h - runs a Relacy test as a program: its exit status is 0 if no schedule finds a
 * fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <relacy/relacy.hpp>

#include <cstdio>
#include <cstdlib>

/* Tries random schedules, from a seed that is always the same.  A schedule of more than
 * `depth` steps has a thread that makes no progress. */
template <typename Test> static int run_model(unsigned iterations, unsigned depth = 2000)
{
    rl::test_params params;
    const char *scale = std::getenv("MAG_TEST_SCALE");

    params.iteration_count =
        scale != NULL ? iterations / 100 * (unsigned)std::atoi(scale) : iterations;
    params.execution_depth_limit = depth;
    return rl::simulate<Test>(params) ? 0 : 1;
}

/* Tries every schedule, and every value that each load may see.  `switches` not 0: only
 * the schedules with at most so many switches away from a thread that could go on. */
template <typename Test> static int search_model(unsigned switches)
{
    rl::test_params params;

    params.search_type = switches == 0 ? rl::fair_full_search_scheduler_type
                                       : rl::fair_context_bound_scheduler_type;
    params.context_bound = switches;
    params.execution_depth_limit = 2000;
    return rl::simulate<Test>(params) ? 0 : 1;
}

#endif
