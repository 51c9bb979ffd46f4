/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/workloads/vtask_source.h"

struct mag_pool *bench_sources;

static void recycle(struct mag_core *core)
{
    mag_pool_give(bench_sources, core);
}

static const struct mag_core_type bench_source_type = {.recycle = recycle};

static void prepare(void *object, void *arg)
{
    mag_core_init(object, arg);
}

int bench_sources_make(void)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = sizeof(struct mag_core);
    config.alignment = _Alignof(struct mag_core);
    config.prepare = prepare;
    config.prepare_arg = (void *)(uintptr_t)&bench_source_type;
    return mag_pool_create(&config, &bench_sources);
}

void bench_sources_free(void)
{
    mag_pool_destroy(bench_sources);
    bench_sources = NULL;
}

void bench_read(struct mag_job *job)
{
    struct bench_reader *reader = (struct bench_reader *)(void *)job;
    uint64_t value = 0;

    if (word_task_get(reader->task, &value) == 0)
        reader->sum += value;
}
