/*
 * self.h - what the scheduler knows of a model's threads.  Posters from outside do not
 * announce themselves: that protocol has its own model, model_poster.cpp.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifdef MODEL_POSTERS
#    include_next "sched/worker/self.h"
#endif

#ifndef SCHED_WORKER_SELF_H
#    define SCHED_WORKER_SELF_H

#    include "sched/scheduler.h"

struct mag_poster;

struct mag_self {
    struct mag_worker *worker;
    struct mag_sched *sched;
    struct mag_poster *poster; /* NULL */
    struct mag_sched *clock_of;
    uint32_t cpu;
    uint32_t cpu_age;
};

/* One entry for each thread of a model. */
static struct mag_self mag_self_of[8];

static inline struct mag_self *mag_self_get()
{
    return &mag_self_of[rl::thread_index()];
}

static inline int mag_poster_enter(struct mag_sched *, struct mag_self *)
{
    return 0;
}

static inline void mag_poster_leave(struct mag_sched *, struct mag_self *)
{
}

#endif
