/*
 * sched.h - who runs what: schedulers, workers and the jobs posted to them.
 *
 * The model.  A job is two words that the caller embeds in an object of its own; posting
 * it hands the job to a scheduler, which calls `job->run(job)` once, on one of its
 * workers.  Nothing is allocated, so posting cannot fail for want of memory: it is
 * refused only once the scheduler is stopping.
 *
 * Order.  A job that runs on a worker and posts another has it run next on the same
 * worker, unless an idle worker steals it; after MAG_SCHED_LIFO_RUNS such jobs in a row
 * the oldest waiting job goes first.  A job that posts itself again goes behind those
 * that wait: that is how to yield.  Everything else is first in, first out, each worker
 * for itself, as long as no more than 256 jobs wait on one; beyond that the older half
 * goes behind the jobs that came from outside.  At least every MAG_SCHED_FAIR_TICKS jobs
 * a worker looks at those.  docs/design/run-queue.md has the bounds.
 *
 * Blocking.  A job that blocks holds its worker, and no other thread takes its place.
 * With as many blocked jobs as workers nothing runs any more; if those jobs wait for jobs
 * that are posted, nothing ever runs again.  docs/guide/blocking.md says what to do.
 *
 * Signals.  No function of the library may be called from a signal handler, except
 * mag_error_text, mag_call_text and mag_version (docs/guide/signals.md).  The threads of
 * a scheduler block all but those that a thread causes itself
 * (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS) and SIGPROF: a crash
 * handler or a profiler of the program works in jobs as elsewhere.
 *
 * Floating point.  A job begins with the modes - rounding, flush to zero, precision,
 * which exceptions trap - of the thread that started the scheduler, or with those that
 * `on_start` has set; changes that a job leaves behind are undone before the next job.
 * Computations begun with fork.h have the modes of the thread that began them.  On x86-64
 * and AArch64 this holds for all modes of the processor, elsewhere for the rounding.
 *
 * What a job starts.  Threads that a job creates, and processes, inherit the worker's one
 * processor and its signal mask; <magpie/unpinned.h> says what to do about it.  A
 * scheduler that a job starts, or a thread that a job has created, has the processors of
 * the first scheduler.
 *
 * Threads that end.  A job that ends its thread, by pthread_exit or at a cancellation
 * point of its own, counts as run.  The worker goes on: `on_stop` is called on the thread
 * that ends, and `on_start` on another one, which takes over the number, the local
 * storage and all jobs that wait there.  If the system refuses a thread, the old one
 * works on until the scheduler ends.  mag_sched_counters counts such ends in `ended`, and
 * the watch of <magpie/debug.h> is told MAG_E_THREAD.  <magpie/fork.h> says what becomes
 * of forked children.
 *
 * Cancellation.  pthread_cancel does not end a thread inside these calls: starting,
 * stopping, destroying and waiting are no cancellation points, and cancellation stays off
 * in callbacks that they make.  Do not call them with asynchronous cancellation on.
 *
 * Exceptions.  In C++ an exception that leaves a job ends the program (std::terminate),
 * as an exception that leaves a thread's function does.  Hooks and `on_dropped` must
 * return: they may neither throw nor jump out.  See docs/guide/exceptions.md.
 *
 * Errors.  0 or a negative errno; see each function.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SCHED_H
#define MAGPIE_SCHED_H

#include <magpie/error.h>
#include <magpie/pin.h>
#include <magpie/plan.h>

MAG_EXTERN_C_BEGIN

struct mag_sched;

/* -------------------------------------------------------------------- jobs */

/*
 * One piece of work.  Set `run`, and leave `next` alone: from the post until `run` is
 * called it belongs to whichever executor has the job - a scheduler, a strand, a timer,
 * an executor of yours.  So a job is in one of them at a time.  From the call of `run` on
 * the job is the caller's again, with `next`: `run` may post it once more, free it or
 * reuse its memory (docs/guide/jobs.md).
 */
struct mag_job {
    MAG_ATOMIC(struct mag_job *) next;
    void (*run)(struct mag_job *job);
};

