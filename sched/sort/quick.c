/*
 * quick.c - the sort in place: segments are divided around a pivot, and the two parts are
 * sorted at the same time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/sort/sorter.h"

/* A median of this many items and less is one of three; of more, one of three medians. */
enum { MEDIAN_OF_THREE = 512 };

/* Bytes that are exchanged at a time. */
enum { EXCHANGE = 256 };

void mag_sorter_exchange(char *a, char *b, size_t bytes)
{
    char kept[EXCHANGE];

    if (a == b)
        return;
    for (size_t done = 0; done < bytes; done += EXCHANGE) {
        size_t part = bytes - done < EXCHANGE ? bytes - done : EXCHANGE;

        memcpy(kept, a + done, part);
        memcpy(a + done, b + done, part);
        memcpy(b + done, kept, part);
    }
}

static char *median_of(const struct mag_sorter *sorter, char *a, char *b, char *c)
{
    bool ab = mag_sorter_less(sorter, a, b);

    if (ab != mag_sorter_less(sorter, a, c))
        return a;
    return mag_sorter_less(sorter, b, c) == ab ? b : c;
}

/* An item near the median: the more items, the nearer.  The samples lie around the middle
 * as in a mirror, so that the median of a sorted segment is its middle.  log(count)
 * deep. */
/* NOLINTNEXTLINE(misc-no-recursion): see above. */
static char *median(const struct mag_sorter *sorter, char *items, size_t count)
{
    size_t eighth = count / 8;
    char *first = items + eighth * sorter->size;
    char *middle = items + count / 2 * sorter->size;
    char *last = items + 7 * eighth * sorter->size;

    if (count <= MEDIAN_OF_THREE)
        return median_of(sorter, first, middle, last);
    return median_of(sorter, median(sorter, items, eighth),
                     median(sorter, middle - eighth / 2 * sorter->size, eighth),
                     median(sorter, last, eighth));
}

static void sort_leaf(const struct mag_sorter *sorter,
                      const struct mag_sort_segment *segment)
{
    const struct mag_sort_call *call = sorter->call;

    if (call->leaf != NULL && segment->count <= sorter->leaf)
        call->leaf(segment->items, segment->count, call->order);
    else
        call->kind->sort(segment->items, segment->count, call->order);
}

/* Divides what follows the pivot, which is the first item.  MAG_SORTER_LOST: as
 * mag_sorter_divide. */
static size_t divide_segment(mag_fork w, const struct mag_sorter *sorter,
                             const struct mag_sort_segment *segment, bool equal)
{
    const struct mag_sort_call *call = sorter->call;
    struct mag_sort_segment rest = *segment;

    rest.items += sorter->size;
    rest.count--;
    if (segment->count > sorter->share)
        return mag_sorter_divide(w, sorter, &rest, segment->items, equal);
    return call->kind->divide(rest.items, rest.count, segment->items, equal, call->order);
}

/* A child that ends its thread returns false, as all that is returned then is zero. */
MAG_FORKABLE(bool, sort_segment, const struct mag_sorter *, sorter,
             struct mag_sort_segment, segment)

/* Sorts the parts of a segment that is divided: the pivot is at index `low`. */
/* NOLINTNEXTLINE(misc-no-recursion): see sort_segment. */
static bool sort_parts(mag_fork w, const struct mag_sorter *sorter,
                       struct mag_sort_segment segment, size_t low, bool equal)
{
    struct mag_sort_segment behind = segment;

    behind.items += (low + 1) * sorter->size;
    behind.count -= low + 1;
    behind.first = false;
    if (equal)
        return sort_segment(w, sorter, behind);
    segment.count = low;
    struct sort_segment_child child = sort_segment_fork(&w, sorter, behind);
    bool first = sort_segment(w, sorter, segment);
    return sort_segment_join(&w, child) && first;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most `levels` deep. */
static bool sort_segment(mag_fork w, const struct mag_sorter *sorter,
                         struct mag_sort_segment segment)
{
    if (segment.count <= sorter->leaf || segment.levels == 0) {
        sort_leaf(sorter, &segment);
        return true;
    }
    segment.levels--;

    char *items = segment.items;
    char *pivot = median(sorter, items, segment.count);
    bool equal = !segment.first && !mag_sorter_less(sorter, items - sorter->size, pivot);

    mag_sorter_exchange(items, pivot, sorter->size);
    size_t low = divide_segment(w, sorter, &segment, equal);
    if (MAG_UNLIKELY(low == MAG_SORTER_LOST))
        return false;
    mag_sorter_exchange(items, items + low * sorter->size, sorter->size);
    return sort_parts(w, sorter, segment, low, equal);
}

bool mag_sorter_quick(mag_fork w, const struct mag_sorter *sorter)
{
    const struct mag_sort_call *call = sorter->call;

    return sort_segment(w, sorter, mag_sort_whole(call->items, call->count));
}
