/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/settings/settings.h"

#include <magpie/budget.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* More than any machine has, and small enough that sums of sizes do not wrap. */
#define LOCAL_MAX (SIZE_MAX / 4)

/* How many spare berths MAG_SPARE_AUTO means. */
enum { SPARE_MIN = 4, SPARE_PER_WORKER = 2, SPARE_MAX = 64 };

enum { STACK_MIN = 64 * 1024, FORK_DEPTH_MIN = 64, SPIN_US_MAX = 10000 };

void mag_sched_config_init(struct mag_sched_config *config)
{
    *config = (struct mag_sched_config){
        .size = sizeof(*config),
        .placement = MAG_PLACE_PER_CORE,
        .pin = MAG_PIN_ADAPTIVE,
        .fork_depth = 8192,
        .spin_us = 50,
        .name = "magpie",
        .spare = MAG_SPARE_AUTO,
    };
}

/* A program built against an older header passes a shorter struct: the fields it lacks
 * keep their defaults.  A longer struct must be zero in the fields unknown here. */
static int copy_config(const struct mag_sched_config *config,
                       struct mag_sched_config *ret_config)
{
    mag_sched_config_init(ret_config);
    if (config == NULL)
        return 0;
    if (config->size < offsetof(struct mag_sched_config, placement))
        return -EINVAL;

    const unsigned char *bytes = (const unsigned char *)config;
    for (size_t i = sizeof(*config); i < config->size; i++) {
        if (bytes[i] != 0)
            return -EINVAL;
    }
    memcpy(ret_config, config,
           config->size < sizeof(*config) ? config->size : sizeof(*config));
    ret_config->size = sizeof(*config);
    return 0;
}

static uint32_t power_of_two_at_least(uint32_t value)
{
    uint32_t power = 1;

    while (power < value)
        power *= 2;
    return power;
}

/* Whether workers and spare berths are not too many together. */
static bool spare_fits(const struct mag_sched_config *config)
{
    uint32_t workers = config->workers != 0 ? config->workers : 1;
    uint32_t places = config->workers_max > workers ? config->workers_max : workers;

    return config->spare == MAG_SPARE_AUTO ||
           config->spare <= MAG_SCHED_WORKERS_MAX - places;
}

int mag_settings_check(struct mag_sched_config *config)
{
    if (config->workers > MAG_SCHED_WORKERS_MAX || config->name == NULL ||
        (config->trace != NULL && config->trace[0] == '\0') ||
        config->spin_us > SPIN_US_MAX || config->local_size > LOCAL_MAX ||
        (unsigned)config->pin > (unsigned)MAG_PIN_ADAPTIVE ||
        (unsigned)config->follow > (unsigned)MAG_FOLLOW_ALWAYS)
        return -EINVAL;
    if (config->stack_size != 0 && config->stack_size < STACK_MIN)
        return -EINVAL;
    if (config->fork_stack_size != 0 &&
        (config->fork_stack_size < MAG_SCHED_FORK_STACK_MIN ||
         config->fork_stack_size > MAG_SCHED_FORK_STACK_MAX))
        return -EINVAL;
    if ((unsigned)config->stand_in > MAG_STAND_IN_ALL)
        return -EINVAL;
    if (config->fork_depth < FORK_DEPTH_MIN || config->fork_depth > MAG_SCHED_FORKS_MAX)
        return -EINVAL;
    if (config->workers_max > MAG_SCHED_WORKERS_MAX ||
        (config->workers_max != 0 && config->workers_max < config->workers))
        return -EINVAL;
    if (!spare_fits(config))
        return -EINVAL;
    config->fork_depth = power_of_two_at_least(config->fork_depth);
    return 0;
}

int mag_settings_copy(const struct mag_sched_config *config,
                      struct mag_sched_config *ret_config)
{
    int r = copy_config(config, ret_config);

    return r < 0 ? r : mag_settings_check(ret_config);
}

static uint32_t auto_spare(uint32_t workers, uint32_t places)
{
    uint32_t room = MAG_SCHED_WORKERS_MAX - places;
    uint32_t spare = workers * SPARE_PER_WORKER;

    if (spare < SPARE_MIN)
        spare = SPARE_MIN;
    if (spare > SPARE_MAX)
        spare = SPARE_MAX;
    return spare < room ? spare : room;
}

int mag_settings_spare(struct mag_sched_config *config)
{
    if (config->spare == MAG_SPARE_AUTO)
        config->spare = auto_spare(config->workers, config->workers_max);
    return spare_fits(config) ? 0 : -EINVAL;
}

/* Reduces the number of workers to what the CPU quota of this process allows. */
static int cap_by_quota(const struct mag_topology *topology, uint32_t *workers)
{
    struct mag_budget *budget;
    int r = mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget);

    if (r < 0)
        return r;
    *workers = mag_budget_cap(budget, *workers);
    mag_budget_free(budget);
    return 0;
}

/* One worker for each core, for each PU, or for each entry of the list, depending on the
 * placement. */
static int machine_workers(const struct mag_settings *settings, uint32_t *ret_workers)
{
    const struct mag_sched_config *config = &settings->config;

    if (config->placement == MAG_PLACE_LIST) {
        *ret_workers = config->os_pu_count;
        return config->os_pu_count <= MAG_SCHED_WORKERS_MAX ? 0 : -EINVAL;
    }
    *ret_workers = config->placement == MAG_PLACE_PER_PU
                       ? mag_topology_pus(settings->topology)
                       : mag_topology_cores(settings->topology);
    if (*ret_workers > MAG_SCHED_WORKERS_MAX)
        *ret_workers = MAG_SCHED_WORKERS_MAX;
    return 0;
}

/* How many workers there are at the start, and at most.  The quota reduces no list, and a
 * described machine has none. */
static int decide_workers(struct mag_settings *settings)
{
    struct mag_sched_config *config = &settings->config;
    uint32_t uncapped = 0; /* without a quota */
    int r = 0;

    settings->follows = config->follow == MAG_FOLLOW_ALWAYS && settings->own_topology;
    settings->counts = config->workers == 0;
    if (settings->counts) {
        r = machine_workers(settings, &uncapped);
        config->workers = uncapped;
        if (r == 0 && settings->own_topology && config->placement != MAG_PLACE_LIST)
            r = cap_by_quota(settings->topology, &config->workers);
    }
    if (config->workers_max == 0)
        config->workers_max =
            settings->follows && uncapped > config->workers ? uncapped : config->workers;
    if (config->workers > config->workers_max)
        config->workers = config->workers_max;
    return r;
}

int mag_settings_make(const struct mag_sched_config *config,
                      struct mag_settings *ret_settings)
{
    struct mag_settings settings;
    struct mag_topology *loaded = NULL;
    int r = mag_settings_copy(config, &settings.config);

    if (r < 0)
        return r;
    settings.own_topology = settings.config.topology == NULL;
    if (settings.own_topology) {
        r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &loaded);
        if (r < 0)
            return r;
    }
    settings.topology = settings.own_topology ? loaded : settings.config.topology;
    settings.loaded = loaded;
    r = decide_workers(&settings);
    if (r < 0) {
        mag_settings_release(&settings);
        return r;
    }
    *ret_settings = settings;
    /* Threads that start later read the name, so it is copied. */
    (void)snprintf(ret_settings->name, sizeof(ret_settings->name), "%s",
                   settings.config.name);
    ret_settings->config.name = ret_settings->name;
    return 0;
}

void mag_settings_release(struct mag_settings *settings)
{
    mag_topology_free(settings->loaded);
    settings->loaded = NULL;
}
