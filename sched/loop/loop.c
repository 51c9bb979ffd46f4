/*
 * loop.c - loops: ranges of indices, split lazily over the children of the fork stack.
 *
 * One call of mag_for is a `struct mag_loop` (walk.h).  Each thread that takes part in
 * it walks through indices of its own, in a `struct loop_walk`, and offers parts of them
 * to the others: children on its fork stack.  docs/design/loops.md has the proof.
 *
 * Edges: release end -> acquire end : what crosses
 *   asked   mag_for_stop_ask (asked) -> mag_loop_is_stopped (asked) : the asking
 *           thread's last touch of the stop
 *   slot    give_slot (free_slots) -> mag_loop_take_slot (free_slots) : what calls of
 *           the body with this slot number have written
 *   lock    spin.h : the outcome
 * What bodies have written reaches the caller of the loop by the joins of the children.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/loop.h>

#include "base/os.h"
#include "sched/fork/deque.h"
#include "sched/loop/fold.h"
#include "sched/loop/root.h"
#include "sched/loop/walk.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* What one thread has to do with a loop. */
struct loop_walk {
    struct mag_loop *loop;
    struct mag_worker *worker;
    mag_fork w;
    struct mag_fork_slot *bottom; /* the first child of this walk */
    struct mag_range left;        /* the indices that are not on offer */
    size_t grain;
    int64_t began;  /* the time of the first look at the clock */
    int64_t now;    /* the time of the last one */
    size_t done;    /* how many indices were walked between the two */
    size_t fresh;   /* how many since then */
    uint32_t looks; /* how often a look was due */
    bool are_long;  /* whether ranges are long ones; true until it is known */
    bool offers;    /* whether what is left is worth an offer */
    uint32_t slot;
    bool has_slot;
    void *value; /* if the loop has values */
};

/* ------------------------------------------------------------------- the outcome */

void mag_loop_fail(struct mag_loop *loop, struct mag_range range, int error)
{
    mag_spin_lock(&loop->lock);
    /* relaxed: written under the lock. */
    if (range.begin < atomic_load_explicit(&loop->bound, memory_order_relaxed)) {
        loop->error = error;
        loop->failed = range;
        /* relaxed: for the other walks a hint that spares them work. */
        atomic_store_explicit(&loop->bound, range.begin, memory_order_relaxed);
    }
    mag_spin_unlock(&loop->lock);
}

bool mag_loop_is_stopped(const struct mag_for_stop *stop)
{
    /* asked, acquire: the asking thread does not touch the stop any more. */
    return stop != NULL && atomic_load_explicit(&stop->asked, memory_order_acquire);
}

void mag_for_stop_ask(struct mag_for_stop *stop)
{
    /* asked, release: the last touch of the stop. */
    atomic_store_explicit(&stop->asked, true, memory_order_release);
}

/* Whether the indices from `range.begin` on need not run. */
static bool is_over(struct mag_loop *loop, struct mag_range range)
{
    if (MAG_UNLIKELY(mag_loop_is_stopped(loop->stop)))
        mag_loop_fail(loop, range, -ECANCELED);
    /* relaxed: a walk that does not see the latest bound runs bodies in vain. */
    return range.begin >= atomic_load_explicit(&loop->bound, memory_order_relaxed);
}

/* ------------------------------------------------------------------------- slots */

bool mag_loop_take_slot(struct mag_loop *loop, uint32_t *ret_slot)
{
    *ret_slot = 0;
    if (loop->limit == MAG_LOOP_UNLIMITED)
        return true;
    /* relaxed: a guess, which the swap checks. */
    uint64_t slots = atomic_load_explicit(&loop->free_slots, memory_order_relaxed);

    /* slot, acquire: what calls with this slot have written is visible.
     * On failure relaxed: a guess. */
    while (slots != 0 && !atomic_compare_exchange_weak_explicit(
                             &loop->free_slots, &slots, slots & (slots - 1),
                             memory_order_acquire, memory_order_relaxed)) {
        /* Another thread took or gave a slot. */
    }
    if (slots == 0)
        return false;
    *ret_slot = (uint32_t)__builtin_ctzll(slots);
    return true;
}

static void give_slot(struct mag_loop *loop, uint32_t slot)
{
    if (loop->limit == MAG_LOOP_UNLIMITED)
        return;
    /* slot, release: what calls with this slot have written is visible to later ones. */
    (void)atomic_fetch_or_explicit(&loop->free_slots, (uint64_t)1 << slot,
                                   memory_order_release);
}

