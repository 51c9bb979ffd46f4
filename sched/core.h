/*
 * core.h - a scheduler: its workers, its injection queues and its phases.  Private to
 * sched/.
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [S] shared, see its header
 *   [L] under the registry's lock        [O] the thread that starts or stops it
 *
 * Edges: release end -> acquire end : what crosses
 *   closed  mag_poster_close -> mag_poster_enter : see self.h
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_CORE_H
#define SCHED_CORE_H

#include "sched/idle/idle.h"
#include "sched/life/phase.h"
#include "sched/policy/route.h"
#include "sched/queue/inject.h"
#include "sched/timer/clock.h"
#include "sched/worker/worker.h"

#include <magpie/executor.h>
#include <magpie/plan.h>
#include <magpie/sched.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread's name has room for 15 bytes. */
enum { MAG_NAME_ROOM = 16 };

/* What a start takes from the caller, with the defaults filled in and checked. */
struct mag_settings {
    struct mag_sched_config config; /* its `name` is the one below */
    char name[MAG_NAME_ROOM];
    const struct mag_topology *topology; /* the caller's, or `loaded` */
    struct mag_topology *loaded;         /* ours, or NULL */
    bool own_topology;
    size_t c_stack;    /* of a worker's thread */
    size_t fork_bytes; /* of a worker's fork stack */
    size_t fork_least; /* what it may have if there is not so much */
};

/* A worker as the scheduler holds it: its memory and its thread. */
struct mag_berth {
    struct mag_sched *sched;   /* [I] */
    uint32_t index;            /* [I] */
    struct mag_worker *worker; /* [I] in `pages` */
    _Atomic(bool) offered;     /* [A] see tenancy.h */
    void *pages;               /* [O] on the worker's node */
    size_t size;               /* [O] */
    void *fork_pages;          /* [O] on the worker's node */
    size_t fork_bytes;         /* [O] */
    /* [O] once no thread is live; before, of the thread that works here: it names its
     * successor where it ends in a job, and itself as the one to be joined besides. */
    pthread_t thread;
    pthread_t ended; /* as `thread`, if `has_ended` */
    bool has_ended;
};

struct mag_sched {
    /* Read by every post, written rarely. */
    _Atomic(uint32_t) phase;   /* [A] see phase.h */
    _Atomic(int32_t) closed;   /* [A] 0, or the code that refuses posts from outside */
    bool fenced;               /* [I] see asym.h */
    bool crowded;              /* [I] more workers than PUs: searching yields the CPU */
    uint32_t worker_count;     /* [I] in the first berths */
    uint32_t capacity;         /* [I] berths */
    uint32_t queue_count;      /* [I] one per node, at least one */
    struct mag_berth *berths;  /* [I] */
    struct mag_inject *queues; /* [I] array, each [S] */
    struct mag_routes routes;  /* [I] */

    struct mag_idle idle;                     /* [S] */
    _Atomic(uint64_t) vacant[MAG_IDLE_WORDS]; /* [A] spare berths, by rank */
    struct mag_clock clock;                   /* [S] */

    struct mag_executor executor; /* [I] posts to any worker */

    /* Life cycle. */
    struct mag_settings settings;                    /* [I] */
    struct mag_plan *plan;                           /* [I] */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) live; /* [A] threads not yet gone */
    _Atomic(uint32_t) ready;                         /* [A] threads that are set up */
    _Atomic(uint64_t) inflight;                      /* [A] posters without a record */
    sigset_t signals;                                /* [I] of the starting thread */
    uint32_t started;                                /* [O] threads to join */
    bool is_default;                                 /* [I] see default.c */
    bool joined;                                     /* [O] */
    struct mag_sched *next;                          /* [L] in the registry */
    struct mag_sched **link;                         /* [L] */
};

static inline enum mag_phase mag_sched_phase(struct mag_sched *sched)
{
    return mag_phase_read(&sched->phase);
}

/* executor.c - the executor of a whole scheduler. */
int mag_sched_executor_post(struct mag_executor *executor, struct mag_job *job);

/* stop.c - moves on to a later phase; earlier ones are ignored. */
void mag_sched_enter_phase(struct mag_sched *sched, enum mag_phase phase);

/* post.c - wakes a worker for a job that the worker of this rank has queued or seen, if
 * one should be woken. */
