/*
 * find.h - the first index that fits, searched on all cores.
 *
 *     #include <magpie/find.h>
 *
 *     MAG_FIND(is_negative, const double *, values)
 *
 *     static bool is_negative(size_t index, const double *values)
 *     {
 *         return values[index] < 0;
 *     }
 *
 *     int main(void)
 *     {
 *         static double values[100000];
 *         size_t index;
 *
 *         values[4321] = values[7654] = -1;
 *         // From any thread; NULL: the default scheduler.
 *         if (is_negative_find(NULL, &index, 0, 100000, values) != 0)
 *             return 1;
 *         return index == 4321 ? 0 : 1; // 100000: there is none
 *     }
 *
 * The model.  A search is a loop (loop.h) that ends early.  It calls the question for
 * indices until it knows the smallest one that fits: it has called it for all smaller
 * ones.  It may have called it for larger ones in vain.  The calling thread begins with
 * the first index, so that a search that finds something soon is as fast as a plain loop;
 * other workers search the later indices, and stop as soon as an earlier one fits.
 *
 * Does any index fit, do all, does none?  Search for one that fits, or for one that does
 * not, and look whether the result is the end.
 *
 * Grains, stops, nesting, exceptions: as in loop.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FIND_H
#define MAGPIE_FIND_H

#include <magpie/detail/find.h>
#include <magpie/loop.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_FIND(name, type1, arg1, ...) makes a search of a question with arguments of its
 * own.  It takes up to eight pairs of type and argument, as MAG_LOOP does; for a question
 * without arguments write MAG_FIND(name, void).  It declares
 *
 *   static bool name(size_t index, type1 arg1, ...);
 *                            you write this function: whether the index fits
 *   int name_find(struct mag_sched *sched, size_t *ret_index, size_t begin, size_t end,
 *                 type1 arg1, ...)
 *   int name_find_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                      size_t *ret_index, size_t begin, size_t end, type1 arg1, ...)
 *   int name_find_in(mag_fork w, size_t *ret_index, size_t begin, size_t end,
 *                    type1 arg1, ...)
 *
 * which are mag_find, mag_find_with and mag_find_in for this question.
 */
#define MAG_FIND(name, ...)            \
    MAG_CHECK_PAIRS(name, __VA_ARGS__) \
    MAG_FIND_DECLARE(name, __VA_ARGS__)

/* ----------------------------------------------------------------- the untyped form */

/* Searches a range: returns the first index that fits, or range.end. */
typedef size_t (*mag_find_body)(struct mag_range range, uint32_t slot, void *arg);

/*
 * Searches the indices from `begin` to `end` - 1 for the first one that fits.
 *
 *   ret_index  is set to that index, or to `end` if none fits; on success only
 *   Thread     as mag_for
 *   Blocks     until all calls have returned
 *   Returns    as mag_for.  It is 0 whether or not an index fits
 */
MAG_API MAG_MUST_CHECK int mag_find(struct mag_sched *sched, size_t *ret_index,
                                    size_t begin, size_t end, mag_find_body body,
                                    void *arg);

/*
 * As mag_find, with the options of mag_for_with; NULL: as mag_find.
 *
 *   Returns    as mag_for_with.  It may be 0 though the search was stopped: then it had
 *              found something before
 */
MAG_API MAG_MUST_CHECK int mag_find_with(struct mag_sched *sched,
                                         const struct mag_for_options *options,
                                         size_t *ret_index, size_t begin, size_t end,
                                         mag_find_body body, void *arg);

/*
 * As mag_find_with, inside a function that forks (fork.h), with its `w`.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    as mag_find_with, but no error of a scheduler
 */
MAG_API MAG_MUST_CHECK int mag_find_in(mag_fork w, const struct mag_for_options *options,
                                       size_t *ret_index, size_t begin, size_t end,
                                       mag_find_body body, void *arg);

MAG_EXTERN_C_END

#endif
