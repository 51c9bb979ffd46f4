/*
 * sort_serial.h - whole sorts and merges on one thread, from the leaves of sort_items.h
 * and sort_tidy.h.
 *
 * Both sorts are quicksorts with a list of the segments that wait, so that they need no
 * recursion and can be inlined too.  After twice as many levels as a good division needs,
 * a segment is given to a sort that no input slows down.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SORT_SERIAL_H
#define MAGPIE_DETAIL_SORT_SERIAL_H

#include <magpie/detail/sort_tidy.h>

MAG_EXTERN_C_BEGIN

/* Items that lie together and are to be sorted. */
struct mag_sort_segment {
    char *items;
    size_t count;
    unsigned levels; /* how often it may be divided */
    bool first;      /* else the item before it is a pivot, and none comes before that */
    bool calm;       /* it may be sorted already */
    bool loose;      /* many are not in place, however near they may be */
};

struct mag_sort_waiting {
    struct mag_sort_segment segments[MAG_SORT_WAITING];
    size_t count;
};

MAG_SORT_INLINE struct mag_sort_segment mag_sort_whole(char *items, size_t count)
{
    struct mag_sort_segment whole = {items, count, 2 * mag_sort_log2(count | 1),
                                     true,  false, false};

    return whole;
}

/* Whether the pivot equals the item before the segment, so that nothing comes before
 * it. */
MAG_SORT_INLINE bool mag_sort_is_least(const struct mag_sort_segment *segment,
                                       const char *pivot, const struct mag_sort_kit *kit)
{
    return !segment->first && !mag_sort_less(segment->items - kit->size, pivot, kit);
}

/* Goes on with one part of a segment, while the other waits: what is before index `low`,
 * and what lies behind the pivots, of which `pivots` are between them.  If all that lies
 * before equals the pivot, it is sorted. */
MAG_SORT_INLINE void mag_sort_split(struct mag_sort_segment *segment, size_t low,
                                    size_t pivots, bool equal,
                                    struct mag_sort_waiting *waiting,
                                    const struct mag_sort_kit *kit)
{
    struct mag_sort_segment before = *segment;
    struct mag_sort_segment behind = *segment;

    before.count = low;
    behind.items += (low + pivots) * kit->size;
    behind.count -= low + pivots;
    behind.first = false;
    if (equal) {
        *segment = behind;
    } else if (before.count > behind.count) {
        waiting->segments[waiting->count++] = before;
        *segment = behind;
    } else {
        waiting->segments[waiting->count++] = behind;
        *segment = before;
    }
}

/* Sorts the segment, if it needs no dividing.  `strays` is NULL for a stable sort. */
MAG_SORT_INLINE bool mag_sort_ends(struct mag_sort_segment *segment,
                                   struct mag_sort_strays *strays,
                                   const struct mag_sort_kit *kit)
{
    bool tidied = strays != MAG_NULL && segment->calm && !segment->loose &&
                  mag_sort_tidy(segment->items, segment->count, strays, kit);

    if (tidied || (segment->calm && segment->count <= 2 * MAG_SORT_SAMPLED)) {
        if (mag_sort_settle(segment->items, segment->count, kit))
            return true;
        segment->calm = false;
        segment->loose = true;
    }
    if (segment->count > mag_sort_few(kit))
        return false;
    mag_sort_a_few(segment->items, segment->count, kit);
    return true;
}

/* ---------------------------------------------------------------------- in place */

/* Divides a segment around a pivot. */
MAG_SORT_INLINE void mag_sort_cut(struct mag_sort_segment *segment,
                                  struct mag_sort_waiting *waiting,
                                  const struct mag_sort_kit *kit)
{
    char *items = segment->items;
    char *pivot = mag_sort_pivot(items, segment->count, kit);
    bool equal = mag_sort_is_least(segment, pivot, kit);

    if (segment->count >= MAG_SORT_SAMPLED)
        segment->calm = mag_sort_is_calm(items, segment->count, pivot, kit);
    mag_sort_swap(items, pivot, kit);
    size_t low =
        mag_sort_divide(items + kit->size, segment->count - 1, items, equal, kit);
    mag_sort_swap(items, items + low * kit->size, kit);
    mag_sort_split(segment, low, 1, equal, waiting, kit);
}

