/*
 * guest.h - a thread from outside that takes part in a scheduler's work for a while.
 *
 *     #include <magpie/default.h>
 *     #include <magpie/fork.h>
 *     #include <magpie/guest.h>
 *
 *     MAG_FORKABLE(long, sum, const int *, numbers, int, count)
 *
 *     static long sum(mag_fork w, const int *numbers, int count)
 *     {
 *         if (count == 1)
 *             return numbers[0];
 *         struct sum_child child = sum_fork(&w, numbers + count / 2, count - count / 2);
 *         long first = sum(w, numbers, count / 2);
 *         return first + sum_join(&w, child);
 *     }
 *
 *     int main(void)
 *     {
 *         int numbers[1000];
 *         struct mag_guest guest;
 *         struct mag_sched *sched;
 *         long total = 0;
 *
 *         for (int i = 0; i < 1000; i++)
 *             numbers[i] = i;
 *         if (mag_sched_default(&sched) != 0 || mag_guest_enter(sched, &guest) != 0)
 *             return 1;
 *         // this thread computes, and the workers help
 *         for (int i = 0; i < 3; i++) {
 *             long result = 0;
 *
 *             if (sum_run(sched, &result, numbers, 1000) != 0)
 *                 return 1;
 *             total += result;
 *         }
 *         mag_guest_leave(&guest);
 *         return total == 3 * 499500 ? 0 : 1;
 *     }
 *
 * The model.  A scheduler has places for more threads than its workers: `spare` in struct
 * mag_sched_config (sched.h).  A guest is a thread from outside that has taken such a
 * place.  Until it leaves it is a worker in every respect but two: it runs nothing by
 * itself, and it is not pinned.  mag_sched_self, mag_sched_worker and mag_sched_local
 * answer there as on a worker; its number is from mag_sched_workers up to, and not
 * including, mag_sched_capacity.  What it posts it keeps near until a worker takes it;
 * what is left when it leaves, the workers run.  A name_run (fork.h) begins at once on
 * the guest itself, on its C stack, and the workers steal what it forks.
 *
 * When to use it.  name_run takes a place by itself for the time of the call, if it can.
 * Enter yourself to call it very often, to post many jobs in a row, to have a number and
 * storage for a longer time, or on a thread whose C stack is small.
 *
 * Cost.  Entering and leaving take less than 100 ns together, once the place has been
 * used before, and wake nobody.  Workers are woken for what the guest forks and posts,
 * and last of all those that would run on the guest's own CPU.
 *
 * Hooks.  `on_start` and `on_stop` are not called for guests.  A place's local storage is
 * zeroed before its first guest only; the next one finds what the last one left.
 *
 * Blocking.  A guest that sleeps keeps its place, but holds up no job and no worker: what
 * it has posted or forked is taken by workers.  A stop waits until all guests have left.
 *
 * Threads that end.  A thread that ends as a guest leaves its places, as it leaves other
 * things by thread-specific destructors.  The children that wait on its fork stack are
 * not called, and those that workers run are waited for.
 *
 * fork().  In the child of a fork() that a guest has called, the guest is an ordinary
 * thread; its mag_guest_leave does nothing.
 *
 * docs/design/guests.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_GUEST_H
#define MAGPIE_GUEST_H

#include <magpie/error.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* One stay of a thread; lies on the thread's stack.  The member is the library's. */
struct mag_guest {
    void *place; /* NULL: the thread was there already */
};

/*
 * The calling thread takes a place.  If it is a worker or a guest of `sched` already,
 * nothing changes, and leaving does nothing.  A worker or guest of another scheduler is
 * none of that one until it leaves; its continuations come to `sched` meanwhile.
 *
 *   Thread     any; not a signal handler
 *   Allocates  the place's memory, when a thread takes it for the first time
 *   Returns    0; -EBUSY every place is taken, or there are none; -ENOMEM; -ESHUTDOWN the
 *              scheduler is stopping; MAG_E_FORKED it belongs to the parent process.
 *              After an error nothing has changed
 *   Release    mag_guest_leave
 */
MAG_API MAG_MUST_CHECK int mag_guest_enter(struct mag_sched *sched,
                                           struct mag_guest *guest);

/*
 * The calling thread leaves its place.  If it has entered several, it leaves the last one
 * first.
 *
 *   Thread     the one that has entered; outside of jobs and of functions that fork,
 *              unless it has entered there
 */
MAG_API void mag_guest_leave(struct mag_guest *guest);

MAG_EXTERN_C_END

#endif
