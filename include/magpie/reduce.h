/*
 * reduce.h - reductions: a sum, a minimum, a histogram of an array, on all cores.
 *
 *     #include <magpie/reduce.h>
 *
 *     MAG_REDUCE(sum, double, const double *, values)
 *
 *     // The leaf: adds the values with these indices.
 *     static int sum(struct mag_range range, uint32_t slot, double *total,
 *                    const double *values)
 *     {
 *         (void)slot;
 *         for (size_t i = range.begin; i < range.end; i++)
 *             *total += values[i];
 *         return 0;
 *     }
 *
 *     // The combine: puts the total of later indices behind that of earlier ones.
 *     static void sum_combine(double *total, const double *later)
 *     {
 *         *total += *later;
 *     }
 *
 *     int main(void)
 *     {
 *         static double values[100000] = {1, 2, 3};
 *         double total = 0; // what a sum of nothing is
 *
 *         // From any thread; NULL: the default scheduler.
 *         if (sum_reduce(NULL, &total, 0, 100000, values) != 0)
 *             return 1;
 *         return total == 6 ? 0 : 1;
 *     }
 *
 * The model.  A reduction is a loop (loop.h) whose threads each have a value of their
 * own.  A value begins as a copy of `*value`, the neutral value, which stands for no
 * index: 0 for a sum, infinity for a minimum.  The leaf puts range after range into the
 * value of its thread, in the order of the indices.  The combine joins the values of two
 * threads: its first one stands for the indices directly before those of the second one,
 * and stands for both afterwards.
 *
 * So the operation must be associative, but need not be commutative: texts are put
 * together in their order.  A reduction that nobody helps with is a loop with one value,
 * and calls no combine.
 *
 * Values are copied byte by byte, and moved between threads.  The values of a reduction
 * that fails are dropped.  So they should own nothing.
 *
 * Reproducible results.  Sums of floating-point numbers depend on the order of the
 * additions, and which thread gets which range depends on time.  A reduction declared
 * with MAG_REDUCE_FIXED calls leaf and combine in an order that depends on the number of
 * indices alone.  So the result has the same bits for any number of workers, on each run
 * (Demmel and Nguyen, Parallel Reproducible Summation, 2015, compare such methods).
 *
 * Slots, errors, stops, nesting, exceptions: as in loop.h.  The combine cannot fail.
 *
 * docs/design/reduce.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_REDUCE_H
#define MAGPIE_REDUCE_H

#include <magpie/detail/reduce.h>
#include <magpie/loop.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_REDUCE(name, type, type1, arg1, ...) makes a reduction to a value of `type`, of a
 * leaf with arguments of its own.  It takes up to eight pairs of type and argument, as
 * MAG_LOOP does; for a leaf without arguments write MAG_REDUCE(name, type, void).  It
 * declares
 *
 *   static int name(struct mag_range range, uint32_t slot, type *value,
 *                   type1 arg1, ...);
 *   static void name_combine(type *value, const type *later);
 *                                                          you write these two
 *   int name_reduce(struct mag_sched *sched, type *value, size_t begin, size_t end,
 *                   type1 arg1, ...)
 *   int name_reduce_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                        struct mag_range *ret_failed, type *value, size_t begin,
 *                        size_t end, type1 arg1, ...)
 *   int name_reduce_in(mag_fork w, type *value, size_t begin, size_t end,
 *                      type1 arg1, ...)
 *
 * which are mag_reduce, mag_reduce_with and mag_reduce_in for this leaf and combine.
 */
#define MAG_REDUCE(name, type, ...) MAG_REDUCE_CHECKED(name, false, type, __VA_ARGS__)

/*
 * The same, with results that do not depend on the number of workers.
 *
 * The indices are divided into leaves of equal size; the last one may be smaller.  A leaf
 * has MAG_REDUCE_LEAF indices, or as many as make MAG_REDUCE_LEAVES leaves of all, if
 * that is more; or as many as the `grain` of the options says.  Each leaf begins with the
 * neutral value.  Leaves 2i and 2i + 1 are combined, then the pairs 2i and 2i + 1, and so
 * on.  What remains without a partner at the end is combined from the last to the first.
 *
 * If few indices take long, give a grain, as they would otherwise be one leaf.
 */
#define MAG_REDUCE_FIXED(name, type, ...) \
    MAG_REDUCE_CHECKED(name, true, type, __VA_ARGS__)

#define MAG_REDUCE_LEAF   256
#define MAG_REDUCE_LEAVES 4096

/* ----------------------------------------------------------------- the untyped form */

/* A leaf: puts the indices of `range` behind those that `value` stands for, and returns
 * 0; any other value ends the reduction. */
typedef int (*mag_reduce_leaf)(struct mag_range range, uint32_t slot, void *value,
                               void *arg);

/* A combine: puts `later` behind `value`. */
typedef void (*mag_reduce_combine)(void *value, const void *later);

/* A reduction. */
struct mag_reduction {
    mag_reduce_leaf leaf;
    mag_reduce_combine combine;
    size_t size; /* of a value; not 0 */
    bool fixed;  /* results do not depend on the number of workers */
};

/*
 * Reduces the indices from `begin` to `end` - 1.
 *
 *   value      the neutral value.  Is replaced by the result, if that is 0
 *   Thread     as mag_for
 *   Blocks     until all calls have returned
 *   Allocates  values of other threads, beside the fork stacks of workers (Limits in
 *              fork.h)
 *   Returns    as mag_for
 */
MAG_API MAG_MUST_CHECK int mag_reduce(struct mag_sched *sched,
                                      const struct mag_reduction *reduction, void *value,
                                      size_t begin, size_t end, void *arg);

/*
 * As mag_reduce, with the options of mag_for_with.
 *
 *   options     NULL: as mag_reduce
 *   ret_failed  as in mag_for_with
 *   Returns     as mag_for_with
 */
MAG_API MAG_MUST_CHECK int
mag_reduce_with(struct mag_sched *sched, const struct mag_for_options *options,
                struct mag_range *ret_failed, const struct mag_reduction *reduction,
                void *value, size_t begin, size_t end, void *arg);

/*
 * As mag_reduce_with, inside a function that forks (fork.h), with its `w`.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    as mag_reduce_with, but no error of a scheduler
 */
MAG_API MAG_MUST_CHECK int
mag_reduce_in(mag_fork w, const struct mag_for_options *options,
              struct mag_range *ret_failed, const struct mag_reduction *reduction,
              void *value, size_t begin, size_t end, void *arg);

MAG_EXTERN_C_END

#endif
