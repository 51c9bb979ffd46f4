/*
 * Tickers.  How many ticks there have been follows from the clock: (now - start) /
 * period.  A ticker keeps how many of them it has told of.  Only a wait needs a timer,
 * which is started for the next tick.
 *
 * Ownership
 *   [I] immutable after the creation   [L] under the lock
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "base/spin.h"
#include "vtask/combine/delay.h"
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"

#include <magpie/job_kind.h>
#include <magpie/operation.h>
#include <magpie/ticker.h>
#include <magpie/timer.h>

#include <errno.h>

struct tick_wait {
    struct mag_operation operation; /* must be first */
    struct mag_cancel_registration stop;
};

struct mag_ticker {
    struct mag_timer timer;  /* must be first */
    struct mag_sched *sched; /* [I] */
    int64_t start;           /* [I] */
    int64_t period;          /* [I] */
    struct mag_spin lock;
    uint32_t users;         /* [L] the holder, and the timer while it runs */
    int64_t told;           /* [L] ticks that were told of */
    bool runs;              /* [L] the timer is started, or about to be */
    bool ended;             /* [L] */
    struct tick_wait *wait; /* [L] the consumer's, pending or canceled; or NULL */
    uint64_t key;           /* [L] of `wait` */
};

static struct mag_pooled tickers = {.size = sizeof(struct mag_ticker)};
static struct mag_operation_type tick_wait_type =
    MAG_OPERATION_TYPE(struct tick_wait, MAG_CANCELABLE(stop));

/* ------------------------------------------------------------------ under the lock */

/* Unlocks, for a user that leaves. */
static void ticker_unlock_and_leave(struct mag_ticker *ticker)
{
    bool last = --ticker->users == 0;

    mag_spin_unlock(&ticker->lock);
    if (last)
        mag_pooled_give(&tickers, ticker);
}

/* Ticks that were not told of. */
static int64_t ticks_due(const struct mag_ticker *ticker)
{
    return (mag_os_now_ns() - ticker->start) / ticker->period - ticker->told;
}

static int64_t next_tick_at(const struct mag_ticker *ticker)
{
    int64_t tick = ticker->told + 1;

    return tick <= (INT64_MAX - ticker->start) / ticker->period
               ? ticker->start + tick * ticker->period
               : INT64_MAX;
}

/* The consumer's wait, claimed; NULL: nobody waits. */
static struct tick_wait *ticker_claim_wait(struct mag_ticker *ticker)
{
    struct tick_wait *wait = ticker->wait;

    ticker->wait = NULL;
    return wait != NULL && mag_operation_claim(&wait->operation, ticker->key) ? wait
                                                                              : NULL;
}

/* Whether a consumer waits that was not canceled. */
static bool ticker_is_awaited(struct mag_ticker *ticker)
{
    /* relaxed: compared only; a canceled wait has another claim for good. */
    return ticker->wait != NULL &&
           atomic_load_explicit(&ticker->wait->operation.claim, memory_order_relaxed) ==
               ticker->key;
}

/* -------------------------------------------------------------------------- the timer */

static void end_tick_wait(struct tick_wait *wait, int error)
{
    if (wait != NULL)
        (void)!mag_operation_set_error(&wait->operation, error, 0);
}

/* The timer will not run.  What waits for it fails. */
static void timer_failed(struct mag_ticker *ticker, int error)
{
    mag_spin_lock(&ticker->lock);
    ticker->runs = false;
    struct tick_wait *wait = ticker_claim_wait(ticker);
    ticker_unlock_and_leave(ticker);
    end_tick_wait(wait, error);
}

static void start_timer(struct mag_ticker *ticker, int64_t deadline)
{
    int r = mag_timer_start(ticker->sched, &ticker->timer, deadline);

    if (r < 0)
        timer_failed(ticker, r);
}

