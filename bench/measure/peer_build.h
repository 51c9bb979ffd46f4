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

/* Why a command failed, from its output in the file at `path`: the first line with an
 * error, or else the last line. */
void bench_peer_reason(const char *path, char *text, size_t size);

#endif
