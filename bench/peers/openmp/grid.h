/*
 * grid.h - the grids of Task Bench with OpenMP tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_OPENMP_GRID_H
#define BENCH_PEERS_OPENMP_GRID_H

#include "bench/peers/common/peer.h"

#define GRID_PREPARE(pattern, id, row) int prepare_grid_##id(struct peer_run *run);
KERNEL_GRIDS(GRID_PREPARE)
#undef GRID_PREPARE

void run_grid(struct peer_run *run);

#endif
