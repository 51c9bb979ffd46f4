/* SPDX-License-Identifier: Apache-2.0 */
#include "examples/mgzip/workers.h"

#include <magpie/budget.h>
#include <stddef.h>

static struct mag_sched *sched;
static uint32_t threads; /* 0: not known yet */

/* As many as this process may use. */
static int count(const struct mag_topology *topology)
{
    struct mag_budget *budget;
    int r = mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget);

    if (r == 0) {
        threads = mag_budget_workers(budget);
        mag_budget_free(budget);
    }
    return r;
}

static int start(const struct mag_topology *topology)
{
    struct mag_sched_config config;
    int r = threads == 0 ? count(topology) : 0;

    if (r != 0 || threads == 1)
        return r;
    mag_sched_config_init(&config);
    config.topology = topology;
    config.workers = threads - 1; /* the first thread compresses too */
    config.name = "mgzip";
    return mag_sched_start(&config, &sched);
}

int workers_get(const struct options *options, struct mag_sched **ret_sched,
                uint32_t *ret_threads)
{
    static struct mag_topology *topology;
    int r = 0;

    if (threads == 0)
        threads = options->processes;
    if (sched == NULL && threads != 1) {
        r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);
        if (r == 0)
            r = start(topology);
    }
    *ret_sched = sched;
    *ret_threads = threads;
    return r;
}

void workers_end(void)
{
    mag_sched_destroy(sched);
}
