/*
 * Loops whose bodies await, over indices.  A lane is a pooled object with a job, which is
 * also the continuation that waits for the body's task.  A lane that begins opens the
 * next one.  The last lane to close completes the loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/flow/each.h"
#include "vtask/combine/delay.h"
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <magpie/detail/sequence.h>
#include <magpie/job_kind.h>

#include <errno.h>

struct each_lane {
    struct mag_continuation continuation; /* must be first */
    mag_vtask awaited;                    /* the body's task */
    struct mag_each_state *state;
    size_t index;            /* of the body, from 0 */
    struct each_lane *outer; /* that the thread is in besides */
};

/* The innermost lane that calls bodies on this thread; NULL: none.  The lanes are still
 * there when the stack is not, at the end of a thread. */
static __thread struct each_lane *innermost_lane;

static struct mag_pooled each_states = {.size = sizeof(struct mag_each_state)};
static struct mag_pooled each_lanes = {.size = sizeof(struct each_lane)};

/* ----------------------------------------------------------------------- how it ends */

static void stop_each(struct mag_each_state *state)
{
    /* relaxed: a body that begins all the same does no harm. */
    atomic_store_explicit(&state->stopped, true, memory_order_relaxed);
}

void mag_each_cancel(struct mag_each_state *state)
{
    /* relaxed: read by the last lane; `closed` publishes it. */
    atomic_store_explicit(&state->canceled, true, memory_order_relaxed);
    stop_each(state);
}

void mag_each_fail(struct mag_each_state *state, size_t index, int error)
{
    mag_spin_lock(&state->lock);
    if (state->error == 0 || index < state->failed) {
        state->error = error;
        state->failed = index;
    }
    mag_spin_unlock(&state->lock);
    stop_each(state);
}

void mag_each_lose_thread(struct mag_each_state *state, size_t index)
{
    mag_spin_lock(&state->lock);
    state->lost_thread = true;
    mag_spin_unlock(&state->lock);
    mag_each_fail(state, index, -EOWNERDEAD);
}

bool mag_each_is_stopped(struct mag_each_state *state)
{
    /* relaxed: as above. */
    if (atomic_load_explicit(&state->stopped, memory_order_relaxed))
        return true;
    if (!mag_cancel_has_fired(state->cancel))
        return false;
    mag_each_cancel(state);
    return true;
}

/* The first body that was not begun, from 0. */
static size_t each_rest(struct mag_each_state *state)
{
    /* relaxed: `closed` publishes the last one. */
    size_t next = atomic_load_explicit(&state->next, memory_order_relaxed);

    return next < state->count ? next : state->count;
}

/* Completes the loop.  No other lane is left. */
static void finish_each(struct mag_each_state *state)
{
    struct mag_frame *frame = &state->run->frame;
    int error = state->error;
    size_t failed = state->begin + state->failed;
    uint64_t detail = failed;

    mag_sequence_end(state->items);
    /* Only the completer reads the flags from here on. */
    if (MAG_UNLIKELY(state->lost_thread))
        frame->core.flags |= MAG_CORE_QUEUED;
    /* relaxed: `closed` published it. */
    if (error == 0 && atomic_load_explicit(&state->canceled, memory_order_relaxed)) {
        error = -ECANCELED;
        failed = state->begin + each_rest(state);
        detail = mag_cancel_has_fired(state->cancel) ? (uintptr_t)state->cancel : 0;
    }
    if (error != 0 && state->ret_failed != NULL)
        *state->ret_failed = failed;
    mag_each_give(state);
    mag_core_finish(&frame->core, error, error == 0 ? 0 : detail);
}

void mag_each_enter(struct mag_each_state *state)
{
    /* relaxed: the calling lane is open meanwhile. */
    (void)atomic_fetch_add_explicit(&state->lanes, 1, memory_order_relaxed);
}

void mag_each_leave(struct mag_each_state *state)
{
    /* closed, both ends: what the lanes have done precedes the loop's end. */
    if (atomic_fetch_sub_explicit(&state->lanes, 1, memory_order_acq_rel) == 1)
        finish_each(state);
}

static void close_lane(struct each_lane *lane)
{
    struct mag_each_state *state = lane->state;

    mag_pooled_give(&each_lanes, lane);
    mag_each_leave(state);
}

/* ------------------------------------------------------------------------- a lane */

static void begin_lane(struct mag_job *job);
static void repeat_lane(struct mag_job *job);
static void resume_lane(struct mag_job *job);

