/*
 * loop.h - loops whose iterations run in parallel.
 *
 *     #include <magpie/loop.h>
 *
 *     MAG_LOOP(scale, float *, samples, float, factor)
 *
 *     static int scale(struct mag_range range, uint32_t slot, float *samples,
 *                      float factor)
 *     {
 *         (void)slot;
 *         for (size_t i = range.begin; i < range.end; i++)
 *             samples[i] *= factor;
 *         return 0;
 *     }
 *
 *     int main(void)
 *     {
 *         static float samples[100000] = {1, 2, 3};
 *
 *         // From any thread; NULL: the default scheduler.
 *         if (scale_for(NULL, 0, 100000, samples, 2.0f) != 0)
 *             return 1;
 *         return samples[2] == 6 ? 0 : 1;
 *     }
 *
 * The model.  A loop calls a body for ranges of indices, until each index from `begin` to
 * `end` - 1 was in exactly one range.  It returns when all these calls have returned.  A
 * body runs over its range in a loop of its own, so the compiler can optimize it as
 * usual.
 *
 * Splitting is lazy (Tzannes, Caragea, Barua and Vishkin, Lazy Binary-Splitting, PPoPP
 * 2010).  Each thread that takes part offers half of the indices it has left to the
 * other workers, and walks through the other half in ranges.  It offers again only when
 * a worker has taken what it offered.  So a loop that nobody helps with costs little more
 * than a plain loop, and a loop whose iterations take different times is balanced.
 *
 * The grain is the number of indices in a range.  Unless a grain is given, the loop finds
 * one: it begins with four indices at most, and looks at the clock after each range.  It
 * aims at ranges of MAG_FOR_RANGE_NS.
 *
 * Waking.  A loop wakes workers that are asleep when it has seen that it has enough work
 * for them: after its first range.  If a single index takes long, that is late.  Say so
 * with `heavy` (options): the loop then wakes them at once.
 *
 * Slots.  Each call of the body gets a slot number.  No two calls of the same loop that
 * run at the same time have the same one.  A call sees what earlier calls with its number
 * have written.  So `scratch[slot]` needs no lock.  Slots are smaller than
 * mag_sched_capacity of the loop's scheduler, or than the `limit` of the options.
 *
 * Errors.  A body returns 0 to go on.  Any other value ends the loop early, and the loop
 * returns it, as a serial loop would: bodies for smaller indices still run, and if
 * several bodies fail, the one with the smallest indices counts.  Indices behind it may
 * or may not have run.  A body that looks for something returns a positive value when it
 * has found it: the loop then tells the first occurrence.
 *
 * Nesting.  A body may call anything, also a loop: inner loops run in parallel too.
 * While a loop waits for others it runs their part of the loop only, and no other job,
 * so that a lock held around a loop is safe.
 *
 * Exceptions, longjmp and threads that end: as in <magpie/fork.h>.  An exception must not
 * leave a body.  If a body ends its thread, the loop returns -EOWNERDEAD, unless that is
 * the thread that called it.
 *
 * docs/design/loops.md explains the protocol, its proof and its price.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_LOOP_H
#define MAGPIE_LOOP_H

#include <magpie/detail/loop.h>
#include <magpie/fork.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* How long a range takes at most, about, where the loop chooses the grain. */
#define MAG_FOR_RANGE_NS 5000

/*
 * Calls `body` for the ranges of a loop from `begin` to `end` - 1.  An empty loop calls
 * nothing.
 *
 *   sched      NULL: that of the calling worker; on any other thread the default
 *              scheduler
 *   Thread     any; waiting is no cancellation point
 *   Blocks     until all calls have returned
 *   Returns    0; what a body returned; -EOWNERDEAD a body ended its thread.  No body was
 *              called: -EINVAL `end` is smaller than `begin`; -ESHUTDOWN the scheduler is
 *              stopping; MAG_E_FORKED it belongs to the parent process; with NULL also an
 *              error of mag_sched_default
 */
MAG_API MAG_MUST_CHECK int mag_for(struct mag_sched *sched, size_t begin, size_t end,
                                   mag_for_body body, void *arg);

