/*
 * Loops over the values of an async sequence.  One lane at a time has the turn: it asks
 * the sequence for the next value.  Then it passes the turn on and calls its body.
 *
 * A lane is a frame for its memory's sake; its continuation is the lane's job.  The job
 * continues at the lane's phase.
 *
 * Ownership
 *   [T] the lane that has the turn   [L] under the lock
 *   phase, item, index: the lane
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/combine/delay.h"
#include "vtask/debug/debug.h"
#include "vtask/flow/each.h"
#include "vtask/value/kind.h"

#include <magpie/job_kind.h>
#include <magpie/promise.h>
#include <magpie/sequence.h>

#include <errno.h>

/* Where a lane continues. */
enum {
    LANE_ASKS,        /* for the turn */
    LANE_HAS_TURN,    /* asks for a value */
    LANE_AWAITS_ITEM, /* has the turn too, and so it has in the next phase */
    LANE_HAS_ITEM,    /* passes the turn on, and calls the body */
    LANE_AWAITS_BODY,
};

/* The innermost lane that calls a body or the sequence on this thread; NULL: none.  These
 * lanes do not wait for the turn, and are linked by `next`. */
static __thread struct mag_each_lane *innermost_item_lane;

static const struct mag_each_item_type *item_type_of(const struct mag_each_state *state)
{
    return (const struct mag_each_item_type *)(const void *)state->run->frame.core.type;
}

static void *item_of(struct mag_each_lane *lane)
{
    return (char *)lane + item_type_of(lane->state)->item_offset;
}

/* ------------------------------------------------------------------------ the turn */

static void run_item_lane(struct mag_job *job);

static void close_item_lane(struct mag_each_lane *lane)
{
    struct mag_each_state *state = lane->state;

    mag_frame_recycle(&lane->frame.core);
    mag_each_leave(state);
}

static int post_item_lane(struct mag_each_lane *lane)
{
    struct mag_job *job = &lane->frame.waiter.continuation.job;

    job->run = run_item_lane;
    return mag_sched_post_any(lane->state->sched, job);
}

/* True: the lane has the turn.  False: it waits for it, or is closed. */
static bool ask_for_turn(struct mag_each_lane *lane)
{
    struct mag_each_state *state = lane->state;

    lane->phase = LANE_HAS_TURN;
    mag_spin_lock(&state->lock);
    bool over = state->over;
    bool free = !state->is_pulled;
    if (!over && !free) {
        lane->next = state->idle;
        state->idle = lane;
    } else if (!over) {
        state->is_pulled = true;
    }
    mag_spin_unlock(&state->lock);
    if (over)
        close_item_lane(lane);
    return !over && free;
}

/* Called by the lane that has the turn: there are no more values. */
static void end_items(struct mag_each_state *state)
{
    mag_spin_lock(&state->lock);
    state->over = true;
    struct mag_each_lane *idle = state->idle;
    state->idle = NULL;
    mag_spin_unlock(&state->lock);
    while (idle != NULL) {
        struct mag_each_lane *next = idle->next;
        close_item_lane(idle);
        idle = next;
    }
}

/* A lane that is not posted yet; NULL: there is no memory. */
static struct mag_each_lane *make_item_lane(struct mag_each_state *state)
{
    struct mag_frame *frame = mag_frame_rent(&item_type_of(state)->lane);
    struct mag_each_lane *lane = (struct mag_each_lane *)(void *)frame;

    if (frame == NULL)
        return NULL;
    mag_debug_core_ends(&frame->core); /* it is no task */
    frame->waiter.continuation.job.run = run_item_lane;
    lane->state = state;
    lane->phase = LANE_ASKS;
    return lane;
}

/* Called by the lane that has the turn, if nobody waits for it.  The new lane has it
 * then.  NULL: there are as many lanes as there may be. */
static struct mag_each_lane *open_item_lane(struct mag_each_state *state)
{
    struct mag_each_lane *lane;

    if (state->opened == state->limit)
        return NULL;
    lane = make_item_lane(state);
    if (lane == NULL)
        return NULL;
    lane->phase = LANE_HAS_TURN;
    state->opened++;
    mag_each_enter(state);
    return lane;
}

/* Takes the next lane that waits for the turn; NULL: nobody does.  `frees`: nobody has
 * the turn then. */
static struct mag_each_lane *next_for_turn(struct mag_each_state *state, bool frees)
{
    mag_spin_lock(&state->lock);
    struct mag_each_lane *next = state->idle;
    if (next != NULL)
        state->idle = next->next;
    else if (frees)
        state->is_pulled = false;
    mag_spin_unlock(&state->lock);
    return next;
}

