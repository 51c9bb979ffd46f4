/*
 * Two producers and one or two consumers on an injection queue: every job is taken once,
 * by each consumer in its producer's order, with its payload visible, and the queue is
 * empty in the end.  With two, a queue that one consumer saw filled is emptied by the
 * other and filled anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/inject.h"
#include "tests/model/model.h"
#include "tests/model/no_packets.h"

enum { PRODUCERS = 2, EACH = 2, JOBS = PRODUCERS * EACH };

template <unsigned Consumers>
struct inject_model : rl::test_suite<inject_model<Consumers>, PRODUCERS + Consumers> {
    mag_inject queue;
    rl::atomic<int> taken;
    mag_job jobs[JOBS];

    void before()
    {
        mag_inject_init(&queue);
        taken($).store(0, rl::mo_relaxed);
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

        while (taken($).load(rl::mo_relaxed) < JOBS) {
            mag_job *batch[JOBS];
            uint32_t count = mag_inject_take(&queue, batch, JOBS);

            for (uint32_t i = 0; i < count; i++) {
                int payload = batch[i]->payload($);
                RL_ASSERT(payload >= next[payload / EACH]);
                next[payload / EACH] = payload + 1;
            }
            (void)taken($).fetch_add((int)count, rl::mo_relaxed);
            if (count == 0)
                rl::yield(1, $);
        }
    }

    void thread(unsigned index)
    {
        if (index < PRODUCERS)
            produce(index);
        else
            consume();
    }

    void after()
    {
        RL_ASSERT(taken($).load(rl::mo_relaxed) == JOBS && !mag_inject_waiting(&queue));
    }
};

int main()
{
    return run_model<inject_model<1> >(100000) | run_model<inject_model<2> >(200000);
}
