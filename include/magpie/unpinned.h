/*
 * unpinned.h - threads and processes that a job starts, and that must not inherit the one
 * processor and the signal mask of its worker.
 *
 *     #include <magpie/unpinned.h>
 *     #include <magpie/sched.h>
 *     #include <stdlib.h>
 *
 *     static int status = -1;
 *
 *     static void run_tool(struct mag_job *job)
 *     {
 *         struct mag_unpinned before;
 *
 *         (void)job;
 *         mag_unpinned_begin(&before);
 *         status = system("true"); // on all processors; SIGTERM ends it
 *         mag_unpinned_end(&before);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         struct mag_job job;
 *
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         job.run = run_tool;
 *         if (mag_sched_post(sched, &job) != 0 || mag_sched_destroy(sched) != 0)
 *             return 1;
 *         return status;
 *     }
 *
 * The model.  A worker is pinned to one PU, and blocks the signals that the program's own
 * threads handle (sched.h).  Threads that a job creates inherit both masks; so do their
 * own threads, and processes, also those of posix_spawn, popen and system.  Such a
 * process sees one processor - nproc prints 1 - and SIGTERM does not end it.  Threads and
 * processes that are started between mag_unpinned_begin and mag_unpinned_end inherit
 * instead the affinity mask and the signal mask of the thread that started the scheduler.
 *
 * The pair works for every way to start something: pthread_create, std::thread,
 * posix_spawn, popen, system, fork and exec, a library that has threads of its own.
 *
 * Without the pair.  A scheduler that is started in a job, or in a thread that a job has
 * created, sees the processors that the first scheduler saw.  A child of fork() in a job
 * is not a worker: its thread has both masks from before, unless the job has changed
 * them.
 *
 * Errors.  None.  If a mask cannot be given back, because a filter refuses to set it, it
 * stays as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_UNPINNED_H
#define MAGPIE_UNPINNED_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

/* The masks that mag_unpinned_end brings back.  The caller has the storage, and leaves
 * the contents alone. */
struct mag_unpinned {
    uint64_t words[20];
};

/*
 * Gives the calling thread the masks of the thread that started the scheduler, if it is a
 * worker, or a thread that a job has created.  On any other thread nothing changes.
 * Pairs may be nested.
 *
 * Until mag_unpinned_end a worker may move to another processor, far from its memory, and
 * a signal handler of the program may run on it; so keep the code in between short.  That
 * code must not await: an async function may resume on another thread.
 *
 *   Thread     any
 *   Blocks     in the kernel, not for long: two system calls that change a mask
 */
MAG_API void mag_unpinned_begin(struct mag_unpinned *ret_before);

/*
 * Gives the calling thread back the masks from before mag_unpinned_begin.  In a process
 * that was forked in between it does nothing, because its thread is not a worker.
 *
 *   Thread     the one that called mag_unpinned_begin
 *   Blocks     in the kernel, while the thread moves back
 */
MAG_API void mag_unpinned_end(const struct mag_unpinned *before);

MAG_EXTERN_C_END

#endif
