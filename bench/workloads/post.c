/*
 * post.c - millions of tiny jobs, posted from a worker to itself, from a worker to any
 * worker or to another one, to a strand, from all workers, from other threads.
 *
 * A poster owns a ring of jobs and posts them round and round.  Each job counts how often
 * it ran; the poster posts it again only when it ran as often as it was posted, so the
 * count is also the proof that nothing was lost or run twice.  The cost that is reported
 * is the whole way: post, wait in the queue, run.  The serial twin calls each job where
 * the others post it, and counts as they do.
 *
 * Ownership
 *   [A] poster and whichever worker runs the job, through atomics
 *   [P] the poster
 *
 * Edges: release end -> acquire end : what crosses
 *   ran    tiny_run -> tiny_is_back : the job is the poster's again
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/strand.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    RING_WORKER = 128,    /* a worker comes back to its ring soon */
    RING_FOREIGN = 16384, /* another thread runs ahead, also while workers wake up */
};

struct tiny {
    struct mag_job job;
    _Atomic(uint32_t) ran; /* [A] */
    uint32_t posted;       /* [P] */
};

typedef int (*post_fn)(struct mag_sched *sched, struct mag_job *job);

struct poster {
    struct mag_job job; /* first: the poster itself, where it is one */
    struct mag_sched *sched;
    struct tiny *ring;
    uint32_t ring_size;
    uint64_t wanted; /* jobs to post */
    uint64_t posted; /* [P] */
    bool refused;    /* [P] */
    post_fn post;
    void (*run)(struct mag_job *job); /* what `job` runs, but for its first time */
    sem_t *done;
    pthread_t thread;
};

struct posters {
    uint32_t count;
    sem_t done;
    struct poster posters[];
};

/* ------------------------------------------------------------- the tiny job */

static void tiny_run(struct mag_job *job)
{
    struct tiny *tiny = (struct tiny *)job;

    /* relaxed: only the running job writes it. */
    uint32_t ran = atomic_load_explicit(&tiny->ran, memory_order_relaxed);
    /* ran, release: the scheduler has let go of the job. */
    atomic_store_explicit(&tiny->ran, ran + 1, memory_order_release);
}

static bool tiny_is_back(struct tiny *tiny)
{
    /* ran, acquire: its `next` may be used again. */
    return atomic_load_explicit(&tiny->ran, memory_order_acquire) == tiny->posted;
}

/* The next job of the ring if it is back; else NULL. */
static struct tiny *poster_next(struct poster *poster)
{
    struct tiny *tiny = &poster->ring[poster->posted % poster->ring_size];

    return tiny_is_back(tiny) ? tiny : NULL;
}

static void poster_post(struct poster *poster, struct tiny *tiny)
{
    poster->posted++;
    tiny->posted++;
    poster->refused |= poster->post(poster->sched, &tiny->job) != 0;
}

static bool poster_all_back(struct poster *poster)
{
    for (uint32_t i = 0; i < poster->ring_size; i++) {
        if (!tiny_is_back(&poster->ring[i]))
            return false;
    }
    return true;
}

/* -------------------------------------------------- posters that are jobs */

/* Posts what has come back, and comes again itself behind some of it: by the inbox of its
 * worker or, when it posts to any worker, by the queue of all. */
static int poster_again(struct poster *poster)
{
    if (poster->post == mag_sched_post_any)
        return mag_sched_post_any(poster->sched, &poster->job);
    return mag_sched_post_worker(poster->sched, &poster->job, mag_sched_worker());
}

static void poster_end(struct poster *poster)
{
    bench_mark_last();
    (void)sem_post(poster->done);
}

static void poster_run(struct mag_job *job)
{
    struct poster *poster = (struct poster *)job;
    struct tiny *tiny;

    for (int i = 0; i < RING_WORKER && poster->posted < poster->wanted; i++) {
        tiny = poster_next(poster);
        if (tiny == NULL)
            break;
        poster_post(poster, tiny);
    }
    if (poster->refused ||
        (poster->posted == poster->wanted && poster_all_back(poster)) ||
        poster_again(poster) != 0)
        poster_end(poster);
}

