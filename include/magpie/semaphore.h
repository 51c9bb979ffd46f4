/*
 * semaphore.h - a semaphore: limits how many run at a time.  A waiter holds no thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/semaphore.h>
 *     #include <magpie/when.h>
 *
 *     static struct mag_semaphore seats = MAG_SEMAPHORE_INIT(2);
 *
 *     MAG_ASYNC(mag_task, dine, (int, minutes), mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_semaphore_acquire(&seats, NULL));
 *         if (mag_delay(NULL, f->minutes * 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));       // two at a time
 *         if (mag_semaphore_release(&seats, 1) != 0)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task guests[6];
 *         int r = 0;
 *
 *         for (int i = 0; i < 6; i++)
 *             guests[i] = dine(i % 3);
 *         for (int i = 0; i < 6; i++)
 *             r |= mag_task_wait(guests[i]);
 *         return r == 0 && mag_semaphore_available(&seats) == 2 ? 0 : 1;
 *     }
 *
 * The model.  A semaphore has a number of permits.  An acquire takes one: at once if one
 * is free and nobody waits, with one atomic instruction; otherwise it waits in a line,
 * and its task completes when it has a permit.  A release gives permits back.  The oldest
 * waiters get them directly, first come, first served; nobody overtakes them.  A waiter
 * that got a permit continues as a job of its own scheduler, never inside the release.
 *
 * A thread that may block, and is no worker, waits with mag_task_wait.
 *
 * Lifetime.  A semaphore is a struct of the program's.  It must not move.  It may be
 * freed when no call on it is running and nobody waits.  Two more cases are allowed: a
 * caller that got a permit may free the semaphore although the release that gave the
 * permit has not returned, and so may the last waiter that was canceled.
 *
 * After fork() the child must not use a semaphore that another thread may have been
 * using.
 *
 * docs/design/sync.md has the protocol, docs/guide/waiting.md compares the tools.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SEMAPHORE_H
#define MAGPIE_SEMAPHORE_H

#include <magpie/cancel.h>
#include <magpie/detail/sync.h>

MAG_EXTERN_C_BEGIN

/* How many permits a semaphore may have. */
#define MAG_SEMAPHORE_MAX (MAG_LINE_VALUES - 1)

/* A semaphore.  Embed it; the members are the library's. */
struct mag_semaphore {
    struct mag_line line;
    uint32_t permits;
};

/* The initialiser of a semaphore with `permits` permits, all of them free. */
#define MAG_SEMAPHORE_INIT(permits) \
    {                               \
        MAG_LINE_INIT(0), (permits) \
    }

/*
 * Makes a semaphore.
 *
 *   permits    how many there are: 1 to MAG_SEMAPHORE_MAX
 *   available  how many of them are free.  0: releases make the first ones, as for a
 *              number of items
 *   Thread     any; nobody uses the semaphore meanwhile
 *   Returns    0; MAG_E_ARG no such number of permits, or more are free than there are
 */
MAG_API MAG_MUST_CHECK int mag_semaphore_init(struct mag_semaphore *semaphore,
                                              uint32_t permits, uint32_t available);

/*
 * Takes a permit if one is free and nobody waits.
 *
 *   Returns    true: the caller has a permit; false: it has not
 */
MAG_MUST_CHECK MAG_INLINE bool mag_semaphore_try_acquire(struct mag_semaphore *semaphore)
{
    enum mag_line_answer answer =
        mag_line_take(&semaphore->line, mag_semaphore_take, semaphore->permits);

    return answer == MAG_LINE_YES ||
           (MAG_UNLIKELY(answer == MAG_LINE_SLOW) && mag_semaphore_try_slow(semaphore));
}

/*
 * Takes a permit, as soon as one is free and all who came before have theirs.
 *
 *   cancel     takes the caller out of the line when it fires: the task then fails with
 *              -ECANCELED, and no permit was taken.  If it has fired already, a permit
 *              that is free is still taken.  NULL: nobody cancels
 *   Blocks     as mag_cancel_register, with a cancel object
 *   Allocates  from a pool, if it has to wait: nothing after warm-up
 *   Returns    a task that succeeds when the caller has a permit; it fails with
 *              -ECANCELED, or -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_semaphore_acquire(struct mag_semaphore *semaphore,
                                                         struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&semaphore->line, mag_semaphore_take,
                                 semaphore->permits) == MAG_LINE_YES))
        return mag_task_done();
    return mag_semaphore_acquire_slow(semaphore, cancel);
}

/*
 * The connected form (connected.h).  An async function that has a local `struct
 * mag_wait_state wait` writes
 *
 *     MAG_CONNECT_DONE(f, mag_semaphore_acquire, &f->wait, &seats, NULL);
 *
 * Both forms wait in one line, first come, first served.  The state serves one wait at a
 * time, for a semaphore, a mutex (mutex.h), a read-write lock, an event, a latch or a
 * rendezvous.  Its members are the library's.
 *
 *   cancel     as for mag_semaphore_acquire
 *   Blocks     as mag_cancel_register, with a cancel object; then the release that gives
 *              the permit may wait until a callback of that object has returned
 *   Allocates  nothing
 *   Returns    MAG_STARTED; or a task that is complete: the caller has a permit, or the
 *              cancel object has fired.  The wait fails with -ECANCELED
 */
MAG_MUST_CHECK MAG_INLINE mag_task
mag_semaphore_acquire_begin(struct mag_waiter *waiter, struct mag_wait_state *state,
                            struct mag_semaphore *semaphore, struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&semaphore->line, mag_semaphore_take,
                                 semaphore->permits) == MAG_LINE_YES))
        return mag_task_done();
    return mag_semaphore_begin_slow(waiter, state, semaphore, cancel);
}

/*
 * Gives permits back, or makes new ones available, up to the number of permits that there
 * are.
 *
 *   count      how many; with 0 nothing happens
 *   Thread     any, also one that took no permit
 *   Returns    0; MAG_E_RELEASE fewer are taken than are given back: nothing has changed
 */
MAG_MUST_CHECK MAG_INLINE int mag_semaphore_release(struct mag_semaphore *semaphore,
                                                    uint32_t count)
{
    if (MAG_LIKELY(mag_line_give(&semaphore->line, mag_semaphore_give, count) ==
                   MAG_LINE_YES))
        return 0;
    return mag_semaphore_release_slow(semaphore, count);
}

/*
 * How many permits are free, at this moment.
 */
MAG_INLINE uint32_t mag_semaphore_available(const struct mag_semaphore *semaphore)
{
    return semaphore->permits - mag_line_value(&semaphore->line);
}

MAG_EXTERN_C_END

#endif
