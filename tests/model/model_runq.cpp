/*
 * An owner and a thief on a run queue of four slots whose positions wrap: every job is
 * claimed once, with its payload visible, whether it was pushed alone or with others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/runq.h"
#include "tests/model/model.h"

enum { CAPACITY = 4, JOBS = 6, TOGETHER = 3 };

struct runq_model : rl::test_suite<runq_model, 2> {
    mag_runq ring;
    rl::atomic<mag_job *> slots[CAPACITY];
    mag_job jobs[JOBS];
    rl::var<int> claimed[JOBS];

    void before()
    {
        mag_runq_init(&ring, slots, CAPACITY, (uint64_t)-2);
        for (int i = 0; i < JOBS; i++)
            claimed[i]($) = 0;
    }

    bool claim()
    {
        mag_job *batch[CAPACITY];
        uint32_t count = 0;

        if (mag_runq_claim(&ring, batch, CAPACITY, &count) != MAG_RUNQ_CLAIMED)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            int job = batch[i]->payload($);
            RL_ASSERT(claimed[job]($) == 0);
            claimed[job]($) = 1;
        }
        return true;
    }

    void push_together(int first)
    {
        mag_job *batch[TOGETHER];

        for (int i = 0; i < TOGETHER; i++) {
            jobs[first + i].payload($) = first + i;
            batch[i] = &jobs[first + i];
        }
        while (mag_runq_room(&ring) < TOGETHER)
            claim();
        mag_runq_push_many(&ring, batch, TOGETHER);
    }

    void push(int job)
    {
        jobs[job].payload($) = job;
        while (!mag_runq_push(&ring, &jobs[job]))
            claim();
    }

    void own()
    {
        push(0);
        push_together(1);
        for (int i = 1 + TOGETHER; i < JOBS; i++)
            push(i);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            own();
        else
            for (int i = 0; i < 3; i++)
                claim();
    }

    void after()
    {
        while (claim()) {
        }
        for (int i = 0; i < JOBS; i++)
            RL_ASSERT(claimed[i]($) == 1);
    }
};

int main()
{
    return run_model<runq_model>(200000);
}
