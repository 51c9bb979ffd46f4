/*
 * streams.c - what runs many tasks one after the other: loops whose bodies are tasks,
 * tasks in the order of their completion, async sequences, and graphs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/magpie.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- loops of tasks */

/* Bodies that each worker has run. */
static struct {
    _Alignas(MAG_CACHE_LINE) uint64_t bodies;
} * ran;

static int prepare_bodies(struct bench_run *run)
{
    size_t bytes = mag_sched_capacity(run->sched) * sizeof(*ran);

    ran = aligned_alloc(MAG_CACHE_LINE, bytes);
    return ran == NULL ? -ENOMEM : 0;
}

static int reset_bodies(struct bench_run *run)
{
    memset(ran, 0, mag_sched_capacity(run->sched) * sizeof(*ran));
    return 0;
}

static void check_bodies(struct bench_run *run)
{
    run->answer = 0;
    for (uint32_t i = 0; i < mag_sched_capacity(run->sched); i++)
        run->answer += ran[i].bodies;
}

static void cleanup_bodies(struct bench_run *run)
{
    (void)run;
    free(ran);
}

static void count_body(void)
{
    ran[mag_sched_worker()].bodies++;
}

MAG_EACH(run_at_once, void)

static mag_task run_at_once(size_t index)
{
    (void)index;
    count_body();
    return mag_task_done();
}

static int run_each(struct bench_run *run)
{
    return mag_task_wait(run_at_once_each(run->sched, 0, run->size));
}

MAG_EACH(run_later, void)

/* Waits once, until a worker takes it out of a queue. */
MAG_ASYNC(mag_task, run_later, (size_t, index), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    count_body();
    MAG_END(f);
}

static int run_each_later(struct bench_run *run)
{
    return mag_task_wait(run_later_each(run->sched, 0, run->size));
}

/* -------------------------------------------------- tasks as they become complete */

enum { TASKS = 1000 }; /* at a time */

MAG_VTASK_DEFINE(number_task, uint64_t)

MAG_ASYNC(number_task, number_later, (uint64_t, number), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return number_task_result(f->number);
    MAG_END(f);
}

/* Begins `count` tasks, and reads them as they become complete: their sum. */
MAG_ASYNC(number_task, read_each, (mag_vtask *, tasks, uint64_t, count),
          struct mag_when_each *each;
          int error; size_t i; uint64_t sum; uint64_t value;)
{
    MAG_BEGIN(f);
    for (uint64_t i = 0; i < f->count; i++)
        f->tasks[i] = number_later(i + 1).task;
    f->error = mag_when_each_begin(f->tasks, f->count, MAG_AS_COMPLETED, &f->each);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    for (;;) {
        MAG_AWAIT(f, f->i, mag_when_each_next(f->each, NULL));
        if (f->i == f->count)
            break;
        f->error = number_task_get(number_task_of(f->tasks[f->i]), &f->value);
        f->sum += f->error == 0 ? f->value : 0;
    }
    mag_when_each_end(f->each);
    return number_task_result(f->sum);
    MAG_END(f);
}

MAG_SUBMIT_TASK(number_task, read_each_there, mag_vtask *, tasks, uint64_t, count)
static number_task read_each_there(mag_vtask *tasks, uint64_t count)
{
    return read_each(tasks, count);
}

static int run_when_each(struct bench_run *run)
{
    static mag_vtask tasks[TASKS];
    int r = 0;

    run->answer = 0;
    for (uint64_t left = run->size; left != 0 && r == 0;) {
        uint64_t count = left < TASKS ? left : TASKS;
        uint64_t sum = 0;

        r = number_task_wait(read_each_there_submit(run->sched, tasks, count), &sum);
        run->answer += sum == count * (count + 1) / 2 ? count : 0;
        left -= count;
    }
    return r;
}

/* ------------------------------------------------------------------------- sequences */

MAG_SEQUENCE_DEFINE(values, uint64_t)
MAG_SEQUENCE(values, count_up, (uint64_t, end), uint64_t next;)
{
    MAG_BEGIN(f);
    for (; f->next < f->end; f->next++)
        MAG_YIELD(f, f->next);
    MAG_END(f);
}

MAG_ASYNC(number_task, add_up, (struct values *, from), int error; uint64_t value;
          uint64_t sum;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->error, f->value, values_next(f->from));
        if (f->error != 0)
            break;
        f->sum += f->value;
    }
    values_end(f->from);
    if (f->error != MAG_SEQUENCE_END)
        MAG_FAIL(f, f->error);
    return number_task_result(f->sum);
    MAG_END(f);
}

static int run_sequence(struct bench_run *run)
{
    uint64_t sum = 0;
    int r = number_task_wait(add_up(count_up(run->size)), &sum);

    run->answer = sum == run->size * (run->size - 1) / 2 ? run->size : 0;
    return r;
}

