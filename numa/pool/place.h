/*
 * place.h - the nodes of a pool, and the node of the calling thread.  Private to numa/.
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
    bool shared;       /* the topology is shared with other pools */
    uint32_t nodes;    /* at least 1, even if no node has memory */
    uint32_t cpus;     /* entries of `node_of` */
    uint32_t *node_of; /* by the operating system's PU number */
};

/* `topology` NULL: this machine's topology, shared with other pools.  0; -ENOMEM; an
 * error of mag_topology_load. */
int mag_pool_place_init(struct mag_pool_place *place,
                        const struct mag_topology *topology);
void mag_pool_place_fini(struct mag_pool_place *place);

/* The node nearest to the PU on which the calling thread runs. */
uint32_t mag_pool_place_here(const struct mag_pool_place *place);

/* The number that mag_node_map has for this node; MAG_NONE if there is no such node. */
uint32_t mag_pool_place_node(const struct mag_pool_place *place, uint32_t node);

/* The system's number of the node of this machine where the memory of `node` lies, if
 * there are several; else MAG_NONE: it does not matter where. */
uint32_t mag_pool_place_os_node(const struct mag_pool_place *place, uint32_t node);

/* For tests: makes the calling thread appear to be on `node`; MAG_NONE: where it really
 * is. */
void mag_pool_place_pretend(uint32_t node);

/* For the fork handlers: the lock of the shared topology. */
void mag_pool_place_lock(void);
void mag_pool_place_unlock(void);

#endif
