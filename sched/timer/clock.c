/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/timer/clock.h"

#include "sched/post/post.h"
#include "sched/timer/state.h"
#include "sched/worker/self.h"

#include <magpie/unpinned.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many timers the clock fires, and moves, while it holds a wheel's lock once. */
enum { FIRE_MAX = 64, MOVES_MAX = 256 };

/* How much of a scheduler's name fits before "/clock" in a thread's name. */
enum { CLOCK_PREFIX = 9 };

static struct mag_clock_wheel *make_wheels(uint32_t count)
{
    struct mag_clock_wheel *wheels =
        aligned_alloc(MAG_CACHE_LINE, count * sizeof(*wheels));

    for (uint32_t i = 0; wheels != NULL && i < count; i++) {
        atomic_init(&wheels[i].next, MAG_WHEEL_NEVER);
        mag_spin_init(&wheels[i].lock);
        wheels[i].orphan = false;
        mag_wheel_init(&wheels[i].wheel);
    }
    return wheels;
}

struct mag_clock *mag_clock_make(struct mag_sched *sched, uint32_t workers)
{
    struct mag_clock *clock = aligned_alloc(MAG_CACHE_LINE, sizeof(*clock));

    if (clock == NULL)
        return NULL;
    memset(clock, 0, sizeof(*clock));
    clock->count = workers < MAG_CLOCK_WHEELS_MAX ? workers : MAG_CLOCK_WHEELS_MAX;
    clock->sched = sched;
    clock->wheels = make_wheels(clock->count);
    if (clock->wheels == NULL) {
        free(clock);
        return NULL;
    }
    (void)pthread_mutex_init(&clock->mutex, NULL);
    return clock;
}

void mag_clock_free(struct mag_clock *clock)
{
    if (clock == NULL)
        return;
    /* In the child of a fork() timers may still point to the wheels, and be canceled. */
    if (!clock->wheels[0].orphan)
        free(clock->wheels);
    (void)pthread_mutex_destroy(&clock->mutex);
    free(clock);
}

/* ---------------------------------------------------------------- the thread */

static bool is_stopping(struct mag_clock *clock)
{
    /* acquire: names the other end; nothing crosses, and reading late only delays the
     * end. */
    return atomic_load_explicit(&clock->stopping, memory_order_acquire);
}

/* Takes timers that are due at `tick` out of a wheel, at most FIRE_MAX at a time. */
static uint32_t take_due(struct mag_clock_wheel *wheel, uint64_t tick,
                         struct mag_timer **ret_due)
{
    uint32_t budget = MOVES_MAX;
    uint32_t count = 0;

    mag_spin_lock(&wheel->lock);
    while (count < FIRE_MAX &&
           (ret_due[count] = mag_wheel_take(&wheel->wheel, tick, &budget)) != NULL)
        mag_timer_leave(ret_due[count++]);
    /* (1), seq_cst: the tick that the wheel wants now; the timers of earlier starters are
     * in the wheel. */
    atomic_store_explicit(&wheel->next, mag_wheel_next(&wheel->wheel),
                          memory_order_seq_cst);
    mag_spin_unlock(&wheel->lock);
    return count;
}

/* Leaves the timer pending for ever: until it is canceled, or dropped by the stop.  No
 * other thread can have claimed the timer: it belongs to the library until its job is
 * posted. */
static void keep_for_ever(struct mag_clock *clock, struct mag_timer *timer)
{
    struct mag_clock_wheel *wheel = &clock->wheels[0];

    if (!mag_timer_claim(timer))
        return;
    timer->tick = mag_wheel_tick_of(INT64_MAX);
    mag_spin_lock(&wheel->lock);
    (void)mag_wheel_add(&wheel->wheel, timer);
    mag_timer_settle(timer, wheel);
    mag_spin_unlock(&wheel->lock);
}

/* The timer may be gone as soon as its job is posted. */
static void fire(struct mag_clock *clock, struct mag_timer *timer)
{
    struct mag_executor *executor = timer->executor;

    if (executor == NULL)
        mag_sched_post_queue_held(clock->sched, &timer->job, timer->queue);
    else if (executor->post(executor, &timer->job) < 0)
        keep_for_ever(clock, timer);
}

