/*
 * event_loop.h - an event loop of the program as an executor: jobs that any thread posts
 * run on the loop's thread.
 *
 *     #include <magpie/event_loop.h>
 *     #include <unistd.h>
 *
 *     static bool done; // only the loop's thread touches it
 *
 *     static void finish(struct mag_job *job)
 *     {
 *         (void)job;
 *         done = true;
 *     }
 *
 *     static void wake(void *arg) // on any thread: makes the loop's read() return
 *     {
 *         (void)!write(*(int *)arg, "", 1);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_event_loop loop;
 *         struct mag_job job;
 *         int ends[2];
 *         char byte;
 *
 *         if (pipe(ends) != 0)
 *             return 1;
 *         mag_event_loop_init(&loop, wake, &ends[1]);
 *         job.run = finish;
 *         if (mag_event_loop_post(&loop, &job) != 0) // from any thread
 *             return 1;
 *         while (!done && read(ends[0], &byte, 1) == 1) // or poll, epoll_wait, ...
 *             (void)mag_event_loop_run(&loop);          // runs the jobs that wait
 *         mag_event_loop_close(&loop, NULL, NULL);
 *         return done ? 0 : 1;
 *     }
 *
 * The model.  The program has an event loop - epoll, libuv, a toolkit's - and one thread
 * that runs it.  A mag_event_loop beside it holds the jobs that are posted to that
 * thread, and wakes the event loop when a job comes.  Code on the loop's thread that
 * awaits something comes back to that thread: mag_event_loop_run makes the loop the
 * current executor while it runs jobs.  For callbacks of the event loop itself call
 * mag_executor_enter(&loop.executor) once, before the loop begins.
 *
 * Order.  First in, first out.  One call of mag_event_loop_run runs the jobs that wait
 * when it is called.  A job that is posted meanwhile waits for the next call and wakes
 * the loop again, so jobs that post themselves do not keep the loop from its events.
 *
 * The user embeds the struct in an object of its own.  Nothing is allocated.  A post
 * holds a mutex for a few instructions, and during `wake` if no job was waiting.
 *
 * examples/loop_epoll.c and examples/loop_uv.c show loops with events of their own.
 *
 * After fork() the child must not use a loop that another thread may have been using.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_EVENT_LOOP_H
#define MAGPIE_EVENT_LOOP_H

#include <magpie/executor.h>
#include <magpie/sched.h>

#include <pthread.h>

MAG_EXTERN_C_BEGIN

/*
 * The executor of an event loop.  The members are the library's, but `executor` may be
 * handed to any function that takes one.  It must not move after mag_event_loop_init.
 */
struct mag_event_loop {
    struct mag_executor executor; /* first */
    void (*wake)(void *arg);
    void *arg;
    pthread_mutex_t lock;
    bool closed;                  /* under `lock` */
    struct mag_job *first, *last; /* under `lock`: posted, oldest first */
    struct mag_job *ready, *rear; /* the loop's thread: about to run, oldest first */
    size_t ready_count;           /* the loop's thread */
};

/*
 * Makes a loop that is empty and open.
 *
 *   wake       called with `arg`, on the posting thread, by a post that finds no job
 *              waiting.  It must cause the loop's thread to call mag_event_loop_run soon.
 *              It must not block, and must not call a function on this loop.  NULL: the
 *              loop's thread calls mag_event_loop_run often enough by itself
 *   Thread     any; nobody uses the loop meanwhile
 */
MAG_API void mag_event_loop_init(struct mag_event_loop *loop, void (*wake)(void *arg),
                                 void *arg);

/*
 * Posts a job to the loop's thread.  It runs once, inside a later mag_event_loop_run,
 * after all jobs that were posted before it.  `loop->executor.post` is the same.
 *
 *   Thread     any, also inside a job of the loop; not a signal handler
 *   Blocks     while another thread is inside a post, or its `wake`
 *   Returns    0 the job will run, or be handed to mag_event_loop_close; -ESHUTDOWN the
 *              loop is closed: the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_event_loop_post(struct mag_event_loop *loop,
                                               struct mag_job *job);

/*
 * Runs the jobs that wait, with the loop as the current executor.  Once its `run` is
 * called, a job is its owner's again, as with mag_sched_post.  A job may call
 * mag_event_loop_run, which then continues with the jobs behind it.  It may call
 * mag_event_loop_close, too.
 *
 *   Thread     the loop's: one at a time
 *   Blocks     while the jobs run; it does not wait for jobs
 *   Returns    how many jobs it ran; 0 none waited
 */
MAG_API size_t mag_event_loop_run(struct mag_event_loop *loop);

/*
 * Closes a loop.  Later posts are refused, so code that awaits an operation under the
 * loop continues inside the call that completes the operation.  Jobs that wait are handed
 * to `on_dropped`, oldest first, each once, on the calling thread.  `on_dropped` may call
 * `job->run(job)` to let a job continue there.  If it is NULL the jobs are left to their
 * owners: an async function whose continuation is such a job never resumes.  Jobs that
 * belong to the library, such as those of submit.h, are not handed over but dropped, as
 * by mag_sched_stop.
 *
 * When it returns, `wake` is not running and will not be called any more.  The loop's
 * memory may be reused when mag_event_loop_run has returned and nothing can post to the
 * loop any more; an operation that is awaited under the loop posts when it completes.
 *
 *   Thread     the loop's
 *   Blocks     while another thread is inside a post, and while `on_dropped` runs
 */
MAG_API void mag_event_loop_close(struct mag_event_loop *loop,
                                  void (*on_dropped)(struct mag_job *job, void *arg),
                                  void *arg);

MAG_EXTERN_C_END

#endif
