/*
 * timer.c - what a timeout costs that does not come: a timer is started and canceled, by
 * a thread that is no worker, with others pending.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/timer.h>
#include <stdlib.h>
#include <time.h>

enum { PENDING = 1000 };

#define SECOND_NS ((int64_t)1000000000)

/* PENDING timers that stay, and one that is started and canceled each time. */
struct timeouts {
    struct mag_timer pending[PENDING];
    struct mag_timer timer;
    int64_t deadline_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void never(struct mag_job *job)
{
    (void)job;
}

static int prepare(struct bench_run *run)
{
    struct timeouts *timeouts = calloc(1, sizeof(*timeouts));
    int r = 0;

    run->data = timeouts;
    if (timeouts == NULL)
        return -ENOMEM;
    timeouts->timer.job.run = never;
    for (uint32_t i = 0; i < PENDING && r == 0; i++) {
        timeouts->pending[i].job.run = never;
        r = mag_timer_start_in(run->sched, &timeouts->pending[i],
                               3600 * SECOND_NS + i * SECOND_NS);
    }
    return r;
}

/* Deadlines half a minute ahead, each a little later than the last, as of requests. */
static int run_pairs(struct bench_run *run)
{
    struct timeouts *timeouts = run->data;
    int64_t deadline_ns = now_ns() + 30 * SECOND_NS;

    run->answer = 0;
    for (uint64_t i = 0; i < run->size; i++) {
        int r = mag_timer_start(run->sched, &timeouts->timer, deadline_ns + (int64_t)i);
        if (r < 0)
            return r;
        run->answer += mag_timer_cancel(&timeouts->timer);
    }
    return 0;
}

static void cleanup(struct bench_run *run)
{
    struct timeouts *timeouts = run->data;
    bool canceled = true;

    for (uint32_t i = 0; timeouts != NULL && i < PENDING; i++)
        canceled = mag_timer_cancel(&timeouts->pending[i]) && canceled;
    if (canceled)
        free(timeouts);
}

const struct bench_workload bench_timer_pair = {
    .group = "timer",
    .name = "timer-pair",
    .summary = "a thread starts a timer and cancels it, a thousand others pending",
    .shows = "the cost of a time limit that is never reached",
    .size_is = "timers",
    .sizes = {2000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .prepare = prepare,
    .run_magpie = run_pairs,
    .cleanup = cleanup,
};