/* One job that posts itself again and again. */
static void chain_run(struct mag_job *job)
{
    struct poster *poster = (struct poster *)job;

    if (++poster->posted == poster->wanted ||
        mag_sched_post(poster->sched, &poster->job) != 0)
        poster_end(poster);
}

static void first_run(struct mag_job *job)
{
    struct poster *poster = (struct poster *)job;

    job->run = poster->run;
    bench_mark_first();
    job->run(job);
}

/* ---------------------------------------------- posters that are threads */

static void *poster_thread(void *arg)
{
    struct poster *poster = arg;

    while (poster->posted < poster->wanted && !poster->refused) {
        struct tiny *tiny = poster_next(poster);

        if (tiny != NULL)
            poster_post(poster, tiny);
        else
            (void)sched_yield();
    }
    while (!poster->refused && !poster_all_back(poster))
        (void)sched_yield();
    return NULL;
}

/* ------------------------------------------------------------ the workloads */

static void cleanup(struct bench_run *run)
{
    struct posters *all = run->data;

    if (all == NULL)
        return;
    for (uint32_t i = 0; i < all->count; i++)
        free(all->posters[i].ring);
    (void)sem_destroy(&all->done);
    free(all);
}

static int prepare(struct bench_run *run, uint32_t count, uint32_t ring_size,
                   post_fn post)
{
    struct posters *all = calloc(1, sizeof(*all) + count * sizeof(all->posters[0]));

    run->data = all;
    if (all == NULL)
        return -ENOMEM;
    (void)sem_init(&all->done, 0, 0);
    all->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct poster *poster = &all->posters[i];

        poster->sched = run->sched;
        poster->done = &all->done;
        poster->post = post;
        poster->ring_size = ring_size;
        poster->ring = calloc(ring_size, sizeof(*poster->ring));
        if (poster->ring == NULL)
            return -ENOMEM;
        for (uint32_t j = 0; j < ring_size; j++)
            poster->ring[j].job.run = tiny_run;
    }
    return 0;
}

static int reset(struct bench_run *run)
{
    struct posters *all = run->data;

    for (uint32_t i = 0; i < all->count; i++) {
        all->posters[i].posted = 0;
        all->posters[i].wanted = run->size / all->count + (i < run->size % all->count);
    }
    return 0;
}

static int prepare_self(struct bench_run *run)
{
    return prepare(run, 1, RING_WORKER, mag_sched_post);
}

static int prepare_any(struct bench_run *run)
{
    return prepare(run, 1, RING_WORKER, mag_sched_post_any);
}

/* From worker 0 to the last worker, into its inbox. */
static int post_across(struct mag_sched *sched, struct mag_job *job)
{
    return mag_sched_post_worker(sched, job, mag_sched_workers(sched) - 1);
}

static int prepare_across(struct bench_run *run)
{
    return prepare(run, 1, RING_WORKER, post_across);
}

/* One strand for each process, and a process for each configuration. */
static struct mag_strand strand;

static int post_strand(struct mag_sched *sched, struct mag_job *job)
{
    (void)sched;
    return mag_strand_post(&strand, job);
}

static int prepare_strand(struct bench_run *run)
{
    mag_strand_init(&strand, run->sched);
    return prepare(run, 1, RING_WORKER, post_strand);
}

static int prepare_all(struct bench_run *run)
{
    return prepare(run, run->workers, RING_WORKER, mag_sched_post);
}

static int prepare_foreign(struct bench_run *run)
{
    return prepare(run, 1, RING_FOREIGN, mag_sched_post);
}

static int prepare_foreigns(struct bench_run *run)
{
    return prepare(run, run->workers, RING_FOREIGN, mag_sched_post);
}

