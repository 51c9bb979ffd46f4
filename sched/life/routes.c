/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/life/routes.h"

#include "sched/scheduler.h"

#include <errno.h>
#include <stdlib.h>

/* A layout, and the memory of its arrays. */
struct values {
    struct mag_pu *pus;
    struct mag_seat *seats;
    uint32_t *distances;
    struct mag_layout layout;
};

static void fill_values(struct values *values, const struct mag_topology *topology,
                        const struct mag_plan *plan)
{
    const struct mag_layout *layout = &values->layout;

    for (uint32_t i = 0; i < layout->pu_count; i++)
        values->pus[i] = *mag_topology_pu(topology, i);
    for (uint32_t i = 0; i < layout->workers; i++)
        values->seats[i] = *mag_plan_seat(
            plan, mag_berth_seat(mag_plan_workers(plan), layout->workers, i));
    for (uint32_t i = 0; i < layout->nodes; i++) {
        for (uint32_t j = 0; j < layout->nodes; j++)
            values->distances[(size_t)i * layout->nodes + j] =
                mag_topology_distance(topology, i, j);
    }
}

static int read_values(struct values *values, const struct mag_topology *topology,
                       const struct mag_plan *plan, uint32_t berths)
{
    size_t nodes = mag_topology_nodes(topology);
    size_t pus = mag_topology_pus(topology);

    values->pus = calloc(pus, sizeof(*values->pus));
    values->seats = calloc(berths, sizeof(*values->seats));
    values->distances = calloc(nodes * nodes + 1, sizeof(*values->distances));
    if (values->pus == NULL || values->seats == NULL || values->distances == NULL)
        return -ENOMEM;
    values->layout = (struct mag_layout){
        .pus = values->pus,
        .pu_count = (uint32_t)pus,
        .seats = values->seats,
        .workers = berths,
        .distances = values->distances,
        .nodes = (uint32_t)nodes,
    };
    fill_values(values, topology, plan);
    return 0;
}

static void free_values(const struct values *values)
{
    free(values->pus);
    free(values->seats);
    free(values->distances);
}

int mag_routes_load(const struct mag_topology *topology, const struct mag_plan *plan,
                    uint32_t berths, struct mag_routes *ret_routes)
{
    struct values values = {.pus = NULL};
    int r = read_values(&values, topology, plan, berths);

    if (r == 0) {
        void *memory = malloc(mag_routes_size(&values.layout));

        if (memory == NULL)
            r = -ENOMEM;
        else
            mag_routes_make(ret_routes, &values.layout, memory);
    }
    free_values(&values);
    return r;
}

void mag_routes_free(struct mag_routes *routes)
{
    free(routes->memory);
}
