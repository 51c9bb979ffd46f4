/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/machine/topology.h"

#include "base/module.h"
#include "base/os.h"

#include <errno.h>
#include <hwloc/cpukinds.h>
#include <hwloc/distances.h>
#include <stdlib.h>

/* --------------------------------------------------------------------- usable */

/* Narrows `usable` to where the calling thread may run.  hwloc knows the cpuset, but not
 * the affinity mask.  If the mask cannot be read, the cpuset alone decides. */
static int keep_affinity(hwloc_bitmap_t usable)
{
    struct mag_affinity mask;
    hwloc_bitmap_t kept = hwloc_bitmap_dup(usable);
    int cpu = -1;

    if (kept == NULL)
        return -ENOMEM;
    if (mag_pin_see_through(&mask)) {
        while ((cpu = hwloc_bitmap_next(usable, cpu)) != -1) {
            if (!mag_affinity_has(&mask, (uint32_t)cpu))
                (void)hwloc_bitmap_clr(kept, (unsigned)cpu);
        }
    }
    if (!hwloc_bitmap_iszero(kept))
        (void)hwloc_bitmap_and(usable, usable, kept);
    hwloc_bitmap_free(kept);
    return 0;
}

static int find_usable(const struct mag_topology *topology, hwloc_bitmap_t *ret_usable)
{
    hwloc_bitmap_t usable =
        hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topology->hwloc));
    int r = usable == NULL ? -ENOMEM : 0;

    if (r == 0 && topology->this_machine)
        r = keep_affinity(usable);
    if (r < 0) {
        hwloc_bitmap_free(usable);
        return r;
    }
    *ret_usable = usable;
    return 0;
}

/* ---------------------------------------------------------------------- nodes */

/* With room for the nodes without memory of the PUs, see bare_node. */
static int fill_nodes(struct mag_topology *topology)
{
    int count = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE);
    int pus = hwloc_get_nbobjs_by_type(topology->hwloc, HWLOC_OBJ_PU);
    hwloc_const_nodeset_t allowed = hwloc_topology_get_allowed_nodeset(topology->hwloc);
    size_t room = 1;

    if (count > 0)
        room += (size_t)count;
    if (pus > 0)
        room += (size_t)pus;
    topology->nodes = calloc(room, sizeof(*topology->nodes));
    if (topology->nodes == NULL)
        return -ENOMEM;
    for (int i = 0; i < count; i++) {
        hwloc_obj_t node =
            hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, (unsigned)i);

        if (!hwloc_bitmap_isset(allowed, node->os_index))
            continue;
        topology->nodes[topology->node_count++] = (struct mag_node){
            .os_index = node->os_index,
            .memory_bytes = node->attr->numanode.local_memory,
        };
    }
    topology->hwloc_nodes = topology->node_count;
    return 0;
}

static uint32_t node_index(const struct mag_topology *topology, uint32_t os_index)
{
    for (uint32_t i = 0; i < topology->node_count; i++) {
        if (topology->nodes[i].os_index == os_index)
            return i;
    }
    return MAG_NONE;
}

static hwloc_obj_t node_object(const struct mag_topology *topology, uint32_t node)
{
    return hwloc_get_numanode_obj_by_os_index(topology->hwloc,
                                              topology->nodes[node].os_index);
}

/* The node near this PU that has the fewest PUs near it.  On machines with fast and slow
 * memory side by side several nodes have equally few; then the first of them. */
static uint32_t nearest_node(const struct mag_topology *topology, hwloc_obj_t pu)
{
    uint32_t nearest = MAG_NONE;
    int fewest = 0;

    for (uint32_t i = 0; i < topology->hwloc_nodes; i++) {
        hwloc_const_cpuset_t around = node_object(topology, i)->cpuset;
        int weight = hwloc_bitmap_weight(around);

        if (hwloc_bitmap_isset(around, pu->os_index) &&
            (nearest == MAG_NONE || weight < fewest)) {
            nearest = i;
            fewest = weight;
        }
    }
    return nearest;
}

/* The node of a PU that is near no memory that may be used: a node of its own, without
 * memory, if the kernel names one. */
static uint32_t bare_node(struct mag_topology *topology, hwloc_obj_t pu)
{
    uint32_t os_index =
        topology->this_machine ? mag_kernel_node("", pu->os_index) : MAG_NONE;
    uint32_t node = node_index(topology, os_index);

    if (os_index == MAG_NONE || node != MAG_NONE)
        return node;
    topology->nodes[topology->node_count] = (struct mag_node){.os_index = os_index};
    return topology->node_count++;
}

/* ------------------------------------------------------------------------ PUs */

static uint32_t ancestor(const struct mag_topology *topology, hwloc_obj_t pu,
                         hwloc_obj_type_t type)
{
    hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(topology->hwloc, type, pu);

    return object != NULL ? object->logical_index : MAG_NONE;
}