/* Starts a poster on each worker, or one anywhere, and waits for all of them. */
static int run_jobs(struct bench_run *run, void (*function)(struct mag_job *job))
{
    struct posters *all = run->data;
    int r = 0;

    run->answer = 0;
    for (uint32_t i = 0; i < all->count && r == 0; i++) {
        all->posters[i].job.run = first_run;
        all->posters[i].run = function;
        r = mag_sched_post_worker(run->sched, &all->posters[i].job, i);
    }
    for (uint32_t i = 0; i < all->count && r == 0; i++) {
        while (sem_wait(&all->done) != 0) {
            /* EINTR: a signal is not an end. */
        }
    }
    for (uint32_t i = 0; i < all->count && r == 0; i++)
        run->answer += all->posters[i].posted;
    return r;
}

static int run_posters(struct bench_run *run)
{
    return run_jobs(run, poster_run);
}

static int run_chain(struct bench_run *run)
{
    return run_jobs(run, chain_run);
}

/* Calls each job, through the pointer that a scheduler calls through. */
static int run_serial(struct bench_run *run)
{
    struct posters *all = run->data;
    struct poster *poster = &all->posters[0];

    while (poster->posted < poster->wanted) {
        struct tiny *tiny = poster_next(poster);

        if (tiny == NULL)
            break;
        poster->posted++;
        tiny->posted++;
        tiny->job.run(&tiny->job);
    }
    run->answer = poster_all_back(poster) ? poster->posted : 0;
    return 0;
}

/* The first poster is this thread. */
static int run_threads(struct bench_run *run)
{
    struct posters *all = run->data;
    uint32_t started = 1;
    int r = 0;

    for (; started < all->count && r == 0; started += r == 0) {
        struct poster *poster = &all->posters[started];
        r = -pthread_create(&poster->thread, NULL, poster_thread, poster);
    }
    (void)poster_thread(&all->posters[0]);
    run->answer = all->posters[0].posted;
    for (uint32_t i = 1; i < started; i++) {
        (void)pthread_join(all->posters[i].thread, NULL);
        run->answer += all->posters[i].posted;
    }
    return r;
}

#define POST(row, text, tells, prepares, runs, marked) \
    const struct bench_workload bench_post_##row = {   \
        .group = "post",                               \
        .name = "post-" #row,                          \
        .summary = (text),                             \
        .shows = (tells),                              \
        .size_is = "jobs",                             \
        .sizes = {2000000},                            \
        .size_min = 1,                                 \
        .size_max = UINT64_C(1000000000),              \
        .twin = "serial",                              \
        .per_operation = true,                         \
        .marks = (marked),                             \
        .prepare = (prepares),                         \
        .reset = reset,                                \
        .run_twin = run_serial,                        \
        .run_magpie = (runs),                          \
        .cleanup = cleanup,                            \
    }

POST(chain, "a job posts itself again",
     "the time from a post to the job's first line on a busy worker", prepare_self,
     run_chain, true);
POST(self, "a worker posts bursts of jobs to itself",
     "the cost of a job in the worker's own queue", prepare_self, run_posters, true);
POST(any, "a worker posts bursts of jobs for any worker",
     "the cost of a job in the queue that the workers of a node share", prepare_any,
     run_posters, true);
POST(across, "a worker posts bursts of jobs to another one",
     "the cost of a job that goes to a certain other worker", prepare_across, run_posters,
     true);
POST(strand, "a worker posts bursts of jobs to a strand",
     "the cost of running jobs in order", prepare_strand, run_posters, true);
POST(all, "all workers post bursts to themselves",
     "whether workers with jobs of their own leave one another alone", prepare_all,
     run_posters, false);
POST(foreign, "an outside thread posts", "the cost of a job from an outside thread",
     prepare_foreign, run_threads, false);
POST(foreigns, "as many outside threads as workers post",
     "the cost of a job when several outside threads post at once", prepare_foreigns,
     run_threads, false);
