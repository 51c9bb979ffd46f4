/*
 * Two workers that park while the end is announced, as in sched/phase.h: nobody sleeps
 * through it, whichever worker a wake is given to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/idle.h"
#include "sched/phase.h"
#include "tests/model/model.h"

#include "sched/idle.c"

enum { WORKERS = 2 };

struct end_model : rl::test_suite<end_model, WORKERS + 1> {
    mag_idle idle;
    mag_sleeper sleepers[WORKERS];
    rl::atomic<uint32_t> phase;

    void before()
    {
        mag_idle_init(&idle);
        phase($).store(MAG_PHASE_RUNNING, rl::mo_relaxed);
        for (int i = 0; i < WORKERS; i++)
            sleepers[i].woken($).store(0, rl::mo_relaxed);
    }

    void wake_all()
    {
        uint32_t worker;

        while ((worker = mag_idle_claim(&idle, 0, true)) != UINT32_MAX)
            mag_sleeper_wake(&sleepers[worker]);
    }

    void park(uint32_t worker, bool searching)
    {
        bool watcher;

        mag_sleeper_reset(&sleepers[worker]);
        (void)mag_idle_announce(&idle, worker, WORKERS, searching, &watcher);
        if (mag_phase_read_parked(&phase) == MAG_PHASE_ENDING)
            wake_all();
        (void)mag_sleeper_sleep(&sleepers[worker], -1);
    }

    void serve(uint32_t worker)
    {
        for (bool searching = false; mag_phase_read(&phase) != MAG_PHASE_ENDING;
             searching = true)
            park(worker, searching);
    }

    void thread(unsigned index)
    {
        if (index < WORKERS) {
            serve(index);
        } else if (mag_phase_enter(&phase, MAG_PHASE_ENDING)) {
            wake_all();
        }
    }
};

int main()
{
    return run_model<end_model>(100000);
}
