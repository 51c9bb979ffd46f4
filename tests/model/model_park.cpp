/*
 * A poster and a worker that parks, as in the table of sched/idle.h: a worker never
 * sleeps beside a job that nobody announces.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/idle.h"
#include "tests/model/model.h"

#include "sched/idle.c"

enum { POSTERS = 2 };

struct park_model : rl::test_suite<park_model, POSTERS + 1> {
    mag_idle idle;
    mag_sleeper sleeper;
    rl::atomic<int> queue; /* how many jobs wait */

    void before()
    {
        mag_idle_init(&idle);
        sleeper.woken($).store(0, rl::mo_relaxed);
        queue($).store(0, rl::mo_relaxed);
    }

    void notify()
    {
        if (mag_idle_wants_wake(mag_idle_read(&idle)) &&
            mag_idle_claim(&idle, 0, false) == 0)
            mag_sleeper_wake(&sleeper);
    }

    void post()
    {
        queue($).fetch_add(1, rl::mo_seq_cst); /* (1) */
        notify();                              /* (2) */
    }

    void park(bool searching)
    {
        bool watcher;

        mag_sleeper_reset(&sleeper);
        (void)mag_idle_announce(&idle, 0, 1, searching, &watcher); /* (3) */
        if (queue($).load(rl::mo_seq_cst) != 0)                    /* (4) */
            notify();
        (void)mag_sleeper_sleep(&sleeper, -1);
    }

    void serve()
    {
        bool searching = false;

        for (int served = 0; served < POSTERS;) {
            int waiting = queue($).load(rl::mo_acquire);

            if (waiting != 0) {
                queue($).fetch_sub(1, rl::mo_seq_cst);
                served++;
                if (searching)
                    (void)mag_idle_found(&idle);
                searching = false;
            } else {
                park(searching);
                searching = true;
            }
        }
    }

    void thread(unsigned index)
    {
        if (index < POSTERS)
            post();
        else
            serve();
    }
};

int main()
{
    return run_model<park_model>(50000);
}
