/*
 * environment.c - MAGPIE_WORKERS and the other environment variables: one table for
 * reading their values.  The help and the doctor of the `magpie` program list them from
 * the same table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/settings/environment.h"

#include "sched/settings/settings.h"

#include <magpie/default.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_OF(number) #number
#define TEXT(macro)     TEXT_OF(macro)

/* The settings that the variables have given so far. */
struct settled {
    struct mag_sched_config *config;
    uint32_t *os_pus; /* allocated, or NULL */
};

/* Reads one variable's value.  0, -ENOMEM or MAG_E_ENVIRONMENT. */
typedef int take_value(const char *text, struct settled *settled);

/* ------------------------------------------------------------------ their values */

/* Reads the digits at `*text` as a number of 32 bits. */
static bool take_number(const char **text, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (!isdigit((unsigned char)**text))
        return false;
    for (; isdigit((unsigned char)**text); (*text)++) {
        number = number * 10 + (uint64_t)(**text - '0');
        if (number > UINT32_MAX)
            return false;
    }
    *ret_number = number;
    return true;
}

static int take_whole(const char *text, uint32_t *ret_number)
{
    uint64_t number;

    if (!take_number(&text, &number) || *text != '\0')
        return MAG_E_ENVIRONMENT;
    *ret_number = (uint32_t)number;
    return 0;
}

static int take_workers(const char *text, struct settled *settled)
{
    return take_whole(text, &settled->config->workers);
}

static int take_fork_depth(const char *text, struct settled *settled)
{
    return take_whole(text, &settled->config->fork_depth);
}

static int take_trace(const char *text, struct settled *settled)
{
    settled->config->trace = text;
    return 0;
}

static int take_spare(const char *text, struct settled *settled)
{
    if (strcmp(text, "auto") == 0) {
        settled->config->spare = MAG_SPARE_AUTO;
        return 0;
    }
    int r = take_whole(text, &settled->config->spare);
    return settled->config->spare != MAG_SPARE_AUTO ? r : MAG_E_ENVIRONMENT;
}

static int take_spin_us(const char *text, struct settled *settled)
{
    return take_whole(text, &settled->config->spin_us);
}

/* Reads a number of bytes, with or without a unit. */
static int take_size(const char *text, size_t *ret_size)
{
    static const char units[] = "KMG";
    uint64_t number;

    if (!take_number(&text, &number))
        return MAG_E_ENVIRONMENT;
    const char *unit = *text != '\0' ? strchr(units, *text) : NULL;
    if (unit != NULL) {
        number <<= 10 * (unit - units + 1);
        text++;
    }
    if (*text != '\0' || number > SIZE_MAX)
        return MAG_E_ENVIRONMENT;
    *ret_size = (size_t)number;
    return 0;
}

static int take_stack_size(const char *text, struct settled *settled)
{
    return take_size(text, &settled->config->stack_size);
}

static int take_fork_stack_size(const char *text, struct settled *settled)
{
    return take_size(text, &settled->config->fork_stack_size);
}

static int take_pin(const char *text, struct settled *settled)
{
    static const struct {
        const char *word;
        enum mag_pin pin;
    } words[] = {
        {"always", MAG_PIN_ALWAYS},     {"yes", MAG_PIN_ALWAYS},
        {"on", MAG_PIN_ALWAYS},         {"true", MAG_PIN_ALWAYS},
        {"1", MAG_PIN_ALWAYS},          {"never", MAG_PIN_NEVER},
        {"no", MAG_PIN_NEVER},          {"off", MAG_PIN_NEVER},
        {"false", MAG_PIN_NEVER},       {"0", MAG_PIN_NEVER},
        {"adaptive", MAG_PIN_ADAPTIVE},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            settled->config->pin = words[i].pin;
            return 0;
        }
    }
    return MAG_E_ENVIRONMENT;
}

static int take_follow(const char *text, struct settled *settled)
{
    static const char *const words[] = {"auto", "never", "always"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            settled->config->follow = (enum mag_follow_budget)i;
            return 0;
        }
    }
    return MAG_E_ENVIRONMENT;
}

static int take_stand_in(const char *text, struct settled *settled)
{
    static const char *const words[] = {"auto", "announced", "all"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            settled->config->stand_in = (enum mag_stand_in_for)i;
            return 0;
        }
    }
    return MAG_E_ENVIRONMENT;
}

/* Reads "3" or "4-7" at `*text`. */
static bool take_range(const char **text, uint64_t *ret_first, uint64_t *ret_last)
{
    if (!take_number(text, ret_first))
        return false;
    *ret_last = *ret_first;
    if (**text != '-')
        return true;
    (*text)++;
    return take_number(text, ret_last) && *ret_last >= *ret_first;
}

/* Reads a list such as "0,2,4-7".  With `numbers` NULL only counts its entries.  0: it is
 * not such a list, or it is too long. */
static uint32_t take_list(const char *text, uint32_t *numbers)
{
    uint32_t count = 0;

    for (;; text++) {
        uint64_t number;
        uint64_t last;

        if (!take_range(&text, &number, &last) ||
            last - number >= MAG_SCHED_WORKERS_MAX - count)
            return 0;
        for (; number <= last; number++, count++) {
            if (numbers != NULL)
                numbers[count] = (uint32_t)number;
        }
        if (*text == '\0')
            return count;
        if (*text != ',')
            return 0;
    }
}

