/*
 * sort_tidy.h - items that are nearly sorted, of which a few lie far from their places.
 *
 * Those few, the strays, are taken out and sorted.  The others move together, and each
 * stray is put where it belongs among them.  If the others were sorted, all is sorted
 * then.  If not, what remains to be done is little, mostly, and mag_sort_settle does it
 * or finds out that it is much.
 *
 * Which items are strays is guessed.  The items are cut into blocks; between two blocks
 * stands a guard, the median of three neighbours.  An item that belongs before the guard
 * in front of its block, or behind the one at its end, is a stray.  A bad guess costs
 * time and nothing else.  Guards rise: one that falls is no guard.
 *
 * As sort_items.h says, every function is inlined.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SORT_TIDY_H
#define MAGPIE_DETAIL_SORT_TIDY_H

#include <magpie/detail/sort_items.h>

MAG_EXTERN_C_BEGIN

enum {
    /* Items between two guards. */
    MAG_SORT_BLOCK_GUARDED = 64,
    /* One of so many items may be a stray.  More are not worth it: they are sorted by
     * insertion, whose time is the square of their number. */
    MAG_SORT_STRAY_OF = 16,
    MAG_SORT_STRAYS = 512,
    MAG_SORT_STRAY_BYTES = 4096
};

struct mag_sort_strays {
    char items[MAG_SORT_STRAY_BYTES] __attribute__((aligned(64)));
    uint16_t at[MAG_SORT_STRAYS]; /* where each was found */
    size_t count;
    size_t most;
};

/* For how many strays of `count` items there is room.  0: there is no room for those of
 * so many items. */
MAG_SORT_INLINE size_t mag_sort_stray_room(size_t count, const struct mag_sort_kit *kit)
{
    size_t fit = MAG_SORT_STRAY_BYTES / kit->size;
    size_t most = count / MAG_SORT_STRAY_OF;

    if (fit > MAG_SORT_STRAYS)
        fit = MAG_SORT_STRAYS;
    return most <= fit ? most : 0;
}

/* The median of an item and its two neighbours. */
MAG_SORT_INLINE const char *mag_sort_guard(const char *at, const struct mag_sort_kit *kit)
{
    const char *before = at - kit->size;
    const char *behind = at + kit->size;
    bool is_least = mag_sort_less(at, before, kit);

    if (is_least == mag_sort_less(behind, at, kit))
        return at;
    return mag_sort_less(behind, before, kit) == is_least ? behind : before;
}

/* Whether an item does not belong between two guards, of which each may be NULL. */
MAG_SORT_INLINE bool mag_sort_is_stray(const char *item, const char *first,
                                       const char *last, const struct mag_sort_kit *kit)
{
    return (first != MAG_NULL && mag_sort_less(item, first, kit)) ||
           (last != MAG_NULL && mag_sort_less(last, item, kit));
}

/* The guard at the end of a block, or NULL: the block is the last one, or the guard comes
 * before the one in front of it, `first`, so that one of the two is a stray itself. */
MAG_SORT_INLINE const char *mag_sort_last_guard(const char *block, size_t left,
                                                const char *first,
                                                const struct mag_sort_kit *kit)
{
    const char *last;

    if (left <= MAG_SORT_BLOCK_GUARDED + 1)
        return MAG_NULL;
    last = mag_sort_guard(block + MAG_SORT_BLOCK_GUARDED * kit->size, kit);
    return first != MAG_NULL && mag_sort_less(last, first, kit) ? MAG_NULL : last;
}

/* Copies the strays of all blocks.  False: they are too many. */
MAG_SORT_INLINE bool mag_sort_find_strays(const char *items, size_t count,
                                          struct mag_sort_strays *strays,
                                          const struct mag_sort_kit *kit)
{
    const char *first = MAG_NULL;
    const char *last = MAG_NULL;
    const char *item = items;

    for (size_t i = 0; i < count; i++, item += kit->size) {
        if (i % MAG_SORT_BLOCK_GUARDED == 0) {
            first = last != MAG_NULL ? last : first;
            last = mag_sort_last_guard(item, count - i, first, kit);
        }
        if (!mag_sort_is_stray(item, first, last, kit))
            continue;
        if (strays->count == strays->most)
            return false;
        mag_sort_copy(strays->items + strays->count * kit->size, item, kit);
        strays->at[strays->count++] = MAG_CAST(uint16_t, i);
    }
    return true;
}

/* Closes the gaps that the strays leave, the first ones first. */
MAG_SORT_INLINE void mag_sort_close_gaps(char *items, size_t count,
                                         const struct mag_sort_strays *strays,
                                         const struct mag_sort_kit *kit)
{
    for (size_t i = 0; i < strays->count; i++) {
        size_t begin = strays->at[i] + MAG_CAST(size_t, 1);
        size_t end = i + 1 < strays->count ? strays->at[i + 1] : count;

        memmove(items + (begin - i - 1) * kit->size, items + begin * kit->size,
                (end - begin) * kit->size);
    }
}

/* How many of some sorted items come before another one, or tie with it. */
MAG_SORT_INLINE size_t mag_sort_count_before(const char *items, size_t count,
                                             const char *item,
                                             const struct mag_sort_kit *kit)
{
    const char *low = items;

    /* Without branches: nobody could guess them. */
    for (size_t half = count / 2; count > 1; count -= half, half = count / 2)
        low += mag_sort_if(!mag_sort_less(item, low + (half - 1) * kit->size, kit),
                           half * kit->size);
    if (count == 1)
        low += mag_sort_if(!mag_sort_less(item, low, kit), kit->size);
    return MAG_CAST(size_t, low - items) / kit->size;
}

/* Puts the strays, which are sorted, among the others, the last one first. */
MAG_SORT_INLINE void mag_sort_put_strays(char *items, size_t count,
                                         const struct mag_sort_strays *strays,
                                         const struct mag_sort_kit *kit)
{
    size_t left = count - strays->count;

    for (size_t i = strays->count; i > 0; i--) {
        const char *stray = strays->items + (i - 1) * kit->size;
        size_t at = mag_sort_count_before(items, left, stray, kit);

        memmove(items + (at + i) * kit->size, items + at * kit->size,
                (left - at) * kit->size);
        mag_sort_copy(items + (at + i - 1) * kit->size, stray, kit);
        left = at;
    }
}

/* Takes out the strays and puts them where they belong.  False: nothing was done, because
 * the items are too many, or the strays are.  Not stable. */
MAG_SORT_INLINE bool mag_sort_tidy(char *items, size_t count,
                                   struct mag_sort_strays *strays,
                                   const struct mag_sort_kit *kit)
{
    strays->most = mag_sort_stray_room(count, kit);
    strays->count = 0;
    if (strays->most == 0 || !mag_sort_find_strays(items, count, strays, kit))
        return false;
    for (size_t i = 2; i <= strays->count; i++)
        (void)mag_sort_insert(strays->items, i, kit);
    mag_sort_close_gaps(items, count, strays, kit);
    mag_sort_put_strays(items, count, strays, kit);
    return true;
}

MAG_EXTERN_C_END

#endif
