/*
 * pool.c - the threads of the process that run functions which block, off all workers.
 *
 * All state is under one mutex.  A job goes to the end of the queue; then one thread that
 * rests is woken, or else a thread is created, up to the limit.  A thread takes the first
 * job whenever it has none.  So while a job is queued there is a thread that runs a job
 * and will look again, or one that has been woken or created for it.  A post whose thread
 * is refused keeps that promise: it is refused itself if there is no other thread.
 *
 * Ownership
 *   [M] under the mutex   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   woken    wake_one (woken) -> rest_a_while (woken) : nothing but the wake itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"

#include <magpie/blocking.h>
#include <magpie/unpinned.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* How long a thread rests before it ends. */
#define IDLE_NS ((int64_t)10 * 1000 * 1000 * 1000)

/* A thread that rests; lies on its stack. */
struct resting {
    struct resting *next;    /* [M] */
    _Atomic(uint32_t) woken; /* [A] */
};

static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct mag_job *first; /* [M] */
    struct mag_job *last;  /* [M] unless `first` is NULL */
    uint32_t waiting;      /* [M] */
    struct resting *rest;  /* [M] the one that began last comes first */
    uint32_t threads;      /* [M] */
    uint32_t limit;        /* [M] */
    uint64_t refused;      /* [M] */
    int64_t idle_ns;       /* [M] */
} blockers = {.limit = MAG_BLOCKING_THREADS, .idle_ns = IDLE_NS};

static void lock_pool(void)
{
    (void)pthread_mutex_lock(&pool_mutex);
}

static void unlock_pool(void)
{
    (void)pthread_mutex_unlock(&pool_mutex);
}

/* ---------------------------------------------------------------------- the queue */

static void put_last(struct mag_job *job)
{
    /* relaxed, both: under the mutex. */
    atomic_store_explicit(&job->next, NULL, memory_order_relaxed);
    if (blockers.first == NULL) {
        blockers.first = job;
    } else {
        /* relaxed: as above. */
        atomic_store_explicit(&blockers.last->next, job, memory_order_relaxed);
    }
    blockers.last = job;
    blockers.waiting++;
}

static struct mag_job *take_first(void)
{
    struct mag_job *job = blockers.first;

    if (job != NULL) {
        /* relaxed: under the mutex. */
        blockers.first = atomic_load_explicit(&job->next, memory_order_relaxed);
        blockers.waiting--;
    }
    return job;
}

/* --------------------------------------------------------------------- the threads */

static bool wake_one(void)
{
    struct resting *resting = blockers.rest;

    if (resting == NULL)
        return false;
    blockers.rest = resting->next;
    /* woken, release: names the other end; nothing but the wake crosses. */
    atomic_store_explicit(&resting->woken, 1, memory_order_release);
    /* Under the mutex: the thread's stack lives until it has taken that. */
    mag_os_wake(&resting->woken, 1);
    return true;
}

static void leave_rest(const struct resting *resting)
{
    struct resting **link = &blockers.rest;

    while (*link != resting)
        link = &(*link)->next;
    *link = resting->next;
}

static bool is_woken(struct resting *resting)
{
    /* woken, acquire: names the other end; nothing but the wake crosses. */
    return atomic_load_explicit(&resting->woken, memory_order_acquire) != 0;
}

/* Under the mutex, which it gives up while it sleeps.  False: nobody has woken it. */
static bool rest_in_pool(void)
{
    struct resting resting = {.next = blockers.rest};
    int64_t until = mag_os_after_ns(blockers.idle_ns);
    int64_t left = mag_os_left_ns(until);

    blockers.rest = &resting;
    while (!is_woken(&resting) && left != 0) {
        unlock_pool();
        mag_os_wait(&resting.woken, 0, left);
        lock_pool();
        left = mag_os_left_ns(until);
    }
    /* Whoever woke it has taken it off the list, which the analyzer cannot see. */
    if (is_woken(&resting))
        return true; /* NOLINT(clang-analyzer-core.StackAddressEscape) */
    leave_rest(&resting);
    return false;
}

