/*
 * fork_range.h - wide forks: many children of one kind, numbered in a row, in one place
 * of the fork stack.
 *
 *     #include <magpie/default.h>
 *     #include <magpie/fork_range.h>
 *
 *     // A tree of ten children a node; each leaf is worth its number.
 *     MAG_FORKABLE(long, tree, long, first, long, leaves)
 *     MAG_FORKABLE_RANGE(long, branch, long, first, long, leaves)
 *
 *     static long tree(mag_fork w, long first, long leaves)
 *     {
 *         if (leaves == 1)
 *             return first;
 *         struct branch_range range = branch_fork_range(&w, 0, 10, first, leaves / 10);
 *         return branch_join_range(&w, range);
 *     }
 *
 *     // One child of the range.
 *     static long branch(mag_fork w, size_t index, long first, long leaves)
 *     {
 *         return tree(w, first + (long)index * leaves, leaves);
 *     }
 *
 *     // Puts the result of later children behind that of earlier ones.
 *     static void branch_combine(long *sum, const long *later)
 *     {
 *         *sum += *later;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         long sum = 0;
 *
 *         if (mag_sched_default(&sched) != 0 || tree_run(sched, &sum, 0, 1000) != 0)
 *             return 1;
 *         return sum == 499500 ? 0 : 1;
 *     }
 *
 * The model.  A range is one child of fork.h that stands for many: the calls of one
 * function with the indices from `begin` to `end` - 1.  The fork pushes them all at once.
 * The join runs them one after the other, in the order of their indices, until another
 * worker takes all that have not begun.  That worker divides what it has taken in two
 * ranges of its own and begins with the near one; so the next worker finds the far one.
 * A child is not divided further, but may itself fork.
 *
 * So a child costs less than with a fork of its own: a store, a load and a branch that is
 * not taken.  Use a range where a function forks several children of one kind.  For loops
 * over many small items use <magpie/loop.h>, which gives a thread many items at a time.
 *
 * Results.  Each child returns a value, and `name_combine` puts two values together: its
 * first one stands for the indices directly before those of the second one, and stands
 * for both afterwards.  The operation must be associative, but need not be commutative.
 * How often it is called, and for which values, depends on the thieves.  So a sum of
 * floating-point numbers may differ in its last bits from run to run.  The result of an
 * empty range has all bytes zero.
 *
 * The rules are those of fork.h.  The range and other children are joined in the reverse
 * order of their forks, by the function that forked them, before it returns; a handle is
 * joined once.  A function that returns before its joins drops its children, a range as
 * well.  A debug build checks all that.
 *
 * Exceptions and longjmp.  As in fork.h: an exception may pass the function between the
 * fork and the join of a range if it drops its children, which a mag_fork_guard does.  It
 * must not leave a child of the range, nor `name_combine`: that is std::terminate.
 *
 * Threads that end.  If a child ends its thread, the children of that range that the
 * thread has not begun, and that nobody took, are not called.  If the thread had taken
 * its part from another worker, the result of that part has all bytes zero, and is
 * combined like any other.  What `name_run` and joins then return is told in fork.h.
 *
 * Stopping early.  A range runs to its end.  A child that finds that it is not needed, as
 * by mag_scope_canceled, returns at once.
 *
 * Limits.  A range takes 64 bytes of the fork stack, whatever the number of its children:
 * up to SIZE_MAX.  Arguments and result together have MAG_FORK_RANGE_PAYLOAD bytes, so
 * large ones are passed by pointer; what a pointer points to must stay valid until the
 * join.
 *
 * docs/design/wide-forks.md explains the protocol and its proof.  Lazy binary splitting
 * (Tzannes, Caragea, Barua and Vishkin, 2010) divides ranges at the same moment, when a
 * worker is without work; its owner polls for that, where here the thief takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_RANGE_H
#define MAGPIE_FORK_RANGE_H

#include <magpie/detail/fork_range.h>
#include <magpie/fork.h>

MAG_EXTERN_C_BEGIN

/* Bytes of a range's arguments, rounded up to a multiple of 8, and of its result. */
#define MAG_FORK_RANGE_PAYLOAD 32

/*
 * MAG_FORKABLE_RANGE(result, name, type1, arg1, ...) makes a function the child of
 * ranges.  It takes up to eight pairs of type and argument, which are the same for all
 * children of a range; for a function without arguments write
 * MAG_FORKABLE_RANGE(result, name, void).  It declares
 *
 *   static result name(mag_fork w, size_t index, type1 arg1, ...);
 *   static void name_combine(result *value, const result *later);
 *                                                           you write these two
 *   struct name_range                                       the handle of a range
 *   struct name_range name_fork_range(mag_fork *w, size_t begin, size_t end,
 *                                     type1 arg1, ...)      pushes a range
 *   result name_join_range(mag_fork *w, struct name_range range)
 *                                                           pops it: its result
 *
 * If `begin` is not below `end` the range is empty, and nothing is called.
 *
 * MAG_FORKABLE_RANGE_VOID(name, type1, arg1, ...) is the same for a function without
 * result; it has no `name_combine`.
 */
#define MAG_FORKABLE_RANGE(result, name, ...)                                         \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                                \
    MAG_CHECK_TYPE(name,                                                              \
                   "for a function without result use MAG_FORKABLE_RANGE_VOID(" #name \
                   ", ...)",                                                          \
                   result)                                                            \
    MAG_FORK_RANGE_DECLARE(result, name, sizeof(result), __VA_ARGS__)                 \
    MAG_FORK_RANGE_RESULT(result, name, __VA_ARGS__)

#define MAG_FORKABLE_RANGE_VOID(name, ...)             \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                 \
    MAG_FORK_RANGE_DECLARE(void, name, 0, __VA_ARGS__) \
    MAG_FORK_RANGE_NO_RESULT(name, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
