/*
 * invoke.h - calling a few different functions in parallel.
 *
 *     #include <magpie/invoke.h>
 *
 *     struct report {
 *         long sales;
 *         long returns;
 *     };
 *
 *     static int add_sales(struct report *report)
 *     {
 *         report->sales = 7;
 *         return 0;
 *     }
 *
 *     static int add_returns(struct report *report)
 *     {
 *         report->returns = 2;
 *         return 0;
 *     }
 *
 *     MAG_INVOKE(make, struct report *, report, add_sales, add_returns)
 *
 *     int main(void)
 *     {
 *         struct report report = {0, 0};
 *
 *         // From any thread; NULL: the default scheduler.  Waits for both.
 *         if (make_invoke(NULL, &report) != 0)
 *             return 1;
 *         return report.sales - report.returns == 5 ? 0 : 1;
 *     }
 *
 * The model.  The functions have one argument in common, and are called once each.  It is
 * a loop (loop.h) over them: the calling thread calls the first one, the second one and
 * so on, and other workers begin with the last ones.  If nobody is free to help, they are
 * called one after the other, in their order.
 *
 * Functions that call themselves again, or that have results and arguments of their own,
 * are better forked: MAG_FORKABLE in fork.h.  Functions that wait for each other need
 * threads of their own: team.h.
 *
 * Errors.  A function returns 0.  Any other value ends the loop early, as in loop.h: of
 * several that fail, the one that is listed first counts; those before it have all
 * returned 0; those behind it may not have been called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_INVOKE_H
#define MAGPIE_INVOKE_H

#include <magpie/detail/invoke.h>
#include <magpie/loop.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_INVOKE(name, type, arg, function1, function2, ...) makes one function of two or
 * more, which are declared before, as `int function(type arg)`.  It declares
 *
 *   int name_invoke(struct mag_sched *sched, type arg)
 *   int name_invoke_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                        struct mag_range *ret_failed, type arg)
 *   int name_invoke_in(mag_fork w, type arg)
 *
 * which are mag_for, mag_for_with and mag_for_in over the numbers of the functions, from
 * 0: they run on the same threads and return the same errors.  The `grain` of the options
 * is ignored.
 */
#define MAG_INVOKE(name, type, arg, ...)                                         \
    MAG_CHECK_TYPE(name,                                                         \
                   "functions that are invoked together have an argument: give " \
                   "its type",                                                   \
                   type)                                                         \
    MAG_INVOKE_DECLARE(name, type, arg, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
