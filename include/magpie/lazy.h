/*
 * lazy.h - a value that is computed when it is first asked for, once for all callers.
 *
 *     #include <magpie/lazy.h>
 *     #include <magpie/when.h>
 *
 *     MAG_VTASK_DEFINE(int_task, int)
 *     MAG_LAZY(square, int_task, int)             // struct square: lazy, from an int
 *
 *     static int calls;
 *
 *     MAG_ASYNC(int_task, compute, (int, number), mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         calls++;
 *         if (mag_delay(NULL, 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));
 *         return int_task_result(f->number * f->number);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         static struct square nine = MAG_LAZY_INIT(compute, 3);
 *         int_task first = square_get(&nine, NULL);    // calls compute(3)
 *         int_task second = square_get(&nine, NULL);   // shares that call
 *         int one = 0, two = 0, three = 0;
 *
 *         if (int_task_wait(first, &one) != 0 || int_task_wait(second, &two) != 0)
 *             return 1;
 *         if (int_task_get(square_get(&nine, NULL), &three) != 0) // here: a read
 *             return 1;
 *         return one == 9 && two == 9 && three == 9 && calls == 1 ? 0 : 1;
 *     }
 *
 * The model.  A lazy value has a function and an argument.  The first get calls the
 * function, on its own thread; that call, up to the outcome of its task, is a flight.
 * Callers that get the value meanwhile share the flight (single flight).  Each caller has
 * a task of its own, to be awaited, waited for, canceled or discarded.  A flight goes on
 * even if all callers are canceled.
 *
 * A success is kept, and the next get is a read: it takes no lock, writes nothing that is
 * shared and allocates nothing, so any number of threads may get a value at the same
 * time.
 *
 * Errors.  All callers that share a flight get its error.  The next get tries again; or,
 * if the lazy value was made to keep errors, gets the same error.
 *
 * Resets.  A reset takes the outcome away: every later get yields a value that was
 * computed after the reset.  Callers that share a flight under way still get its outcome,
 * but that is not kept; when the flight has landed another one begins for the callers
 * that came after the reset.
 *
 * Lifetime.  A lazy value is a struct of the program's and must not move.  It may be
 * freed when no call on it is running and no flight is under way; so, if there was no
 * reset and nobody was canceled, when all tasks are complete.  The function must not get
 * its own value: it would wait for itself.
 *
 * docs/design/lazy.md has the protocol; examples/shared_cache.c is a cache of such
 * values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_LAZY_H
#define MAGPIE_LAZY_H

#include <magpie/async.h>
#include <magpie/cancel.h>
#include <magpie/operation.h>
#include <magpie/promise.h>

#include <magpie/detail/lazy.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_LAZY(name, result_task, arg_type) defines a type of lazy values.  `result_task` was
 * made by MAG_VTASK_DEFINE(result_task, T).  arg_type is the type of the function's
 * argument, one that a name can follow.
 *
 *   struct name
 *   result_task name_get(struct name *lazy, struct mag_cancel *cancel)
 *                     the value.  When `cancel` fires the task fails with -ECANCELED; the
 *                     flight goes on.  NULL: nobody cancels.  Allocates from pools:
 *                     nothing after warm-up.  The task may also fail with -ENOMEM
 *   struct name_state
 *   result_task name_get_begin(struct mag_waiter *waiter, struct name_state *state,
 *                              struct name *lazy, struct mag_cancel *cancel)
 *                     the connected form (connected.h), and its state.  An async function
 *                     with a local `struct name_state state` writes
 *                         MAG_CONNECT(f, f->value, name_get, &f->state, lazy, NULL);
 *                     Both forms wait in one line and share flights.
 *                     Blocks: a landing, until a callback of `cancel` that runs has
 *                     returned.  Allocates: the wait nothing; the get that begins a
 *                     flight, a frame from a pool.  Returns MAG_STARTED; or a task that
 *                     is complete: the value is here, or `cancel` has fired, or an error
 *                     was kept
 *   bool name_peek(const struct name *lazy, T *ret_value)
 *                     copies the value if it is here; never waits, never calls the
 *                     function
 *   void name_reset(struct name *lazy)
 *                     takes the outcome away, see "Resets"
 *   void name_init(struct name *lazy, result_task (*function)(arg_type), arg_type arg,
 *                  bool keep_errors)
 *                     makes a lazy value; nobody uses it meanwhile
 */
#define MAG_LAZY(name, result_task, arg_type)     \
    MAG_CHECK_TASK_TYPE(result_task)              \
    MAG_LAZY_STRUCTS(name, result_task, arg_type) \
    MAG_LAZY_FLIGHT(name, result_task)            \
    MAG_LAZY_FUNCTIONS(name, result_task, arg_type)

/* The initialiser of a lazy value that keeps no errors. */
#define MAG_LAZY_INIT(function, argument)                                    \
    {                                                                        \
        {MAG_LINE_INIT(MAG_LAZY_EMPTY), 0, 0, 0, 0}, (function), (argument), \
        {                                                                    \
            0                                                                \
        }                                                                    \
    }

MAG_EXTERN_C_END

#endif
