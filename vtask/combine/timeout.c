/*
 * A task with a time limit: an observer at the task's promise, and a timer.  The first of
 * the two to come claims `winner`; the other is removed.  A scheduler that stops drops
 * the timer and then competes in the timer's place.
 *
 * While both are being started, one of the two may already come.  So two threads must
 * arrive before the combined task is completed: the winner, and the thread that starts
 * both.  The second to arrive completes the combined task.
 *
 * An observer or a timer that cannot be removed comes late.  So the observer and the
 * timer each hold a reference to the struct until they have come or have been removed,
 * and the combined task holds one until it is consumed.  The struct holds a reference to
 * the promise.
 *
 * Ownership
 *   [I] immutable after starting   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   gate   first arrival -> second arrival : the winner, the flags, the timer's start
 *   gone   timed_drop (references) -> the last (references) : all uses precede the reuse
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/combine/delay.h"
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

#include <magpie/job_kind.h>
#include <magpie/timer.h>
#include <magpie/when.h>

#include <errno.h>

enum { NOBODY = 0, OPERATION = 1, TIME = 2, STOP = 3 };

struct timed {
    struct mag_source source; /* must be first: what is awaited, backed by the core */
    struct mag_core core;
    struct mag_timer timer;
    struct mag_observer observer;
    struct mag_promise *promise;  /* [I] */
    _Atomic(unsigned) winner;     /* [A] */
    _Atomic(unsigned) references; /* [A] */
    _Atomic(unsigned) gate;       /* [A] arrivals still missing */
};

static struct mag_pooled timeds = {.size = sizeof(struct timed)};

/* ------------------------------------------------------------------------ lifetime */

static void timed_drop(struct timed *timed)
{
    /* gone, both ends: this thread's uses precede the reuse, whichever thread makes
     * it. */
    if (atomic_fetch_sub_explicit(&timed->references, 1, memory_order_acq_rel) != 1)
        return;
    /* Ends the life of a task that was not handed out; otherwise the consumer has ended
     * it. */
    mag_debug_core_ends(&timed->core);
    mag_promise_release(timed->promise);
    mag_pooled_give(&timeds, timed);
}

static void timed_recycle(struct mag_core *core)
{
    timed_drop((struct timed *)(void *)((char *)core - offsetof(struct timed, core)));
}

static const struct mag_core_type timed_type = {.recycle = timed_recycle};

/* ----------------------------------------------------------------------- as a source */

static int status(struct mag_source *source, uint64_t token)
{
    struct timed *timed = (struct timed *)(void *)source;
    int r = mag_core_status(&timed->core, token);

    return r == MAG_SUCCEEDED ? timed->promise->status : r;
}

static int on_completed(struct mag_source *source, uint64_t token,
                        struct mag_continuation *continuation, unsigned flags)
{
    struct timed *timed = (struct timed *)(void *)source;

    return mag_core_on_completed(&timed->core, token, continuation, flags);
}

static int get(struct mag_source *source, uint64_t token, void *ret_result, size_t size,
               uint64_t *ret_detail)
{
    struct timed *timed = (struct timed *)(void *)source;
    struct mag_promise *promise = timed->promise;
    int r = mag_core_status(&timed->core, token);

    if (r < 0)
        return r;
    if (r != MAG_SUCCEEDED)
        return mag_core_get(&timed->core, token, NULL, 0, ret_detail);
    r = mag_vtask_get_value(mag_promise_task(promise), ret_result, size, ret_detail);
    if (r == MAG_E_SIZE && promise->error == 0)
        return r;
    /* This cannot fail: the status was checked above. */
    (void)!mag_core_get(&timed->core, token, NULL, 0, NULL);
    return r;
}

static const struct mag_source_ops timed_ops = {status, on_completed, get};

/* ------------------------------------------------------------------------ completing */

static bool timed_claim(struct timed *timed, unsigned who)
{
    unsigned nobody = NOBODY;

    /* relaxed, both: the gate publishes the winner. */
    return atomic_compare_exchange_strong_explicit(
        &timed->winner, &nobody, who, memory_order_relaxed, memory_order_relaxed);
}

