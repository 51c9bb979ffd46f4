/*
 * Waiting for all is waiting for each in turn: whoever completes the task that is waited
 * for walks on over those that are complete and waits for the next one that is not.  So
 * there is one continuation instead of one for each task, nothing is counted, and tasks
 * that were completed out of order are never registered with.  Only one thread walks at a
 * time: the walk is handed on by registering.
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
    size_t next; /* all before it are complete */
    int error;   /* of the whole so far; 0: success */
    uint64_t detail;
};

struct all {
    struct mag_core core;         /* first: what is awaited */
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

/* The first fault counts; before one is seen, the first cancellation. */
static MAG_COLD void note(struct walk *walk, int error, uint64_t detail)
{
    if (walk->error == 0 || (walk->error == -ECANCELED && error != -ECANCELED)) {
        walk->error = error;
        walk->detail = detail;
    }
}

/* What a complete task came to. */
static inline void put_in(struct walk *walk, mag_vtask *task, int r, uint64_t value)
{
    if (MAG_LIKELY(r == 0)) {
        *task = mag_vtask_result(value);
    } else {
        *task = mag_vtask_failed(r, value);
        note(walk, r, value);
    }
}

/* What size a result has is asked by trying: no misuse.  One that is too large stays
 * where it is; MAG_E_SIZE may also be what the task came to, then it is stale. */
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

static MAG_COLD bool take_in_any(struct walk *walk, mag_vtask *task)
{
    int status = mag_vtask_status(*task);

    if (status != MAG_PENDING)
        try_take(walk, task, status);
    return status != MAG_PENDING;
}

/* A task that a core backs.  False: it is pending. */
static inline bool take_in_core(struct walk *walk, mag_vtask *task)
{
    struct mag_core *core = mag_object_of(*task);
    uint64_t word;
    uint64_t detail = 0;

    if (MAG_UNLIKELY(!mag_core_is_ready(core, task->payload) || !mag_core_is_word(core)))
        return take_in_any(walk, task);
    int r = mag_core_consume(core, task->payload, &word, sizeof(word), &detail);
    put_in(walk, task, r, r == 0 ? word : detail);
    return true;
}

/* A task that may be read again.  False: it is pending. */
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

/* False: the task is pending. */
static inline bool is_complete(struct walk *walk, mag_vtask *task)
{
    if (MAG_LIKELY(mag_vtask_is_core(*task)))
        return take_in_core(walk, task);
    return mag_is_claim(*task) ? take_in_any(walk, task) : look_at(walk, *task);
}

/* True: all are complete; false: the next one is pending. */
static bool advance(struct walk *walk)
{
    for (; walk->next < walk->count; walk->next++) {
        if (!is_complete(walk, &walk->tasks[walk->next]))
            return false;
    }
    return true;
}

/* -------------------------------------------------------------------- the waiting */

/* The next task is awaited by another. */
static MAG_COLD void all_refuse(struct walk *walk)
{
    mag_vtask *task = &walk->tasks[walk->next];

    *task = mag_vtask_failed(mag_debug_tell(MAG_E_CONTINUATION, *task), 0);
}

/*
 * Waits for the next task.  True: it is waited for, and `all` may be another's by now;
 * false: it can be taken in, because it is complete or because it cannot be awaited.
 */
static bool wait_for_core(struct all *all, struct mag_core *core, uint64_t token)
{
    uintptr_t slot = mag_core_slot(core);

    if (MAG_LIKELY(mag_slot_is_vacant(slot)) &&
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

/* `waited` is the task that was waited for, if any.  If it is pending still, somebody has
 * called back without reason (VT-32), and it is waited for already. */
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

    /* A walk that has come to its end waits for nothing. */
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
    /* The walk goes on in any completer; where one queues, here. */
    mag_continuation_capture(&all->step, 0);
    all->walk = walk;
    *ret_task = mag_core_task(&all->core);
    walk_on(all, count);
    return 0;
}