/*
 * Posts a job: on a worker of `sched` to that worker itself, to run next; from any other
 * thread to the node nearest to the caller.
 *
 *   Thread     any, also from inside a job; not from a signal handler
 *   Returns    0 the job will run exactly once; -ESHUTDOWN the scheduler no longer takes
 *              jobs from outside, MAG_E_FORKED it belongs to the process that forked this
 *              one: the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_sched_post(struct mag_sched *sched, struct mag_job *job);

/*
 * Posts a job to any worker: it goes behind the jobs that were posted from outside before
 * it, and the first worker that comes to it runs it.  A worker that spreads work among
 * its peers uses this.
 *
 *   Thread, Returns  as mag_sched_post
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_any(struct mag_sched *sched,
                                              struct mag_job *job);

/*
 * As mag_sched_post_any, preferring the workers of one NUMA node: they look there first,
 * the workers of other nodes when they have nothing else to do, and now and then when
 * they have.  A node without workers stands for the nearest one with some.
 *
 *   Returns    as mag_sched_post; -EINVAL no such node
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_node(struct mag_sched *sched,
                                               struct mag_job *job, uint32_t node);

/*
 * Posts a job to one worker: it runs there and nowhere else, first in, first out among
 * the jobs posted so.
 *
 *   Returns    as mag_sched_post; -EINVAL no such worker
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_worker(struct mag_sched *sched,
                                                 struct mag_job *job, uint32_t worker);

/* Jobs in a row that a worker runs from its LIFO slot before the oldest one has its
 * turn. */
#define MAG_SCHED_LIFO_RUNS 4

/* Jobs a worker runs at most between two looks at what was posted from outside. */
#define MAG_SCHED_FAIR_TICKS 64

/* -------------------------------------------------------------- life cycle */

/*
 * What a scheduler is made from.  Fill it with mag_sched_config_init, then change what
 * you need: a program built against an older header keeps working, because `size` says
 * which fields it knows.
 */
struct mag_sched_config {
    size_t size; /* sizeof(struct mag_sched_config); set by mag_sched_config_init */

    /* Number of workers, 1 to MAG_SCHED_WORKERS_MAX; 0 (default): one for each usable
     * core - with MAG_PLACE_PER_PU for each usable PU - but no more than the CPU quota of
     * this process allows, see mag_budget_read; with MAG_PLACE_LIST one for each entry.
     * A described machine (`topology`) has no quota. */
    uint32_t workers;

    /* How workers are laid over the machine.  Default MAG_PLACE_PER_CORE. */
    enum mag_placement placement;

    /* For MAG_PLACE_LIST: operating system PU numbers, worker i on os_pus[i % count].
     * Default none. */
    const uint32_t *os_pus;
    uint32_t os_pu_count;

    /* Whether workers are bound to their PUs.  Default true. */
    bool pin;

    /* The machine; borrowed until the scheduler is destroyed.  Default NULL: this one. */
    const struct mag_topology *topology;

    /* C stack of each worker in bytes, at least 64 KiB.  Default 0: the system's; where
     * RLIMIT_AS or RLIMIT_DATA leaves less than twice that for all workers, half of what
     * is left divided among them, but at least 1 MiB. */
    size_t stack_size;

    /* Where the kernel refuses membarrier: forked children of each worker that others
     * can steal, 64 to MAG_SCHED_FORKS_MAX, rounded up to a power of two; those beyond
     * run inline at their joins.  Elsewhere all can be stolen.  Default 8,192. */
    uint32_t fork_depth;

    /* Worker-local storage in bytes, zeroed, on the worker's node; at most a quarter of
     * what a size_t holds.  Default 0. */
    size_t local_size;

    /* How long a worker without work searches before it parks, in microseconds, at most
     * 10,000; it adapts below that.  Default 50. */
    uint32_t spin_us;

    /* Thread names are `name/0`, `name/1` ...; at most 10 bytes are used.
     * Default "magpie". */
    const char *name;

    /* Called on each worker before its first job and after its last, with `hook_arg`;
     * mag_sched_self, mag_sched_worker and mag_sched_local answer there as in a job.
     * Default NULL. */
    void (*on_start)(uint32_t worker, void *arg);
    void (*on_stop)(uint32_t worker, void *arg);
    void *hook_arg;

    /* Address space for each worker's fork stack in bytes, MAG_SCHED_FORK_STACK_MIN to
     * MAG_SCHED_FORK_STACK_MAX, rounded up to a multiple of 128 pages.  It holds a
     * waiting child for each 86 bytes; memory is taken where children wait.  Default 0:
     * 1 GiB, more for a `stack_size` above 72 MiB (fork.h, Limits); where RLIMIT_AS is
     * set, at most a quarter of what is left for each worker beside its C stack. */
    size_t fork_stack_size;
};

#define MAG_SCHED_WORKERS_MAX 4096
#define MAG_SCHED_FORKS_MAX   8192

#define MAG_SCHED_FORK_STACK_MIN ((size_t)512 * 1024)
#define MAG_SCHED_FORK_STACK_MAX ((size_t)16 * 1024 * 1024 * 1024)

/*
 * Fills a configuration with the defaults named above.
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
 *              limit).  A failed start leaves nothing behind
 *   Release    mag_sched_destroy
 */
MAG_API MAG_MUST_CHECK int mag_sched_start(const struct mag_sched_config *config,
                                           struct mag_sched **ret_sched);

