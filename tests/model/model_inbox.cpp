/*
 * A job for any worker and a job for a certain worker, while two workers park.  The
 * second job never waits while its worker sleeps, although the first job may take the
 * count of one worker and the bit of the other ("Counting" in sched/idle/idle.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKERS = 2, FOR_ALL = WORKERS, FOR_ONE, JOBS = 2 };

struct inbox_model : rl::test_suite<inbox_model, WORKERS + 2>, sched_world<WORKERS> {
    static inbox_model *of;
    rl::atomic<int> rest;
    int on[JOBS]; /* the threads that ran the jobs */

    void before()
    {
        of = this;
        open(MAG_PHASE_RUNNING);
        rest($).store(JOBS, rl::mo_relaxed);
        /* A post prefers another worker than worker 0. */
        flat.queue_rank[0] = 1;
    }

    static void run_job(mag_job *job)
    {
        of->on[job->payload($)] = (int)rl::thread_index();
        if (of->rest($).fetch_sub(1, rl::mo_acq_rel) == 1)
            mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    void thread(unsigned index)
    {
        if (index == FOR_ALL) {
            RL_ASSERT(mag_sched_post(&sched, job(0, run_job)) == 0);
        } else if (index == FOR_ONE) {
            RL_ASSERT(mag_sched_post_worker(&sched, job(1, run_job), 0) == 0);
        } else {
            park_and_serve(index);
        }
    }

    void after()
    {
        RL_ASSERT(on[1] == 0);
    }
};

inbox_model *inbox_model::of;

int main()
{
    return run_model<inbox_model>(100000);
}
