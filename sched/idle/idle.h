/*
 * idle.h - which workers search, which sleep, and which are woken.  Private to sched/.
 *
 * One word has all counts: how many berths are in use, how many of their workers search,
 * how many are parked, and whether one of the parked workers is the watcher.  The watcher
 * looks around from time to time instead of sleeping until it is woken.  A bitmap beside
 * the word says which workers are parked, by their ranks (route.h): neighboring bits are
 * neighbors on the machine, whatever the placement.
 *
 * What must hold (the invariant of work conservation)
 *   (I1) while a job is in a queue and a worker is parked, some worker searches, or a
 *        wake is in flight.
 *   (I2) while a running worker keeps work to itself - in its LIFO slot, its hand, its
 *        fork stack - and a worker is parked, one of the parked workers is the watcher,
 *        or some worker searches (and will become the watcher), or a wake is in flight.
 *        The watcher finds the work within two naps.
 *
 * Why a post is not missed.  Poster and parking worker are Dekker's two sides:
 *
 *     poster                               worker
 *     (1) queue <- job                     (3) state: searching - 1, parked + 1
 *     (2) read state                       (4) read the queues
 *
 * All four are seq_cst, so that (2) sees the worker parked, or (4) sees the job.  A
 * poster that sees a searcher does nothing: that searcher passes through (3) and (4), or
 * finds work and, if it is the last searcher, looks at the queues once more.  A worker's
 * posts to itself are published by a release store only; they fall under (I2).
 *
 * Ownership
 *   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   parked   mag_idle_announce (bit) -> mag_idle_wake (bit) : the sleeper's wake word is
 *            reset
 *
 * Counting.  A waker first takes one from `parked` and then looks for a bit.  A worker
 * sets its bit before it is counted, so there are always at least as many bits as parked
 * workers plus wakers between their two steps: a waker that has taken one from the count
 * always finds a bit.  The bit need not belong to the worker whose count was taken.  A
 * worker that has set its bit but is not yet counted may be woken instead; its later
 * count then covers the worker still asleep.  This matters to a waker that must wake a
 * certain worker, or all workers.  A set bit beside a count of 0 means that the bit is
 * about to be taken, or its worker about to be counted, so mag_idle_claim_one looks
 * again.  mag_sched_wake_all relies on the workers that are counted later (phase.h).
 *
 * When nothing is left.  The word also counts wakes.  If the word is the same before and
 * after a look at all queues, and says that all workers are parked, then no worker was
 * woken in between, so none ran.  A job that the look did not find does not exist, unless
 * it is posted from outside later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_IDLE_IDLE_H
#define SCHED_IDLE_IDLE_H

#include "sched/policy/wake.h"

#include <magpie/detail/base.h>
#include <magpie/sched.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAG_IDLE_WORDS = MAG_SCHED_WORKERS_MAX / 64 };

/* Fields of the state word. */
#define MAG_IDLE_SEARCH ((uint64_t)1)
#define MAG_IDLE_PARK   ((uint64_t)1 << 13)
#define MAG_IDLE_USE    ((uint64_t)1 << 26)
#define MAG_IDLE_WATCH  ((uint64_t)1 << 39)
#define MAG_IDLE_WAKE   ((uint64_t)1 << 40) /* adds up the claims, and wraps */
#define MAG_IDLE_COUNT  ((uint64_t)0x1fff)

struct mag_idle {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) state;                  /* [A] */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) parked[MAG_IDLE_WORDS]; /* [A] */
};

static inline uint32_t mag_idle_searching(uint64_t state)
{
    return (uint32_t)(state & MAG_IDLE_COUNT);
}

static inline uint32_t mag_idle_parked(uint64_t state)
{
    return (uint32_t)(state / MAG_IDLE_PARK & MAG_IDLE_COUNT);
}

/* How many berths are in use: their workers search, are parked or run. */
static inline uint32_t mag_idle_used(uint64_t state)
{
    return (uint32_t)(state / MAG_IDLE_USE & MAG_IDLE_COUNT);
}

