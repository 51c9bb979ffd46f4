/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/post/post.h"
#include "sched/timer/clock.h"
#include "sched/timer/state.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* A thread always uses the same wheel, and shares it with few other threads. */
static struct mag_clock_wheel *wheel_of_thread(const struct mag_sched *sched)
{
    const struct mag_worker *worker = mag_self_get()->worker;
    uint32_t number;

    if (worker != NULL && worker->sched == sched)
        number = worker->index;
    else
        number = (uint32_t)((uintptr_t)mag_self_get() * 0x9e3779b97f4a7c15ULL >> 32);
    return &sched->clock->wheels[number % sched->clock->count];
}

/* Moves an empty wheel on to the present: the clock does not look at empty wheels. */
static void refresh(struct mag_wheel *wheel)
{
    if (mag_wheel_next(wheel) == MAG_WHEEL_NEVER)
        mag_wheel_advance(wheel, mag_wheel_tick_at(mag_os_now_ns()));
}

/* The caller has claimed the timer and holds the scheduler. */
static void start(struct mag_sched *sched, struct mag_timer *timer, int64_t deadline_ns)
{
    struct mag_clock *clock = sched->clock;
    struct mag_clock_wheel *wheel = wheel_of_thread(sched);
    uint64_t tick;

    timer->tick = mag_wheel_tick_of(deadline_ns);
    timer->queue = mag_sched_queue_near(sched);
    mag_spin_lock(&wheel->lock);
    refresh(&wheel->wheel);
    tick = mag_wheel_add(&wheel->wheel, timer);
    mag_timer_settle(timer, wheel);
    mag_clock_hurry(wheel, tick);
    mag_spin_unlock(&wheel->lock);
    /* From here on the timer may have fired, and its memory may be gone. */
    if (mag_clock_oversleeps(clock, tick))
        mag_clock_alarm(clock);
}

int mag_timer_start(struct mag_sched *sched, struct mag_timer *timer, int64_t deadline_ns)
{
    int r = mag_sched_hold(sched);

    if (r < 0)
        return r;
    /* acquire: names the other end; a worker that does not see `closed` yet starts a
     * timer that the stop will drop. */
    r = atomic_load_explicit(&sched->closed, memory_order_acquire);
    if (r == 0)
        r = mag_clock_ensure(sched->clock);
    if (r == 0 && !mag_timer_claim(timer))
        r = -EBUSY;
    if (r == 0)
        start(sched, timer, deadline_ns);
    mag_sched_unhold(sched);
    return r;
}

int mag_timer_start_in(struct mag_sched *sched, struct mag_timer *timer, int64_t delay_ns)
{
    int64_t deadline_ns;

    if (__builtin_add_overflow(mag_os_now_ns(), delay_ns > 0 ? delay_ns : 0,
                               &deadline_ns))
        deadline_ns = INT64_MAX;
    return mag_timer_start(sched, timer, deadline_ns);
}

/* In the child of a fork(): no clock fires the timer, and the lists may be torn. */
static bool cancel_orphan(struct mag_timer *timer, struct mag_clock_wheel *wheel)
{
    /* left, release: as in mag_timer_leave.  On failure relaxed: another thread took
     * it. */
    return atomic_compare_exchange_strong_explicit(
        &timer->wheel, &wheel, NULL, memory_order_release, memory_order_relaxed);
}

static bool cancel_in(struct mag_timer *timer, struct mag_clock_wheel *wheel)
{
    mag_spin_lock(&wheel->lock);
    bool ours = mag_timer_is_in(timer, wheel);
    if (ours) {
        mag_wheel_remove(&wheel->wheel, timer);
        mag_timer_leave(timer);
    }
    mag_spin_unlock(&wheel->lock);
    return ours;
}

bool mag_timer_cancel(struct mag_timer *timer)
{
    for (;;) {
        struct mag_clock_wheel *wheel = mag_timer_wheel(timer);

        if (wheel == NULL)
            return false;
        if (MAG_UNLIKELY(wheel->orphan))
            return cancel_orphan(timer, wheel);
        if (cancel_in(timer, wheel))
            return true;
    }
}
