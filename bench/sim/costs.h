/*
 * costs.h - the cost model of the simulation: what each step costs, in nanoseconds.
 *
 * The defaults describe a large server of today; each has a source.  `magpie bench costs`
 * measures the figures of the machine at hand, and writes them in the form that
 * sim_costs_read takes: a line for each figure, its name, a blank, its nanoseconds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_COSTS_H
#define BENCH_SIM_COSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum sim_cost {
    /* A line that another PU has written, by the distance of that PU. */
    SIM_LINE_CORE,
    SIM_LINE_CACHE,
    SIM_LINE_NODE,
    SIM_LINE_PACKAGE,
    SIM_LINE_FAR,

    SIM_ATOMIC, /* a read-modify-write of a line that is here */
    SIM_LOOK,   /* a look at one victim whose line is here */
    SIM_PAUSE,
    SIM_FORK, /* a fork and its join, of a child that nobody takes */
    SIM_TAKE, /* taking a child or a job, without its lines */
    SIM_POST, /* putting a job into a queue, without its lines */

    SIM_WAKE_CALL,  /* for the thread that wakes */
    SIM_WAKE_DELAY, /* from that call until the woken thread runs */
    SIM_SLEEP,      /* for the thread that falls asleep */

    SIM_BARRIER,   /* membarrier, for its caller, on an idle machine */
    SIM_IPI,       /* ...and for each running thread that it interrupts */
    SIM_INTERRUPT, /* what the interrupted thread loses */

    SIM_MEMORY_KIB, /* the memory of a node, for one KiB: its bandwidth */
    SIM_REMOTE_KIB, /* what one KiB costs more on another node */
    SIM_SMT,        /* percent: how long work takes beside a busy sibling */

    /* The work of the workloads, without their forks. */
    SIM_FIB,    /* one call */
    SIM_UTS,    /* one node: a SHA-1 */
    SIM_SKYNET, /* one node */
    SIM_QUEENS, /* one board */
    SIM_SORT,   /* one number of a leaf, for each halving */
    SIM_MERGE,  /* one number merged */
    SIM_HEAT,   /* one cell */
    SIM_COSTS
};

struct sim_costs {
    double ns[SIM_COSTS];
};

/* What a figure is: its name, its default, what it means and where it comes from. */
struct sim_cost_about {
    const char *name;
    double ns;
    const char *meaning;
    const char *source;
};

const struct sim_cost_about *sim_cost_about(enum sim_cost cost);

void sim_costs_default(struct sim_costs *costs);

/* Replaces the figures that a file names.  False: `why` says what is wrong with it. */
bool sim_costs_read(struct sim_costs *costs, FILE *in, char *why, size_t why_size);

#endif
