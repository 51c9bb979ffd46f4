/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/machine/topology.h"

#include "numa/machine/xml.h"

#include <errno.h>

static int set_xml(hwloc_topology_t hwloc, const char *path)
{
    int r = mag_xml_check(path);

    if (r == 0 && hwloc_topology_set_xml(hwloc, path) != 0)
        return -EINVAL;
    return r;
}

static int set_source(hwloc_topology_t hwloc, enum mag_topology_kind kind,
                      const char *text)
{
    if (text == NULL)
        return kind == MAG_TOPOLOGY_MACHINE ? 0 : -EINVAL;
    switch (kind) {
    case MAG_TOPOLOGY_MACHINE:
        return -EINVAL;
    case MAG_TOPOLOGY_XML:
        return set_xml(hwloc, text);
    case MAG_TOPOLOGY_SYNTHETIC:
        return hwloc_topology_set_synthetic(hwloc, text) == 0 ? 0 : -EINVAL;
    }
    return -EINVAL;
}

/* Keeps only what placement needs: no devices, and no L1 caches, which belong to one
 * core. */
static void set_filters(hwloc_topology_t hwloc)
{
    (void)hwloc_topology_set_io_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_NONE);
    (void)hwloc_topology_set_icache_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_NONE);
    (void)hwloc_topology_set_type_filter(hwloc, HWLOC_OBJ_L1CACHE,
                                         HWLOC_TYPE_FILTER_KEEP_NONE);
    (void)hwloc_topology_set_type_filter(hwloc, HWLOC_OBJ_MISC,
                                         HWLOC_TYPE_FILTER_KEEP_NONE);
    /* By default hwloc moves the calling thread over all PUs to query each one; forbid
     * that.  PUs that the cpuset forbids are kept, so that they can be counted. */
    (void)hwloc_topology_set_flags(hwloc, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING |
                                              HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
}

/* `check` may switch off a component of hwloc; or NULL. */
static int try_hwloc(struct mag_topology *topology, enum mag_topology_kind kind,
                     const char *text, int (*check)(hwloc_topology_t hwloc))
{
    if (hwloc_topology_init(&topology->hwloc) != 0)
        return -ENOMEM;
    int r = set_source(topology->hwloc, kind, text);
    if (r < 0)
        return r;
    set_filters(topology->hwloc);
    if (check != NULL)
        r = check(topology->hwloc);
    if (r < 0)
        return r;
    if (hwloc_topology_load(topology->hwloc) != 0) {
        if (errno == ENOMEM)
            return -ENOMEM;
        return kind == MAG_TOPOLOGY_MACHINE ? -EIO : -EINVAL;
    }
    return 0;
}

int mag_hwloc_load(struct mag_topology *topology, enum mag_topology_kind kind,
                   const char *text)
{
    bool machine = kind == MAG_TOPOLOGY_MACHINE;
    int r = try_hwloc(topology, kind, text, machine ? mag_sysfs_check : NULL);

    if (r == -EIO) {
        hwloc_topology_destroy(topology->hwloc);
        topology->hwloc = NULL;
        r = try_hwloc(topology, kind, text, mag_sysfs_avoid);
    }
    if (r < 0)
        return r;
    /* hwloc's environment variables can substitute another machine for this one. */
    topology->this_machine =
        machine && hwloc_topology_is_thissystem(topology->hwloc) != 0;
    return 0;
}
