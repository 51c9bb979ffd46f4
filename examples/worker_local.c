/*
 * worker_local.c - memory that each worker has to itself: set up before the worker's
 * first job, used by its jobs without a lock, and collected after its last job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { JOBS = 10000 };

struct local {
    char *buffer; /* of this worker */
    long jobs;
};

struct totals {
    _Atomic(long) jobs;
    _Atomic(long) buffers;
};

static void on_start(uint32_t worker, void *arg)
{
    struct local *local = (struct local *)mag_sched_local(); /* zeroes so far */

    (void)worker;
    (void)arg;
    local->buffer = (char *)malloc(64);
}

static void on_stop(uint32_t worker, void *arg)
{
    struct local *local = (struct local *)mag_sched_local();
    struct totals *totals = (struct totals *)arg;

    (void)worker;
    /* relaxed, both: read only after every worker has ended. */
    (void)atomic_fetch_add_explicit(&totals->jobs, local->jobs, memory_order_relaxed);
    /* relaxed: as above. */
    (void)atomic_fetch_add_explicit(&totals->buffers, local->buffer != NULL,
                                    memory_order_relaxed);
    free(local->buffer);
}

static void serve(struct mag_job *job)
{
    struct local *local = (struct local *)mag_sched_local();

    (void)job;
    local->jobs++; /* only this worker writes it */
    if (local->buffer != NULL)
        (void)snprintf(local->buffer, 64, "job %ld", local->jobs);
}

int main(void)
{
    static struct mag_job jobs[JOBS];
    static struct totals totals;
    struct mag_sched_config config;
    struct mag_sched *sched;
    long workers;

    mag_sched_config_init(&config);
    config.local_size = sizeof(struct local);
    config.on_start = on_start;
    config.on_stop = on_stop;
    config.hook_arg = &totals;

    int error = mag_sched_start(&config, &sched);

    if (error == 0) {
        workers = (long)mag_sched_workers(sched);
        for (int i = 0; i < JOBS && error == 0; i++) {
            jobs[i].run = serve;
            error = mag_sched_post(sched, &jobs[i]);
        }
        mag_sched_destroy(sched); /* runs all jobs, and calls on_stop on each worker */
    }
    if (error != 0) {
        (void)fprintf(stderr, "worker_local: %s\n", mag_call_text(error));
        return 1;
    }
    /* relaxed, both: every worker has ended. */
    long ran = atomic_load_explicit(&totals.jobs, memory_order_relaxed);
    /* relaxed: as above. */
    bool all = atomic_load_explicit(&totals.buffers, memory_order_relaxed) == workers;
    printf("%ld jobs\n", ran);
    return ran == JOBS && all ? 0 : 1;
}
