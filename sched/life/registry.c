/*
 * registry.c - the schedulers of this process, and what fork() does to them.
 *
 * Of all threads, only the one that called fork() exists in the child: the workers are
 * gone, and with them the jobs they were running.  In the child every scheduler of the
 * parent is closed with MAG_E_FORKED and counts as stopped, so that posts to it are
 * refused and it can be destroyed.  The default scheduler is forgotten, and started anew
 * when it is next asked for.  A worker that called fork() is no longer a worker in the
 * child, and has lost its pin and its signal mask.
 *
 * Ownership
 *   [A] any thread   [L] under the lock of the list   [D] written under the lock of the
 *                    default scheduler, which is taken outside of the other lock
 *
 * Edges: release end -> acquire end : what crosses
 *   started   mag_registry_set_default -> mag_registry_default : the whole scheduler
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/life/registry.h"

#include "base/asym.h"
#include "sched/blocking/relief.h"
#include "sched/fork/map.h"
#include "sched/monitor/monitor.h"
#include "sched/timer/clock.h"
#include "sched/worker/self.h"
#include "sched/worker/unpinned.h"
#include "sched/worker/worker.h"

#include <errno.h>
#include <pthread.h>

static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mag_sched *schedulers; /* [L] */
static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct mag_sched *) default_sched; /* [A] [D] */
static int init_error;                            /* [I] after `once` */

/* ---------------------------------------------------------------------- fork */

static void close_for_fork(void)
{
    mag_registry_lock_default();
    (void)pthread_mutex_lock(&registry_lock);
    if (mag_self_get()->worker != NULL)
        mag_fork_stack_before_fork(mag_worker_forks(mag_self_get()->worker));
}

static void go_on_in_parent(void)
{
    mag_fork_stack_after_fork_in_parent();
    (void)pthread_mutex_unlock(&registry_lock);
    mag_registry_unlock_default();
}

static void orphan(struct mag_sched *sched)
{
    /* relaxed: this is the only thread. */
    atomic_store_explicit(&sched->closed, MAG_E_FORKED, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->phase, MAG_PHASE_ENDING, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->live, 0, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->stopping, 0, memory_order_relaxed);
    sched->started = 0;
    /* relaxed: as above. */
    atomic_store_explicit(&sched->joined, true, memory_order_relaxed);
    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker == NULL)
            continue;
        /* relaxed: as above. */
        atomic_store_explicit(&worker->thread, 0, memory_order_relaxed);
        mag_times_enter(&worker->times, MAG_TIME_NONE, mag_os_now_ns());
    }
    mag_clock_orphan(sched->clock);
    mag_monitor_orphan(sched->monitor);
    mag_relief_orphan(sched->relief);
    mag_seats_orphan(&sched->seats);
    (void)pthread_mutex_init(&sched->resizing, NULL);
}

static void go_on_in_child(void)
{
    mag_asym_after_fork();
    mag_unpinned_after_fork();
    mag_fork_stack_after_fork_in_child();
    mag_poster_after_fork();
    for (struct mag_sched *sched = schedulers; sched != NULL; sched = sched->next)
        orphan(sched);
    (void)pthread_mutex_init(&registry_lock, NULL);
    /* relaxed: this is the only thread. */
    atomic_store_explicit(&default_sched, NULL, memory_order_relaxed);
    (void)pthread_mutex_init(&default_lock, NULL);
}

static void init_registry(void)
{
    init_error = -pthread_atfork(close_for_fork, go_on_in_parent, go_on_in_child);
}

int mag_registry_init(void)
{
    (void)pthread_once(&registry_once, init_registry);
    return init_error;
}

/* Runs before main.  It also runs before the program installs fork handlers: those run
 * outside of the library's, and may use schedulers.  It runs after the handlers of the
 * pools are installed, because locks of pools are taken inside the locks taken here. */
static __attribute__((constructor(102))) void init_early(void)
{
    (void)mag_registry_init();
}

void mag_registry_add(struct mag_sched *sched)
{
    (void)pthread_mutex_lock(&registry_lock);
    sched->next = schedulers;
    sched->link = &schedulers;
    if (schedulers != NULL)
        schedulers->link = &sched->next;
    schedulers = sched;
    (void)pthread_mutex_unlock(&registry_lock);
}

void mag_registry_remove(struct mag_sched *sched)
{
    (void)pthread_mutex_lock(&registry_lock);
    *sched->link = sched->next;
    if (sched->next != NULL)
        sched->next->link = sched->link;
    (void)pthread_mutex_unlock(&registry_lock);
}

/* --------------------------------------------------------- the default scheduler */

struct mag_sched *mag_registry_default(void)
{
    /* started, acquire: the scheduler is complete. */
    return atomic_load_explicit(&default_sched, memory_order_acquire);
}

void mag_registry_lock_default(void)
{
    (void)pthread_mutex_lock(&default_lock);
}

void mag_registry_unlock_default(void)
{
    (void)pthread_mutex_unlock(&default_lock);
}

void mag_registry_set_default(struct mag_sched *sched)
{
    /* started, release: the scheduler is complete before it can be seen. */
    atomic_store_explicit(&default_sched, sched, memory_order_release);
}
