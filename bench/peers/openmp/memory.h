/*
 * memory.h - the rows that wait for memory: loops whose threads have touched first what
 * they walk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_OPENMP_MEMORY_H
#define BENCH_PEERS_OPENMP_MEMORY_H

#include "bench/peers/common/peer.h"

int prepare_triad(struct peer_run *run);
void run_triad(struct peer_run *run);

int prepare_random(struct peer_run *run);
void run_random(struct peer_run *run);

int prepare_chase(struct peer_run *run);
void run_chase(struct peer_run *run);

#endif
