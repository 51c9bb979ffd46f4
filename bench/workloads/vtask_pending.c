/*
 * vtask_pending.c - many async functions that all wait, each for a source of its own:
 * what they cost, and by the peak memory of the row, what each takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/vtask_source.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <stdlib.h>

struct waiting {
    struct mag_core **sources; /* one for each function */
    word_task *tasks;
    uint64_t count;
};

static struct waiting waiting;

static word_task begin_operation(void)
{
    struct mag_core *core = bench_source_rent(0);

    waiting.sources[waiting.count++] = core;
    return word_task_of(mag_core_task(core));
}

MAG_ASYNC(word_task, wait_for_one, (void), uint64_t item;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, begin_operation());
    return word_task_result(f->item);
    MAG_END(f);
}

static int prepare(struct bench_run *run)
{
    waiting.sources = calloc(run->size, sizeof(*waiting.sources));
    waiting.tasks = calloc(run->size, sizeof(*waiting.tasks));
    if (waiting.sources == NULL || waiting.tasks == NULL)
        return -ENOMEM;
    return bench_sources_make();
}

static int run_pending(struct bench_run *run)
{
    int r = 0;

    waiting.count = 0;
    run->answer = 0;
    for (uint64_t i = 0; i < run->size; i++)
        waiting.tasks[i] = wait_for_one();
    for (uint64_t i = 0; i < run->size && r == 0; i++)
        r = mag_core_set_result(waiting.sources[i], 1);
    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        uint64_t value = 0;

        r = word_task_get(waiting.tasks[i], &value);
        run->answer += value;
    }
    return r;
}

static void cleanup(struct bench_run *run)
{
    (void)run;
    bench_sources_free();
    free(waiting.sources);
    free(waiting.tasks);
}

const struct bench_workload bench_vtask_pending = {
    .group = "vtask",
    .name = "vtask-pending",
    .summary = "async functions that all wait at once",
    .shows = "the memory of a waiting async function, as peak memory",
    .size_is = "functions",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = 100000000,
    .per_operation = true,
    .threads = 1,
    .prepare = prepare,
    .run_magpie = run_pending,
    .cleanup = cleanup,
};
