/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "base/text.h"
#include "numa/budget/cgroup.h"
#include "numa/machine/topology.h"

#include <magpie/budget.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct mag_budget {
    uint32_t workers;
    uint32_t cores;  /* of the machine */
    uint32_t online; /* PUs of the machine */
    enum mag_budget_reason reason;
    enum mag_budget_rounding rounding;
    uint32_t tightest; /* index of the level with the lowest limit, or MAG_NONE */
    struct mag_cgroup_levels levels;
};

static uint32_t find_tightest(const struct mag_cgroup_levels *levels)
{
    uint32_t tightest = MAG_NONE;

    for (uint32_t i = 0; i < levels->count; i++) {
        double cpus = levels->level[i].cpus;
        if (cpus > 0 && (tightest == MAG_NONE || cpus < levels->level[tightest].cpus))
            tightest = i;
    }
    return tightest;
}

/* A quota this close to a whole number counts as that number: the difference is a
 * rounding error of the program that set the quota. */
static const double hair = 0.001;

/* Whole workers for a quota, at least 1. */
static uint32_t whole(double quota, enum mag_budget_rounding rounding)
{
    double workers = rounding == MAG_BUDGET_UP ? quota + 1 - hair : quota + hair;

    if (workers >= (double)UINT32_MAX)
        return UINT32_MAX;
    return workers >= 1 ? (uint32_t)workers : 1;
}

/* Why the process has as many cores as it has: affinity mask, cpuset or machine. */
static enum mag_budget_reason reason_for_cores(const struct mag_topology *topology)
{
    if (topology->usable.cores < topology->allowed.cores)
        return MAG_BUDGET_AFFINITY;
    return topology->allowed.cores < topology->online.cores ? MAG_BUDGET_CPUSET
                                                            : MAG_BUDGET_CORES;
}

uint32_t mag_budget_cap(const struct mag_budget *budget, uint32_t wanted)
{
    uint32_t most = budget->tightest != MAG_NONE
                        ? whole(mag_budget_quota(budget), budget->rounding)
                        : wanted;

    if (wanted > most)
        wanted = most;
    return wanted > 0 ? wanted : 1;
}

static void decide(struct mag_budget *budget, const struct mag_topology *topology)
{
    budget->cores = topology->online.cores;
    budget->online = topology->online.pus;
    budget->workers = topology->usable.cores;
    budget->reason = reason_for_cores(topology);
    budget->tightest = find_tightest(&budget->levels);

    uint32_t capped = mag_budget_cap(budget, budget->workers);
    if (capped < budget->workers) {
        budget->workers = capped;
        budget->reason = MAG_BUDGET_QUOTA;
    }
}

int mag_budget_read(const struct mag_topology *topology,
                    enum mag_budget_rounding rounding, const char *root,
                    struct mag_budget **ret_budget)
{
    if (rounding != MAG_BUDGET_UP && rounding != MAG_BUDGET_DOWN)
        return -EINVAL;

    struct mag_budget *budget = calloc(1, sizeof(*budget));
    if (budget == NULL)
        return -ENOMEM;
    budget->rounding = rounding;
    int cancel = mag_os_hold_cancel();
    int r = mag_cgroup_read(root != NULL ? root : "", &budget->levels);
    mag_os_let_cancel(cancel);
    if (r < 0) {
        free(budget);
        return r;
    }
    decide(budget, topology);
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
    return budget->tightest != MAG_NONE ? budget->levels.level[budget->tightest].cpus : 0;
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

uint32_t mag_budget_tightest(const struct mag_budget *budget)
{
    return budget->tightest;
}

const char *mag_budget_reason_name(enum mag_budget_reason reason)
{
    static const char *const names[] = {
        [MAG_BUDGET_CORES] = "cores",
        [MAG_BUDGET_CPUSET] = "cpuset",
        [MAG_BUDGET_AFFINITY] = "affinity",
        [MAG_BUDGET_QUOTA] = "quota",
    };

    return (unsigned)reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;
}

/* Whether this number of workers differs from the quota. */
static bool is_rounded(double quota, uint32_t workers)
{
    return quota > workers + hair || quota < workers - hair;
}

static void add_quota(struct mag_text *text, const struct mag_budget *budget)
{
    double quota = mag_budget_quota(budget);
    uint64_t hundredths = (uint64_t)(quota * 100 + 0.5);

    /* %f is not used: its decimal point depends on the locale. */
    mag_text_add(text, "a quota of %" PRIu64 ".%02u CPUs", hundredths / 100,
                 (unsigned)(hundredths % 100));
    if (is_rounded(quota, budget->workers))
        mag_text_add(text, ", rounded %s",
                     budget->rounding == MAG_BUDGET_UP ? "up" : "down");
    if (quota < 1 - hair)
        mag_text_add(text, " to at least one");
    mag_text_add(text, ", set by %s", budget->levels.level[budget->tightest].path);
}

size_t mag_budget_format(const struct mag_budget *budget, char *buffer, size_t size)
{
    struct mag_text text = mag_text_begin(buffer, size);

    mag_text_add(&text, "%u worker%s: ", budget->workers,
                 budget->workers == 1 ? "" : "s");
    switch (budget->reason) {
    case MAG_BUDGET_CORES:
        mag_text_add(&text, "one for every core of the machine");
        break;
    case MAG_BUDGET_CPUSET:
        mag_text_add(&text, "one for every core that the cpuset allows, of %u",
                     budget->cores);
        break;
    case MAG_BUDGET_AFFINITY:
        mag_text_add(&text, "one for every core that the affinity mask allows, of %u",
                     budget->cores);
        break;
    case MAG_BUDGET_QUOTA:
        add_quota(&text, budget);
        break;
    }
    return text.length;
}
