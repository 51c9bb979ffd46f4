/*
 * sched.h - schedulers: threads, one pinned to each core, that run the jobs posted to
 * them.
 *
 *     #include <magpie/sched.h>
 *
 *     struct square {
 *         struct mag_job job; // first, so that a job's address is its square's
 *         int number, result;
 *     };
 *
 *     static void compute(struct mag_job *job)
 *     {
 *         struct square *square = (struct square *)job;
 *
 *         square->result = square->number * square->number;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched_config config;
 *         struct mag_sched *sched;
 *         struct square squares[100];
 *
 *         mag_sched_config_init(&config);
 *         config.workers = 2; // without this: one for each core
 *         if (mag_sched_start(&config, &sched) != 0)
 *             return 1;
 *         for (int i = 0; i < 100; i++) {
 *             squares[i].job.run = compute;
 *             squares[i].number = i;
 *             if (mag_sched_post(sched, &squares[i].job) != 0)
 *                 return 1;
 *         }
 *         // runs what was posted, then ends the threads
 *         if (mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL) != 0)
 *             return 1;
 *         return mag_sched_destroy(sched) == 0 && squares[9].result == 81 ? 0 : 1;
 *     }
 *
 * The model.  A job is two words that the caller embeds in an object of its own.  Posting
 * a job hands it to a scheduler, and one of the scheduler's threads, its workers, calls
 * `job->run(job)` once.  A post allocates nothing, so it cannot fail for want of memory:
 * it is refused only once the scheduler is stopping.  Nothing here waits for a single
 * job: to wait for a result use fork.h, a promise (promise.h) or an async function.
 *
 * Order.  When a running job posts another job, that one runs next on the same worker,
 * unless an idle worker steals it.  After MAG_SCHED_LIFO_RUNS such jobs in a row the
 * oldest job that waits on the worker runs.  A job that posts itself again goes behind
 * the jobs that wait there: that is how to yield.  All other jobs of a worker run first
 * in, first out.  If more than 256 jobs wait on a worker, the older half moves behind the
 * jobs that came from outside.  A worker looks for jobs from outside at least once in
 * MAG_SCHED_FAIR_TICKS jobs.  docs/design/run-queue.md has the bounds.
 *
 * Blocking.  A job that blocks holds its worker.  It should say so, by a region of
 * <magpie/blocking.h>: other threads then stand in for the worker while jobs wait, up to
 * `spare` of them.  The default scheduler also notices jobs that block without saying so;
 * others do if `stand_in` asks for it.  Otherwise, if as many jobs block as there are
 * workers, no other job runs until one of them continues.  docs/guide/blocking.md says
 * more.
 *
 * Signals.  No function of the library may be called from a signal handler, except
 * mag_error_text, mag_call_text and mag_version (docs/guide/signals.md).  The workers
 * block all signals but SIGPROF and those that a thread causes itself: SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS.  So a crash handler or a profiler of the
 * program works in jobs as elsewhere.
 *
 * Floating point.  A job begins with the modes of the thread that started the scheduler,
 * or with those that `on_start` has set: rounding, flush to zero, precision, which
 * exceptions trap.  Changes that a job leaves behind are undone before the next job.
 * Computations begun with fork.h have the modes of the thread that began them.  On x86-64
 * and AArch64 this holds for all modes of the processor, elsewhere for the rounding.
 *
 * What a job starts.  Threads and processes that a job creates inherit the worker's one
 * processor and its signal mask; <magpie/unpinned.h> says what to do about it.  A
 * scheduler that is started in a job, or in a thread that a job has created, has the
 * processors of the first scheduler.
 *
 * Threads that end.  A job may end its thread, by pthread_exit or at a cancellation point
 * of its own; it counts as run.  The worker goes on in another thread, which takes over
 * its number, its local storage and all jobs that wait there: `on_stop` is called on the
 * thread that ends, `on_start` on the new one.  If the system refuses a thread, the old
 * one works on until the scheduler ends.  mag_sched_counters counts such ends in `ended`,
 * and the watch of <magpie/debug.h> is told MAG_E_THREAD.  <magpie/fork.h> says what
 * becomes of forked children.
 *
 * Cancellation.  pthread_cancel does not end a thread inside these calls: starting,
 * stopping, destroying and waiting are no cancellation points, and cancellation is off in
 * the callbacks that they make.  Do not call them with asynchronous cancellation on.
 *
 * Exceptions.  In C++ an exception that leaves a job ends the program (std::terminate),
 * as an exception that leaves a thread's function does.  Hooks and `on_dropped` must
 * return: they may neither throw nor jump out.  See docs/guide/exceptions.md.
 *
 * Errors.  0, or a negative code; see each function, and error.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SCHED_H
#define MAGPIE_SCHED_H

#include <magpie/counters.h>
#include <magpie/error.h>
#include <magpie/plan.h>

MAG_EXTERN_C_BEGIN

struct mag_sched;

/* -------------------------------------------------------------------- jobs */

