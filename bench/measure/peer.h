/*
 * peer.h - other task libraries that run the same workloads in the same turns.
 *
 * The model.  A peer is a folder of sources with a build.sh (bench/peers/README.md) that
 * says whether its toolchain is there, and builds a program that is a lane (lane.h).  It
 * is built when it is first asked for, into a folder of its own below a cache folder, and
 * again when its sources, the kernels or its toolchain have changed.  A peer that is
 * absent or cannot be built is named in the report, with the reason.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_PEER_H
#define BENCH_MEASURE_PEER_H

#include "bench/measure/row.h"

enum { BENCH_PEERS = 12, BENCH_PEER_TEXT = 160, BENCH_PEER_PATH = 1024 };

enum bench_peer_state {
    BENCH_PEER_READY,
    BENCH_PEER_ABSENT, /* there is no toolchain for it */
    BENCH_PEER_FAILED, /* it could not be built */
};

struct bench_peer {
    char name[BENCH_NAME];
    enum bench_peer_state state;
    char text[BENCH_PEER_TEXT];    /* its toolchain, or what is missing or went wrong */
    char program[BENCH_PEER_PATH]; /* what to run, when it is ready */
};

struct bench_peers {
    struct bench_peer peers[BENCH_PEERS];
    uint32_t count;
};

/* Takes names separated by commas, or "all".  False: `ret_bad` is the first that is not
 * one. */
bool bench_peers_take(struct bench_peers *peers, const char *list, char *ret_bad,
                      size_t bad_size);

/* The names of all, separated by ", ". */
const char *bench_peers_names(void);

/* Whether a peer of this name has the workload. */
bool bench_peer_has(const struct bench_peer *peer, const char *workload);

/* "ready", "absent" or "failed"; and back, where any other name means failed. */
const char *bench_peer_state_name(enum bench_peer_state state);
enum bench_peer_state bench_peer_state_named(const char *name);

/* The folder with the peers' sources: MAGPIE_PEERS of the environment, the one that was
 * installed with this program, or that of the source tree.  False: there is none. */
bool bench_peers_sources(char *path, size_t size);

/* The default folder to build peers in: magpie/peers in XDG_CACHE_HOME, or in .cache of
 * HOME.  False: neither is set. */
bool bench_peers_cache(char *path, size_t size);

/* Finds out the state of every peer, and builds what is not up to date in `cache`.
 *
 *   Blocks     while compilers run, and while another process builds the same peer */
void bench_peers_build(struct bench_peers *peers, const char *sources, const char *cache);

#endif
