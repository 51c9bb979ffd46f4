/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/route.h"

/* Distances between homes without a node, for machines that report none. */
enum { DISTANCE_SAME = 10, DISTANCE_OTHER = 20 };

/* ---------------------------------------------------------------------- memory */

/* Working memory, needed only while the routes are made. */
struct draft {
    const struct mag_layout *layout;
    uint32_t *position; /* by PU: its place in the order of ranks */
    uint32_t *home;     /* by PU */
    uint32_t *end;      /* by position: the first rank after the workers of that PU */
};

/* Divides one block of memory into arrays.  With `memory` NULL only adds up their
 * sizes. */
struct pieces {
    char *memory;
    size_t size;
};

static void *piece(struct pieces *pieces, size_t count, size_t size)
{
    void *at = pieces->memory != NULL ? pieces->memory + pieces->size : NULL;

    pieces->size += (count * size + 7) / 8 * 8;
    return at;
}

static uint32_t cpus_of(const struct mag_layout *layout)
{
    uint32_t highest = 0;

    for (uint32_t i = 0; i < layout->pu_count; i++)
        highest = layout->pus[i].os_index > highest ? layout->pus[i].os_index : highest;
    return highest + 1;
}

/* The most homes there can be: one for each node, and one for each PU without a node. */
static uint32_t homes_max(const struct mag_layout *layout)
{
    uint32_t most = layout->nodes;

    for (uint32_t i = 0; i < layout->pu_count; i++)
        most += layout->pus[i].node >= layout->nodes;
    return most;
}

static size_t divide(struct mag_routes *routes, struct draft *draft, void *memory)
{
    struct pieces pieces = {.memory = memory, .size = 0};
    const struct mag_layout *layout = draft->layout;
    size_t cpus = cpus_of(layout);
    size_t queues = layout->nodes != 0 ? layout->nodes : 1;
    size_t homes = homes_max(layout);

    *routes = (struct mag_routes){
        .memory = memory,
        .cpu_count = (uint32_t)cpus,
        .queue_count = (uint32_t)queues,
        .workers = layout->workers,
        .cpu_queue = piece(&pieces, cpus, sizeof(uint16_t)),
        .node_queue = piece(&pieces, queues, sizeof(uint16_t)),
        .cpu_known = piece(&pieces, cpus, sizeof(bool)),
        .cpu_rank = piece(&pieces, cpus, sizeof(uint32_t)),
        .cpu_home = piece(&pieces, cpus, sizeof(uint32_t)),
        .queue_rank = piece(&pieces, queues, sizeof(uint32_t)),
        .rank = piece(&pieces, layout->workers, sizeof(uint32_t)),
        .spots = piece(&pieces, layout->workers, sizeof(struct mag_spot)),
        .homes = piece(&pieces, homes, sizeof(struct mag_home)),
        .nearest = piece(&pieces, homes * homes, sizeof(uint32_t)),
        .between = piece(&pieces, homes * homes, sizeof(uint32_t)),
        .apart = piece(&pieces, queues * queues, sizeof(uint32_t)),
    };
    draft->position = piece(&pieces, layout->pu_count, sizeof(uint32_t));
    draft->home = piece(&pieces, layout->pu_count, sizeof(uint32_t));
    draft->end = piece(&pieces, layout->pu_count, sizeof(uint32_t));
    return pieces.size;
}

size_t mag_routes_size(const struct mag_layout *layout)
{
    struct mag_routes routes;
    struct draft draft = {.layout = layout};

    return divide(&routes, &draft, NULL);
}

/* ----------------------------------------------------------------------- ranks */

static bool is_same_home(const struct mag_pu *a, const struct mag_pu *b)
{
    return a->node == b->node && (a->node != MAG_NONE || a->package == b->package);
}

/* Gives positions to all PUs of the home that PU `first` belongs to. */
static void place_home(struct mag_routes *routes, const struct draft *draft,
                       uint32_t first, uint32_t *placed)
{
    const struct mag_layout *layout = draft->layout;
    uint32_t home = routes->home_count++;

    routes->homes[home] = (struct mag_home){.node = layout->pus[first].node,
                                            .package = layout->pus[first].package};
    for (uint32_t i = first; i < layout->pu_count; i++) {
        if (is_same_home(&layout->pus[first], &layout->pus[i])) {
            draft->position[i] = (*placed)++;
            draft->home[i] = home;
        }
    }
}

/* Keeps the order of the hierarchy, but moves the PUs of one home next to each other.
 * They can be apart if one node spans several packages and the nodes of those packages
 * may not be used. */
