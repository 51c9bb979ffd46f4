/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fftw/parts.h"

#include <magpie/default.h>
#include <magpie/loop.h>

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

void mag_fftw_run_parts(void *(*work)(char *), char *parts, size_t size, int count,
                        void *data)
{
    struct mag_sched *sched = data;
    struct mag_for_options options = {.grain = 1};
    size_t end = count > 0 ? (size_t)count : 0;

    /* FFTW takes no error: without the scheduler this thread runs all parts. */
    if (run_parts_for_with(sched, &options, NULL, 0, end, work, parts, size) != 0)
        (void)run_parts((struct mag_range){0, end}, 0, work, parts, size);
}

int mag_fftw_choose(struct mag_sched **sched, int *ret_threads)
{
    int r = *sched != NULL ? 0 : mag_sched_default(sched);

    if (r == 0)
        *ret_threads = (int)mag_sched_workers(*sched);
    return r;
}
