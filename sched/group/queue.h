/*
 * queue.h - the jobs of a group that wait: a list, whose first job is the next one, and
 * behind it a heap for jobs that have a key.  Private to sched/group/.
 *
 * The heap is a leftist tree (C. A. Crane, Linear lists and priority queues as balanced
 * binary trees, 1972; D. E. Knuth, The Art of Computer Programming 3, 5.2.3): every node
 * comes before its children, and the path to the right is the shortest way down.  So two
 * heaps are merged along their right paths, of at most log2(n) nodes, and a node in the
 * middle is replaced by its merged children.  Unlike a pairing heap, no single removal
 * takes long, which matters under a short lock.
 *
 * The group's lock protects all of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_GROUP_QUEUE_H
#define SCHED_GROUP_QUEUE_H

#include "sched/group/entry.h"

#include <stddef.h>

struct mag_group_queue {
    struct mag_group_entry *first;
    struct mag_group_entry *last;
    struct mag_group_entry *root; /* of the heap */
};

/* queue.c - the heap; `number` orders jobs of the same key. */
void mag_group_heap_add(struct mag_group_queue *queue, struct mag_group_entry *entry);
void mag_group_heap_remove(struct mag_group_queue *queue, struct mag_group_entry *entry);

/* Appends a chain that is linked by `next`, from `first` to `last`. */
static inline void mag_group_queue_append(struct mag_group_queue *queue,
                                          struct mag_group_entry *first,
                                          struct mag_group_entry *last)
{
    last->next = NULL;
    first->before = queue->last;
    if (queue->last != NULL)
        queue->last->next = first;
    else
        queue->first = first;
    queue->last = last;
}

static inline void mag_group_queue_push_front(struct mag_group_queue *queue,
                                              struct mag_group_entry *entry)
{
    entry->before = NULL;
    entry->next = queue->first;
    if (queue->first != NULL)
        queue->first->before = entry;
    else
        queue->last = entry;
    queue->first = entry;
}

static inline void mag_group_queue_unlink(struct mag_group_queue *queue,
                                          struct mag_group_entry *entry)
{
    if (entry->next != NULL)
        entry->next->before = entry->before;
    else
        queue->last = entry->before;
    if (entry->before != NULL)
        entry->before->next = entry->next;
    else
        queue->first = entry->next;
}

/* Takes a job out, wherever it waits. */
static inline void mag_group_queue_remove(struct mag_group_queue *queue,
                                          struct mag_group_entry *entry)
{
    if (entry->rank != 0)
        mag_group_heap_remove(queue, entry);
    else
        mag_group_queue_unlink(queue, entry);
}

/* The job that begins next; NULL: none waits. */
static inline struct mag_group_entry *
mag_group_queue_next(const struct mag_group_queue *queue)
{
    return queue->first != NULL ? queue->first : queue->root;
}

#endif
