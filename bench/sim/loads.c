/*
 * loads.c - loads from a thread outside: bursts, jobs posted by one call, a trickle, and
 * items that pass through stages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/load.h"
#include "bench/sim/graph.h"

enum {
    JOB_NS = 10000,
    EMPTY_NS = 50,
    MILLISECOND_NS = 1000000,
    STAGES = 4,
    STAGE_NS = 2000,
    ITEM_NS = 1000, /* from one item to the next */
    BLOCK_KIB = 128,
    BLOCK_READ_NS = 40000,     /* 3 GiB/s */
    BLOCK_PACKED_NS = 4000000, /* 30 MiB/s */
};

/* Jobs differ in nothing. */
static void job_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)size;
    ret_node->a = number;
}

static void job_unfold(const struct sim_costs *costs, const struct sim_node *node,
                       struct sim_code *code)
{
    (void)costs;
    (void)node;
    sim_run(code, JOB_NS);
}

static void feed_bursts(uint64_t size, struct sim_feed *ret_feed)
{
    ret_feed->jobs = size * KERNEL_BURST_JOBS;
    ret_feed->at_once = KERNEL_BURST_JOBS;
    ret_feed->every_ns = MILLISECOND_NS;
}

const struct sim_graph sim_graph_bursts = {
    .name = "bursts",
    .summary =
        "100 jobs of 10 us from a thread outside, one by one, each millisecond; the "
        "time of a burst",
    .size_is = "bursts",
    .size = 20,
    .size_min = 1,
    .size_max = 10000,
    .root = job_root,
    .unfold = job_unfold,
    .feed = feed_bursts,
};

static void feed_bulk(uint64_t size, struct sim_feed *ret_feed)
{
    ret_feed->jobs = size;
    ret_feed->at_once = size;
    ret_feed->bulk = true;
}

const struct sim_graph sim_graph_bulk = {
    .name = "bulk",
    .summary = "jobs of 10 us that a thread outside posts by one call",
    .size_is = "jobs",
    .size = 10000,
    .size_min = 1,
    .size_max = 10000000,
    .root = job_root,
    .unfold = job_unfold,
    .feed = feed_bulk,
};

static void trickle_unfold(const struct sim_costs *costs, const struct sim_node *node,
                           struct sim_code *code)
{
    (void)costs;
    (void)node;
    sim_run(code, EMPTY_NS);
}

static void feed_trickle(uint64_t size, struct sim_feed *ret_feed)
{
    ret_feed->jobs = size;
    ret_feed->at_once = 1;
    ret_feed->every_ns = MILLISECOND_NS;
}

const struct sim_graph sim_graph_trickle = {
    .name = "trickle",
    .summary = "an empty job from a thread outside, each millisecond; the time of a job",
    .size_is = "jobs",
    .size = 100,
    .size_min = 1,
    .size_max = 1000000,
    .root = job_root,
    .unfold = trickle_unfold,
    .feed = feed_trickle,
};

/* Each stage is a job that posts the next one; a: the item, b: the stage. */
static void pipeline_unfold(const struct sim_costs *costs, const struct sim_node *node,
                            struct sim_code *code)
{
    struct sim_node next = *node;

    (void)costs;
    sim_run(code, STAGE_NS);
    next.b++;
    if (next.b < STAGES)
        sim_add(code, SIM_SEND, &next);
}

static void feed_pipeline(uint64_t size, struct sim_feed *ret_feed)
{
    ret_feed->jobs = size;
    ret_feed->at_once = 1;
    ret_feed->every_ns = ITEM_NS;
    ret_feed->open = true;
}

const struct sim_graph sim_graph_pipeline = {
    .name = "pipeline",
    .summary = "an item from outside each microsecond, through 4 stages of 2 us",
    .size_is = "items",
    .size = 10000,
    .size_min = 1,
    .size_max = 1000000,
    .root = job_root,
    .unfold = pipeline_unfold,
    .feed = feed_pipeline,
};

/* The reader is the thread outside; the writer's part is too small to matter. */
static void mgzip_unfold(const struct sim_costs *costs, const struct sim_node *node,
                         struct sim_code *code)
{
    (void)costs;
    sim_run_in(code, BLOCK_PACKED_NS, BLOCK_KIB, (double)(node->a % 64) / 64);
}

static void feed_mgzip(uint64_t size, struct sim_feed *ret_feed)
{
    ret_feed->jobs = size;
    ret_feed->at_once = 1;
    ret_feed->every_ns = BLOCK_READ_NS;
    ret_feed->open = true;
}

const struct sim_graph sim_graph_mgzip = {
    .name = "mgzip",
    .summary =
        "blocks of 128 KiB that a thread outside reads, and jobs that compress them",
    .size_is = "blocks",
    .size = 2000,
    .size_min = 1,
    .size_max = 1000000,
    .root = job_root,
    .unfold = mgzip_unfold,
    .feed = feed_mgzip,
};
