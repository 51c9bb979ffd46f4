/*
 * regions.c - the work of a leaf of a region: a chain of shifts that no compiler
 * shortens.
 * A file of its own, so that none works on several leaves at a time either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <common/peer.h>

enum { STEPS = 600 };

uint64_t peer_region_leaf(uint64_t region, uint32_t leaf)
{
    uint64_t x = region * PEER_REGION_LEAVES + leaf + 1;

    for (int i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}
