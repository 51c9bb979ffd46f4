/*
 * graph.h - the workloads of the simulation, as task graphs that unfold while they run.
 *
 * A node is the call of a function.  Unfolding it gives its code: what it computes, which
 * nodes it forks, calls and posts, and where it joins.  A fork-join workload is one root;
 * a load from outside is a feed of jobs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_GRAPH_H
#define BENCH_SIM_GRAPH_H

#include "bench/kernels/uts.h"
#include "bench/sim/costs.h"

#include <stdbool.h>
#include <stdint.h>

/* A call: which function, and its arguments. */
struct sim_node {
    uint32_t kind; /* the workload's own */
    uint32_t tree; /* of uts */
    uint64_t a, b, c;
    struct kernel_uts_node uts;
};

enum sim_op_kind {
    SIM_RUN,   /* computes */
    SIM_CALL,  /* calls a node */
    SIM_CHILD, /* forks a node */
    SIM_JOIN,  /* joins the child forked last that is not joined */
    SIM_SEND,  /* posts a node as a job */
};

struct sim_op {
    enum sim_op_kind kind;
    double ns;    /* SIM_RUN */
    double kib;   /* SIM_RUN: memory read or written */
    double where; /* SIM_RUN: which part of the data this is, from 0 to 1 */
    struct sim_node node;
};

/* Code grows at its end; `failed` says that there was no memory for some of it. */
struct sim_code {
    struct sim_op *ops;
    uint32_t count;
    uint32_t capacity;
    bool failed;
};

void sim_run(struct sim_code *code, double ns);
void sim_run_in(struct sim_code *code, double ns, double kib, double where);
void sim_add(struct sim_code *code, enum sim_op_kind kind, const struct sim_node *node);
void sim_join(struct sim_code *code);

/* Jobs that a thread outside posts: `at_once` of them every `every_ns`, or later, when
 * all of them have run; `open`: without waiting for them; `bulk`: by one call. */
struct sim_feed {
    uint64_t jobs;
    uint64_t at_once;
    double every_ns;
    bool bulk;
    bool open;
};

struct sim_graph {
    const char *name;
    const char *summary;
    const char *size_is;
    uint64_t size; /* the default */
    uint64_t size_min, size_max;
    bool (*size_fits)(uint64_t size); /* what the range does not say; or NULL */

    /* The root, or the job of this number. */
    void (*root)(uint64_t size, uint64_t number, struct sim_node *ret_node);
    void (*unfold)(const struct sim_costs *costs, const struct sim_node *node,
                   struct sim_code *code);
    void (*feed)(uint64_t size, struct sim_feed *ret_feed); /* NULL: one root */

    /* What its functions compute costs these, and no others: `works` from `work` on.  0:
     * its work is fixed. */
    enum sim_cost work;
    uint32_t works;
    /* Another size, whose forks are soon measured; 0: it has few forks.  Compilers inline
     * recursion by several levels, so its depth is as odd or even as that of `size`. */
    uint64_t probe;
    double (*kib)(uint64_t size); /* of data; NULL: too few to count */
};

/* All of them; NULL ends them. */
extern const struct sim_graph *const sim_graphs[];

const struct sim_graph *sim_graph_named(const char *name);

bool sim_graph_fits(const struct sim_graph *graph, uint64_t size);

/* What a graph is, whoever runs it: its work and its span, with the costs of its forks;
 * how many nodes and forks it has. */
struct sim_shape {
    double work_ns;
    double span_ns;
    uint64_t nodes;
    uint64_t forks;
};

/* False: out of memory. */
bool sim_graph_measure(const struct sim_graph *graph, uint64_t size,
                       const struct sim_costs *costs, struct sim_shape *ret_shape);

/*
 * calibrate.c: costs from a real run.
 *
 * Scales the costs of the graph's work, so that its work without forks takes the time of
 * a serial run of this size.  Their ratios stay.  False: out of memory.
 */
bool sim_graph_calibrate(const struct sim_graph *graph, uint64_t size, double serial_ns,
                         struct sim_costs *costs);

/* How many forks a run has, with those inside functions that the graph takes as one.
 * False: out of memory. */
bool sim_graph_forks(const struct sim_graph *graph, uint64_t size, double *ret_forks);

extern const struct sim_graph sim_graph_fib;
extern const struct sim_graph sim_graph_skynet;
extern const struct sim_graph sim_graph_nqueens;
extern const struct sim_graph sim_graph_uts;
extern const struct sim_graph sim_graph_cilksort;
extern const struct sim_graph sim_graph_heat;
extern const struct sim_graph sim_graph_loop;
extern const struct sim_graph sim_graph_bursts;
extern const struct sim_graph sim_graph_bulk;
extern const struct sim_graph sim_graph_trickle;
extern const struct sim_graph sim_graph_pipeline;
extern const struct sim_graph sim_graph_mgzip;

#endif