static void place_pus(struct mag_routes *routes, const struct draft *draft)
{
    uint32_t placed = 0;

    for (uint32_t i = 0; i < draft->layout->pu_count; i++)
        draft->position[i] = MAG_NONE;
    for (uint32_t i = 0; placed < draft->layout->pu_count; i++) {
        if (draft->position[i] == MAG_NONE)
            place_home(routes, draft, i, &placed);
    }
}

/* Gives the workers their ranks by a counting sort: by PU, and on one PU by number. */
static void rank_workers(struct mag_routes *routes, const struct draft *draft)
{
    const struct mag_layout *layout = draft->layout;
    uint32_t before = 0;

    for (uint32_t i = 0; i < layout->pu_count; i++)
        draft->end[i] = 0;
    for (uint32_t i = 0; i < layout->workers; i++)
        draft->end[draft->position[layout->seats[i].pu]]++;
    for (uint32_t i = 0; i < layout->pu_count; i++) {
        uint32_t here = draft->end[i];

        draft->end[i] = before;
        before += here;
    }
    for (uint32_t i = 0; i < layout->workers; i++) {
        uint32_t rank = draft->end[draft->position[layout->seats[i].pu]]++;

        routes->rank[i] = rank;
        routes->spots[rank] =
            (struct mag_spot){.worker = i, .os_pu = layout->seats[i].os_pu};
    }
}

/* ----------------------------------------------------------------------- spans */

static const struct mag_seat *seat_at(const struct mag_routes *routes,
                                      const struct mag_layout *layout, uint32_t rank)
{
    return &layout->seats[routes->spots[rank].worker];
}

/* Whether two workers belong to the same span. */
typedef bool (*sharing)(const struct mag_seat *a, const struct mag_seat *b);

static bool share_pu(const struct mag_seat *a, const struct mag_seat *b)
{
    return a->pu == b->pu;
}

static bool share_core(const struct mag_seat *a, const struct mag_seat *b)
{
    return mag_seat_reach(a, b) <= MAG_REACH_CORE;
}

static bool share_cache(const struct mag_seat *a, const struct mag_seat *b)
{
    return mag_seat_reach(a, b) <= MAG_REACH_CACHE;
}

static struct mag_span span_from(const struct mag_routes *routes,
                                 const struct mag_layout *layout, uint32_t begin,
                                 sharing shares)
{
    const struct mag_seat *first = seat_at(routes, layout, begin);
    struct mag_span span = {.begin = begin, .end = begin + 1};

    while (span.end < routes->workers && shares(first, seat_at(routes, layout, span.end)))
        span.end++;
    return span;
}

/* A new span begins at each rank that the span of the rank before does not include. */
static void find_spans(struct mag_routes *routes, const struct mag_layout *layout)
{
    struct mag_span pu = {0, 0};
    struct mag_span core = {0, 0};
    struct mag_span cache = {0, 0};

    for (uint32_t i = 0; i < routes->workers; i++) {
        if (i == pu.end)
            pu = span_from(routes, layout, i, share_pu);
        if (i == core.end)
            core = span_from(routes, layout, i, share_core);
        if (i == cache.end)
            cache = span_from(routes, layout, i, share_cache);
        routes->spots[i].pu = pu;
        routes->spots[i].core = core;
        routes->spots[i].cache = cache;
    }
}

/* The ranks of one home are consecutive. */
static void find_homes(struct mag_routes *routes, const struct draft *draft)
{
    for (uint32_t i = 0; i < routes->workers; i++) {
        uint32_t home = draft->home[seat_at(routes, draft->layout, i)->pu];
        struct mag_span *ranks = &routes->homes[home].ranks;

        routes->spots[i].home = home;
        if (ranks->begin == ranks->end)
            ranks->begin = i;
        ranks->end = i + 1;
    }
}

/* ------------------------------------------------------------------- distances */

/* Inserts `item` into an order by the distances in `row`, after all items that are
 * equally far.  The first item always stays first. */
static void insert_by_distance(uint32_t *order, uint32_t count, const uint32_t *row,
                               uint32_t item)
{
    uint32_t at = count;

    for (; at > 1 && row[order[at - 1]] > row[item]; at--)
        order[at] = order[at - 1];
    order[at] = item;
}

static uint32_t home_distance(const struct mag_routes *routes,
                              const struct mag_layout *layout, uint32_t from, uint32_t to)
{
    uint32_t a = routes->homes[from].node;
    uint32_t b = routes->homes[to].node;

    if (a >= layout->nodes || b >= layout->nodes)
        return from == to ? DISTANCE_SAME : DISTANCE_OTHER;
    return layout->distances[(size_t)a * layout->nodes + b];
}