enum mag_sched_stop {
    MAG_SCHED_DRAIN,  /* run everything that was posted, and what it posts */
    MAG_SCHED_CANCEL, /* finish the jobs that have begun, hand back the others */
};

/*
 * Stops a scheduler, unless it is the default one: that is everybody's, and only the end
 * of the process ends it.  From the call on posts from outside are refused; with
 * MAG_SCHED_CANCEL posts of running jobs too.  When it returns 0 no job runs and no
 * thread of the scheduler is left.  Jobs that never began are handed to `on_dropped`,
 * one by one, each exactly once, on the calling thread (NULL: they are just left to
 * their owner).
 *
 * Delays and timeouts that are pending (when.h) are not handed back: the stop ends them
 * itself, on the calling thread, whatever `on_dropped` is.  They fail with -ECANCELED,
 * and what awaits them goes on inside this call; it may not destroy the scheduler.
 *
 * A continuation that is due when the scheduler is canceled is a job that never began:
 * `on_dropped` may call `job->run(job)`, and an async function then continues to its next
 * await or its end.  A job that is left alone never runs, so a program that awaits on a
 * scheduler drains it, or runs the jobs that it is handed.
 *
 *   deadline_ns  how long to wait, in nanoseconds; -1: as long as it takes
 *   Thread       any that is not a worker of `sched`; one at a time; no cancellation
 *                point
 *   Blocks       until the last job has ended or the time is over, whatever posters,
 *                timers and thread-specific destructors of the workers do meanwhile
 *   Returns      0 stopped, also when it was stopped before; -ETIMEDOUT jobs still run,
 *                or another thread is in the middle of a post: call again, also with the
 *                other mode; -EDEADLK called from a worker of `sched`; -EINVAL unknown
 *                mode; -EPERM it is the default scheduler.  In a child of fork() the
 *                parent's schedulers count as stopped, and nothing is handed back
 */
MAG_API MAG_MUST_CHECK int
mag_sched_stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t deadline_ns,
               void (*on_dropped)(struct mag_job *job, void *arg), void *arg);

/* A stop at work, as kinds of jobs see it. */
struct mag_job_stop;

/*
 * Jobs that a library posts on its own account, told by their function.  A stop does not
 * hand them to `on_dropped` but calls `dropped`, which ends what they are there for and
 * passes on jobs that wait in it with mag_job_hand_back.  Magpie's own are such kinds;
 * others may add theirs.
 */
struct mag_job_kind {
    void (*run)(struct mag_job *job);

    /* On the thread that stops: this job never began and will not run. */
    void (*dropped)(struct mag_job *job, const struct mag_job_stop *stop);

    /* NULL, or: the calling thread, a worker of `sched`, ends in the middle of a job.
     * Whatever it ran of this kind ends there too; called for every kind, without
     * regard to what it ran. */
    void (*ended)(struct mag_sched *sched);

    struct mag_job_kind *next; /* the scheduler's */
};

/*
 * Adds a kind, for all schedulers and for the life of the process: static storage, added
 * once, before the first job of its kind is posted.
 *
 *   Thread     any
 */
MAG_API void mag_job_kind_add(struct mag_job_kind *kind);

/*
 * Hands back a job that waits in one that is being dropped: to its own kind, or to the
 * stop's `on_dropped`.  The job may be freed there.
 *
 *   Thread     inside `dropped`
 */
MAG_API void mag_job_hand_back(struct mag_job *job, const struct mag_job_stop *stop);

/*
 * Frees a scheduler; one that still runs is drained first, without a deadline.  NULL is
 * allowed, and the default scheduler is not freed.  No thread may be using `sched` except
 * in a post that has been accepted.
 *
 * An operation that was awaited on its workers, or under one of its strands or bound
 * executors, must complete before this call: when it completes, its continuation is
 * posted to the scheduler, and posting to one that is gone is undefined.  Safe order:
 * mag_sched_stop; complete or cancel the remaining operations (the stopped scheduler
 * refuses their continuations, which then run in the completing thread);
 * mag_sched_destroy.
 *
 *   Thread     as mag_sched_stop
 *   Blocks     as mag_sched_stop
 *   Returns    0; -EDEADLK called from a worker of `sched`, -EPERM it is the default
 *              scheduler: nothing was done
 */
MAG_API int mag_sched_destroy(struct mag_sched *sched);

/* ------------------------------------------------- the default scheduler */