/* The outermost cache around the PU; without a cache the package, or else the machine. */
static hwloc_obj_t last_cache(hwloc_obj_t pu)
{
    hwloc_obj_t cache = NULL;
    hwloc_obj_t at = pu;

    for (; at->parent != NULL; at = at->parent) {
        if (hwloc_obj_type_is_dcache(at->type) != 0)
            cache = at;
        if (cache == NULL && at->type == HWLOC_OBJ_PACKAGE)
            cache = at;
    }
    return cache != NULL ? cache : at;
}

/* The first level below the whole machine: a package, a group of nodes. */
static hwloc_obj_t part_of(hwloc_obj_t pu)
{
    hwloc_obj_t at = pu;

    while (at->parent != NULL && at->parent->parent != NULL)
        at = at->parent;
    return at;
}

static uint32_t kind_of(const struct mag_topology *topology, hwloc_obj_t pu)
{
    int kind = hwloc_cpukinds_get_by_cpuset(topology->hwloc, pu->cpuset, 0);

    return kind > 0 ? (uint32_t)kind : 0;
}

/* hwloc lists the PUs of one cache, and of one part, next to each other.  So caches and
 * parts are numbered and counted by noticing each change while walking over the PUs. */
struct passed {
    hwloc_obj_t cache;
    hwloc_obj_t part;
    uint32_t caches;
    uint32_t parts;
};

static void pass_pu(struct passed *passed, hwloc_obj_t pu)
{
    hwloc_obj_t cache = last_cache(pu);
    hwloc_obj_t part = part_of(pu);

    passed->caches += cache != passed->cache;
    passed->parts += part != passed->part;
    passed->cache = cache;
    passed->part = part;
}

static uint32_t core_of(const struct mag_topology *topology, hwloc_obj_t pu)
{
    uint32_t core = ancestor(topology, pu, HWLOC_OBJ_CORE);

    /* If the machine reports no cores, count each PU as a core. */
    return core != MAG_NONE ? core : pu->logical_index;
}

static void add_pu(struct mag_topology *topology, hwloc_obj_t pu, struct passed *passed)
{
    uint32_t package = ancestor(topology, pu, HWLOC_OBJ_PACKAGE);
    uint32_t node = nearest_node(topology, pu);

    if (node == MAG_NONE)
        node = bare_node(topology, pu);
    pass_pu(passed, pu);
    topology->parts[topology->pu_count] = passed->parts - 1;
    topology->pus[topology->pu_count++] = (struct mag_pu){
        .os_index = pu->os_index,
        .core = core_of(topology, pu),
        .cache = passed->caches - 1,
        .node = node,
        .package = package != MAG_NONE ? package : 0,
        .kind = kind_of(topology, pu),
    };
    if (node != MAG_NONE)
        topology->nodes[node].pus++;
}

static struct mag_pu_count count_in(const struct mag_topology *topology,
                                    hwloc_const_bitmap_t set)
{
    struct mag_pu_count count = {.pus = 0, .cores = 0};
    uint32_t last = MAG_NONE;
    hwloc_obj_t pu = NULL;

    while ((pu = hwloc_get_next_obj_by_type(topology->hwloc, HWLOC_OBJ_PU, pu)) != NULL) {
        if (!hwloc_bitmap_isset(set, pu->os_index))
            continue;
        count.pus++;
        count.cores += core_of(topology, pu) != last;
        last = core_of(topology, pu);
    }
    return count;
}

static int fill_pus(struct mag_topology *topology, hwloc_const_bitmap_t usable)
{
    hwloc_topology_t hwloc = topology->hwloc;
    struct passed passed = {.cache = NULL, .part = NULL};
    hwloc_obj_t pu = NULL;

    topology->online = count_in(topology, hwloc_topology_get_topology_cpuset(hwloc));
    topology->allowed = count_in(topology, hwloc_topology_get_allowed_cpuset(hwloc));
    topology->usable = count_in(topology, usable);
    if (topology->usable.pus == 0)
        return -EINVAL;
    topology->pus = calloc(topology->usable.pus, sizeof(*topology->pus));
    topology->parts = calloc(topology->usable.pus, sizeof(*topology->parts));
    if (topology->pus == NULL || topology->parts == NULL)
        return -ENOMEM;
    while ((pu = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, pu)) != NULL) {
        if (hwloc_bitmap_isset(usable, pu->os_index))
            add_pu(topology, pu, &passed);
    }
    return 0;
}

/* ------------------------------------------------------------------ distances */

static uint32_t matrix_node(const struct mag_topology *topology,
                            const struct hwloc_distances_s *matrix, unsigned i)
{
    return matrix->objs[i] != NULL ? node_index(topology, matrix->objs[i]->os_index)
                                   : MAG_NONE;
}

