/*
 * when.h - many tasks as one: all of them, or the first; and time as a task.
 *
 *     mag_vtask loads[3] = {load(a), load(b), load(c)};
 *     mag_vtask all;
 *
 *     int r = mag_when_all(loads, 3, &all);
 *     ...                                      // await `all`, then read loads[0] to [2]
 *
 * The tasks stand in an array of the caller's, which must stay where it is until the
 * combined task is complete, and is not to be touched meanwhile.  Each of its tasks is
 * given up to the call and comes back in its place, in a form that says what became of
 * it.
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
 * with `count`; or fails as the first in the array that failed; or else is cancelled as
 * the first that was cancelled.
 *
 * In the array each task is then complete.  A source's result of up to a word, and its
 * error, is there by itself and can be read without limit; a larger result is still in
 * its source, to be read once with mag_vtask_get_value; a promise is left as it is.  A
 * task that cannot be awaited has failed with its MAG_E code.
 *
 * Cost: the tasks are awaited one after the other, in their order, so one continuation
 * serves them all, and tasks that are complete by then cost a look.  Whoever completes
 * the one that is waited for takes in those behind it that are complete, on its stack.
 *
 *   `tasks`    may be NULL if `count` is 0
 *   Allocates  one object from a pool, unless all are complete
 *   Returns    0; MAG_E_ARG no array; -ENOMEM: no task is lost, those in front that were
 *              complete may have got their final form
 */
MAG_API MAG_MUST_CHECK int mag_when_all(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/*
 * A task that is complete when the first of them is; it succeeds with its index.  Of
 * several that are complete already it is the lowest.
 *
 * If none is complete yet, each task of a source is preserved in its place (a result
 * larger than a word only of a core; preserve others with mag_vtask_preserve_of before).
 * All stay usable, for another mag_when_any too; nothing of this one is left at them.
 * Release each with mag_vtask_release in the end; that does nothing to a task that was
 * not preserved, a promise's own included.
 *
 *   Allocates  from pools, unless one is complete
 *   Returns    0; MAG_E_ARG no array or no task; MAG_E_TOKEN one is stale: nothing has
 *              changed; -ENOMEM, or MAG_E_CONTINUATION one is awaited already: no task is
 *              lost, those in front may be preserved
 */
MAG_API MAG_MUST_CHECK int mag_when_any(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/* -------------------------------------------------------------------- time */

/*
 * A task that succeeds, with 0, when `delay_ns` nanoseconds are over; as precise as the
 * timers of timer.h.  It is completed by a job on a worker of `sched`.
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
 * A task that comes to what `*task` comes to, if that is complete within `timeout_ns`,
 * and fails with -ETIMEDOUT else.  When the operation wins, the timer is cancelled.  If
 * the scheduler is stopped before either, it fails with -ECANCELED, detail 0, and `*task`
 * is as after a timeout.
 *
 * A pending `*task` of a source is preserved in its place (a result larger than a word
 * only of a core; preserve others with mag_vtask_preserve_of before): it stays usable
 * when the time is over, for instance to be discarded or awaited again.  Release it with
 * mag_vtask_release in the end, but not before `*ret_task` has been consumed, which takes
 * its result from there; that does nothing to a task that was not preserved, a promise's
 * own included.  A task that is complete is handed on as it is, and `*task` is void.
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
