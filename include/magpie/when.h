/*
 * when.h - one task for many: when all are complete, or the first, or each in turn; and
 * tasks for delays and timeouts.
 *
 *     #include <magpie/magpie.h>
 *
 *     int main(void)
 *     {
 *         mag_vtask delays[3], all;
 *         uint64_t count = 0;
 *
 *         for (int i = 0; i < 3; i++)
 *             if (mag_delay(NULL, (i + 1) * 1000000, &delays[i]) != 0)
 *                 return 1;
 *         if (mag_when_all(delays, 3, &all) != 0)
 *             return 1;
 *         if (mag_vtask_wait(all, &count, sizeof(count)) != 0)  // or MAG_AWAIT
 *             return 1;
 *         return count == 3 && mag_vtask_get(delays[0], NULL) == 0 ? 0 : 1;
 *     }
 *
 * The model.  The caller has the tasks in an array.  Do not move or touch the array until
 * the combined task is complete.  The call consumes each task and puts another one in its
 * place, which tells what became of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_WHEN_H
#define MAGPIE_WHEN_H

#include <magpie/cancel.h>
#include <magpie/detail/connected.h>
#include <magpie/promise.h>
#include <magpie/timer.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/*
 * A task that is complete when all tasks of the array are, whatever became of each.  If
 * all have succeeded, it succeeds with `count`.  Otherwise it fails as the first task in
 * the array that failed; if none failed, it is canceled as the first that was canceled.
 *
 * Each task in the array is then complete
 *   - an error, or a source's result of up to a word, is in the task itself, and can be
 *     read any number of times;
 *   - a larger result is still in its source: read it once, with mag_vtask_get_value;
 *   - a promise's task is left as it is;
 *   - a task that cannot be awaited has failed with its MAG_E code.
 *
 * Cost: one continuation serves all tasks, which are awaited one after the other, in
 * their order.  A task that is complete when its turn comes costs one read of its state.
 * The thread that completes the awaited task also reads the complete tasks behind it, on
 * its stack.
 *
 *   tasks      may be NULL if `count` is 0
 *   Allocates  one object from a pool, unless all tasks are complete
 *   Returns    0; MAG_E_ARG no array; -ENOMEM no task is lost, but complete tasks at the
 *              front of the array may have their final form already
 */