static void copy_distances(struct mag_topology *topology,
                           const struct hwloc_distances_s *matrix)
{
    for (unsigned i = 0; i < matrix->nbobjs * matrix->nbobjs; i++) {
        uint32_t from = matrix_node(topology, matrix, i / matrix->nbobjs);
        uint32_t to = matrix_node(topology, matrix, i % matrix->nbobjs);
        hwloc_uint64_t value = matrix->values[i];

        if (from != MAG_NONE && to != MAG_NONE && value != 0)
            topology->distances[from * topology->node_count + to] =
                value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    }
}

static void default_distances(struct mag_topology *topology)
{
    for (uint32_t i = 0; i < topology->node_count; i++) {
        for (uint32_t j = 0; j < topology->node_count; j++)
            topology->distances[i * topology->node_count + j] =
                i == j ? MAG_DISTANCE_SAME : MAG_DISTANCE_OTHER;
    }
}

static int fill_distances(struct mag_topology *topology)
{
    struct hwloc_distances_s *matrix;
    unsigned count = 1;
    size_t nodes = topology->node_count;

    topology->distances = calloc(nodes * nodes + 1, sizeof(*topology->distances));
    if (topology->distances == NULL)
        return -ENOMEM;
    default_distances(topology);
    if (hwloc_distances_get_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, &count, &matrix,
                                    HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) == 0 &&
        count != 0) {
        copy_distances(topology, matrix);
        hwloc_distances_release(topology->hwloc, matrix);
    }
    if (topology->hwloc_nodes != topology->node_count)
        mag_kernel_distances("", topology->nodes, topology->node_count,
                             topology->distances);
    return 0;
}

/* ------------------------------------------------------------------------ API */

static int fill(struct mag_topology *topology)
{
    hwloc_bitmap_t usable;
    int r = find_usable(topology, &usable);

    if (r < 0)
        return r;
    r = fill_nodes(topology);
    if (r == 0)
        r = fill_pus(topology, usable);
    hwloc_bitmap_free(usable);
    return r == 0 ? fill_distances(topology) : r;
}

static int load(enum mag_topology_kind kind, const char *text,
                struct mag_topology **ret_topology)
{
    /* Every scheduler and every pool loads a topology first. */
    mag_module_keep();

    struct mag_topology *topology = calloc(1, sizeof(*topology));
    if (topology == NULL)
        return -ENOMEM;
    int r = mag_hwloc_load(topology, kind, text);
    if (r == 0)
        r = fill(topology);
    if (r < 0) {
        mag_topology_free(topology);
        return r;
    }
    *ret_topology = topology;
    return 0;
}

int mag_topology_load(enum mag_topology_kind kind, const char *text,
                      struct mag_topology **ret_topology)
{
    int cancel = mag_os_hold_cancel();
    int r = load(kind, text, ret_topology);

    mag_os_let_cancel(cancel);
    return r;
}

void mag_topology_free(struct mag_topology *topology)
{
    if (topology == NULL)
        return;
    int cancel = mag_os_hold_cancel();
    if (topology->hwloc != NULL)
        hwloc_topology_destroy(topology->hwloc);
    free(topology->pus);
    free(topology->parts);
    free(topology->nodes);
    free(topology->distances);
    free(topology);
    mag_os_let_cancel(cancel);
}

uint32_t mag_topology_pus(const struct mag_topology *topology)
{
    return topology->pu_count;
}

uint32_t mag_topology_cores(const struct mag_topology *topology)
{
    return topology->usable.cores;
}

uint32_t mag_topology_allowed(const struct mag_topology *topology)
{
    return topology->allowed.pus;
}

uint32_t mag_topology_online(const struct mag_topology *topology)
{
    return topology->online.pus;
}

uint32_t mag_topology_nodes(const struct mag_topology *topology)
{
    return topology->node_count;
}

const struct mag_pu *mag_topology_pu(const struct mag_topology *topology, uint32_t pu)
{
    return pu < topology->pu_count ? &topology->pus[pu] : NULL;
}

const struct mag_node *mag_topology_node(const struct mag_topology *topology,
                                         uint32_t node)
{
    return node < topology->node_count ? &topology->nodes[node] : NULL;
}

uint32_t mag_topology_distance(const struct mag_topology *topology, uint32_t from,
                               uint32_t to)
{
    if (from >= topology->node_count || to >= topology->node_count)
        return from == to ? MAG_DISTANCE_SAME : MAG_DISTANCE_OTHER;
    return topology->distances[from * topology->node_count + to];
}

bool mag_topology_is_this_machine(const struct mag_topology *topology)
{
    return topology->this_machine;
}
