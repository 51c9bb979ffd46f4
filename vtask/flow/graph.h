/*
 * graph.h - a graph from the inside.  Private to vtask/flow/.
 *
 * A run.  Each node counts the edges to it that are still to be decided, and those that
 * were taken, in one word.  Whoever decides the last one has the node: it makes the word
 * ready for the next run, and runs the node, or skips it.  The run is over when each
 * node without edges of its own has ended or was skipped, because every other node comes
 * before one of these.  docs/design/graphs.md has the proof.
 *
 * Ownership
 *   [B] the builder; immutable while the graph runs   [A] any worker
 *   [L] under the lock                                [R] the one that starts the run
 *   [N] whoever has the node: the one that decided its last edge; then its completer
 *
 * Edges: release end -> acquire end : what crosses
 *   decided  decide_edge (edges_left) -> the last one : what all nodes before this one
 *            have done
 *   over     end_sink (sinks_left) -> the last end_sink (sinks_left) : what all nodes
 *            have done
 *   again    end_graph_run (runs) -> mag_graph_run_of, and changes (runs) : the run
 *            before
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_GRAPH_H
#define VTASK_FLOW_GRAPH_H

#include "base/spin.h"

#include <magpie/graph.h>
#include <magpie/operation.h>

#include <stdalign.h>
#include <stdatomic.h>

/* In `edges_left`: above each count of edges. */
#define MAG_EDGE_TAKEN (UINT64_C(1) << 32)

struct mag_graph_edge {
    struct mag_graph_node *to;
    uint64_t result; /* of the node before, for which the edge is taken */
    bool is_conditional;
};

struct mag_graph_node {
    struct mag_continuation continuation; /* [N] must be first */
    mag_vtask awaited;                    /* [N] the task that it has returned */
    struct mag_graph *graph;              /* [B] */
    const struct mag_graph_type *type;    /* [B] */
    const char *name;                     /* [B] */
    struct mag_graph_edge *edges;         /* [B] that begin here */
    uint32_t edge_count;                  /* [B] */
    uint32_t edge_room;                   /* [B] */
    uint32_t edges_to;                    /* [B] edges that end here */
    uint32_t number;                      /* [B] from 0, in the order of adding */
    _Atomic(uint64_t) edges_left;         /* [A] edges that are to be decided; and those
                                           * that were taken, MAG_EDGE_TAKEN each */
    struct mag_graph_node *next;          /* [B] in the graph */
    struct mag_graph_node *next_first;    /* [B] of the nodes that depend on nothing */
    struct mag_graph_node *todo;          /* [N] in a list of whoever has it */
    struct mag_graph_node *before;    /* [B] during a build: where the walk came from */
    uint32_t walked;                  /* [B] during a build: edges; see graph.c */
    alignas(16) unsigned char args[]; /* [B] */
};

struct mag_graph {
    struct mag_graph_node *nodes; /* [B] in the order of adding */
    struct mag_graph_node **last; /* [B] */
    struct mag_graph_node *first; /* [B] of those that depend on nothing */
    uint32_t count;               /* [B] nodes */
    uint32_t sinks;               /* [B] nodes from which no edge begins */
    bool is_built;                /* [B] */
    _Atomic(bool) runs;           /* [A] */

    /* Of a run. */
    struct mag_sched *sched;         /* [R] */
    struct mag_cancel *cancel;       /* [R] or NULL */
    struct mag_operation *operation; /* [R] behind the run's task */
    _Atomic(uint32_t) sinks_left;    /* [A] */
    _Atomic(bool) stopped;           /* [A] no node is to begin */
    struct mag_spin lock;
    int error;                           /* [L] 0: none */
    uint64_t detail;                     /* [L] */
    const struct mag_graph_node *failed; /* [L] or NULL */
};

/* Whether the graph runs, so that it must not be changed. */
static inline bool mag_graph_is_busy(const struct mag_graph *graph)
{
    /* again, acquire: the run before is over. */
    return atomic_load_explicit(&graph->runs, memory_order_acquire);
}

#endif
