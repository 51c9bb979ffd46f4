/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/post/post.h"

#include "base/os.h"
#include "sched/scheduler.h"

uint32_t mag_sched_cpu_beside(const struct mag_sched *sched, uint32_t cpu)
{
    const struct mag_topology *topology = sched->settings.topology;
    uint32_t os_node = mag_topology_is_this_machine(topology) ? mag_os_node() : MAG_NONE;

    for (uint32_t i = 0; i < mag_topology_nodes(topology); i++) {
        if (mag_topology_node(topology, i)->os_index == os_node)
            return mag_route_node_cpu(&sched->routes, i);
    }
    return cpu;
}
