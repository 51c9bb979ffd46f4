/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/wait.h"

#include "base/os.h"
#include "sched/post/post.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/blocking.h>

#include <errno.h>
#include <pthread.h>

/* One call of a wait; lies on the stack of the thread that waits. */
struct group_waiter {
    struct mag_group *group;
    const struct mag_group_job *job; /* NULL: it waits for all jobs */
    struct mag_worker *worker;       /* of the group's scheduler, or NULL */
    bool own;                        /* the thread runs a job of the group */
    int64_t until_ns;
    struct mag_group_after after;
};

/* ------------------------------------------------------------------- suspending */

/* Counts the group's jobs on this stack as suspended. */
static void suspend_own(struct group_waiter *waiter)
{
    struct mag_group_frame *frame = mag_self_get()->groups;

    for (; frame != NULL; frame = frame->outer) {
        if (frame->group != waiter->group)
            continue;
        waiter->own = true;
        if (frame->waiter == NULL) {
            frame->waiter = waiter;
            waiter->group->suspended++;
        }
    }
    /* Another job may wait for all jobs that are not suspended. */
    if (waiter->own)
        mag_group_tell(waiter->group, &waiter->after);
}

static void resume_own(const struct group_waiter *waiter)
{
    struct mag_group_frame *frame = mag_self_get()->groups;

    for (; frame != NULL; frame = frame->outer) {
        if (frame->waiter == waiter) {
            frame->waiter = NULL;
            waiter->group->suspended--;
        }
    }
}

/* Whether the job that is waited for runs below on this stack. */
static bool waits_for_itself(const struct group_waiter *waiter)
{
    const struct mag_group_frame *frame = mag_self_get()->groups;
    const struct mag_group_entry *entry =
        waiter->job != NULL ? mag_group_find(waiter->group, *waiter->job) : NULL;

    while (frame != NULL && frame->entry != entry)
        frame = frame->outer;
    return entry != NULL && frame != NULL;
}

/* ---------------------------------------------------------------------- waiting */

static bool group_is_over(const struct group_waiter *waiter)
{
    const struct mag_group *group = waiter->group;

    if (waiter->job != NULL)
        return mag_group_find(waiter->group, *waiter->job) == NULL;
    return group->waiting == 0 && group->running == (waiter->own ? group->suspended : 0);
}

/* The job that this thread should run; NULL: there is none. */
static struct mag_group_entry *next_for(const struct group_waiter *waiter)
{
    struct mag_group *group = waiter->group;
    struct mag_group_entry *entry = NULL;

    if (waiter->worker == NULL || !mag_group_may_begin(group, waiter->own))
        return NULL;
    if (waiter->job == NULL)
        return mag_group_queue_next(&group->queue);
    entry = mag_group_find(group, *waiter->job);
    return entry != NULL && entry->state == MAG_GROUP_WAITING ? entry : NULL;
}

/* A job has ended the thread of a guest.  If a computation in that job has left the
 * guest's berth already, the scheduler must be held, or is stopped: then no job begins
 * any more. */
static void end_guest(void *arg)
{
    struct mag_group *group = arg;
    struct mag_group_after after = {.hires = 0};
    int r = mag_sched_hold(group->sched);

    if (r < 0) {
        mag_group_lock(group);
        mag_group_close(group, -ESHUTDOWN, &after);
        mag_group_unlock(group, &after);
    }
    mag_group_end_frames(group->sched);
    if (r == 0)
        mag_sched_unhold(group->sched);
}

/* The end of a worker's thread is noticed by thread.c; that of a guest's must be noticed
 * where its jobs are still on the stack. */
/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static int call_here(struct group_waiter *waiter, struct mag_group_frame *frame)
{
    int result;

    if (!waiter->worker->guest)
        return mag_group_call(frame);
    pthread_cleanup_push(end_guest, waiter->group);
    result = mag_group_call(frame);
    pthread_cleanup_pop(0);
    return result;
}

/* Runs a job in the middle of another one, whose modes and executor come back
 * afterwards. */
static int call_inside(struct group_waiter *waiter, struct mag_group_frame *frame)
{
    struct mag_executor *before = mag_executor_enter(NULL);
    mag_fp modes = mag_fp_read();

    mag_fp_keep(waiter->worker->fp);
    int result = call_here(waiter, frame);
    mag_fp_keep(modes);
    (void)mag_executor_enter(before);
    return result;
}

/* False: this is the child of a fork() that the job has called. */
static bool run_for(struct group_waiter *waiter, struct mag_group_entry *entry)
{
    struct mag_group *group = waiter->group;
    struct mag_group_frame frame = {.group = group, .slot = !waiter->own};

    mag_group_begin(&frame, entry);
    mag_group_unlock(group, &waiter->after);
    int result = call_inside(waiter, &frame);
    if (mag_group_is_inherited(group))
        return false;
    mag_group_lock(group);
    mag_group_end(&frame, result, &waiter->after);
    /* If this thread leaves now, others must run what waits. */
    mag_group_hire(group, &waiter->after);
    return true;
}

