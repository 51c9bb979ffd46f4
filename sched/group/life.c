/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/group/group.h"
#include "sched/post/post.h"

#include <magpie/pool.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 1000 };

/* Of all groups; made when the first group is, and never destroyed.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (entries) -> pool_of_entries (entries) : the pool */
static _Atomic(struct mag_pool *) entries; /* [A] */

static struct mag_pool *pool_of_entries(void)
{
    struct mag_pool_config config;
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&entries, memory_order_acquire);

    if (pool != NULL)
        return pool;
    mag_pool_config_init(&config);
    config.object_size = sizeof(struct mag_group_entry);
    return mag_pool_publish(&entries, &config);
}

/* ---------------------------------------------------------------------- making */

void mag_group_config_init(struct mag_group_config *config)
{
    *config = (struct mag_group_config){.size = sizeof(*config),
                                        .order = MAG_GROUP_FIFO,
                                        .errors_max = ERRORS_MAX,
                                        .name = "group",
                                        .priority = MAG_PRIORITY_NORMAL};
}

static bool group_config_is_sane(const struct mag_group_config *config)
{
    return (config->order == MAG_GROUP_FIFO || config->order == MAG_GROUP_BY_KEY) &&
           config->priority >= MAG_PRIORITY_LOW &&
           config->priority <= MAG_PRIORITY_HIGH && config->name != NULL;
}

/* Reads the fields that the caller's header knows.  A field that this library does not
 * know must have its default, 0. */
static int read_config(const struct mag_group_config *from, struct mag_group_config *to)
{
    const unsigned char *bytes = (const unsigned char *)from;

    mag_group_config_init(to);
    if (from == NULL)
        return 0;
    if (from->size < offsetof(struct mag_group_config, order))
        return -EINVAL;
    for (size_t i = sizeof(*to); i < from->size; i++) {
        if (bytes[i] != 0)
            return -EINVAL;
    }
    memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
    to->size = sizeof(*to);
    return group_config_is_sane(to) ? 0 : -EINVAL;
}

static uint32_t limit_of(uint32_t max_running)
{
    return max_running != 0 ? max_running : UINT32_MAX;
}

static uint32_t group_level(enum mag_priority priority)
{
    return priority == MAG_PRIORITY_HIGH  ? MAG_LEVEL_HIGH
           : priority == MAG_PRIORITY_LOW ? MAG_LEVEL_LOW
                                          : MAG_LEVEL_USUAL;
}

static void init_group(struct mag_group *group, const struct mag_group_config *config)
{
    group->config = *config;
    group->config.max_running = limit_of(config->max_running);
    group->level = group_level(config->priority);
    mag_spin_init(&group->lock);
    atomic_init(&group->closed, 0);
    atomic_init(&group->turn, 0);
    for (uint32_t i = group->sched->capacity; i-- > 0;) {
        group->runners[i].job.run = mag_group_run;
        group->runners[i].group = group;
        group->runners[i].next = group->home;
        group->home = &group->runners[i];
    }
}

int mag_group_create(struct mag_sched *sched, const struct mag_group_config *config,
                     struct mag_group **ret_group)
{
    struct mag_group_config settings;
    struct mag_pool *pool = NULL;
    struct mag_group *group;
    int r = read_config(config, &settings);

    if (r == 0)
        pool = pool_of_entries();
    if (r == 0 && pool == NULL)
        r = -ENOMEM;
    if (r < 0)
        return r;
    group = calloc(1, sizeof(*group) + sched->capacity * sizeof(group->runners[0]));
    if (group == NULL)
        return -ENOMEM;
    group->sched = sched;
    group->pool = pool;
    init_group(group, &settings);
    *ret_group = group;
    return 0;
}

/* ------------------------------------------------------------------- destroying */

void mag_group_free(struct mag_group *group)
{
    free(group);
}

int mag_group_destroy(struct mag_group *group)
{
    struct mag_group_after after = {.hires = 0};

    if (group == NULL)
        return 0;
    if (mag_group_is_inherited(group)) {
        mag_group_free(group);
        return 0;
    }
    mag_group_lock(group);
    bool is_busy = group->waiting != 0 || group->running != 0 || group->sleepers != 0;
    bool is_free = !is_busy && group->away == 0;
    if (!is_busy) {
        group->doomed = true;
        group->over = true;
        mag_group_renew(group, &after);
    }
    mag_group_unlock(group, &after);
    if (is_free)
        mag_group_free(group);
    return is_busy ? -EBUSY : 0;
}

/* ---------------------------------------------------------------- limit, counts */

int mag_group_limit(struct mag_group *group, uint32_t max_running)
{
    struct mag_group_after after = {.hires = 0};

    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    /* A stopping scheduler sees to the jobs that wait. */
    bool held = mag_sched_hold(group->sched) == 0;
    mag_group_lock(group);
    group->config.max_running = limit_of(max_running);
    if (held)
        mag_group_hire(group, &after);
    mag_group_unlock(group, &after);
    if (held)
        mag_sched_unhold(group->sched);
    return 0;
}

int mag_group_counts(struct mag_group *group, struct mag_group_counts *ret_counts)
{
    struct mag_group_after after = {.hires = 0};

    if (mag_group_is_inherited(group))
        return MAG_E_FORKED;
    mag_group_lock(group);
    *ret_counts = (struct mag_group_counts){.waiting = group->waiting,
                                            .running = group->running,
                                            .ended = group->ended,
                                            .withdrawn = group->withdrawn,
                                            .failed = group->failed};
    mag_group_unlock(group, &after);
    return 0;
}
