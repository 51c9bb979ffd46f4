/*
 * sort_items.h - the leaves of a sort: what one thread does with items that lie together.
 *
 * Every function here is inlined into a function that MAG_SORT makes for a type and an
 * order (detail/sort.h).  There the kit is a constant: the size of an item, and the
 * comparison, which is inlined as well.  So the compiler sees moves of plain values, and
 * no call.
 *
 * An item may be anywhere that is aligned for its type.  Functions move whole items only.
 * They never read or write beyond their items, not even if the comparison contradicts
 * itself.
 *
 * Sources
 *   mag_sort_halve         L. Bergdoll, O. Peters: Branchless Lomuto Partitioning, 2023
 *   mag_sort_halve_stable  I. van den Hoven: fluxsort, 2021
 *   mag_sort_join          L. Bergdoll: bidirectional merge, sort-research-rs, 2022
 *   the limit of levels    D. Musser: Introspective Sorting and Selection, 1997
 *   equal items            O. Peters: Pattern-defeating Quicksort, arXiv 2106.05123
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SORT_ITEMS_H
#define MAGPIE_DETAIL_SORT_ITEMS_H

#include <magpie/detail/base.h>
#include <string.h>

/* Unlike MAG_INLINE no symbol: other languages call mag_sort_run. */
#ifdef __cplusplus
#    define MAG_SORT_INLINE \
        inline __attribute__((visibility("hidden"), always_inline, unused))
#else
#    define MAG_SORT_INLINE static inline __attribute__((always_inline, unused))
#endif

MAG_EXTERN_C_BEGIN

/* Whether `*a` comes before `*b`. */
typedef bool (*mag_sort_before)(const void *a, const void *b, const void *order);

/* What the functions below need to know of a type and an order. */
struct mag_sort_kit {
    size_t size; /* of an item */
    mag_sort_before before;
    const void *order; /* the last argument of `before` */
    char *one;         /* room for an item */
    char *pivot;       /* room for another */
    char *few;         /* room for MAG_SORT_ROOM items */
};

enum {
    /* Items of at most so many bytes are moved without asking whether they must be. */
    MAG_SORT_LIGHT = 64,
    /* So many items are sorted without dividing them. */
    MAG_SORT_FEW = 20,
    MAG_SORT_FEW_HEAVY = 12,
    /* From so many items on, samples show whether they are nearly sorted. */
    MAG_SORT_SAMPLED = 128,
    /* Samples along many items, and how many of them may contradict an order. */
    MAG_SORT_SAMPLES = 32,
    MAG_SORT_CHANGES = 6,
    /* What a merge takes from one side at once, if the other side has nothing between. */
    MAG_SORT_BLOCK = 8,
    /* How many segments wait at most: each is at least as large as all later ones. */
    MAG_SORT_WAITING = 64
};

/* For how many items `few` must have room. */
#define MAG_SORT_ROOM(size) ((size) <= MAG_SORT_LIGHT ? MAG_SORT_FEW + 8 : 1)

MAG_SORT_INLINE bool mag_sort_less(const char *a, const char *b,
                                   const struct mag_sort_kit *kit)
{
    return kit->before(a, b, kit->order);
}

/* Copies an item, perhaps onto itself, as the compiler copies a struct. */
MAG_SORT_INLINE void mag_sort_copy(char *to, const char *from,
                                   const struct mag_sort_kit *kit)
{
    memcpy(to, from, kit->size);
}

MAG_SORT_INLINE void mag_sort_swap(char *a, char *b, const struct mag_sort_kit *kit)
{
    mag_sort_copy(kit->one, a, kit);
    mag_sort_copy(a, b, kit);
    mag_sort_copy(b, kit->one, kit);
}

/* `size` or 0, without a branch. */
MAG_SORT_INLINE size_t mag_sort_if(bool which, size_t size)
{
    return MAG_CAST(size_t, which) * size;
}

/* `yes` or `no`, both in the same array, without a branch. */
MAG_SORT_INLINE char *mag_sort_pick(bool which, char *yes, char *no)
{
    return no + ((yes - no) & -MAG_CAST(ptrdiff_t, which));
}

/* Of at least one. */
MAG_SORT_INLINE unsigned mag_sort_log2(uint64_t count)
{
    return 63U - MAG_CAST(unsigned, __builtin_clzll(count));
}

/* Whether each item comes after its predecessor or ties with it; or, if `falling`, comes
 * before its predecessor. */
