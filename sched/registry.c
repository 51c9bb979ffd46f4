/*
 * registry.c - the schedulers of this process, and what fork() does to them.
 *
 * Of all threads only the one that called fork() is in the child: the workers are gone,
 * and with them the jobs they were running.  In the child every scheduler of the parent
 * is closed and counts as stopped, so that its posts are refused and it can be destroyed;
 * the default scheduler is forgotten and started anew when it is next asked for.  A
 * worker that forked is none in the child, and has lost its pin and its signal mask.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/core.h"
#include "sched/self.h"

#include <errno.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER; /* the default scheduler */
static struct mag_sched *schedulers;                         /* [L] */
static _Atomic(struct mag_sched *) default_sched;            /* [A] */
static int init_error;                                       /* [I] after `once` */

/* ---------------------------------------------------------------------- fork */

static void before_fork(void)
{
    (void)pthread_mutex_lock(&starting);
    (void)pthread_mutex_lock(&lock);
    if (mag_self.worker != NULL)
        mag_fork_stack_before_fork(mag_self.worker->forks);
}

static void after_fork_in_parent(void)
{
    mag_fork_stack_after_fork_in_parent();
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_mutex_unlock(&starting);
}

static void orphan(struct mag_sched *sched)
{
    /* relaxed: this is the only thread. */
    atomic_store_explicit(&sched->closed, true, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->phase, MAG_PHASE_ENDING, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->live, 0, memory_order_relaxed);
    sched->started = 0;
    sched->joined = true;
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        /* relaxed: as above. */
        atomic_store_explicit(&mag_sched_at(sched, i)->thread, 0, memory_order_relaxed);
    }
    mag_clock_orphan(&sched->clock);
}

static void after_fork_in_child(void)
{
    mag_unpinned_after_fork();
    mag_fork_stack_after_fork_in_child();
    mag_poster_after_fork();
    for (struct mag_sched *sched = schedulers; sched != NULL; sched = sched->next)
        orphan(sched);
    /* relaxed: this is the only thread. */
    atomic_store_explicit(&default_sched, NULL, memory_order_relaxed);
    (void)pthread_mutex_init(&lock, NULL);
    (void)pthread_mutex_init(&starting, NULL);
}

static void init(void)
{
    init_error = -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int mag_registry_init(void)
{
    (void)pthread_once(&once, init);
    return init_error;
}

/* Before main, and before handlers of the program's, which then run outside of ours and
 * may use schedulers; after those of the pools, whose locks are taken inside of ours. */
static __attribute__((constructor(102))) void init_early(void)
{
    (void)mag_registry_init();
}

void mag_registry_add(struct mag_sched *sched)
{
    (void)pthread_mutex_lock(&lock);
    sched->next = schedulers;
    sched->link = &schedulers;
    if (schedulers != NULL)
        schedulers->link = &sched->next;
    schedulers = sched;
    (void)pthread_mutex_unlock(&lock);
}

void mag_registry_remove(struct mag_sched *sched)
{
    (void)pthread_mutex_lock(&lock);
    *sched->link = sched->next;
    if (sched->next != NULL)
        sched->next->link = sched->link;
    (void)pthread_mutex_unlock(&lock);
}

/* ------------------------------------------------------------------- default */

int mag_sched_default(struct mag_sched **ret_sched)
{
    /* started, acquire: the scheduler is whole. */
    struct mag_sched *sched = atomic_load_explicit(&default_sched, memory_order_acquire);
    int r = mag_registry_init();

    if (sched == NULL && r == 0) {
        (void)pthread_mutex_lock(&starting);
        /* relaxed: written under this lock. */
        sched = atomic_load_explicit(&default_sched, memory_order_relaxed);
        if (sched == NULL)
            r = mag_sched_start(NULL, &sched);
        if (r == 0) {
            /* started, release: the scheduler is whole before it can be seen. */
            atomic_store_explicit(&default_sched, sched, memory_order_release);
        }
        (void)pthread_mutex_unlock(&starting);
    }
    if (r == 0)
        *ret_sched = sched;
    return r;
}
