/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/group.h"
#include "sched/post/post.h"

#include <errno.h>

static int take_entry(struct mag_group *group, int (*function)(void *arg), void *arg,
                      struct mag_group_entry **ret_entry)
{
    void *object;
    int r = function != NULL ? mag_pool_take(group->pool, &object) : -EINVAL;

    if (r < 0)
        return r;
    *ret_entry = object;
    (*ret_entry)->function = function;
    (*ret_entry)->arg = arg;
    return 0;
}

static void give_entries(struct mag_group *group, struct mag_group_entry *entry)
{
    while (entry != NULL) {
        struct mag_group_entry *next = entry->next;

        mag_pool_give(group->pool, entry);
        entry = next;
    }
}

/* Under the lock: a life begins. */
static void begin_life(struct mag_group *group, struct mag_group_entry *entry)
{
    /* relaxed: under the lock. */
    atomic_store_explicit(&entry->group, group, memory_order_relaxed);
    entry->state = MAG_GROUP_WAITING;
    entry->rank = 0;
    entry->number = group->number++;
    group->waiting++;
}

static void group_enqueue(struct mag_group *group, struct mag_group_entry *first,
                          struct mag_group_entry *last)
{
    last->next = NULL;
    if (group->config.order == MAG_GROUP_FIFO) {
        struct mag_group_entry *before = group->queue.last;

        mag_group_queue_append(&group->queue, first, last);
        for (struct mag_group_entry *entry = first; entry != NULL; entry = entry->next) {
            begin_life(group, entry);
            entry->before = before;
            before = entry;
        }
        return;
    }
    while (first != NULL) {
        struct mag_group_entry *next = first->next;

        begin_life(group, first);
        mag_group_heap_add(&group->queue, first);
        first = next;
    }
}

static struct mag_group_job handle_of(struct mag_group_entry *entry)
{
    /* relaxed: a generation changes at the end of a life, and this one begins later. */
    uint64_t generation = atomic_load_explicit(&entry->generation, memory_order_relaxed);

    /* Never 0 in both members, so that a handle of zeroes is nobody's. */
    return (struct mag_group_job){.entry = entry, .generation = generation};
}

static int add_held_chain(struct mag_group *group, struct mag_group_entry *first,
                          struct mag_group_entry *last)
{
    struct mag_group_after after = {.hires = 0};

    mag_group_lock(group);
    mag_group_renew(group, &after);
    /* relaxed: under the lock. */
    int r = atomic_load_explicit(&group->closed, memory_order_relaxed);
    if (r == 0) {
        group_enqueue(group, first, last);
        mag_group_hire(group, &after);
    }
    mag_group_unlock(group, &after);
    return r;
}

/* Adds a chain of entries, or gives them back. */
static int add_chain(struct mag_group *group, struct mag_group_entry *first,
                     struct mag_group_entry *last)
{
    int r = mag_sched_hold(group->sched);

    if (r == 0) {
        r = add_held_chain(group, first, last);
        mag_sched_unhold(group->sched);
    }
    if (r < 0) {
        last->next = NULL;
        give_entries(group, first);
    }
    return r;
}

int mag_group_add(struct mag_group *group, int (*function)(void *arg), void *arg)
{
    struct mag_group_entry *entry;
    int r = take_entry(group, function, arg, &entry);

    if (r < 0)
        return r;
    entry->key = 0;
    return add_chain(group, entry, entry);
}

int mag_group_add_job(struct mag_group *group, int (*function)(void *arg), void *arg,
                      int64_t key, struct mag_group_job *ret_job)
{
    struct mag_group_entry *entry;
    int r = take_entry(group, function, arg, &entry);

    if (r < 0)
        return r;
    entry->key = key;
    struct mag_group_job before = *ret_job;
    *ret_job = handle_of(entry);
    r = add_chain(group, entry, entry);
    if (r < 0)
        *ret_job = before;
    return r;
}

int mag_group_add_all(struct mag_group *group, int (*function)(void *arg), void *args,
                      size_t stride, size_t count)
{
    struct mag_group_entry *first = NULL;
    struct mag_group_entry *last = NULL;

    /* Backwards, so that each is put in front of the others. */
    for (size_t i = count; i-- > 0;) {
        struct mag_group_entry *entry;
        int r = take_entry(group, function, (char *)args + i * stride, &entry);

        if (r < 0) {
            give_entries(group, first);
            return r;
        }
        entry->key = 0;
        entry->next = first;
        first = entry;
        if (last == NULL)
            last = entry;
    }
    return count != 0 ? add_chain(group, first, last) : 0;
}
