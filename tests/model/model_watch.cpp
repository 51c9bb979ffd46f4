/*
 * A worker keeps a job to itself and waits for it, while other workers search, find jobs
 * and park.  One of the parked workers is the watcher and finds the job, or some worker
 * searches and will find it.  (I2) in sched/idle/idle.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

/*
 * The first job keeps another job in its worker's LIFO slot and waits for it.  Further
 * jobs come from outside.  `Wait`: they wait for that job too, and the first job comes
 * from outside as well, after the workers have parked; otherwise worker 0 runs the first
 * job at once.
 */
template <unsigned Workers, unsigned Others, bool Wait>
struct watch_model
    : rl::test_suite<watch_model<Workers, Others, Wait>, Workers + (Others != 0)>,
      sched_world<Workers> {
    enum { FIRST, KEPT, OTHER };

    static watch_model *of;
    rl::atomic<int> kept_ran;
    rl::atomic<int> rest;

    void before()
    {
        of = this;
        this->open(MAG_PHASE_RUNNING);
        mag_shim_naps = true;
        kept_ran($).store(0, rl::mo_relaxed);
        rest($).store(1 + Others, rl::mo_relaxed);
    }

    static void run_kept(mag_job *)
    {
        of->kept_ran($).store(1, rl::mo_relaxed);
    }

    static void run_other(mag_job *)
    {
        while (Wait && of->kept_ran($).load(rl::mo_relaxed) == 0)
            rl::yield(1, $);
        if (of->rest($).fetch_sub(1, rl::mo_acq_rel) == 1)
            mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    static void run_first(mag_job *)
    {
        RL_ASSERT(mag_sched_post(&of->sched, of->job(KEPT, run_kept)) == 0);
        while (of->kept_ran($).load(rl::mo_relaxed) == 0)
            rl::yield(1, $);
        if (of->rest($).fetch_sub(1, rl::mo_acq_rel) == 1)
            mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    void post(unsigned number, void (*run)(mag_job *))
    {
        RL_ASSERT(mag_sched_post(&this->sched, this->job(number, run)) == 0);
    }

    void thread(unsigned index)
    {
        if (index == Workers) {
            if (Wait)
                post(FIRST, run_first);
            for (unsigned i = 0; i < Others; i++)
                post(OTHER + i, run_other);
            return;
        }
        if (Wait) {
            this->park_and_serve(index);
            return;
        }
        if (index == 0)
            run_first(this->job(FIRST, run_first));
        this->serve(index);
    }
};

template <unsigned Workers, unsigned Others, bool Wait>
watch_model<Workers, Others, Wait> *watch_model<Workers, Others, Wait>::of;

typedef watch_model<2, 0, false> alone_model;
typedef watch_model<2, 1, false> wake_model;
typedef watch_model<3, 1, false> searchers_model;
typedef watch_model<3, 1, true> found_model;

int main()
{
    return run_model<alone_model>(20000, 5000) | run_model<wake_model>(20000, 5000) |
           run_model<searchers_model>(20000, 10000) |
           run_model<found_model>(20000, 10000);
}
