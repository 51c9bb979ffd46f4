/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L /* NOLINT: the system asks for this name */
#include "adapters/fftw/parts.h"

#include <magpie/default.h>
#include <magpie/loop.h>

#include <time.h>

/* FFTW does not say how long its parts take.  After a call that took so long this thread
 * takes the parts of so many more calls for heavy ones, as programs run the same
 * transforms again and again. */
enum { LONG_NS = 100000, LONG_CALLS = 16 };

static _Thread_local uint32_t heavy_calls;

typedef void *(*part_function)(char *part);

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(run_parts, part_function, work, char *, parts, size_t, size)

static int run_parts(struct mag_range range, uint32_t slot, part_function work,
                     char *parts, size_t size)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        (void)work(parts + i * size);
    return 0;
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_call(int64_t took_ns)
{
    if (took_ns >= LONG_NS)
        heavy_calls = LONG_CALLS;
    else if (heavy_calls != 0)
        heavy_calls--;
}

void mag_fftw_run_parts(void *(*work)(char *), char *parts, size_t size, int count,
                        void *data)
{
    struct mag_sched *sched = data;
    struct mag_for_options options = {.grain = 1, .heavy = heavy_calls != 0};
    size_t end = count > 0 ? (size_t)count : 0;
    int64_t began = now_ns();

    /* FFTW takes no error: without the scheduler this thread runs all parts. */
    if (run_parts_for_with(sched, &options, NULL, 0, end, work, parts, size) != 0)
        (void)run_parts((struct mag_range){0, end}, 0, work, parts, size);
    note_call(now_ns() - began);
}

int mag_fftw_choose(struct mag_sched **sched, int *ret_threads)
{
    int r = *sched != NULL ? 0 : mag_sched_default(sched);

    if (r == 0)
        *ret_threads = (int)mag_sched_workers(*sched);
    return r;
}
