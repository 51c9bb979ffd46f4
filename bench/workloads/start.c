/*
 * start.c - starts a scheduler of many workers and destroys it, beside as many plain
 * threads that are made and joined.  The machine is a described one, so that any number
 * of workers has a seat; no worker is pinned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { WORKERS_MAX = 384 };

static int prepare(struct bench_run *run)
{
    struct mag_topology *topology;
    int r = mag_topology_load(MAG_TOPOLOGY_SYNTHETIC,
                              "package:2 [numa] l3:12 core:16 pu:1", &topology);

    run->data = topology;
    return r;
}

static int run_magpie(struct bench_run *run)
{
    struct mag_sched_config config;
    struct mag_sched *sched;

    mag_sched_config_init(&config);
    config.topology = run->data;
    config.workers = (uint32_t)run->size;
    config.pin = MAG_PIN_NEVER;
    int r = mag_sched_start(&config, &sched);
    if (r < 0)
        return r;
    run->answer = mag_sched_workers(sched);
    mag_sched_destroy(sched);
    return 0;
}

static void *do_nothing(void *arg)
{
    return arg;
}

static int run_threads(struct bench_run *run)
{
    pthread_t threads[WORKERS_MAX];
    int r = 0;

    run->answer = 0;
    while (r == 0 && run->answer < run->size) {
        r = -pthread_create(&threads[run->answer], NULL, do_nothing, NULL);
        run->answer += r == 0;
    }
    for (uint64_t i = 0; i < run->answer; i++)
        (void)pthread_join(threads[i], NULL);
    return r;
}

static void cleanup(struct bench_run *run)
{
    mag_topology_free(run->data);
}

const struct bench_workload bench_start = {
    .group = "start",
    .name = "start",
    .summary = "a scheduler of so many workers is started and destroyed",
    .shows = "time and memory of many workers, beside as many plain threads",
    .size_is = "workers",
    .sizes = {16, WORKERS_MAX},
    .size_min = 1,
    .size_max = WORKERS_MAX,
    .twin = "threads",
    .threads = 1,
    .prepare = prepare,
    .run_twin = run_threads,
    .run_magpie = run_magpie,
    .cleanup = cleanup,
};
