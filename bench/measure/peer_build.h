/*
 * peer_build.h - building one peer: what peer.c leaves to peer_build.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_PEER_BUILD_H
#define BENCH_MEASURE_PEER_BUILD_H

#include "bench/measure/peer.h"

/* Builds the peer from its folder in `sources`, in its folder in `cache`, unless it is up
 * to date; fills in everything but the name. */
void bench_peer_build(struct bench_peer *peer, const char *sources, const char *cache);

/* One line out of what a command that failed has printed into the file at `path`: the
 * first that speaks of an error, or the last one. */
void bench_peer_reason(const char *path, char *text, size_t size);

#endif
