/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/memory.h"

#include "base/os.h"
#include "base/space.h"
#include "sched/fork/deque.h"
#include "sched/fork/map.h"
#include "sched/worker/search.h"
#include "sched/worker/spend.h"

#include <magpie/node_memory.h>

#include <string.h>

/*
 * A worker's pages hold, in this order: the worker, its victims, its queues, its looks
 * and its local storage.  Each begins at a multiple of a cache line.
 */
struct layout {
    size_t victims;
    size_t queues;
    size_t looks;
    size_t local;
    size_t size;
};

static size_t lines(size_t size)
{
    return (size + MAG_CACHE_LINE - 1) / MAG_CACHE_LINE * MAG_CACHE_LINE;
}

static struct layout layout_of(const struct mag_sched *sched)
{
    struct layout layout;
    size_t berths = sched->capacity;

    layout.victims = lines(sizeof(struct mag_worker));
    layout.queues = layout.victims + lines(berths * sizeof(uint32_t));
    layout.looks = layout.queues + lines(sched->queue_count * sizeof(uint32_t));
    layout.local = layout.looks + lines(berths * sizeof(struct mag_worker_look));
    layout.size = layout.local + lines(sched->settings.config.local_size);
    return layout;
}

const struct mag_seat *mag_sched_seat(const struct mag_sched *sched, uint32_t index)
{
    return mag_plan_seat(sched->plan,
                         mag_berth_seat(sched->place_count, sched->capacity, index));
}

static uint32_t node_of(const struct mag_berth *berth)
{
    return mag_sched_seat(berth->sched, berth->index)->node;
}

uint32_t mag_berth_os_node(const struct mag_berth *berth)
{
    const struct mag_topology *topology = berth->sched->settings.topology;
    const struct mag_node *node = mag_topology_node(topology, node_of(berth));

    return node != NULL && mag_topology_nodes(topology) > 1 &&
                   mag_topology_is_this_machine(topology)
               ? node->os_index
               : MAG_NONE;
}

int mag_berth_map(struct mag_berth *berth, size_t least, size_t *fork_bytes)
{
    enum mag_placed placed;

    berth->size = layout_of(berth->sched).size;
    int r = mag_node_map(berth->sched->settings.topology, node_of(berth), berth->size,
                         &berth->pages, &placed);
    if (r < 0)
        return r;
    /* If a size was too much for one worker, later workers do not try it again. */
    r = mag_fork_stack_map(least, fork_bytes, &berth->fork_pages);
    berth->fork_bytes = *fork_bytes;
    if (r < 0) {
        mag_node_unmap(berth->pages, berth->size);
        berth->pages = NULL;
        return r;
    }
    if (mag_berth_os_node(berth) != MAG_NONE)
        mag_space_bind(berth->fork_pages, berth->fork_bytes, mag_berth_os_node(berth));
    berth->worker = berth->pages;
    return 0;
}

void mag_berth_unmap(struct mag_berth *berth)
{
    if (berth->pages == NULL)
        return;
    mag_fork_stack_unmap(berth->fork_pages, berth->fork_bytes);
    mag_node_unmap(berth->pages, berth->size);
    berth->pages = NULL;
}

static void begin_join_steal(void *arg, const struct mag_fork_stack *victim,
                             mag_fork_body body)
{
    struct mag_worker *worker = arg;
    bool far = victim->node != mag_worker_forks(worker)->node;

    mag_worker_count_steal(worker, ((const struct mag_worker *)victim->arg)->index, far);
    if (MAG_LIKELY(!mag_sched_is_traced(worker->sched)))
        return;
    mag_trace_steal(worker->sched, worker->index,
                    ((const struct mag_worker *)victim->arg)->index);
    mag_trace_begin(worker->sched, worker->index, (uintptr_t)body, NULL);
}

static void end_join_steal(void *arg)
{
    struct mag_worker *worker = arg;

    if (MAG_UNLIKELY(mag_sched_is_traced(worker->sched)))
        mag_trace_end(worker->sched, worker->index);
}

static void count_join_sleep(void *arg, bool asleep)
{
    struct mag_worker *worker = arg;

    mag_worker_spend(worker, asleep ? MAG_TIME_BLOCKED : MAG_TIME_RUN, mag_os_now_ns());
}

