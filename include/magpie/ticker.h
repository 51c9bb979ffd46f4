/*
 * ticker.h - tickers: something to do again and again, at fixed times.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_ASYNC(mag_task, sample, (struct mag_ticker *, ticker, int *, samples), int i;
 *               uint64_t ticks;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->i = 0; f->i < 5; f->i++) {
 *             MAG_AWAIT(f, f->ticks, mag_ticker_next(f->ticker, NULL));
 *             f->samples[f->i] = (int)f->ticks;       // 1, or more: some were missed
 *         }
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_ticker *ticker;
 *         int samples[5] = {0};
 *
 *         if (mag_ticker_create(NULL, 1000000, &ticker) != 0)   // each millisecond
 *             return 1;
 *         int r = mag_task_wait(sample(ticker, samples));
 *         mag_ticker_destroy(ticker);
 *         return r == 0 && samples[4] >= 1 ? 0 : 1;
 *     }
 *
 * The model.  A ticker ticks one period after its creation, and then once each period, by
 * CLOCK_MONOTONIC.  The time of a tick depends on the creation and on nothing else: what
 * is done at a tick may take as long as it likes, and the ticks do not drift.
 *
 * mag_ticker_next returns a task that is complete as soon as there is a new tick: one
 * that no earlier task has counted.  Its result is the number of new ticks.  Ticks that
 * come while nobody waits are not lost, and do not pile up: the next task is complete at
 * once, with their number.  One caller waits at a time; several share a ticker by a mutex
 * (mutex.h) around the wait.
 *
 * A ticker for which nobody waits costs nothing: ticks are counted by the clock, and a
 * timer (timer.h) runs only during a wait.  A wait is as precise as that timer.  A period
 * shorter than MAG_TIMER_TICK_NS ticks several times at once.
 *
 * docs/design/streams.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_TICKER_H
#define MAGPIE_TICKER_H

#include <magpie/cancel.h>
#include <magpie/promise.h>
#include <magpie/sched.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* A number of ticks, as a task. */
MAG_VTASK_DEFINE(mag_ticks_task, uint64_t)

struct mag_ticker;

/*
 * Makes a ticker.
 *
 *   sched      whose timers are used; NULL: the calling worker's scheduler; on any other
 *              thread the default one.  It must stay alive as long as the ticker
 *   period_ns  in nanoseconds
 *   Blocks     with NULL for `sched`, as mag_sched_default
 *   Allocates  one object from a pool
 *   Returns    0; MAG_E_ARG the period is not above 0; -ENOMEM; an error of
 *              mag_sched_default
 *   Release    mag_ticker_destroy
 */
MAG_API MAG_MUST_CHECK int mag_ticker_create(struct mag_sched *sched, int64_t period_ns,
                                             struct mag_ticker **ret_ticker);

/* As mag_ticker_next, untyped. */
MAG_API MAG_MUST_CHECK mag_vtask mag_ticker_next_of(struct mag_ticker *ticker,
                                                    struct mag_cancel *cancel);

/*
 * A task whose result is the number of ticks since the last one that a task of this
 * ticker told of: 1, or more if some were missed.  It is complete at once if there are
 * any.  Consume it before the next call.
 *
 *   cancel     ends the wait when it fires: it fails with -ECANCELED, and takes no tick.
 *              NULL: nobody cancels
 *   Thread     any, one at a time
 *   Blocks     as mag_timer_start, if it has to wait
 *   Allocates  one object from a pool, if it has to wait; what mag_timer_start does
 *   Returns    the task.  Its errors: -ECANCELED it was canceled, or the scheduler was
 *              stopped; -ENOMEM; MAG_E_CONTINUATION the last one is still pending; an
 *              error of mag_timer_start
 */
MAG_MUST_CHECK MAG_INLINE mag_ticks_task mag_ticker_next(struct mag_ticker *ticker,
                                                         struct mag_cancel *cancel)
{
    mag_ticks_task made;

    made.task = mag_ticker_next_of(ticker, cancel);
    return made;
}

/*
 * Ends a ticker.  A wait that is pending fails with -ECANCELED.  NULL is allowed.
 *
 *   Blocks     while the continuation of such a wait runs, if inline
 */
MAG_API void mag_ticker_destroy(struct mag_ticker *ticker);

MAG_EXTERN_C_END

#endif
