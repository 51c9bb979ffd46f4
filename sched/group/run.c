/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/group.h"
#include "sched/kind.h"
#include "sched/post/post.h"
#include "sched/trace/trace.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>

static struct mag_group_runner *runner_of(struct mag_job *job)
{
    return (struct mag_group_runner *)(void *)job;
}

static MAG_COLD int call_traced(const struct mag_group_entry *entry)
{
    struct mag_worker *worker = mag_self_get()->worker;

    mag_trace_begin(worker->sched, worker->index, (uintptr_t)entry->function, NULL);
    int result = entry->function(entry->arg);
    worker = mag_self_get()->worker;
    /* In the child of a fork() the thread is no worker any more. */
    if (worker != NULL)
        mag_trace_end(worker->sched, worker->index);
    return result;
}

int mag_group_call(struct mag_group_frame *frame)
{
    const struct mag_group_entry *entry = frame->entry;

    frame->outer = mag_self_get()->groups;
    mag_self_get()->groups = frame;
    int result = MAG_UNLIKELY(mag_sched_is_traced(frame->group->sched))
                     ? call_traced(entry)
                     : entry->function(entry->arg);
    mag_self_get()->groups = frame->outer;
    return result;
}

/* Begins the next job for a runner.  False: none can begin. */
static bool begin_next(struct mag_group_frame *frame)
{
    struct mag_group *group = frame->group;

    if (!mag_group_may_begin(group, false) ||
        mag_sched_phase(group->sched) == MAG_PHASE_ENDING)
        return false;
    mag_group_begin(frame, mag_group_queue_next(&group->queue));
    return true;
}

bool mag_group_retire(struct mag_group_runner *runner)
{
    struct mag_group *group = runner->group;

    runner->next = group->home;
    group->home = runner;
    return --group->away == 0 && group->doomed;
}

/* Posts the runner again.  It goes behind the jobs that wait on this worker, which looks
 * for jobs from outside before it comes back; with a priority, behind those of the
 * same. */
static void go_behind(struct mag_sched *sched, struct mag_group_runner *runner,
                      uint32_t level)
{
    struct mag_worker *worker = mag_self_get()->worker;

    if (level != MAG_LEVEL_USUAL) {
        mag_sched_post_level_again(worker, &runner->job, level);
        return;
    }
    worker->tick = MAG_SCHED_FAIR_TICKS;
    mag_sched_post_held(sched, &runner->job);
}

/* Under the lock, which it releases: the runner has had its turn. */
static void end_turn(struct mag_group_runner *runner, struct mag_group_after *after)
{
    struct mag_group *group = runner->group;
    struct mag_sched *sched = group->sched;
    uint32_t level = group->level;
    bool goes_on = mag_group_may_begin(group, false);
    bool is_last = !goes_on && mag_group_retire(runner);

    group->posted += goes_on;
    mag_group_unlock(group, after);
    if (goes_on)
        go_behind(sched, runner, level);
    else if (is_last)
        mag_group_free(group);
}

void mag_group_run(struct mag_job *job)
{
    struct mag_group_runner *runner = runner_of(job);
    struct mag_group *group = runner->group;
    struct mag_group_frame frame = {.group = group, .runner = runner, .slot = true};
    struct mag_group_after after = {.hires = 0};

    mag_group_lock(group);
    group->posted--;
    for (unsigned i = 0; i < MAG_GROUP_BATCH && begin_next(&frame); i++) {
        mag_group_hire(group, &after);
        mag_group_unlock(group, &after);
        int result = mag_group_call(&frame);
        /* The job has called fork(), and this is the child. */
        if (mag_group_is_inherited(group))
            return;
        mag_fp_keep(mag_self_get()->worker->fp);
        mag_group_lock(group);
        mag_group_end(&frame, result, &after);
    }
    end_turn(runner, &after);
}

/* The thread ends in the middle of jobs of groups: they have failed, and their runners go
 * on elsewhere. */
static void end_groups(struct mag_sched *sched)
{
    struct mag_group_after after = {.hires = 0};
    /* The frames belong to functions that never return, but nothing has overwritten them
     * yet. */
    struct mag_group_frame *frame = mag_self_get()->groups;

    for (; frame != NULL; frame = frame->outer) {
        struct mag_group *group = frame->group;

        if (group->sched != sched)
            continue;
        mag_group_lock(group);
        mag_group_end(frame, -EOWNERDEAD, &after);
        if (frame->runner != NULL)
            end_turn(frame->runner, &after);
        else
            mag_group_unlock(group, &after);
    }
    mag_self_get()->groups = NULL;
}

/* The scheduler is canceled: what waits in the group will not run. */
static void drop_runner(struct mag_job *job, const struct mag_job_stop *stop)
{
    struct mag_group_runner *runner = runner_of(job);
    struct mag_group *group = runner->group;
    struct mag_group_after after = {.hires = 0};

    (void)stop;
    mag_group_lock(group);
    group->posted--;
    if (group->waiting != 0)
        mag_group_close(group, -ESHUTDOWN, &after);
    bool is_last = mag_group_retire(runner);
    mag_group_unlock(group, &after);
    if (is_last)
        mag_group_free(group);
}

static void describe_runner(const struct mag_job *job,
                            struct mag_job_description *ret_description)
{
    const struct mag_group_runner *runner =
        (const struct mag_group_runner *)(const void *)job;

    *ret_description = (struct mag_job_description){.name = runner->group->config.name};
}

static struct mag_job_kind runner_kind = {.run = mag_group_run,
                                          .dropped = drop_runner,
                                          .ended = end_groups,
                                          .describe = describe_runner};

static __attribute__((constructor(101))) void add_runner_kind(void)
{
    mag_job_kind_add(&runner_kind);
}
