/*
 * each.h - loops whose bodies await: at most so many at a time.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_EACH(fetch, long *, sizes)
 *
 *     MAG_ASYNC(mag_task, fetch, (size_t, index, long *, sizes), mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         if (mag_delay(NULL, 1000000, &f->delay) == 0)    // stands for a request
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));
 *         f->sizes[f->index] = (long)f->index * 10;
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         static long sizes[100];
 *         static struct mag_each_options options;          // zeroed: the usual
 *
 *         options.limit = 20;                              // in flight at a time
 *         // in an async function: MAG_AWAIT_DONE(f, fetch_each_with(...))
 *         if (mag_task_wait(fetch_each_with(NULL, &options, 0, 100, sizes)) != 0)
 *             return 1;
 *         return sizes[99] == 990 ? 0 : 1;
 *     }
 *
 * The model.  A loop calls a body for each index from `begin` to `end` - 1, on the
 * workers of a scheduler.  The body returns a task: it may be an async function, or a
 * plain one that returns mag_task_done().  At most `limit` bodies are in flight: begun,
 * and their tasks not complete.  Bodies begin in the order of their indices.  The loop
 * itself is a task, which is complete when the last body is.
 *
 * A loop consists of lanes, `limit` of them at most.  A lane calls a body, waits for its
 * task, calls the next one.  It opens another lane while there are indices left.  So a
 * loop whose bodies need not wait uses as many workers as are idle, and a loop whose
 * bodies wait has as many in flight as it may.
 *
 * For bodies that never wait, and for cheap ones, use loop.h: its bodies get a range of
 * indices, here each index costs a call.
 *
 * Errors.  If a body fails, no further body begins, and the loop's task fails when those
 * in flight are complete.  Bodies for smaller indices have all begun before.  If several
 * fail, the one with the smallest index counts, as in a serial loop.  The task's error is
 * that of the body, and its detail is the index (mag_async_detail, mag_vtask_get_value).
 *
 * A body that ends its thread, by pthread_exit or at a cancellation point, has failed
 * with -EOWNERDEAD.  An async body may do so only before it has waited for the first
 * time: afterwards its task is never complete.
 *
 * What arguments point to must stay valid until the task is complete.  The arguments are
 * copied, and the same for all bodies.
 *
 * docs/design/streams.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_EACH_H
#define MAGPIE_EACH_H

#include <magpie/cancel.h>
#include <magpie/detail/each.h>

MAG_EXTERN_C_BEGIN

/* What a loop may be told.  A field that is 0 or NULL stands for the usual. */
struct mag_each_options {
    /* How many bodies are in flight at most.  0: as many as the scheduler has workers. */
    uint32_t limit;
    uint32_t reserved; /* 0 */
    /* No body begins after this has fired.  Give it to the bodies too, if what they wait
     * for can be canceled.  It must stay alive until the task is complete. */
    struct mag_cancel *cancel;
    /* Set before the loop's task fails: the index of the body that failed; after a
     * cancellation the first index whose body has not begun. */
    size_t *ret_failed;
};

/*
 * MAG_EACH(name, type1, arg1, ...) makes a loop of a body with arguments of its own, up
 * to eight pairs of type and argument; for a body without arguments write MAG_EACH(name,
 * void).  It declares
 *
 *   static mag_task name(size_t index, type1 arg1, ...);
 *                                       you write this body, plain or by MAG_ASYNC
 *   mag_task name_each(struct mag_sched *sched, size_t begin, size_t end,
 *                      type1 arg1, ...)
 *   mag_task name_each_with(struct mag_sched *sched,
 *                           const struct mag_each_options *options, size_t begin,
 *                           size_t end, type1 arg1, ...)
 *
 * `name_each`, `name_each_with`
 *   sched      NULL: that of the calling worker; on any other thread the default one
 *   options    NULL: the usual
 *   Thread     any
 *   Blocks     with NULL for `sched`, as mag_sched_default
 *   Allocates  objects from pools: the loop, and one for each lane; nothing after warm-up
 *   Returns    the loop's task.  Its errors: that of a body; -ECANCELED `cancel` fired,
 *              whose address is the detail, or the scheduler was stopped; no body was
 *              called: -EINVAL `end` is smaller than `begin`, or `reserved` is not 0;
 *              -ENOMEM; -ESHUTDOWN the scheduler is stopping; MAG_E_FORKED it belongs to
 *              the parent process; an error of mag_sched_default
 *
 * A loop with less memory than it wants opens fewer lanes.  An empty loop is a complete
 * task.
 */
#define MAG_EACH(name, ...)                   \
    MAG_CHECK_PAIRS(name##_each, __VA_ARGS__) \
    MAG_EACH_DECLARE(name, __VA_ARGS__)

/*
 * MAG_EACH_OF(sequence, name, type1, arg1, ...) makes a loop over the values of an async
 * sequence (sequence.h) instead of indices; `sequence` is a type made by
 * MAG_SEQUENCE_DEFINE, whose values are of a type T.  It declares
 *
 *   static mag_task name(T value, type1 arg1, ...);     you write it, as above
 *   mag_task name_each(struct mag_sched *sched, struct sequence *items,
 *                      type1 arg1, ...)
 *   mag_task name_each_with(struct mag_sched *sched,
 *                           const struct mag_each_options *options,
 *                           struct sequence *items, type1 arg1, ...)
 *
 * One lane at a time asks the sequence for its next value, when a body can begin: the
 * sequence is never ahead of the bodies.  The loop ends the sequence (its name_end)
 * before the loop's task is complete.  Errors count values as above: the index is that
 * of the value, from 0, and an error of the sequence has the index of the value that is
 * missing.  So has a sequence that ends its thread; the error is -EOWNERDEAD.  A sequence
 * that is NULL is -ENOMEM.  After `cancel` has fired a value that was asked for is still
 * waited for: give `cancel` to what the sequence awaits, too.
 */
#define MAG_EACH_OF(sequence_type, name, ...) \
    MAG_CHECK_PAIRS(name##_each, __VA_ARGS__) \
    MAG_EACH_OF_DECLARE(sequence_type, name, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
