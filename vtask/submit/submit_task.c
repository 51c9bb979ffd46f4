/*
 * submit_task.c - calls of functions as jobs, whose outcomes are tasks.
 *
 * The frame of a call belongs to the submitter until its job is handed over; then to the
 * thread that runs or drops the job, until mag_frame_finish; then to the consumer of the
 * task, or, in the connected form, to the function whose frame contains it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/submit/calls.h"

#include <magpie/connected.h>
#include <magpie/job_kind.h>
#include <magpie/submit_task.h>

#include <errno.h>

/*
 * The innermost call that runs on this thread; NULL: none.  A function may run other
 * jobs, as an event loop does.  The calls are linked through their frames' `awaited`,
 * which has no other use until the function has returned.  So they are still there when
 * the stack is not, at the end of a thread.
 */
static __thread struct mag_frame *innermost;

static void begin_call(struct mag_frame *frame)
{
    frame->waiter.outcome.payload = (uintptr_t)innermost;
    innermost = frame;
}

/* The innermost call, which is none any more. */
static struct mag_frame *end_call(void)
{
    struct mag_frame *frame = innermost;

    innermost = (struct mag_frame *)(uintptr_t)frame->waiter.outcome.payload;
    return frame;
}

static const struct mag_submit_task_type *
submit_task_type_of(const struct mag_frame *frame)
{
    return (const struct mag_submit_task_type *)(const void *)frame->core.type;
}

struct mag_frame *mag_submit_task_rent(const struct mag_submit_task_type *type)
{
    struct mag_frame *frame = mag_frame_rent(&type->frame);

    if (MAG_LIKELY(frame != NULL)) {
        /* The completer is another thread nearly always: no bias to this one.
         * relaxed: the task is handed out later, which publishes the slot. */
        atomic_store_explicit(&frame->core.slot, MAG_SLOT_EMPTY, memory_order_relaxed);
    }
    return frame;
}

void mag_submit_task_return(struct mag_frame *frame)
{
    mag_debug_core_ends(&frame->core);
    mag_frame_recycle(&frame->core);
}

mag_vtask mag_submit_task_post(struct mag_frame *frame, struct mag_sched *sched,
                               const struct mag_submit_options *options, size_t size)
{
    if (MAG_UNLIKELY(frame == NULL))
        return mag_vtask_failed(-ENOMEM, 0);

    /* Before the post: the call may be over when that returns. */
    mag_vtask task = mag_core_task(&frame->core);
    int r = mag_submit_job_sized(sched, options, size, &frame->waiter.continuation.job);
    if (MAG_LIKELY(r == 0))
        return task;
    mag_submit_task_return(frame);
    return mag_vtask_failed(r, 0);
}

mag_vtask mag_submit_task_begin(struct mag_frame *frame, struct mag_sched *sched,
                                const struct mag_submit_options *options, size_t size)
{
    struct mag_job *job = &frame->waiter.continuation.job;

    job->run = mag_submit_task_run;
    int r = mag_submit_job_sized(sched, options, size, job);
    /* The frame may be gone by now. */
    return r == 0 ? MAG_STARTED : mag_vtask_failed(r, 0);
}

void mag_submit_task_run(struct mag_job *job)
{
    struct mag_frame *frame = mag_frame_of(job);

    begin_call(frame);
    submit_task_type_of(frame)->call(frame);
}

void mag_submit_task_finish(struct mag_frame *frame, mag_vtask returned,
                            const void *large)
{
    /* First: a continuation that runs inside may end this thread. */
    (void)end_call();
    mag_frame_finish(frame, returned, large);
}

/* Completes a call that has not returned, or never will be made. */
static void fail_submitted(struct mag_frame *frame, int error)
{
    /* A task that has failed has no result that would be read from `frame`. */
    mag_frame_finish(frame, mag_vtask_failed(error, 0), frame);
}

static void drop_submitted(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    fail_submitted(mag_frame_of(job), -ECANCELED);
}

void mag_submit_task_end_calls(void)
{
    while (innermost != NULL) {
        struct mag_frame *frame = end_call();

        /* No continuation runs on this thread.  Only the completer reads the flags from
         * here on. */
        frame->core.flags |= MAG_CORE_QUEUED;
        fail_submitted(frame, -EOWNERDEAD);
    }
}

static void end_submitted(struct mag_sched *sched)
{
    (void)sched;
    mag_submit_task_end_calls();
}

static void describe_task_call(const struct mag_job *job,
                               struct mag_job_description *ret_description)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): takes the const away. */
    struct mag_job *own = (struct mag_job *)(uintptr_t)job;

    ret_description->name = submit_task_type_of(mag_frame_of(own))->name;
}

static struct mag_job_kind submit_task_kind = {.run = mag_submit_task_run,
                                               .dropped = drop_submitted,
                                               .ended = end_submitted,
                                               .describe = describe_task_call};

static __attribute__((constructor)) void add_submit_task_kind(void)
{
    mag_job_kind_add(&submit_task_kind);
}
