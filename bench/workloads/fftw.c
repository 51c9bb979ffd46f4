/*
 * fftw.c - FFTW's transforms of a square through the adapter, beside FFTW's own threads;
 * two of either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#ifdef MAG_HAVE_FFTW
#    include <errno.h>
#    include <fftw3.h>
#    include <magpie/adapters/fftw.h>
#    include <stdlib.h>

enum { TRANSFORMS_MAX = 2048 };

/* A scheduler of its own, because FFTW keeps it. */
struct transforms {
    struct mag_sched *sched;
    fftw_complex *in;
    fftw_complex *out;
    fftw_plan plan;
};

/* How many transforms a run has: about a second's, of small ones fewer. */
static uint64_t times(uint64_t edge)
{
    uint64_t wanted = (UINT64_C(1) << 23) / (edge * edge);

    if (wanted == 0)
        return 1;
    return wanted < TRANSFORMS_MAX ? wanted : TRANSFORMS_MAX;
}

static int start(struct transforms *data, uint32_t workers)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    config.workers = workers;
    int r = mag_sched_start(&config, &data->sched);
    return r == 0 ? mag_fftw_use(data->sched) : r;
}

/* A single 1: its transform is 1 everywhere, exactly. */
static int make(struct transforms *data, uint64_t edge)
{
    size_t count = edge * edge;
    int n = (int)edge;

    data->in = fftw_alloc_complex(count);
    data->out = fftw_alloc_complex(count);
    if (data->in == NULL || data->out == NULL)
        return -ENOMEM;
    data->plan = fftw_plan_dft_2d(n, n, data->in, data->out, FFTW_FORWARD, FFTW_ESTIMATE);
    for (size_t i = 0; i < count; i++)
        data->in[i][0] = data->in[i][1] = 0;
    data->in[0][0] = 1;
    return data->plan != NULL ? 0 : -ENOMEM;
}

static int prepare(struct bench_run *run)
{
    struct transforms *data = calloc(1, sizeof(*data));
    int r = data != NULL ? start(data, run->workers) : -ENOMEM;

    run->data = data;
    return r == 0 ? make(data, run->size) : r;
}

static int transform(struct bench_run *run)
{
    const struct transforms *data = run->data;

    for (uint64_t i = times(run->size); i > 0; i--)
        fftw_execute(data->plan);
    return 0;
}

static int run_own_threads(struct bench_run *run)
{
    fftw_threads_set_callback(NULL, NULL);
    return transform(run);
}

static void check(struct bench_run *run)
{
    const struct transforms *data = run->data;

    run->answer = 0;
    for (uint64_t i = 0; i < run->size * run->size; i++)
        run->answer += data->out[i][0] == 1 && data->out[i][1] == 0;
}

static void cleanup(struct bench_run *run)
{
    struct transforms *data = run->data;

    fftw_destroy_plan(data->plan);
    fftw_free(data->in);
    fftw_free(data->out);
    mag_sched_destroy(data->sched);
    free(data);
}

#    define OF_FFTW                                                               \
        .prepare = prepare, .run_twin = run_own_threads, .run_magpie = transform, \
        .check = check, .cleanup = cleanup
#else
#    define OF_FFTW .absent = "FFTW was not found when the program was built"
#endif

static uint64_t expected(uint64_t size)
{
    return size * size;
}

const struct bench_workload bench_fftw = {
    .group = "fftw",
    .name = "fftw",
    .summary = "FFTW's transform of a square of complex numbers, many times",
    .shows = "whether FFTW runs on the workers as fast as on its own threads",
    .size_is = "numbers along an edge of the square",
    .sizes = {64, 2048},
    .size_min = 2,
    .size_max = 8192,
    .twin = "own-threads",
    .threads = 2,
    .expected = expected,
    OF_FFTW,
};
