/*
 * executor.h - the parts of <magpie/detail/executor.h> that the modeled files use.  No
 * thread has an executor.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_DETAIL_EXECUTOR_H
#define TESTS_MODEL_SHIM_MAGPIE_DETAIL_EXECUTOR_H

#include <magpie/detail/base.h>

struct mag_here {
    uintptr_t roaming = 3;
    uintptr_t context = 1;
    uintptr_t inside = 1;
    int32_t room = 32;
    int32_t bias_rest;
    uintptr_t bias;
    uintptr_t name = (uintptr_t)this | 4;
    MAG_ATOMIC(uint32_t) * bias_lost;
    uint32_t bias_seen;
    int32_t bias_span;
    uint32_t bias_level;
};

#define MAG_HERE_ROOM 32

enum {
    MAG_HOME_SCHED = 1,
    MAG_HOME_ROAMING = 2,
    MAG_HOME_DEFAULT = 5,
    MAG_HOME_TAGS = 7,
};

/* One entry for each thread of a model. */
static struct mag_here mag_here_of[8];

static inline struct mag_here *mag_here_get()
{
    return &mag_here_of[rl::thread_index()];
}

static inline uintptr_t mag_here_inside()
{
    return mag_here_get()->inside;
}

static inline uint32_t mag_here_depth()
{
    return MAG_HERE_ROOM - mag_here_get()->room;
}

static inline void mag_here_leave()
{
    mag_here_get()->room++;
}

static inline bool mag_here_enter()
{
    if (--mag_here_get()->room >= 0)
        return true;
    mag_here_leave();
    return false;
}

#endif