/* Called by the lane that has the turn. */
static void pass_turn_on(struct mag_each_state *state)
{
    struct mag_each_lane *next = next_for_turn(state, false);

    if (next == NULL)
        next = open_item_lane(state);
    if (next == NULL)
        next = next_for_turn(state, true);
    if (next == NULL || post_item_lane(next) == 0)
        return;
    /* The scheduler has stopped. */
    mag_each_cancel(state);
    end_items(state);
    close_item_lane(next);
}

/* ------------------------------------------------------------------------- a lane */

/* The lane cannot go on: it gives up the turn, if it has it. */
static void give_up(struct mag_each_lane *lane)
{
    if (lane->phase != LANE_ASKS)
        end_items(lane->state);
    close_item_lane(lane);
}

/* Waits for a pending task.  False: it cannot be awaited, and `*ret_error` says why. */
static bool lane_awaits(struct mag_each_lane *lane, mag_vtask task, unsigned phase,
                        int *ret_error)
{
    unsigned before = lane->phase;

    lane->frame.waiter.outcome = task;
    lane->phase = phase;
    lane->frame.waiter.continuation.job.run = run_item_lane;
    int r =
        mag_vtask_on_completed(task, &lane->frame.waiter.continuation, MAG_AWAIT_CONTEXT);
    if (r == 0)
        return true;
    lane->frame.waiter.continuation.job.run = mag_continuation_spent;
    lane->phase = before;
    *ret_error = r;
    return false;
}

/* The sequence has ended, with MAG_SEQUENCE_END or another error. */
static void items_ended(struct mag_each_lane *lane, int error)
{
    if (error != MAG_SEQUENCE_END) {
        /* relaxed: the holder of the turn counts. */
        size_t index = atomic_load_explicit(&lane->state->next, memory_order_relaxed);

        mag_each_fail(lane->state, index, error);
    }
    lane->phase = LANE_HAS_TURN;
    give_up(lane);
}

static void enter_item_lane(struct mag_each_lane *lane)
{
    lane->next = innermost_item_lane;
    innermost_item_lane = lane;
}

static void leave_item_lane(struct mag_each_lane *lane)
{
    innermost_item_lane = lane->next;
}

/* The thread ends in bodies, or in sequences, that it has called. */
static void end_item_lanes(struct mag_sched *sched)
{
    (void)sched;
    while (innermost_item_lane != NULL) {
        struct mag_each_lane *lane = innermost_item_lane;

        leave_item_lane(lane);
        /* relaxed: the holder of the turn counts. */
        mag_each_lose_thread(
            lane->state,
            lane->phase == LANE_ASKS
                ? lane->index
                : atomic_load_explicit(&lane->state->next, memory_order_relaxed));
        give_up(lane);
    }
}

/* Asks for the next value.  True: the lane has it. */
static bool pull_item(struct mag_each_lane *lane)
{
    struct mag_each_state *state = lane->state;
    int r = 0;

    if (mag_each_is_stopped(state)) {
        give_up(lane);
        return false;
    }
    enter_item_lane(lane);
    mag_vtask task = item_type_of(state)->pull(state->items, item_of(lane));
    leave_item_lane(lane);
    if (task.backing != 0) {
        r = mag_vtask_status(task);
        if (r == MAG_PENDING && lane_awaits(lane, task, LANE_AWAITS_ITEM, &r))
            return false;
        r = r > 0 ? mag_vtask_get_value(task, item_of(lane),
                                        item_type_of(state)->item_size, NULL)
                  : r;
    }
    if (r != 0)
        items_ended(lane, r);
    else
        lane->phase = LANE_HAS_ITEM;
    return r == 0;
}

static void read_item_body(struct mag_each_lane *lane, mag_vtask task)
{
    int r = mag_vtask_get(task, NULL);

    if (r != 0)
        mag_each_fail(lane->state, lane->index, r);
}

/* Calls the body for the value.  False: the lane waits, and may have gone on by now. */
static bool use_item(struct mag_each_lane *lane)
{
    struct mag_each_state *state = lane->state;
    int r = 0;

    /* relaxed: the holder of the turn counts. */
    lane->index = atomic_fetch_add_explicit(&state->next, 1, memory_order_relaxed);
    pass_turn_on(state);
    lane->phase = LANE_ASKS;
    enter_item_lane(lane);
    mag_vtask task = item_type_of(state)->call(state->run, item_of(lane));
    leave_item_lane(lane);
    if (MAG_LIKELY(task.backing == 0))
        return true;
    if (mag_vtask_status(task) != MAG_PENDING)
        read_item_body(lane, task);
    else if (lane_awaits(lane, task, LANE_AWAITS_BODY, &r))
        return false;
    if (r != 0)
        mag_each_fail(state, lane->index, r);
    return true;
}

