/*
 * offload.h - calling a function that blocks, off all workers, and receiving its outcome
 * as a value task.
 *
 *     #include <magpie/magpie.h>
 *     #include <unistd.h>
 *
 *     MAG_VTASK_DEFINE(size_task, long)
 *     MAG_OFFLOAD_TASK(size_task, read_some, int, file)
 *
 *     static size_task read_some(int file)
 *     {
 *         char byte;
 *         long size = (long)read(file, &byte, 1); // blocks until somebody writes
 *
 *         return size < 0 ? size_task_of(mag_vtask_failed(-EIO, 0))
 *                         : size_task_result(size);
 *     }
 *
 *     MAG_ASYNC(size_task, read_twice, (int, file), long first; long second;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT(f, f->first, read_some_offload(f->file)); // holds no worker
 *         MAG_AWAIT(f, f->second, read_some_offload(f->file));
 *         return size_task_result(f->first + f->second);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         int ends[2];
 *         long size = 0;
 *
 *         if (pipe(ends) != 0)
 *             return 1;
 *         size_task task = read_twice(ends[0]);
 *         if (write(ends[1], "ab", 2) != 2)
 *             return 1;
 *         return size_task_wait(task, &size) == 0 && size == 2 ? 0 : 1;
 *     }
 *
 * The model.  `read_some_offload` copies the arguments and hands the call to a thread for
 * jobs that block (mag_blocking_post, blocking.h).  The task that the function returns is
 * the outcome of the task that `read_some_offload` has returned before, as in
 * submit_task.h.  The function awaiting it continues where it would have continued
 * anyway: on a worker of its scheduler, or by its executor.
 *
 * What arguments point to must stay valid until the task is complete.
 *
 * Which one do I need?  Here the calling job ends or awaits, and a thread that is there
 * for this waits in its place: right for long waits, and for many of them.  A region of
 * blocking.h costs less and leaves the call where it is: right for waits that are short
 * or rare.
 *
 * Errors.  Those of the function; besides
 *   -ENOMEM        no memory for the call
 *   -EAGAIN        the system refuses the first thread (mag_blocking_post)
 *   -EOWNERDEAD    the function ended its thread
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_OFFLOAD_H
#define MAGPIE_OFFLOAD_H

#include <magpie/blocking.h>
#include <magpie/detail/offload.h>

MAG_EXTERN_C_BEGIN

/*
 * Calls `function(arg)` off all workers.
 *
 *   Thread     any
 *   Blocks, Allocates  as mag_blocking_post
 *   Returns    a task without result: it succeeds if the function returns 0 or more, and
 *              fails with what the function returns if that is negative
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_offload(int (*function)(void *arg), void *arg);

/*
 * The connected form (connected.h): MAG_CONNECT_DONE(f, mag_offload, &f->call, function,
 * arg) with a local `struct mag_offload_state call`.
 *
 *   Blocks, Allocates  as mag_blocking_post; the call itself lies in the state
 *   Returns    MAG_STARTED; or a task that has failed: the call was not handed over
 */
MAG_API MAG_MUST_CHECK mag_task mag_offload_begin(struct mag_waiter *waiter,
                                                  struct mag_offload_state *state,
                                                  int (*function)(void *arg), void *arg);

/*
 * MAG_OFFLOAD_TASK(task type, name, type1, arg1, ...) makes a function callable off the
 * workers.  It takes what MAG_SUBMIT_TASK takes, and declares
 *
 *   static task name(type1 arg1, ...);              you write its body
 *   task name_offload(type1 arg1, ...)
 *   struct name_offload_state                       for the connected form
 *   task name_offload_begin(struct mag_waiter *waiter, struct name_offload_state *state,
 *                           type1 arg1, ...)
 *
 * `name_offload_begin` is the connected form (connected.h).  An async function that has a
 * local `struct name_offload_state call` writes
 *
 *     MAG_CONNECT(f, f->result, name_offload, &f->call, arg1, ...);
 *
 *   Blocks, Allocates  as mag_blocking_post; the call itself lies in the state
 *   Returns    MAG_STARTED; or a task that has failed: the call was not handed over
 *
 * A function has one of the two: MAG_SUBMIT_TASK or MAG_OFFLOAD_TASK.
 */
#define MAG_OFFLOAD_TASK(result_task, name, ...)            \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                      \
    MAG_CHECK_TASK_TYPE(result_task)                        \
    static result_task name(MAG_PAIRS_PARAMS(__VA_ARGS__)); \
    MAG_SUBMIT_TASK_FRAME(result_task, name, __VA_ARGS__)   \
    MAG_SUBMIT_TASK_TYPE(result_task, name)                 \
    MAG_SUBMIT_TASK_CALL(result_task, name, __VA_ARGS__)    \
    MAG_OFFLOAD_TASK_BEGIN(result_task, name, __VA_ARGS__)  \
    MAG_OFFLOAD_TASK_POST(result_task, name, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
