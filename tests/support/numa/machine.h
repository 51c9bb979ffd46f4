/*
 * machine.h - the topology of this machine, loaded once for all functions of a program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_MACHINE_H
#define TESTS_SUPPORT_NUMA_MACHINE_H

#include <magpie/topology.h>

static struct mag_topology *machine;

/* Set-up and teardown of a group. */
static inline int load_machine(void **state)
{
    (void)state;
    return mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &machine);
}

static inline int free_machine(void **state)
{
    (void)state;
    mag_topology_free(machine);
    return 0;
}

/* Where the memory of a node lies, by the system's number. */
static inline int machine_memory(uint32_t node)
{
    return (int)mag_topology_node(machine, mag_topology_memory_near(machine, node))
        ->os_index;
}

#endif