/* Sorts in place.  Not stable. */
MAG_SORT_INLINE void mag_sort_quick(char *items, size_t count,
                                    const struct mag_sort_kit *kit)
{
    struct mag_sort_segment segment = mag_sort_whole(items, count);
    struct mag_sort_waiting waiting;
    struct mag_sort_strays strays;

    if (mag_sort_is_run(items, count, false, kit))
        return;
    segment.calm = count >= MAG_SORT_SAMPLED && mag_sort_is_rising(items, count, kit);
    waiting.count = 0;
    for (;;) {
        if (mag_sort_ends(&segment, &strays, kit)) {
            if (waiting.count == 0)
                return;
            segment = waiting.segments[--waiting.count];
        } else if (segment.levels-- == 0) {
            mag_sort_heap(segment.items, segment.count, kit);
            segment.count = 0;
        } else {
            mag_sort_cut(&segment, &waiting, kit);
        }
    }
}

/* ------------------------------------------------------------------------ merging */

/* Two sorted runs, and where they are merged to, which is elsewhere. */
struct mag_sort_runs {
    char *a, *a_end;
    char *b, *b_end;
    char *to, *to_end;
};

/* Takes a block from the front or the back, if the other run has nothing between. */
MAG_SORT_INLINE bool mag_sort_take_block(struct mag_sort_runs *runs,
                                         const struct mag_sort_kit *kit)
{
    size_t last = (MAG_SORT_BLOCK - 1) * kit->size;
    size_t block = MAG_SORT_BLOCK * kit->size;

    if (!mag_sort_less(runs->b, runs->a + last, kit)) {
        memcpy(runs->to, runs->a, block);
        runs->a += block;
        runs->to += block;
    } else if (mag_sort_less(runs->b + last, runs->a, kit)) {
        memcpy(runs->to, runs->b, block);
        runs->b += block;
        runs->to += block;
    } else if (!mag_sort_less(runs->b_end - block, runs->a_end - kit->size, kit)) {
        runs->b_end -= block;
        runs->to_end -= block;
        memcpy(runs->to_end, runs->b_end, block);
    } else if (mag_sort_less(runs->b_end - kit->size, runs->a_end - block, kit)) {
        runs->a_end -= block;
        runs->to_end -= block;
        memcpy(runs->to_end, runs->a_end, block);
    } else {
        return false;
    }
    return true;
}

/* Takes the first of all. */
MAG_SORT_INLINE void mag_sort_take_first(struct mag_sort_runs *runs,
                                         const struct mag_sort_kit *kit)
{
    bool from_b = mag_sort_less(runs->b, runs->a, kit);

    mag_sort_copy(runs->to, mag_sort_pick(from_b, runs->b, runs->a), kit);
    runs->a += mag_sort_if(!from_b, kit->size);
    runs->b += mag_sort_if(from_b, kit->size);
    runs->to += kit->size;
}

/* Takes the last of all. */
MAG_SORT_INLINE void mag_sort_take_last(struct mag_sort_runs *runs,
                                        const struct mag_sort_kit *kit)
{
    bool from_a = mag_sort_less(runs->b_end - kit->size, runs->a_end - kit->size, kit);

    runs->to_end -= kit->size;
    mag_sort_copy(runs->to_end,
                  mag_sort_pick(from_a, runs->a_end, runs->b_end) - kit->size, kit);
    runs->a_end -= mag_sort_if(from_a, kit->size);
    runs->b_end -= mag_sort_if(!from_a, kit->size);
}

/* Whether both runs have two blocks: so many steps need no test. */
MAG_SORT_INLINE bool mag_sort_are_long(const struct mag_sort_runs *runs,
                                       const struct mag_sort_kit *kit)
{
    ptrdiff_t two = MAG_CAST(ptrdiff_t, 2 * MAG_SORT_BLOCK * kit->size);

    return runs->a_end - runs->a >= two && runs->b_end - runs->b >= two;
}

