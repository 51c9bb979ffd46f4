/*
 * vtask_source.h - the pooled source of the value-task rows: what a user would write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WORKLOADS_VTASK_SOURCE_H
#define BENCH_WORKLOADS_VTASK_SOURCE_H

#include <magpie/magpie.h>
#include <magpie/when.h>

MAG_VTASK_DEFINE(word_task, uint64_t)

/* Of the calling process; a lane runs one workload. */
extern struct mag_pool *bench_sources;

/* 0 or a negative errno. */
int bench_sources_make(void);
void bench_sources_free(void);

/* Rents a source.  NULL: there is no memory. */
static inline struct mag_core *bench_source_rent(unsigned flags)
{
    struct mag_core *core;
    void *object;

    if (mag_pool_take(bench_sources, &object) != 0)
        return NULL;
    core = object;
    mag_core_begin(core);
    core->flags = (uint8_t)flags;
    return core;
}

/* A continuation that reads the task it waits for. */
struct bench_reader {
    struct mag_continuation continuation; /* `job.run` is bench_read */
    word_task task;
    uint64_t sum;
};

void bench_read(struct mag_job *job);

#endif
