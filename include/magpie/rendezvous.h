/*
 * rendezvous.h - a barrier between async functions: each waits until all have arrived.
 * A waiting member holds no thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/rendezvous.h>
 *     #include <magpie/submit_task.h>
 *
 *     enum { MEMBERS = 4, STEPS = 10 };
 *     static struct mag_rendezvous steps = MAG_RENDEZVOUS_INIT(MEMBERS);
 *     static int cells[STEPS + 1][MEMBERS];
 *
 *     MAG_ASYNC(mag_task, advance, (int, me), int i; int left;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->i = 0; f->i < STEPS; f->i++) {
 *             f->left = cells[f->i][(f->me + 1) % MEMBERS];
 *             cells[f->i + 1][f->me] = f->left + 1;     // all are at step i
 *             MAG_AWAIT_DONE(f, mag_rendezvous_arrive(&steps));
 *         }
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task members[MEMBERS];
 *
 *         for (int i = 0; i < MEMBERS; i++)
 *             members[i] = advance(i);
 *         for (int i = 0; i < MEMBERS; i++)
 *             if (mag_task_wait(members[i]) != 0)
 *                 return 1;
 *         return cells[STEPS][0] == STEPS ? 0 : 1;
 *     }
 *
 * The model.  A rendezvous has a number of members.  Each arrives and waits; when the
 * last one arrives, all go on, and the next phase begins.  What a member did before it
 * arrived is visible to all who go on.  The last one to arrive does not wait; the others
 * continue as jobs of their own scheduler.  A member that leaves is not waited for any
 * more.
 *
 * Members need no thread each: any number of them work on one worker.  The barrier of a
 * team (team.h) is faster, but its members hold a thread each; <magpie/barrier.h> is
 * another thing, for protocols.
 *
 * An arrival cannot be canceled: the others could not know whether it counts.  To give
 * up, let the member leave.
 *
 * Lifetime, fork(): as for a semaphore (semaphore.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_RENDEZVOUS_H
#define MAGPIE_RENDEZVOUS_H

#include <magpie/detail/line_place.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* How many members a rendezvous may have. */
#define MAG_RENDEZVOUS_MAX ((MAG_LINE_VALUES >> 1) - 1)

/* A rendezvous.  Embed it; the members are the library's. */
struct mag_rendezvous {
    struct mag_line line;
    uint32_t members; /* under the line's lock */
};

/* The initialiser of a rendezvous of `count` members. */
#define MAG_RENDEZVOUS_INIT(count) \
    {                              \
        MAG_LINE_INIT(0), (count)  \
    }

/*
 * Makes a rendezvous.
 *
 *   members    1 to MAG_RENDEZVOUS_MAX
 *   Thread     any; nobody uses the rendezvous meanwhile
 *   Returns    0; MAG_E_ARG no such number of members
 */
MAG_API MAG_MUST_CHECK int mag_rendezvous_init(struct mag_rendezvous *rendezvous,
                                               uint32_t members);

/*
 * Arrives, and waits for the others.
 *
 *   Allocates  from a pool: nothing after warm-up
 *   Returns    a task that succeeds when all members have arrived.  It fails with
 *              -ENOMEM: then the caller has not arrived.  It fails with MAG_E_RELEASE: no
 *              member is left
 */
MAG_API MAG_MUST_CHECK mag_task mag_rendezvous_arrive(struct mag_rendezvous *rendezvous);

/*
 * The connected form (connected.h): MAG_CONNECT_DONE(f, mag_rendezvous_arrive, &f->wait,
 * &steps) with a local `struct mag_wait_state wait` (semaphore.h).  Members may arrive in
 * either form.
 *
 *   Allocates  nothing
 *   Returns    MAG_STARTED; or a task that is complete: the caller was the last one, or
 *              no member is left (MAG_E_RELEASE)
 */
MAG_API MAG_MUST_CHECK mag_task
mag_rendezvous_arrive_begin(struct mag_waiter *waiter, struct mag_wait_state *state,
                            struct mag_rendezvous *rendezvous);

/*
 * Leaves: there is one member less from the present phase on.  If all others have arrived
 * they go on.
 *
 *   Thread     any; a member that does not wait
 *   Returns    0; MAG_E_RELEASE no member is left that has not arrived: nothing has
 *              changed
 */
MAG_API MAG_MUST_CHECK int mag_rendezvous_leave(struct mag_rendezvous *rendezvous);

MAG_EXTERN_C_END

#endif
