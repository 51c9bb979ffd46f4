/*
 * state.c - what becomes of a group's jobs: they begin, end, fail, are withdrawn.  All
 * under the group's lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "sched/group/group.h"
#include "sched/post/post.h"

#include <errno.h>
#include <limits.h>

/* How many jobs are withdrawn between two releases of the lock. */
enum { SLICE = 64 };

bool mag_group_is_inherited(const struct mag_group *group)
{
    /* relaxed: set before this process had a second thread. */
    return atomic_load_explicit(&group->sched->closed, memory_order_relaxed) ==
           MAG_E_FORKED;
}

static void give_back(struct mag_pool *pool, struct mag_group_entry *entry)
{
    while (entry != NULL) {
        struct mag_group_entry *next = entry->next;

        mag_pool_give(pool, entry);
        entry = next;
    }
}

static void tell_notices(struct mag_group_notice *notice, int outcome)
{
    while (notice != NULL) {
        /* The notice may be gone once its function is called. */
        struct mag_group_notice *next = notice->next;

        notice->function(notice, outcome);
        notice = next;
    }
}

void mag_group_unlock(struct mag_group *group, struct mag_group_after *after)
{
    struct mag_sched *sched = group->sched;
    struct mag_pool *pool = group->pool;
    uint32_t level = group->level;

    /* Once the lock is released, and nobody is hired, the group may be gone. */
    mag_spin_unlock(&group->lock);
    for (uint32_t i = 0; i < after->hires; i++)
        mag_sched_post_level_held(sched, &after->hired[i]->job, level);
    if (after->wake)
        mag_os_wake(&group->turn, INT_MAX);
    give_back(pool, after->spent);
    tell_notices(after->notices, after->outcome);
    *after = (struct mag_group_after){.hires = 0};
}

/* ------------------------------------------------------- who is told, who is hired */

static void wake_sleepers(struct mag_group *group, struct mag_group_after *after)
{
    /* relaxed: under the lock; those who sleep compare it in the kernel. */
    (void)atomic_fetch_add_explicit(&group->turn, 1, memory_order_relaxed);
    group->sleepers = group->helpers = 0;
    group->lenders = group->job_waiters = 0;
    after->wake = true;
}

/* Whether a thread that sleeps could run a job. */
static bool helper_may_begin(const struct mag_group *group)
{
    return group->helpers != 0 && mag_group_may_begin(group, group->lenders != 0);
}

int mag_group_outcome(struct mag_group *group)
{
    group->over = true;
    /* relaxed: written under the lock. */
    if (atomic_load_explicit(&group->closed, memory_order_relaxed) == -ESHUTDOWN)
        return -ESHUTDOWN;
    if (group->canceled)
        return -ECANCELED;
    return group->failed < INT_MAX ? (int)group->failed : INT_MAX;
}

void mag_group_tell(struct mag_group *group, struct mag_group_after *after)
{
    if (group->notices != NULL && mag_group_is_over(group)) {
        after->notices = group->notices;
        after->outcome = mag_group_outcome(group);
        group->notices = NULL;
    }
    if (group->sleepers == 0)
        return;
    if ((group->waiting == 0 && group->running == group->suspended) ||
        group->job_waiters != 0 || helper_may_begin(group))
        wake_sleepers(group, after);
}

void mag_group_hire(struct mag_group *group, struct mag_group_after *after)
{
    if (helper_may_begin(group))
        wake_sleepers(group, after);
    while (group->posted < MAG_GROUP_POSTED && group->home != NULL &&
           group->posted < group->waiting && mag_group_may_begin(group, false) &&
           group->posted < group->config.max_running - group->occupied) {
        struct mag_group_runner *runner = group->home;

        group->home = runner->next;
        group->away++;
        group->posted++;
        after->hired[after->hires++] = runner;
    }
}

/* ------------------------------------------------------------- beginning, ending */

/* The life of the entry is over: its handles no longer fit. */
static void end_life(struct mag_group_entry *entry)
{
    /* relaxed, both: under the lock of the entry's group. */
    uint64_t generation = atomic_load_explicit(&entry->generation, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&entry->generation, generation + 1, memory_order_relaxed);
    entry->state = MAG_GROUP_ENDED;
}