/* Takes the next index.  False: there is none, or none is to begin. */
static bool take_index(struct mag_each_state *state, size_t *ret_index)
{
    if (mag_each_is_stopped(state))
        return false;
    /* relaxed: the count itself deals out the indices, and the post of the lane published
     * what the bodies read. */
    *ret_index = atomic_fetch_add_explicit(&state->next, 1, memory_order_relaxed);
    return *ret_index < state->count;
}

/* A lane that is not posted yet; NULL: there is no memory. */
static struct each_lane *make_lane(struct mag_each_state *state)
{
    struct each_lane *lane;
    void *object;

    if (mag_pooled_take(&each_lanes, &object) != 0)
        return NULL;
    lane = object;
    lane->state = state;
    lane->continuation.job.run = begin_lane;
    return lane;
}

/* Opens one more lane, if there is work for it.  Called by the lane that was opened last:
 * after the post the next one may open others. */
static void open_next(struct mag_each_state *state)
{
    struct each_lane *lane;

    if (state->opened == state->limit || each_rest(state) == state->count)
        return;
    lane = make_lane(state);
    if (lane == NULL)
        return;
    state->opened++;
    mag_each_enter(state);
    if (mag_sched_post_any(state->sched, &lane->continuation.job) < 0)
        close_lane(lane);
}

static void read_body(struct each_lane *lane, mag_vtask task)
{
    int r = mag_vtask_get(task, NULL);

    if (r != 0)
        mag_each_fail(lane->state, lane->index, r);
}

/* Waits for the body's task.  True: the lane waits, and may have gone on by now. */
static bool lane_waits(struct each_lane *lane, mag_vtask task)
{
    int r = mag_vtask_status(task);

    if (r == MAG_PENDING) {
        lane->awaited = task;
        lane->continuation.job.run = resume_lane;
        r = mag_vtask_on_completed(task, &lane->continuation, MAG_AWAIT_CONTEXT);
        if (r == 0)
            return true;
        lane->continuation.job.run = mag_continuation_spent;
        mag_each_fail(lane->state, lane->index, r);
    } else {
        read_body(lane, task);
    }
    return false;
}

/* Sends the lane behind other jobs of its scheduler. */
static void post_lane(struct each_lane *lane)
{
    lane->continuation.job.run = repeat_lane;
    if (mag_sched_post_any(lane->state->sched, &lane->continuation.job) == 0)
        return;
    mag_each_cancel(lane->state);
    close_lane(lane);
}

static void enter_lane(struct each_lane *lane)
{
    lane->outer = innermost_lane;
    innermost_lane = lane;
}

static void leave_lane(struct each_lane *lane)
{
    innermost_lane = lane->outer;
}

/* As lane_waits, by a lane that calls bodies: a lane that waits does not. */
static bool lane_leaves_and_waits(struct each_lane *lane, mag_vtask task)
{
    leave_lane(lane);
    if (lane_waits(lane, task))
        return true;
    enter_lane(lane);
    return false;
}

static void run_lane(struct each_lane *lane)
{
    struct mag_each_state *state = lane->state;
    const struct mag_each_type *type = (const void *)state->run->frame.core.type;

    enter_lane(lane);
    for (unsigned calls = 0; calls < MAG_EACH_BATCH; calls++) {
        if (!take_index(state, &lane->index)) {
            leave_lane(lane);
            close_lane(lane);
            return;
        }
        mag_vtask task = type->call(state->begin + lane->index, state->run);
        if (MAG_UNLIKELY(task.backing != 0) && lane_leaves_and_waits(lane, task))
            return;
    }
    leave_lane(lane);
    post_lane(lane);
}

/* The thread ends in bodies that it has called. */
static void end_lanes(struct mag_sched *sched)
{
    (void)sched;
    while (innermost_lane != NULL) {
        struct each_lane *lane = innermost_lane;

        leave_lane(lane);
        mag_each_lose_thread(lane->state, lane->index);
        close_lane(lane);
    }
}

static struct each_lane *lane_of(struct mag_job *job)
{
    return (struct each_lane *)(void *)job;
}

static void begin_lane(struct mag_job *job)
{
    open_next(lane_of(job)->state);
    run_lane(lane_of(job));
}

static void repeat_lane(struct mag_job *job)
{
    run_lane(lane_of(job));
}

/* Reads the task of the body for which the lane has waited.  False: a foreign job, or one
 * that is called too early (VT-32). */
static bool end_wait(struct mag_job *job)
{
    if (job == NULL || job->run != resume_lane ||
        mag_vtask_status(lane_of(job)->awaited) == MAG_PENDING)
        return false;
    job->run = mag_continuation_spent;
    read_body(lane_of(job), lane_of(job)->awaited);
    return true;
}

