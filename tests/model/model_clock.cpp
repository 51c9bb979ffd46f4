/*
 * Two starters, each with a wheel, and the clock, as in the table of sched/clock.h: the
 * clock never sleeps beyond a timer that is started.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/clock.h"
#include "tests/model/model.h"

enum { STARTERS = 2 };

struct clock_model : rl::test_suite<clock_model, STARTERS + 1> {
    mag_clock clock;
    mag_clock_wheel wheels[STARTERS];

    void before()
    {
        clock.wheels = wheels;
        clock.count = STARTERS;
        clock.until($).store(0, rl::mo_relaxed);
        clock.wake($).store(0, rl::mo_relaxed);
        for (int i = 0; i < STARTERS; i++) {
            wheels[i].next($).store(MAG_WHEEL_NEVER, rl::mo_relaxed);
            mag_spin_init(&wheels[i].lock);
        }
    }

    /* As start() in timer.c. */
    void start(unsigned number)
    {
        uint64_t tick = 10 + number;

        mag_spin_lock(&wheels[number].lock);
        mag_clock_hurry(&wheels[number], tick);
        mag_spin_unlock(&wheels[number].lock);
        if (mag_clock_oversleeps(&clock, tick)) {
            clock.wake($).fetch_add(1, rl::mo_release);
            mag_os_wake(&clock.wake, 1);
        }
    }

    /* As sleep_until() in clock.c; time stands still, so that only an alarm ends it. */
    void sleep_until(uint64_t tick)
    {
        uint32_t seen = clock.wake($).load(rl::mo_acquire);

        if (mag_clock_announce(&clock, tick))
            mag_os_wait(&clock.wake, seen, -1);
        mag_clock_awake(&clock);
    }

    void watch()
    {
        for (int fired = 0; fired < STARTERS;) {
            uint64_t next;
            uint64_t second;
            uint32_t first = mag_clock_first(&clock, &next, &second);

            if (next == MAG_WHEEL_NEVER) {
                sleep_until(next);
                continue;
            }
            mag_spin_lock(&wheels[first].lock);
            wheels[first].next($).store(MAG_WHEEL_NEVER, rl::mo_seq_cst);
            mag_spin_unlock(&wheels[first].lock);
            fired++;
        }
    }

    void thread(unsigned index)
    {
        if (index < STARTERS)
            start(index);
        else
            watch();
    }
};

int main()
{
    return run_model<clock_model>(100000);
}