/*
 * One piece of work.  Set `run`, and leave `next` alone.  From the post until `run` is
 * called the job belongs to whatever it was posted to: a scheduler, a strand, a timer, an
 * executor of yours.  So it can be posted to one of them at a time, and must stay where
 * it is.  Once `run` is called the job is the caller's again: `run` may post it once
 * more, free it or reuse its memory (docs/guide/jobs.md).
 */
struct mag_job {
    MAG_ATOMIC(struct mag_job *) next;
    void (*run)(struct mag_job *job);
};

/* ---------------------------------------------------------------- starting */

/* For which blocked workers other threads stand in while jobs wait (blocking.h). */
enum mag_stand_in_for {
    MAG_STAND_IN_AUTO, /* in the default scheduler for all, else for announced ones */
    MAG_STAND_IN_ANNOUNCED, /* for those inside a region of blocking.h */
    MAG_STAND_IN_ALL,       /* also for those whose threads sleep in the kernel */
};

/* Whether workers are bound to their PUs.  docs/guide/shared-machines.md says when which
 * is right. */
enum mag_pin {
    MAG_PIN_NEVER,    /* the kernel moves them as any other thread */
    MAG_PIN_ALWAYS,   /* each stays on its PU */
    MAG_PIN_ADAPTIVE, /* as ALWAYS while the PU is the worker's alone.  A worker that has
                       * to wait there, because another thread uses the PU, may move
                       * within its cache domain, then within its node, and is bound to
                       * its PU again when it has not had to wait for some seconds */
};

/* Whether a scheduler of this machine looks every second whether the process may use
 * other CPUs (affinity, cpuset, CPUs that go or come) or has another CPU quota, and
 * follows: workers get new seats; and if `workers` is 0, their number changes, up to
 * `workers_max`, until the program calls mag_sched_resize (elastic.h). */
enum mag_follow_budget {
    MAG_FOLLOW_AUTO,   /* the default scheduler does, others do not */
    MAG_FOLLOW_NEVER,  /* it keeps what it has found at its start */
    MAG_FOLLOW_ALWAYS, /* it does */
};

/*
 * What a scheduler is made from.  Fill it with mag_sched_config_init, then change the
 * fields you need.  A program that was built with an older header keeps working, because
 * `size` says which fields it knows.
 */
struct mag_sched_config {
    size_t size; /* sizeof(struct mag_sched_config); set by mag_sched_config_init */

    /* Number of workers, 1 to MAG_SCHED_WORKERS_MAX.  0 (default): one for each usable
     * core (with MAG_PLACE_PER_PU: for each usable PU), but no more than the CPU quota of
     * this process allows, see mag_budget_read.  0 with MAG_PLACE_LIST: one for each
     * entry.  A described machine (`topology`) has no quota. */
    uint32_t workers;

    /* Where the workers sit on the machine (plan.h).  Default MAG_PLACE_PER_CORE. */
    enum mag_placement placement;

    /* For MAG_PLACE_LIST: the operating system's numbers of PUs.  Worker i sits on
     * os_pus[i % os_pu_count].  Default none. */
    const uint32_t *os_pus;
    uint32_t os_pu_count;

    /* Whether workers are bound to their PUs.  Default MAG_PIN_ADAPTIVE. */
    enum mag_pin pin;

    /* The machine (topology.h); borrowed until the scheduler is destroyed.  Default NULL:
     * this machine. */
    const struct mag_topology *topology;

    /* C stack of each worker in bytes, at least 64 KiB; AArch64 makes 128 KiB of less.
     * Default 0: the system's size.  If RLIMIT_AS or RLIMIT_DATA leaves less than twice
     * that for all workers, they share half of that, with at least 1 MiB each. */
    size_t stack_size;

    /* Matters only if the kernel refuses membarrier: how many forked children of a worker
     * can be stolen, 64 to MAG_SCHED_FORKS_MAX, rounded up to a power of two.  Children
     * beyond that run inline at their joins.  Default 8,192. */
    uint32_t fork_depth;

