/*
 * connected.h - connected operations: what waits, and what it waits for, lie in the frame
 * of the async function that waits.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_VTASK_DEFINE(long_task, long)
 *
 *     struct square {                                // the state of an operation
 *         struct mag_job job;
 *         struct mag_waiter *waiter;
 *         long n;
 *     };
 *
 *     static void compute(struct mag_job *job)       // the completer
 *     {
 *         struct square *square = (struct square *)job;
 *         long result = square->n * square->n;
 *
 *         // square may be gone when this returns
 *         (void)mag_waiter_complete_value(square->waiter, &result, sizeof(result));
 *     }
 *
 *     static long_task square_begin(struct mag_waiter *waiter, struct square *square,
 *                                   long n)
 *     {
 *         struct mag_sched *sched;
 *         int r = mag_sched_default(&sched);
 *
 *         if (n < 2)
 *             return long_task_result(n);            // answers at once
 *         square->job.run = compute;
 *         square->waiter = waiter;
 *         square->n = n;
 *         if (r == 0)
 *             r = mag_sched_post_any(sched, &square->job);
 *         return long_task_of(r == 0 ? MAG_STARTED : mag_vtask_failed(r, 0));
 *     }
 *
 *     MAG_ASYNC(long_task, sum, (long, n), struct square square; long one; long total;)
 *     {
 *         MAG_BEGIN(f);
 *         for (; f->n > 0; f->n--) {
 *             MAG_CONNECT(f, f->one, square, &f->square, f->n);
 *             f->total += f->one;
 *         }
 *         return long_task_result(f->total);
 *         MAG_END(f);
 *     }
 *
 *     MAG_ASYNC(long_task, difference, (long, n), struct sum_frame sum; long more;
 *               long less;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_CONNECT(f, f->more, sum, &f->sum, f->n);      // its frame is in this one
 *         MAG_CONNECT(f, f->less, sum, &f->sum, f->n - 1);
 *         return long_task_result(f->more - f->less);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         long value = 0;
 *
 *         return long_task_wait(difference(9), &value) == 0 && value == 81 ? 0 : 1;
 *     }
 *
 * The model.  To await a value task, a source is rented, a continuation is registered
 * with it, and a token proves that the task is not stale.  A connected operation needs
 * none of that: it is begun for a waiter that is known from the start, in memory that the
 * awaiting function supplies.  A wait costs a fifth, and allocates nothing.
 *
 * Awaiting.  An async function declares the operation's state as a local, and writes
 *
 *     MAG_CONNECT(f, place, name, &f->state, arguments)
 *
 * The state needs no initialisation.  It and the frame stay where they are until the
 * operation is complete; then the state is free for the next one.  The rules for a body
 * are those of async.h: one await in a line, of either form, and none inside a `switch`.
 *
 * Every async function can be awaited so: its state is its frame, `struct name_frame`,
 * and so it must be defined before.  A function cannot contain its own frame: recursion,
 * and calls that run at the same time, use name(...) and MAG_AWAIT.
 *
 * Making an operation `name`.  Write a struct, its state, and a function
 *
 *     result_task name_begin(struct mag_waiter *waiter, struct state *state, ...)
 *
 * which does one of two things:
 *   - answers at once: it returns a result or an error, and does nothing with the waiter;
 *   - starts: it stores the waiter, lets the completer know of the state, and returns
 *     MAG_STARTED.  The completer calls mag_waiter_complete, or another of the functions
 *     below, once.  It may do so before name_begin has returned, on any thread;
 *     name_begin must not touch the state after it has let the completer know of it.
 * A begin function may also return any other task of its type: that is then awaited.
 *
 * Mixed as you like.  One function may use MAG_CONNECT for some awaits and MAG_AWAIT for
 * others, and is called like any other: name(...) returns an ordinary value task.
 *
 * What it costs.  The first MAG_CONNECT of a function that was called as name(...) moves
 * its frame to the pool, as MAG_PIN does, also if the operation then answers at once.  A
 * function that is begun by MAG_CONNECT has its place already.
 *
 * What is lost compared with MAG_AWAIT
 *   - There is no task: the operation cannot be stored, handed on, joined, raced, timed
 *     out or discarded.  To end it early, cancel it by its own means, and wait for it.
 *   - Using a state twice at a time, or a frame that is in use, is not detected.
 *   - Completing twice returns MAG_E_DONE in a library built with MAG_DEBUG_TASKS, as
 *     long as the frame does not wait again and its memory is still a frame.  In other
 *     builds it is not detected.
 *   - A program sees the sizes of frames: a function's frame contains those of the
 *     functions that it names.
 *   - Code behind name_begin may already have run, elsewhere, when name_begin returns.
 * Operations that need these are sources: operation.h.
 *
 * docs/design/connected.md proves why no atomic word is needed; the guide has a page,
 * docs/guide/connected.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CONNECTED_H
#define MAGPIE_CONNECTED_H

#include <magpie/async.h>
#include <magpie/detail/connected.h>

MAG_EXTERN_C_BEGIN

/* --------------------------------------------------------------- what there is */

