/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/group.h"
#include "sched/kind.h"
#include "sched/post/post.h"
#include "sched/worker/next.h"
#include "sched/worker/seen.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>

static struct mag_group_runner *runner_of(struct mag_job *job)
{
    return (struct mag_group_runner *)(void *)job;
}

/* By a worker whose work is traced or watched. */
static MAG_COLD int call_seen(struct mag_worker *worker, struct mag_group_entry *entry)
{
    struct mag_job_description what = {.function = (void (*)(void))entry->function};
    bool traced = mag_seen_begin(worker, &what);
    int result = entry->function(entry->arg);

    mag_seen_end(worker, traced);
    return result;
}

int mag_group_call(struct mag_group_frame *frame)
{
    struct mag_group_entry *entry = frame->entry;
    struct mag_worker *worker = mag_self_get()->worker;

    frame->outer = mag_self_get()->groups;
    mag_self_get()->groups = frame;
    int result = worker != NULL && MAG_UNLIKELY(mag_sched_is_seen(worker->sched))
                     ? call_seen(worker, entry)
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
    mag_worker_look_out_next(worker);
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

/* The thread ends in the middle of this job: it has failed, and its runner goes on
 * elsewhere. */
static void end_frame(struct mag_group_frame *frame)
{
    struct mag_group_after after = {.hires = 0};

    mag_group_lock(frame->group);
    mag_group_end(frame, -EOWNERDEAD, &after);
    if (frame->runner != NULL) {
        end_turn(frame->runner, &after);
        return;
    }
    mag_group_hire(frame->group, &after);
    mag_group_unlock(frame->group, &after);
}

void mag_group_end_frames(struct mag_sched *sched)
{
    struct mag_group_frame **link = &mag_self_get()->groups;

    /* The frames belong to functions that never return, but nothing has overwritten them
     * yet. */
    while (*link != NULL) {
        struct mag_group_frame *frame = *link;

        if (frame->group->sched == sched) {
            *link = frame->outer;
            end_frame(frame);
        } else {
            link = &frame->outer;
        }
    }
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
    const char *name =
        ((const struct mag_group_runner *)(const void *)job)->group->config.name;

    ret_description->name = name != NULL ? name : "group";
}

static struct mag_job_kind runner_kind = {.run = mag_group_run,
                                          .dropped = drop_runner,
                                          .ended = mag_group_end_frames,
                                          .describe = describe_runner};

static __attribute__((constructor(101))) void add_runner_kind(void)
{
    mag_job_kind_add(&runner_kind);
}
