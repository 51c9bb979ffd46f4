/*
 * executor.h - as much of it as the modelled files use: nobody has an executor, and what
 * is not run inline goes where the model says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_EXECUTOR_H
#define TESTS_MODEL_SHIM_MAGPIE_EXECUTOR_H

#include <magpie/sched.h>

struct mag_executor {
    int (*post)(struct mag_executor *executor, struct mag_job *job);
};

struct mag_here {
    uintptr_t roaming = 3;
    uintptr_t context = 1;
    uintptr_t inside = 1;
    uint32_t depth;
    uint32_t bias_rest;
    uintptr_t bias;
    MAG_ATOMIC(uint32_t) * bias_lost;
    uint32_t bias_seen;
    uint32_t bias_level;
};

enum {
    MAG_HOME_SCHED = 1,
    MAG_HOME_ROAMING = 2,
    MAG_HOME_DEFAULT = 5,
    MAG_HOME_TAGS = 7,
};

/* One for each thread of a model: its address is that of the calling thread's. */
static struct mag_here mag_here_of[8];

static inline struct mag_here *mag_here_get()
{
    return &mag_here_of[rl::thread_index()];
}

static inline struct mag_executor *mag_executor_current()
{
    return NULL;
}

static inline struct mag_executor *mag_executor_enter(struct mag_executor *)
{
    return NULL;
}

#endif