/*
 * Each function in the left column can be awaited as a task and, with the same name and
 * arguments, by MAG_CONNECT:
 *
 *     name                                                state, a local of the function
 *     -------------------------------------------------   ------------------------------
 *     mag_delay, without its last argument                struct mag_delay_state
 *     mag_semaphore_acquire, mag_mutex_lock,
 *       mag_rwlock_read_lock, mag_rwlock_write_lock,
 *       mag_event_wait, mag_latch_wait,
 *       mag_rendezvous_arrive                             struct mag_wait_state
 *     name_send, name_receive, name_send_until,
 *       name_receive_until, name_send_at, name_send_many,
 *       name_receive_many of MAG_CHANNEL_DEFINE           struct name_state
 *     name_get of MAG_LAZY(name, ...)                     struct name_state
 *     name_submit, name_submit_with of
 *       MAG_SUBMIT_TASK(..., name, ...)                   struct name_submit_state
 *     name_offload of MAG_OFFLOAD_TASK(..., name, ...)    struct name_offload_state
 *     mag_offload                                         struct mag_offload_state
 *     name of MAG_ASYNC(..., name, ...)                   struct name_frame
 *     your own                                            yours, see above
 */

/* ------------------------------------------------------------------ awaiting */

/*
 * Begins the operation `name` by name_begin(waiter, ...), and waits for it.  The result
 * is stored in `place`, an lvalue of its type.  If the operation fails the function ends
 * with its error.  After a wait the body continues where MAG_AWAIT would (async.h).
 *
 *   ...          the address of the state, such as `&f->read`, and the arguments.  Each
 *                is evaluated once
 *   Allocates    a frame, in a function that was called as name(...), the first time
 *   Fails        -ENOMEM there was no memory for it; then nothing was begun, and the
 *                function ends, after MAG_CONNECT_TRY too
 */
#define MAG_CONNECT(f, place, name, ...) \
    MAG_CONNECT_AWAIT(f, &(place), sizeof(place), name, __VA_ARGS__)

/* As MAG_CONNECT, for a result that does not matter. */
#define MAG_CONNECT_DONE(f, name, ...) \
    MAG_CONNECT_AWAIT(f, MAG_NULL, 0, name, __VA_ARGS__)

/* As both, but an error does not end the function: `error`, an int, becomes 0 or the
 * error, and mag_async_detail(f) its detail. */
#define MAG_CONNECT_TRY(f, error, place, name, ...) \
    MAG_CONNECT_CATCH(f, error, &(place), sizeof(place), name, __VA_ARGS__)
#define MAG_CONNECT_TRY_DONE(f, error, name, ...) \
    MAG_CONNECT_CATCH(f, error, MAG_NULL, 0, name, __VA_ARGS__)

/*
 * As MAG_ASYNC, for a function that usually waits, and mostly by MAG_CONNECT.  Its frame
 * is in place from the first line on: called as name(...) it takes a frame from the pool
 * at once, where MAG_ASYNC moves one there at the first wait.  It may await in any way,
 * and needs no MAG_PIN.  A wait costs a third less; a call that need not wait costs more.
 */