static void resume_lane(struct mag_job *job)
{
    if (!end_wait(job))
        return;
    /* A body that does not come back to its context has ended elsewhere; or a scheduler
     * that stops has refused the lane. */
    if (mag_sched_self() == lane_of(job)->state->sched)
        run_lane(lane_of(job));
    else
        post_lane(lane_of(job));
}

/* ------------------------------------------------------------------- stops, kinds */

static void drop_lane(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_each_cancel(lane_of(job)->state);
    close_lane(lane_of(job));
}

static void drop_resumed(struct mag_job *job, const struct mag_job_stop *stop)
{
    if (end_wait(job))
        drop_lane(job, stop);
}

static struct mag_job_kind lane_kind = {
    .run = begin_lane, .dropped = drop_lane, .ended = end_lanes};
static struct mag_job_kind repeated_kind = {.run = repeat_lane, .dropped = drop_lane};
static struct mag_job_kind resumed_kind = {.run = resume_lane, .dropped = drop_resumed};

static __attribute__((constructor)) void add_lane_kinds(void)
{
    mag_job_kind_add(&lane_kind);
    mag_job_kind_add(&repeated_kind);
    mag_job_kind_add(&resumed_kind);
}

/* ------------------------------------------------------------------------ starting */

struct mag_each_run *mag_each_rent(const struct mag_frame_type *type)
{
    struct mag_frame *frame = mag_frame_rent(type);

    if (MAG_LIKELY(frame != NULL)) {
        /* The completer is another thread nearly always: no bias to this one.
         * relaxed: the task is handed out later, which publishes the slot. */
        atomic_store_explicit(&frame->core.slot, MAG_SLOT_EMPTY, memory_order_relaxed);
    }
    return (struct mag_each_run *)(void *)frame;
}

struct mag_each_state *mag_each_make(struct mag_each_run *run, struct mag_sched *sched,
                                     const struct mag_each_options *options)
{
    static const struct mag_each_options usual_options;
    struct mag_each_state *state;
    void *object;

    if (mag_pooled_take(&each_states, &object) != 0)
        return NULL;
    if (options == NULL)
        options = &usual_options;
    state = object;
    state->run = run;
    state->sched = sched;
    state->cancel = options->cancel;
    state->ret_failed = options->ret_failed;
    state->begin = 0;
    state->limit = options->limit != 0 ? options->limit : mag_sched_workers(sched);
    state->opened = 1;
    mag_spin_init(&state->lock);
    state->error = 0;
    state->failed = 0;
    state->lost_thread = false;
    atomic_init(&state->next, 0);
    atomic_init(&state->lanes, 1);
    atomic_init(&state->stopped, false);
    atomic_init(&state->canceled, false);
    state->items = NULL;
    state->idle = NULL;
    state->is_pulled = false;
    state->over = false;
    return state;
}

void mag_each_give(struct mag_each_state *state)
{
    mag_pooled_give(&each_states, state);
}

/* Posts the first lane. */
static int start_each(struct mag_each_run *run, struct mag_sched *sched,
                      const struct mag_each_options *options, size_t begin, size_t count)
{
    struct mag_each_state *state;
    struct each_lane *lane;
    int r = mag_timing_sched(&sched);

    if (r < 0)
        return r;
    state = mag_each_make(run, sched, options);
    if (state == NULL)
        return -ENOMEM;
    state->begin = begin;
    state->count = count;
    lane = make_lane(state);
    r = lane != NULL ? mag_sched_post(sched, &lane->continuation.job) : -ENOMEM;
    if (r < 0) {
        if (lane != NULL)
            mag_pooled_give(&each_lanes, lane);
        mag_each_give(state);
    }
    return r;
}

mag_vtask mag_each_start(struct mag_each_run *run, struct mag_sched *sched,
                         const struct mag_each_options *options, size_t begin, size_t end)
{
    int r = 0;

    if (MAG_UNLIKELY(run == NULL))
        return mag_vtask_failed(-ENOMEM, 0);
    /* Before the post: the loop may be over when that returns. */
    mag_vtask task = mag_core_task(&run->frame.core);
    if (end < begin || (options != NULL && options->reserved != 0))
        r = -EINVAL;
    else if (begin != end)
        r = start_each(run, sched, options, begin, end - begin);
    if (MAG_LIKELY(r == 0 && begin != end))
        return task;
    mag_debug_core_ends(&run->frame.core);
    mag_frame_recycle(&run->frame.core);
    return r == 0 ? MAG_VTASK_COMPLETED : mag_vtask_failed(r, 0);
}
