/*
 * A job for everybody and one for a certain worker, while two workers park: the second
 * never waits beside its sleeping worker, though the first may take the count of one
 * worker and the bit of the other ("Counting" in sched/idle.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/idle.h"
#include "sched/phase.h"
#include "tests/model/model.h"

#include "sched/idle.c"

enum { WORKERS = 2, FOR_ALL = WORKERS, FOR_ONE };

struct inbox_model : rl::test_suite<inbox_model, WORKERS + 2> {
    mag_idle idle;
    mag_sleeper sleepers[WORKERS];
    rl::atomic<uint32_t> phase;
    rl::atomic<int> queue; /* how many jobs wait for any worker */
    rl::atomic<int> inbox; /* and for worker 0 */
    rl::atomic<int> rest;  /* jobs that have not run */

    void before()
    {
        mag_idle_init(&idle);
        phase($).store(MAG_PHASE_RUNNING, rl::mo_relaxed);
        queue($).store(0, rl::mo_relaxed);
        inbox($).store(0, rl::mo_relaxed);
        rest($).store(2, rl::mo_relaxed);
        for (int i = 0; i < WORKERS; i++)
            sleepers[i].woken($).store(0, rl::mo_relaxed);
    }

    void wake(uint32_t claimed)
    {
        if (claimed != UINT32_MAX)
            mag_sleeper_wake(&sleepers[claimed]);
    }

    void notify()
    {
        if (mag_idle_wants_wake(mag_idle_read(&idle)))
            wake(mag_idle_claim(&idle, 1, false)); /* rather not worker 0 */
    }

    void wake_all()
    {
        uint32_t worker;

        while ((worker = mag_idle_claim(&idle, 0, true)) != UINT32_MAX)
            mag_sleeper_wake(&sleepers[worker]);
    }

    bool take(rl::atomic<int> &jobs)
    {
        int waiting = jobs($).load(rl::mo_acquire);

        if (waiting == 0 ||
            !jobs($).compare_exchange_strong(waiting, waiting - 1, rl::mo_seq_cst))
            return false;
        if (rest($).fetch_sub(1, rl::mo_acq_rel) == 1 &&
            mag_phase_enter(&phase, MAG_PHASE_ENDING))
            wake_all();
        return true;
    }

    void last_look(uint32_t worker)
    {
        if (mag_phase_read_parked(&phase) == MAG_PHASE_ENDING)
            wake_all();
        else if (worker == 0 && inbox($).load(rl::mo_seq_cst) != 0)
            wake(mag_idle_claim_one(&idle, 0));
        else if (queue($).load(rl::mo_seq_cst) != 0)
            notify();
    }

    void park(uint32_t worker, bool searching)
    {
        bool watcher;

        mag_sleeper_reset(&sleepers[worker]);
        (void)mag_idle_announce(&idle, worker, WORKERS, searching, &watcher);
        last_look(worker);
        (void)mag_sleeper_sleep(&sleepers[worker], -1);
    }

    void serve(uint32_t worker)
    {
        bool searching = false;

        while (mag_phase_read(&phase) != MAG_PHASE_ENDING) {
            if ((worker == 0 && take(inbox)) || take(queue)) {
                if (searching && mag_idle_wants_wake(mag_idle_found(&idle)) &&
                    queue($).load(rl::mo_seq_cst) != 0)
                    notify();
                searching = false;
            } else {
                park(worker, searching);
                searching = true;
            }
        }
    }

    void thread(unsigned index)
    {
        if (index < WORKERS) {
            serve(index);
        } else if (index == FOR_ALL) {
            queue($).fetch_add(1, rl::mo_seq_cst);
            notify();
        } else {
            inbox($).fetch_add(1, rl::mo_seq_cst);
            wake(mag_idle_claim_one(&idle, 0));
        }
    }
};

int main()
{
    return run_model<inbox_model>(100000);
}