/* Merges two runs.  Stable: of equal items those of `a` come first. */
MAG_SORT_INLINE void mag_sort_merge(struct mag_sort_runs runs,
                                    const struct mag_sort_kit *kit)
{
    while (mag_sort_are_long(&runs, kit)) {
        if (mag_sort_take_block(&runs, kit))
            continue;
        for (int i = 0; i < MAG_SORT_BLOCK; i++) {
            mag_sort_take_first(&runs, kit);
            mag_sort_take_last(&runs, kit);
        }
    }
    while (runs.a != runs.a_end && runs.b != runs.b_end)
        mag_sort_take_first(&runs, kit);
    memcpy(runs.to, runs.a, MAG_CAST(size_t, runs.a_end - runs.a));
    runs.to += runs.a_end - runs.a;
    memcpy(runs.to, runs.b, MAG_CAST(size_t, runs.b_end - runs.b));
}

/* ------------------------------------------------------------------------- stable */

/* Merges runs of `length` items pairwise into `to`. */
MAG_SORT_INLINE void mag_sort_merge_pairs(char *from, char *to, size_t count,
                                          size_t length, const struct mag_sort_kit *kit)
{
    size_t size = kit->size;

    for (size_t at = 0; at < count; at += 2 * length) {
        size_t middle = count - at > length ? at + length : count;
        size_t end = count - middle > length ? middle + length : count;
        struct mag_sort_runs runs = {from + at * size,     from + middle * size,
                                     from + middle * size, from + end * size,
                                     to + at * size,       to + end * size};

        mag_sort_merge(runs, kit);
    }
}

/* Sorts in a time that no input makes worse.  `scratch` has room for all.  Stable. */
MAG_SORT_INLINE void mag_sort_by_merging(char *items, char *scratch, size_t count,
                                         const struct mag_sort_kit *kit)
{
    size_t few = mag_sort_few(kit);

    for (size_t at = 0; at < count; at += few)
        mag_sort_a_few(items + at * kit->size, count - at < few ? count - at : few, kit);
    for (size_t length = few; length < count; length *= 4) {
        mag_sort_merge_pairs(items, scratch, count, length, kit);
        mag_sort_merge_pairs(scratch, items, count, 2 * length, kit);
    }
}

/* Divides a segment into what comes before a pivot and what does not; or, if nothing
 * comes before it, into what equals it and what does not. */
MAG_SORT_INLINE void mag_sort_cut_stable(struct mag_sort_segment *segment, char *scratch,
                                         struct mag_sort_waiting *waiting,
                                         const struct mag_sort_kit *kit)
{
    char *items = segment->items;
    char *pivot = mag_sort_pivot(items, segment->count, kit);
    bool equal = false;

    if (segment->count >= MAG_SORT_SAMPLED)
        segment->calm = mag_sort_is_calm(items, segment->count, pivot, kit);
    mag_sort_copy(kit->pivot, pivot, kit);
    size_t low = mag_sort_halve_stable(items, scratch, segment->count, false, kit);
    if (low == 0) {
        equal = true;
        low = mag_sort_halve_stable(items, scratch, segment->count, true, kit);
    }
    mag_sort_split(segment, low, 0, equal, waiting, kit);
}

/* Sorts in place.  `scratch` has room for all.  Stable. */
MAG_SORT_INLINE void mag_sort_quick_stable(char *items, char *scratch, size_t count,
                                           const struct mag_sort_kit *kit)
{
    struct mag_sort_segment segment = mag_sort_whole(items, count);
    struct mag_sort_waiting waiting;

    if (mag_sort_is_run(items, count, false, kit))
        return;
    waiting.count = 0;
    for (;;) {
        if (mag_sort_ends(&segment, MAG_NULL, kit)) {
            if (waiting.count == 0)
                return;
            segment = waiting.segments[--waiting.count];
        } else if (segment.levels-- == 0) {
            mag_sort_by_merging(segment.items, scratch, segment.count, kit);
            segment.count = 0;
        } else {
            mag_sort_cut_stable(&segment, scratch, &waiting, kit);
        }
    }
}

MAG_EXTERN_C_END

#endif