/* The home itself comes first, then the other homes by distance.  Of equally far homes,
 * those in the same package come first. */
static void order_around(struct mag_routes *routes, uint32_t from)
{
    size_t row = (size_t)from * routes->home_count;
    uint32_t *order = &routes->nearest[row];
    uint32_t count = 0;

    order[count++] = from;
    for (unsigned other = 0; other < 2; other++) {
        for (uint32_t to = 0; to < routes->home_count; to++) {
            bool differs = routes->homes[to].package != routes->homes[from].package;

            if (to != from && differs == (other == 1))
                insert_by_distance(order, count++, &routes->between[row], to);
        }
    }
}

static void order_homes(struct mag_routes *routes, const struct mag_layout *layout)
{
    for (uint32_t from = 0; from < routes->home_count; from++) {
        for (uint32_t to = 0; to < routes->home_count; to++)
            routes->between[(size_t)from * routes->home_count + to] =
                home_distance(routes, layout, from, to);
        order_around(routes, from);
    }
}

static void measure_queues(struct mag_routes *routes, const struct mag_layout *layout)
{
    size_t count = routes->queue_count;

    for (size_t i = 0; i < count * count; i++)
        routes->apart[i] = layout->nodes != 0 ? layout->distances[i] : DISTANCE_SAME;
}

/* ---------------------------------------------------------------------- queues */

static void find_queue_workers(struct mag_routes *routes, const struct mag_layout *layout)
{
    for (uint32_t i = 0; i < routes->queue_count; i++)
        routes->queue_rank[i] = MAG_NONE;
    /* Going backwards leaves the first worker of each queue. */
    for (uint32_t i = routes->workers; i-- > 0;) {
        uint32_t node = seat_at(routes, layout, i)->node;

        routes->queue_rank[mag_route_own_queue(routes, node)] = i;
    }
}

/* The nearest node with workers, which will run the jobs of `node`.  Workers look at the
 * queues of other nodes only when they have nothing else to do, which may be never, so
 * the queue of a node without workers must not be used. */
static uint32_t nearest_served(const struct mag_routes *routes, uint32_t node)
{
    const uint32_t *row = &routes->apart[(size_t)node * routes->queue_count];
    uint32_t nearest = MAG_NONE;

    if (routes->queue_rank[node] != MAG_NONE)
        return node;
    for (uint32_t i = 0; i < routes->queue_count; i++) {
        if (routes->queue_rank[i] != MAG_NONE &&
            (nearest == MAG_NONE || row[i] < row[nearest]))
            nearest = i;
    }
    return nearest;
}

/* ------------------------------------------------------------------------ CPUs */

static enum mag_reach reach_of_pu(const struct mag_routes *routes,
                                  const struct mag_layout *layout, uint32_t pu,
                                  uint32_t rank)
{
    const struct mag_pu *from = &layout->pus[pu];
    struct mag_seat seat = {.pu = pu,
                            .os_pu = from->os_index,
                            .core = from->core,
                            .cache = from->cache,
                            .node = from->node,
                            .package = from->package};

    return mag_seat_reach(&seat, seat_at(routes, layout, rank));
}

/* The first worker of the nearest home that has workers. */
static uint32_t nearest_far(const struct mag_routes *routes, uint32_t home)
{
    const uint32_t *nearest = &routes->nearest[(size_t)home * routes->home_count];

    while (routes->homes[*nearest].ranks.end == 0)
        nearest++;
    return routes->homes[*nearest].ranks.begin;
}

/* The nearest worker to a PU.  If the PU has no worker, the nearest one is the next rank
 * before or after it, provided that rank is in the same home: neighboring ranks are close
 * together. */
static uint32_t nearest_rank(const struct mag_routes *routes, const struct draft *draft,
                             uint32_t pu)
{
    uint32_t position = draft->position[pu];
    uint32_t behind = position != 0 ? draft->end[position - 1] : 0;
    enum mag_reach before_reach = MAG_REACH_FAR;
    enum mag_reach behind_reach = MAG_REACH_FAR;

    if (behind != draft->end[position])
        return behind;
    if (behind != routes->workers)
        behind_reach = reach_of_pu(routes, draft->layout, pu, behind);
    if (behind != 0)
        before_reach = reach_of_pu(routes, draft->layout, pu, behind - 1);
    if (behind_reach == MAG_REACH_FAR && before_reach == MAG_REACH_FAR)
        return nearest_far(routes, draft->home[pu]);
    return behind_reach <= before_reach ? behind : behind - 1;
}

