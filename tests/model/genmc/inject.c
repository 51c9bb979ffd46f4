/*
 * Two pushers and one consumer: no job is lost, and none comes twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/inject.h"

#include <assert.h>
#include <pthread.h>

enum { PUSHERS = 2 };

static struct mag_inject queue;
static struct mag_job jobs[PUSHERS];
static int payload[PUSHERS];
static int taken[PUSHERS];

static void *push(void *arg)
{
    struct mag_job *job = arg;

    payload[job - jobs] = 1;
    mag_inject_push(&queue, job, job);
    return NULL;
}

/* Tries once. */
static int pop(void)
{
    struct mag_job *job = mag_inject_pop(&queue);

    if (job == NULL)
        return 0;
    assert(payload[job - jobs] == 1);
    taken[job - jobs]++;
    return 1;
}

int main(void)
{
    pthread_t threads[PUSHERS];

    mag_inject_init(&queue);
    for (int i = 0; i < PUSHERS; i++)
        pthread_create(&threads[i], NULL, push, &jobs[i]);
    pop();
    pop();
    for (int i = 0; i < PUSHERS; i++)
        pthread_join(threads[i], NULL);
    /* No thread pushes any more: every job that is left can be reached. */
    for (int i = 0; i < PUSHERS; i++)
        pop();
    for (int i = 0; i < PUSHERS; i++)
        assert(taken[i] == 1);
    return 0;
}