/* A thread takes jobs and rests, until nobody has woken it for a while. */
static void run_jobs(void)
{
    struct mag_job *job;

    lock_pool();
    do {
        while ((job = take_first()) != NULL) {
            unlock_pool();
            job->run(job);
            lock_pool();
        }
    } while (blockers.threads <= blockers.limit && rest_in_pool());
    /* Nothing is queued, and what is queued later relies on other threads. */
    blockers.threads--;
    unlock_pool();
}

static bool start_thread_of_pool(void);

static void end_pool_thread(void *arg);

/* If no other thread could be started, the thread works on inside this cleanup
 * handler. */
/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static void work_on_in_pool(void)
{
    pthread_cleanup_push(end_pool_thread, NULL);
    run_jobs();
    pthread_cleanup_pop(0);
}

/* A job has ended the thread.  What is queued may have relied on it. */
static void end_pool_thread(void *arg)
{
    (void)arg;
    lock_pool();
    blockers.threads--;
    bool found = blockers.first == NULL || wake_one() || start_thread_of_pool() ||
                 blockers.threads != 0;
    if (!found)
        blockers.threads++;
    unlock_pool();
    if (!found)
        work_on_in_pool();
}

/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static void *run_pool_thread(void *arg)
{
    mag_os_name("magpie/blocking");
    pthread_cleanup_push(end_pool_thread, arg);
    run_jobs();
    pthread_cleanup_pop(0);
    return NULL;
}

/* Under the mutex. */
static bool start_thread_of_pool(void)
{
    struct mag_unpinned starter;
    pthread_t thread;

    mag_unpinned_begin(&starter);
    int r = mag_os_create(&thread, 0, run_pool_thread, NULL);
    mag_unpinned_end(&starter);
    if (r < 0) {
        blockers.refused++;
        return false;
    }
    mag_os_join_or_detach(thread);
    blockers.threads++;
    return true;
}

/* -------------------------------------------------------------------------- fork */

static void forget_threads(void)
{
    (void)pthread_mutex_init(&pool_mutex, NULL);
    blockers.first = NULL;
    blockers.rest = NULL;
    blockers.waiting = 0;
    blockers.threads = 0;
}

static __attribute__((constructor)) void install_fork_handlers(void)
{
    (void)pthread_atfork(lock_pool, unlock_pool, forget_threads);
}

/* -------------------------------------------------------------------- the interface */

/* Under the mutex: whether a thread will take a job that is put last. */
static bool find_thread(void)
{
    if (wake_one())
        return true;
    if (blockers.threads < blockers.limit && start_thread_of_pool())
        return true;
    return blockers.threads != 0;
}

int mag_blocking_post(struct mag_job *job)
{
    lock_pool();
    bool found = find_thread();
    if (found)
        put_last(job);
    unlock_pool();
    return found ? 0 : -EAGAIN;
}

int mag_blocking_set_limit(uint32_t threads)
{
    if (threads == 0)
        return -EINVAL;
    lock_pool();
    blockers.limit = threads;
    for (uint32_t jobs = blockers.waiting; jobs > 0 && blockers.threads < threads;
         jobs--) {
        if (!start_thread_of_pool())
            break;
    }
    unlock_pool();
    return 0;
}

void mag_blocking_pool_read(struct mag_blocking_pool *ret_pool)
{
    *ret_pool = (struct mag_blocking_pool){.resting = 0};
    lock_pool();
    ret_pool->threads = blockers.threads;
    for (const struct resting *resting = blockers.rest; resting != NULL;
         resting = resting->next)
        ret_pool->resting++;
    ret_pool->waiting = blockers.waiting;
    ret_pool->refused = blockers.refused;
    unlock_pool();
}
