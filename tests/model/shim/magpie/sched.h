/*
 * sched.h - the parts of <magpie/sched.h> that the modeled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_SCHED_H
#define TESTS_MODEL_SHIM_MAGPIE_SCHED_H

#include <magpie/error.h>
#include <magpie/topology.h>

struct mag_sched;

struct mag_job {
    _Atomic(struct mag_job *) next;
    void (*run)(struct mag_job *job);
    rl::var<int> payload; /* plain: a race on it is reported */
};

struct mag_sched_config {
    uint32_t spin_us;
    const char *name;
};

#define MAG_SCHED_LIFO_RUNS   4
#define MAG_SCHED_FAIR_TICKS  64
#define MAG_SCHED_FORKS_MAX   8192
#define MAG_SCHED_WORKERS_MAX 4096

#endif
