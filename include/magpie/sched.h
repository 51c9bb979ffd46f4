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
 * goes behind what came from outside.  At least every MAG_SCHED_FAIR_TICKS jobs a worker
 * looks at what came from outside.  docs/run-queue.md has the bounds and their proofs.
 *
 * Signals.  The threads of a scheduler block all but those that a thread causes itself
 * (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS) and SIGPROF: a crash
 * handler or a profiler of the program works in jobs as elsewhere.
 *
 * Errors.  0 or a negative errno; see each function.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SCHED_H
#define MAGPIE_SCHED_H

#include <magpie/base.h>
#include <magpie/numa.h>

MAG_EXTERN_C_BEGIN

struct mag_sched;

/* -------------------------------------------------------------------- jobs */

/*
 * One piece of work.  Set `run` and leave `next` alone: it is the scheduler's from the
 * post until `run` is called.  From that call on the job is the caller's again: `run`
 * may post it once more, free it or reuse its memory.
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
 *              jobs from outside: the job was not taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_sched_post(struct mag_sched *sched, struct mag_job *job);

/*
 * Posts a job to the whole pool: behind what was posted from outside before it, for
 * whichever worker comes first.  A worker that spreads work among its peers uses this.
 *
 *   Thread, Returns  as mag_sched_post
 */
MAG_API MAG_MUST_CHECK int mag_sched_post_pool(struct mag_sched *sched,
                                               struct mag_job *job);

/*
 * As mag_sched_post_pool, preferring the workers of one NUMA node: they look there first,
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

    /* Stack of each worker in bytes, at least 64 KiB.  Default 0: the system's. */
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

    /* Called on each worker before its first job and after its last, with `hook_arg`.
     * Default NULL. */
    void (*on_start)(uint32_t worker, void *arg);
    void (*on_stop)(uint32_t worker, void *arg);
    void *hook_arg;
};

#define MAG_SCHED_WORKERS_MAX 4096
#define MAG_SCHED_FORKS_MAX   8192

/*
 * Fills a configuration with the defaults named above.
 */
MAG_API void mag_sched_config_init(struct mag_sched_config *config);

/*
 * Starts a scheduler: its workers run when the call returns.  A NULL `config` means the
 * defaults.
 *
 *   Blocks     until every worker has started
 *   Allocates  yes
 *   Returns    0; -EINVAL a field is out of its range; -ENOMEM; -EAGAIN the system
 *              refused a thread.  A failed start leaves nothing behind
 *   Release    mag_sched_destroy
 */
MAG_API MAG_MUST_CHECK int mag_sched_start(const struct mag_sched_config *config,
                                           struct mag_sched **ret_sched);

enum mag_sched_stop {
    MAG_SCHED_DRAIN,  /* run everything that was posted, and what it posts */
    MAG_SCHED_CANCEL, /* finish the jobs that have begun, hand back the others */
};

/*
 * Stops a scheduler.  From the call on posts from outside are refused; with
 * MAG_SCHED_CANCEL posts of running jobs too.  When it returns 0 no job runs and no
 * thread of the scheduler is left.  Jobs that never began are handed to `on_dropped`,
 * one by one, each exactly once, on the calling thread (NULL: they are just left to
 * their owner).
 *
 * Delays and timeouts that are pending (when.h) are not handed back: the stop ends them
 * itself, on the calling thread, whatever `on_dropped` is.  They fail with -ECANCELED,
 * and what awaits them goes on inside this call; it may not destroy the scheduler.
 *
 * A continuation that is due when the scheduler is cancelled is a job that never began:
 * `on_dropped` lets it go on by `job->run(job)`, an async function to its next await or
 * its end.  Left alone it never goes on, so a program that awaits on a scheduler drains
 * it, or runs what it is handed.
 *
 *   deadline_ns  how long to wait, in nanoseconds; -1: as long as it takes
 *   Thread       any that is not a worker of `sched`; one at a time
 *   Blocks       until the last job has ended or the time is over
 *   Returns      0 stopped, also when it was stopped before; -ETIMEDOUT jobs still run:
 *                call again, also with the other mode; -EDEADLK called from a worker of
 *                `sched`; -EINVAL unknown mode
 */
MAG_API MAG_MUST_CHECK int
mag_sched_stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t deadline_ns,
               void (*on_dropped)(struct mag_job *job, void *arg), void *arg);

/*
 * Jobs that a library posts on its own account, told by their function: a stop does not
 * hand them to `on_dropped` but calls `dropped`, which ends what they are there for.
 * Magpie's own are such kinds; others may add theirs.
 */
struct mag_job_kind {
    void (*run)(struct mag_job *job);
    void (*dropped)(struct mag_job *job); /* on the thread that stops */
    struct mag_job_kind *next;            /* the scheduler's */
};

/*
 * Adds a kind, for all schedulers and for the life of the process: static storage, added
 * once, before the first job of its kind is posted.
 *
 *   Thread     any
 */
MAG_API void mag_job_kind_add(struct mag_job_kind *kind);

/*
 * Frees a scheduler; one that still runs is drained first, without a deadline.  NULL is
 * allowed.  No thread may be using `sched` except in a post that has been accepted.
 *
 * What was awaited on its workers, or under a strand or place of its, and is not complete
 * yet, belongs there: completed after this call, by whatever thread, it is posted to a
 * scheduler that is gone, which is undefined.  So complete or cancel such operations
 * before.  Safe order: mag_sched_stop; complete or cancel the remaining operations (the
 * stopped scheduler refuses their continuations, which then run in the completing
 * thread); mag_sched_destroy.
 *
 *   Thread     as mag_sched_stop
 *   Blocks     as mag_sched_stop
 */
MAG_API void mag_sched_destroy(struct mag_sched *sched);

/*
 * The scheduler of the process, started with the defaults when it is first asked for.
 * It is never destroyed; after fork() the child gets a fresh one.
 *
 *   Blocks     the first call, as mag_sched_start
 *   Returns    0; the errors of mag_sched_start: the next call tries again
 */
MAG_API MAG_MUST_CHECK int mag_sched_default(struct mag_sched **ret_sched);

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
 * The calling worker's local storage, `local_size` bytes; NULL on other threads or when
 * `local_size` is 0.
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
    enum mag_pinned pinned;
};

/*
 * Reads the counters of one worker; it may be running meanwhile, so each value is exact
 * but they may be of slightly different moments.
 *
 *   Returns    0; -EINVAL no such worker
 */
MAG_API int mag_sched_counters(const struct mag_sched *sched, uint32_t worker,
                               struct mag_sched_counters *ret_counters);

/*
 * How owners and thieves agree in this process: true when owners need no fence because
 * thieves use membarrier(2), false when the kernel refuses it and both use fences.
 */
MAG_API bool mag_sched_uses_membarrier(void);

MAG_EXTERN_C_END

#endif
