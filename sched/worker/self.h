/*
 * self.h - what the scheduler knows of the calling thread, and how a thread from outside
 * announces that it is inside a scheduler.  Private to sched/.
 *
 * Ownership
 *   [T] the thread itself, plain   [A] any thread
 *
 * Why posters announce themselves.  A post goes on after the job is published: it looks
 * whether somebody must be woken.  By then the job may have run, and its program may be
 * destroying the scheduler.  So a poster names the scheduler in its record, and a stop
 * waits for all who do.  Poster and stopping thread are Dekker's two sides (asym.h):
 *
 *     poster                          stopping thread
 *     (1) target <- sched             (3) closed <- the code that refuses
 *     (2) read closed                 (4) read target, wait while it is sched
 *
 * If the poster read 0 at (2) it is seen at (4) until it has left; if it read a code its
 * post is refused with that, and it touches nothing more.
 *
 * A scheduler's clock is no thread from outside, although it posts like one: the stop
 * waits for its end, and until then its posts are taken.
 *
 * Where records are.  Not in the thread's own storage: a thread whose first post comes
 * from the last round of thread-specific destructors is told of no end, and its storage
 * is another thread's then.  A record in the library's memory outlives its thread, names
 * no scheduler after the last post, and is reused by the next thread at the same address.
 * A thread that finds no record free, or has given its own back (its destructors may post
 * until the end), is counted in the scheduler instead.
 *
 * Edges: release end -> acquire end : what crosses
 *   left   mag_poster_leave (target) -> mag_poster_close (target) : the poster's last
 *          touch of the scheduler
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_SELF_H
#define SCHED_WORKER_SELF_H

#include "base/asym.h"
#include "sched/scheduler.h"

#include <magpie/executor.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_strand_frame;

/* Threads that may have a record at a time; those beyond are counted, which is slower. */
enum { MAG_POSTERS_MAX = 1024 };

struct mag_poster {
    /* [A] The scheduler that the record's thread posts to now, or NULL. */
    _Alignas(MAG_CACHE_LINE) _Atomic(struct mag_sched *) target;
};

struct mag_self {
    struct mag_worker *worker;        /* [T] NULL on threads that are not workers */
    struct mag_strand_frame *strands; /* [T] the strands that run here, see strand.c */
    struct mag_poster *poster;        /* [T] this thread's record, or NULL */
    bool counted;                     /* [T] it has none, and asks for none any more */
    struct mag_sched *clock_of;       /* [T] whose clock it is, or NULL */
    uint32_t cpu;                     /* [T] a recent CPU number */
    uint32_t cpu_age;                 /* [T] posts since it was asked for */
};

extern _Thread_local struct mag_self mag_self;

/* All of sched/ asks this function who the calling thread is; a white-box test may put
 * another one in its place before it includes a file. */
static inline struct mag_self *mag_self_get(void)
{
    return &mag_self;
}

/* The calling thread is a worker of `sched`, or of none any more. */
static inline void mag_here_set(struct mag_sched *sched)
{
    /* A current executor stays: a strand's job may have called fork(). */
    struct mag_executor *executor = mag_executor_current();

    mag_here_get()->roaming = (uintptr_t)sched | MAG_HOME_SCHED | MAG_HOME_ROAMING;
    (void)mag_executor_enter(executor);
}

/* Gives the calling thread the identity of a worker; with NULL, that of a thread from
 * outside. */
void mag_self_become(struct mag_worker *worker);

/* Prepares the records, if nobody has.  0, or -EAGAIN: no thread-exit key is left. */
int mag_poster_init(void);

/* Gives the calling thread a record.  False: there is none, or its end would not be told;
 * it must be counted in the scheduler instead. */
bool mag_poster_register(struct mag_self *self);

/* Closes a scheduler to posts from outside and waits for those under way, until a time of
 * mag_os_now_ns.  False: the time is over; the scheduler is closed all the same. */
bool mag_poster_close(struct mag_sched *sched, int64_t until_ns);

/* In the child of a fork(): of all threads only the caller is left. */
void mag_poster_after_fork(void);

/* For threads without a record: as mag_poster_enter, counted in the scheduler. */
int mag_poster_enter_counted(struct mag_sched *sched);

/* A thread that is not a worker of `sched`.  0, or the code with which it is closed. */
static inline int mag_poster_enter(struct mag_sched *sched, struct mag_self *self)
{
    if (MAG_UNLIKELY(self->poster == NULL) && !mag_poster_register(self))
        return mag_poster_enter_counted(sched);
    /* (1), relaxed: ordered before (2) by the asymmetric pair. */
    atomic_store_explicit(&self->poster->target, sched, memory_order_relaxed);
    mag_asym_light(sched->fenced);
    /* (2), acquire: names the other end; a refusal touches nothing. */
    int closed = atomic_load_explicit(&sched->closed, memory_order_acquire);
    if (MAG_LIKELY(closed == 0) || self->clock_of == sched)
        return 0;
    /* left, release: as in mag_poster_leave. */
    atomic_store_explicit(&self->poster->target, NULL, memory_order_release);
    return closed;
}

static inline void mag_poster_leave(struct mag_sched *sched, struct mag_self *self)
{
    if (MAG_LIKELY(self->poster != NULL)) {
        /* left, release: the last touch of the scheduler precedes it. */
        atomic_store_explicit(&self->poster->target, NULL, memory_order_release);
    } else {
        /* left, release: as above. */
        (void)atomic_fetch_sub_explicit(&sched->inflight, 1, memory_order_release);
    }
}

#endif
