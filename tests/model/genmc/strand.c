/*
 * Two pushers, of which one or both become the runner.  Each job runs once, none is lost,
 * and each job sees everything that the job before it wrote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/strand/queue.h"

#include <assert.h>
#include <pthread.h>

enum { PUSHERS = 2 };

static struct mag_strand strand;
static struct mag_job jobs[PUSHERS];
static int ran;    /* plain: written by each job */
static bool stuck; /* the runner found its job not linked yet, and left it to main() */

static void run(void)
{
    do {
        stuck = mag_strand_pop(&strand) == NULL;
        if (stuck)
            return;
        ran++;
    } while (!mag_strand_rest(&strand));
}

static void *push(void *arg)
{
    if (mag_strand_push(&strand, arg))
        run();
    return NULL;
}

int main(void)
{
    pthread_t threads[PUSHERS];

    atomic_init(&strand.last, NULL);
    atomic_init(&strand.first, NULL);
    for (int i = 0; i < PUSHERS; i++)
        pthread_create(&threads[i], NULL, push, &jobs[i]);
    for (int i = 0; i < PUSHERS; i++)
        pthread_join(threads[i], NULL);
    /* No thread pushes any more, so all jobs are linked. */
    if (stuck)
        run();
    assert(!stuck && ran == PUSHERS);
    return 0;
}