    /* Bytes of storage of its own that each worker has, see mag_sched_local: zeroed, on
     * the worker's node, at most SIZE_MAX / 4.  Default 0. */
    size_t local_size;

    /* How long, at most, a worker without work searches before it sleeps: 0 to 10,000
     * microseconds.  A worker shortens the time as it learns.  Default 50. */
    uint32_t spin_us;

    /* The threads are named `name/0`, `name/1` ...; at most 10 bytes of `name` are used.
     * Default "magpie". */
    const char *name;

    /* Called on each worker before its first job and after its last one, with its number
     * and `hook_arg`.  mag_sched_self, mag_sched_worker and mag_sched_local answer there
     * as in a job.  Default NULL. */
    void (*on_start)(uint32_t worker, void *arg);
    void (*on_stop)(uint32_t worker, void *arg);
    void *hook_arg;

    /* Address space of each worker's fork stack in bytes, MAG_SCHED_FORK_STACK_MIN to
     * MAG_SCHED_FORK_STACK_MAX, rounded up to a multiple of 128 pages.  It holds a
     * waiting child for each 86 bytes, and takes memory only where children wait.
     * Default 0: 1 GiB, more for a `stack_size` above 72 MiB (fork.h, Limits).  If
     * RLIMIT_AS is set: at most a quarter of what is left for each worker beside its C
     * stack. */
    size_t fork_stack_size;

    /* How many threads beyond the workers may take part at a time: threads from outside
     * that work for the time of a call, and threads that stand in for blocked workers.
     * `workers` and this together are at most MAG_SCHED_WORKERS_MAX.  A place of this
     * kind takes memory when it is first used: as much as a worker, without a C stack.
     * If RLIMIT_AS is set, the fork stacks of all such places have an eighth of what was
     * left.  0: none.  Default MAG_SPARE_AUTO: twice the number of workers, but at least
     * 4 and at most 64, as far as MAG_SCHED_WORKERS_MAX allows. */
    uint32_t spare;

    /* Whether a thread stands in for a worker that blocks in a job (blocking.h).  Default
     * MAG_STAND_IN_AUTO. */
    enum mag_stand_in_for stand_in;

    /* A file for the trace of the scheduler's whole life (trace.h).  It is created at the
     * start, and written when the scheduler has stopped; that of the default scheduler
     * when the process exits.  %p in its name stands for the number of the process.
     * Default NULL: none. */
    const char *trace;

    /* The most workers that mag_sched_resize (elastic.h) may ask for, from `workers` to
     * MAG_SCHED_WORKERS_MAX; it counts instead of `workers` for the limit of `spare`.  A
     * worker beyond `workers` takes memory and a thread when it is first started.
     * Default 0: as many as `workers`; if the number follows the budget (`follow`), one
     * for each usable core or PU, whatever the quota is now. */
    uint32_t workers_max;

    /* Whether the scheduler follows the CPUs and the quota that the process has.  Default
     * MAG_FOLLOW_AUTO. */
    enum mag_follow_budget follow;
};

#define MAG_SCHED_WORKERS_MAX 4096
#define MAG_SCHED_FORKS_MAX   8192
#define MAG_SPARE_AUTO        UINT32_MAX

#define MAG_SCHED_FORK_STACK_MIN ((size_t)512 * 1024)
#define MAG_SCHED_FORK_STACK_MAX ((size_t)16 * 1024 * 1024 * 1024)

/*
 * Sets every field to its default.
 */
MAG_API void mag_sched_config_init(struct mag_sched_config *config);

/*
 * Starts a scheduler: its workers run when the call returns.  A NULL `config` means the
 * defaults.
 *
 *   Thread     any; no cancellation point
 *   Blocks     until every worker has started
 *   Allocates  yes
 *   Returns    0; -EINVAL a field is out of its range; -ENOMEM memory or address space
 *              is refused, by the system or by a limit (ulimit -v, -d); -EAGAIN a thread
 *              is refused: a limit of threads is reached (ulimit -u, a container's pids
 *              limit); -EIO the machine cannot be examined; an error of open(2): `trace`
 *              cannot be created.  A failed start leaves nothing behind
 *   Release    mag_sched_destroy
 */
MAG_API MAG_MUST_CHECK int mag_sched_start(const struct mag_sched_config *config,
                                           struct mag_sched **ret_sched);

/* ----------------------------------------------------------------- posting */