/* The second to arrive removes the loser and completes the combined task. */
static void timed_arrive(struct timed *timed)
{
    /* gate, both ends: the first arrival's writes are visible to the second. */
    if (atomic_fetch_sub_explicit(&timed->gate, 1, memory_order_acq_rel) != 1)
        return;
    /* relaxed: the gate published the winner. */
    unsigned winner = atomic_load_explicit(&timed->winner, memory_order_relaxed);

    if (winner == OPERATION) {
        if (mag_timer_cancel(&timed->timer))
            timed_drop(timed);
        mag_core_finish(&timed->core, 0, 0);
    } else {
        if (mag_promise_forget(timed->promise, &timed->observer))
            timed_drop(timed);
        mag_core_finish(&timed->core, winner == TIME ? -ETIMEDOUT : -ECANCELED, 0);
    }
}

static void timed_notified(struct mag_observer *observer, bool queued)
{
    struct timed *timed =
        (struct timed *)(void *)((char *)observer - offsetof(struct timed, observer));

    if (timed_claim(timed, OPERATION)) {
        timed->core.flags = queued ? MAG_CORE_QUEUED : 0;
        timed_arrive(timed);
    }
    timed_drop(timed);
}

/* The timer has come: it expired, or its scheduler dropped it. */
static void time_ends(struct mag_job *job, unsigned who)
{
    struct timed *timed =
        (struct timed *)(void *)((char *)job - offsetof(struct timed, timer));

    if (timed_claim(timed, who))
        timed_arrive(timed);
    timed_drop(timed);
}

static void timed_over(struct mag_job *job)
{
    time_ends(job, TIME);
}

static void timed_stopped(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    time_ends(job, STOP);
}

static struct mag_job_kind timed_kind = {.run = timed_over, .dropped = timed_stopped};

static __attribute__((constructor)) void add_timed_kind(void)
{
    mag_job_kind_add(&timed_kind);
}

/* ------------------------------------------------------------------------ starting */

static void timed_prepare(struct timed *timed, struct mag_promise *promise)
{
    mag_core_prepare(&timed->core, &timed_type);
    timed->source.ops = &timed_ops;
    timed->timer.job.run = timed_over;
    timed->timer.executor = NULL;
    timed->observer.notify = timed_notified;
    timed->promise = promise;
    mag_promise_retain(promise);
    atomic_init(&timed->winner, NOBODY);
    atomic_init(&timed->references, 3);
    atomic_init(&timed->gate, 2);
}

/* Gives everything back; nothing was started. */
static void undo(struct timed *timed)
{
    mag_debug_core_ends(&timed->core);
    mag_promise_release(timed->promise);
    mag_pooled_give(&timeds, timed);
}

/* The timer was refused with the error `r`. */
static int start_without_timer(struct timed *timed, int r)
{
    if (mag_promise_forget(timed->promise, &timed->observer)) {
        undo(timed);
        return r;
    }
    /* The operation has won: its notification holds the third reference. */
    timed_drop(timed);
    timed_drop(timed);
    return 0;
}

/* Returns 0 or an error of the timer.  `*ret_started` is false if the task is complete by
 * now. */
static int timed_start(struct timed *timed, struct mag_sched *sched, int64_t timeout_ns,
                       bool *ret_started)
{
    *ret_started = false;
    if (!mag_promise_observe(timed->promise, &timed->observer)) {
        undo(timed);
        return 0;
    }
    int r = mag_timer_start_in(sched, &timed->timer, timeout_ns);
    if (r < 0)
        return start_without_timer(timed, r);
    *ret_started = true;
    timed_arrive(timed);
    return 0;
}

int mag_vtask_with_timeout(struct mag_sched *sched, mag_vtask *task, int64_t timeout_ns,
                           mag_vtask *ret_task)
{
    bool started;
    void *object;
    int r = mag_vtask_status(*task);

    if (r != MAG_PENDING) {
        if (r > 0)
            *ret_task = *task;
        return r < 0 ? r : 0;
    }
    r = mag_timing_sched(&sched);
    if (r == 0 && mag_is_claim(*task))
        r = mag_vtask_preserve(*task, task);
    if (r == 0)
        r = mag_pooled_take(&timeds, &object);
    if (r != 0)
        return r;
    struct timed *timed = object;
    timed_prepare(timed, mag_promise_of(*task));
    mag_vtask combined = {(uintptr_t)timed | MAG_VTASK_SOURCE,
                          mag_core_task(&timed->core).payload};
    r = timed_start(timed, sched, timeout_ns, &started);
    if (r == 0)
        *ret_task = started ? combined : mag_vtask_unheld(*task);
    return r;
}