MAG_SORT_INLINE bool mag_sort_is_run(const char *items, size_t count, bool falling,
                                     const struct mag_sort_kit *kit)
{
    for (size_t i = 1; i < count; i++, items += kit->size) {
        if (mag_sort_less(items + kit->size, items, kit) != falling)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ a few items */

/* Moves the last item to its place among the others, which are sorted.  Returns how many
 * made room for it. */
MAG_SORT_INLINE size_t mag_sort_insert(char *items, size_t count,
                                       const struct mag_sort_kit *kit)
{
    char *last = items + (count - 1) * kit->size;
    char *at = last;

    if (!mag_sort_less(at, at - kit->size, kit))
        return 0;
    mag_sort_copy(kit->one, at, kit);
    do {
        mag_sort_copy(at, at - kit->size, kit);
        at -= kit->size;
    } while (at != items && mag_sort_less(kit->one, at - kit->size, kit));
    mag_sort_copy(at, kit->one, kit);
    return MAG_CAST(size_t, last - at) / kit->size;
}

/* Sorts items that are nearly in order.  False: too many are not; they may be in another
 * order now.  Stable. */
MAG_SORT_INLINE bool mag_sort_settle(char *items, size_t count,
                                     const struct mag_sort_kit *kit)
{
    size_t moved = 0;

    for (size_t i = 2; i <= count; i++) {
        moved += mag_sort_insert(items, i, kit);
        if (moved > 4 * count)
            return false;
    }
    return true;
}

/* Sorts four items into `to`, which is elsewhere. */
MAG_SORT_INLINE void mag_sort_four(char *items, char *to, const struct mag_sort_kit *kit)
{
    size_t size = kit->size;
    bool first = mag_sort_less(items + size, items, kit);
    bool second = mag_sort_less(items + 3 * size, items + 2 * size, kit);
    char *a = items + mag_sort_if(first, size); /* a before b, c before d */
    char *b = items + mag_sort_if(!first, size);
    char *c = items + 2 * size + mag_sort_if(second, size);
    char *d = items + 2 * size + mag_sort_if(!second, size);
    bool third = mag_sort_less(c, a, kit);
    bool fourth = mag_sort_less(d, b, kit);
    char *low = mag_sort_pick(third, a, mag_sort_pick(fourth, c, b));
    char *high = mag_sort_pick(fourth, d, mag_sort_pick(third, b, c));
    bool fifth = mag_sort_less(high, low, kit);

    mag_sort_copy(to, mag_sort_pick(third, c, a), kit);
    mag_sort_copy(to + size, mag_sort_pick(fifth, high, low), kit);
    mag_sort_copy(to + 2 * size, mag_sort_pick(fifth, low, high), kit);
    mag_sort_copy(to + 3 * size, mag_sort_pick(fourth, b, d), kit);
}

/* Merges the sorted halves of `count` items into `to`, from both ends at a time.  If the
 * count is odd, the second half is the larger one. */
MAG_SORT_INLINE void mag_sort_join(char *items, size_t count, char *to,
                                   const struct mag_sort_kit *kit)
{
    size_t size = kit->size;
    char *a = items;
    char *b = items + count / 2 * size;
    char *a_last = b - size;
    char *b_last = items + (count - 1) * size;
    char *to_last = to + (count - 1) * size;

    for (size_t i = 0; i < count / 2; i++) {
        bool first = mag_sort_less(b, a, kit);
        bool last = mag_sort_less(b_last, a_last, kit);

        mag_sort_copy(to, mag_sort_pick(first, b, a), kit);
        mag_sort_copy(to_last, mag_sort_pick(last, a_last, b_last), kit);
        a += mag_sort_if(!first, size);
        b += mag_sort_if(first, size);
        a_last -= mag_sort_if(last, size);
        b_last -= mag_sort_if(!last, size);
        to += size;
        to_last -= size;
    }
    if (count % 2 != 0)
        mag_sort_copy(to, a <= a_last ? a : b, kit);
}

/* Sorts eight items into `to`; `spare` has room for as many. */
MAG_SORT_INLINE void mag_sort_eight(char *items, char *spare, char *to,
                                    const struct mag_sort_kit *kit)
{
    mag_sort_four(items, spare, kit);
    mag_sort_four(items + 4 * kit->size, spare + 4 * kit->size, kit);
    mag_sort_join(spare, 8, to, kit);
}

/* Sorts the first items of a part of a few into `to`, and says how many. */
MAG_SORT_INLINE size_t mag_sort_begin(char *items, size_t count, char *to,
                                      const struct mag_sort_kit *kit)
{
    if (count >= 8) {
        mag_sort_eight(items, kit->few + MAG_SORT_FEW * kit->size, to, kit);
        return 8;
    }
    if (count >= 4) {
        mag_sort_four(items, to, kit);
        return 4;
    }
    mag_sort_copy(to, items, kit);
    return 1;
}

/* Sorts a part of a few items, at least one, into `to`. */
MAG_SORT_INLINE void mag_sort_part_of_few(char *items, size_t count, char *to,
                                          const struct mag_sort_kit *kit)
{
    for (size_t i = mag_sort_begin(items, count, to, kit); i < count; i++) {
        mag_sort_copy(to + i * kit->size, items + i * kit->size, kit);
        (void)mag_sort_insert(to, i + 1, kit);
    }
}

/* How many items are a few. */
MAG_SORT_INLINE size_t mag_sort_few(const struct mag_sort_kit *kit)
{
    return kit->size <= MAG_SORT_LIGHT ? MAG_SORT_FEW : MAG_SORT_FEW_HEAVY;
}

/* Sorts at most that many.  Stable. */
MAG_SORT_INLINE void mag_sort_a_few(char *items, size_t count,
                                    const struct mag_sort_kit *kit)
{
    size_t half = count / 2;

    if (kit->size > MAG_SORT_LIGHT || count < 4) {
        for (size_t i = 2; i <= count; i++)
            (void)mag_sort_insert(items, i, kit);
        return;
    }
    mag_sort_part_of_few(items, half, kit->few, kit);
    mag_sort_part_of_few(items + half * kit->size, count - half,
                         kit->few + half * kit->size, kit);
    mag_sort_join(kit->few, count, items, kit);
}

/* ----------------------------------------------------------------------- heaps */

/* Moves the item at `root` down, to its place in a heap of `count` items. */
MAG_SORT_INLINE void mag_sort_sink(char *items, size_t root, size_t count,
                                   const struct mag_sort_kit *kit)
{
    size_t size = kit->size;

    mag_sort_copy(kit->one, items + root * size, kit);
    for (;;) {
        size_t child = 2 * root + 1;

        if (child >= count)
            break;
        if (child + 1 < count &&
            mag_sort_less(items + child * size, items + (child + 1) * size, kit))
            child++;
        if (!mag_sort_less(kit->one, items + child * size, kit))
            break;
        mag_sort_copy(items + root * size, items + child * size, kit);
        root = child;
    }
    mag_sort_copy(items + root * size, kit->one, kit);
}

/* Sorts in place, in a time that no input makes worse.  Not stable. */
MAG_SORT_INLINE void mag_sort_heap(char *items, size_t count,
                                   const struct mag_sort_kit *kit)
{
    for (size_t i = count / 2; i > 0; i--)
        mag_sort_sink(items, i - 1, count, kit);
    for (size_t left = count; left > 1; left--) {
        mag_sort_swap(items, items + (left - 1) * kit->size, kit);
        mag_sort_sink(items, 0, left - 1, kit);
    }
}

/* --------------------------------------------------------------------- dividing */

/* Whether an item belongs to the first part: it comes before the pivot; or, if `equal`,
 * the pivot does not come before it. */
MAG_SORT_INLINE bool mag_sort_is_low(const char *item, const char *pivot, bool equal,
                                     const struct mag_sort_kit *kit)
{
    return equal ? !mag_sort_less(pivot, item, kit) : mag_sort_less(item, pivot, kit);
}

/* Whether samples say that nearly all items are on their side of the pivot, if that is
 * the middle. */
MAG_SORT_INLINE bool mag_sort_is_calm(const char *items, size_t count, const char *pivot,
                                      const struct mag_sort_kit *kit)
{
    size_t step = count / 16 * kit->size;
    unsigned wrong = 0;

    for (size_t i = 0; i < 7; i++) {
        wrong += !mag_sort_less(items + i * step, pivot, kit);
        wrong += mag_sort_less(items + (15 - i) * step, pivot, kit);
    }
    return wrong <= 1;
}

/* Whether samples along many items rise nearly always. */
MAG_SORT_INLINE bool mag_sort_is_rising(const char *items, size_t count,
                                        const struct mag_sort_kit *kit)
{
    size_t step = count / MAG_SORT_SAMPLES * kit->size;
    unsigned falls = 0;

    items += count / MAG_SORT_SAMPLES / 3 * kit->size;
    for (size_t i = 1; i < MAG_SORT_SAMPLES; i++)
        falls += mag_sort_less(items + i * step, items + (i - 1) * step, kit);
    return falls <= MAG_SORT_CHANGES;
}

/* Whether samples along many items change their side of the pivot a few times only. */
MAG_SORT_INLINE bool mag_sort_is_even(const char *items, size_t count, const char *pivot,
                                      const struct mag_sort_kit *kit)
{
    size_t step = count / MAG_SORT_SAMPLES * kit->size;
    unsigned changes = 0;
    bool last;

    items += count / MAG_SORT_SAMPLES / 3 * kit->size;
    last = mag_sort_less(items, pivot, kit);
    for (size_t i = 1; i < MAG_SORT_SAMPLES; i++) {
        bool is_low = mag_sort_less(items + i * step, pivot, kit);

        changes += is_low != last;
        last = is_low;
    }
    return changes <= MAG_SORT_CHANGES;
}

/* Divides the items: those of the first part come first.  Returns how many these are.
 * Branches are cheap where nearly all items are in place. */
MAG_SORT_INLINE size_t mag_sort_halve_calm(char *items, size_t count, const char *pivot,
                                           bool equal, const struct mag_sort_kit *kit)
{
    size_t size = kit->size;
    char *low = items;
    char *high = items + count * size;

    /* A comparison that is no order may call one item low and then not low: then `low`
     * passes `high` by one item. */
    for (;;) {
        while (low < high && mag_sort_is_low(low, pivot, equal, kit))
            low += size;
        do {
            if (low >= high)
                return MAG_CAST(size_t, low - items) / size;
            high -= size;
        } while (!mag_sort_is_low(high, pivot, equal, kit));
        mag_sort_swap(low, high, kit);
        low += size;
    }
}

/* The same without branches.  One item is out of the array; its place is the gap, which
 * each step moves on. */
MAG_SORT_INLINE size_t mag_sort_halve(char *items, size_t count, const char *pivot,
                                      bool equal, const struct mag_sort_kit *kit)
{
    size_t size = kit->size;
    char *low = items;
    char *gap = items;
    const char *end = items + count * size;

    mag_sort_copy(kit->one, items, kit);
    for (char *item = items + size; item != end; item += size) {
        bool is_low = mag_sort_is_low(item, pivot, equal, kit);

        mag_sort_copy(gap, low, kit);
        mag_sort_copy(low, item, kit);
        gap = item;
        low += mag_sort_if(is_low, size);
    }
    mag_sort_copy(gap, low, kit);
    mag_sort_copy(low, kit->one, kit);
    low += mag_sort_if(mag_sort_is_low(kit->one, pivot, equal, kit), size);
    return MAG_CAST(size_t, low - items) / size;
}

/* The same, and both parts keep their order.  `scratch` has room for all. */
MAG_SORT_INLINE size_t mag_sort_halve_stable(char *items, char *scratch, size_t count,
                                             bool equal, const struct mag_sort_kit *kit)
{
    size_t size = kit->size;
    char *low = items;
    char *high = scratch;
    const char *end = items + count * size;

    for (const char *item = items; item != end; item += size) {
        bool is_low = mag_sort_is_low(item, kit->pivot, equal, kit);

        mag_sort_copy(high, item, kit);
        mag_sort_copy(low, item, kit);
        low += mag_sort_if(is_low, size);
        high += mag_sort_if(!is_low, size);
    }
    memcpy(low, scratch, MAG_CAST(size_t, high - scratch));
    return MAG_CAST(size_t, low - items) / size;
}

/* Any division of at least one item. */
MAG_SORT_INLINE size_t mag_sort_divide(char *items, size_t count, const char *pivot,
                                       bool equal, const struct mag_sort_kit *kit)
{
    bool calm = kit->size > MAG_SORT_LIGHT ||
                (count >= MAG_SORT_SAMPLED && mag_sort_is_even(items, count, pivot, kit));

    mag_sort_copy(kit->pivot, pivot, kit);
    /* With a constant each loop has one comparison. */
    if (calm)
        return equal ? mag_sort_halve_calm(items, count, kit->pivot, true, kit)
                     : mag_sort_halve_calm(items, count, kit->pivot, false, kit);
    return equal ? mag_sort_halve(items, count, kit->pivot, true, kit)
                 : mag_sort_halve(items, count, kit->pivot, false, kit);
}

MAG_SORT_INLINE char *mag_sort_median(char *a, char *b, char *c,
                                      const struct mag_sort_kit *kit)
{
    bool ab = mag_sort_less(a, b, kit);
    bool ac = mag_sort_less(a, c, kit);

    if (ab != ac)
        return a;
    return mag_sort_less(b, c, kit) == ab ? b : c;
}

/* A pivot: a median of three, or of three such medians. */
MAG_SORT_INLINE char *mag_sort_pivot(char *items, size_t count,
                                     const struct mag_sort_kit *kit)
{
    size_t eighth = count / 8 * kit->size;
    char *middle = items + count / 2 * kit->size;

    if (count < MAG_SORT_SAMPLED)
        return mag_sort_median(items + eighth, middle, items + 7 * eighth, kit);
    return mag_sort_median(
        mag_sort_median(items, items + eighth, items + 2 * eighth, kit),
        mag_sort_median(items + 3 * eighth, middle, items + 5 * eighth, kit),
        mag_sort_median(items + 6 * eighth, items + 7 * eighth,
                        items + (count - 1) * kit->size, kit),
        kit);
}

MAG_EXTERN_C_END

#endif