static void go_on_with_items(struct mag_each_lane *lane)
{
    for (unsigned calls = 0; calls < MAG_EACH_BATCH; calls++) {
        if (lane->phase == LANE_ASKS && !ask_for_turn(lane))
            return;
        if (lane->phase == LANE_HAS_TURN && !pull_item(lane))
            return;
        if (!use_item(lane))
            return;
    }
    if (post_item_lane(lane) < 0) {
        mag_each_cancel(lane->state);
        give_up(lane);
    }
}

static struct mag_each_lane *item_lane_of(struct mag_job *job)
{
    return (struct mag_each_lane *)(void *)mag_frame_of(job);
}

/* Reads what the lane has waited for.  False: a foreign job, or one that is called too
 * early (VT-32); or the lane is closed. */
static bool end_lane_wait(struct mag_job *job)
{
    if (job == NULL || job->run != run_item_lane)
        return false;
    struct mag_each_lane *lane = item_lane_of(job);
    bool awaits = lane->phase == LANE_AWAITS_ITEM || lane->phase == LANE_AWAITS_BODY;
    mag_vtask task = lane->frame.waiter.outcome;

    if (awaits && mag_vtask_status(task) == MAG_PENDING)
        return false;
    job->run = mag_continuation_spent;
    if (lane->phase == LANE_AWAITS_BODY) {
        read_item_body(lane, task);
        lane->phase = LANE_ASKS;
    } else if (lane->phase == LANE_AWAITS_ITEM) {
        int r = mag_vtask_get_value(task, item_of(lane),
                                    item_type_of(lane->state)->item_size, NULL);
        lane->phase = LANE_HAS_ITEM;
        if (r != 0)
            items_ended(lane, r);
        return r == 0;
    }
    return true;
}

static void run_item_lane(struct mag_job *job)
{
    if (!end_lane_wait(job))
        return;
    struct mag_each_lane *lane = item_lane_of(job);
    if (mag_sched_self() == lane->state->sched) {
        go_on_with_items(lane);
    } else if (post_item_lane(lane) < 0) {
        mag_each_cancel(lane->state);
        give_up(lane);
    }
}

static void drop_item_lane(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_each_cancel(item_lane_of(job)->state);
    if (end_lane_wait(job))
        give_up(item_lane_of(job));
}

static struct mag_job_kind item_lane_kind = {
    .run = run_item_lane, .dropped = drop_item_lane, .ended = end_item_lanes};

static __attribute__((constructor)) void add_item_lane_kind(void)
{
    mag_job_kind_add(&item_lane_kind);
}

/* ------------------------------------------------------------------------ starting */

static int start_items(struct mag_each_run *run, struct mag_sched *sched,
                       const struct mag_each_options *options, struct mag_sequence *items)
{
    struct mag_each_state *state;
    struct mag_each_lane *lane;
    int r = mag_timing_sched(&sched);

    if (r < 0)
        return r;
    if (options != NULL && options->reserved != 0)
        return -EINVAL;
    state = items == NULL ? NULL : mag_each_make(run, sched, options);
    if (state == NULL)
        return -ENOMEM;
    state->count = SIZE_MAX;
    state->items = items;
    lane = make_item_lane(state);
    r = lane != NULL ? mag_sched_post(sched, &lane->frame.waiter.continuation.job)
                     : -ENOMEM;
    if (r < 0) {
        if (lane != NULL)
            mag_frame_recycle(&lane->frame.core);
        mag_each_give(state);
    }
    return r;
}

mag_vtask mag_each_start_items(struct mag_each_run *run, struct mag_sched *sched,
                               const struct mag_each_options *options,
                               struct mag_sequence *items)
{
    int r = -ENOMEM;

    if (MAG_LIKELY(run != NULL)) {
        /* Before the post: the loop may be over when that returns. */
        mag_vtask task = mag_core_task(&run->frame.core);

        r = start_items(run, sched, options, items);
        if (MAG_LIKELY(r == 0))
            return task;
        mag_debug_core_ends(&run->frame.core);
        mag_frame_recycle(&run->frame.core);
    }
    mag_sequence_end(items);
    return mag_vtask_failed(r, 0);
}
