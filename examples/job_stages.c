/*
 * job_stages.c - one job that goes through two stages and frees itself, and who owns it
 * in each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS = 1000 };

struct request {
    struct mag_job job; /* first, so that a pointer to it is also one to its request */
    struct mag_strand *log;
    int number;
};

static long logged; /* by jobs of one strand, one at a time */

/* The last stage: the job, and the memory around it, belong to this function now. */
static void write_log(struct mag_job *job)
{
    struct request *request = (struct request *)job;

    logged += request->number;
    free(request);
}

/* The first stage: posts the same job to the strand. */
static void serve(struct mag_job *job)
{
    struct request *request = (struct request *)job;

    request->number *= 2;
    job->run = write_log;
    if (mag_strand_post(request->log, job) != 0)
        free(request); /* refused: it still belongs to this function */
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
        /* From here on `request` may be freed, so it is not touched again. */
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
        mag_sched_destroy(sched); /* runs all jobs first */
    }
    if (error != 0) {
        (void)fprintf(stderr, "job_stages: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%ld\n", logged);
    return logged == (long)REQUESTS * (REQUESTS - 1) ? 0 : 1;
}
