/*
 * pipeline.c - items through three stages that do nothing: in order, parallel, in order.
 * The last stage counts those that come in their order, and the answer is their number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/pipeline.h>

enum { TOKENS = 16 };

struct item {
    uint64_t number;
};

struct counts {
    uint64_t next, size; /* of the first stage */
    uint64_t seen;       /* by the last one */
};

/* NOLINTNEXTLINE(readability-function-size): name_run_with has many parameters. */
MAG_PIPELINE(empty, struct item, struct counts)

static int make_item(struct item *item, struct counts *counts)
{
    if (counts->next == counts->size)
        return MAG_STAGE_END;
    item->number = counts->next++;
    return 0;
}

static int change_item(struct item *item, struct counts *counts)
{
    (void)counts;
    item->number++;
    return 0;
}

static int count_item(struct item *item, struct counts *counts)
{
    if (item->number == counts->seen + 1)
        counts->seen++;
    return 0;
}

static int run_pipeline(struct bench_run *run)
{
    static const struct empty_stage stages[] = {
        MAG_STAGE(make_item, MAG_STAGE_IN_ORDER),
        MAG_STAGE(change_item, MAG_STAGE_PARALLEL),
        MAG_STAGE(count_item, MAG_STAGE_IN_ORDER),
    };
    struct counts counts = {0, run->size, 0};
    int r = empty_run(run->sched, stages, 3, TOKENS, &counts);

    run->answer = counts.seen;
    return r;
}

const struct bench_workload bench_pipeline = {
    .group = "pipeline",
    .name = "pipeline",
    .summary = "items through three empty stages: in order, parallel, in order",
    .shows = "the cost of an item on its way through a pipeline",
    .size_is = "items",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .workers_only = true,
    .run_magpie = run_pipeline,
};
