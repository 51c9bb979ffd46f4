/*
 * Two starters and the clock's thread, as in the table of sched/timer/clock.h: the clock
 * never sleeps past the time of a started timer, nor past its own end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include "sched/timer/clock.c"
#include "sched/timer/timer.c"
#include "sched/timer/wheel.c"

enum { WHEELS = 2, CLOCK = WHEELS };

static struct mag_clock *clock_of;
static int left;

/* Receives the jobs of due timers from the clock; after the last one the clock ends. */
void mag_sched_post_queue_held(mag_sched *, mag_job *job, uint32_t)
{
    RL_ASSERT(job->payload($) == 7);
    if (--left == 0)
        clock_of->stopping($).store(true, rl::mo_relaxed);
}

uint32_t mag_sched_queue_near(mag_sched *)
{
    return 0;
}

int mag_sched_hold(mag_sched *)
{
    return 0;
}

void mag_sched_unhold(mag_sched *)
{
}

/* The clock's thread is one of the model's, which is not pinned. */
void mag_unpinned_begin(mag_unpinned *)
{
}

void mag_unpinned_end(const mag_unpinned *)
{
}

template <typename Model> struct clock_model : rl::test_suite<Model, WHEELS + 1> {
    mag_sched sched;
    mag_clock its_clock;
    mag_clock_wheel wheels[WHEELS];
    mag_worker workers[WHEELS];
    mag_timer timers[WHEELS];

    void open(int timers_to_fire)
    {
        mag_clock *clock = clock_of = sched.clock = &its_clock;

        left = timers_to_fire;
        mag_shim_naps = false;
        mag_shim_now = 0;
        sched.settings.config.name = "model";
        clock->sched = &sched;
        clock->wheels = wheels;
        clock->count = WHEELS;
        clock->until($).store(0, rl::mo_relaxed);
        clock->wake($).store(0, rl::mo_relaxed);
        clock->stopping($).store(false, rl::mo_relaxed);
        (void)pthread_mutex_init(&clock->mutex, NULL);
        clock->started = true;
        clock->ended = false;
        for (unsigned i = 0; i < WHEELS; i++) {
            wheels[i].next($).store(MAG_WHEEL_NEVER, rl::mo_relaxed);
            wheels[i].orphan = false;
            mag_spin_init(&wheels[i].lock);
            mag_wheel_init(&wheels[i].wheel);
            workers[i].sched = &sched;
            workers[i].index = i;
            mag_self_of[i].worker = &workers[i];
            mag_self_of[i].sched = &sched;
            timers[i].executor = NULL;
            timers[i].wheel($).store(NULL, rl::mo_relaxed);
        }
        mag_self_of[CLOCK].worker = NULL;
        mag_self_of[CLOCK].sched = NULL;
    }

    void after()
    {
        (void)pthread_mutex_destroy(&its_clock.mutex);
    }

    /* Starts a timer that is due at once: only an alarm wakes the clock. */
    void start_timer(unsigned index)
    {
        timers[index].job.payload($) = 7;
        RL_ASSERT(mag_timer_claim(&timers[index]));
        start(&sched, &timers[index], 0);
    }
};

/* The clock ends when all timers have fired. */
struct fire_model : clock_model<fire_model> {
    void before()
    {
        open(WHEELS);
    }

    void thread(unsigned index)
    {
        if (index == CLOCK)
            run_clock(&its_clock);
        else
            start_timer(index);
    }
};

/* The clock is ended, whether or not the timer has fired. */
struct stop_model : clock_model<stop_model> {
    void before()
    {
        open(WHEELS);
    }

    void thread(unsigned index)
    {
        if (index == CLOCK)
            run_clock(&its_clock);
        else if (index == 0)
            start_timer(index);
        else
            RL_ASSERT(mag_clock_end(&its_clock, INT64_MAX));
    }
};

int main()
{
    return run_model<fire_model>(100000) | run_model<stop_model>(50000);
}
