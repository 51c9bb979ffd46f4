/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "numa/machine/topology.h"

#include <magpie/plan.h>

#include <errno.h>
#include <stdlib.h>

struct mag_plan {
    uint32_t workers;
    enum mag_placement placement;
    struct mag_seat seats[];
};

/* ------------------------------------------------------------------- ordering */

/*
 * A PU with its place in the hierarchy: how many PUs of its core, cores of its cache,
 * caches of its node, nodes of its part and parts of the machine come before it.  Each
 * placement policy sorts by these digits in its own order.
 */
struct place {
    uint32_t pu;
    uint32_t part;  /* rank of the package or group */
    uint32_t node;  /* rank of the node within the part */
    uint32_t cache; /* rank of the cache within the node */
    uint32_t core;  /* rank of the core within the cache */
    uint32_t smt;   /* rank of the PU within the core */
    uint32_t kind;  /* 0: the fastest kind of core */
};

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int in_hierarchy(const struct place *x, const struct place *y)
{
    int order = compare(x->part, y->part);

    if (order == 0)
        order = compare(x->node, y->node);
    if (order == 0)
        order = compare(x->cache, y->cache);
    if (order == 0)
        order = compare(x->core, y->core);
    if (order == 0)
        order = compare(x->smt, y->smt);
    return order != 0 ? order : compare(x->pu, y->pu);
}

static int by_compact(const void *a, const void *b)
{
    return in_hierarchy(a, b);
}

/* Every core's first PU before any second PU; among these, faster cores first. */
static int by_core(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    int order = compare(x->smt, y->smt);

    if (order == 0)
        order = compare(x->kind, y->kind);
    return order != 0 ? order : in_hierarchy(x, y);
}

static int by_scatter(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    int order = compare(x->smt, y->smt);

    if (order == 0)
        order = compare(x->kind, y->kind);
    if (order == 0)
        order = compare(x->core, y->core);
    if (order == 0)
        order = compare(x->cache, y->cache);
    if (order == 0)
        order = compare(x->node, y->node);
    if (order == 0)
        order = compare(x->part, y->part);
    return order != 0 ? order : compare(x->pu, y->pu);
}

/* The place of the PU after `last`: the outermost digit that changes counts one up, and
 * the digits inside it restart at 0.  PUs come in the order of the hierarchy, so no digit
 * takes the same value twice. */
static struct place next_place(const struct mag_topology *topology,
                               const struct place *last)
{
    uint32_t i = last->pu + 1;
    const struct mag_pu *before = &topology->pus[i - 1];
    const struct mag_pu *pu = &topology->pus[i];
    struct place place = {.pu = i, .part = last->part};

    if (topology->parts[i] != topology->parts[i - 1]) {
        place.part++;
        return place;
    }
    place.node = last->node;
    if (pu->node != before->node) {
        place.node++;
        return place;
    }
    place.cache = last->cache;
    if (pu->cache != before->cache) {
        place.cache++;
        return place;
    }
    place.core = last->core;
    if (pu->core != before->core)
        place.core++;
    else
        place.smt = last->smt + 1;
    return place;
}

static void rank(const struct mag_topology *topology, struct place *places)
{
    places[0] = (struct place){.pu = 0};
    for (uint32_t i = 1; i < topology->pu_count; i++)
        places[i] = next_place(topology, &places[i - 1]);
}

static void rank_kinds(const struct mag_topology *topology, struct place *places)
{
    uint32_t fastest = 0;

    for (uint32_t i = 0; i < topology->pu_count; i++)
        fastest = topology->pus[i].kind > fastest ? topology->pus[i].kind : fastest;
    for (uint32_t i = 0; i < topology->pu_count; i++)
        places[i].kind = fastest - topology->pus[i].kind;
}

/* ---------------------------------------------------------------------- seats */

static struct mag_seat seat_on(const struct mag_topology *topology, uint32_t index)
{
    const struct mag_pu *pu = &topology->pus[index];

    return (struct mag_seat){
        .pu = index,
        .os_pu = pu->os_index,
        .core = pu->core,
        .cache = pu->cache,
        .node = pu->node,
        .package = pu->package,
    };
}

static int seat_by_policy(const struct mag_topology *topology, struct mag_plan *plan)
{
    static int (*const orders[])(const void *, const void *) = {
        [MAG_PLACE_PER_CORE] = by_core,
        [MAG_PLACE_COMPACT] = by_compact,
        [MAG_PLACE_SCATTER] = by_scatter,
        [MAG_PLACE_PER_PU] = by_compact,
    };
    struct place *places = calloc(topology->pu_count, sizeof(*places));

    if (places == NULL)
        return -ENOMEM;
    rank(topology, places);
    rank_kinds(topology, places);
    qsort(places, topology->pu_count, sizeof(*places), orders[plan->placement]);
    for (uint32_t i = 0; i < plan->workers; i++)
        plan->seats[i] = seat_on(topology, places[i % topology->pu_count].pu);
    free(places);
    return 0;
}

