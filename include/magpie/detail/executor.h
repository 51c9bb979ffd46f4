/*
 * executor.h - what surrounds the calling thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_EXECUTOR_H
#define MAGPIE_DETAIL_EXECUTOR_H

#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

/* What surrounds the calling thread.  Read it through the functions. */
struct mag_here {
    uintptr_t roaming;  /* sched | 3: of what need not come back; sched: of this worker */
    uintptr_t context;  /* of what comes back: the current executor, or sched | 1 */
    uintptr_t inside;   /* what may run in a completing call: sched | 1; 0: see context */
    uint32_t depth;     /* continuations running inside one another */
    uint32_t bias_rest; /* operations until the thread is biased to again */
    uintptr_t bias;     /* of operations that begin here, see source.h */
    const MAG_ATOMIC(uint32_t) * bias_lost; /* how often threads like this lost a bias */
    uint32_t bias_seen;                     /* of that count */
    uint32_t bias_level;                    /* how long the next rest is */
};

/* __thread and not thread_local: C++ would call a wrapper at each use. */
extern MAG_API __thread struct mag_here mag_here MAG_TLS_MODEL;

/* What surrounds the calling thread.  Nothing else names the variable. */
MAG_INLINE struct mag_here *mag_here_get(void)
{
    return &mag_here;
}

/* Tags of a word that says where to come back to; the address of an executor has none. */
enum {
    MAG_HOME_SCHED = 1,   /* a scheduler's address, or nothing */
    MAG_HOME_ROAMING = 2, /* besides: need not come back, is only queued there */
    MAG_HOME_DEFAULT = 5, /* the default scheduler */
    MAG_HOME_TAGS = 7,
};

MAG_EXTERN_C_END

#endif
