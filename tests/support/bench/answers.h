/*
 * answers.h - workloads for tests; the answer of each is 42.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_BENCH_ANSWERS_H
#define TESTS_SUPPORT_BENCH_ANSWERS_H

#include "bench/workloads/workload.h"

static inline uint64_t forty_two(uint64_t size)
{
    (void)size;
    return 42;
}

static inline int answer_42(struct bench_run *run)
{
    run->answer = 42;
    return 0;
}

#endif
