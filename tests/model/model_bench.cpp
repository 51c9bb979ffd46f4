/*
 * A worker that is not active any more goes to its bench, while what can call it back
 * happens: a job comes for it alone, the number of active workers grows, the scheduler
 * drains or ends.  It sleeps through none of these.  sched/worker/bench.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/sched_world.h"

enum { WORKERS = 2, BENCHED = 1, OTHER = WORKERS };

/* Worker 1 is over. */
struct bench_world : sched_world<WORKERS> {
    void begin(mag_phase phase)
    {
        open(phase);
        sched.active($).store(1, rl::mo_relaxed);
    }
};

/* A job for the benched worker, after which the scheduler ends. */
struct inbox_model : rl::test_suite<inbox_model, WORKERS + 1>, bench_world {
    static inbox_model *of;
    int on;

    void before()
    {
        of = this;
        on = -1;
        begin(MAG_PHASE_RUNNING);
    }

    static void run_job(mag_job *)
    {
        of->on = (int)rl::thread_index();
        mag_sched_enter_phase(&of->sched, MAG_PHASE_ENDING);
    }

    void thread(unsigned index)
    {
        if (index == OTHER)
            RL_ASSERT(mag_sched_post_worker(&sched, job(0, run_job), BENCHED) == 0);
        else
            serve_from_idle(index);
    }

    void after()
    {
        RL_ASSERT(on == BENCHED);
    }
};

inbox_model *inbox_model::of;

/* All workers are active again, and each must run before the scheduler ends. */
struct grow_model : rl::test_suite<grow_model, 2>, bench_world {
    void before()
    {
        begin(MAG_PHASE_RUNNING);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            sched.active($).store(WORKERS, rl::mo_seq_cst);
            mag_sched_wake_worker(&sched, BENCHED);
        } else {
            RL_ASSERT(sit_out(&workers[BENCHED]) == NULL);
        }
    }

    void after()
    {
        uint64_t state = mag_idle_read(&sched.idle);

        RL_ASSERT(mag_idle_used(state) == WORKERS && mag_idle_parked(state) == 0);
        RL_ASSERT(!workers[BENCHED].benched($).load(rl::mo_relaxed));
    }
};

/* The number shrinks while the worker parks. */
struct shrink_model : rl::test_suite<shrink_model, 2>, bench_world {
    void before()
    {
        open(MAG_PHASE_RUNNING);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            sched.active($).store(1, rl::mo_seq_cst);
            mag_sched_wake_worker(&sched, BENCHED);
        } else {
            park(&workers[BENCHED]); /* for ever if it is not told */
            RL_ASSERT(mag_worker_is_over(&workers[BENCHED]));
        }
    }
};

/* A drain, with a job that came for the benched worker before. */
template <bool ends> struct drain_model : rl::test_suite<drain_model<ends>, WORKERS>,
                                          bench_world {
    static drain_model *of;
    int ran;

    void before()
    {
        of = this;
        ran = 0;
        begin(MAG_PHASE_RUNNING);
    }

    static void run_job(mag_job *)
    {
        of->ran++;
    }

    void thread(unsigned index)
    {
        if (index == BENCHED) {
            serve_from_idle(index);
            return;
        }
        if (!ends)
            RL_ASSERT(mag_sched_post_worker(&sched, job(0, run_job), BENCHED) == 0);
        mag_sched_enter_phase(&sched, ends ? MAG_PHASE_ENDING : MAG_PHASE_DRAINING);
        serve_from_idle(index);
    }

    void after()
    {
        RL_ASSERT(ends || ran == 1);
    }
};

template <bool ends> drain_model<ends> *drain_model<ends>::of;

int main()
{
    /* A worker that reads an old head of its inbox looks again and again. */
    return run_model<inbox_model>(40000, 8000) | run_model<grow_model>(40000) |
           run_model<shrink_model>(40000) | run_model<drain_model<true> >(40000) |
           run_model<drain_model<false> >(40000);
}
