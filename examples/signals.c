/*
 * signals.c - Ctrl-C ends the program cleanly: jobs that have begun are finished, waiting
 * jobs are given back, and everything is freed.
 *
 * Run it and press Ctrl-C.  Without that it sends itself a SIGTERM after a while.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L /* NOLINT: the system asks for this name */

#include <magpie/magpie.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { JOBS = 8, ENOUGH = 100000 };

struct worker_job {
    struct mag_job job; /* first */
    struct mag_sched *sched;
    long rounds;
};

/* Goes on for ever: a job that posts itself is queued behind the waiting jobs. */
static void work(struct mag_job *job)
{
    struct worker_job *self = (struct worker_job *)job;

    if (++self->rounds == ENOUGH)
        (void)kill(getpid(), SIGTERM);
    if (mag_sched_post(self->sched, job) != 0)
        self->rounds = -self->rounds; /* refused: the scheduler is stopping */
}

static void count_dropped(struct mag_job *job, void *arg)
{
    (void)job;
    ++*(int *)arg;
}

int main(void)
{
    static struct worker_job jobs[JOBS];
    struct mag_sched *sched;
    sigset_t signals;
    int caught = 0;
    int dropped = 0;
    int refused = 0;
    int error;

    /* Block the signals before any thread is started: every thread inherits the mask, and
     * no thread is interrupted. */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
        return 1;

    error = mag_sched_start(NULL, &sched);
    for (int i = 0; i < JOBS && error == 0; i++) {
        jobs[i].job.run = work;
        jobs[i].sched = sched;
        error = mag_sched_post(sched, &jobs[i].job);
    }

    /* Main has nothing else to do.  It takes the signal as a value, not in a handler. */
    if (error == 0 && sigwait(&signals, &caught) == 0)
        error = mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, count_dropped, &dropped);
    if (error != 0) {
        (void)fprintf(stderr, "signals: %s\n", mag_call_text(error));
        return 1;
    }
    mag_sched_destroy(sched);
    for (int i = 0; i < JOBS; i++)
        refused += jobs[i].rounds < 0;
    printf("signal %d: %d jobs ended, %d given back\n", caught, refused, dropped);
    return refused + dropped == JOBS ? 0 : 1;
}
