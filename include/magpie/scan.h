/*
 * scan.h - scans: running totals of an array, on all cores.
 *
 *     #include <magpie/scan.h>
 *
 *     MAG_SCAN(add_up, long, const long *, in, long *, out)
 *
 *     // The scan: writes the running totals of these indices.
 *     static int add_up(struct mag_range range, uint32_t slot, long *total,
 *                       const long *in, long *out)
 *     {
 *         (void)slot;
 *         for (size_t i = range.begin; i < range.end; i++)
 *             out[i] = *total += in[i];
 *         return 0;
 *     }
 *
 *     // The fold: the same without writing.
 *     static int add_up_fold(struct mag_range range, uint32_t slot, long *total,
 *                            const long *in, long *out)
 *     {
 *         (void)slot;
 *         (void)out;
 *         for (size_t i = range.begin; i < range.end; i++)
 *             *total += in[i];
 *         return 0;
 *     }
 *
 *     // The combine: puts the total of later indices behind that of earlier ones.
 *     static void add_up_combine(long *total, const long *later)
 *     {
 *         *total += *later;
 *     }
 *
 *     int main(void)
 *     {
 *         static long in[100000] = {1, 2, 3}, out[100000];
 *         long total = 0; // what a sum of nothing is
 *
 *         // From any thread; NULL: the default scheduler.
 *         if (add_up_scan(NULL, &total, 0, 100000, in, out) != 0)
 *             return 1;
 *         return out[1] == 3 && out[99999] == 6 && total == 6 ? 0 : 1;
 *     }
 *
 * The model.  A scan is called for each range of indices once, with the total of all
 * indices before the range, and leaves behind the total with the range.  It writes
 * whatever it wants to: the total with an index (an inclusive scan, as above) or before
 * it (an exclusive scan: `out[i] = *total; *total += in[i];`), or the elements to keep,
 * at the place that the total tells.
 *
 * Totals are values as in reduce.h: `*value` is the neutral value before the call, and
 * the total of all indices after it; the combine must be associative, but need not be
 * commutative; values are copied byte by byte, and should own nothing.
 *
 * One pass or two (Blelloch, Prefix Sums and Their Applications, 1990).  The caller scans
 * range after range.  Another thread that helps does not know the total before its
 * ranges: it folds them, and they are scanned later, when the total is known.  So a scan
 * that nobody helps with is a loop, and calls no fold and no combine.  At most the fold
 * is called once for each index, and the scan always.
 *
 * Input and output may be the same array if the scan reads and writes the elements of its
 * own indices only.
 *
 * Slots, errors, stops, nesting, exceptions: as in loop.h.  If a fold fails, the error
 * counts once all indices before its range have been scanned.  The combine cannot fail.
 *
 * docs/design/scan.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SCAN_H
#define MAGPIE_SCAN_H

#include <magpie/detail/scan.h>
#include <magpie/loop.h>
#include <magpie/reduce.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_SCAN(name, type, type1, arg1, ...) makes a scan with totals of `type`, and with
 * arguments of its own.  It takes up to eight pairs of type and argument, as MAG_LOOP
 * does; for a scan without arguments write MAG_SCAN(name, type, void).  It declares
 *
 *   static int name(struct mag_range range, uint32_t slot, type *value,
 *                   type1 arg1, ...);
 *   static int name_fold(struct mag_range range, uint32_t slot, type *value,
 *                        type1 arg1, ...);
 *   static void name_combine(type *value, const type *later);
 *                                                          you write these three
 *   int name_scan(struct mag_sched *sched, type *value, size_t begin, size_t end,
 *                 type1 arg1, ...)
 *   int name_scan_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                      struct mag_range *ret_failed, type *value, size_t begin,
 *                      size_t end, type1 arg1, ...)
 *   int name_scan_in(mag_fork w, type *value, size_t begin, size_t end, type1 arg1, ...)
 *
 * which are mag_scan, mag_scan_with and mag_scan_in for these functions.
 */
#define MAG_SCAN(name, type, ...)                                   \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                              \
    MAG_CHECK_TYPE(name,                                            \
                   "a scan has totals: give their type before the " \
                   "arguments",                                     \
                   type)                                            \
    MAG_SCAN_DECLARE(name, type, __VA_ARGS__)

/* ----------------------------------------------------------------- the untyped form */

/* A scan. */
struct mag_scanner {
    mag_reduce_leaf scan;
    mag_reduce_leaf fold;
    mag_reduce_combine combine;
    size_t size; /* of a value; not 0 */
};

/*
 * Scans the indices from `begin` to `end` - 1.
 *
 *   value      the neutral value.  Is replaced by the total of all, if the result is 0
 *   Thread     as mag_for
 *   Blocks     until all calls have returned
 *   Allocates  values, beside the fork stack of the worker (Limits in fork.h)
 *   Returns    as mag_for
 */
MAG_API MAG_MUST_CHECK int mag_scan(struct mag_sched *sched,
                                    const struct mag_scanner *scanner, void *value,
                                    size_t begin, size_t end, void *arg);

/*
 * As mag_scan, with the options of mag_for_with.
 *
 *   options     NULL: as mag_scan
 *   ret_failed  as in mag_for_with; "has run" means "has been scanned"
 *   Returns     as mag_for_with
 */
MAG_API MAG_MUST_CHECK int mag_scan_with(struct mag_sched *sched,
                                         const struct mag_for_options *options,
                                         struct mag_range *ret_failed,
                                         const struct mag_scanner *scanner, void *value,
                                         size_t begin, size_t end, void *arg);

/*
 * As mag_scan_with, inside a function that forks (fork.h), with its `w`.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    as mag_scan_with, but no error of a scheduler
 */
MAG_API MAG_MUST_CHECK int mag_scan_in(mag_fork w, const struct mag_for_options *options,
                                       struct mag_range *ret_failed,
                                       const struct mag_scanner *scanner, void *value,
                                       size_t begin, size_t end, void *arg);

MAG_EXTERN_C_END

#endif