static inline bool mag_idle_watched(uint64_t state)
{
    return (state & MAG_IDLE_WATCH) != 0;
}

/* Whether all workers run: none is parked, and none searches. */
static inline bool mag_idle_nobody_rests(uint64_t state)
{
    return mag_idle_parked(state) == 0 && mag_idle_searching(state) == 0;
}

/* Begins with `used` berths in use, all of whose workers run. */
void mag_idle_init(struct mag_idle *idle, uint32_t used);

static inline uint64_t mag_idle_read(struct mag_idle *idle)
{
    /* seq_cst: (2). */
    return atomic_load_explicit(&idle->state, memory_order_seq_cst);
}

/* Whether a post to a queue must wake a worker. */
static inline bool mag_idle_wants_wake(uint64_t state)
{
    return mag_wake_is_due(mag_idle_parked(state), mag_idle_searching(state));
}

/* How many workers of the ranks that are in `span` but not in `avoid` are parked; a hint.
 */
uint32_t mag_idle_parked_in(struct mag_idle *idle, struct mag_span span,
                            struct mag_span avoid);

/*
 * Takes one bit of the ranks that are in `span` but not in `avoid`, the lowest first.
 * `words` has MAG_IDLE_WORDS words with one bit for each rank.
 */
bool mag_idle_claim_bit(_Atomic(uint64_t) *words, struct mag_span span,
                        struct mag_span avoid, uint32_t *ret_rank);

/*
 * Claims one parked worker, the first in the order of `wake`, unless some worker searches
 * already (`even_so`: even then).  The claimed worker counts as searching; the caller
 * wakes it with mag_sleeper_wake.
 *
 *   Returns    its rank; UINT32_MAX no worker needs to be woken
 */
uint32_t mag_idle_claim(struct mag_idle *idle, const struct mag_routes *routes,
                        struct mag_wake wake, bool even_so);

/*
 * Claims the worker of this rank if it is parked, even if other workers search.
 * Otherwise as mag_idle_claim.  If another thread claims that worker meanwhile, another
 * parked worker may be returned, because one was taken from `parked` already.  Waits
 * while the worker's bit is set and no worker is counted (see "Counting"): a few
 * instructions of another thread.
 */
uint32_t mag_idle_claim_one(struct mag_idle *idle, const struct mag_routes *routes,
                            uint32_t rank);

/*
 * The worker starts to search, unless half of the awake workers search already.
 *
 *   Returns    whether it searches now
 */
bool mag_idle_try_search(struct mag_idle *idle);

/*
 * The worker has found work and no longer searches.
 *
 *   Returns    the state after that: if no searcher is left, the caller looks once more
 */
uint64_t mag_idle_found(struct mag_idle *idle);

/*
 * The worker parks (3): its bit is set and it is counted.  If other workers run and none
 * watches, it becomes the watcher, and `*ret_watcher` is set.  The caller then takes its
 * last look (4) and sleeps.
 *
 *   Returns    the state after that
 */
uint64_t mag_idle_announce(struct mag_idle *idle, uint32_t rank, bool searching,
                           bool *ret_watcher);

/* The watcher has been woken and searches.  The worker that later stops searching wakes
 * another watcher if one is missing. */
void mag_idle_end_watch(struct mag_idle *idle);

/* Ends the watch if all workers are parked.  False: some worker is not parked, and the
 * watch goes on. */
bool mag_idle_end_idle_watch(struct mag_idle *idle);

/*
 * One berth more is in use, by a thread that runs.
 *
 *   Returns    the state after that: the new thread may need a watcher
 */
uint64_t mag_idle_enter(struct mag_idle *idle);

/*
 * One berth less is in use, like (3) of a worker that parks: the caller then takes its
 * last look (4).  `searching`: the caller was counted as searching.
 */
void mag_idle_leave(struct mag_idle *idle, bool searching);

#endif
