/*
 * timer.h - the parts of <magpie/timer.h> that the modeled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_TIMER_H
#define TESTS_MODEL_SHIM_MAGPIE_TIMER_H

#include <magpie/executor.h>
#include <magpie/sched.h>

#define MAG_TIMER_TICK_NS ((int64_t)1 << 16)

struct mag_clock_wheel;

struct mag_timer {
    mag_job job; /* first */
    mag_executor *executor;
    _Atomic(struct mag_clock_wheel *) wheel;
    mag_timer *next;
    mag_timer *prev;
    uint64_t tick;
    uint32_t place;
    uint32_t queue;
    rl::var<int> links; /* plain: a race on it is reported */
};

#endif
