/*
 * event_loop.h - an event loop of the program as an executor: jobs from any thread run on
 * the loop's thread.
 *
 *     static void wake(void *arg)              // any thread: the loop shall come round
 *     {
 *         uint64_t one = 1;
 *         (void)!write(*(int *)arg, &one, sizeof(one));
 *     }
 *
 *     int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);  // in the epoll set
 *     struct mag_event_loop loop;
 *
 *     mag_event_loop_init(&loop, wake, &event);
 *     struct mag_executor *before = mag_executor_enter(&loop.executor);
 *     for (;;) {
 *         ... epoll_wait; handle what is ready; if it is `event`, read it and
 *         (void)mag_event_loop_run(&loop);
 *     }
 *     (void)mag_executor_enter(before);
 *     mag_event_loop_close(&loop, NULL, NULL);
 *
 * The model.  The program has an event loop - epoll, libuv, a toolkit's - and one thread
 * that runs it.  A mag_event_loop beside it holds the jobs that are posted to that
 * thread, and wakes the event loop when there is one.  A job or a callback of the loop
 * that awaits something comes back to the loop's thread: mag_event_loop_run makes the
 * loop the current executor while it runs jobs, and mag_executor_enter does so around
 * everything else.
 *
 * Order.  First in, first out.  One call of mag_event_loop_run runs the jobs that wait
 * when it is called.  A job that is posted meanwhile waits for the next call and wakes
 * the loop again, so jobs that post themselves do not keep the loop from its events.
 *
 * The user embeds the struct in an object of its own.  Nothing is allocated.  A post
 * holds a mutex for a few instructions, and during `wake` if no job was waiting.
 *
 * examples/loop_epoll.c and examples/loop_uv.c are whole programs.
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
 * The executor of an event loop.  All of it is the library's but `executor`, which may be
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
 *   wake       called with `arg` by a post that finds no job waiting, on the posting
 *              thread.  It must have the loop's thread call mag_event_loop_run before
 *              long.  It must not block, and must not call any function for this loop.
 *              NULL: the thread comes round by itself
 *   Thread     any; nobody uses the loop meanwhile
 */
MAG_API void mag_event_loop_init(struct mag_event_loop *loop, void (*wake)(void *arg),
                                 void *arg);

/*
 * Posts a job to the loop's thread.  It runs once, inside a later mag_event_loop_run,
 * after all jobs that were posted before it.  `loop->executor.post` is the same.
 *
 *   Thread     any, also from inside a job of the loop; not from a signal handler
 *   Blocks     while another thread is inside a post, or its `wake`
 *   Returns    0 the job will run, or be handed to mag_event_loop_close; -ESHUTDOWN the
 *              loop is closed: the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_event_loop_post(struct mag_event_loop *loop,
                                               struct mag_job *job);

/*
 * Runs the jobs that wait, with the loop as the current executor.  When its `run` is
 * called, a job is the caller's again, as with mag_sched_post.  A job may call
 * mag_event_loop_run, which then continues with the jobs behind it, and
 * mag_event_loop_close.
 *
 *   Thread     the loop's: one at a time
 *   Blocks     while the jobs run; never for one to come
 *   Returns    how many jobs it ran; 0 none waited
 */
MAG_API size_t mag_event_loop_run(struct mag_event_loop *loop);

/*
 * Closes a loop.  Later posts are refused; operations that are awaited under the loop
 * then continue inside the call that completes them.  Jobs that wait are handed to
 * `on_dropped`, oldest first, each once, on the calling thread; it may call
 * `job->run(job)` to let a job continue there.  NULL: the jobs are left to their owners,
 * and an async function that waits in one never resumes.
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
