/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include <magpie/fork_task.h>
#include <magpie/job_kind.h>

/* The frame of the innermost stolen child that this thread calls; NULL: none.  The frames
 * are linked by `awaited`, which has no other use until the child has returned.  They are
 * still there when the stack is not, at the end of a thread. */
static __thread struct mag_frame *innermost_child;

/* The innermost child, which is none any more. */
static struct mag_frame *end_child(void)
{
    struct mag_frame *frame = innermost_child;

    innermost_child = (struct mag_frame *)(uintptr_t)frame->waiter.outcome.payload;
    return frame;
}

struct mag_frame *mag_fork_task_begin(mag_fork w, const void *payload, void *block,
                                      const struct mag_frame_type *type)
{
    if (!mag_fork_is_stolen(w, payload))
        return NULL;

    struct mag_frame *frame = mag_frame_rent(type);
    if (frame == NULL)
        return NULL;
    /* The continuation after the child is always queued: a join that waits must not run
     * it. */
    frame->core.flags |= MAG_CORE_QUEUED;
    mag_vtask task = mag_core_task(&frame->core);
    memcpy(block, &task, sizeof(task));
    frame->waiter.outcome.payload = (uintptr_t)innermost_child;
    innermost_child = frame;
    mag_fork_answer(w);
    return frame;
}

void mag_fork_task_finish(struct mag_frame *frame, mag_vtask returned, const void *large)
{
    (void)end_child();
    mag_frame_finish(frame, returned, large);
}

/* The thread ends in children that it has called.  Their tasks have no results that would
 * be read from the frames. */
static void end_stolen_children(struct mag_sched *sched)
{
    (void)sched;
    while (innermost_child != NULL) {
        struct mag_frame *frame = end_child();

        mag_frame_finish(frame, mag_vtask_failed(-EOWNERDEAD, 0), frame);
    }
}

/* No job is of this kind: children are not jobs. */
static void run_no_child(struct mag_job *job)
{
    (void)job;
}

static void drop_no_child(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)job;
    (void)stop;
}

static struct mag_job_kind child_kind = {
    .run = run_no_child, .dropped = drop_no_child, .ended = end_stolen_children};

static __attribute__((constructor)) void add_child_kind(void)
{
    mag_job_kind_add(&child_kind);
}
