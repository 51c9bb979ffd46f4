/*
 * guest.c - threads from outside that take a spare berth for a while.
 *
 * A guest's berth knows who has it: the thread (struct mag_self) names its innermost
 * berth, and each berth the one around it.  So a thread that ends can leave them all,
 * although the frames that entered are gone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/guest/guest.h"

#include "base/os.h"
#include "sched/berth/tenancy.h"
#include "sched/fork/check.h"
#include "sched/fork/join.h"
#include "sched/worker/seen.h"
#include "sched/worker/self.h"
#include "sched/worker/thread.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <magpie/guest.h>

#include <pthread.h>

/* The gap on the stack between the function that began a computation and the functions
 * that it calls; as in thread.c. */
enum { GUEST_GAP = 4096 };

/* A thread from outside runs a computation itself if it has this share of the C stack
 * that a worker would have. */
enum { STACK_PARTS = 4, STACK_SHARE = 3 };

/* ------------------------------------------------------------ enter and leave */

/* The thread ends.  Cleans up as a worker's thread does that ends in a job. */
static void end_visit(struct mag_worker *worker)
{
    mag_count(&worker->counts.ended);
    mag_seen_lost(worker);
    mag_worker_end_children(worker);
    (void)mag_misuse_tell(MAG_E_THREAD, "a thread ended as a guest of a scheduler");
}

static void leave_place(struct mag_worker *worker)
{
    worker->guest = false;
    mag_berth_leave(worker);
}

static void leave_all(void)
{
    struct mag_worker *worker;

    while ((worker = mag_self_get()->worker) != NULL && worker->guest) {
        end_visit(worker);
        leave_place(worker);
    }
}

/* 0, or the error of mag_berth_take. */
static int enter_place(struct mag_sched *sched, struct mag_worker **ret_worker)
{
    int r = mag_berth_take(sched, ret_worker);

    if (r < 0)
        return r;
    (*ret_worker)->guest = true;
    if (mag_self_get()->leave_all == NULL) {
        mag_self_get()->leave_all = leave_all;
        mag_self_watch_end(mag_self_get());
    }
    return 0;
}

static bool is_at_home(const struct mag_sched *sched)
{
    const struct mag_worker *worker = mag_self_get()->worker;

    return worker != NULL && worker->sched == sched;
}

int mag_guest_enter(struct mag_sched *sched, struct mag_guest *guest)
{
    struct mag_worker *worker = NULL;
    int r = is_at_home(sched) ? 0 : enter_place(sched, &worker);

    if (r == 0)
        guest->place = worker;
    return r;
}

void mag_guest_leave(struct mag_guest *guest)
{
    struct mag_worker *worker = mag_self_get()->worker;

    /* In the child of a fork() the thread has no berth any more. */
    if (worker != NULL && worker == guest->place)
        leave_place(worker);
}

/* --------------------------------------------------------------- computations */

/* A computation of a guest whose scheduler is traced or watched; that of a worker is part
 * of a job. */
static MAG_COLD void run_guest_seen(struct mag_worker *worker, mag_fork_body body,
                                    void *payload)
{
    struct mag_job_description what = {.function = (void (*)(void))body};
    bool traced = mag_seen_begin(worker, &what);

    mag_fork_stack_root(mag_worker_forks(worker), body, payload);
    mag_seen_end(worker, traced);
}

/* A worker keeps its children to itself until a thief asks for them, so a watcher must be
 * there to make a thief ask. */
static void run_as_guest(struct mag_worker *worker, mag_fork_body body, void *payload)
{
    mag_sched_notify_watcher(worker->sched, worker->rank);
    if (MAG_UNLIKELY(mag_sched_is_seen(worker->sched)) && worker->guest)
        run_guest_seen(worker, body, payload);
    else
        mag_fork_stack_root(mag_worker_forks(worker), body, payload);
}

/* The frame of this function is the gap, or contains it. */
static MAG_NOINLINE void run_below(struct mag_worker *worker, mag_fork_body body,
                                   void *payload)
{
    char gap[GUEST_GAP];

    /* Makes the compiler treat the whole gap as used, before and after. */
    __asm__ volatile("" ::"r"(gap) : "memory");
    run_as_guest(worker, body, payload);
    __asm__ volatile("" ::"r"(gap) : "memory");
}

/* The computation has ended its thread.  Called above the gap, so that the frames in
 * which stolen children may still read are not overwritten. */
static void end_run(void *arg)
{
    (void)arg;
    leave_all();
}

/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
void mag_guest_run_in(struct mag_worker *worker, mag_fork_body body, void *payload)
{
    if (MAG_LIKELY(!worker->guest)) {
        run_as_guest(worker, body, payload);
        return;
    }
    pthread_cleanup_push(end_run, NULL);
    run_below(worker, body, payload);
    pthread_cleanup_pop(0);
}

/* Whether what works on a worker works here as well: it was prepared by a hook, and its
 * stacks have sizes that the program may rely on. */
static bool suits(const struct mag_sched *sched)
{
    const struct mag_settings *settings = &sched->settings;

    return sched->capacity != sched->worker_count && settings->config.on_start == NULL &&
           settings->spare_bytes >= settings->fork_bytes &&
           mag_os_stack_left() >= settings->c_stack / STACK_PARTS * STACK_SHARE;
}

bool mag_guest_run(struct mag_sched *sched, mag_fork_body body, void *payload)
{
    struct mag_worker *worker;
    bool runs;

    int cancel = mag_os_hold_cancel();
    runs = suits(sched) && enter_place(sched, &worker) == 0;
    if (runs) {
        mag_guest_run_in(worker, body, payload);
        /* A fork() in the body may have made this another process. */
        if (mag_self_get()->worker == worker)
            leave_place(worker);
    }
    mag_os_let_cancel(cancel);
    return runs;
}