static void prepare_forks(struct mag_berth *berth)
{
    struct mag_fork_stack *forks = mag_fork_stack_init(
        berth->fork_pages, berth->fork_bytes, berth->sched->settings.config.fork_depth,
        berth->sched->fenced);

    forks->node = node_of(berth);
    forks->on_steal = begin_join_steal;
    forks->on_ran = end_join_steal;
    forks->on_sleep = count_join_sleep;
    forks->arg = berth->worker;
    berth->worker->forks = forks;
}

/* Removes the spare berths from the victims: a search looks only at those in use. */
static void drop_spare(struct mag_paths *paths, uint32_t workers)
{
    uint32_t kept = 0;
    uint32_t rings = 0;

    for (uint32_t ring = 0, from = 0; ring < paths->ring_count; ring++) {
        uint32_t before = kept;

        for (; from < paths->rings[ring].end; from++) {
            if (paths->victims[from] < workers)
                paths->victims[kept++] = paths->victims[from];
        }
        if (kept == before)
            continue;
        paths->rings[rings] = paths->rings[ring];
        paths->rings[rings++].end = kept;
    }
    paths->ring_count = rings;
}

static void prepare_paths(struct mag_worker *worker)
{
    const struct mag_routes *routes = &worker->sched->routes;
    struct mag_paths *paths = &worker->paths;

    paths->ring_count = mag_routes_victims(routes, worker->index, paths->victims,
                                           paths->rings, MAG_PATH_RINGS);
    paths->queue_count = routes->queue_count;
    mag_routes_queues(routes, worker->queue, paths->queues);
    drop_spare(paths, worker->sched->worker_count);
    paths->has_spare = worker->sched->capacity != worker->sched->worker_count;
}

static void prepare_parts(struct mag_berth *berth)
{
    struct layout layout = layout_of(berth->sched);
    struct mag_worker *worker = berth->worker;
    char *pages = berth->pages;
    uint32_t node = node_of(berth);

    worker->sched = berth->sched;
    worker->index = berth->index;
    worker->rank = berth->sched->routes.rank[berth->index];
    worker->queue = mag_route_own_queue(&berth->sched->routes, node);
    worker->paths.victims = (uint32_t *)(void *)(pages + layout.victims);
    worker->paths.queues = (uint32_t *)(void *)(pages + layout.queues);
    worker->looks = (struct mag_worker_look *)(void *)(pages + layout.looks);
    worker->local =
        berth->sched->settings.config.local_size != 0 ? pages + layout.local : NULL;
    worker->rest = MAG_SCHED_FAIR_TICKS;
    worker->random = 0x9e3779b97f4a7c15ULL * (berth->index + 1);
    worker->spin_us = berth->sched->settings.config.spin_us;
}

static void prepare_counts(struct mag_worker *worker)
{
    atomic_init(&worker->counts.jobs, 0);
    atomic_init(&worker->counts.posts, 0);
    atomic_init(&worker->counts.steals_near, 0);
    atomic_init(&worker->counts.steals_far, 0);
    atomic_init(&worker->counts.parks, 0);
    atomic_init(&worker->counts.wakes, 0);
    atomic_init(&worker->counts.ended, 0);
    for (uint32_t i = 0; i < MAG_STEAL_RINGS; i++)
        atomic_init(&worker->steals_ring[i], 0);
    mag_times_init(&worker->times);
    mag_note_init(&worker->note);
    atomic_init(&worker->pinned, MAG_PIN_FOREIGN);
    atomic_init(&worker->thread, 0);
    atomic_init(&worker->benched, false);
    atomic_init(&worker->blocks, false);
    atomic_init(&worker->dismissed, false);
}

void mag_berth_prepare(struct mag_berth *berth)
{
    struct mag_worker *worker = berth->worker;

    /* Touched here first, by the worker's own thread, so the pages are on its node in any
     * case. */
    memset(berth->pages, 0, berth->size);
    prepare_parts(berth);
    prepare_counts(worker);
    mag_runq_init(&worker->ring, worker->slots, MAG_WORKER_RING, 0);
    mag_hand_init(&worker->hand, berth->sched->fenced);
    mag_inject_init(&worker->inbox);
    mag_sleeper_init(&worker->sleeper);
    prepare_forks(berth);
    prepare_paths(worker);
}

int mag_berth_open(struct mag_berth *berth)
{
    size_t bytes = berth->sched->settings.spare_bytes;
    int r = mag_berth_map(berth, bytes, &bytes);

    if (r < 0)
        return r;
    mag_berth_prepare(berth);
    /* open, release: the berth is complete before it can be seen. */
    atomic_store_explicit(&berth->open, true, memory_order_release);
    return 0;
}
