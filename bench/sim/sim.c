/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/sim.h"

#include "bench/sim/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *sim_spent_name(enum sim_spent spent)
{
    static const char *const names[SIM_SPENTS] = {
        [SIM_SPENT_RUN] = "run",       [SIM_SPENT_REMOTE] = "remote",
        [SIM_SPENT_SEARCH] = "search", [SIM_SPENT_STEAL] = "steal",
        [SIM_SPENT_WAKE] = "wake",     [SIM_SPENT_WAIT] = "wait",
        [SIM_SPENT_LINES] = "lines",   [SIM_SPENT_PARK] = "park"};

    return names[spent];
}

/* ----------------------------------------------------------------------- machine */

/* What has a queue: a node, or a cache. */
static uint32_t domain_of(const struct sim *sim, uint32_t node, uint32_t cache)
{
    return sim->setup->queues == SIM_QUEUES_CACHE ? cache : node;
}

static uint32_t count_domains(const struct sim *sim)
{
    const struct mag_topology *topology = sim->setup->topology;
    uint32_t count = mag_topology_nodes(topology);

    if (sim->setup->queues == SIM_QUEUES_NODE)
        return count;
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
        uint32_t cache = mag_topology_pu(topology, i)->cache;

        count = cache >= count ? cache + 1 : count;
    }
    return count;
}

/* Of domains; caches of one node are nearer to each other than nodes are. */
static void fill_distances(const struct sim *sim, const struct mag_layout *layout,
                           uint32_t *distances)
{
    const struct mag_topology *topology = sim->setup->topology;
    uint32_t count = layout->nodes;
    uint32_t *nodes = distances + (size_t)count * count;

    for (uint32_t i = 0; i < count; i++)
        nodes[i] = i;
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
        uint32_t node = mag_topology_pu(topology, i)->node;

        if (layout->pus[i].node < count)
            nodes[layout->pus[i].node] = node < mag_topology_nodes(topology) ? node : 0;
    }
    for (uint32_t i = 0; i < count * count; i++) {
        uint32_t from = nodes[i / count];
        uint32_t into = nodes[i % count];

        distances[i] = mag_topology_distance(topology, from, into);
        if (sim->setup->queues == SIM_QUEUES_CACHE)
            distances[i] = i / count == i % count ? 0 : distances[i] + 1;
    }
}

/* The routes, as a scheduler makes them. */
static int make_routes(struct sim *sim)
{
    const struct mag_topology *topology = sim->setup->topology;
    uint32_t nodes = count_domains(sim);
    uint32_t pu_count = mag_topology_pus(topology);
    struct mag_pu *pus = calloc(pu_count, sizeof(*pus));
    struct mag_seat *seats = calloc(sim->count, sizeof(*seats));
    uint32_t *distances = calloc((size_t)nodes * (nodes + 1) + 1, sizeof(*distances));
    struct mag_layout layout = {.pus = pus,
                                .pu_count = pu_count,
                                .seats = seats,
                                .workers = sim->count,
                                .distances = distances,
                                .nodes = nodes};
    int r = -ENOMEM;

    if (pus != NULL && seats != NULL && distances != NULL) {
        for (uint32_t i = 0; i < pu_count; i++) {
            pus[i] = *mag_topology_pu(topology, i);
            pus[i].node = domain_of(sim, pus[i].node, pus[i].cache);
        }
        for (uint32_t i = 0; i < sim->count; i++) {
            seats[i] = *mag_plan_seat(sim->plan, i);
            seats[i].node = domain_of(sim, seats[i].node, seats[i].cache);
        }
        fill_distances(sim, &layout, distances);
        sim->routes_memory = malloc(mag_routes_size(&layout));
    }
    if (sim->routes_memory != NULL) {
        mag_routes_make(&sim->routes, &layout, sim->routes_memory);
        r = 0;
    }
    free(pus);
    free(seats);
    free(distances);
    return r;
}

