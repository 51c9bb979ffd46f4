/*
 * A worker that is woken and keeps a job to itself, beside the watcher, whose last look
 * has just found everybody parked: the watch goes on, or the worker sees that it has
 * ended and wakes somebody.  (I2) in sched/idle.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/idle.h"
#include "tests/model/model.h"

#include "sched/idle.c"

enum { RUNNER, WATCHER, WORKERS };

struct watch_model : rl::test_suite<watch_model, WORKERS + 1> {
    mag_idle idle;
    mag_sleeper sleepers[WORKERS];
    rl::atomic<int> kept; /* what the runner's LIFO slot holds */

    void before()
    {
        bool watcher;

        mag_idle_init(&idle);
        kept($).store(0, rl::mo_relaxed);
        for (int i = 0; i < WORKERS; i++)
            sleepers[i].woken($).store(0, rl::mo_relaxed);
        /* The watcher parked while the runner still ran, then that one parked, too. */
        (void)mag_idle_announce(&idle, WATCHER, WORKERS, false, &watcher);
        (void)mag_idle_announce(&idle, RUNNER, WORKERS, false, &watcher);
    }

    void wake(uint32_t claimed)
    {
        if (claimed != UINT32_MAX)
            mag_sleeper_wake(&sleepers[claimed]);
    }

    void run()
    {
        (void)mag_sleeper_sleep(&sleepers[RUNNER], -1);
        (void)mag_idle_found(&idle);
        kept($).store(1, rl::mo_release);
        uint64_t state = mag_idle_read(&idle);
        if (mag_idle_wants_wake(state) && !mag_idle_watched(state))
            wake(mag_idle_claim(&idle, WATCHER, false));
        while (kept($).load(rl::mo_relaxed) != 0) /* a long job */
            mag_os_pause();
    }

    bool is_woken()
    {
        return sleepers[WATCHER].woken($).load(rl::mo_acquire) != 0;
    }

    void watch()
    {
        bool watching = true;

        while (!is_woken() && (!watching || kept($).load(rl::mo_relaxed) == 0)) {
            if (watching && mag_idle_end_idle_watch(&idle, WORKERS))
                watching = false;
            mag_os_pause(); /* a nap, or the sleep of one that no longer watches */
        }
        while (kept($).load(rl::mo_acquire) == 0)
            mag_os_pause();
        kept($).store(0, rl::mo_relaxed);
    }

    void thread(unsigned index)
    {
        if (index == RUNNER)
            run();
        else if (index == WATCHER)
            watch();
        else
            wake(mag_idle_claim(&idle, RUNNER, false)); /* a post */
    }
};

int main()
{
    return run_model<watch_model>(50000);
}