/*
 * Posts a job.  If the caller is a worker of `sched`, the job runs next on that worker.
 * From any other thread it goes to the NUMA node that is nearest to the caller.
 *
 *   Thread     any, also inside a job; not a signal handler
 *   Returns    0 the job will run exactly once; -ESHUTDOWN the scheduler no longer takes
 *              jobs from outside; MAG_E_FORKED it belongs to the process that forked this
 *              one.  After an error the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_sched_post(struct mag_sched *sched, struct mag_job *job);

/*
 * Posts a job to any worker: it goes behind the jobs that were posted from outside, and
 * the first worker that comes to it runs it.  Use it to spread work over all workers.
 *
 *   Thread, Returns  as mag_sched_post
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_any(struct mag_sched *sched,
                                              struct mag_job *job);

/*
 * As mag_sched_post_any, but prefers the workers of one NUMA node, which take such jobs
 * first.  Workers of other nodes take them when they have nothing else to do, and
 * sometimes when they have.  If the node has no workers, the job goes to the nearest node
 * that has some.
 *
 *   node       an index of the scheduler's topology, see mag_sched_plan
 *   Returns    as mag_sched_post; -EINVAL no such node
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_node(struct mag_sched *sched,
                                               struct mag_job *job, uint32_t node);

/*
 * Posts a job to one worker.  The job runs there and nowhere else.  Jobs that are posted
 * to one worker by this function run first in, first out.
 *
 *   worker     0 to mag_sched_workers - 1; also a higher number, if that worker was
 *              active once (elastic.h)
 *   Returns    as mag_sched_post; -EINVAL no such worker
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_worker(struct mag_sched *sched,
                                                 struct mag_job *job, uint32_t worker);

/* How many jobs in a row a worker runs next to their poster, last in, first out, before
 * the oldest waiting job has its turn. */
#define MAG_SCHED_LIFO_RUNS 4

/* How many jobs a worker runs, at most, between two looks for jobs from outside. */
#define MAG_SCHED_FAIR_TICKS 64

/* ---------------------------------------------------------------- stopping */

enum mag_sched_stop {
    MAG_SCHED_DRAIN,  /* run all jobs that were posted, and those that they post */
    MAG_SCHED_CANCEL, /* finish the jobs that have begun, hand back the others */
};

/*
 * Stops a scheduler, but never the default one, which lives until the process ends.  Once
 * this is called, posts from outside are refused; with MAG_SCHED_CANCEL posts of running
 * jobs too.  When it returns 0, no job runs and no thread of the scheduler is left.  Jobs
 * that never began are handed to `on_dropped`, one by one, each exactly once, on the
 * calling thread.  If `on_dropped` is NULL they are left to their owners.
 *
 * Delays and timeouts that are pending (when.h) are not handed back: the stop ends them
 * itself, on the calling thread, whatever `on_dropped` is.  They fail with -ECANCELED.
 * Code that awaits them continues inside this call; it may not destroy the scheduler.
 *
 * A continuation that is due when the scheduler is canceled is a job that never began.
 * `on_dropped` may call `job->run(job)`: an async function then continues to its next
 * await or its end.  A job that is left alone never runs.  So a program that awaits on a
 * scheduler drains it, or runs the jobs that are handed back.
 *
 *   timeout_ns   how long to wait, in nanoseconds; -1: as long as it takes
 *   Thread       any but a worker of `sched`; one at a time; no cancellation point
 *   Blocks       until the last job has ended or the time is over, whatever posters,
 *                timers and thread-specific destructors of the workers do meanwhile
 *   Returns      0 it is stopped, or was stopped before; -ETIMEDOUT jobs still run, or
 *                another thread is in the middle of a post: call again, with either
 *                mode; -EDEADLK called on a worker of `sched`, which can only begin a
 *                stop, see mag_sched_stop_begin; -EINVAL unknown mode; -EPERM it is the
 *                default scheduler.  In a child of fork() the parent's
 *                schedulers count as stopped, and nothing is handed back
 */
MAG_API MAG_MUST_CHECK int
mag_sched_stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t timeout_ns,
               void (*on_dropped)(struct mag_job *job, void *arg), void *arg);

/*
 * Begins the stop of a scheduler and returns: what a job calls that has found out that
 * the work is over.  Once it returns, posts are refused as during mag_sched_stop, and the
 * workers drain or end by themselves.  A thread from outside still has to call
 * mag_sched_stop or mag_sched_destroy, which then finds the work done, or waits for the
 * rest.  It may be begun again, with MAG_SCHED_CANCEL to shorten a drain.
 *
 *   Thread     any, also inside a job of `sched`; no cancellation point
 *   Blocks     while other threads are in the middle of a post, and until the clock of
 *              the timers has ended: not for jobs
 *   Returns    0 the stop has begun, or is over; -EINVAL unknown mode; -EPERM it is the
 *              default scheduler
 */
