/*
 * A thread leaves its berth, as in docs/design/berths.md: a job that it leaves behind is
 * run by a worker that parks at that moment, and a drain that begins at that moment ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKERS = 2, LEAVER = 0, PARKER = 1, STOPPER = 2 };

/* As mag_berth_leave, without the identity of the thread and the count of threads. */
template <unsigned Workers> static void leave(sched_world<Workers> *world)
{
    mag_worker *worker = &world->workers[LEAVER];
    bool searched = worker->searching;

    if (mag_worker_has_own(worker) && mag_worker_shed(worker))
        mag_sched_notify_queue(&world->sched, 0);
    mag_idle_leave(&world->sched.idle, searched);
    mag_worker_left(worker, searched);
}

/* The leaving thread has posted a job to itself, and does not run it. */
struct leave_model : rl::test_suite<leave_model, WORKERS>, sched_world<WORKERS> {
    static leave_model *of;
    rl::var<int> ran;

    void before()
    {
        of = this;
        open(MAG_PHASE_RUNNING);
        ran($) = 0;
    }

    static void run_job(mag_job *)
    {
        of->ran($) += 1;
        mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    void thread(unsigned index)
    {
        if (index == PARKER) {
            park_and_serve(index);
            return;
        }
        RL_ASSERT(mag_sched_post(&sched, job(0, run_job)) == 0);
        leave(this);
    }

    void after()
    {
        RL_ASSERT(ran($) == 1);
    }
};

leave_model *leave_model::of;

/* The only other worker is parked, and a third thread begins the drain. */
struct drained_model : rl::test_suite<drained_model, WORKERS + 1>, sched_world<WORKERS> {
    void before()
    {
        open(MAG_PHASE_RUNNING);
    }

    void thread(unsigned index)
    {
        if (index == STOPPER)
            mag_sched_enter_phase(&sched, MAG_PHASE_DRAINING);
        else if (index == LEAVER)
            leave(this);
        else
            park_and_serve(index);
    }

    void after()
    {
        RL_ASSERT(mag_sched_phase(&sched) == MAG_PHASE_ENDING);
    }
};

int main()
{
    return run_model<leave_model>(50000) | run_model<drained_model>(50000);
}
