/*
 * self.h - what the library knows of the calling thread, and how a thread from outside
 * announces that it is inside a scheduler.  Private to sched/.
 *
 * Ownership
 *   [T] the thread itself, plain   [A] any thread
 *
 * Why posters announce themselves.  A post goes on after the job is published: it looks
 * whether to wake a worker.  By then the job may have run, and its program may be
 * destroying the scheduler.  So a poster names the scheduler in its record, and a stop
 * waits for all posters that do so.  Poster and stopping thread are Dekker's two sides
 * (asym.h):
 *
 *     poster                          stopping thread
 *     (1) target <- sched             (3) closed <- the code that refuses
 *     (2) read closed                 (4) read target, wait while it is sched
 *
 * If the poster read 0 at (2), the stopping thread sees it at (4) until the poster has
 * left.  If the poster read a code, the post is refused with that code, and the poster
 * touches nothing more.
 *
 * A scheduler's clock does not count as a thread from outside, although it posts like
 * one: the stop waits for the clock's end, and until then the clock's posts are accepted.
 *
 * Where records are.  Not in thread-local storage: the end of a thread whose first post
 * comes from the last round of its thread-specific destructors is never reported, and its
 * storage then becomes another thread's.  A record in the library's memory outlives its
 * thread, names no scheduler after the last post, and is reused by the next thread at the
 * same address.  Some threads have no record: those that find none free, and those that
 * have given their own back (their destructors may post until the end).  Such a thread is
 * counted in the scheduler instead.
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

struct mag_group_frame;
struct mag_packet;
struct mag_strand_frame;
struct mag_team;

/* How many threads can have a record at a time; further threads are counted, which is
 * slower. */
enum { MAG_POSTERS_MAX = 1024 };

struct mag_poster {
    /* [A] The scheduler that the record's thread is posting to, or NULL. */
    _Alignas(MAG_CACHE_LINE) _Atomic(struct mag_sched *) target;
    /* The packet to which the thread adds calls, and the scheduler that it is in; NULL:
     * the thread has none.  See post/record.h. */
    _Atomic(struct mag_packet *) packet;   /* [T] */
    _Atomic(struct mag_sched *) packet_in; /* [T]; the stop clears it */
    uint32_t added;                        /* [T] calls in the packet */
    uint32_t singly; /* [T] so many submissions go without a packet, see post/call.c */
};

struct mag_self {
    struct mag_worker *worker;        /* [T] NULL on threads that are not workers */
    struct mag_sched *sched;          /* [T] the worker's scheduler, or NULL */
    struct mag_strand_frame *strands; /* [T] the strands that run on it, see strand.c */
    struct mag_team *team;            /* [T] the team it is a member of, or NULL */
    struct mag_group_frame *groups;   /* [T] the jobs of groups that run on it */
    struct mag_poster *poster;        /* [T] this thread's record, or NULL */
    bool counted;                     /* [T] it has no record, and will not ask for one */
    struct mag_sched *clock_of;       /* [T] the scheduler whose clock it is, or NULL */
    uint32_t cpu;                     /* [T] a recent CPU number */
    uint32_t cpu_age;                 /* [T] posts since the number was read */
    int32_t thread;                   /* [T] its number in the kernel; 0: not yet read */
    /* [T] The spare berth that it had last. */
    struct mag_sched *last_sched;
    uint32_t last_rank;
    uint32_t last_age; /* times in a row that it took that berth again */
    /* [T] Leaves the berths that it has as a guest, if the thread ends; NULL: none was
     * ever taken. */
    void (*leave_all)(void);
    uint32_t roster_begin; /* [T] 1 + where its teams' rosters begin, or 0 */
};

extern _Thread_local struct mag_self mag_self;

/* All of sched/ asks this function for the calling thread's identity.  A white-box test
 * may replace the function before it includes a file. */
static inline struct mag_self *mag_self_get(void)
{
    return &mag_self;
}

/* Makes `sched` the scheduler of the calling thread, which is one of its workers; NULL:
 * the thread is no worker any more. */
static inline void mag_here_set(struct mag_sched *sched)
{
    /* A current executor stays current: a strand's job may have called fork(). */
    struct mag_executor *executor = mag_executor_current();

    mag_here_get()->roaming = (uintptr_t)sched | MAG_HOME_SCHED | MAG_HOME_ROAMING;
    (void)mag_executor_enter(executor);
}

/* Gives the calling thread the identity of a worker; with NULL, that of a thread from
 * outside. */
void mag_self_become(struct mag_worker *worker);

/* As mag_os_thread, which is a system call. */
int32_t mag_self_thread(void);

/* Makes the library know of the calling thread's end, if the system allows it. */
void mag_self_watch_end(struct mag_self *self);

/* Prepares the records once.  0, or -EAGAIN: no thread-exit key is left. */
int mag_poster_init(void);

/* Gives the calling thread a record.  False: there is none free, or its end would not be
 * reported; the thread must be counted in the scheduler instead. */
bool mag_poster_register(struct mag_self *self);

/* Closes a scheduler to posts from outside and waits for running posts, until a time of
 * mag_os_now_ns.  False: the time is over; the scheduler is closed all the same. */
bool mag_poster_close(struct mag_sched *sched, int64_t until_ns);

/* Calls `visit` with each record that was ever given to a thread, under their lock. */
void mag_poster_each(void (*visit)(struct mag_poster *poster, void *arg), void *arg);

/* In the child of a fork(), where only the calling thread is left. */
void mag_poster_after_fork(void);

/* As mag_poster_enter, for threads without a record, which are counted in the
 * scheduler. */
int mag_poster_enter_counted(struct mag_sched *sched);

/* By a thread that is not a worker of `sched`.  0, or the code with which it is
 * closed. */
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
        /* left, release: the last touch of the scheduler comes before it. */
        atomic_store_explicit(&self->poster->target, NULL, memory_order_release);
    } else {
        /* left, release: as above. */
        (void)atomic_fetch_sub_explicit(&sched->inflight, 1, memory_order_release);
    }
}

/* Whether the thread has a packet to which it adds calls. */
static inline bool mag_poster_has_packet(const struct mag_poster *poster)
{
    /* relaxed: the thread's own word; the stop changes it when nothing is posted any
     * more. */
    return atomic_load_explicit(&poster->packet_in, memory_order_relaxed) != NULL;
}

#endif
