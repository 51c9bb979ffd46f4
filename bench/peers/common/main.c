/*
 * main.c - a peer in C or C++ speaks the protocol of bench/measure/lane.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/peers/common/peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double run_once(const struct peer_workload *workload, struct peer_run *run)
{
    run->seconds = 0;
    if (workload->reset != NULL)
        workload->reset(run);

    double from = now_s();
    workload->run(run);
    double took = now_s() - from;

    if (workload->check != NULL)
        workload->check(run);
    return run->seconds > 0 ? run->seconds : took;
}

static const struct peer_workload *find(const char *name)
{
    const struct peer_workload *workload = peer_workloads;

    while (workload->name != NULL && strcmp(workload->name, name) != 0)
        workload++;
    return workload->name != NULL ? workload : NULL;
}

static int fail(const char *why)
{
    (void)printf("failed %s\n", why);
    return 0;
}

int main(int argc, char **argv)
{
    const struct peer_workload *workload = argc == 4 ? find(argv[1]) : NULL;
    struct peer_run run = {0};
    char line[16];
    int error = 0;

    if (workload == NULL)
        return fail("called as peer WORKLOAD SIZE WORKERS, with a workload that it has");
    run.size = strtoull(argv[2], NULL, 10);
    run.workers = (unsigned)strtoul(argv[3], NULL, 10);
    peer_start(run.workers);
    if (workload->prepare != NULL)
        error = workload->prepare(&run);
    if (error != 0)
        return fail(strerror(-error));

    (void)puts("ready");
    (void)fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "run\n") == 0) {
        double seconds = run_once(workload, &run);

        (void)printf("done %.9e %" PRIu64, seconds, run.answer);
        if (run.peak_kib > 0)
            (void)printf(" %" PRIu64, run.peak_kib);
        (void)putchar('\n');
        (void)fflush(stdout);
    }
    if (workload->cleanup != NULL)
        workload->cleanup(&run);
    return 0;
}
