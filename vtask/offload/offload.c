/*
 * offload.c - calls of functions that block, off the workers, as tasks.  The frame of a
 * call is that of vtask/submit/, and changes hands in the same way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/submit/calls.h"

#include <magpie/connected.h>
#include <magpie/offload.h>

#include <errno.h>
#include <pthread.h>

static void end_offloaded(void *arg)
{
    (void)arg;
    mag_submit_task_end_calls();
}

/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static void run_offloaded(struct mag_job *job)
{
    /* Whoever awaits the task must not continue here: this thread is for waiting.  Only
     * the completer reads the flags from here on. */
    mag_frame_of(job)->core.flags |= MAG_CORE_QUEUED;
    pthread_cleanup_push(end_offloaded, NULL);
    mag_submit_task_run(job);
    pthread_cleanup_pop(0);
}

mag_vtask mag_offload_post(struct mag_frame *frame)
{
    if (frame == NULL)
        return mag_vtask_failed(-ENOMEM, 0);

    /* Before the post: the call may be over when that returns. */
    mag_vtask task = mag_core_task(&frame->core);
    frame->waiter.continuation.job.run = run_offloaded;
    int r = mag_blocking_post(&frame->waiter.continuation.job);
    if (r == 0)
        return task;
    mag_submit_task_return(frame);
    return mag_vtask_failed(r, 0);
}

mag_vtask mag_offload_begin_call(struct mag_frame *frame)
{
    frame->waiter.continuation.job.run = run_offloaded;
    int r = mag_blocking_post(&frame->waiter.continuation.job);
    return r == 0 ? MAG_STARTED : mag_vtask_failed(r, 0);
}

/* ------------------------------------------------------------- without a type */

static mag_task mag_offload_plainly(mag_offload_function *function, void *arg);

MAG_SUBMIT_TASK_TYPE(mag_task, mag_offload_plainly)
MAG_SUBMIT_TASK_CALL(mag_task, mag_offload_plainly, mag_offload_function *, function,
                     void *, arg)
MAG_OFFLOAD_TASK_POST(mag_task, mag_offload_plainly, mag_offload_function *, function,
                      void *, arg)

static mag_task mag_offload_plainly(mag_offload_function *function, void *arg)
{
    int r = function(arg);

    return r < 0 ? mag_task_of(mag_vtask_failed(r, 0)) : mag_task_done();
}

mag_vtask mag_offload(int (*function)(void *arg), void *arg)
{
    return mag_offload_plainly_offload(function, arg).task;
}

mag_task mag_offload_begin(struct mag_waiter *waiter, struct mag_offload_state *state,
                           int (*function)(void *arg), void *arg)
{
    struct mag_offload_plainly_submission *call = &state->call;

    mag_frame_connect(&call->frame, &mag_offload_plainly_submit_type.frame, NULL, waiter);
    call->function = function;
    call->arg = arg;
    return mag_task_of(mag_offload_begin_call(&call->frame));
}
