/*
 * rwlock.h - a lock for many readers or one writer, which may be held across an await.
 * A waiter holds no thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/rwlock.h>
 *     #include <magpie/when.h>
 *
 *     static struct mag_rwlock lock = MAG_RWLOCK_INIT;
 *     static int first = 1, second = 1;
 *
 *     MAG_ASYNC(mag_task, change, (int, to), mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_rwlock_write_lock(&lock, NULL));
 *         first = f->to;
 *         if (mag_delay(NULL, 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));
 *         second = f->to;
 *         if (mag_rwlock_write_unlock(&lock) != 0)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     MAG_ASYNC(mag_task, compare, (void), bool equal;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_rwlock_read_lock(&lock, NULL));
 *         f->equal = first == second;
 *         if (mag_rwlock_read_unlock(&lock) != 0 || !f->equal)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task write = change(2), read = compare(), another = compare();
 *         int r = mag_task_wait(write);
 *
 *         r |= mag_task_wait(read) | mag_task_wait(another);
 *         return r == 0 && second == 2 ? 0 : 1;
 *     }
 *
 * The model.  Any number of readers hold the lock at the same time, or one writer does.
 * Other callers wait in a line, first come, first served.  A reader that comes while a
 * writer waits goes behind the writer, so readers cannot starve writers.  The readers
 * behind a writer get the lock together when the writer has unlocked it, so writers
 * cannot starve readers.  A lock that is free is taken with one atomic instruction.
 *
 * So a reader must not lock again while it holds the lock: if a writer has come in
 * between, both wait for ever.  Nor can a reader become a writer.
 *
 * Readers write the lock's word too.  If what is read under the lock takes less than
 * about a hundred nanoseconds, a mutex is as fast.
 *
 * Otherwise, and in lifetime, this is a mutex (mutex.h): nobody owns the lock, waiters
 * continue as jobs of their schedulers, and waits can be canceled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_RWLOCK_H
#define MAGPIE_RWLOCK_H

#include <magpie/cancel.h>
#include <magpie/detail/sync.h>

MAG_EXTERN_C_BEGIN

/* A read-write lock.  Embed it; the members are the library's.  Zeroed memory is one that
 * is free. */
struct mag_rwlock {
    struct mag_line line;
};

/* The initialiser of a lock that is free. */
#define MAG_RWLOCK_INIT  \
    {                    \
        MAG_LINE_INIT(0) \
    }

/*
 * Makes a lock that is free.
 *
 *   Thread     any; nobody uses the lock meanwhile
 */
MAG_API void mag_rwlock_init(struct mag_rwlock *lock);

/* ----------------------------------------------------------------------- readers */

/*
 * Locks for reading, if no writer holds the lock and nobody waits.
 *
 *   Returns    true: the caller is a reader; false: it is not
 */
MAG_MUST_CHECK MAG_INLINE bool mag_rwlock_try_read_lock(struct mag_rwlock *lock)
{
    enum mag_line_answer answer = mag_line_take(&lock->line, mag_rwlock_take, 0);

    return answer == MAG_LINE_YES ||
           (answer == MAG_LINE_SLOW && mag_rwlock_try_slow(lock, 0));
}

/*
 * Locks for reading, as soon as no writer holds the lock and all who came before have
 * had it.
 *
 *   cancel     as for mag_semaphore_acquire
 *   Blocks, Allocates  as there
 *   Returns    a task that succeeds when the caller is a reader; it fails with
 *              -ECANCELED, or -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_rwlock_read_lock(struct mag_rwlock *lock,
                                                        struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&lock->line, mag_rwlock_take, 0) == MAG_LINE_YES))
        return mag_task_done();
    return mag_rwlock_lock_slow(lock, 0, cancel);
}

/*
 * The connected form, as mag_semaphore_acquire_begin (semaphore.h):
 * MAG_CONNECT_DONE(f, mag_rwlock_read_lock, &f->wait, &lock, NULL) with a local `struct
 * mag_wait_state wait`.
 *
 *   Blocks, Allocates, Returns  as there; a complete task: the caller is a reader
 */
MAG_MUST_CHECK MAG_INLINE mag_task
mag_rwlock_read_lock_begin(struct mag_waiter *waiter, struct mag_wait_state *state,
                           struct mag_rwlock *lock, struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&lock->line, mag_rwlock_take, 0) == MAG_LINE_YES))
        return mag_task_done();
    return mag_rwlock_begin_slow(waiter, state, lock, 0, cancel);
}

/*
 * Ends a reader.  If it was the last one, the writer that waits holds the lock.
 *
 *   Thread     any
 *   Returns    0; MAG_E_RELEASE no reader holds the lock: nothing has changed
 */
MAG_MUST_CHECK MAG_INLINE int mag_rwlock_read_unlock(struct mag_rwlock *lock)
{
    if (MAG_LIKELY(mag_line_give(&lock->line, mag_rwlock_give, 0) == MAG_LINE_YES))
        return 0;
    return mag_rwlock_unlock_slow(lock, 0);
}

/* ----------------------------------------------------------------------- writers */

/*
 * Locks for writing, if the lock is free and nobody waits.
 *
 *   Returns    true: the caller is the writer; false: it is not
 */
MAG_MUST_CHECK MAG_INLINE bool mag_rwlock_try_write_lock(struct mag_rwlock *lock)
{
    enum mag_line_answer answer = mag_line_take(&lock->line, mag_rwlock_take, 1);

    return answer == MAG_LINE_YES ||
           (answer == MAG_LINE_SLOW && mag_rwlock_try_slow(lock, 1));
}

/*
 * Locks for writing, as soon as the lock is free and all who came before have had it.
 *
 *   cancel     as for mag_semaphore_acquire.  Readers behind a writer that is canceled
 *              may have the lock at once
 *   Blocks, Allocates  as there
 *   Returns    a task that succeeds when the caller is the writer; it fails with
 *              -ECANCELED, or -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_rwlock_write_lock(struct mag_rwlock *lock,
                                                         struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&lock->line, mag_rwlock_take, 1) == MAG_LINE_YES))
        return mag_task_done();
    return mag_rwlock_lock_slow(lock, 1, cancel);
}

/*
 * The connected form, as mag_rwlock_read_lock_begin; a complete task: the caller is the
 * writer.
 */
MAG_MUST_CHECK MAG_INLINE mag_task
mag_rwlock_write_lock_begin(struct mag_waiter *waiter, struct mag_wait_state *state,
                            struct mag_rwlock *lock, struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&lock->line, mag_rwlock_take, 1) == MAG_LINE_YES))
        return mag_task_done();
    return mag_rwlock_begin_slow(waiter, state, lock, 1, cancel);
}

/*
 * Ends the writer.  The oldest who wait have the lock: a writer, or all readers up to the
 * next writer.
 *
 *   Thread     any
 *   Returns    0; MAG_E_RELEASE no writer holds the lock: nothing has changed
 */
MAG_MUST_CHECK MAG_INLINE int mag_rwlock_write_unlock(struct mag_rwlock *lock)
{
    if (MAG_LIKELY(mag_line_give(&lock->line, mag_rwlock_give, 1) == MAG_LINE_YES))
        return 0;
    return mag_rwlock_unlock_slow(lock, 1);
}

MAG_EXTERN_C_END

#endif