static void spend(struct mag_group_entry *entry, struct mag_group_after *after)
{
    entry->next = after->spent;
    after->spent = entry;
}

void mag_group_begin(struct mag_group_frame *frame, struct mag_group_entry *entry)
{
    struct mag_group *group = frame->group;

    mag_group_queue_remove(&group->queue, entry);
    entry->state = MAG_GROUP_RUNNING;
    frame->entry = entry;
    group->waiting--;
    group->running++;
    group->occupied += frame->slot;
}

static void keep_error(struct mag_group *group, struct mag_group_entry *entry,
                       struct mag_group_after *after)
{
    if (group->failed++ == 0)
        group->first = (struct mag_group_error){.arg = entry->arg, .error = entry->error};
    if (group->kept == group->config.errors_max) {
        spend(entry, after);
        return;
    }
    group->kept++;
    mag_group_queue_append(&group->errors, entry, entry);
}

void mag_group_end(struct mag_group_frame *frame, int result,
                   struct mag_group_after *after)
{
    struct mag_group *group = frame->group;
    struct mag_group_entry *entry = frame->entry;

    end_life(entry);
    if (result == 0) {
        spend(entry, after);
    } else {
        entry->error = result;
        keep_error(group, entry, after);
        if (group->config.cancel_on_error)
            mag_group_close(group, -ECANCELED, after);
    }
    /* Only now, so that nobody who waits for the group misses what the end brings. */
    group->running--;
    group->suspended -= frame->waiter != NULL;
    group->occupied -= frame->slot;
    group->ended++;
    mag_group_tell(group, after);
}

/* --------------------------------------------------------- withdrawing, renewing */

void mag_group_drop(struct mag_group *group, struct mag_group_entry *entry,
                    struct mag_group_after *after)
{
    mag_group_queue_remove(&group->queue, entry);
    end_life(entry);
    spend(entry, after);
    group->waiting--;
    group->withdrawn++;
    mag_group_tell(group, after);
}

/* Takes some jobs out of the queue; they still count as waiting.  They are linked by
 * `next`, the one that would have begun first at the front. */
static uint32_t take_slice(struct mag_group *group, struct mag_group_entry **ret_first)
{
    struct mag_group_entry **link = ret_first;
    uint32_t count = 0;

    while (count < SLICE && mag_group_queue_next(&group->queue) != NULL) {
        struct mag_group_entry *entry = mag_group_queue_next(&group->queue);

        mag_group_queue_remove(&group->queue, entry);
        end_life(entry);
        *link = entry;
        link = &entry->next;
        count++;
    }
    *link = NULL;
    return count;
}

/* Tells the program what was withdrawn. */
static void hand_back(const struct mag_group_config *config,
                      const struct mag_group_entry *entry)
{
    for (; entry != NULL && config->on_withdrawn != NULL; entry = entry->next)
        config->on_withdrawn(entry->arg, config->hook_arg);
}

void mag_group_close(struct mag_group *group, int why, struct mag_group_after *after)
{
    struct mag_group_entry *slice;
    uint32_t count;

    /* relaxed: as in mag_group_may_begin. */
    if (atomic_load_explicit(&group->closed, memory_order_relaxed) == 0) {
        /* relaxed: as above. */
        atomic_store_explicit(&group->closed, why, memory_order_relaxed);
    }
    while ((count = take_slice(group, &slice)) != 0) {
        mag_spin_unlock(&group->lock);
        hand_back(&group->config, slice);
        give_back(group->pool, slice);
        mag_group_lock(group);
        group->waiting -= count;
        group->withdrawn += count;
    }
    mag_group_tell(group, after);
}

void mag_group_renew(struct mag_group *group, struct mag_group_after *after)
{
    if (!group->over)
        return;
    group->over = false;
    group->canceled = false;
    group->failed = 0;
    group->kept = 0;
    /* relaxed: as in mag_group_may_begin. */
    if (atomic_load_explicit(&group->closed, memory_order_relaxed) == -ECANCELED) {
        /* relaxed: as above. */
        atomic_store_explicit(&group->closed, 0, memory_order_relaxed);
    }
    if (group->errors.first != NULL) {
        group->errors.last->next = after->spent;
        after->spent = group->errors.first;
        group->errors = (struct mag_group_queue){.first = NULL};
    }
}
