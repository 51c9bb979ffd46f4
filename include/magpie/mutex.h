/*
 * mutex.h - a lock that may be held across an await.  A waiter holds no thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/mutex.h>
 *     #include <magpie/when.h>
 *
 *     static struct mag_mutex lock = MAG_MUTEX_INIT;
 *     static int balance = 100;
 *
 *     MAG_ASYNC(mag_task, withdraw, (int, amount), int before; mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_mutex_lock(&lock, NULL));
 *         f->before = balance;
 *         if (mag_delay(NULL, 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));
 *         balance = f->before - f->amount;         // nobody else has changed it
 *         if (mag_mutex_unlock(&lock) != 0)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task first = withdraw(10), second = withdraw(20);
 *
 *         if (mag_task_wait(first) != 0 || mag_task_wait(second) != 0)
 *             return 1;
 *         return balance == 70 ? 0 : 1;
 *     }
 *
 * The model.  At most one caller holds the mutex.  mag_mutex_lock takes a free mutex at
 * once, with one atomic instruction; otherwise the caller waits in a line.  An unlock
 * gives the mutex to the oldest waiter directly: the waiter holds it already when it
 * continues, as a job of its own scheduler, never inside the unlock.  So nobody
 * overtakes, and nobody starves.
 *
 * Nobody owns the mutex: it belongs to a piece of work, not to a thread, and another
 * thread may unlock it, for instance after an await.  A second lock by the same work
 * waits for ever; cancel it, or use mag_mutex_try_lock.
 *
 * For a few instructions without an await a pthread_mutex_t does as well.
 *
 * Lifetime, fork(): as for a semaphore (semaphore.h).  So the caller that has got the
 * mutex may unlock it, and free it if nobody else can want it.
 *
 * docs/design/sync.md has the protocol, docs/guide/waiting.md compares the tools.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_MUTEX_H
#define MAGPIE_MUTEX_H

#include <magpie/cancel.h>
#include <magpie/detail/sync.h>

MAG_EXTERN_C_BEGIN

/* A mutex.  Embed it; the members are the library's.  Zeroed memory is one that is
 * free. */
struct mag_mutex {
    struct mag_line line;
};

/* The initialiser of a mutex that is free. */
#define MAG_MUTEX_INIT   \
    {                    \
        MAG_LINE_INIT(0) \
    }

/*
 * Makes a mutex that is free.
 *
 *   Thread     any; nobody uses the mutex meanwhile
 */
MAG_API void mag_mutex_init(struct mag_mutex *mutex);

/*
 * Locks the mutex if it is free.
 *
 *   Returns    true: the caller holds it; false: somebody else does
 */
MAG_MUST_CHECK MAG_INLINE bool mag_mutex_try_lock(struct mag_mutex *mutex)
{
    enum mag_line_answer answer = mag_line_take(&mutex->line, mag_semaphore_take, 1);

    return answer == MAG_LINE_YES ||
           (MAG_UNLIKELY(answer == MAG_LINE_SLOW) && mag_mutex_try_slow(mutex));
}

/*
 * Locks the mutex as soon as it is free and all who came before have had it.
 *
 *   cancel     as for mag_semaphore_acquire
 *   Blocks, Allocates  as there
 *   Returns    a task that succeeds when the caller holds the mutex; it fails with
 *              -ECANCELED, or -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_mutex_lock(struct mag_mutex *mutex,
                                                  struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_step(&mutex->line, 0, 1)))
        return mag_task_done();
    return mag_mutex_lock_slow(mutex, cancel);
}

/*
 * The connected form, as mag_semaphore_acquire_begin (semaphore.h): MAG_CONNECT_DONE(f,
 * mag_mutex_lock, &f->wait, &lock, NULL) with a local `struct mag_wait_state wait`.
 *
 *   Blocks, Allocates, Returns  as there; a complete task: the caller holds the mutex
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_mutex_lock_begin(struct mag_waiter *waiter,
                                                        struct mag_wait_state *state,
                                                        struct mag_mutex *mutex,
                                                        struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_step(&mutex->line, 0, 1)))
        return mag_task_done();
    return mag_mutex_begin_slow(waiter, state, mutex, cancel);
}

/*
 * Unlocks the mutex: the oldest who waits holds it from then on.
 *
 *   Thread     any
 *   Returns    0; MAG_E_RELEASE it is not locked: nothing has changed
 */
MAG_MUST_CHECK MAG_INLINE int mag_mutex_unlock(struct mag_mutex *mutex)
{
    if (MAG_LIKELY(mag_line_step(&mutex->line, 1, 0)))
        return 0;
    return mag_mutex_unlock_slow(mutex);
}

/*
 * Whether somebody holds the mutex, at this moment.
 */
MAG_INLINE bool mag_mutex_is_locked(const struct mag_mutex *mutex)
{
    return mag_line_value(&mutex->line) != 0;
}

MAG_EXTERN_C_END

#endif