/* ---------------------------------------------------------------------------- graphs */

/* A node, WIDE nodes that depend on it, and one that depends on all of these. */
enum { WIDE = 64, NODES = WIDE + 2 };

struct count {
    _Alignas(MAG_CACHE_LINE) uint64_t calls; /* of one node */
};

static struct mag_graph *graph;
static struct count counts[NODES];

MAG_NODE(mag_task, count_call, struct count *, count)

static mag_task count_call(struct count *count)
{
    count->calls++;
    return mag_task_done();
}

static int add_nodes(void)
{
    struct mag_graph_node *first, *last, *node;
    int r = count_call_node(graph, &counts[0], &first);

    if (r == 0)
        r = count_call_node(graph, &counts[1], &last);
    for (int i = 0; i < WIDE && r == 0; i++) {
        r = count_call_node(graph, &counts[i + 2], &node);
        if (r == 0)
            r = mag_graph_edge(graph, first, node);
        if (r == 0)
            r = mag_graph_edge(graph, node, last);
    }
    return r == 0 ? mag_graph_build(graph, NULL, 0) : r;
}

static int prepare_graph(struct bench_run *run)
{
    (void)run;
    int r = mag_graph_create(&graph);

    return r == 0 ? add_nodes() : r;
}

static int reset_graph(struct bench_run *run)
{
    (void)run;
    memset(counts, 0, sizeof(counts));
    return 0;
}

/* One run after the other, awaited on the scheduler. */
MAG_ASYNC(mag_task, run_graphs, (uint64_t, left), )
{
    MAG_BEGIN(f);
    for (; f->left != 0; f->left--)
        MAG_AWAIT_DONE(f, mag_graph_run(graph, NULL, NULL));
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, run_graphs_there, uint64_t, count)
static mag_task run_graphs_there(uint64_t count)
{
    return run_graphs(count);
}

static int run_graph(struct bench_run *run)
{
    return mag_task_wait(run_graphs_there_submit(run->sched, run->size / NODES));
}

static void check_graph(struct bench_run *run)
{
    run->answer = 0;
    for (int i = 0; i < NODES; i++)
        run->answer += counts[i].calls;
}

static void cleanup_graph(struct bench_run *run)
{
    (void)run;
    (void)mag_graph_destroy(graph);
}

static bool is_whole_graphs(uint64_t size)
{
    return size % NODES == 0;
}

/* ------------------------------------------------------------------------------ rows */

const struct bench_workload bench_each = {
    .group = "streams",
    .name = "each",
    .summary = "a loop whose bodies are tasks, which need not wait",
    .shows = "the cost of a body of MAG_EACH",
    .size_is = "bodies",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .workers_only = true,
    .prepare = prepare_bodies,
    .reset = reset_bodies,
    .run_magpie = run_each,
    .check = check_bodies,
    .cleanup = cleanup_bodies,
};

const struct bench_workload bench_each_later = {
    .group = "streams",
    .name = "each-later",
    .summary = "a loop whose bodies are async functions that wait once, in a queue",
    .shows = "the cost of a body of MAG_EACH that waits",
    .size_is = "bodies",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .workers_only = true,
    .prepare = prepare_bodies,
    .reset = reset_bodies,
    .run_magpie = run_each_later,
    .check = check_bodies,
    .cleanup = cleanup_bodies,
};

const struct bench_workload bench_when_each = {
    .group = "streams",
    .name = "when-each",
    .summary = "a thousand tasks at a time, read in the order of their completion",
    .shows = "the cost of a task that is begun, completed by a worker and read",
    .size_is = "tasks",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .workers_only = true,
    .run_magpie = run_when_each,
};

const struct bench_workload bench_sequence = {
    .group = "streams",
    .name = "sequence",
    .summary = "values of an async sequence that need not be waited for",
    .shows = "the cost of a value from its yield to its reader",
    .size_is = "values",
    .sizes = {5000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .threads = 1,
    .run_magpie = run_sequence,
};

const struct bench_workload bench_graph = {
    .group = "streams",
    .name = "graph",
    .summary = "a graph of a node, 64 behind it, and one behind these, run many times",
    .shows = "the cost of an empty node of a graph that is built once",
    .size_is = "nodes",
    .sizes = {UINT64_C(10000) * NODES},
    .size_min = NODES,
    .size_max = UINT64_C(1000000) * NODES,
    .size_fits = is_whole_graphs,
    .per_operation = true,
    .workers_only = true,
    .prepare = prepare_graph,
    .reset = reset_graph,
    .run_magpie = run_graph,
    .check = check_graph,
    .cleanup = cleanup_graph,
};
