/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/topo.h"
#include "bench/text/utf8.h"

#include <errno.h>
#include <jansson.h>

/* An index, or null for MAG_NONE. */
static json_t *index_or_null(uint32_t index)
{
    return index == MAG_NONE ? json_null() : json_integer(index);
}

static json_t *nodes_to_json(const struct mag_topology *topology)
{
    json_t *nodes = json_array();
    int failed = nodes == NULL;

    for (uint32_t i = 0; i < mag_topology_nodes(topology); i++) {
        const struct mag_node *node = mag_topology_node(topology, i);
        json_t *distances = json_array();

        for (uint32_t to = 0; to < mag_topology_nodes(topology); to++)
            failed |= json_array_append_new(
                distances, json_integer(mag_topology_distance(topology, i, to)));
        failed |= json_array_append_new(
            nodes, json_pack("{sI sI sI so}", "os_index", (json_int_t)node->os_index,
                             "pus", (json_int_t)node->pus, "memory_bytes",
                             (json_int_t)node->memory_bytes, "distances", distances));
    }
    return bench_json_whole(nodes, failed == 0);
}

static json_t *pus_to_json(const struct mag_topology *topology)
{
    json_t *pus = json_array();
    int failed = pus == NULL;

    for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
        const struct mag_pu *pu = mag_topology_pu(topology, i);

        failed |= json_array_append_new(
            pus, json_pack("{sI sI sI so sI sI}", "os_index", (json_int_t)pu->os_index,
                           "core", (json_int_t)pu->core, "cache", (json_int_t)pu->cache,
                           "node", index_or_null(pu->node), "package",
                           (json_int_t)pu->package, "kind", (json_int_t)pu->kind));
    }
    return bench_json_whole(pus, failed == 0);
}

static json_t *workers_to_json(const struct mag_plan *plan)
{
    json_t *workers = json_array();
    int failed = workers == NULL;

    for (uint32_t i = 0; i < mag_plan_workers(plan); i++) {
        const struct mag_seat *seat = mag_plan_seat(plan, i);

        failed |= json_array_append_new(
            workers,
            json_pack("{sI sI sI sI so sI}", "pu", (json_int_t)seat->pu, "os_pu",
                      (json_int_t)seat->os_pu, "core", (json_int_t)seat->core, "cache",
                      (json_int_t)seat->cache, "node", index_or_null(seat->node),
                      "package", (json_int_t)seat->package));
    }
    return bench_json_whole(workers, failed == 0);
}

int bench_topo_json(FILE *out, const struct bench_topo *topo)
{
    json_t *root = json_pack(
        "{so ss sI so so so}", "source", bench_json_text(topo->source), "placement",
        topo->placement, "cores", (json_int_t)mag_topology_cores(topo->topology), "nodes",
        nodes_to_json(topo->topology), "pus", pus_to_json(topo->topology), "workers",
        workers_to_json(topo->plan));

    if (root == NULL)
        return -ENOMEM;
    /* What goes wrong with the output is seen when it is closed. */
    (void)json_dumpf(root, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(root);
    return 0;
}
