/*
 * job_stages.c - one job that goes through two stages and frees itself: whose it is when.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS = 1000 };

struct request {
    struct mag_job job; /* first, so that a job is its request */
    struct mag_strand *log;
    int number;
};

static long logged; /* by jobs of one strand, one at a time */

/* The last stage: the job is ours again, and with it the memory that it lies in. */
static void write_log(struct mag_job *job)
{
    struct request *request = (struct request *)job;

    logged += request->number;
    free(request);
}

/* The first stage: the same two words go on to the strand, and `next` with them. */
static void serve(struct mag_job *job)
{
    struct request *request = (struct request *)job;

    request->number *= 2;
    job->run = write_log;
    if (mag_strand_post(request->log, job) != 0)
        free(request); /* refused: it is still ours */
}

static int serve_all(struct mag_sched *sched, struct mag_strand *log)
{
    for (int i = 0; i < REQUESTS; i++) {
        struct request *request = (struct request *)malloc(sizeof(*request));

        if (request == NULL)
            return -ENOMEM;
        request->job.run = serve; /* `next` need not be set */
        request->log = log;
        request->number = i;

        int error = mag_sched_post(sched, &request->job);

        if (error != 0) {
            free(request);
            return error;
        }
        /* From here on `request` may be gone: it is not touched any more. */
    }
    return 0;
}

int main(void)
{
    static struct mag_strand log;
    struct mag_sched *sched;
    int error = mag_sched_start(NULL, &sched);

    if (error == 0) {
        mag_strand_init(&log, sched);
        error = serve_all(sched, &log);
        mag_sched_destroy(sched); /* drains it */
    }
    if (error != 0) {
        (void)fprintf(stderr, "job_stages: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%ld\n", logged);
    return logged == (long)REQUESTS * (REQUESTS - 1) ? 0 : 1;
}