static uint32_t find_os_pu(const struct mag_topology *topology, uint32_t os_pu)
{
    for (uint32_t i = 0; i < topology->pu_count; i++) {
        if (topology->pus[i].os_index == os_pu)
            return i;
    }
    return MAG_NONE;
}

static int seat_by_list(const struct mag_topology *topology, struct mag_plan *plan,
                        const uint32_t *os_pus, uint32_t os_pu_count)
{
    /* Check every entry, also those beyond the last worker: a wrong list is an error. */
    for (uint32_t i = 0; i < os_pu_count; i++) {
        if (find_os_pu(topology, os_pus[i]) == MAG_NONE)
            return -EINVAL;
    }
    for (uint32_t i = 0; i < plan->workers; i++)
        plan->seats[i] = seat_on(topology, find_os_pu(topology, os_pus[i % os_pu_count]));
    return 0;
}

static uint32_t default_seats(const struct mag_topology *topology,
                              enum mag_placement placement, uint32_t os_pu_count)
{
    if (placement == MAG_PLACE_LIST)
        return os_pu_count;
    return placement == MAG_PLACE_PER_PU ? topology->pu_count : topology->usable.cores;
}

/* NOLINTNEXTLINE(readability-function-size): the list needs two parameters. */
int mag_plan_make(const struct mag_topology *topology, enum mag_placement placement,
                  uint32_t workers, const uint32_t *os_pus, uint32_t os_pu_count,
                  struct mag_plan **ret_plan)
{
    bool list = placement == MAG_PLACE_LIST;

    if (mag_placement_name(placement) == NULL ||
        (list && (os_pus == NULL || os_pu_count == 0)))
        return -EINVAL;
    if (workers == 0)
        workers = default_seats(topology, placement, os_pu_count);

    size_t size;
    if (__builtin_mul_overflow(workers, sizeof(struct mag_seat), &size) ||
        __builtin_add_overflow(size, sizeof(struct mag_plan), &size))
        return -ENOMEM;
    struct mag_plan *plan = calloc(1, size);
    if (plan == NULL)
        return -ENOMEM;
    plan->workers = workers;
    plan->placement = placement;
    int r = list ? seat_by_list(topology, plan, os_pus, os_pu_count)
                 : seat_by_policy(topology, plan);
    if (r < 0) {
        mag_plan_free(plan);
        return r;
    }
    *ret_plan = plan;
    return 0;
}

void mag_plan_free(struct mag_plan *plan)
{
    free(plan);
}

uint32_t mag_plan_workers(const struct mag_plan *plan)
{
    return plan->workers;
}

const struct mag_seat *mag_plan_seat(const struct mag_plan *plan, uint32_t worker)
{
    return worker < plan->workers ? &plan->seats[worker] : NULL;
}

const char *mag_placement_name(enum mag_placement placement)
{
    static const char *const names[] = {
        [MAG_PLACE_PER_CORE] = "per-core", [MAG_PLACE_COMPACT] = "compact",
        [MAG_PLACE_SCATTER] = "scatter",   [MAG_PLACE_PER_PU] = "per-pu",
        [MAG_PLACE_LIST] = "list",
    };

    return (unsigned)placement < sizeof(names) / sizeof(names[0]) ? names[placement]
                                                                  : NULL;
}

/* ---------------------------------------------------------------------- reach */

enum mag_reach mag_seat_reach(const struct mag_seat *a, const struct mag_seat *b)
{
    if (a->core == b->core && a->package == b->package)
        return MAG_REACH_CORE;
    /* PUs without a node of their own are compared by package instead. */
    if (a->node != b->node || (a->node == MAG_NONE && a->package != b->package))
        return MAG_REACH_FAR;
    return a->cache == b->cache ? MAG_REACH_CACHE : MAG_REACH_NODE;
}

/* ------------------------------------------------------------------- printing */

static void add_seat(struct mag_text *text, uint32_t worker, const struct mag_seat *seat)
{
    mag_text_add(text, "worker %u: pu %u core %u", worker, seat->os_pu, seat->core);
    if (seat->node == MAG_NONE)
        mag_text_add(text, " no node");
    else
        mag_text_add(text, " node %u", seat->node);
    mag_text_add(text, " package %u\n", seat->package);
}

size_t mag_plan_format(const struct mag_plan *plan, char *buffer, size_t size)
{
    struct mag_text text = mag_text_begin(buffer, size);

    for (uint32_t i = 0; i < plan->workers; i++)
        add_seat(&text, i, &plan->seats[i]);
    return text.length;
}