/*
 * MAG_LOOP(name, type1, arg1, ...) makes a function a body with arguments of its own.  It
 * takes up to eight pairs of type and argument, as MAG_FORKABLE does; for a body without
 * arguments write MAG_LOOP(name, void).  It declares
 *
 *   static int name(struct mag_range range, uint32_t slot, type1 arg1, ...);
 *                                                               you write this body
 *   int name_for(struct mag_sched *sched, size_t begin, size_t end, type1 arg1, ...)
 *   int name_for_with(struct mag_sched *sched, const struct mag_for_options *options,
 *                     struct mag_range *ret_failed, size_t begin, size_t end,
 *                     type1 arg1, ...)
 *   int name_for_in(mag_fork w, size_t begin, size_t end, type1 arg1, ...)
 *
 * which are mag_for, mag_for_with and mag_for_in for this body.
 */
#define MAG_LOOP(name, ...)            \
    MAG_CHECK_PAIRS(name, __VA_ARGS__) \
    MAG_LOOP_DECLARE(name, __VA_ARGS__)

/* ----------------------------------------------------------------------- options */

/* Asks loops to stop.  Zeroed at first; its member is the library's. */
struct mag_for_stop {
    MAG_ATOMIC(bool) asked;
};

struct mag_for_affinity;

/* What a loop may be told.  A field that is 0 or NULL stands for the usual. */
struct mag_for_options {
    /* The number of indices in a range.  0: the loop chooses. */
    size_t grain;
    /* How many threads take part at most: slots are smaller than this number.  A limit
     * from MAG_FOR_LIMIT_MAX up to the capacity of the scheduler counts as
     * MAG_FOR_LIMIT_MAX.  0: no limit. */
    uint32_t limit;
    /* Whether an index is heavy: takes 50 us or more.  The loop then wakes, before it
     * calls the first body, as many workers as there are indices for.  Otherwise it first
     * finds out how long an index takes. */
    bool heavy;
    uint8_t reserved[3]; /* 0 */
    /* Ends the loop when it is asked to stop.  NULL: nobody asks. */
    const struct mag_for_stop *stop;
    /* Gives each part to the worker that had it before (loop_affinity.h); a loop with a
     * limit ignores it.  NULL: to any. */
    struct mag_for_affinity *affinity;
};

#define MAG_FOR_LIMIT_MAX 64

/*
 * As mag_for, with options.
 *
 *     struct mag_range failed;
 *     int error = mag_for_with(sched, &(struct mag_for_options){.grain = 1}, &failed, 0,
 *                              count, parse, files);
 *     if (error != 0)
 *         fprintf(stderr, "file %zu: %s\n", failed.begin, mag_error_text(error));
 *
 *   options     NULL: as mag_for
 *   ret_failed  is set if a body returned an error or ended its thread, to its range; or
 *               if the loop was stopped, to a range whose first index is the first that
 *               has not run.  All indices before it have run.  NULL: not wanted
 *   Returns     as mag_for; -EINVAL also if `reserved` is not 0; -ECANCELED the loop was
 *               stopped, see mag_for_stop_ask
 */
MAG_API MAG_MUST_CHECK int mag_for_with(struct mag_sched *sched,
                                        const struct mag_for_options *options,
                                        struct mag_range *ret_failed, size_t begin,
                                        size_t end, mag_for_body body, void *arg);

/*
 * Stops all loops whose options have this `stop`, those that run and those that begin
 * later.  A body that runs is not interrupted.
 *
 *   Thread     any, also inside a body
 */
MAG_API void mag_for_stop_ask(struct mag_for_stop *stop);

/*
 * As mag_for_with, inside a function that forks (fork.h), with its `w`.  This costs less:
 * a loop of a few cheap iterations takes about a hundred nanoseconds.
 *
 *   Thread     a worker, with its own `w`
 *   Returns    as mag_for_with, but no error of a scheduler
 */
MAG_API MAG_MUST_CHECK int mag_for_in(mag_fork w, const struct mag_for_options *options,
                                      struct mag_range *ret_failed, size_t begin,
                                      size_t end, mag_for_body body, void *arg);

MAG_EXTERN_C_END

#endif
