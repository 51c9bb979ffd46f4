/*
 * One timer and two wheels, each with a lock.  A thread starts the timer twice, first in
 * one wheel and then in the other; a clock fires it, and another thread cancels it.
 * Every start ends once: the timer is fired or canceled, and the thread that learns of
 * this has the timer's fields to itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/spin.h"
#include "sched/timer/state.h"
#include "tests/model/model.h"

struct mag_clock_wheel {
    mag_spin lock;
    rl::var<mag_timer *> holds; /* the timer that is linked here */
};

enum { STARTS = 2, WHEELS = 2 };

struct timer_model : rl::test_suite<timer_model, 3> {
    mag_clock_wheel wheels[WHEELS];
    mag_timer timer;
    rl::atomic<int> ended;

    void before()
    {
        for (int i = 0; i < WHEELS; i++) {
            mag_spin_init(&wheels[i].lock);
            wheels[i].holds($) = NULL;
        }
        atomic_init(&timer.wheel, (mag_clock_wheel *)NULL);
        timer.links($) = 0;
        ended($).store(0, rl::mo_relaxed);
    }

    void after()
    {
        RL_ASSERT(ended($).load(rl::mo_relaxed) == STARTS);
        for (int i = 0; i < WHEELS; i++)
            RL_ASSERT(wheels[i].holds($) == NULL);
    }

    /* As mag_timer_start.  Only the word tells it of the end. */
    void start()
    {
        for (int i = 0; i < STARTS; i++) {
            mag_clock_wheel *wheel = &wheels[i % WHEELS];

            while (!mag_timer_claim(&timer))
                rl::yield(1, $);
            timer.links($) = timer.links($) + 1;
            mag_spin_lock(&wheel->lock);
            RL_ASSERT(wheel->holds($) == NULL);
            wheel->holds($) = &timer;
            mag_timer_settle(&timer, wheel);
            mag_spin_unlock(&wheel->lock);
        }
    }

    void leave(mag_clock_wheel *wheel)
    {
        RL_ASSERT(wheel->holds($) == &timer);
        wheel->holds($) = NULL;
        timer.links($) = timer.links($) + 1;
        mag_timer_leave(&timer);
        ended($).fetch_add(1, rl::mo_relaxed);
    }

    bool is_over()
    {
        return ended($).load(rl::mo_relaxed) == STARTS;
    }

    /* As take_due in clock.c. */
    void fire()
    {
        for (int i = 0; !is_over(); i++) {
            mag_clock_wheel *wheel = &wheels[i % WHEELS];

            mag_spin_lock(&wheel->lock);
            if (wheel->holds($) != NULL)
                leave(wheel);
            mag_spin_unlock(&wheel->lock);
            rl::yield(1, $);
        }
    }

    /* As mag_timer_cancel. */
    void cancel()
    {
        for (int tries = 0; tries < 3; tries++) {
            mag_clock_wheel *wheel = mag_timer_wheel(&timer);

            if (wheel == NULL)
                continue;
            mag_spin_lock(&wheel->lock);
            if (mag_timer_is_in(&timer, wheel))
                leave(wheel);
            mag_spin_unlock(&wheel->lock);
        }
    }

    void thread(unsigned index)
    {
        if (index == 0)
            start();
        else if (index == 1)
            fire();
        else
            cancel();
    }
};

int main()
{
    return run_model<timer_model>(100000);
}
