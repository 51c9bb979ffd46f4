/*
 * loop.c - loops: ranges of indices, split lazily over the children of the fork stack.
 *
 * One call of mag_for is a `struct loop`.  Each thread that takes part in it walks
 * through indices of its own, in a `struct loop_walk`, and offers parts of them to the
 * others: children on its fork stack.  docs/design/loops.md has the proof.
 *
 * Ownership
 *   [I] immutable while bodies run   [A] any thread that takes part   [L] under `lock`
 *
 * Edges: release end -> acquire end : what crosses
 *   asked   mag_for_stop_ask (asked) -> mag_loop_is_stopped (asked) : the asking
 *           thread's last touch of the stop
 *   slot    give_slot (free_slots) -> take_slot (free_slots) : what calls of the body
 *           with this slot number have written
 *   lock    spin.h : the outcome
 * What bodies have written reaches the caller of the loop by the joins of the children.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/loop.h>

#include "base/os.h"
#include "base/spin.h"
#include "sched/fork/deque.h"
#include "sched/loop/fold.h"
#include "sched/loop/root.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <assert.h>
#include <errno.h>

/* A loop without a limit: slots are the numbers of berths. */
enum { UNLIMITED = 0 };

struct loop {
    mag_for_body body;               /* [I] NULL: the one of `fold` */
    void *arg;                       /* [I] */
    const struct mag_fold *fold;     /* [I] or NULL: no values */
    const struct mag_for_stop *stop; /* [I] or NULL */
    size_t grain;                    /* [I] 0: chosen by each walk */
    uint32_t limit;                  /* [I] or UNLIMITED */
    /* [A] Indices from here on need not run: the `begin` of `failed`, or SIZE_MAX. */
    _Atomic(size_t) bound;
    struct mag_spin lock;         /* [A] */
    int error;                    /* [L] */
    struct mag_range failed;      /* [L] */
    struct mag_range range;       /* [I] all indices */
    _Atomic(uint64_t) free_slots; /* [A] if there is a limit */
};

/* The payload of a child: indices on offer. */
struct loop_part {
    struct loop *loop;
    struct mag_range range;
    size_t grain;  /* to begin with */
    uint32_t slot; /* if the loop has a limit, reserved for the thief */
    bool walked;   /* set by the thief at the end */
    void *value;   /* the thief's, if the loop has values */
};

static_assert(sizeof(struct loop_part) <= MAG_FORK_PAYLOAD, "a part fits into a slot");

/* What one thread has to do with a loop. */
struct loop_walk {
    struct loop *loop;
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
    /* how long a range took between two of these, on an average; not known at first */
    int64_t range_ns;
    uint32_t slot;
    bool has_slot;
    void *value; /* if the loop has values */
};

/* ------------------------------------------------------------------- the outcome */

/* The failure with the smallest index counts. */
static MAG_COLD void fail_loop(struct loop *loop, struct mag_range range, int error)
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
static bool is_over(struct loop *loop, struct mag_range range)
{
    if (MAG_UNLIKELY(mag_loop_is_stopped(loop->stop)))
        fail_loop(loop, range, -ECANCELED);
    /* relaxed: a walk that does not see the latest bound runs bodies in vain. */
    return range.begin >= atomic_load_explicit(&loop->bound, memory_order_relaxed);
}

/* ------------------------------------------------------------------------- slots */

