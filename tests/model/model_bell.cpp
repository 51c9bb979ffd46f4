/*
 * A monitor goes to sleep while a job comes and wakes a worker.  The monitor does not
 * sleep on while the worker runs: it has seen the worker, or the worker rings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKER, POSTER, MONITOR, THREADS };

struct bell_model : rl::test_suite<bell_model, THREADS>, sched_world<1> {
    void before()
    {
        open(MAG_PHASE_RUNNING);
        mag_bell_init(&sched.bell);
    }

    static void run_job(mag_job *) {}

    bool nobody_runs()
    {
        uint64_t state = mag_idle_read(&sched.idle);

        return mag_idle_parked(state) == mag_idle_used(state);
    }

    void thread(unsigned index)
    {
        if (index == POSTER) {
            RL_ASSERT(mag_sched_post(&sched, job(0, run_job)) == 0);
        } else if (index == WORKER) {
            park(&workers[0]); /* and runs from here on */
        } else {
            mag_bell_announce(&sched.bell);
            if (nobody_runs())
                mag_bell_sleep(&sched.bell); /* for ever if nobody rings */
            else
                mag_bell_stay(&sched.bell);
        }
    }
};

int main()
{
    return run_model<bell_model>(100000);
}
