/*
 * loop_2d.h - loops over rows and columns, block by block.
 *
 *     #include <magpie/loop_2d.h>
 *
 *     enum { EDGE = 500 };
 *
 *     MAG_LOOP_2D(transpose, const float *, from, float *, to)
 *
 *     static int transpose(struct mag_block block, uint32_t slot, const float *from,
 *                          float *to)
 *     {
 *         (void)slot;
 *         for (size_t row = block.rows.begin; row < block.rows.end; row++)
 *             for (size_t column = block.columns.begin; column < block.columns.end;
 *                  column++)
 *                 to[column * EDGE + row] = from[row * EDGE + column];
 *         return 0;
 *     }
 *
 *     int main(void)
 *     {
 *         static float from[EDGE * EDGE] = {0, 1, 2};
 *         static float to[EDGE * EDGE];
 *
 *         // From any thread; NULL: the default scheduler.
 *         if (transpose_for(NULL, EDGE, EDGE, from, to) != 0)
 *             return 1;
 *         return to[2 * EDGE] == 2 ? 0 : 1;
 *     }
 *
 * The model.  A loop calls a body for blocks, until each pair of a row and a column was
 * in exactly one block.  A block has as many rows as columns, about, so that what its
 * rows share and what its columns share stay in the cache together.
 *
 * All else is as in <magpie/loop.h>, where an index stands for a pair: blocks are offered
 * to other workers and taken back, their size is found by time or given, slots, errors,
 * stops, nesting.  On one worker the blocks come in this order: the whole is cut in two
 * across its longer edge, what has the smaller rows or columns comes first, and so on
 * with each half.  An error ends the loop as a serial loop in that order would end.
 *
 * docs/design/loops.md explains how indices become blocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_LOOP_2D_H
#define MAGPIE_LOOP_2D_H

#include <magpie/detail/loop_2d.h>
#include <magpie/loop.h>

MAG_EXTERN_C_BEGIN

/*
 * Calls `body` for blocks of `whole`.  A whole without rows or columns calls nothing.
 *
 *   sched      NULL: that of the calling worker; on any other thread the default
 *              scheduler
 *   options    NULL: the usual.  The grain is the number of pairs in a block, at most
 *   Thread     any; mag_for_2d_in: a worker, with its own `w`.  Waiting is no
 *              cancellation point
 *   Blocks     until all calls have returned
 *   Returns    as mag_for_with; -EINVAL also if there are more than SIZE_MAX pairs
 */
MAG_API MAG_MUST_CHECK int mag_for_2d(struct mag_sched *sched,
                                      const struct mag_for_options *options,
                                      struct mag_block whole, mag_for_block_body body,
                                      void *arg);
MAG_API MAG_MUST_CHECK int mag_for_2d_in(mag_fork w,
                                         const struct mag_for_options *options,
                                         struct mag_block whole, mag_for_block_body body,
                                         void *arg);

/*
 * MAG_LOOP_2D(name, type1, arg1, ...) makes a function a body with arguments of its own,
 * as MAG_LOOP does.  It declares
 *
 *   static int name(struct mag_block block, uint32_t slot, type1 arg1, ...);
 *                                                               you write this body
 *   int name_for(struct mag_sched *sched, size_t rows, size_t columns, type1 arg1, ...)
 *   int name_for_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                     struct mag_block whole, type1 arg1, ...)
 *   int name_for_in(mag_fork w, const struct mag_for_options *options,
 *                   struct mag_block whole, type1 arg1, ...)
 *
 * which are mag_for_2d and mag_for_2d_in for this body.
 */
#define MAG_LOOP_2D(name, ...)         \
    MAG_CHECK_PAIRS(name, __VA_ARGS__) \
    MAG_LOOP_2D_DECLARE(name, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
