/*
 * Waiting for all tasks means waiting for each in turn.  The thread that completes the
 * awaited task walks on: it passes over the tasks that are complete, and waits for the
 * next one that is not.  So there is one continuation instead of one for each task,
 * nothing is counted, and tasks that complete before the walk reaches them need no
 * registration.  Only one thread walks at a time: registering hands the walk on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

#include <magpie/when.h>

#include <errno.h>

/* How far the walk has come, and what it has seen. */
struct walk {
    mag_vtask *tasks;
    size_t count;
    size_t next; /* all tasks before this one are complete */
    int error;   /* of all tasks so far; 0: success */
    uint64_t detail;
};

struct all {
    struct mag_core core;         /* must be first: the awaited core */
    struct mag_continuation step; /* waits for a source ... */
    struct mag_observer observer; /* ... or for a promise */
    struct walk walk;
};

static struct mag_pooled alls = {.size = sizeof(struct all)};

static void all_recycle(struct mag_core *core)
{
    mag_pooled_give(&alls, core);
}

static const struct mag_core_type all_type = {.recycle = all_recycle};

/* ------------------------------------------------------------------------ the walk */

/* Notes a failure.  The first fault counts; without a fault, the first cancellation. */
static MAG_COLD void note(struct walk *walk, int error, uint64_t detail)
{
    if (walk->error == 0 || (walk->error == -ECANCELED && error != -ECANCELED)) {
        walk->error = error;
        walk->detail = detail;
    }
}

/* Replaces a complete task by its outcome. */
static inline void put_in(struct walk *walk, mag_vtask *task, int r, uint64_t value)
{
    if (MAG_LIKELY(r == 0)) {
        *task = mag_vtask_result(value);
    } else {
        *task = mag_vtask_failed(r, value);
        note(walk, r, value);
    }
}

/* Takes the result in, if it fits into a word.  Trying is the only way to learn the size,
 * so the attempt is not reported as misuse.  A result that is too large stays where it
 * is.  MAG_E_SIZE may also be the outcome of the task; then the task is stale
 * afterwards. */
static MAG_COLD void try_take(struct walk *walk, mag_vtask *task, int status)
{
    uint64_t word = 0;
    uint64_t detail = 0;
    int r = status;

    mag_misuse_hush(true);
    if (status > 0)
        r = mag_vtask_get_value(*task, &word, sizeof(word), &detail);
    if (r != MAG_E_SIZE || mag_vtask_status(*task) < 0)
        put_in(walk, task, r, r == 0 ? word : detail);
    mag_misuse_hush(false);
}

static MAG_COLD bool take_in_slow(struct walk *walk, mag_vtask *task)
{
    int status = mag_vtask_status(*task);

    if (status != MAG_PENDING)
        try_take(walk, task, status);
    return status != MAG_PENDING;
}

/* Takes in a task that a core backs.  False: the task is pending. */
MAG_INLINE_ALWAYS bool take_in_core(struct walk *walk, mag_vtask *task)
{
    struct mag_core *core = mag_object_of(*task);
    uint64_t word;
    uintptr_t slot;

    if (MAG_UNLIKELY(!mag_core_is_clean(core, task->payload, &slot)))
        return take_in_slow(walk, task);
    if (!mag_slot_is_done(slot))
        return false;
    if (MAG_UNLIKELY(core->easy == 0))
        return take_in_slow(walk, task);
    int r = mag_core_consume_easy(core, task->payload, &word);
    put_in(walk, task, r, word);
    return true;
}

/* Looks at a task that may be read more than once.  False: the task is pending. */
static bool look_at(struct walk *walk, mag_vtask task)
{
    uint64_t detail = 0;
    int r = mag_vtask_status(task);

    if (r == MAG_PENDING)
        return false;
    if (r > 0)
        r = mag_vtask_get_value(task, NULL, 0, &detail);
    if (r != 0)
        note(walk, r, detail);
    return true;
}

/* Looks at a task that no core backs. */
static MAG_NOINLINE bool is_other_complete(struct walk *walk, mag_vtask *task)
{
    return mag_is_claim(*task) ? take_in_slow(walk, task) : look_at(walk, *task);
}

/* Looks at any task.  False: the task is pending. */
MAG_INLINE_ALWAYS bool is_complete(struct walk *walk, mag_vtask *task)
{
    if (MAG_LIKELY(mag_vtask_is_core(*task)))
        return take_in_core(walk, task);
    return is_other_complete(walk, task);
}