void mag_sched_notify(struct mag_sched *sched, uint32_t rank);

/* post.c - makes sure that what a running worker of this rank keeps to itself will be
 * watched. */
void mag_sched_notify_watcher(struct mag_sched *sched, uint32_t rank);

/* post.c - wakes this worker, if it is parked. */
void mag_sched_wake_worker(struct mag_sched *sched, uint32_t index);

/* post.c - wakes a worker if any is parked; wakes every worker, for the end: called while
 * they may park again it need not return. */
void mag_sched_wake_any(struct mag_sched *sched);
void mag_sched_wake_all(struct mag_sched *sched);

/* fork/end.c - the worker's thread ends in a job: the children it forked and those it ran
 * end there. */
void mag_fork_end(struct mag_worker *worker);

/* post.c - keeps the scheduler from being stopped while the caller is inside.  0, or the
 * error of a post that is refused.  Short: no call to a user's function in between. */
int mag_sched_hold(struct mag_sched *sched);
void mag_sched_unhold(struct mag_sched *sched);

/* post.c - as mag_sched_post, by a worker of `sched` or by who holds it: cannot be
 * refused.  If the scheduler is being cancelled the job will be dropped. */
void mag_sched_post_held(struct mag_sched *sched, struct mag_job *job);

/* post.c - the queue of the caller's node; and as mag_sched_post_held, to a queue. */
uint32_t mag_sched_queue_near(struct mag_sched *sched);
void mag_sched_post_queue_held(struct mag_sched *sched, struct mag_job *job,
                               uint32_t queue);

/* memory.c - where a berth is: a spare one at the side of a worker's. */
const struct mag_seat *mag_sched_seat(const struct mag_sched *sched, uint32_t index);

static inline struct mag_worker *mag_sched_at(const struct mag_sched *sched,
                                              uint32_t index)
{
    return sched->berths[index].worker;
}

/* memory.c - maps one worker's memory on its node, untouched. */
int mag_berth_map(struct mag_berth *berth);
void mag_berth_unmap(struct mag_berth *berth);

/* memory.c - first touch, by the worker's own thread: from here on the worker is
 * whole. */
void mag_berth_prepare(struct mag_berth *berth);

/* start.c - starts the thread of a worker, which is counted in `live` already.
 * 0; -ENOMEM, -EINVAL, -EAGAIN. */
int mag_berth_start(struct mag_berth *berth, void *(*run)(void *berth));

/* start.c - as mag_sched_start, with `spare` berths besides; `is_default`: the process's
 * own, which nobody ends. */
int mag_sched_launch(const struct mag_sched_config *config, uint32_t spare,
                     bool is_default, struct mag_sched **ret_sched);

/* start.c - waits for the threads, which are about to end, until a time of mag_os_now_ns:
 * false, it is over.  Then frees what is left. */
bool mag_sched_join(struct mag_sched *sched, int64_t until_ns);
void mag_sched_free(struct mag_sched *sched);

/* registry.c - the list of schedulers that fork() must know. */
int mag_registry_init(void);
void mag_registry_add(struct mag_sched *sched);
void mag_registry_remove(struct mag_sched *sched);

/* unpinned.c - before the first scheduler starts; and in the child of a fork(), while it
 * is still known whether a worker has called that. */
void mag_unpinned_init(void);
void mag_unpinned_after_fork(void);

/* default.c - around a fork(), outside of the registry's lock. */
void mag_default_before_fork(void);
void mag_default_after_fork_in_parent(void);
void mag_default_after_fork_in_child(void);

/* settings.c - whether every field is in its range: 0 or -EINVAL; rounds what is rounded.
 */
int mag_settings_check(struct mag_sched_config *config);

/* settings.c - the fields that the caller's header knows, the defaults in the others;
 * checked. */
int mag_settings_copy(const struct mag_sched_config *config,
                      struct mag_sched_config *ret_config);

/* settings.c - also chooses the machine; on success settings must be released. */
int mag_settings_make(const struct mag_sched_config *config,
                      struct mag_settings *ret_settings);

/* fit.c - the sizes of stacks that are left to us, by the limits of the process. */
int mag_settings_fit(struct mag_settings *settings, size_t workers);
void mag_settings_release(struct mag_settings *settings);

#endif