MAG_API MAG_MUST_CHECK int mag_when_all(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/*
 * A task that is complete when the first task of the array is.  It succeeds with the
 * index of that task.  If several are complete when this is called, it is the lowest
 * index.
 *
 * If no task is complete yet, each task that a source backs is preserved in its place.
 * (A result larger than a word is preserved only if a core has it; preserve other such
 * tasks with mag_vtask_preserve_of before the call.)  All tasks stay usable, also for
 * another mag_when_any.  In the end release each of them with mag_vtask_release, which
 * does nothing to a task that was not preserved.
 *
 *   Allocates  from pools, unless one task is complete
 *   Returns    0; MAG_E_ARG no array or no task; MAG_E_TOKEN a task is stale.  After
 *              these nothing has changed.  -ENOMEM; MAG_E_CONTINUATION a task is awaited
 *              already.  After these no task is lost, but tasks at the front of the array
 *              may be preserved
 */
MAG_API MAG_MUST_CHECK int mag_when_any(mag_vtask *tasks, size_t count,
                                        mag_vtask *ret_task);

/* ------------------------------------------------------- each, one by one */

/* An index of an array of tasks, as a task. */
MAG_VTASK_DEFINE(mag_index_task, size_t)

/* In which order mag_when_each_next tells of tasks. */
enum mag_when_order {
    MAG_AS_COMPLETED = 0, /* that of their completion */
    MAG_IN_ORDER = 1,     /* that of the array */
};

struct mag_when_each;

/*
 * Begins to hand out the tasks of an array one by one, as they complete:
 *
 *     MAG_ASYNC(mag_task, print_each, (mag_vtask *, tasks, size_t, count),
 *               struct mag_when_each *each; size_t i; int error; uint64_t result;)
 *     {
 *         MAG_BEGIN(f);
 *         f->error = mag_when_each_begin(f->tasks, f->count, MAG_AS_COMPLETED, &f->each);
 *         if (f->error != 0)
 *             MAG_FAIL(f, f->error);
 *         for (;;) {
 *             MAG_AWAIT(f, f->i, mag_when_each_next(f->each, NULL));
 *             if (f->i == f->count)
 *                 break;
 *             f->error = mag_vtask_get(f->tasks[f->i], &f->result);
 *             printf("%zu: %d, %llu\n", f->i, f->error, (unsigned long long)f->result);
 *         }
 *         mag_when_each_end(f->each);
 *         MAG_END(f);
 *     }
 *
 * A task that was handed out is complete and the caller's again: read it, or discard it.
 * Until then the tasks belong to the library.  The array itself is the caller's: it is
 * read by this call alone, which also puts an error in the place of each task that cannot
 * be awaited.
 *
 *   tasks      may be NULL if `count` is 0
 *   count      below UINT32_MAX
 *   Allocates  objects from pools, in proportion to `count`; nothing after warm-up
 *   Returns    0; MAG_E_ARG no array, or another wrong argument; -ENOMEM.  After an error
 *              nothing has changed
 *   Release    mag_when_each_end
 */
MAG_API MAG_MUST_CHECK int mag_when_each_begin(mag_vtask *tasks, size_t count,
                                               enum mag_when_order order,
                                               struct mag_when_each **ret_each);

/* As mag_when_each_next, untyped. */
MAG_API MAG_MUST_CHECK mag_vtask mag_when_each_next_of(struct mag_when_each *each,
                                                       struct mag_cancel *cancel);

/*
 * A task whose result is the index of the next task that is complete, or `count` if all
 * were handed out.  It is complete at once if such a task is.  Consume it before the next
 * call.
 *
 *   cancel     ends the wait when it fires: it fails with -ECANCELED, and the index that
 *              it would have had is that of a later call.  NULL: nobody cancels
 *   Thread     any, one at a time
 *   Allocates  one object from a pool, if it has to wait
 *   Returns    the task.  Its errors: -ECANCELED; -ENOMEM; MAG_E_CONTINUATION the last
 *              one is still pending
 */
MAG_MUST_CHECK MAG_INLINE mag_index_task mag_when_each_next(struct mag_when_each *each,
                                                            struct mag_cancel *cancel)
{
    mag_index_task made;

    made.task = mag_when_each_next_of(each, cancel);
    return made;
}

/*
 * Ends it.  Tasks that were not handed out are discarded, those that are pending as soon
 * as they are complete; a promise's task is left to those who hold the promise.  A wait
 * that is pending fails with -ECANCELED.  NULL is allowed.
 *
 *   Blocks     while the continuation of such a wait runs, if inline
 */
MAG_API void mag_when_each_end(struct mag_when_each *each);

/* -------------------------------------------------------------------- time */

/*
 * A task that succeeds, with 0, after `delay_ns` nanoseconds.  It is as precise as the
 * timers of timer.h.  A job on a worker of `sched` completes it.  An async function
 * awaits it with MAG_AWAIT_DONE(f, mag_task_of(delay)).
 *
 *   sched      NULL: the calling worker's scheduler; on other threads the default one
 *   delay_ns   0 or less: the task completes at once, but never inside the call
 *   Blocks     as mag_timer_start, and mag_sched_default
 *   Allocates  one object from a pool; what mag_timer_start does
 *   Returns    0; -ENOMEM; an error of mag_timer_start or mag_sched_default
 *
 * If the scheduler is stopped before, the task fails with -ECANCELED, detail 0, at the
 * end of the stop.
 */
MAG_API MAG_MUST_CHECK int mag_delay(struct mag_sched *sched, int64_t delay_ns,
                                     mag_vtask *ret_task);

/* The state of a delay in its connected form (connected.h).  The members are the
 * library's. */
struct mag_delay_state {
    struct mag_timer timer;
    struct mag_waiter *waiter;
};

/*
 * The connected form: inside an async function with a local `struct mag_delay_state
 * delay`, write MAG_CONNECT_DONE(f, mag_delay, &f->delay, sched, delay_ns).  It takes
 * nothing from a pool.
 *
 *   sched, delay_ns  as for mag_delay
 *   Blocks     as mag_timer_start
 *   Returns    MAG_STARTED; or a task that has failed, with an error of mag_delay.  The
 *              delay fails with -ECANCELED if its scheduler stops
 */
MAG_API MAG_MUST_CHECK mag_task mag_delay_begin(struct mag_waiter *waiter,
                                                struct mag_delay_state *state,
                                                struct mag_sched *sched,
                                                int64_t delay_ns);

/*
 * A task with the outcome of `*task`, if `*task` completes within `timeout_ns`; else it
 * fails with -ETIMEDOUT.  When the operation wins, the timer is canceled.  If the
 * scheduler is stopped before either, the task fails with -ECANCELED, detail 0, and
 * `*task` is as after a timeout.
 *
 * If `*task` is complete, `*ret_task` is that task, and `*task` must not be used any
 * more.  If a pending source backs `*task`, it is preserved in its place, and stays
 * usable after the timeout, for instance to be discarded or awaited again.  (A result
 * larger than a word is preserved only if a core has it; preserve other such tasks with
 * mag_vtask_preserve_of before the call.)  In the end release `*task` with
 * mag_vtask_release, which does nothing to a task that was not preserved; but consume
 * `*ret_task` first, which takes its result from there.
 *
 *   sched, timeout_ns  as for mag_delay
 *   Blocks, Allocates  as mag_delay and mag_vtask_preserve
 *   Returns            0; an error of mag_delay; MAG_E_TOKEN `*task` is stale;
 *                      MAG_E_CONTINUATION it is awaited already.  After an error `*task`
 *                      is not lost
 */
MAG_API MAG_MUST_CHECK int mag_vtask_with_timeout(struct mag_sched *sched,
                                                  mag_vtask *task, int64_t timeout_ns,
                                                  mag_vtask *ret_task);

MAG_EXTERN_C_END

#endif
