/*
 * pages.h - the data of the rows that wait for memory: pages that nobody has touched yet,
 * of which the system gives each to the node of the thread that writes it first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_COMMON_PAGES_H
#define BENCH_PEERS_COMMON_PAGES_H

#include "bench/kernels/memory.h"
#include "bench/peers/common/peer.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEER_ARRAYS = 3 };

struct peer_memory {
    void *pages[PEER_ARRAYS];
    size_t bytes;              /* of each */
    struct kernel_triad triad; /* over the three arrays, if there are three */
};

/* Makes the `data` of a run: `arrays` arrays of `bytes` bytes each.  NULL if memory runs
 * out. */
struct peer_memory *peer_memory_map(struct peer_run *run, int arrays, size_t bytes);
void peer_memory_cleanup(struct peer_run *run);

void peer_triad_reset(struct peer_run *run);
void peer_triad_check(struct peer_run *run);

#ifdef __cplusplus
}
#endif

#endif