/* By a walk that calls no more bodies. */
static void leave_slot(struct loop_walk *walk)
{
    if (walk->has_slot)
        give_slot(walk->loop, walk->slot);
    walk->has_slot = false;
}

/* ----------------------------------------------------------------------- offering */

static void run_part(mag_fork w, void *payload);

static struct mag_loop_part *payload_of(struct mag_fork_slot *slot)
{
    return (struct mag_loop_part *)(void *)slot->payload;
}

static bool has_offer(const struct loop_walk *walk)
{
    return walk->w.top != walk->bottom && !mag_fork_is_taken(walk->w.top - 1);
}

/* Whether more than a range is left. */
static bool is_long(const struct loop_walk *walk)
{
    return walk->left.end - walk->left.begin > walk->grain;
}

/* Whether one more part should be on offer. */
static bool wants_offer(const struct loop_walk *walk)
{
    size_t left = walk->left.end - walk->left.begin;

    return walk->offers && is_long(walk) &&
           (!has_offer(walk) || mag_grain_is_few(left, walk->grain, walk->are_long)) &&
           !mag_fork_is_full(walk->w);
}

/* Offers the second half of the indices that are left.  False: no slot is free. */
static bool offer_part(struct loop_walk *walk)
{
    size_t begin = walk->left.begin;
    size_t end = walk->left.end;
    size_t middle = end - (end - begin) / 2;
    struct mag_loop_part *part = payload_of(walk->w.top);
    uint32_t slot;

    if (!mag_loop_take_slot(walk->loop, &slot))
        return false;
    part->loop = walk->loop;
    part->range.begin = middle;
    part->range.end = end;
    part->grain = mag_grain_first(walk->grain);
    part->slot = slot;
    part->walked = false;
    if (walk->loop->fold != NULL)
        part->value = mag_fork_spill(walk->w, walk->loop->fold->size);
    walk->left.end = middle;
    mag_fork_publish(&walk->w, run_part);
    return true;
}

/* After the join of a part: puts the value of its thief, if it had one, behind that of
 * the walk.  The values of a loop that has failed may have gaps: they are dropped. */
static void join_value(struct loop_walk *walk, const struct mag_loop_part *part)
{
    const struct mag_fold *fold = walk->loop->fold;

    if (fold == NULL)
        return;
    /* The function that combines may fork, into the same slot. */
    void *value = part->value;
    /* relaxed: what made a gap in either value was seen by the thread that left it. */
    if (part->walked &&
        atomic_load_explicit(&walk->loop->bound, memory_order_relaxed) == SIZE_MAX)
        fold->combine(walk->value, value, fold->arg);
    mag_fork_unspill(walk->w, value);
}

/* Takes back the last part, or waits until its thief has walked it. */
static void take_part_back(struct loop_walk *walk)
{
    const struct mag_loop_part *part = payload_of(walk->w.top - 1);

    /* All older parts have been taken as well, so no body will be called here; a thread
     * that walks through those parts may use the slot meanwhile. */
    if (mag_fork_is_taken(walk->w.top - 1))
        leave_slot(walk);
    if (mag_fork_pop(&walk->w)) {
        walk->left.begin = part->range.begin;
        walk->left.end = part->range.end;
        give_slot(walk->loop, part->slot);
    } else if (MAG_UNLIKELY(!part->walked)) {
        mag_loop_fail(walk->loop, part->range, -EOWNERDEAD);
    }
    join_value(walk, part);
}

/* ------------------------------------------------------------------------ walking */

/* A few long ranges are all on offer at once. */
static void offer_parts(struct loop_walk *walk)
{
    while (wants_offer(walk) && offer_part(walk)) {
        /* Offers the next one. */
    }
}

/* Wakes a worker for the part on offer, if it is worth it. */
static void call_help(struct loop_walk *walk)
{
    size_t left = walk->left.end - walk->left.begin;

    if (mag_grain_wants_help(walk->done, walk->now - walk->began, left) &&
        has_offer(walk))
        mag_sched_notify(walk->worker->sched, walk->worker->rank);
}

