/*
 * Threads post from outside while two workers search, park and wake each other: a job
 * never waits while a worker sleeps, (I1) in sched/idle/idle.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKERS = 2, JOBS = 2 };

/* The last job to run ends the model. */
template <typename Model, int Posters>
struct outside_model : rl::test_suite<Model, WORKERS + Posters>, sched_world<WORKERS> {
    static outside_model *of;

    rl::atomic<int> rest;
    rl::atomic<int> begun[JOBS];
    rl::var<int> ran[JOBS];

    void before()
    {
        of = this;
        open(MAG_PHASE_RUNNING);
        rest($).store(JOBS, rl::mo_relaxed);
        for (int i = 0; i < JOBS; i++) {
            begun[i]($).store(0, rl::mo_relaxed);
            ran[i]($) = 0;
        }
    }

    static void run_job(mag_job *job)
    {
        of->ran[job->payload($)]($) += 1;
        if (of->rest($).fetch_sub(1, rl::mo_acq_rel) == 1)
            mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    void after()
    {
        for (int i = 0; i < JOBS; i++)
            RL_ASSERT(ran[i]($) == 1);
    }
};

template <typename Model, int Posters>
outside_model<Model, Posters> *outside_model<Model, Posters>::of;

/* Two posters with one job each. */
struct post_model : outside_model<post_model, JOBS> {
    void thread(unsigned index)
    {
        if (index < WORKERS)
            serve(index);
        else
            RL_ASSERT(mag_sched_post(&sched, job(index - WORKERS, run_job)) == 0);
    }
};

/* Two jobs that wait for each other: the worker that finds the first job has to make sure
 * that another worker looks for the second. */
struct pair_model : outside_model<pair_model, 1> {
    static void meet(mag_job *job)
    {
        int number = job->payload($);

        of->begun[number]($).store(1, rl::mo_relaxed);
        while (of->begun[1 - number]($).load(rl::mo_relaxed) == 0)
            rl::yield(1, $);
        run_job(job);
    }

    void thread(unsigned index)
    {
        if (index < WORKERS) {
            serve(index);
            return;
        }
        for (unsigned i = 0; i < JOBS; i++)
            RL_ASSERT(mag_sched_post(&sched, job(i, meet)) == 0);
    }
};

int main()
{
    return run_model<post_model>(50000) | run_model<pair_model>(50000);
}
