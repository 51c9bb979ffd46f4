/*
 * submit_task.h - submitting a function whose result is handed out as a value task.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_VTASK_DEFINE(long_task, long)
 *     MAG_SUBMIT_TASK(long_task, square, long, n)
 *
 *     static long_task square(long n)
 *     {
 *         if (n < 0)
 *             return long_task_of(mag_vtask_failed(-EDOM, 0));
 *         return long_task_result(n * n);
 *     }
 *
 *     MAG_ASYNC(long_task, sum, (long, n), long one; long other;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT(f, f->one, square_submit(NULL, f->n));   // holds no thread
 *         MAG_AWAIT(f, f->other, square_submit(NULL, f->n + 1));
 *         return long_task_result(f->one + f->other);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         long result = 0;
 *
 *         if (long_task_wait(square_submit(NULL, -1), &result) != -EDOM)
 *             return 1;
 *         return long_task_wait(sum(6), &result) == 0 && result == 85 ? 0 : 1;
 *     }
 *
 * The model.  `square_submit` copies the arguments and submits the call (submit.h): a
 * worker makes it, and the task that `square` returns is the outcome of the task that
 * `square_submit` has returned before.  So the function returns tasks as a function of
 * MAG_ASYNC or MAG_FORK_TASK does: a result, an error, or the pending task of something
 * else.  Await the task, wait for it, turn it into a promise or discard it (vtask.h); it
 * is consumed once.  Its memory, the arguments and the job are one object of a pool:
 * nothing is allocated after warm-up.
 *
 * What arguments point to must stay valid until the task is complete.
 *
 * Which one do I need?  A function that must wait in the middle: MAG_ASYNC.  A part of a
 * computation that its caller needs before it returns: MAG_FORKABLE (fork.h).  A function
 * that nobody waits for: mag_submit.
 *
 * Errors.  Those of the function; besides
 *   -ENOMEM, or the error of the post   the call was not submitted; the task is complete
 *                                       when it is returned
 *   -ECANCELED                          the scheduler was canceled before the call began;
 *                                       code that awaits the task without a context, or
 *                                       on that scheduler, continues inside the stop
 *   -EOWNERDEAD                         the function ended its worker's thread
 * In C++ an exception that leaves the function ends the program, as one that leaves a job
 * does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SUBMIT_TASK_H
#define MAGPIE_SUBMIT_TASK_H

#include <magpie/detail/submit_task.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_SUBMIT_TASK(task type, name, type1, arg1, ...) makes a function submittable.  It
 * takes up to eight pairs, or void.  The task type is one made by MAG_VTASK_DEFINE, or
 * mag_task for a function without result.  It declares
 *
 *   static task name(type1 arg1, ...);                       you write its body
 *   task name_submit(struct mag_sched *sched, type1 arg1, ...)
 *   task name_submit_with(struct mag_sched *sched,
 *                         const struct mag_submit_options *options, type1 arg1, ...)
 *
 *   struct name_submit_state                       for the connected form
 *   task name_submit_begin(struct mag_waiter *waiter, struct name_submit_state *state,
 *                          struct mag_sched *sched, type1 arg1, ...)
 *   task name_submit_with_begin(waiter, state, sched, options, type1 arg1, ...)
 *
 * `name_submit`, `name_submit_with`
 *   sched      as for mag_submit
 *   options    as for mag_submit_with; debuggers call the job `name` in any case, and
 *              `dropped` must be NULL: the task tells
 *   Thread, Blocks, Allocates  as mag_submit
 *   Returns    the task; its errors are above
 *
 * `name_submit_begin`, `name_submit_with_begin`: the connected form (connected.h).  An
 * async function with a local `struct name_submit_state call` writes
 *
 *     MAG_CONNECT(f, f->result, name_submit, &f->call, sched, arg1, ...);
 *
 * The call, its arguments and its result lie in the state.
 *   Thread, Blocks  as mag_submit_job
 *   Allocates  nothing; the first submission without a scheduler makes the default one
 *   Returns    MAG_STARTED; or a task that has failed: the call was not submitted.  The
 *              outcome is that of the function, or one of the errors above but -ENOMEM
 */
#define MAG_SUBMIT_TASK(result_task, name, ...)             \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                      \
    MAG_CHECK_TASK_TYPE(result_task)                        \
    static result_task name(MAG_PAIRS_PARAMS(__VA_ARGS__)); \
    MAG_SUBMIT_TASK_FRAME(result_task, name, __VA_ARGS__)   \
    MAG_SUBMIT_TASK_TYPE(result_task, name)                 \
    MAG_SUBMIT_TASK_CALL(result_task, name, __VA_ARGS__)    \
    MAG_SUBMIT_TASK_BEGIN(result_task, name, __VA_ARGS__)   \
    MAG_SUBMIT_TASK_POST(result_task, name, __VA_ARGS__)

/* As mag_submit_when_room; `size` as for mag_submit_sized. */
MAG_API MAG_MUST_CHECK mag_vtask mag_submit_when_room_sized(
    struct mag_sched *sched, const struct mag_submit_options *options, size_t size,
    void (*function)(void *arg), void *arg);

/*
 * Submits function(arg) as soon as the limit of the options has room (submit_limit.h),
 * after those that waited before.  The task is complete when the submission has been
 * accepted: await it to be slowed down as much as the workers need.  `when_full` does not
 * matter.
 *
 *   Thread     any, also inside a job
 *   Blocks, Allocates  as mag_submit; if it has to wait, a source from a pool as well
 *   Returns    a task without result.  Its errors are those of mag_submit_with; complete
 *              when it is returned if there was room, or an error at once.  A task that
 *              is discarded does not take the submission back
 */
MAG_MUST_CHECK MAG_INLINE mag_task
mag_submit_when_room(struct mag_sched *sched, const struct mag_submit_options *options,
                     void (*function)(void *arg), void *arg)
{
    return mag_task_of(
        mag_submit_when_room_sized(sched, options, sizeof(*options), function, arg));
}

MAG_EXTERN_C_END

#endif
