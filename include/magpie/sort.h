/*
 * sort.h - sorting an array in parallel.
 *
 *     #include <magpie/sort.h>
 *     #include <string.h>
 *
 *     struct city {
 *         const char *name;
 *         long people;
 *     };
 *
 *     MAG_SORT(by_people, struct city, void)
 *     static bool by_people(const struct city *a, const struct city *b)
 *     {
 *         return a->people > b->people; // the larger one comes first
 *     }
 *
 *     int main(void)
 *     {
 *         struct city cities[] = {{"Lyon", 522}, {"Graz", 292}, {"Porto", 249}};
 *
 *         cities[1].people = 1000;
 *         // From any thread; NULL: the default scheduler.
 *         if (by_people_sort(NULL, cities, 3) != 0)
 *             return 1;
 *         return strcmp(cities[0].name, "Graz") == 0 ? 0 : 1;
 *     }
 *
 * The model.  You write a function that tells whether one item comes before another.
 * MAG_SORT compiles it into the sort, so that comparing two numbers is an instruction and
 * not a call.  There are two sorts:
 *
 *   name_sort          in place, without any memory.  Equal items come out in any order.
 *   name_sort_stable   equal items keep their order.  Needs room for a second array.
 *
 * The function must be an order: no item comes before itself; if `a` comes before `b`,
 * then `b` does not come before `a`; if `a` comes before `b` and `b` before `c`, then `a`
 * comes before `c`; and if neither of two items comes before the other, the same items
 * come before both.  `a <= b` is no order.  Neither is `a < b` on floating point numbers
 * with NaNs among them.  If the function is no order, the sort still ends and touches
 * nothing outside the array, but its result is in no order, and items may be lost and
 * others be there twice.
 *
 * The function is called on several threads at a time.  It must not throw or longjmp.  If
 * it ends its thread, by pthread_exit or at a cancellation point, and that is not the
 * thread that called the sort, the sort returns -EOWNERDEAD: the array is in no order
 * then, and items may be lost.
 *
 * An item is any type that can be copied byte by byte.  Large items are moved often:
 * sort an array of pointers, or of indices, if they have more than about 100 bytes.
 *
 * Short arrays.  An array of at most MAG_SORT_ALONE items is sorted by the calling thread
 * alone, without any scheduler.
 *
 * Time.  No input takes more than O(n log n) comparisons.  An array that is sorted
 * already, or the wrong way round, takes n; one that is nearly sorted takes less than
 * half of the time that a random one takes, and about half in a stable sort; few
 * different values take less.
 *
 * docs/design/sort.md has the algorithms, their sources and their price.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SORT_H
#define MAGPIE_SORT_H

#include <magpie/detail/sort.h>
#include <magpie/fork.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* Arrays of so many items are sorted by one thread. */
#define MAG_SORT_ALONE 4096

/*
 * MAG_SORT(name, type, type1, arg1, ...) makes sorts of an order on items of a type.  The
 * order may have up to eight arguments of its own, as pairs of type and name; for one
 * without write MAG_SORT(name, type, void).  It declares
 *
 *   static bool name(const type *a, const type *b, type1 arg1, ...);
 *                                              you write it: does *a come before *b?
 *   int name_sort(struct mag_sched *sched, type *items, size_t count,
 *                 type1 arg1, ...)
 *   int name_sort_stable(struct mag_sched *sched, type *items, size_t count,
 *                        type1 arg1, ...)
 *   int name_sort_with(struct mag_sched *sched, const struct name_sort_options *options,
 *                      type *items, size_t count, type1 arg1, ...)
 *   int name_sort_in(mag_fork w, const struct name_sort_options *options,
 *                    type *items, size_t count, type1 arg1, ...)
 *
 * name_sort_in is name_sort_with inside a function that forks (fork.h), with its `w`; its
 * options may be NULL.  The options are
 *
 *   struct name_sort_options {
 *       bool stable;     // equal items keep their order
 *       type *scratch;   // for a stable sort: room for `count` items.  NULL: allocated
 *       void (*leaf)(type *items, size_t count); // sorts parts of the array.  NULL: ours
 *       size_t leaf_count; // of at most so many items each.  0: chosen
 *   };
 *
 * Give a leaf sorter if you have a faster one for short arrays, such as one that uses
 * vector instructions.  It must sort by the same order, and be stable if `stable` is set.
 * It is called on several threads at a time.
 *
 *   sched      NULL: that of the calling worker; on any other thread the default
 *              scheduler
 *   Thread     any; name_sort_in: a worker, with its own `w`.  Waiting is no cancellation
 *              point
 *   Blocks     until the array is sorted
 *   Allocates  a stable sort without `scratch`, the size of the array; until it returns
 *   Returns    0; -EOWNERDEAD the order or the leaf sorter has ended a thread, see above.
 *              Otherwise the array is as it was: -ENOMEM; -ESHUTDOWN the scheduler is
 *              stopping; MAG_E_FORKED it belongs to the parent process; with NULL also an
 *              error of mag_sched_default.  The last three only for more than
 *              MAG_SORT_ALONE items, and not by name_sort_in
 */
#define MAG_SORT(name, type, ...)                                      \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                 \
    MAG_CHECK_TYPE(name,                                               \
                   "name the type of the items of " #name " in place " \
                   "of void",                                          \
                   type)                                               \
    MAG_SORT_DECLARE(name, type, __VA_ARGS__)

/*
 * What the functions above are built on, for other languages.
 *
 *   Returns    as name_sort_with
 */
MAG_API MAG_MUST_CHECK int mag_sort_run(struct mag_sched *sched,
                                        const struct mag_sort_call *call);
MAG_API MAG_MUST_CHECK int mag_sort_run_in(mag_fork w, const struct mag_sort_call *call);

MAG_EXTERN_C_END

#endif
