/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/place.h"

#include "base/os.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* This machine's topology, loaded while at least one pool uses it. */
static pthread_mutex_t machine_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mag_topology *machine; /* [L:lock] */
static uint32_t machine_users;       /* [L:lock] */

static _Thread_local uint32_t pretended = MAG_NONE;

static int borrow_machine(const struct mag_topology **ret_topology)
{
    int r = 0;

    (void)pthread_mutex_lock(&machine_lock);
    if (machine_users == 0)
        r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &machine);
    if (r == 0) {
        machine_users++;
        *ret_topology = machine;
    }
    (void)pthread_mutex_unlock(&machine_lock);
    return r;
}

static void return_machine(void)
{
    (void)pthread_mutex_lock(&machine_lock);
    if (--machine_users == 0)
        mag_topology_free(machine);
    (void)pthread_mutex_unlock(&machine_lock);
}

static int map_cpus(struct mag_pool_place *place)
{
    uint32_t pus = mag_topology_pus(place->topology);

    place->cpus = 1;
    place->node_of = NULL;
    if (place->nodes == 1)
        return 0;
    for (uint32_t i = 0; i < pus; i++) {
        uint32_t cpu = mag_topology_pu(place->topology, i)->os_index;
        place->cpus = cpu < place->cpus ? place->cpus : cpu + 1;
    }
    place->node_of = calloc(place->cpus, sizeof(place->node_of[0]));
    if (place->node_of == NULL)
        return -ENOMEM;
    for (uint32_t cpu = 0; cpu < place->cpus; cpu++)
        place->node_of[cpu] = MAG_NONE;
    for (uint32_t i = 0; i < pus; i++) {
        const struct mag_pu *pu = mag_topology_pu(place->topology, i);
        place->node_of[pu->os_index] = pu->node == MAG_NONE ? 0 : pu->node;
    }
    return 0;
}

int mag_pool_place_init(struct mag_pool_place *place, const struct mag_topology *topology)
{
    int r = 0;

    place->topology = topology;
    place->shared = topology == NULL;
    if (place->shared)
        r = borrow_machine(&place->topology);
    if (r < 0)
        return r;
    place->nodes = mag_topology_nodes(place->topology);
    if (place->nodes == 0)
        place->nodes = 1;
    r = map_cpus(place);
    if (r < 0)
        mag_pool_place_fini(place);
    return r;
}

void mag_pool_place_fini(struct mag_pool_place *place)
{
    free(place->node_of);
    if (place->shared)
        return_machine();
}

/* For a CPU that came after the topology was loaded.  Node 0 if nobody knows: any node
 * works, some are only nearer. */
static uint32_t ask_kernel(const struct mag_pool_place *place)
{
    uint32_t os_node =
        mag_topology_is_this_machine(place->topology) ? mag_os_node() : MAG_NONE;

    for (uint32_t i = 0; i < mag_topology_nodes(place->topology); i++) {
        if (mag_topology_node(place->topology, i)->os_index == os_node)
            return i;
    }
    return 0;
}

uint32_t mag_pool_place_here(const struct mag_pool_place *place)
{
    if (place->nodes == 1)
        return 0;
    if (pretended != MAG_NONE)
        return pretended < place->nodes ? pretended : 0;

    uint32_t cpu = mag_os_cpu();
    uint32_t node = cpu < place->cpus ? place->node_of[cpu] : MAG_NONE;
    return node != MAG_NONE ? node : ask_kernel(place);
}

uint32_t mag_pool_place_node(const struct mag_pool_place *place, uint32_t node)
{
    return node < mag_topology_nodes(place->topology) ? node : MAG_NONE;
}

uint32_t mag_pool_place_os_node(const struct mag_pool_place *place, uint32_t node)
{
    const struct mag_node *at = mag_topology_node(
        place->topology, mag_topology_memory_near(place->topology, node));

    return at != NULL && place->nodes > 1 && mag_topology_is_this_machine(place->topology)
               ? at->os_index
               : MAG_NONE;
}

void mag_pool_place_pretend(uint32_t node)
{
    pretended = node;
}

void mag_pool_place_lock(void)
{
    (void)pthread_mutex_lock(&machine_lock);
}

void mag_pool_place_unlock(void)
{
    (void)pthread_mutex_unlock(&machine_lock);
}
