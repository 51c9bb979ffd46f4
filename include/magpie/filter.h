/*
 * filter.h - the items of an array that are to be kept, in their order, on all cores.
 *
 *     #include <magpie/filter.h>
 *
 *     struct person {
 *         long id;
 *         int age;
 *     };
 *
 *     MAG_FILTER(is_older, struct person, int, age)
 *
 *     static bool is_older(const struct person *person, int age)
 *     {
 *         return person->age > age;
 *     }
 *
 *     int main(void)
 *     {
 *         struct person all[] = {{1, 70}, {2, 20}, {3, 40}, {4, 80}};
 *         struct person older[4];
 *         size_t count;
 *
 *         // From any thread; NULL: the default scheduler.
 *         if (is_older_filter(NULL, older, &count, all, 4, 65) != 0)
 *             return 1;
 *         return count == 2 && older[0].id == 1 && older[1].id == 4 ? 0 : 1;
 *     }
 *
 * The model.  A filter is a scan (scan.h) that counts the items to keep: the count before
 * an item is the place where it goes.  So items keep their order, and an array that
 * nobody helps with is filtered in one pass.
 *
 * You write a function that tells whether an item is to be kept.  It may be called twice
 * for an item, on any thread, and must answer the same both times.
 *
 * The arrays must not overlap.  The array of the items that are kept needs room for as
 * many as there will be, at most `count`.
 *
 * Nesting, exceptions: as in loop.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FILTER_H
#define MAGPIE_FILTER_H

#include <magpie/detail/filter.h>
#include <magpie/scan.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_FILTER(name, type, type1, arg1, ...) makes a filter of items of `type`.  The
 * function that chooses them may have arguments of its own: up to eight pairs of type and
 * argument, as MAG_LOOP takes them; for none write MAG_FILTER(name, type, void).  It
 * declares
 *
 *   static bool name(const type *item, type1 arg1, ...);
 *                           you write this function: whether the item is to be kept
 *   int name_filter(struct mag_sched *sched, type *into, size_t *ret_count,
 *                   const type *from, size_t count, type1 arg1, ...)
 *   int name_filter_in(mag_fork w, type *into, size_t *ret_count, const type *from,
 *                      size_t count, type1 arg1, ...)
 *   int name_partition(struct mag_sched *sched, type *into, type *others,
 *                      size_t *ret_count, const type *from, size_t count,
 *                      type1 arg1, ...)
 *   int name_partition_with(struct mag_sched *sched,
 *                           const struct mag_for_options *options, type *into,
 *                           type *others, size_t *ret_count, const type *from,
 *                           size_t count, type1 arg1, ...)
 *   int name_partition_in(mag_fork w, type *into, type *others, size_t *ret_count,
 *                         const type *from, size_t count, type1 arg1, ...)
 *
 * `name_filter` copies the items of `from` that are to be kept to `into`, and tells how
 * many they are.  `name_partition` also copies the others, to `others`, in their order.
 *
 *   ret_count  is set to the number of items in `into`, on success only
 *   Thread     as mag_scan; the forms that end with _in as mag_scan_in
 *   Blocks     until all calls have returned
 *   Allocates  as mag_scan
 *   Returns    as mag_scan; with options as mag_scan_with.  After an error the contents
 *              of the two arrays are unknown
 */
#define MAG_FILTER(name, type, ...)                                                  \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                               \
    MAG_CHECK_TYPE(name, "a filter has items: give their type before the arguments", \
                   type)                                                             \
    MAG_FILTER_DECLARE(name, type, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