/* Reserves a slot for one more thread.  False: the limit is reached. */
static bool take_slot(struct loop *loop, uint32_t *ret_slot)
{
    *ret_slot = 0;
    if (loop->limit == UNLIMITED)
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

static void give_slot(struct loop *loop, uint32_t slot)
{
    if (loop->limit == UNLIMITED)
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

    return is_long(walk) &&
           (!has_offer(walk) || mag_grain_is_few(left, walk->grain, walk->range_ns)) &&
           !mag_fork_is_full(walk->w);
}

/* Offers the second half of the indices that are left.  False: no slot is free. */
static bool offer_part(struct loop_walk *walk)
{
    size_t begin = walk->left.begin;
    size_t end = walk->left.end;
    struct loop_part part = {.loop = walk->loop, .grain = mag_grain_first(walk->grain)};

    if (!take_slot(walk->loop, &part.slot))
        return false;
    size_t middle = end - (end - begin) / 2;
    part.range = (struct mag_range){middle, end};
    walk->left.end = middle;
    if (walk->loop->fold != NULL)
        part.value = mag_fork_spill(walk->w, walk->loop->fold->size);
    memcpy(walk->w.top->payload, &part, sizeof(part));
    mag_fork_publish(&walk->w, run_part);
    return true;
}

/* After the join of a part: puts the value of its thief, if it had one, behind that of
 * the walk.  The values of a loop that has failed may have gaps: they are dropped. */
static void join_value(struct loop_walk *walk, const struct loop_part *part)
{
    const struct mag_fold *fold = walk->loop->fold;

    if (fold == NULL)
        return;
    /* relaxed: what made a gap in either value was seen by the thread that left it. */
    if (part->walked &&
        atomic_load_explicit(&walk->loop->bound, memory_order_relaxed) == SIZE_MAX)
        fold->combine(walk->value, part->value, fold->arg);
    mag_fork_unspill(walk->w, part->value);
}

/* Takes back the last part, or waits until its thief has walked it. */
static void take_part_back(struct loop_walk *walk)
{
    struct loop_part part;

    /* All older parts have been taken as well, so no body will be called here; a thread
     * that walks through those parts may use the slot meanwhile. */
    if (mag_fork_is_taken(walk->w.top - 1))
        leave_slot(walk);
    bool ours = mag_fork_pop(&walk->w);
    memcpy(&part, walk->w.top->payload, sizeof(part));
    if (ours) {
        walk->left = part.range;
        give_slot(walk->loop, part.slot);
    } else if (MAG_UNLIKELY(!part.walked)) {
        fail_loop(walk->loop, part.range, -EOWNERDEAD);
    }
    join_value(walk, &part);
}

/* ------------------------------------------------------------------------ walking */

/* Wakes a worker for the part on offer, if it is worth it. */
static void call_help(struct loop_walk *walk)
{
    size_t left = walk->left.end - walk->left.begin;

    if (mag_grain_wants_help(walk->done, walk->now - walk->began, left) &&
        has_offer(walk))
        mag_sched_notify(walk->worker->sched, walk->worker->rank);
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
    walk->now = mag_os_now_ns();
    if (!given)
        walk->grain = mag_grain_next(walk->fresh, walk->now - before);
    walk->done += walk->fresh;
    walk->range_ns = (walk->now - walk->began) / (int64_t)walk->looks;
    walk->fresh = 0;
    call_help(walk);
}

static int call_body(const struct loop_walk *walk, struct mag_range range)
{
    const struct loop *loop = walk->loop;

    if (loop->fold == NULL)
        return loop->body(range, walk->slot, loop->arg);
    return loop->fold->body(range, walk->slot, walk->value, loop->fold->arg);
}

/* Calls the body for the next range. */
static void walk_range(struct loop_walk *walk)
{
    struct loop *loop = walk->loop;
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
        fail_loop(loop, range, error);
}

/* A few long ranges are all on offer at once. */
static void offer_parts(struct loop_walk *walk)
{
    while (wants_offer(walk) && offer_part(walk)) {
        /* Offers the next one. */
    }
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

/* Walks through a part, whose indices no other thread has. */
static void walk_part(mag_fork w, const struct loop_part *part)
{
    struct loop *loop = part->loop;
    struct mag_worker *worker = mag_self_get()->worker;
    struct loop_walk walk = {
        .loop = loop,
        .worker = worker,
        .w = w,
        .bottom = w.top,
        .left = part->range,
        .grain = loop->grain != 0 ? loop->grain : part->grain,
        .slot = loop->limit == UNLIMITED ? worker->index : part->slot,
        .has_slot = true,
        .value = part->value,
        .range_ns = INT64_MAX,
    };

    if (is_long(&walk))
        walk.now = mag_os_now_ns();
    walk.began = walk.now;
    walk_all(&walk);
}

/* A stolen part. */
static void run_part(mag_fork w, void *payload)
{
    struct loop_part part;

    memcpy(&part, payload, sizeof(part));
    if (part.loop->fold != NULL)
        part.loop->fold->begin(part.value, part.loop->fold->arg);
    walk_part(w, &part);
    part.walked = true;
    memcpy(payload, &part, sizeof(part));
}

/* The whole loop. */
static void run_loop(mag_fork w, void *payload)
{
    struct loop *loop = payload;
    struct loop_part whole = {.loop = loop, .range = loop->range, .grain = 1};

    /* The first slot of all is free. */
    (void)take_slot(loop, &whole.slot);
    if (loop->fold != NULL)
        whole.value = loop->fold->value;
    walk_part(w, &whole);
}

/* -------------------------------------------------------------------------- calls */

static uint64_t slots_of(uint32_t limit)
{
    return limit < MAG_FOR_LIMIT_MAX ? ((uint64_t)1 << limit) - 1 : UINT64_MAX;
}

static void init_loop(struct loop *loop, const struct mag_for_options *options)
{
    static const struct mag_for_options usual;

    if (options == NULL)
        options = &usual;
    loop->stop = options->stop;
    loop->grain = options->grain;
    loop->limit = options->limit;
    loop->error = 0;
    mag_spin_init(&loop->lock);
    atomic_init(&loop->bound, SIZE_MAX);
    atomic_init(&loop->free_slots, slots_of(options->limit));
}

/* The result of a loop that has run. */
static int loop_result(const struct loop *loop, struct mag_range *ret_failed)
{
    if (loop->error != 0 && ret_failed != NULL)
        *ret_failed = loop->failed;
    return loop->error;
}

static int check_loop(const struct mag_for_options *options, const struct loop *loop)
{
    if (loop->range.end < loop->range.begin)
        return -EINVAL;
    return options != NULL && options->reserved != 0 ? -EINVAL : 0;
}

/* A limit that the number of berths keeps anyway is none. */
static void drop_limit(struct loop *loop, const struct mag_sched *sched)
{
    if (loop->limit >= sched->capacity)
        loop->limit = UNLIMITED;
}

/* NOLINTNEXTLINE(readability-function-size): a loop needs them all. */
int mag_for_with(struct mag_sched *sched, const struct mag_for_options *options,
                 struct mag_range *ret_failed, size_t begin, size_t end,
                 mag_for_body body, void *arg)
{
    struct loop loop = {.body = body, .arg = arg, .range = {begin, end}};
    int r = check_loop(options, &loop);

    if (r != 0 || begin == end)
        return r;
    init_loop(&loop, options);
    r = mag_loop_sched(&sched);
    if (r != 0)
        return r;
    drop_limit(&loop, sched);
    r = mag_fork_run(sched, run_loop, &loop);
    if (MAG_UNLIKELY(r == -EOWNERDEAD))
        fail_loop(&loop, loop.range, r);
    else if (MAG_UNLIKELY(r != 0))
        return r;
    return loop_result(&loop, ret_failed);
}

int mag_for(struct mag_sched *sched, size_t begin, size_t end, mag_for_body body,
            void *arg)
{
    return mag_for_with(sched, NULL, NULL, begin, end, body, arg);
}

/* NOLINTNEXTLINE(readability-function-size): a loop needs them all. */
int mag_for_in(mag_fork w, const struct mag_for_options *options,
               struct mag_range *ret_failed, size_t begin, size_t end, mag_for_body body,
               void *arg)
{
    struct loop loop = {.body = body, .arg = arg, .range = {begin, end}};
    int r = check_loop(options, &loop);

    if (r != 0 || begin == end)
        return r;
    init_loop(&loop, options);
    drop_limit(&loop, mag_self_get()->worker->sched);
    run_loop(w, &loop);
    return loop_result(&loop, ret_failed);
}

int mag_fold_in(mag_fork w, const struct mag_for_options *options,
                struct mag_range *ret_failed, struct mag_range range,
                const struct mag_fold *fold)
{
    struct loop loop = {.fold = fold, .range = range};
    int r = check_loop(options, &loop);

    if (r != 0 || range.begin == range.end)
        return r;
    init_loop(&loop, options);
    drop_limit(&loop, mag_self_get()->worker->sched);
    run_loop(w, &loop);
    return loop_result(&loop, ret_failed);
}
