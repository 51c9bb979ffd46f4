/*
 * executor.h - the calling thread's context: where its continuations come back to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_EXECUTOR_H
#define MAGPIE_DETAIL_EXECUTOR_H

#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

/* The calling thread's context.  `sched` is the scheduler whose worker it is, or 0. */
struct mag_here {
    uintptr_t roaming; /* home of continuations that need not come back: sched | 3 */
    uintptr_t context; /* home of those that do: the current executor, or sched | 1 */
    uintptr_t inside;  /* home of those that may run inside a call that completes their
                         * operation: sched | 1; 0 while there is a current executor */
    int32_t room;      /* continuations that may still run inside one another */
    int32_t bias_rest; /* operations that begin here until the thread looks at
                         * `bias_lost` */
    uintptr_t bias;    /* first slot of operations that begin here, see detail/core.h */
    uintptr_t name;    /* the slot of operations that are biased to the thread */
    const MAG_ATOMIC(uint32_t) * bias_lost; /* how often threads like this lost a bias */
    uint32_t bias_seen;                     /* the last `bias_lost` that was read */
    int32_t bias_span;                      /* the last `bias_rest` */
    uint32_t bias_level;                    /* how long the next rest from bias is */
    bool traced;                            /* runs a job that is traced, see trace.h */
};

/* What `room` is at first, and `name` of a thread to which nothing was ever biased: no
 * slot has that value. */
#define MAG_HERE_ROOM    32
#define MAG_HERE_NO_NAME 6

/* __thread and not thread_local: C++ would call a wrapper at each use. */
extern MAG_API __thread struct mag_here mag_here MAG_TLS_MODEL;

/* The calling thread's context.  No functions but these name the variable. */
MAG_INLINE struct mag_here *mag_here_get(void)
{
    return &mag_here;
}

/* `inside`.  This and what follows does without the variable's address: if gcc 12 is to
 * check a pointer to a thread-local variable (-fsanitize=null), it reads the flags of an
 * addition that a linker may replace by one that sets none, and finds a null pointer. */
MAG_INLINE uintptr_t mag_here_inside(void)
{
    return mag_here.inside;
}

/* How many continuations run inside one another. */
MAG_INLINE uint32_t mag_here_depth(void)
{
    return MAG_CAST(uint32_t, MAG_HERE_ROOM - mag_here.room);
}

/* After a continuation that ran inside a call. */
MAG_INLINE void mag_here_leave(void)
{
    mag_here.room++;
}

/* Before it.  False: there is no room, and the continuation must be queued. */
MAG_INLINE bool mag_here_enter(void)
{
    if (MAG_LIKELY(--mag_here.room >= 0))
        return true;
    /* Has the compiler read the word again, and so subtract in memory above. */
    __asm__("" : "+m"(mag_here.room));
    mag_here_leave();
    return false;
}

/* Tags of a home, the word that says where a continuation comes back to.  The address of
 * an executor has no tag. */
enum {
    MAG_HOME_SCHED = 1,   /* a scheduler's address, or 0 */
    MAG_HOME_ROAMING = 2, /* besides: it need not come back, but may be queued there */
    MAG_HOME_DEFAULT = 5, /* the default scheduler */
    MAG_HOME_TAGS = 7,
};

MAG_EXTERN_C_END

#endif
