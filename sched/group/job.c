/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/wait.h"

#include <errno.h>

/* Refuses what is no job at all, before the lock is taken. */
static int check_job(const struct mag_group *group, struct mag_group_job job)
{
    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    return job.entry == NULL ? -EINVAL : 0;
}

struct mag_group_entry *mag_group_find(struct mag_group *group, struct mag_group_job job)
{
    struct mag_group_entry *entry = job.entry;

    /* relaxed, both: an entry gets this group, and its generation moves on, under this
     * lock.  If another group has it, the first comparison fails. */
    if (atomic_load_explicit(&entry->group, memory_order_relaxed) != group ||
        /* relaxed: as above. */
        atomic_load_explicit(&entry->generation, memory_order_relaxed) != job.generation)
        return NULL;
    return entry;
}

int mag_group_state(struct mag_group *group, struct mag_group_job job)
{
    struct mag_group_after after = {.hires = 0};
    int r = check_job(group, job);

    if (r < 0)
        return r;
    mag_group_lock(group);
    struct mag_group_entry *entry = mag_group_find(group, job);
    r = entry != NULL ? (int)entry->state : (int)MAG_GROUP_ENDED;
    mag_group_unlock(group, &after);
    return r;
}

/* A job that waits.  0; -EBUSY it runs; -ENOENT. */
static int find_waiting(struct mag_group *group, struct mag_group_job job,
                        struct mag_group_entry **ret_entry)
{
    struct mag_group_entry *entry = mag_group_find(group, job);

    if (entry == NULL)
        return -ENOENT;
    *ret_entry = entry;
    return entry->state == MAG_GROUP_WAITING ? 0 : -EBUSY;
}

int mag_group_withdraw(struct mag_group *group, struct mag_group_job job, void **ret_arg)
{
    struct mag_group_after after = {.hires = 0};
    struct mag_group_entry *entry;
    int r = check_job(group, job);

    if (r < 0)
        return r;
    mag_group_lock(group);
    r = find_waiting(group, job, &entry);
    if (r == 0) {
        if (ret_arg != NULL)
            *ret_arg = entry->arg;
        mag_group_drop(group, entry, &after);
    }
    mag_group_unlock(group, &after);
    return r;
}

int mag_group_move_to_front(struct mag_group *group, struct mag_group_job job)
{
    struct mag_group_after after = {.hires = 0};
    struct mag_group_entry *entry;
    int r = check_job(group, job);

    if (r < 0)
        return r;
    mag_group_lock(group);
    r = find_waiting(group, job, &entry);
    if (r == 0) {
        mag_group_queue_remove(&group->queue, entry);
        mag_group_queue_push_front(&group->queue, entry);
    }
    mag_group_unlock(group, &after);
    return r;
}

int mag_group_wait_job(struct mag_group *group, struct mag_group_job job,
                       int64_t timeout_ns)
{
    int r = check_job(group, job);

    return r < 0 ? r : mag_group_await(group, &job, timeout_ns, NULL);
}
