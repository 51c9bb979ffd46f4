/*
 * worker.h - one worker: a thread, the jobs it holds, and where it looks for more.
 * Private to sched/.
 *
 * Ownership
 *   [I] immutable once the workers run   [W] the worker itself, plain
 *   [C] written by the worker, read by any thread: atomic, relaxed
 *   [S] shared, see its header
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_WORKER_H
#define SCHED_WORKER_WORKER_H

#include "sched/fork/stack.h"
#include "sched/idle/sleeper.h"
#include "sched/policy/search.h"
#include "sched/queue/hand.h"
#include "sched/queue/inject.h"
#include "sched/queue/runq.h"
#include "sched/trace/note.h"
#include "sched/trace/times.h"

#include <magpie/counters.h>
#include <magpie/pin.h>
#include <magpie/plan.h>
#include <magpie/sched.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Jobs in a worker's run queue, a power of two (a model wants fewer). */
#ifndef MAG_WORKER_RING
#    define MAG_WORKER_RING 256
#endif

struct mag_fork_root;

/* What a worker counts.  The counters only grow. */
struct mag_worker_counts {
    _Atomic(uint64_t) jobs;        /* [C] */
    _Atomic(uint64_t) posts;       /* [C] */
    _Atomic(uint64_t) steals_near; /* [C] */
    _Atomic(uint64_t) steals_far;  /* [C] */
    _Atomic(uint64_t) parks;       /* [C] */
    _Atomic(uint64_t) wakes;       /* [C] */
    _Atomic(uint64_t) ended;       /* [C] */
};

/* What the watcher saw of a worker at its last nap. */
struct mag_worker_look {
    const struct mag_job *lifo;
    uint64_t jobs;
};

struct mag_worker {
    /* Where other threads put jobs and take them. */
    struct mag_runq ring;    /* [S] */
    struct mag_hand hand;    /* [S] */
    struct mag_inject inbox; /* [S] jobs for this worker alone; it is the consumer */
    _Alignas(MAG_CACHE_LINE) struct mag_sleeper sleeper; /* [S] */
    _Atomic(bool) benched;                               /* [A] see bench.h */

    /* What other threads read. */
    _Alignas(MAG_CACHE_LINE) struct mag_worker_counts counts; /* [C] */
    _Atomic(uint32_t) pinned; /* [C] enum mag_pinned, the first or the last outcome */
    _Atomic(int32_t) thread;  /* [C] kernel's number; 0: the thread has ended */
    _Atomic(bool) blocks;     /* [C] inside an announced region, see region.h */
    _Atomic(bool) dismissed;  /* [A] the stand-in that sits here is to leave */
    struct mag_times times;   /* see times.h */
    struct mag_note note;     /* see note.h */
    _Atomic(uint64_t) steals_ring[MAG_STEAL_RINGS]; /* [C] those from far, by distance */

    /* The worker's own fields. */
    _Alignas(MAG_CACHE_LINE) struct mag_sched *sched; /* [I] */
    struct mag_fork_stack *forks;                     /* [I] */
    uint32_t index;                                   /* [I] */
    uint32_t rank;                                    /* [I] see route.h */
    uint32_t queue;                                   /* [I] its node's injection queue */
    struct mag_paths paths;                           /* [I] where it searches */
    struct mag_worker_look *looks; /* [W] what the watcher saw, by worker */
    void *local;                   /* [I] worker-local storage */
    uint64_t random;               /* [W] state of mag_search_random */
    const struct mag_job *running; /* [W] the running job, or an old one */
    mag_fp fp;                     /* [I] the modes that jobs begin with */
    struct mag_fork_root *root;    /* [W] the root that runs as a job, or NULL */
    uint32_t rest;                 /* [W] jobs until it looks beyond its own */
    uint32_t tick;             /* [W] looks at the high level since the last outside */
    bool looks_up;             /* [W] it looks at the high level before each job */
    bool inbox_first;          /* [W] whether the inbox was first then */
    uint32_t high_runs;        /* [W] jobs of the high level in a row */
    uint32_t takes;            /* [W] the others' turns so far */
    uint32_t looks_out;        /* [W] such looks so far */
    uint32_t spin_us;          /* [W] adaptive, see park.c */
    bool searching;            /* [W] counted as a searcher */
    bool watcher;              /* [W] */
    bool guest;                /* [W] the tenant is a thread from outside */
    struct mag_worker *outer;  /* [W] what the guest is elsewhere, or NULL */
    struct mag_packet_tab tab; /* [W] calls that are over, see packet.h */

    _Atomic(struct mag_job *) slots[MAG_WORKER_RING]; /* [S] the ring's */
};

/* A job or a stolen child to run. */
struct mag_work {
    struct mag_job *job;         /* run this, or if NULL */
    struct mag_fork_taken child; /* run this */
};

static inline void mag_count_more(_Atomic(uint64_t) *counter, uint64_t count)
{
    /* relaxed, both: there is one writer, and readers need no order. */
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(counter, value + count, memory_order_relaxed);
}

static inline void mag_count(_Atomic(uint64_t) *counter)
{
    mag_count_more(counter, 1);
}

static inline struct mag_fork_stack *mag_worker_forks(struct mag_worker *worker)
{
    return worker->forks;
}

/* Whether a stand-in is to leave the berth, after its job. */
static inline bool mag_worker_is_dismissed(struct mag_worker *worker)
{
    /* relaxed: nothing crosses, and the monitor wakes a worker that may have missed
     * it. */
    return atomic_load_explicit(&worker->dismissed, memory_order_relaxed);
}

/* Notes the thread that sits here, by its number in the kernel, and the state of its
 * pin. */
static inline void mag_worker_note_thread(struct mag_worker *worker, int32_t thread,
                                          enum mag_pinned pinned)
{
    /* relaxed, both: only read by mag_worker_pinned. */
    atomic_store_explicit(&worker->pinned, pinned, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&worker->thread, thread, memory_order_relaxed);
}

#endif
