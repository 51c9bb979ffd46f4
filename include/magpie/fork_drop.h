/*
 * fork_drop.h - leaving a function early: dropping the children that it has forked.
 *
 * <magpie/fork.h> includes this; its text says when it is needed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_DROP_H
#define MAGPIE_FORK_DROP_H

#include <magpie/fork.h>

MAG_EXTERN_C_BEGIN

/* Where a function's children begin. */
struct mag_fork_mark {
    mag_fork w;
    void *block;
};

/*
 * Remembers where a function's children begin: before the first fork.
 *
 *   Thread     a worker, with its own `w`
 */
MAG_API struct mag_fork_mark mag_fork_mark_of(mag_fork w);

/*
 * Drops all children that were forked since the mark and not joined, for a function that
 * ends early: those that nobody took are not called, and the others are waited for.
 * Results are lost.
 *
 *     struct mag_fork_mark mark = mag_fork_mark_of(w);
 *
 *     struct left_child left = left_fork(&w, node);
 *     if (right(w, node) < 0) {
 *         w = mag_fork_drop(&mark);
 *         return -EIO;
 *     }
 *
 * A block that a large child had from the heap is not freed, see Limits.
 *
 *   Thread     the worker that took the mark, in the same function
 *   Blocks     while thieves run children
 *   Returns    the `w` of the mark
 */
MAG_API mag_fork mag_fork_drop(const struct mag_fork_mark *mark);

MAG_EXTERN_C_END

#if defined(__cplusplus) && __cplusplus >= 201103L

/*
 * For a function that forks and may be left by an exception: before its first fork,
 *
 *     mag_fork_guard guard(w);
 *
 * drops the children that are not joined where its scope is left, as mag_fork_drop.
 */
class mag_fork_guard
{
  public:
    explicit mag_fork_guard(mag_fork w) : mark(mag_fork_mark_of(w))
    {
    }
    ~mag_fork_guard()
    {
        (void)mag_fork_drop(&mark);
    }
    mag_fork_guard(const mag_fork_guard &) = delete;
    mag_fork_guard &operator=(const mag_fork_guard &) = delete;

  private:
    struct mag_fork_mark mark;
};

#endif

#endif
