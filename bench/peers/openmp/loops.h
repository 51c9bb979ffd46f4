/*
 * loops.h - loops one after the other with OpenMP: short ones, and uneven ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_OPENMP_LOOPS_H
#define BENCH_PEERS_OPENMP_LOOPS_H

#include "bench/peers/common/peer.h"

void run_empty(struct peer_run *run);
void run_1us(struct peer_run *run);
void run_10us(struct peer_run *run);
void run_100us(struct peer_run *run);
void run_1ms(struct peer_run *run);
void run_pareto(struct peer_run *run);
void run_triangle(struct peer_run *run);
void run_nested(struct peer_run *run);

#endif
