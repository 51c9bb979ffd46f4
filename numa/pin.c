/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/topology.h"

#include <errno.h>

static _Thread_local bool pinned_by_us;

bool mag_pin_is_ours(void)
{
    return pinned_by_us;
}

int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                 enum mag_pinned *ret_obtained)
{
    if (pu >= topology->pu_count)
        return -EINVAL;
    if (!mag_topology_is_this_machine(topology)) {
        *ret_obtained = MAG_PIN_FOREIGN;
        return 0;
    }

    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool bound = set != NULL && hwloc_bitmap_only(set, topology->pus[pu].os_index) == 0 &&
                 hwloc_set_cpubind(topology->hwloc, set,
                                   HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT) == 0;
    hwloc_bitmap_free(set);
    pinned_by_us = pinned_by_us || bound;
    *ret_obtained = bound ? MAG_PINNED : MAG_PIN_REFUSED;
    return 0;
}