MAG_API MAG_MUST_CHECK int mag_sched_stop_begin(struct mag_sched *sched,
                                                enum mag_sched_stop mode);

/*
 * Waits until a stop that another thread or a job has begun is over: all jobs have ended
 * and the workers are gone.  Begins no stop itself.  The scheduler still has to be
 * destroyed.
 *
 *     // main: works until some job calls mag_sched_stop_begin
 *     if (mag_sched_wait_stopped(sched, -1) == 0)
 *         return mag_sched_destroy(sched);
 *
 *   timeout_ns   how long to wait, in nanoseconds; -1: as long as it takes
 *   Thread       any but a worker of `sched`; no cancellation point
 *   Blocks       until the stop is over, or the time
 *   Returns      0; -ETIMEDOUT; -EDEADLK called on a worker of `sched`; -EPERM it is the
 *                default scheduler, which never stops
 */
MAG_API MAG_MUST_CHECK int mag_sched_wait_stopped(struct mag_sched *sched,
                                                  int64_t timeout_ns);

/*
 * Frees a scheduler.  A scheduler that still runs is drained first, without a deadline.
 * NULL is allowed; the default scheduler is not freed.  No thread may be using `sched`,
 * except inside a post that has been accepted.
 *
 * An operation that is awaited on the scheduler's workers, strands or bound executors
 * must complete before this call: its completer posts the continuation to the scheduler,
 * and a post to a scheduler that is freed is undefined.  Safe order:
 * mag_sched_stop; complete or cancel the remaining operations (the stopped scheduler
 * refuses their continuations, which then run in the completing thread);
 * mag_sched_destroy.
 *
 *   Thread     as mag_sched_stop
 *   Blocks     as mag_sched_stop
 *   Returns    0; -EDEADLK called on a worker of `sched`; -EPERM it is the default
 *              scheduler.  After an error nothing has changed
 */
MAG_API int mag_sched_destroy(struct mag_sched *sched);

/* ----------------------------------------------------------------- workers */

/*
 * The scheduler whose worker calls; NULL on a thread that is not a worker.
 */
MAG_API struct mag_sched *mag_sched_self(void);

/*
 * The number of the calling worker, from 0; MAG_NONE on a thread that is not a worker.  A
 * thread that takes part beyond the workers (`spare`) has a number from
 * mag_sched_workers_max (elastic.h) up to, and not including, mag_sched_capacity.  No two
 * threads that take part at the same time have the same number.
 */
MAG_API uint32_t mag_sched_worker(void);

/*
 * The number of workers and of places beyond them (`spare`): an array indexed by
 * mag_sched_worker needs so many elements.  It never changes.
 */
MAG_API uint32_t mag_sched_capacity(const struct mag_sched *sched);

/*
 * The calling worker's own storage, `local_size` bytes (struct mag_sched_config), in jobs
 * and in `on_start` and `on_stop`.  It is zeroed before `on_start`, and freed after the
 * last `on_stop`.
 *
 *   Returns    NULL on a thread that is not a worker, or if `local_size` is 0
 */
MAG_API void *mag_sched_local(void);

/*
 * The storage of the worker or place with the number `index`, as mag_sched_worker counts
 * them: to add up what all have, once they are at rest.
 *
 *     for (uint32_t i = 0; i < mag_sched_capacity(sched); i++) {
 *         const struct local *local = mag_sched_local_of(sched, i);
 *         sum += local != NULL ? local->sum : 0;
 *     }
 *
 * The caller sees what was written by jobs whose end it has waited for: the bodies of a
 * loop that has returned, the jobs of a group, a computation.  While other jobs write
 * there, it must not read.
 *
 *   Thread     any, until the scheduler is destroyed
 *   Returns    NULL if nobody has ever had this number, or if `local_size` is 0
 */
MAG_API void *mag_sched_local_of(const struct mag_sched *sched, uint32_t index);

/*
 * The number of workers now, and the plan by which they were seated at the start
 * (plan.h); the plan has seats for all workers that there can be (elastic.h).  It belongs
 * to the scheduler and is valid until that is destroyed.
 */
MAG_API uint32_t mag_sched_workers(const struct mag_sched *sched);
MAG_API const struct mag_plan *mag_sched_plan(const struct mag_sched *sched);

MAG_EXTERN_C_END

#endif
