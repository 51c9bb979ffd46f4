/*
 * blocking.h - jobs that block: other threads stand in for the workers that they hold.
 *
 *     #include <magpie/blocking.h>
 *     #include <stdio.h>
 *     #include <time.h>
 *
 *     static void take_a_nap(struct mag_job *job)
 *     {
 *         struct timespec tenth = {0, 100 * 1000 * 1000};
 *         struct mag_blocking region;
 *
 *         (void)job;
 *         mag_blocking_begin(&region);
 *         (void)nanosleep(&tenth, NULL); // another thread runs jobs meanwhile
 *         mag_blocking_end(&region);
 *     }
 *
 *     static void compute(struct mag_job *job)
 *     {
 *         (void)job;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_job nap, work;
 *         struct mag_sched *sched;
 *
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         nap.run = take_a_nap;
 *         work.run = compute;
 *         if (mag_sched_post(sched, &nap) != 0 || mag_sched_post(sched, &work) != 0)
 *             return 1;
 *         return mag_sched_destroy(sched) == 0 ? 0 : 1;
 *     }
 *
 * The model.  A job that blocks - that waits for a file, a lock, a child process - holds
 * its worker, although the worker's CPU is free.  A job says so with a region around the
 * call that blocks.  If jobs wait and no worker is free to take them, a stand-in takes
 * them: a thread of the library that works in a spare berth (sched.h, `spare`), pinned as
 * a worker would be.  It comes at once if jobs wait when the region begins, otherwise
 * within two milliseconds after a job has begun to wait.  When the region has ended and
 * there are more stand-ins than blocked workers, one of them leaves after the job that it
 * runs.
 *
 * The job itself notices nothing: it keeps its worker's number, its local storage, its
 * forked children, and goes on at once when its call returns.  Until the stand-in has
 * left there is one thread more than workers.  So a region is only advice.  One that is
 * not needed costs one or two hundred nanoseconds, and one that is missing is noticed
 * too, if the scheduler is asked to (`stand_in` in sched.h; the default scheduler is): a
 * worker whose thread sleeps in the kernel while jobs wait counts as blocked after a few
 * milliseconds.
 *
 * Limits.  There are at most as many stand-ins as spare berths that no guest uses.  If
 * that limit is reached, or the system refuses a thread, the call blocks as it would
 * without a region, and mag_blocking_counters counts it.  So jobs that wait for each
 * other must not be more than workers and spare berths together.
 *
 * Jobs that were posted to one worker by mag_sched_post_worker wait until that worker is
 * free: no other thread may run them.
 *
 * Threads.  A stand-in is created when it is first needed, is used again, and ends after
 * ten seconds without a call.  `on_start` and `on_stop` are called on it whenever it
 * takes a berth and leaves it, with the berth's number.
 *
 * Errors.  None.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_BLOCKING_H
#define MAGPIE_BLOCKING_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* An open region.  The caller has the storage, and leaves the contents alone. */
struct mag_blocking {
    void *worker;
};

/*
 * The calling job is about to block.  On a thread that is not a worker nothing happens.
 * Regions may be nested; only the outermost one counts.  Inside a region everything is
 * allowed that is allowed outside, except to await.
 *
 *   Thread     any
 *   Blocks     only while a thread is created, the first times
 *   Release    mag_blocking_end, in the same job
 */
MAG_API void mag_blocking_begin(struct mag_blocking *ret_region);

/*
 * The call has returned.  If the job ends its thread inside a region, the region ends by
 * itself.
 *
 *   Thread     the one that called mag_blocking_begin
 */
MAG_API void mag_blocking_end(const struct mag_blocking *region);

/* What has become of a scheduler's blocked workers. */
struct mag_blocking_counters {
    uint32_t regions;  /* open now, the outermost ones */
    uint32_t threads;  /* stand-ins that exist now */
    uint32_t standing; /* those that work, or are about to */
    uint64_t calls;    /* how often one was called; only grows */
    uint64_t refused;  /* how often there was none to call: the limit was reached, or the
                        * system refused a thread; only grows */
};

MAG_NAMESAKES_BEGIN
/*
 * Reads these counters: each is a value of the moment, all but the last two for
 * information only.
 *
 *   Thread     any
 */
MAG_API void mag_blocking_counters(const struct mag_sched *sched,
                                   struct mag_blocking_counters *ret_counters);
MAG_NAMESAKES_END

/* ------------------------------------------------------------- off the workers */

/* How many threads there may be for jobs off the workers, unless the program sets another
 * limit. */
#define MAG_BLOCKING_THREADS 64

/*
 * Runs a job off all workers, on a thread that is there for jobs that block.  The process
 * has such threads up to a limit; further jobs wait, first in, first out.  A thread is
 * created when it is needed, is used again, and ends after ten seconds without a job.
 *
 * The job is not part of any scheduler: no stop waits for it, mag_sched_self is NULL.
 *
 *   Thread     any
 *   Blocks     while a thread is created
 *   Allocates  a thread, until there are enough
 *   Returns    0; -EAGAIN the system refuses a thread, and there is none that would take
 *              the job later.  After an error the job was not taken
 */
MAG_API MAG_MUST_CHECK int mag_blocking_post(struct mag_job *job);

/*
 * Limits these threads.  If there are more already, they end when they rest.
 *
 *   threads    at least 1
 *   Thread     any
 *   Returns    0; -EINVAL
 */
MAG_API int mag_blocking_set_limit(uint32_t threads);

/* The threads for jobs off the workers. */
struct mag_blocking_pool {
    uint32_t threads; /* that exist */
    uint32_t resting; /* of these: without a job */
    uint32_t waiting; /* jobs that no thread has taken yet */
    uint64_t refused; /* threads that the system has refused; only grows */
};

/*
 * Reads these values, all of one moment.
 *
 *   Thread     any
 */
MAG_API void mag_blocking_pool_read(struct mag_blocking_pool *ret_pool);

MAG_EXTERN_C_END

#endif
