/*
 * unpinned.h - what a job starts: threads and processes that are not to inherit what a
 * worker is.
 *
 *     static void run_tool(struct mag_job *job)
 *     {
 *         struct mag_unpinned before;
 *
 *         mag_unpinned_begin(&before);
 *         int status = system("tool");        // on all processors, ended by SIGTERM
 *         mag_unpinned_end(&before);
 *         ...
 *     }
 *
 * The model.  A worker is pinned to one PU and blocks the signals that are the business
 * of the program's own threads (sched.h).  The kernel hands both on: to threads that a
 * job creates, to their threads, and to processes, also through posix_spawn, popen and
 * system.  Such a process sees one processor - nproc prints 1 - and SIGTERM does not end
 * it.  What is started between mag_unpinned_begin and mag_unpinned_end has instead what
 * the thread had that started the scheduler: its affinity mask and its signal mask.
 *
 * The pair works for whatever starts something: pthread_create, std::thread, posix_spawn,
 * popen, system, fork and exec, a library that has threads of its own.  posix_spawn has
 * an attribute for the signal mask and none for processors, which is why there is a pair
 * of calls and no attributes.
 *
 * Without the pair.  A scheduler that is started in a job, or in a thread that a job has
 * created, sees the processors that the first one saw.  A child of fork() in a job is no
 * worker: its thread has both masks of before, unless the job had changed them.
 *
 * Errors.  None: what cannot be given back (a filter refuses to set a mask) stays as it
 * is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_UNPINNED_H
#define MAGPIE_UNPINNED_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

/* What mag_unpinned_end brings back; storage of the caller's, the contents are the
 * library's. */
struct mag_unpinned {
    uint64_t words[20];
};

/*
 * Gives the calling thread the masks of before: those of the thread that started the
 * scheduler whose worker this is, or a worker's descendant.  On a thread that is neither
 * nothing changes.  Pairs may be nested.
 *
 * Until mag_unpinned_end a worker may move to another processor, where its memory is not
 * near, and a handler of the program's may run on it; so what stands in between is
 * short.  It must not await: an async function may go on on another thread.
 *
 *   Thread     any
 *   Blocks     in the kernel, not for long: two system calls that change a mask
 */
MAG_API void mag_unpinned_begin(struct mag_unpinned *ret_before);

/*
 * Makes the calling thread what it was before mag_unpinned_begin.  In a process that was
 * forked in between it does nothing: there the thread is no worker.
 *
 *   Thread     the one that called mag_unpinned_begin
 *   Blocks     in the kernel, while the thread moves back
 */
MAG_API void mag_unpinned_end(const struct mag_unpinned *before);

MAG_EXTERN_C_END

#endif