static int take_os_pus(const char *text, struct settled *settled)
{
    uint32_t count = take_list(text, NULL);

    if (count == 0)
        return MAG_E_ENVIRONMENT;
    settled->os_pus = calloc(count, sizeof(settled->os_pus[0]));
    if (settled->os_pus == NULL)
        return -ENOMEM;
    (void)take_list(text, settled->os_pus);
    settled->config->placement = MAG_PLACE_LIST;
    settled->config->os_pus = settled->os_pus;
    settled->config->os_pu_count = count;
    return 0;
}

static int take_placement(const char *text, struct settled *settled)
{
    static const enum mag_placement policies[] = {MAG_PLACE_PER_CORE, MAG_PLACE_COMPACT,
                                                  MAG_PLACE_SCATTER, MAG_PLACE_PER_PU};

    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(text, mag_placement_name(policies[i])) == 0) {
            settled->config->placement = policies[i];
            return 0;
        }
    }
    return take_os_pus(text, settled);
}

/* --------------------------------------------------------------------- the table */

static const struct {
    struct mag_sched_variable told;
    take_value *take;
} variables[] = {
    {{"MAGPIE_WORKERS", "workers", "0 to " TEXT(MAG_SCHED_WORKERS_MAX),
      "number of workers; 0: what machine and quota allow"},
     take_workers},
    {{"MAGPIE_PLACEMENT", "placement",
      "per-core, compact, scatter, per-pu, or PUs as in 0,2,4-7",
      "where workers sit on the machine"},
     take_placement},
    {{"MAGPIE_PIN", "pin", "always, adaptive, never; yes/no, on/off, true/false, 1/0",
      "whether workers are bound to their PUs"},
     take_pin},
    {{"MAGPIE_STACK_SIZE", "stack_size",
      "0, or 64K and more; bytes, or units of K, M or G",
      "stack of each worker; 0: the system's"},
     take_stack_size},
    {{"MAGPIE_FORK_STACK", "fork_stack_size",
      "0, or 512K .. 16G; bytes, or units of K, M or G",
      "address space of each fork stack; 0: by the limits"},
     take_fork_stack_size},
    {{"MAGPIE_FORK_DEPTH", "fork_depth", "64 to " TEXT(MAG_SCHED_FORKS_MAX),
      "children that can be stolen, without membarrier"},
     take_fork_depth},
    {{"MAGPIE_SPIN_US", "spin_us", "0 to 10000",
      "microseconds of searching before a worker parks"},
     take_spin_us},
    {{"MAGPIE_SPARE", "spare", "auto, or 0 to 4095",
      "threads beyond the workers that may take part"},
     take_spare},
    {{"MAGPIE_FOLLOW", "follow", "auto, never or always",
      "whether workers follow the CPUs and the CPU quota"},
     take_follow},
    {{"MAGPIE_STAND_IN", "stand_in", "auto, announced or all",
      "which blocked workers other threads stand in for"},
     take_stand_in},
    {{"MAGPIE_TRACE", "trace", "a file; %p in its name is the process's number",
      "writes there what the workers did, at exit"},
     take_trace},
};

enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

const struct mag_sched_variable *mag_sched_variable(uint32_t index)
{
    return index < VARIABLES ? &variables[index].told : NULL;
}

const char *mag_sched_variable_value(uint32_t index)
{
    const char *text = NULL;

    if (index < VARIABLES)
        text = secure_getenv(variables[index].told.name);
    return text != NULL && *text != '\0' ? text : NULL;
}

/* Reads one variable if it is set, and checks the result. */
static int take_variable(uint32_t index, struct settled *settled)
{
    const char *text = mag_sched_variable_value(index);
    int r = 0;

    if (text == NULL)
        return 0;
    r = variables[index].take(text, settled);
    if (r == 0 && mag_settings_check(settled->config) < 0)
        r = MAG_E_ENVIRONMENT;
    return r;
}

int mag_environment_apply(struct mag_sched_config *config, uint32_t **ret_os_pus)
{
    struct settled settled = {.config = config};
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < VARIABLES; i++)
        r = take_variable(i, &settled);
    if (r == 0)
        *ret_os_pus = settled.os_pus;
    else
        free(settled.os_pus);
    return r;
}

/* Checks that this machine has the PUs of a list. */
static int check_list(const struct mag_sched_config *config)
{
    struct mag_topology *topology;
    struct mag_plan *plan = NULL;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    if (r < 0)
        return r;
    r = mag_plan_make(topology, MAG_PLACE_LIST, 0, config->os_pus, config->os_pu_count,
                      &plan);
    mag_plan_free(plan);
    mag_topology_free(topology);
    return r == -EINVAL ? MAG_E_ENVIRONMENT : r;
}

int mag_sched_variable_check(uint32_t index)
{
    struct mag_sched_config config;
    struct settled settled = {.config = &config};
    int r = 0;

    mag_sched_config_init(&config);
    if (index >= VARIABLES)
        return -EINVAL;
    r = take_variable(index, &settled);
    if (r == 0 && settled.os_pus != NULL)
        r = check_list(&config);
    free(settled.os_pus);
    return r;
}