static void sleep_a_turn(struct group_waiter *waiter)
{
    struct mag_group *group = waiter->group;
    uint32_t helps = waiter->worker != NULL;
    uint32_t lends = helps != 0 && waiter->own;
    uint32_t waits_for_job = waiter->job != NULL;
    struct mag_blocking region;

    group->sleepers++;
    group->helpers += helps;
    group->lenders += lends;
    group->job_waiters += waits_for_job;
    /* relaxed, both: under the lock. */
    uint32_t turn = atomic_load_explicit(&group->turn, memory_order_relaxed);
    mag_group_unlock(group, &waiter->after);
    /* A worker's other jobs need not wait meanwhile. */
    mag_blocking_begin(&region);
    mag_os_wait(&group->turn, turn, mag_os_left_ns(waiter->until_ns));
    mag_blocking_end(&region);
    mag_group_lock(group);
    /* relaxed: as above. */
    if (atomic_load_explicit(&group->turn, memory_order_relaxed) != turn)
        return;
    group->sleepers--;
    group->helpers -= helps;
    group->lenders -= lends;
    group->job_waiters -= waits_for_job;
}

static bool wait_is_late(const struct group_waiter *waiter)
{
    return waiter->until_ns != INT64_MAX && mag_os_left_ns(waiter->until_ns) == 0;
}

/* Under the lock.  0; -ETIMEDOUT; MAG_E_FORKED, without the lock. */
static int wait_until_over(struct group_waiter *waiter)
{
    struct mag_group *group = waiter->group;

    while (!group_is_over(waiter)) {
        struct mag_group_entry *entry = next_for(waiter);

        if (wait_is_late(waiter))
            return -ETIMEDOUT;
        if (entry != NULL && mag_sched_phase(group->sched) == MAG_PHASE_ENDING)
            mag_group_close(group, -ESHUTDOWN, &waiter->after);
        else if (entry == NULL)
            sleep_a_turn(waiter);
        else if (!run_for(waiter, entry))
            return MAG_E_FORKED;
    }
    return 0;
}

/* What the wait for a whole group returns once all jobs have ended.  A job of the group
 * does not end the round: it goes on itself. */
static int outcome_for(const struct group_waiter *waiter,
                       struct mag_group_error *ret_first)
{
    struct mag_group *group = waiter->group;
    bool was_over = group->over;
    int outcome = mag_group_outcome(group);

    if (waiter->own)
        group->over = was_over;
    if (outcome > 0 && ret_first != NULL)
        *ret_first = group->first;
    return outcome;
}

static int await_held(struct group_waiter *waiter, struct mag_group_error *ret_first)
{
    int r;

    if (waits_for_itself(waiter))
        return -EDEADLK;
    suspend_own(waiter);
    r = wait_until_over(waiter);
    if (r == MAG_E_FORKED)
        return r;
    resume_own(waiter);
    if (r == 0 && waiter->job == NULL)
        r = outcome_for(waiter, ret_first);
    return r;
}

int mag_group_await(struct mag_group *group, const struct mag_group_job *job,
                    int64_t timeout_ns, struct mag_group_error *ret_first)
{
    struct mag_worker *worker = mag_self_get()->worker;
    struct group_waiter waiter = {
        .group = group,
        .job = job,
        .worker = worker != NULL && worker->sched == group->sched ? worker : NULL,
        .until_ns = timeout_ns < 0 ? INT64_MAX : mag_os_after_ns(timeout_ns),
    };

    mag_group_lock(group);
    int r = await_held(&waiter, ret_first);
    if (r != MAG_E_FORKED)
        mag_group_unlock(group, &waiter.after);
    return r;
}

int mag_group_wait(struct mag_group *group, int64_t timeout_ns,
                   struct mag_group_error *ret_first)
{
    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    return mag_group_await(group, NULL, timeout_ns, ret_first);
}

int mag_group_notify(struct mag_group *group, struct mag_group_notice *notice)
{
    struct mag_group_after after = {.hires = 0};

    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    mag_group_lock(group);
    notice->next = group->notices;
    group->notices = notice;
    if (mag_group_is_over(group))
        mag_group_tell(group, &after);
    mag_group_unlock(group, &after);
    return 0;
}

/* -------------------------------------------------------- errors, cancellation */

int mag_group_take_error(struct mag_group *group, struct mag_group_error *ret_error)
{
    struct mag_group_after after = {.hires = 0};

    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    mag_group_lock(group);
    struct mag_group_entry *entry = group->errors.first;
    if (entry != NULL) {
        mag_group_queue_unlink(&group->errors, entry);
        group->kept--;
        *ret_error = (struct mag_group_error){.arg = entry->arg, .error = entry->error};
        entry->next = NULL;
        after.spent = entry;
    }
    mag_group_unlock(group, &after);
    return entry != NULL ? 0 : -ENOENT;
}

int mag_group_cancel(struct mag_group *group)
{
    struct mag_group_after after = {.hires = 0};

    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    mag_group_lock(group);
    mag_group_renew(group, &after);
    group->canceled = true;
    mag_group_close(group, -ECANCELED, &after);
    mag_group_unlock(group, &after);
    return 0;
}

bool mag_group_is_canceled(struct mag_group *group)
{
    /* relaxed: a value of the moment. */
    return atomic_load_explicit(&group->closed, memory_order_relaxed) != 0;
}
