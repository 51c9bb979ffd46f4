/*
 * An owner that pushes beyond the end of its ring, and a thief.  A thread that claims a
 * slot reads the job that was pushed there, not the one that the owner writes next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/runq.h"

#include <assert.h>
#include <pthread.h>

enum { SLOTS = 1, JOBS = 2 };

static struct mag_runq ring;
static _Atomic(struct mag_job *) slots[SLOTS];
static struct mag_job jobs[JOBS];
static int payload[JOBS];
static _Atomic(int) taken[JOBS];

static void claim(void)
{
    struct mag_job *job;
    uint32_t count;

    if (mag_runq_claim(&ring, &job, 1, &count) != MAG_RUNQ_CLAIMED)
        return;
    assert(payload[job - jobs] == 1);
    /* relaxed: a count. */
    assert(atomic_fetch_add_explicit(&taken[job - jobs], 1, memory_order_relaxed) == 0);
}

static void *steal(void *arg)
{
    claim();
    return arg;
}

int main(void)
{
    pthread_t thief;

    mag_runq_init(&ring, slots, SLOTS, 0);
    pthread_create(&thief, NULL, steal, NULL);
    for (int i = 0; i < JOBS; i++) {
        payload[i] = 1;
        if (!mag_runq_push(&ring, &jobs[i]))
            break;
    }
    pthread_join(thief, NULL);
    return 0;
}
