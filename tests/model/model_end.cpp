/*
 * Workers that park while the end is announced, as in sched/phase.h: no worker sleeps
 * through it, whichever worker a wake is given to.  And a drain ends when all jobs have
 * run, and not before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKERS = 2, STOPPER = WORKERS };

/* Workers that have searched in vain. */
struct end_model : rl::test_suite<end_model, WORKERS + 1>, sched_world<WORKERS> {
    void before()
    {
        open(MAG_PHASE_RUNNING);
    }

    void thread(unsigned index)
    {
        if (index == STOPPER)
            mag_sched_enter_phase(&sched, MAG_PHASE_ENDING);
        while (index != STOPPER && mag_sched_phase(&sched) != MAG_PHASE_ENDING)
            park(&workers[index]);
    }
};

/*
 * The drain has begun.  Worker 0 has posted a job to worker 1 alone, and looks whether
 * the drain is over; worker 1 is about to park.  The job posts another job as soon as
 * worker 0 has found its answer; until then all queues are empty.
 */
template <bool searched>
struct drain_model : rl::test_suite<drain_model<searched>, WORKERS>,
                     sched_world<WORKERS> {
    enum { FIRST, SECOND, JOBS };

    static drain_model *of;
    bool answered;
    rl::var<int> ran[JOBS];

    void before()
    {
        bool watcher;

        of = this;
        answered = false;
        open(MAG_PHASE_DRAINING);
        (void)mag_idle_announce(&sched.idle, 0, false, &watcher);
        mag_idle_end_watch(&sched.idle);
        for (int i = 0; i < JOBS; i++)
            ran[i]($) = 0;
        mag_inject_push(&workers[1].inbox, job(FIRST, run_first), &jobs[FIRST]);
    }

    static void run_first(mag_job *)
    {
        while (!of->answered)
            rl::yield(1, $);
        RL_ASSERT(mag_sched_post(&of->sched, of->job(SECOND, run_second)) == 0);
        of->ran[FIRST]($) += 1;
        /* The rest of the drain is not part of the search. */
        if (searched)
            mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    static void run_second(mag_job *)
    {
        of->ran[SECOND]($) += 1;
    }

    void thread(unsigned index)
    {
        if (index == 1) {
            park_and_serve(index);
            return;
        }
        end_if_drained(&workers[0]);
        answered = true;
        /* If the drain is not over, worker 1 wakes this worker when it is. */
        (void)mag_sleeper_sleep(&workers[0].sleeper, -1);
        workers[0].searching = true;
        serve_from_idle(0);
    }

    void after()
    {
        RL_ASSERT(ran[FIRST]($) == 1 && (searched || ran[SECOND]($) == 1));
    }
};

template <bool searched> drain_model<searched> *drain_model<searched>::of;

typedef drain_model<false> whole_drain;
typedef drain_model<true> end_of_drain;

/* The failure needs two switches at certain steps.  Random schedules rarely have them, so
 * these are searched for. */
int main()
{
    return run_model<end_model>(50000) | run_model<whole_drain>(20000) |
           search_model<end_of_drain>(2);
}
