/*
 * peer.h - what a peer written in C or C++ is made of: a table of workloads, and the
 * pieces of work in their leaves, which all such peers share.
 *
 * A peer is called as `peer WORKLOAD SIZE WORKERS` and then speaks the protocol of
 * bench/measure/lane.h on its standard input and output.  common/main.c does both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_COMMON_PEER_H
#define BENCH_PEERS_COMMON_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peer_run {
    uint64_t size;
    unsigned workers;
    void *data;      /* the workload's, made by `prepare` */
    uint64_t answer; /* left by `run`, or by `check` */
};

struct peer_workload {
    const char *name;
    int (*prepare)(struct peer_run *run);  /* 0 or an errno value; NULL: nothing to do */
    void (*reset)(struct peer_run *run);   /* before each run, not timed; or NULL */
    void (*run)(struct peer_run *run);     /* what is timed */
    void (*check)(struct peer_run *run);   /* computes the answer; or NULL */
    void (*cleanup)(struct peer_run *run); /* or NULL */
};

/* What the peer brings: its workloads, ended by one without a name. */
extern const struct peer_workload peer_workloads[];

/* Called once, before anything runs: sets the number of workers. */
void peer_start(unsigned workers);

/* ------------------------------------------------------------------- matmul */

enum { PEER_TILE = 64, PEER_TILE_CELLS = PEER_TILE * PEER_TILE };

struct peer_matmul {
    void (*kernel)(const double *a, const double *b, double *c);
    uint32_t tiles; /* in a row of tiles */
    double *a;
    double *b;
    double *c;
};

/* A cube of the computation, counted in tiles: C[row..][column..] is to receive what
 * A[row..][inner..] B[inner..][column..] adds, for `span` tiles each way. */
struct peer_cube {
    uint32_t row;
    uint32_t column;
    uint32_t inner;
    uint32_t span;
};

int peer_matmul_prepare(struct peer_run *run);
void peer_matmul_reset(struct peer_run *run);
void peer_matmul_check(struct peer_run *run);
void peer_matmul_cleanup(struct peer_run *run);

/* A cube of one tile. */
void peer_matmul_tile(const struct peer_matmul *m, struct peer_cube cube);

/* One of the eight halves-in-each-direction of a cube. */
struct peer_cube peer_matmul_octant(struct peer_cube cube, uint32_t down, uint32_t right,
                                    uint32_t in);

/* ---------------------------------------------------------------------- uts */

enum { PEER_UTS_STATE = 20, PEER_UTS_GROUP = 8 };

struct peer_tree;

struct peer_node {
    uint8_t state[PEER_UTS_STATE];
    uint32_t depth;
};

struct peer_count {
    uint64_t nodes;
    uint64_t leaves;
    uint32_t depth;
};

const struct peer_tree *peer_uts_tree(uint64_t size);
struct peer_node peer_uts_root(const struct peer_tree *tree);
struct peer_node peer_uts_child(const struct peer_node *parent, uint32_t index);
uint32_t peer_uts_children(const struct peer_tree *tree, const struct peer_node *node);
struct peer_count peer_uts_sum(struct peer_count a, struct peer_count b);
uint64_t peer_uts_answer(const struct peer_tree *tree, struct peer_count count);

/* ----------------------------------------------------------------- cilksort */

/* Below these a plain sort and a plain merge are faster. */
enum { PEER_SORT_GRAIN = 2048, PEER_MERGE_GRAIN = 2048 };

struct peer_sort {
    uint32_t *values;
    uint32_t *spare;
};

int peer_sort_prepare(struct peer_run *run);
void peer_sort_reset(struct peer_run *run);
void peer_sort_check(struct peer_run *run);
void peer_sort_cleanup(struct peer_run *run);

void peer_sort_plain(uint32_t *values, size_t count);
void peer_merge_plain(const uint32_t *a, size_t a_count, const uint32_t *b,
                      size_t b_count, uint32_t *into);

/* How many of the sorted values are less than `limit`. */
size_t peer_count_below(const uint32_t *values, size_t count, uint32_t limit);

/* ------------------------------------------------------------------ regions */

/* A region has this many leaves, of about 1.25 us each. */
enum { PEER_REGION_LEAVES = 16 };

/* The number of leaf `leaf` of a region, after its work. */
uint64_t peer_region_leaf(uint64_t region, uint32_t leaf);

#ifdef __cplusplus
}
#endif

#endif
