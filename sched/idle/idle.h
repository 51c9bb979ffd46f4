/*
 * idle.h - who is searching, who sleeps, and who is woken.  Private to sched/.
 *
 * One word counts it all: how many berths are in use, how many of those who sit there
 * search, how many are parked, and whether one of the parked ones is the watcher, which
 * looks around from time to time instead of sleeping for good.  A bitmap beside it says
 * which workers are parked, by their ranks (route.h): neighbouring bits are neighbours on
 * the machine, whatever the placement.
 *
 * What must hold (the invariant of work conservation)
 *   (I1) a job that was posted to a queue, and a parked worker: then somebody searches,
 *        or a wake is in flight.
 *   (I2) a worker that runs and keeps something to itself - in its LIFO slot, its hand,
 *        its fork stack - and a parked worker: then one of the parked is the watcher, or
 *        somebody searches (and will become it), or a wake is in flight.  The watcher
 *        finds it within two naps.
 *
 * Why a post is not missed.  Poster and parking worker are Dekker's two sides:
 *
 *     poster                               worker
 *     (1) queue <- job                     (3) state: searching - 1, parked + 1
 *     (2) read state                       (4) read the queues
 *
 * All four are seq_cst, so that (2) sees the worker parked, or (4) sees the job.  A
 * poster that sees a searcher does nothing: that searcher passes through (3) and (4), or
 * finds work and, being the last one to search, looks at the queues once more.
 * A worker's posts to itself are published by a release store only; they fall under (I2).
 *
 * Ownership
 *   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   parked   mag_idle_announce (bit) -> mag_idle_wake (bit) : the sleeper's wake word is
 *            reset
 *
 * Counting.  Who wakes takes one from `parked` first and looks for a bit then.  A worker
 * sets its bit before it is counted, so bits >= parked + wakers in between: a waker that
 * has taken its one always finds a bit.  It need not be that of the worker whose count it
 * took: if another one stands between its bit and its count, that one may be woken, and
 * its count then stands for the one that sleeps on.  Who must wake a certain worker, or
 * all of them, has to know: a set bit beside a count of 0 means that the bit is about to
 * be taken or to be counted (mag_idle_claim_one looks again), and who wakes everybody
 * relies on those who are counted later (phase.h).
 *
 * When nothing is left.  The word also counts wakes.  If it is the same before and after
 * a look at all queues, and says that everybody is parked, then nobody was woken between,
 * so nobody ran: what the look did not find is not there, unless it comes from outside.
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
#define MAG_IDLE_WAKE   ((uint64_t)1 << 40) /* counted up by each claim, and wraps */
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

/* How many berths are in use: everybody who searches, is parked or runs. */
static inline uint32_t mag_idle_used(uint64_t state)
{
    return (uint32_t)(state / MAG_IDLE_USE & MAG_IDLE_COUNT);
}

static inline bool mag_idle_watched(uint64_t state)
{
    return (state & MAG_IDLE_WATCH) != 0;
}

/* `used` berths are in use, and all who sit there run. */
void mag_idle_init(struct mag_idle *idle, uint32_t used);

static inline uint64_t mag_idle_read(struct mag_idle *idle)
{
    /* seq_cst: (2). */
    return atomic_load_explicit(&idle->state, memory_order_seq_cst);
}

/* Whether a post to a queue must wake somebody. */
static inline bool mag_idle_wants_wake(uint64_t state)
{
    return mag_wake_is_due(mag_idle_parked(state), mag_idle_searching(state));
}

/*
 * Takes one bit, of the ranks in `span` but not in `avoid`, the lowest first; out of
 * MAG_IDLE_WORDS words with a bit a rank.
 */
bool mag_idle_claim_bit(_Atomic(uint64_t) *words, struct mag_span span,
                        struct mag_span avoid, uint32_t *ret_rank);

/*
 * Claims one parked worker, the first in the order of `wake`, unless somebody searches
 * already (`even_so`: even then).  The claimed worker counts as searching; the caller
 * wakes it with mag_sleeper_wake.
 *
 *   Returns    its rank; UINT32_MAX nobody needs to be woken
 */
uint32_t mag_idle_claim(struct mag_idle *idle, const struct mag_routes *routes,
                        struct mag_wake wake, bool even_so);

/*
 * Claims the worker of this rank if it is parked, whoever searches.  As with
 * mag_idle_claim; if
 * somebody else has claimed it meanwhile another parked worker may be returned, for the
 * one that was taken from `parked`.  Waits while the worker's bit is set and nobody is
 * counted, see "Counting": a few instructions of another thread.
 */
uint32_t mag_idle_claim_one(struct mag_idle *idle, const struct mag_routes *routes,
                            uint32_t rank);

/*
 * The worker starts to search, unless half of those awake already do.
 *
 *   Returns    whether it searches now
 */
bool mag_idle_try_search(struct mag_idle *idle);

/*
 * The worker has found work and no longer searches.
 *
 *   Returns    the state after that: with no searcher left, the caller looks once more
 */
uint64_t mag_idle_found(struct mag_idle *idle);

/*
 * The worker parks (3): its bit is set and it is counted.  If others run and nobody
 * watches it becomes the watcher, and `*ret_watcher` is set.  The caller then takes its
 * last look (4) and sleeps.
 *
 *   Returns    the state after that
 */
uint64_t mag_idle_announce(struct mag_idle *idle, uint32_t rank, bool searching,
                           bool *ret_watcher);

/* The watcher has been woken: it searches, and whoever stops that looks for another. */
void mag_idle_end_watch(struct mag_idle *idle);

/* The watch ends, as everybody is parked.  False: somebody is not, it goes on. */
bool mag_idle_end_idle_watch(struct mag_idle *idle);

/*
 * One berth more is in use, by a thread that runs.
 *
 *   Returns    the state after that: who begins to run may have to be watched
 */
uint64_t mag_idle_enter(struct mag_idle *idle);

/*
 * One berth less is in use, as (3) of a worker that parks: the caller takes its last look
 * (4) then.  `searching`: it was counted as searching.
 */
void mag_idle_leave(struct mag_idle *idle, bool searching);

#endif
