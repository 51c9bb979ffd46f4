/*
 * Two producers and a consumer on an injection queue: every job is popped once, in its
 * producer's order, with its payload visible, and the queue is empty in the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/inject.h"
#include "tests/model/model.h"
#include "tests/model/no_packets.h"

enum { PRODUCERS = 2, EACH = 2, JOBS = PRODUCERS * EACH };

struct inject_model : rl::test_suite<inject_model, PRODUCERS + 1> {
    mag_inject queue;
    mag_job jobs[JOBS];

    void before()
    {
        mag_inject_init(&queue);
        for (unsigned i = 0; i < JOBS; i++)
            jobs[i].run = NULL;
    }

    void produce(unsigned producer)
    {
        for (unsigned i = 0; i < EACH; i++) {
            mag_job *job = &jobs[producer * EACH + i];
            job->payload($) = (int)(producer * EACH + i);
            mag_inject_push(&queue, job, job);
        }
    }

    void consume()
    {
        int next[PRODUCERS] = {0, EACH};

        for (unsigned popped = 0; popped < JOBS;) {
            mag_job *batch[JOBS];
            uint32_t count = mag_inject_take(&queue, batch, JOBS);

            for (uint32_t i = 0; i < count; i++) {
                int payload = batch[i]->payload($);
                RL_ASSERT(payload == next[payload / EACH]++);
            }
            popped += count;
            if (count == 0)
                rl::yield(1, $);
        }
        RL_ASSERT(!mag_inject_waiting(&queue));
    }

    void thread(unsigned index)
    {
        if (index < PRODUCERS)
            produce(index);
        else
            consume();
    }
};

int main()
{
    return run_model<inject_model>(100000);
}
