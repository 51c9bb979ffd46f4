/*
 * peer.h - what a peer written in C or C++ is made of: a table of workloads.  The work in
 * their leaves is that of bench/kernels/, as in Magpie's own workloads.
 *
 * A peer is called as `peer WORKLOAD SIZE WORKERS` and then speaks the protocol of
 * bench/measure/lane.h on its standard input and output.  common/main.c does both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_COMMON_PEER_H
#define BENCH_PEERS_COMMON_PEER_H

#include "bench/kernels/grid.h"
#include "bench/kernels/load.h"
#include "bench/kernels/submit.h"
#include "bench/kernels/tick.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct peer_run {
    uint64_t size;
    unsigned workers;
    void *data;        /* the workload's, made by `prepare` */
    uint64_t answer;   /* left by `run`, or by `check` */
    double seconds;    /* 0: the caller's clock counts; set by workloads that measure
                      * themselves */
    uint64_t peak_kib; /* 0: this process's own counts; set by workloads that run another
                        * program */
};

struct peer_workload {
    const char *name;
    int (*prepare)(struct peer_run *run);  /* 0 or a negative errno; NULL: none */
    void (*reset)(struct peer_run *run);   /* before each run, not timed; or NULL */
    void (*run)(struct peer_run *run);     /* what is timed */
    void (*check)(struct peer_run *run);   /* computes the answer; or NULL */
    void (*cleanup)(struct peer_run *run); /* or NULL */
};

/* What the peer defines: its workloads, ended by one without a name. */
extern const struct peer_workload peer_workloads[];

/* Called once, before anything runs: sets the number of workers. */
void peer_start(unsigned workers);

/* The data of matmul, of cilksort and of the sorts, as the kernels have it: `data` is a
 * struct kernel_matmul or a struct kernel_sort. */
int peer_matmul_prepare(struct peer_run *run);
void peer_matmul_reset(struct peer_run *run);
void peer_matmul_check(struct peer_run *run);
void peer_matmul_cleanup(struct peer_run *run);

int peer_sort_prepare(struct peer_run *run);
void peer_sort_reset(struct peer_run *run);
void peer_sort_check(struct peer_run *run);
void peer_sort_cleanup(struct peer_run *run);

/* The data of reduce and of scan: `data` is a struct kernel_array. */
int peer_reduce_prepare(struct peer_run *run);
int peer_scan_prepare(struct peer_run *run);
void peer_scan_reset(struct peer_run *run);
void peer_scan_check(struct peer_run *run);
void peer_array_cleanup(struct peer_run *run);

/* The grids of Task Bench: `data` is a struct kernel_grid.  peer_grid_run finds METG(50%)
 * with what runs every task once, and gets the grid. */
int peer_grid_prepare(struct peer_run *run, enum kernel_pattern pattern);
void peer_grid_run(struct peer_run *run, int (*run_all)(void *grid));
void peer_grid_cleanup(struct peer_run *run);

/* Numbers that are nearly sorted, in the same data. */
void peer_sort_reset_nearly(struct peer_run *run);
void peer_sort_check_nearly(struct peer_run *run);

/* Puts a pool under a load.  If the pool refuses it, the answer is wrong. */
void peer_load(struct peer_run *run, const struct kernel_pool *pool,
               int (*load)(const struct kernel_pool *pool, uint64_t count,
                           struct kernel_load *ret_load));

/* Calls a region at each tick of a clock.  If it fails, the answer is wrong. */
void peer_tick(struct peer_run *run, kernel_tick_region region, unsigned percent);

#ifdef __cplusplus
}
#endif

#endif
