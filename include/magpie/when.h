/*
 * when.h - many tasks as one: all of them, or the first; and time as a task.
 *
 *     #include <magpie/magpie.h>
 *
 *     int main(void)
 *     {
 *         mag_vtask delays[3], all;
 *         uint64_t count = 0;
 *
 *         for (int i = 0; i < 3; i++)
 *             if (mag_delay(MAG_NULL, (i + 1) * 1000000, &delays[i]) != 0)
 *                 return 1;
 *         if (mag_when_all(delays, 3, &all) != 0)
 *             return 1;
 *         if (mag_vtask_wait(all, &count, sizeof(count)) != 0)  // or MAG_AWAIT
 *             return 1;
 *         return count == 3 && mag_vtask_get(delays[0], MAG_NULL) == 0 ? 0 : 1;
 *     }
 *
 * The tasks stand in an array of the caller's.  Do not move or touch the array until the
 * combined task is complete.  The call takes each task over and puts one back in its
 * place, whose form tells what became of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_WHEN_H
#define MAGPIE_WHEN_H

#include <magpie/promise.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/*
 * A task that is complete when all of them are, whatever became of each.  It succeeds
 * with `count`; or fails as the first in the array that failed; or else is canceled as
 * the first that was canceled.
 *
 * Each task in the array is then complete: - an error, or a source's result of up to a
 *   word, stands in the task itself and can be
 *     read without limit;
 *   - a larger result is still in its source: read it once, with mag_vtask_get_value;
 *   - a promise's task is left as it is;
 *   - a task that cannot be awaited has failed with its MAG_E code.
 *
 * Cost: one continuation serves all tasks, which are awaited one after the other, in
 * their order.  A task that is complete when its turn comes costs a look.  The thread
 * that completes the awaited task also takes in the complete tasks behind it, on its
 * stack.
 *
 *   `tasks`    may be NULL if `count` is 0
 *   Allocates  one object from a pool, unless all are complete
 *   Returns    0; MAG_E_ARG no array; -ENOMEM: no task is lost, but complete tasks at the
 *              front of the array may have their final form already
 */
MAG_API MAG_MUST_CHECK int mag_when_all(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/*
 * A task that is complete when the first of them is; it succeeds with the index of that
 * task.  If several are complete already it is the lowest index.
 *
 * If none is complete yet, each task of a source is preserved in its place.  (A result
 * larger than a word is preserved only if a core has it; preserve other such tasks with
 * mag_vtask_preserve_of before the call.)  All tasks stay usable, also for another
 * mag_when_any: this one leaves nothing behind at them.  Release each of them with
 * mag_vtask_release in the end, which does nothing to a task that was not preserved.
 *
 *   Allocates  from pools, unless one is complete
 *   Returns    0; MAG_E_ARG no array or no task; MAG_E_TOKEN one is stale: nothing has
 *              changed; -ENOMEM, or MAG_E_CONTINUATION one is awaited already: no task is
 *              lost, but those at the front of the array may be preserved
 */
MAG_API MAG_MUST_CHECK int mag_when_any(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/* -------------------------------------------------------------------- time */

/*
 * A task that succeeds, with 0, when `delay_ns` nanoseconds are over.  It is as precise
 * as the timers of timer.h, and a job on a worker of `sched` completes it.
 *
 *   sched      NULL: the calling worker's, on other threads the default one
 *   delay_ns   up to 0: at once, but not before the call returns
 *   Blocks     as mag_timer_start, and mag_sched_default
 *   Allocates  one object from a pool; what mag_timer_start does
 *   Returns    0; -ENOMEM; an error of mag_timer_start or mag_sched_default
 *
 * If the scheduler is stopped before the time is over, the task fails with -ECANCELED,
 * detail 0, at the end of the stop.
 */
MAG_API MAG_MUST_CHECK int mag_delay(struct mag_sched *sched, int64_t delay_ns,
                                     mag_vtask *ret_task);

/*
 * A task with the outcome of `*task`, if `*task` completes within `timeout_ns`; else it
 * fails with -ETIMEDOUT.  When the operation wins, the timer is canceled.  If the
 * scheduler is stopped before either, the task fails with -ECANCELED, detail 0, and
 * `*task` is as after a timeout.
 *
 * If `*task` is complete it is handed on as it is, and `*task` is void.  If a pending
 * source backs it, it is preserved in its place, and stays usable when the time is over,
 * for instance to be discarded or awaited again.  (A result larger than a word is
 * preserved only if a core has it; preserve other such tasks with mag_vtask_preserve_of
 * before the call.) In the end release `*task` with mag_vtask_release, which does nothing
 * to a task that was not preserved; but consume `*ret_task` first, which takes its result
 * from there.
 *
 *   sched, timeout_ns  as for mag_delay
 *   Blocks, Allocates  as mag_delay and mag_vtask_preserve
 *   Returns            0; as mag_delay; MAG_E_TOKEN `*task` is stale; MAG_E_CONTINUATION
 *                      it is awaited.  After an error `*task` is not lost
 */
MAG_API MAG_MUST_CHECK int mag_vtask_with_timeout(struct mag_sched *sched,
                                                  mag_vtask *task, int64_t timeout_ns,
                                                  mag_vtask *ret_task);

MAG_EXTERN_C_END

#endif
