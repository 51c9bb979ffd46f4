/*
 * sorter.h - one call of a sort, and the two sorts of more than one thread.  Private to
 * sched/.
 *
 * Ownership: a sorter is immutable while the sort runs.  An item belongs to the function
 * that was given its segment, and to the children to which that hands parts of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SORT_SORTER_H
#define SCHED_SORT_SORTER_H

#include <magpie/sort.h>

struct mag_sorter {
    const struct mag_sort_call *call;
    size_t size;  /* of an item */
    size_t leaf;  /* so many items are sorted by one thread */
    size_t share; /* segments of more items are divided by several threads */
    char *scratch;
};

/* Whether `*a` comes before `*b`. */
static inline bool mag_sorter_less(const struct mag_sorter *sorter, const char *a,
                                   const char *b)
{
    return sorter->call->kind->before(a, b, sorter->call->order);
}

/* Exchanges what is at two places that do not overlap. */
void mag_sorter_exchange(char *a, char *b, size_t bytes);

/*
 * The order or the leaf of a program may end the thread that calls it.  What that thread
 * was to sort is not sorted then.
 *
 * Sorts all items in place.  False: a thread has ended.
 */
bool mag_sorter_quick(mag_fork w, const struct mag_sorter *sorter);

/* Divides the items of a segment, at least one, by several threads, as mag_sort_divide.
 * MAG_SORTER_LOST: a thread has ended. */
#define MAG_SORTER_LOST SIZE_MAX
size_t mag_sorter_divide(mag_fork w, const struct mag_sorter *sorter,
                         const struct mag_sort_segment *segment, const char *pivot,
                         bool equal);

/* Sorts all items, stable.  False: a thread has ended. */
bool mag_sorter_merge(mag_fork w, const struct mag_sorter *sorter);

/* Sorts them if they are a run, rising or falling.  False: they are none, and were left
 * as they are. */
bool mag_sorter_run(mag_fork w, const struct mag_sorter *sorter);

#endif