/* How long work takes on this seat: longer if another worker has the same core. */
static double slowness(const struct sim *sim, uint32_t worker)
{
    uint32_t core = mag_plan_seat(sim->plan, worker)->core;

    for (uint32_t i = 0; i < sim->count; i++) {
        if (i != worker && mag_plan_seat(sim->plan, i)->core == core)
            return sim_cost(sim, SIM_SMT) / 100;
    }
    return 1;
}

/* ----------------------------------------------------------------------- workers */

static void prepare_paths(struct sim *sim, struct sim_worker *worker)
{
    uint32_t each = sim->count + sim->routes.queue_count;
    struct mag_paths *paths = &worker->paths;

    paths->victims = &sim->numbers[(size_t)worker->index * each];
    paths->queues = paths->victims + sim->count;
    paths->queue_count = sim->routes.queue_count;
    paths->ring_count = mag_routes_victims(&sim->routes, worker->index, paths->victims,
                                           paths->rings, MAG_PATH_RINGS);
    mag_routes_queues(&sim->routes, worker->queue, paths->queues);
}

/* Asleep, and without a watcher: nothing has been posted. */
static void prepare_worker(struct sim *sim, uint32_t index)
{
    struct sim_worker *worker = &sim->workers[index];
    uint32_t node = mag_plan_seat(sim->plan, index)->node;
    uint32_t cache = mag_plan_seat(sim->plan, index)->cache;

    worker->rank = sim->routes.rank[index];
    worker->node = node < sim->nodes ? node : 0;
    worker->queue = mag_route_own_queue(&sim->routes, domain_of(sim, node, cache));
    worker->slow = slowness(sim, index);
    /* As the scheduler's own, for seed 0. */
    worker->random =
        0x9e3779b97f4a7c15ULL * (index + 1) ^ sim->setup->seed * 0xd1342543de82ef95ULL;
    if (worker->random == 0)
        worker->random = 1;
    worker->spin_us = sim->setup->spin_us;
    worker->parked = true;
    worker->asleep_since = 0;
    sim->parked_bits[worker->rank / 64] |= (uint64_t)1 << worker->rank % 64;
    prepare_paths(sim, worker);
}

static int prepare_memory(struct sim *sim)
{
    size_t all = (size_t)sim->count + 1;
    uint64_t bursts = sim->feed.jobs / sim->feed.at_once;

    sim->line_count = sim->count + 1 + SIM_WORKERS_MAX / 64 + sim->routes.queue_count;
    sim->workers = calloc(all, sizeof(*sim->workers));
    sim->heap = calloc(all, sizeof(*sim->heap));
    sim->lines = calloc(sim->line_count, sizeof(*sim->lines));
    sim->seen = calloc(all * sim->line_count, sizeof(*sim->seen));
    sim->numbers = calloc(sim->count * ((size_t)sim->count + sim->routes.queue_count),
                          sizeof(*sim->numbers));
    sim->queues = calloc(sim->routes.queue_count, sizeof(*sim->queues));
    sim->memory_busy = calloc(sim->nodes, sizeof(*sim->memory_busy));
    sim->bursts = calloc(bursts, sizeof(*sim->bursts));
    if (sim->workers == NULL || sim->heap == NULL || sim->lines == NULL ||
        sim->seen == NULL || sim->numbers == NULL || sim->queues == NULL ||
        sim->memory_busy == NULL || sim->bursts == NULL)
        return -ENOMEM;
    return 0;
}

static int prepare(struct sim *sim)
{
    const struct sim_graph *graph = sim->setup->graph;
    int r = mag_plan_make(sim->setup->topology, sim->setup->placement, sim->count, NULL,
                          0, &sim->plan);

    if (r < 0)
        return r;
    sim->feed = (struct sim_feed){.jobs = 1, .at_once = 1};
    if (graph->feed != NULL)
        graph->feed(sim->setup->size, &sim->feed);
    uint32_t nodes = mag_topology_nodes(sim->setup->topology);
    sim->nodes = nodes != 0 ? nodes : 1;
    r = make_routes(sim);
    if (r == 0)
        r = prepare_memory(sim);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i <= sim->count; i++) {
        sim->workers[i].index = i;
        sim->workers[i].at = MAG_NONE;
        sim->workers[i].asleep_since = -1;
    }
    for (uint32_t i = 0; i < sim->count; i++) {
        sim->lines[i].owner = i;
        prepare_worker(sim, i);
    }
    sim->parked = sim->count;
    sim_wake_at(sim, &sim->workers[sim->count], 0, sim_step_feed);
    return 0;
}

