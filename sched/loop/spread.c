/*
 * spread.c - loops with an affinity: each part of the indices has a worker that takes it
 * first, the one that had it in the last loop.
 *
 * The indices are cut into a fixed number of parts.  Each thread that takes part claims
 * the parts that are its own, in their order, and then what others have left, from behind
 * their own.  A claimed part is walked as any part of a loop: what is long may still be
 * divided.  The threads come by children that stand for no index: who steals one takes
 * part.
 *
 * Ownership
 *   [I] immutable while bodies run   [A] any thread that takes part
 *   [O] of a part: the thread that has claimed it
 *
 * Edges: none.  A claim passes nothing on; what bodies have written, and the owners,
 * reach the caller of the loop by the joins of the children.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "sched/fork/deque.h"
#include "sched/loop/walk.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* So many parts for each worker: what a worker that comes late loses to others. */
enum { PARTS_EACH = 8 };

struct spread {
    struct mag_loop *loop;                         /* [I] */
    uint32_t parts;                                /* [I] */
    size_t grain;                                  /* [I] to begin with */
    uint16_t homes[MAG_FOR_AFFINITY_PARTS];        /* [I] the owners at the beginning */
    _Atomic(bool) claimed[MAG_FOR_AFFINITY_PARTS]; /* [A] */
    struct mag_for_affinity *affinity;             /* [O] its owners */
};

/* The payload of a child. */
struct __attribute__((may_alias)) helper {
    struct spread *spread;
    bool walked; /* set by the thief at the end */
};

/* What one thread does. */
struct helping {
    struct spread *spread;
    struct mag_worker *worker;
    mag_fork w;
    struct mag_fork_slot *last_child; /* of the caller of the loop; or NULL */
    size_t grain;
    int64_t began;
    uint32_t walked; /* parts */
};

/* --------------------------------------------------------------------------- parts */

static struct mag_range part_range(const struct spread *spread, uint32_t part)
{
    struct mag_range whole = spread->loop->range;
    size_t count = whole.end - whole.begin;
    size_t each = count / spread->parts;
    size_t more = count % spread->parts;
    size_t begin = each * part + more * part / spread->parts;
    size_t end = each * (part + 1) + more * (part + 1) / spread->parts;

    return (struct mag_range){whole.begin + begin, whole.begin + end};
}

static bool claim_part(struct spread *spread, uint32_t part)
{
    /* relaxed, both: a claim passes nothing on. */
    return !atomic_load_explicit(&spread->claimed[part], memory_order_relaxed) &&
           /* relaxed: as above. */
           !atomic_exchange_explicit(&spread->claimed[part], true, memory_order_relaxed);
}

/* Wakes a worker if nobody has taken the last child, and it is worth it. */
static void call_helper(const struct helping *helping)
{
    const struct spread *spread = helping->spread;
    struct mag_worker *worker = helping->worker;

    if (helping->last_child == NULL || mag_fork_is_taken(helping->last_child))
        return;
    if (mag_grain_wants_help(helping->walked, mag_os_quick_ns() - helping->began,
                             spread->parts - helping->walked))
        mag_sched_notify(worker->sched, worker->rank);
}

static void walk_claimed(struct helping *helping, uint32_t part)
{
    struct spread *spread = helping->spread;
    struct mag_loop_part walked = {
        .loop = spread->loop, .range = part_range(spread, part), .grain = helping->grain};

    spread->affinity->owners[part] = (uint16_t)helping->worker->index;
    helping->grain = mag_loop_walk(helping->w, &walked);
    helping->walked++;
    call_helper(helping);
}

/* Walks the parts that are this thread's own.  Returns the first of them, or `parts`. */
static uint32_t walk_own(struct helping *helping)
{
    struct spread *spread = helping->spread;
    uint32_t first = spread->parts;

    for (uint32_t part = 0; part < spread->parts; part++) {
        if (spread->homes[part] != helping->worker->index)
            continue;
        if (first == spread->parts)
            first = part;
        if (claim_part(spread, part))
            walk_claimed(helping, part);
    }
    return first;
}

static void walk_parts(struct helping *helping)
{
    struct spread *spread = helping->spread;

    helping->worker = mag_self_get()->worker;
    helping->grain = spread->grain;
    helping->began = mag_os_quick_ns();
    uint32_t part = walk_own(helping);
    for (uint32_t i = 0; i < spread->parts; i++) {
        part = (part == 0 ? spread->parts : part) - 1;
        if (claim_part(spread, part))
            walk_claimed(helping, part);
    }
}

/* ------------------------------------------------------------------------- children */

static struct helper *helper_of(struct mag_fork_slot *slot)
{
    return (struct helper *)(void *)slot->payload;
}

/* A stolen child. */
static void help_spread(mag_fork w, void *payload)
{
    struct helper *helper = payload;
    struct helping helping = {.spread = helper->spread, .w = w};

    walk_parts(&helping);
    helper->walked = true;
}

static void fork_helper(mag_fork *w, struct spread *spread)
{
    struct helper *helper = helper_of(w->top);

    helper->spread = spread;
    helper->walked = false;
    mag_fork_publish(w, help_spread);
}

static void join_helper(mag_fork *w, struct spread *spread)
{
    const struct helper *helper = helper_of(w->top - 1);

    if (!mag_fork_pop(w) && MAG_UNLIKELY(!helper->walked))
        mag_loop_fail(spread->loop, spread->loop->range, -EOWNERDEAD);
}

/* ----------------------------------------------------------------------------- loops */

/* Gives each worker a row of parts, if the object fits no more, or was never used. */
static void fit_affinity(struct mag_for_affinity *affinity, uint32_t parts,
                         uint32_t workers)
{
    if (affinity->parts == parts && affinity->workers == workers)
        return;
    affinity->parts = parts;
    affinity->workers = workers;
    for (uint32_t part = 0; part < parts; part++)
        affinity->owners[part] = (uint16_t)((uint64_t)part * workers / parts);
}

static uint32_t parts_of(size_t count, uint32_t workers)
{
    uint32_t parts = workers < MAG_FOR_AFFINITY_PARTS / PARTS_EACH
                         ? workers * PARTS_EACH
                         : MAG_FOR_AFFINITY_PARTS;

    return count < parts ? (uint32_t)count : parts;
}

void mag_loop_spread(mag_fork w, struct mag_loop *loop)
{
    size_t count = loop->range.end - loop->range.begin;
    uint32_t workers = mag_sched_workers(mag_self_get()->worker->sched);
    struct spread spread;
    struct helping helping = {.spread = &spread};

    spread.loop = loop;
    spread.affinity = loop->affinity;
    spread.parts = parts_of(count, workers);
    spread.grain = mag_grain_begin(count, workers);
    fit_affinity(loop->affinity, spread.parts, workers);
    for (uint32_t part = 0; part < spread.parts; part++) {
        spread.homes[part] = loop->affinity->owners[part];
        atomic_init(&spread.claimed[part], false);
    }

    uint32_t helpers = 0;
    while (helpers < workers && helpers + 1 < spread.parts && !mag_fork_is_full(w)) {
        fork_helper(&w, &spread);
        helpers++;
    }
    if (MAG_UNLIKELY(loop->heavy))
        mag_loop_call_workers(loop, mag_self_get()->worker, helpers + 1);
    helping.last_child = helpers != 0 ? w.top - 1 : NULL;
    helping.w = w;
    walk_parts(&helping);
    for (; helpers > 0; helpers--)
        join_helper(&w, &spread);
}