static void timer_came(struct mag_job *job)
{
    struct mag_ticker *ticker = (struct mag_ticker *)(void *)job;

    mag_spin_lock(&ticker->lock);
    int64_t ticks = ticks_due(ticker);
    /* It was started for a tick of which another call has told since. */
    if (ticks <= 0 && !ticker->ended && ticker_is_awaited(ticker)) {
        int64_t deadline = next_tick_at(ticker);
        mag_spin_unlock(&ticker->lock);
        start_timer(ticker, deadline);
        return;
    }
    ticker->runs = false;
    struct tick_wait *wait = ticker_claim_wait(ticker);
    if (wait != NULL)
        ticker->told += ticks;
    ticker_unlock_and_leave(ticker);
    if (wait != NULL)
        (void)!mag_operation_set_result(&wait->operation, (uint64_t)ticks);
}

static void timer_dropped(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    timer_failed((struct mag_ticker *)(void *)job, -ECANCELED);
}

static struct mag_job_kind ticker_kind = {.run = timer_came, .dropped = timer_dropped};

static __attribute__((constructor)) void add_ticker_kind(void)
{
    mag_job_kind_add(&ticker_kind);
}

/* ------------------------------------------------------------------------- the user */

int mag_ticker_create(struct mag_sched *sched, int64_t period_ns,
                      struct mag_ticker **ret_ticker)
{
    struct mag_ticker *ticker;
    void *object;

    if (period_ns <= 0)
        return mag_misuse_argument(MAG_E_ARG);
    int r = mag_timing_sched(&sched);
    if (r == 0)
        r = mag_pooled_take(&tickers, &object);
    if (r != 0)
        return r;
    ticker = object;
    ticker->timer.job.run = timer_came;
    ticker->timer.executor = NULL;
    ticker->sched = sched;
    ticker->start = mag_os_now_ns();
    ticker->period = period_ns;
    mag_spin_init(&ticker->lock);
    ticker->users = 1;
    ticker->told = 0;
    ticker->runs = false;
    ticker->ended = false;
    ticker->wait = NULL;
    *ret_ticker = ticker;
    return 0;
}

static mag_vtask wait_for_tick(struct mag_ticker *ticker, struct mag_cancel *cancel)
{
    struct tick_wait *wait;
    void *object;
    int r = mag_operation_rent(&tick_wait_type, &object);

    if (r != 0)
        return mag_vtask_failed(r, 0);
    wait = object;
    mag_vtask task = mag_operation_task(&wait->operation);
    uint64_t key = mag_operation_share(&wait->operation, cancel);
    mag_spin_lock(&ticker->lock);
    int64_t deadline = next_tick_at(ticker);
    bool start = !ticker->runs;
    ticker->wait = wait;
    ticker->key = key;
    if (start) {
        ticker->runs = true;
        ticker->users++;
    }
    mag_spin_unlock(&ticker->lock);
    if (start)
        start_timer(ticker, deadline);
    return task;
}

mag_vtask mag_ticker_next_of(struct mag_ticker *ticker, struct mag_cancel *cancel)
{
    mag_spin_lock(&ticker->lock);
    bool awaited = ticker_is_awaited(ticker);
    int64_t ticks = awaited ? 0 : ticks_due(ticker);
    ticker->told += ticks;
    mag_spin_unlock(&ticker->lock);
    if (awaited)
        return mag_vtask_failed(mag_misuse_argument(MAG_E_CONTINUATION), 0);
    if (ticks > 0)
        return mag_vtask_result((uint64_t)ticks);
    if (mag_cancel_has_fired(cancel))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    return wait_for_tick(ticker, cancel);
}

void mag_ticker_destroy(struct mag_ticker *ticker)
{
    if (ticker == NULL)
        return;
    mag_spin_lock(&ticker->lock);
    ticker->ended = true;
    struct tick_wait *wait = ticker_claim_wait(ticker);
    bool runs = ticker->runs;
    mag_spin_unlock(&ticker->lock);
    /* False: its job is about to come, or to be dropped, and leaves by itself. */
    bool canceled = runs && mag_timer_cancel(&ticker->timer);
    mag_spin_lock(&ticker->lock);
    if (canceled)
        ticker->users--;
    ticker_unlock_and_leave(ticker);
    end_tick_wait(wait, -ECANCELED);
}
