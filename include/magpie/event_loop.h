/*
 * event_loop.h - an event loop as an executor: jobs from any thread run on the loop's thread.
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
 * The model.  The program has an event loop of its own: epoll, libuv, a toolkit's,
 * and one thread that runs it.  A mag_event_loop beside it holds the jobs that are posted to
 * that thread, and has the event loop woken when there is one.  What the jobs, or the
 * callbacks of the event loop, wait for without blocking comes back to the loop's thread:
 * mag_event_loop_run makes the loop the current executor while it runs jobs, and
 * mag_executor_enter does so around everything else.
 *
 * Order.  First in, first out.  One call of mag_event_loop_run runs what waits when it is
 * called; what is posted meanwhile waits for the next call, and wakes again, so that jobs
 * which post themselves do not keep the event loop from its events.
 *
 * The user embeds the loop in an object of its own.  Nothing is allocated; a post takes a
 * mutex for a few instructions, and for the call of `wake` if the loop was empty.
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
 * A loop.  All of it is the library's but `executor`, which may be handed to whatever
 * takes one.  It must not move after mag_event_loop_init.
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
 *   wake       called by the post that finds the loop empty, with `arg`, on the posting
 *              thread: has the loop's thread call mag_event_loop_run before long.  It must not
 *              block, nor call anything of this loop.  NULL: the thread comes round by
 *              itself
 *   Thread     any; nobody uses the loop meanwhile
 */
MAG_API void mag_event_loop_init(struct mag_event_loop *loop, void (*wake)(void *arg), void *arg);

/*
 * Posts a job to the loop's thread; it runs once, inside a later mag_event_loop_run, after all
 * that were posted before.  `loop->executor.post` is the same.
 *
 *   Thread     any, also from inside a job of the loop; not from a signal handler
 *   Blocks     while another thread is inside a post, or its `wake`
 *   Returns    0 the job will run, or be handed to mag_event_loop_close; -ESHUTDOWN the loop is
 *              closed: the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_event_loop_post(struct mag_event_loop *loop, struct mag_job *job);

/*
 * Runs the jobs that wait, with the loop as the current executor.  From the moment that
 * its `run` is called a job is the caller's again, as with mag_sched_post.  A job may
 * call mag_event_loop_run, which then goes on with the jobs behind it, and mag_event_loop_close.
 *
 *   Thread     the loop's: one at a time
 *   Blocks     while the jobs run; never for one to come
 *   Returns    how many jobs it ran; 0 none waited
 */
MAG_API size_t mag_event_loop_run(struct mag_event_loop *loop);

/*
 * Closes a loop: later posts are refused, and what is awaited under the loop goes on
 * inside the completing call.  Jobs that wait are handed to `on_dropped`, oldest first,
 * each once, on the calling thread; `job->run(job)` lets one go on there.  NULL: the jobs
 * are left to their owners, and what awaits in one never goes on.
 *
 * When it returns, `wake` is not running and will not be called any more.  The loop's
 * memory may be reused when mag_event_loop_run has returned and nothing can be posted to it any
 * more: also what is awaited under it posts, until it has completed.
 *
 *   Thread     the loop's
 *   Blocks     while another thread is inside a post, and while `on_dropped` runs
 */
MAG_API void mag_event_loop_close(struct mag_event_loop *loop,
                            void (*on_dropped)(struct mag_job *job, void *arg),
                            void *arg);

MAG_EXTERN_C_END

#endif
