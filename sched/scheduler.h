/*
 * scheduler.h - a scheduler: its workers, its injection queues, its phase, and the
 * settings it was made from.  Private to sched/.  This header has the struct and the
 * functions that read it; each part of the struct has a header of its own.
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [S] shared, see its header
 *   [L] under the registry's lock        [O] the thread that starts or stops it, or
 *                                            changes the number of workers
 *
 * Edges: release end -> acquire end : what crosses
 *   open    mag_berth_open (open) -> mag_sched_open_at (open) : the whole berth
 *   closed  mag_poster_close -> mag_poster_enter : see self.h
 *   staffed mag_sched_staff -> mag_sched_has_worker : the worker is complete
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SCHEDULER_H
#define SCHED_SCHEDULER_H

#include "base/fp.h"
#include "base/space.h"
#include "sched/idle/bell.h"
#include "sched/idle/idle.h"
#include "sched/phase.h"
#include "sched/policy/route.h"
#include "sched/queue/inject.h"
#include "sched/seat/seats.h"
#include "sched/settings/settings.h"

#include <magpie/executor.h>
#include <magpie/plan.h>
#include <magpie/sched.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_clock;
struct mag_teams;
struct mag_trace;
struct mag_monitor;
struct mag_relief;
struct mag_worker;

/* What the scheduler keeps for one worker: its memory and its thread. */
struct mag_berth {
    struct mag_sched *sched;   /* [I] */
    uint32_t index;            /* [I] */
    struct mag_worker *worker; /* [I] in `pages`; of a spare berth: once it is open */
    _Atomic(bool) open;        /* [A] the berth is mapped and prepared */
    void *pages;               /* [O] on the worker's node */
    size_t size;               /* [O] */
    void *fork_pages;          /* [O] on the worker's node */
    size_t fork_bytes;         /* [O] */
    /* [O] once no thread is live.  Before that, `thread` and `ended` belong to the thread
     * that works here: if it ends in a job, it stores its successor in `thread` and
     * itself in `ended`, so that both are joined. */
    pthread_t thread;
    pthread_t ended; /* as `thread`, if `has_ended` */
    bool has_ended;
};

struct mag_sched {
    /* Read by every post, written rarely. */
    _Atomic(uint32_t) phase;   /* [A] see phase.h */
    _Atomic(int32_t) closed;   /* [A] 0, or the code that refuses posts from outside */
    struct mag_bell bell;      /* [A] wakes the monitor */
    bool fenced;               /* [I] see asym.h */
    _Atomic(bool) crowded;     /* [A] more workers than PUs: searching yields the CPU */
    _Atomic(uint32_t) pus;     /* [A] so many there are for workers, and guests */
    uint32_t worker_count;     /* [I] at the start; they have the first berths */
    uint32_t place_count;      /* [I] so many workers there can be, in the next berths */
    _Atomic(uint32_t) active;  /* [A] so many workers take jobs, see bench.h */
    _Atomic(uint32_t) staffed; /* [A] so many have a thread */
    uint32_t capacity;         /* [I] how many berths there are */
    uint32_t queue_count;      /* [I] one per node, at least one, on each level */
    uint32_t level_count;      /* [I] MAG_LEVELS; 1 in models */
    _Atomic(uint32_t) levels;  /* [A] a bit for each level that was ever posted to, but
                                * for the usual one; see mag_sched_use_level */
    struct mag_berth *berths;  /* [I] */
    struct mag_inject *queues; /* [I] array, each [S]; see mag_sched_inject */
    struct mag_routes routes;  /* [I] */

    struct mag_idle idle;                     /* [S] */
    _Atomic(uint32_t) summons;                /* [A] see mag_sched_summon in wake.h */
    _Atomic(uint64_t) vacant[MAG_IDLE_WORDS]; /* [A] spare berths, by rank */
    uint64_t spares[MAG_IDLE_WORDS];          /* [I] all spare berths, by rank */
    struct mag_clock *clock;                  /* [I], itself [S] */
    struct mag_teams *teams;                  /* [I], itself [S] */
    struct mag_seats seats;                   /* [S] where workers sit now */
    struct mag_monitor *monitor;              /* [I] see monitor.h */

    /* Workers that block, see region.h. */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) blocked; /* [A] inside regions */
    _Atomic(uint32_t) pace;    /* [A] enum mag_pace, of the relief thread */
    struct mag_relief *relief; /* [I], itself [S]; NULL: no spare berth */
    void (*on_busy)(struct mag_sched *sched); /* [I] raises the pace */

    struct mag_executor executor; /* [I] posts to any worker */

    /* Life cycle. */
    struct mag_settings settings;                    /* [I] */
    struct mag_plan *plan;                           /* [I] */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) live; /* [A] threads not yet gone */
    _Atomic(uint32_t) ready;                         /* [A] threads that are set up */
    _Atomic(uint64_t) inflight;                      /* [A] posters without a record */
    _Atomic(struct mag_trace *) trace;               /* [A] see trace.h; NULL: none yet */
    pthread_mutex_t trace_lock;                      /* [S] */
    char *trace_file;                                /* [I] see trace/file.h; or NULL */
    sigset_t signals;                                /* [I] of the starting thread */
    mag_fp fp;                                       /* [I] the same */
    struct mag_space_policy policy;                  /* [I] the same */
    _Atomic(uint32_t) stopping;                      /* [A] see stop.c */
    pthread_mutex_t resizing;                        /* see resize.h */
    bool by_hand;                                    /* under `resizing`: the program has
                                                      * chosen the number of workers */
    uint32_t started;                                /* [O] threads to join */
    bool is_default;                                 /* [I] see default.c */
    _Atomic(bool) joined;                            /* [A] the stop is over */
    struct mag_sched *next;                          /* [L] in the registry */
    struct mag_sched **link;                         /* [L] */
};