/*
 * The scheduler of the process, for everybody in it; started when it is first asked for.
 * It lives until the process ends: nobody can stop or destroy it.  After fork() the child
 * gets a fresh one, made from the same configuration; the parent's, asked in the child,
 * answers MAG_E_FORKED.
 *
 * It is made from, field by field: the environment (mag_sched_variable), where a variable
 * is set; else what mag_sched_default_configure was given; else the defaults.  So whoever
 * runs a program has the last word.  A program that must not be overruled starts a
 * scheduler of its own: mag_sched_start reads no variable.
 *
 *   Thread     any; no cancellation point; while it starts, no thread may change the
 *              environment (setenv(3))
 *   Blocks     the first call, as mag_sched_start
 *   Returns    0; MAG_E_ENVIRONMENT a variable has a wrong value, `magpie doctor` and
 *              mag_sched_variable_check tell which; the errors of mag_sched_start.  After
 *              an error the next call tries again
 */
MAG_API MAG_MUST_CHECK int mag_sched_default(struct mag_sched **ret_sched);

/*
 * Sets the configuration of the default scheduler, before anybody asks for it.  The
 * configuration is copied, with its name and its list of PUs; `topology`, the hooks and
 * their argument must live as long as the process.  A later call replaces an earlier one;
 * NULL means the defaults.
 *
 *   Allocates  a copy of the list
 *   Returns    0; -EBUSY the default scheduler runs already; -EINVAL a field is out of
 *              its range; -ENOMEM.  After an error nothing has changed
 */
MAG_API MAG_MUST_CHECK int
mag_sched_default_configure(const struct mag_sched_config *config);

/* A variable of the environment that sets a field of the default scheduler. */
struct mag_sched_variable {
    const char *name;    /* such as "MAGPIE_WORKERS" */
    const char *field;   /* of struct mag_sched_config */
    const char *allowed; /* the values it may have */
    const char *meaning;
};

MAG_NAMESAKES_BEGIN
/*
 * The variables, by number from 0.
 *
 *   Returns    the library's; NULL: there are no more
 */
MAG_API const struct mag_sched_variable *mag_sched_variable(uint32_t index);
MAG_NAMESAKES_END

/*
 * The value that a variable has now.  A program that has more rights than its caller
 * (secure_getenv(3)) sees none.
 *
 *   Returns    the value, valid until the environment changes; NULL if the variable is
 *              not set, or empty, which means the same
 */
MAG_API const char *mag_sched_variable_value(uint32_t index);

/*
 * Whether mag_sched_default can use the value of a variable, if it has one.
 *
 *   Blocks     for a list of PUs: while the machine is examined
 *   Allocates  likewise
 *   Returns    0; MAG_E_ENVIRONMENT the value is wrong; -EINVAL no such variable;
 *              -ENOMEM; an error of mag_topology_load
 */
MAG_API MAG_MUST_CHECK int mag_sched_variable_check(uint32_t index);

/* ----------------------------------------------------------------- workers */

/*
 * The scheduler whose worker the calling thread is; NULL on every other thread.
 */
MAG_API struct mag_sched *mag_sched_self(void);

/*
 * The number of the calling worker, from 0; MAG_NONE on a thread that is not a worker.
 */
MAG_API uint32_t mag_sched_worker(void);

/*
 * The calling worker's local storage, `local_size` bytes, also in `on_start` and
 * `on_stop`: zeroes before the first of them writes.  It is freed after `on_stop`.
 *
 *   Returns    NULL on other threads, or when `local_size` is 0
 */
MAG_API void *mag_sched_local(void);

/*
 * The number of workers, and the plan they sit by (the scheduler's, until it is
 * destroyed).
 */
MAG_API uint32_t mag_sched_workers(const struct mag_sched *sched);
MAG_API const struct mag_plan *mag_sched_plan(const struct mag_sched *sched);

/* What one worker has done since it started.  All but `pinned` only grow. */
struct mag_sched_counters {
    uint64_t jobs;        /* jobs run */
    uint64_t posts;       /* jobs posted by jobs that this worker ran */
    uint64_t steals_near; /* successful steals within its node, of jobs or of children */
    uint64_t steals_far;  /* the same from other nodes */
    uint64_t parks;       /* times it went to sleep */
    uint64_t wakes;       /* times it was woken for work */
    uint64_t ended;       /* jobs that ended its thread, see "Threads that end" */
    enum mag_pinned pinned; /* asked of the kernel anew: a pin can be lost later on; after
                             * the end of the worker, as it was then */
};

MAG_NAMESAKES_BEGIN
/*
 * Reads the counters of one worker; it may be running meanwhile, so each value is exact
 * but they may be of slightly different moments.
 *
 *   Blocks     in the kernel, not for long: it asks for the worker's affinity mask
 *   Returns    0; -EINVAL no such worker
 */
MAG_API int mag_sched_counters(const struct mag_sched *sched, uint32_t worker,
                               struct mag_sched_counters *ret_counters);
MAG_NAMESAKES_END

MAG_EXTERN_C_END

#endif