static void route_cpus(struct mag_routes *routes, const struct draft *draft)
{
    const struct mag_layout *layout = draft->layout;

    for (uint32_t i = 0; i < routes->cpu_count; i++) {
        routes->cpu_known[i] = false;
        routes->cpu_queue[i] = routes->node_queue[0];
        routes->cpu_rank[i] = routes->queue_rank[routes->node_queue[0]];
        routes->cpu_home[i] = routes->spots[routes->cpu_rank[i]].home;
    }
    for (uint32_t i = 0; i < layout->pu_count; i++) {
        const struct mag_pu *pu = &layout->pus[i];

        routes->cpu_known[pu->os_index] = true;
        routes->cpu_queue[pu->os_index] =
            routes->node_queue[mag_route_own_queue(routes, pu->node)];
        routes->cpu_rank[pu->os_index] = nearest_rank(routes, draft, i);
        routes->cpu_home[pu->os_index] = draft->home[i];
    }
}

void mag_routes_make(struct mag_routes *routes, const struct mag_layout *layout,
                     void *memory)
{
    struct draft draft = {.layout = layout};

    (void)divide(routes, &draft, memory);
    place_pus(routes, &draft);
    rank_workers(routes, &draft);
    find_spans(routes, layout);
    find_homes(routes, &draft);
    order_homes(routes, layout);
    measure_queues(routes, layout);
    find_queue_workers(routes, layout);
    for (uint32_t i = 0; i < routes->queue_count; i++)
        routes->node_queue[i] = (uint16_t)nearest_served(routes, i);
    route_cpus(routes, &draft);
}

/* --------------------------------------------------------------------- answers */

struct victims {
    const struct mag_routes *routes;
    uint32_t *victims;
    struct mag_ring *rings;
    uint32_t ring_capacity;
    uint32_t count;
    uint32_t ring_count;
};

/* Adds the workers of a span, without those of the `inner` span. */
static void add_victims(struct victims *to, struct mag_span span, struct mag_span inner)
{
    for (uint32_t i = span.begin; i < span.end; i++) {
        if (i < inner.begin || i >= inner.end)
            to->victims[to->count++] = to->routes->spots[i].worker;
    }
}

/* Makes a ring of the workers added since the last ring, if there are any. */
static void end_ring(struct victims *to, enum mag_reach reach, uint32_t distance)
{
    if (to->count == (to->ring_count != 0 ? to->rings[to->ring_count - 1].end : 0))
        return;
    if (to->ring_count < to->ring_capacity)
        to->ring_count++;
    to->rings[to->ring_count - 1] =
        (struct mag_ring){.end = to->count, .reach = reach, .distance = distance};
}

static void add_far(struct victims *to, uint32_t home)
{
    const struct mag_routes *routes = to->routes;
    const uint32_t *nearest = &routes->nearest[(size_t)home * routes->home_count];
    const uint32_t *row = &routes->between[(size_t)home * routes->home_count];
    struct mag_span none = {0, 0};

    for (uint32_t i = 1; i < routes->home_count; i++) {
        add_victims(to, routes->homes[nearest[i]].ranks, none);
        if (i + 1 == routes->home_count || row[nearest[i + 1]] != row[nearest[i]])
            end_ring(to, MAG_REACH_FAR, row[nearest[i]]);
    }
}

uint32_t mag_routes_victims(const struct mag_routes *routes, uint32_t worker,
                            uint32_t *ret_victims, struct mag_ring *ret_rings,
                            uint32_t ring_capacity)
{
    struct victims to = {
        .routes = routes, .rings = ret_rings, .ring_capacity = ring_capacity};
    uint32_t rank = routes->rank[worker];
    const struct mag_spot *spot = &routes->spots[rank];
    uint32_t near = routes->between[(size_t)spot->home * (routes->home_count + 1)];
    struct mag_span self = {.begin = rank, .end = rank + 1};

    to.victims = ret_victims;
    add_victims(&to, spot->core, self);
    end_ring(&to, MAG_REACH_CORE, near);
    add_victims(&to, spot->cache, spot->core);
    end_ring(&to, MAG_REACH_CACHE, near);
    add_victims(&to, routes->homes[spot->home].ranks, spot->cache);
    end_ring(&to, MAG_REACH_NODE, near);
    add_far(&to, spot->home);
    return to.ring_count;
}

void mag_routes_queues(const struct mag_routes *routes, uint32_t queue,
                       uint32_t *ret_queues)
{
    const uint32_t *row = &routes->apart[(size_t)queue * routes->queue_count];
    uint32_t count = 0;

    ret_queues[count++] = queue;
    for (uint32_t i = 0; i < routes->queue_count; i++) {
        if (i != queue)
            insert_by_distance(ret_queues, count++, row, i);
    }
}