static inline enum mag_phase mag_sched_phase(struct mag_sched *sched)
{
    return mag_phase_read(&sched->phase);
}

/* The levels of jobs from outside: one for each priority (submit.h).  The usual one is
 * that of a job whose poster names no level. */
enum { MAG_LEVEL_USUAL, MAG_LEVEL_HIGH, MAG_LEVEL_LOW, MAG_LEVELS };

/* Notes that a level is used, before the first job is pushed there.  Workers look at a
 * level only after it has been used, so that programs without priorities do not pay for
 * them. */
static inline void mag_sched_use_level(struct mag_sched *sched, uint32_t level)
{
    uint32_t bit = (uint32_t)1 << level;

    /* relaxed, both: the push that follows publishes the bit; a worker that sees the job
     * (idle.h (4)) sees the bit too. */
    if (level != MAG_LEVEL_USUAL &&
        (atomic_load_explicit(&sched->levels, memory_order_relaxed) & bit) == 0) {
        /* relaxed: as above. */
        (void)atomic_fetch_or_explicit(&sched->levels, bit, memory_order_relaxed);
    }
}

/* The levels in use, besides the usual one. */
static inline uint32_t mag_sched_levels(const struct mag_sched *sched)
{
    /* relaxed: see mag_sched_use_level. */
    return atomic_load_explicit(&sched->levels, memory_order_relaxed);
}

/* So many queues fill whole pages: the size of each is a multiple of a cache line.  A
 * model has one level, and no pages. */
#ifndef MAG_QUEUE_STRIDE
enum { MAG_QUEUE_STRIDE = 64 };
#endif

/* The index of a node's injection queue on a level.  The queues of one node lie together
 * on pages of their own, which lie on the node. */
static inline uint32_t mag_sched_inject(uint32_t queue, uint32_t level)
{
    return queue * MAG_QUEUE_STRIDE + level;
}

/* A node's injection queue on the usual level. */
static inline struct mag_inject *mag_sched_usual(const struct mag_sched *sched,
                                                 uint32_t queue)
{
    return &sched->queues[(size_t)queue * MAG_QUEUE_STRIDE + MAG_LEVEL_USUAL];
}

/* On how many levels jobs wait at a node. */
static inline uint32_t mag_sched_injected(const struct mag_sched *sched, uint32_t queue)
{
    uint32_t count = 0;

    for (uint32_t level = 0; level < sched->level_count; level++)
        count += mag_inject_waiting(&sched->queues[mag_sched_inject(queue, level)]);
    return count;
}

static inline struct mag_worker *mag_sched_at(const struct mag_sched *sched,
                                              uint32_t index)
{
    return sched->berths[index].worker;
}

/* Whether a worker of that number was ever started, so that a job may be posted to it. */
static inline bool mag_sched_has_worker(const struct mag_sched *sched, uint32_t index)
{
    /* staffed, acquire: the worker is complete. */
    return index < atomic_load_explicit(&sched->staffed, memory_order_acquire);
}

/* ------------------------------------------------------------- spare berths */

/* The seat of a berth: each place of a worker has its own, and the spare berths share
 * these, spread over all of them. */
static inline uint32_t mag_berth_seat(uint32_t workers, uint32_t capacity, uint32_t index)
{
    uint32_t spare = capacity - workers;

    if (index < workers)
        return index;
    if (spare < workers)
        return (index - workers) * workers / spare;
    return (index - workers) % workers; /* NOLINT(clang-analyzer-core.DivideZero) */
}

/* Any berth, or NULL: no thread has taken it yet. */
static inline struct mag_worker *mag_sched_open_at(const struct mag_sched *sched,
                                                   uint32_t index)
{
    struct mag_berth *berth = &sched->berths[index];

    /* open, acquire: the berth is complete. */
    if (index >= sched->worker_count &&
        !atomic_load_explicit(&berth->open, memory_order_acquire))
        return NULL;
    return berth->worker;
}

/* The spare berths in use among the ranks of a span, as bits; bit 0 stands for rank 64 *
 * `word`. */
static inline uint64_t mag_sched_tenants(struct mag_sched *sched, struct mag_span span,
                                         uint32_t word)
{
    uint64_t spares = mag_span_bits(span, word) & sched->spares[word];

    /* relaxed: a worker that takes its last look (4) has seen in the idle word that the
     * tenant came, or the tenant sees there that the worker parks (idle.h). */
    return spares == 0 ? 0
                       : spares & ~atomic_load_explicit(&sched->vacant[word],
                                                        memory_order_relaxed);
}

#endif
