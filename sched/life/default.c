/*
 * default.c - the default scheduler of the process: its configuration, and its start when
 * it is first asked for.  It ends only with the process.
 *
 * Ownership
 *   [L] under the default's lock, see registry.h
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/life/registry.h"
#include "sched/life/start.h"
#include "sched/settings/environment.h"
#include "sched/trace/file.h"

#include <magpie/default.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The configuration that the program has asked for; lists and names are copied. */
static struct {
    bool given;
    struct mag_sched_config config;
    char name[MAG_NAME_ROOM];
    uint32_t *os_pus;
} configured; /* [L] */

/* ----------------------------------------------------------------- configuration */

/* Copies a list of PUs.  NULL: no memory. */
static uint32_t *copy_list(const uint32_t *os_pus, uint32_t count)
{
    uint32_t *copy = calloc(count, sizeof(copy[0]));

    if (copy != NULL)
        memcpy(copy, os_pus, count * sizeof(copy[0]));
    return copy;
}

static void configure(const struct mag_sched_config *config, uint32_t *os_pus)
{
    free(configured.os_pus);
    configured.given = true;
    configured.config = *config;
    (void)snprintf(configured.name, sizeof(configured.name), "%s", config->name);
    configured.config.name = configured.name;
    configured.os_pus = os_pus;
    configured.config.os_pus = os_pus;
}

static bool is_list(const struct mag_sched_config *config)
{
    return config->placement == MAG_PLACE_LIST;
}

static int check_placement(const struct mag_sched_config *config)
{
    if (mag_placement_name(config->placement) == NULL)
        return -EINVAL;
    if (is_list(config) && (config->os_pus == NULL || config->os_pu_count == 0 ||
                            config->os_pu_count > MAG_SCHED_WORKERS_MAX))
        return -EINVAL;
    return 0;
}

int mag_sched_default_configure(const struct mag_sched_config *config)
{
    struct mag_sched_config copy;
    uint32_t *os_pus = NULL;
    int r = mag_registry_init();
    if (r < 0)
        return r;

    r = mag_settings_copy(config, &copy);
    if (r < 0)
        return r;
    r = check_placement(&copy);
    if (r < 0)
        return r;
    if (is_list(&copy)) {
        os_pus = copy_list(copy.os_pus, copy.os_pu_count);
        if (os_pus == NULL)
            return -ENOMEM;
    }
    mag_registry_lock_default();
    if (mag_registry_default() != NULL)
        r = -EBUSY;
    else
        configure(&copy, os_pus);
    mag_registry_unlock_default();
    if (r < 0)
        free(os_pus);
    return r;
}

/* ------------------------------------------------------------------------- start */

/* Under the lock: starts the default scheduler. */
static int start_default(struct mag_sched **ret_sched)
{
    struct mag_sched_config config;
    uint32_t *os_pus = NULL;
    int r = 0;

    if (configured.given)
        config = configured.config;
    else
        mag_sched_config_init(&config);
    uint32_t spare = config.spare;
    const char *trace = config.trace;
    r = mag_environment_apply(&config, &os_pus);
    if (r < 0)
        return r;
    if (config.follow == MAG_FOLLOW_AUTO)
        config.follow = MAG_FOLLOW_ALWAYS;
    r = mag_sched_launch(&config, true, ret_sched);
    /* Without them the configuration would have been right. */
    if (r == -EINVAL && (os_pus != NULL || config.spare != spare))
        r = MAG_E_ENVIRONMENT;
    /* Errors of a file, which the program has not named. */
    if (r < 0 && r != -ENOMEM && r != -EAGAIN && config.trace != trace)
        r = MAG_E_ENVIRONMENT;
    free(os_pus);
    if (r == 0)
        mag_registry_set_default(*ret_sched);
    return r;
}

int mag_sched_default(struct mag_sched **ret_sched)
{
    struct mag_sched *sched = mag_registry_default();
    int r = 0;

    if (sched == NULL)
        r = mag_registry_init();
    if (sched == NULL && r == 0) {
        mag_registry_lock_default();
        sched = mag_registry_default();
        if (sched == NULL)
            r = start_default(&sched);
        mag_registry_unlock_default();
    }
    if (r == 0)
        *ret_sched = sched;
    return r;
}

/* At the end of the process.  Workers may still run; the trace has what they recorded. */
static __attribute__((destructor)) void end_default(void)
{
    struct mag_sched *sched = mag_registry_default();

    if (sched != NULL)
        mag_trace_file_end(sched);
}