void mag_loop_call_workers(const struct mag_loop *loop, struct mag_worker *worker,
                           size_t ranges)
{
    if (loop->limit != MAG_LOOP_UNLIMITED && loop->limit < ranges)
        ranges = loop->limit;
    mag_sched_summon_helpers(worker->sched, worker->rank, ranges - 1);
}

/* The first walk of a loop with heavy indices. */
static MAG_COLD void offer_and_call(struct loop_walk *walk)
{
    size_t count = walk->left.end - walk->left.begin;

    offer_parts(walk);
    mag_loop_call_workers(walk->loop, walk->worker,
                          count / walk->grain + (count % walk->grain != 0));
}

/* Between two ranges, if more than one is left: looks at the clock, with a given grain
 * after 1, 2, 4, 8 ... of them. */
static void look_at_clock(struct loop_walk *walk)
{
    bool given = walk->loop->grain != 0;

    walk->looks++;
    if (given && (walk->looks & (walk->looks - 1)) != 0)
        return;
    int64_t before = walk->now;
    walk->now = mag_os_quick_ns();
    walk->done += walk->fresh;
    if (!given) {
        walk->grain = mag_grain_next(walk->fresh, walk->now - before);
        walk->offers = mag_grain_wants_offer(walk->done, walk->now - walk->began,
                                             walk->left.end - walk->left.begin);
        if (!walk->offers)
            walk->grain = mag_grain_alone(walk->grain, walk->done);
    }
    walk->are_long = mag_grain_is_long(walk->now - walk->began, walk->looks);
    walk->fresh = 0;
    call_help(walk);
}

static int call_body(const struct loop_walk *walk, struct mag_range range)
{
    const struct mag_loop *loop = walk->loop;

    if (loop->fold == NULL)
        return loop->body(range, walk->slot, loop->arg);
    return loop->fold->body(range, walk->slot, walk->value, loop->fold->arg);
}

/* Calls the body for the next range. */
static void walk_range(struct loop_walk *walk)
{
    struct mag_loop *loop = walk->loop;
    struct mag_range *left = &walk->left;
    size_t count = left->end - left->begin;

    if (count > walk->grain)
        count = walk->grain;
    if (MAG_UNLIKELY(is_over(loop, *left))) {
        left->begin = left->end;
        return;
    }
    struct mag_range range = {left->begin, left->begin + count};
    int error = call_body(walk, range);
    left->begin = range.end;
    walk->fresh += count;
    if (MAG_UNLIKELY(error != 0))
        mag_loop_fail(loop, range, error);
}

static void walk_all(struct loop_walk *walk)
{
    for (;;) {
        while (walk->left.begin != walk->left.end) {
            if (walk->fresh != 0 && is_long(walk))
                look_at_clock(walk);
            offer_parts(walk);
            walk_range(walk);
        }
        if (walk->w.top == walk->bottom)
            break;
        take_part_back(walk);
    }
    leave_slot(walk);
}

static bool is_whole_part(const struct mag_loop *loop, const struct mag_loop_part *part)
{
    return part->range.begin == loop->range.begin && part->range.end == loop->range.end;
}

size_t mag_loop_walk(mag_fork w, const struct mag_loop_part *part)
{
    struct mag_loop *loop = part->loop;
    struct mag_worker *worker = mag_self_get()->worker;
    struct loop_walk walk = {
        .loop = loop,
        .worker = worker,
        .w = w,
        .bottom = w.top,
        .left = part->range,
        .grain = loop->grain != 0 ? loop->grain : part->grain,
        .slot = loop->limit == MAG_LOOP_UNLIMITED ? worker->index : part->slot,
        .has_slot = true,
        .value = part->value,
        .are_long = true,
        .offers = loop->grain != 0 || mag_grain_offers_first(part->grain) ||
                  loop->heavy || !is_whole_part(loop, part),
    };

    if (is_long(&walk))
        walk.now = mag_os_quick_ns();
    walk.began = walk.now;
    if (MAG_UNLIKELY(loop->heavy) && is_whole_part(loop, part))
        offer_and_call(&walk);
    walk_all(&walk);
    return walk.grain;
}

/* A stolen part. */
static void run_part(mag_fork w, void *payload)
{
    struct mag_loop_part part;

    memcpy(&part, payload, sizeof(part));
    if (part.loop->fold != NULL)
        part.loop->fold->begin(part.value, part.loop->fold->arg);
    (void)mag_loop_walk(w, &part);
    part.walked = true;
    memcpy(payload, &part, sizeof(part));
}
