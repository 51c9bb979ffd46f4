/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/cgroup.h"
#include "numa/topology.h"

#include <errno.h>
#include <stdlib.h>

struct mag_budget {
    uint32_t workers;
    uint32_t online;
    enum mag_budget_reason reason;
    double quota;
    struct mag_cgroup_levels levels;
};

static double smallest_quota(const struct mag_cgroup_levels *levels)
{
    double quota = 0;

    for (uint32_t i = 0; i < levels->count; i++) {
        double cpus = levels->level[i].cpus;
        if (cpus > 0 && (quota <= 0 || cpus < quota))
            quota = cpus;
    }
    return quota;
}

/* Whole workers for a quota, at least 1.  A hair above a whole number is a rounding error
 * of whoever wrote the quota. */
static uint32_t whole(double quota, enum mag_budget_rounding rounding)
{
    static const double hair = 0.001;
    double workers = rounding == MAG_BUDGET_UP ? quota + 1 - hair : quota + hair;

    if (workers >= (double)UINT32_MAX)
        return UINT32_MAX;
    return workers >= 1 ? (uint32_t)workers : 1;
}

static void decide(struct mag_budget *budget, const struct mag_topology *topology,
                   enum mag_budget_rounding rounding)
{
    uint32_t pus = mag_topology_pus(topology);
    uint32_t cores = mag_topology_cores(topology);

    budget->online = topology->online_count;
    budget->quota = smallest_quota(&budget->levels);
    budget->workers = cores;
    budget->reason = pus < budget->online ? MAG_BUDGET_AFFINITY : MAG_BUDGET_CORES;
    if (budget->quota > 0 && whole(budget->quota, rounding) < cores) {
        budget->workers = whole(budget->quota, rounding);
        budget->reason = MAG_BUDGET_QUOTA;
    }
}

int mag_budget_read(const struct mag_topology *topology,
                    enum mag_budget_rounding rounding, const char *root,
                    struct mag_budget **ret_budget)
{
    struct mag_budget *budget = calloc(1, sizeof(*budget));

    if (budget == NULL)
        return -ENOMEM;
    int r = mag_cgroup_read(root != NULL ? root : "", &budget->levels);
    if (r < 0) {
        free(budget);
        return r;
    }
    decide(budget, topology, rounding);
    *ret_budget = budget;
    return 0;
}

void mag_budget_free(struct mag_budget *budget)
{
    if (budget == NULL)
        return;
    mag_cgroup_free(&budget->levels);
    free(budget);
}

uint32_t mag_budget_workers(const struct mag_budget *budget)
{
    return budget->workers;
}

enum mag_budget_reason mag_budget_reason(const struct mag_budget *budget)
{
    return budget->reason;
}

double mag_budget_quota(const struct mag_budget *budget)
{
    return budget->quota;
}

uint32_t mag_budget_online(const struct mag_budget *budget)
{
    return budget->online;
}

uint32_t mag_budget_levels(const struct mag_budget *budget)
{
    return budget->levels.count;
}

const struct mag_budget_level *mag_budget_level(const struct mag_budget *budget,
                                                uint32_t level)
{
    return level < budget->levels.count ? &budget->levels.level[level] : NULL;
}
