/*
 * timer.h - as much of it as the modelled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_TIMER_H
#define TESTS_MODEL_SHIM_MAGPIE_TIMER_H

#include <magpie/base.h>

#define MAG_TIMER_TICK_NS ((int64_t)1 << 16)

struct mag_clock_wheel;

struct mag_timer {
    _Atomic(struct mag_clock_wheel *) wheel;
    rl::var<int> links; /* plain: a race on it is reported */
};

#endif