static void clean_up(struct sim *sim)
{
    for (uint32_t i = 0; sim->workers != NULL && i < sim->count; i++) {
        free(sim->workers[i].slots);
        free(sim->workers[i].frames);
        free(sim->workers[i].code.ops);
        free(sim->workers[i].ring.jobs);
    }
    for (uint32_t i = 0; sim->queues != NULL && i < sim->routes.queue_count; i++)
        free(sim->queues[i].jobs);
    free(sim->workers);
    free(sim->heap);
    free(sim->lines);
    free(sim->seen);
    free(sim->numbers);
    free(sim->queues);
    free(sim->memory_busy);
    free(sim->bursts);
    free(sim->routes_memory);
    mag_plan_free(sim->plan);
}

/* ----------------------------------------------------------------------- outcome */

static void name_line(const struct sim *sim, uint32_t line, char *name, size_t size)
{
    uint32_t parked = sim_line_parked(sim, 0);
    uint32_t queue = sim_line_queue(sim, 0);

    if (line < sim->count)
        (void)snprintf(name, size, "stack of worker %u", line);
    else if (line < parked)
        (void)snprintf(name, size, "state word");
    else if (line < queue)
        (void)snprintf(name, size, "bitmap of ranks from %u", (line - parked) * 64);
    else
        (void)snprintf(name, size, "queue %u", line - queue);
}

static void sum_lines(const struct sim *sim, struct sim_outcome *outcome)
{
    uint32_t hottest = 0;

    for (uint32_t i = 0; i < sim->line_count; i++) {
        outcome->transfers += sim->lines[i].transfers;
        if (sim->lines[i].waited > sim->lines[hottest].waited)
            hottest = i;
    }
    name_line(sim, hottest, outcome->hottest, sizeof(outcome->hottest));
    outcome->hottest_ns = sim->lines[hottest].waited;
    outcome->hottest_transfers = sim->lines[hottest].transfers;
}

/* The step that a worker has not finished at the end counts up to the end. */
static void sum_worker(const struct sim_worker *worker, struct sim_outcome *outcome)
{
    double rest = outcome->ns;
    enum sim_spent last = SIM_SPENT_SEARCH;

    if (worker->asleep_since >= 0)
        last = worker->parked ? SIM_SPENT_PARK : SIM_SPENT_WAIT;
    for (int i = 0; i < SIM_SPENTS; i++) {
        outcome->spent[i] += worker->spent[i];
        rest -= worker->spent[i];
    }
    outcome->spent[last] += rest;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static void sum_up(struct sim *sim, struct sim_outcome *ret_outcome)
{
    struct sim_outcome *outcome = &sim->outcome;
    uint64_t bursts = sim->feed.jobs / sim->feed.at_once;

    for (uint32_t i = 0; i < sim->count; i++)
        sum_worker(&sim->workers[i], outcome);
    for (int i = 0; i < SIM_SPENTS; i++)
        outcome->cpu_ns += i != SIM_SPENT_PARK ? outcome->spent[i] : 0;
    sum_lines(sim, outcome);
    qsort(sim->bursts, bursts, sizeof(*sim->bursts), by_size);
    outcome->burst_ns = sim->bursts[bursts / 2];
    *ret_outcome = *outcome;
}

int sim_run_setup(const struct sim_setup *setup, struct sim_outcome *ret_outcome)
{
    struct sim sim = {.setup = setup, .count = setup->workers};
    int r;

    if (setup->workers < 1 || setup->workers > SIM_WORKERS_MAX)
        return -EINVAL;
    r = prepare(&sim);
    if (r == 0) {
        sim_events_run(&sim);
        if (sim.failed)
            r = -ENOMEM;
        else if (!sim.over)
            r = -EDEADLK;
    }
    if (r == 0)
        sum_up(&sim, ret_outcome);
    clean_up(&sim);
    return r;
}
