/*
 * counters.h - what each worker of a scheduler has done, and where its time went.
 *
 *     #include <magpie/fork.h>
 *     #include <stdio.h>
 *
 *     MAG_FORKABLE(long, fib, int, n)
 *
 *     static long fib(mag_fork w, int n)
 *     {
 *         if (n < 2)
 *             return n;
 *         struct fib_child child = fib_fork(&w, n - 1);
 *         long rest = fib(w, n - 2);
 *         return fib_join(&w, child) + rest;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         struct mag_sched_counters counters;
 *         long result;
 *
 *         if (mag_sched_start(NULL, &sched) != 0 || fib_run(sched, &result, 25) != 0)
 *             return 1;
 *         for (uint32_t i = 0; mag_sched_counters(sched, i, &counters) == 0; i++) {
 *             uint64_t life = counters.run_ns + counters.search_ns + counters.park_ns +
 *                             counters.blocked_ns;
 *
 *             printf("worker %u ran for %.0f%% of its life, and stole %llu times\n", i,
 *                    100.0 * (double)counters.run_ns / (double)(life + 1),
 *                    (unsigned long long)(counters.steals_near + counters.steals_far));
 *         }
 *         return mag_sched_destroy(sched);
 *     }
 *
 * The model.  Each worker counts what it does, all the time: nothing has to be turned on,
 * and the cost cannot be measured.  A program that wants rates reads twice and subtracts.
 *
 * Times.  At any moment a worker runs, searches, is parked or is blocked, whether or not
 * its thread has a CPU.  It reads the clock only where it begins to wait or has waited.
 * So `run_ns` includes the search for the next job, if that finds one at the first look.
 *
 * docs/guide/seeing.md says how to read them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_COUNTERS_H
#define MAGPIE_COUNTERS_H

#include <magpie/detail/base.h>
#include <magpie/pin.h>

MAG_EXTERN_C_BEGIN

struct mag_sched;

/* Other nodes by their distance from a worker: ring 0 has the nearest ones, ring 1 the
 * next, and the last ring all that are farther. */
enum { MAG_STEAL_RINGS = 8 };

/* What one worker has done since it started.  All fields but `pinned` and
 * `range` only grow. */
struct mag_sched_counters {
    uint64_t jobs;        /* jobs run; of mag_submit_all up to 16 calls are one */
    uint64_t posts;       /* jobs posted by jobs that this worker ran */
    uint64_t steals_near; /* successful steals within its node, of jobs or of children */
    uint64_t steals_far;  /* the same from other nodes */
    uint64_t parks;       /* times it went to sleep */
    uint64_t wakes;       /* times it was woken for work */
    uint64_t ended;       /* jobs that ended its thread, see "Threads that end" */
    enum mag_pinned pinned; /* as the kernel says now, for a pin can be lost (pin.h); of a
                             * worker that has ended: as the kernel said then */
    uint64_t run_ns;        /* it ran jobs */
    uint64_t search_ns;     /* it looked for work again and again */
    uint64_t park_ns;       /* it slept, for want of work */
    uint64_t blocked_ns;    /* it slept inside a job, in a wait of this library's */
    enum mag_pin_range range; /* how far it may move now, see MAG_PIN_ADAPTIVE */
    uint64_t loosened;        /* times it was given a wider range: others used its CPU */
    uint64_t repaired;        /* times a pin that the kernel had removed was set again */
    uint32_t os_pu; /* the system's number of the PU that it sits on now (elastic.h); of a
                     * place beyond the workers: 0 */
    uint64_t
        steals_ring[MAG_STEAL_RINGS]; /* `steals_far` by the distance of the node; the
                                            * last has those from stand-ins, too */
};

/*
 * As mag_sched_counters, for callers that know the first `size` bytes of the struct, as
 * programs that were built with an older header do.  Fields that the library does not
 * know are set to zero.
 */
MAG_API int mag_sched_counters_read(const struct mag_sched *sched, uint32_t worker,
                                    struct mag_sched_counters *ret_counters, size_t size);

MAG_NAMESAKES_BEGIN
/*
 * Reads the counters of one worker, which may be running meanwhile: each value is exact,
 * but two values may be of slightly different moments.  A time that is running is
 * included up to now.
 *
 *   worker     its number, see mag_sched_worker, below mag_sched_capacity.  Those of a
 *              place that no thread has taken yet are zero
 *   Thread     any
 *   Blocks     in the kernel, not for long: it asks for the worker's affinity mask
 *   Returns    0; -EINVAL no such worker
 */
MAG_INLINE int mag_sched_counters(const struct mag_sched *sched, uint32_t worker,
                                  struct mag_sched_counters *ret_counters)
{
    return mag_sched_counters_read(sched, worker, ret_counters, sizeof(*ret_counters));
}
MAG_NAMESAKES_END

MAG_EXTERN_C_END

#endif