static void sleep_until_tick(struct mag_clock *clock, uint64_t tick)
{
    /* alarm, acquire: names the other end; nothing but the wake crosses. */
    uint32_t seen = atomic_load_explicit(&clock->wake, memory_order_acquire);

    if (mag_clock_announce(clock, tick) && !is_stopping(clock)) {
        uint64_t now = (uint64_t)mag_os_now_ns();
        uint64_t then = tick * (uint64_t)MAG_TIMER_TICK_NS;

        if (tick == MAG_WHEEL_NEVER)
            mag_os_wait(&clock->wake, seen, -1);
        else if (then > now)
            mag_os_wait(&clock->wake, seen, (int64_t)(then - now));
    }
    mag_clock_awake(clock);
}

static void name_clock(const struct mag_clock *clock)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/clock", CLOCK_PREFIX,
                   clock->sched->settings.config.name);
    mag_os_name(name);
}

static void *run_clock(void *arg)
{
    struct mag_clock *clock = arg;
    struct mag_self *self = mag_self_get();
    struct mag_timer *due[FIRE_MAX];

    self->clock_of = clock->sched;
    (void)mag_os_hold_cancel();
    name_clock(clock);
    mag_os_set_slack(1);
    while (!is_stopping(clock)) {
        uint64_t next;
        uint64_t second;
        uint64_t now = mag_wheel_tick_at(mag_os_now_ns());
        uint32_t first = mag_clock_first(clock, &next, &second);

        if (next > now) {
            sleep_until_tick(clock, next);
            continue;
        }
        /* Stops where another wheel has its turn, so that timers fire in order. */
        uint64_t limit = second < now ? second : now;
        uint32_t count = take_due(&clock->wheels[first], limit, due);
        for (uint32_t i = 0; i < count; i++)
            fire(clock, due[i]);
    }
    return NULL;
}

/* ----------------------------------------------------------------- life cycle */

static int start_clock(struct mag_clock *clock)
{
    struct mag_unpinned starter;
    int r;

    /* A job often starts the clock, which would then inherit its worker's processor. */
    mag_unpinned_begin(&starter);
    r = mag_os_create(&clock->thread, 0, run_clock, clock);
    mag_unpinned_end(&starter);
    return r == 0 ? 0 : -EAGAIN;
}

int mag_clock_ensure(struct mag_clock *clock)
{
    int r = 0;

    /* ready, acquire: names the other end; nothing crosses but that the thread exists. */
    if (MAG_LIKELY(atomic_load_explicit(&clock->ready, memory_order_acquire)))
        return 0;
    (void)pthread_mutex_lock(&clock->mutex);
    if (clock->ended)
        r = -ESHUTDOWN;
    else if (!clock->started)
        r = start_clock(clock);
    if (r == 0) {
        clock->started = true;
        /* ready, release: as above. */
        atomic_store_explicit(&clock->ready, true, memory_order_release);
    }
    (void)pthread_mutex_unlock(&clock->mutex);
    return r;
}

void mag_clock_alarm(struct mag_clock *clock)
{
    /* alarm, release: names the other end; nothing but the wake crosses. */
    (void)atomic_fetch_add_explicit(&clock->wake, 1, memory_order_release);
    mag_os_wake(&clock->wake, INT_MAX);
}

bool mag_clock_end(struct mag_clock *clock, int64_t until_ns)
{
    (void)pthread_mutex_lock(&clock->mutex);
    bool started = clock->started;
    clock->ended = true;
    (void)pthread_mutex_unlock(&clock->mutex);
    if (!started)
        return true;
    /* release: names the other end; the alarm follows it. */
    atomic_store_explicit(&clock->stopping, true, memory_order_release);
    mag_clock_alarm(clock);
    if (!mag_os_join(clock->thread, until_ns))
        return false;
    (void)pthread_mutex_lock(&clock->mutex);
    clock->started = false;
    (void)pthread_mutex_unlock(&clock->mutex);
    return true;
}

struct mag_timer *mag_clock_take_any(struct mag_clock *clock)
{
    struct mag_timer *timer = NULL;

    for (uint32_t i = 0; i < clock->count && timer == NULL; i++) {
        mag_spin_lock(&clock->wheels[i].lock);
        timer = mag_wheel_take_any(&clock->wheels[i].wheel);
        if (timer != NULL)
            mag_timer_leave(timer);
        mag_spin_unlock(&clock->wheels[i].lock);
    }
    return timer;
}

void mag_clock_orphan(struct mag_clock *clock)
{
    for (uint32_t i = 0; i < clock->count; i++)
        clock->wheels[i].orphan = true;
    (void)pthread_mutex_init(&clock->mutex, NULL);
    clock->started = false;
    clock->ended = true;
}