#define MAG_ASYNC_CONNECTED(result_task, name, arguments, ...)                       \
    MAG_CHECK_TASK_TYPE(result_task)                                                 \
    MAG_ASYNC_CHECK(name, arguments)                                                 \
    MAG_ASYNC_FRAME(result_task, name, uint16_t, arguments, __VA_ARGS__)             \
    __attribute__((always_inline)) static inline result_task name##_body(            \
        struct name##_frame *f);                                                     \
    MAG_ASYNC_TYPE(result_task, name)                                                \
    MAG_ASYNC_ANSWER(result_task, name)                                              \
    MAG_ASYNC_RENT(result_task, name, arguments)                                     \
    MAG_ASYNC_BEGIN(result_task, name, name##_answer, arguments)                     \
    /* NOLINTNEXTLINE(readability-function-*): MAG_CONNECT is more than it looks. */ \
    __attribute__((always_inline)) static inline result_task name##_body(            \
        struct name##_frame *f)

/* ------------------------------------------------------- making an operation */

/* What a begin function returns, inside NAME_of(), if it has started. */
#define MAG_STARTED mag_vtask_started()

/*
 * Completes the operation that was begun for `waiter`.  The awaiting function continues
 * inside the call or as a job, as after any await; by the time the call returns, waiter
 * and state may be gone.
 *
 *   result     the result, of an operation whose results are words; 0: it has none
 *   Thread     the completer: any thread that learned of the operation from its begin
 *              function in a way that hands memory over, such as a post or a lock
 *   Blocks     while the function continues, if inline
 *   Returns    0; MAG_E_DONE nobody waits (only with MAG_DEBUG_TASKS): nothing has
 *              changed
 */
MAG_INLINE int mag_waiter_complete(struct mag_waiter *waiter, uint64_t result)
{
    return mag_waiter_settle(waiter, mag_vtask_result(result));
}

/*
 * As mag_waiter_complete, for a result of any type.
 *
 *   value, size  the result, of the type that the operation promises.  One of more than
 *              8 bytes is copied when the function continues, which may be later: it must
 *              stay where it is until then, so it lies in the state
 */
MAG_INLINE int mag_waiter_complete_value(struct mag_waiter *waiter, const void *value,
                                         size_t size)
{
    uint64_t word = 0;

    if (size <= sizeof(word))
        memcpy(&word, value, size);
    else
        word = MAG_RECAST(uintptr_t, value);
    return mag_waiter_complete(waiter, word);
}

/*
 * As mag_waiter_complete, with an error.  -ECANCELED means that it was canceled.
 *
 *   Returns    as mag_waiter_complete; MAG_E_ARG `code` is 0 or a MAG_E code
 */
MAG_API int mag_waiter_fail(struct mag_waiter *waiter, int code, uint64_t detail);

/*
 * As either, but the function never continues inside the call: for a completer that holds
 * a lock, or has work of its own.
 *
 *   outcome    a result or an error: long_task_result(5).task, mag_vtask_failed(-EIO, 0),
 *              MAG_VTASK_COMPLETED.  For a result of more than 8 bytes, mag_vtask_result
 *              of its address in the state
 *   Returns    as mag_waiter_complete; MAG_E_ARG `outcome` is backed by something else
 */
MAG_API int mag_waiter_post(struct mag_waiter *waiter, mag_vtask outcome);

/*
 * Makes a waiter of your own ready for one operation, where no async function waits but a
 * continuation: set `waiter->continuation.job.run` first, arm the waiter, then call the
 * begin function.  When the operation completes, the job runs, and `waiter->outcome` is
 * the outcome.  Async functions do all this by MAG_CONNECT.
 *
 *   Thread     the one that begins the operation; the continuation comes back to its
 *              context (executor.h)
 */
MAG_INLINE void mag_waiter_arm(struct mag_waiter *waiter)
{
    mag_waiter_arm_for(waiter, MAG_AWAIT_CONTEXT);
}

MAG_EXTERN_C_END

#endif
