/*
 * place.h - which nodes a pool has, and on which the calling thread is.  Private to
 * numa/.
 *
 * Immutable once made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_PLACE_H
#define NUMA_POOL_PLACE_H

#include <magpie/topology.h>

struct mag_pool_place {
    const struct mag_topology *topology;
    bool shared;       /* the topology is the one that pools share */
    uint32_t nodes;    /* at least 1, also where no memory was found */
    uint32_t cpus;     /* entries of `node_of` */
    uint32_t *node_of; /* by the operating system's number of a PU */
};

/* `topology` NULL: this machine's, shared with other pools.  0; -ENOMEM; an error of
 * mag_topology_load. */
int mag_pool_place_init(struct mag_pool_place *place,
                        const struct mag_topology *topology);
void mag_pool_place_fini(struct mag_pool_place *place);

/* The node whose memory is nearest to the PU that the calling thread runs on. */
uint32_t mag_pool_place_here(const struct mag_pool_place *place);

/* What mag_node_map calls the place's node: MAG_NONE where there is no memory to name. */
uint32_t mag_pool_place_node(const struct mag_pool_place *place, uint32_t node);

/* For tests: from now on the calling thread is on `node`; MAG_NONE: where it is. */
void mag_pool_place_pretend(uint32_t node);

/* For the fork handlers: the lock of the shared topology. */
void mag_pool_place_lock(void);
void mag_pool_place_unlock(void);

#endif