/* Walks on.  True: all tasks are complete; false: the next one is pending.  Inlined: the
 * walk enters here once for each task. */
MAG_INLINE_ALWAYS bool advance(struct walk *walk)
{
    for (; walk->next < walk->count; walk->next++) {
        if (!is_complete(walk, &walk->tasks[walk->next]))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------ waiting */

/* Somebody else awaits the next task: this is misuse. */
static MAG_COLD void all_refuse(struct walk *walk)
{
    mag_vtask *task = &walk->tasks[walk->next];

    *task = mag_vtask_failed(mag_debug_tell(MAG_E_CONTINUATION, *task), 0);
}

/*
 * Waits for the next task, which a core backs.  True: the wait has begun, and `all` may
 * already belong to another user.  False: the task can be taken in, because it is
 * complete or cannot be awaited.
 */
static bool wait_for_core(struct all *all, struct mag_core *core, uint64_t token)
{
    uintptr_t slot = mag_core_slot(core);

    /* The first comparison is the second test's commonest case, at half the price. */
    if (MAG_LIKELY(slot == mag_slot_biased_here() || mag_slot_is_vacant(slot)) &&
        MAG_LIKELY(mag_core_install(core, token, &slot, &all->step)))
        return true;
    if (mag_slot_is_done(slot))
        mag_core_see_off(core);
    else
        all_refuse(&all->walk);
    return false;
}

static bool all_wait_for(struct all *all)
{
    mag_vtask *place = &all->walk.tasks[all->walk.next];
    mag_vtask task = *place;

    if (MAG_LIKELY(mag_kind_of(task) == MAG_VTASK_CORE))
        return wait_for_core(all, mag_object_of(task), task.payload);
    if (mag_kind_of(task) == MAG_VTASK_PROMISE)
        return mag_promise_observe(mag_promise_of(task), &all->observer);
    int r = mag_vtask_on_completed(task, &all->step, 0);
    if (r < 0)
        *place = mag_vtask_failed(r, 0);
    return r == 0;
}

/* `waited` is the index of the task that was awaited; `count` if there is none.  If that
 * task is still pending, somebody has called back too early (VT-32), and the wait for it
 * goes on. */
static void walk_on(struct all *all, size_t waited)
{
    while (!advance(&all->walk)) {
        if (all->walk.next == waited || all_wait_for(all))
            return;
    }
    mag_core_finish(&all->core, all->walk.error,
                    all->walk.error == 0 ? all->walk.count : all->walk.detail);
}

static void step(struct mag_job *job)
{
    if (job == NULL || job->run != step)
        return;
    struct all *all = (struct all *)(void *)((char *)job - offsetof(struct all, step));

    /* At the end of the walk nothing is awaited any more. */
    if (all->walk.next != all->walk.count)
        walk_on(all, all->walk.next);
}

static void all_notified(struct mag_observer *observer, bool queued)
{
    struct all *all =
        (struct all *)(void *)((char *)observer - offsetof(struct all, observer));

    if (queued)
        all->core.flags |= MAG_CORE_QUEUED;
    walk_on(all, all->walk.count);
}

static mag_vtask outcome_of(const struct walk *walk)
{
    return walk->error == 0 ? mag_vtask_result(walk->count)
                            : mag_vtask_failed(walk->error, walk->detail);
}

int mag_when_all(mag_vtask *tasks, size_t count, mag_vtask *ret_task)
{
    struct walk walk = {.tasks = tasks, .count = count};
    struct all *all;
    void *object;

    if (tasks == NULL && count != 0)
        return mag_misuse_argument(MAG_E_ARG);
    if (advance(&walk)) {
        *ret_task = outcome_of(&walk);
        return 0;
    }
    int r = mag_pooled_take(&alls, &object);
    if (r != 0)
        return r;
    all = object;
    mag_core_prepare(&all->core, &all_type);
    all->step.job.run = step;
    all->observer.notify = all_notified;
    /* The walk continues in any completer.  If a completer queues, the walk continues in
     * this context. */
    mag_continuation_capture(&all->step, 0);
    all->walk = walk;
    *ret_task = mag_core_task(&all->core);
    walk_on(all, count);
    return 0;
}
