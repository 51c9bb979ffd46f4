/*
 * fork.h - fork-join: nested parallelism at about the cost of a call.
 *
 * The model.  A function that forks takes a `mag_fork` as its first argument: the top of
 * the calling worker's fork stack, passed down by value like a stack pointer.  Forking
 * pushes a child, joining pops it; between the two the caller passes the advanced top to
 * whatever it calls.  A child that nobody stole by then is simply called.
 *
 *     MAG_FORKABLE(long, fib, int, n)
 *
 *     static long fib(mag_fork w, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib_child child = fib_fork(&w, n - 1);
 *         long b = fib(w, n - 2);
 *         return fib_join(&w, child) + b;
 *     }
 *
 *     int r = fib_run(sched, &result, 39);       // from any thread
 *
 * The rules.  Children are joined in the reverse order of their forks, by the function
 * that forked them, before it returns; arguments are copied, so pointers among them must
 * stay valid until the join.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_H
#define MAGPIE_FORK_H

#include <magpie/base.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

struct mag_fork_slot;

/* The top of a fork stack: where the next child goes. */
typedef struct mag_fork {
    struct mag_fork_slot *top;
} mag_fork;

/*
 * MAG_FORKABLE(result, name, type1, arg1, ... up to 6 pairs) declares, for a function
 * `static result name(mag_fork w, type1 arg1, ...)` that the user writes:
 *
 *   struct name_child                                   a forked child, by value
 *   struct name_child name_fork(mag_fork *w, type1, ...)   pushes a child
 *   result name_join(mag_fork *w, struct name_child)       pops it, returns its result
 *   int name_run(struct mag_sched *, result *ret, type1, ...)  runs a root from anywhere
 *
 * MAG_FORKABLE_VOID(name, type1, arg1, ...) is the same for a function without result;
 * its `name_run` has no `ret`.
 */

MAG_EXTERN_C_END

#endif
