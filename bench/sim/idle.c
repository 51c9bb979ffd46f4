/*
 * idle.c - what a worker without work does: sched/worker/search.c and sched/worker/park.c
 * as steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/state.h"

#include "sched/policy/linger.h"
#include "sched/policy/watch.h"

/* Of eight looks of SIM_VICTIMS_ONE so many go to the same node. */
enum { NEAR_OF_EIGHT = 7 };

static void step_search(struct sim *sim, struct sim_worker *worker);
static void park(struct sim *sim, struct sim_worker *worker);

/* ------------------------------------------------------------------------- jobs */

bool sim_take_queue(struct sim *sim, struct sim_worker *worker, uint32_t number,
                    struct sim_job *ret_job)
{
    struct sim_queue *queue = &sim->queues[number];
    struct sim_job more;

    sim_line_read(sim, worker, sim_line_queue(sim, number));
    sim_spend(worker, SIM_SPENT_SEARCH, sim_cost(sim, SIM_LOOK));
    if (queue->count == 0)
        return false;
    sim_line_write(sim, worker, sim_line_queue(sim, number));
    sim_spend(worker, SIM_SPENT_STEAL, sim_cost(sim, SIM_TAKE));
    if (!sim_queue_pop(queue, ret_job))
        return false;
    for (int i = 1;
         i < SIM_TAKE_MAX && worker->ring.count < SIM_RING && sim_queue_pop(queue, &more);
         i++) {
        if (i == 1)
            sim_line_write(sim, worker, worker->index);
        sim->failed |= !sim_queue_push(&worker->ring, &more);
    }
    return true;
}

static bool take_own(struct sim *sim, struct sim_worker *worker, struct sim_job *ret_job)
{
    sim_spend(worker, SIM_SPENT_RUN, sim_cost(sim, SIM_LOOK));
    if (worker->has_hand) {
        worker->has_hand = false;
        *ret_job = worker->hand;
        return true;
    }
    return sim_queue_pop(&worker->ring, ret_job) ||
           sim_take_queue(sim, worker, worker->queue, ret_job);
}

/* Half of what waits in the victim's ring. */
static bool take_jobs(struct sim *sim, struct sim_worker *worker, uint32_t index,
                      struct sim_job *ret_job)
{
    struct sim_worker *victim = &sim->workers[index];
    uint32_t count = (victim->ring.count + 1) / 2;
    struct sim_job more;

    sim_line_read(sim, worker, index);
    if (count == 0)
        return false;
    sim_line_write(sim, worker, index);
    sim_spend(worker, SIM_SPENT_STEAL, sim_cost(sim, SIM_TAKE));
    sim->outcome.steals[sim_reach(sim, worker->index, index)]++;
    if (!sim_queue_pop(&victim->ring, ret_job))
        return false;
    for (uint32_t i = 1; i < count && i < SIM_RING / 2; i++) {
        (void)sim_queue_pop(&victim->ring, &more);
        sim->failed |= !sim_queue_push(&worker->ring, &more);
    }
    return true;
}

/* ------------------------------------------------------------------- end of search */

void sim_count_searcher(struct sim *sim, const struct sim_worker *worker, int more)
{
    uint32_t cache = sim->routes.spots[worker->rank].cache.begin;

    sim->searching = (uint32_t)((int)sim->searching + more);
    sim->searching_in[cache] = (uint32_t)((int)sim->searching_in[cache] + more);
}

static bool has_work(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->routes.queue_count; i++) {
        if (sim->queues[i].count != 0)
            return true;
    }
    for (uint32_t i = 0; i < sim->count; i++) {
        const struct sim_worker *other = &sim->workers[i];

        if (other->ring.count != 0 || other->top > other->base)
            return true;
    }
    return false;
}

/* As mag_worker_sees_work: until something is seen. */
static bool sees_work(struct sim *sim, struct sim_worker *worker)
{
    if (sim->setup->last_look == SIM_LAST_LOOK_FREE)
        return has_work(sim);
    for (uint32_t i = 0; i < sim->routes.queue_count; i++) {
        sim_line_read(sim, worker, sim_line_queue(sim, i));
        if (sim->queues[i].count != 0)
            return true;
    }
    for (uint32_t i = 0; i < sim->count; i++) {
        const struct sim_worker *other = &sim->workers[i];

        sim_line_read(sim, worker, i);
        sim_spend(worker, SIM_SPENT_SEARCH, sim_cost(sim, SIM_LOOK));
        if (other->ring.count != 0 || other->top > other->base)
            return true;
    }
    return false;
}

/* As mag_sched_notify_seen. */
static void notify(struct sim *sim, struct sim_worker *worker)
{
    const struct mag_paths *paths = &worker->paths;
    uint32_t queue = MAG_NONE;

    for (uint32_t i = 0; i < paths->queue_count && queue == MAG_NONE; i++) {
        if (sim->queues[paths->queues[i]].count != 0)
            queue = paths->queues[i];
    }
    sim_notify(
        sim, worker,
        mag_wake_for_seen(&sim->routes, worker->rank, sim_cpu(sim, worker), queue));
}

static void adapt(struct sim *sim, struct sim_worker *worker, bool found)
{
    worker->spin_us = mag_linger_budget(worker->spin_us, sim->setup->spin_us, found);
}

/* As stop_searching: the last searcher looks once more. */
static void stop_searching(struct sim *sim, struct sim_worker *worker)
{
    sim_line_write(sim, worker, sim_line_state(sim));
    sim_spend(worker, SIM_SPENT_SEARCH, sim_cost(sim, SIM_ATOMIC));
    sim_count_searcher(sim, worker, -1);
    worker->searching = false;
    if (!mag_wake_is_due(sim->parked, sim->searching))
        return;
    if (mag_watch_is_missing(sim->watched, sim->parked, sim->count) ||
        sees_work(sim, worker))
        notify(sim, worker);
}

void sim_stop_early(struct sim *sim, struct sim_worker *worker)
{
    if (sim->setup->waking == SIM_WAKING_EARLY && worker->searching)
        stop_searching(sim, worker);
}

/* Two more, even if others search. */
static void wake_two(struct sim *sim, struct sim_worker *worker)
{
    struct mag_wake wake =
        mag_wake_for_worker(&sim->routes, worker->rank, sim_cpu(sim, worker));

    for (int i = 0; i < 2; i++)
        (void)sim_claim(sim, worker, wake, true);
}

/* What a woken worker does that has found its first work. */
static void wake_more(struct sim *sim, struct sim_worker *worker, bool more)
{
    switch (sim->setup->waking) {
    case SIM_WAKING_ONE:
    case SIM_WAKING_JOBS:
        break;
    case SIM_WAKING_TREE:
        if (sim->setup->graph->feed == NULL)
            wake_two(sim, worker);
        break;
    default:
        if (more)
            sim_wake_beside(sim, worker);
        break;
    }
}

void sim_found(struct sim *sim, struct sim_worker *worker, bool more)
{
    bool fresh = worker->fresh;

    worker->random = worker->search.random;
    worker->fresh = false;
    if (worker->late)
        adapt(sim, worker, true);
    if (worker->searching)
        stop_searching(sim, worker);
    if (fresh)
        wake_more(sim, worker, more);
    worker->chain = 0;
}

/* --------------------------------------------------------------------- searching */

static void begin_pass(struct sim_worker *worker)
{
    worker->search = mag_search_begin(&worker->paths, worker->random);
    worker->looks = 0;
    worker->step = step_search;
}

static void begin_search(struct sim_worker *worker)
{
    worker->late = false;
    worker->joining = false;
    begin_pass(worker);
}

static void relax(struct sim *sim, struct sim_worker *worker)
{
    worker->pauses = mag_linger_pauses(worker->pauses);
    sim_spend(worker, SIM_SPENT_SEARCH, worker->pauses * sim_cost(sim, SIM_PAUSE));
}

static void end_pass(struct sim *sim, struct sim_worker *worker)
{
    worker->random = worker->search.random;
    if (worker->fresh && sim->setup->vain == SIM_VAIN_PARK) {
        park(sim, worker);
        return;
    }
    if (!worker->late) {
        worker->late = true;
        worker->pauses = 0;
        worker->until = (double)mag_linger_until((int64_t)worker->now, worker->spin_us);
    } else if (worker->now >= worker->until) {
        adapt(sim, worker, false);
        park(sim, worker);
        return;
    }
    relax(sim, worker);
    begin_pass(worker);
}

/* One random victim of the same node, or of all. */
static struct mag_search_step look_at_one(struct sim_worker *worker)
{
    const struct mag_paths *paths = &worker->paths;
    struct mag_search_step step = {.where = MAG_SEARCH_END};
    uint32_t near = 0;
    uint32_t all = paths->ring_count != 0 ? paths->rings[paths->ring_count - 1].end : 0;

    if (worker->looks++ == 0 || all == 0)
        return mag_search_next(&worker->search);
    if (worker->looks > 2)
        return step;
    for (uint32_t i = 0; i < paths->ring_count; i++) {
        if (paths->rings[i].reach != MAG_REACH_FAR)
            near = paths->rings[i].end;
    }
    uint32_t most = near;
    if (near == 0 || mag_search_random(&worker->search.random, 8) >= NEAR_OF_EIGHT)
        most = all;
    step.index = paths->victims[mag_search_random(&worker->search.random, most)];
    step.where = MAG_SEARCH_NEAR;
    return step;
}

static struct mag_search_step next_look(const struct sim *sim, struct sim_worker *worker)
{
    if (sim->setup->victims == SIM_VICTIMS_ONE)
        return look_at_one(worker);
    return mag_search_next(&worker->search);
}

static void step_search(struct sim *sim, struct sim_worker *worker)
{
    struct mag_search_step look = next_look(sim, worker);
    struct sim_job job;
    bool found = false;

    worker->step = step_search;
    switch (look.where) {
    case MAG_SEARCH_OWN:
        found = take_own(sim, worker, &job);
        break;
    case MAG_SEARCH_QUEUE:
        found = sim_take_queue(sim, worker, look.index, &job);
        break;
    case MAG_SEARCH_NEAR:
    case MAG_SEARCH_FAR:
        sim_spend(worker, SIM_SPENT_SEARCH, sim_cost(sim, SIM_LOOK));
        found = take_jobs(sim, worker, look.index, &job);
        if (!found)
            (void)sim_steal(sim, worker, look.index, NULL);
        break;
    case MAG_SEARCH_END:
        end_pass(sim, worker);
        break;
    default:
        break;
    }
    if (!found)
        return;
    sim_found(sim, worker, false);
    sim_begin_job(sim, worker, &job);
}

void sim_go_on_searching(struct sim *sim, struct sim_worker *worker)
{
    (void)sim;
    worker->step = step_search;
}

static bool may_search(const struct sim *sim, const struct sim_worker *worker)
{
    uint32_t beside = sim->searching_in[sim->routes.spots[worker->rank].cache.begin];

    return mag_linger_may_search(sim->searching, sim->count - sim->parked) &&
           (sim->setup->searchers == SIM_SEARCHERS_HALF || beside < 2);
}

/* Whether the worker searches now. */
static bool try_search(struct sim *sim, struct sim_worker *worker)
{
    sim_line_read(sim, worker, sim_line_state(sim));
    if (!may_search(sim, worker))
        return false;
    sim_line_write(sim, worker, sim_line_state(sim));
    sim_spend(worker, SIM_SPENT_SEARCH, sim_cost(sim, SIM_ATOMIC));
    sim_count_searcher(sim, worker, 1);
    worker->searching = true;
    begin_search(worker);
    return true;
}

/* By a worker that may not search because others do. */
static void step_stand_by(struct sim *sim, struct sim_worker *worker)
{
    struct sim_job job;

    relax(sim, worker);
    if (take_own(sim, worker, &job))
        sim_begin_job(sim, worker, &job);
    else if (!try_search(sim, worker) && worker->now >= worker->until)
        park(sim, worker);
    else if (worker->step == NULL)
        worker->step = step_stand_by;
}

void sim_step_next(struct sim *sim, struct sim_worker *worker)
{
    struct sim_job job;

    if (take_own(sim, worker, &job)) {
        sim_begin_job(sim, worker, &job);
        return;
    }
    if (try_search(sim, worker))
        return;
    worker->until = worker->now + MAG_LINGER_STAND_BY_NS;
    worker->pauses = 0;
    worker->step = step_stand_by;
}

/* ----------------------------------------------------------------------- parking */

static void announce(struct sim *sim, struct sim_worker *worker)
{
    uint32_t word = worker->rank / 64;

    sim_line_write(sim, worker, sim_line_parked(sim, word));
    sim_line_write(sim, worker, sim_line_state(sim));
    sim_spend(worker, SIM_SPENT_SEARCH, 2 * sim_cost(sim, SIM_ATOMIC));
    sim->parked_bits[word] |= (uint64_t)1 << worker->rank % 64;
    sim->parked++;
    sim_count_searcher(sim, worker, -(int)worker->searching);
    worker->searching = false;
    worker->parked = true;
    worker->watcher =
        mag_watch_begins(sim->watched, sim->parked + sim->searching, sim->count);
    sim->watched |= worker->watcher;
}

static void fall_asleep(struct sim *sim, struct sim_worker *worker)
{
    if (worker->woken) {
        sim_wake_at(sim, worker, worker->now, sim_step_asleep);
        return;
    }
    sim_spend(worker, SIM_SPENT_WAKE, sim_cost(sim, SIM_SLEEP));
    worker->asleep_since = worker->now;
    worker->announced = worker->now;
    if (worker->watcher)
        sim_wake_at(sim, worker, worker->now + worker->nap, sim_step_asleep);
}

static void park(struct sim *sim, struct sim_worker *worker)
{
    sim->outcome.wakes_vain += worker->fresh;
    worker->fresh = false;
    worker->chain = 0;
    worker->step = NULL;
    announce(sim, worker);
    if (sees_work(sim, worker))
        notify(sim, worker);
    worker->nap = MAG_WATCH_NAP_MIN_NS;
    fall_asleep(sim, worker);
}

static void wake_up(struct sim *sim, struct sim_worker *worker)
{
    worker->woken = false;
    worker->parked = false;
    worker->searching = true;
    worker->fresh = true;
    sim_pass_summons(sim, worker);
    if (worker->watcher) {
        worker->watcher = false;
        sim_line_write(sim, worker, sim_line_state(sim));
        sim->watched = false;
    }
    begin_search(worker);
}

/* What the watcher does between two naps. */
static void watch(struct sim *sim, struct sim_worker *worker)
{
    sim_line_read(sim, worker, sim_line_state(sim));
    if (sim->parked == sim->count) {
        sim->watched = false;
        worker->watcher = false;
    } else {
        bool seen = sees_work(sim, worker);

        if (seen)
            notify(sim, worker);
        /* Each worker has a processor of its own. */
        worker->nap = (double)mag_watch_nap(
            (int64_t)worker->nap, seen,
            mag_watch_is_full(sim->count - sim->parked, sim->count));
    }
    fall_asleep(sim, worker);
}

void sim_step_asleep(struct sim *sim, struct sim_worker *worker)
{
    if (worker->asleep_since >= 0)
        worker->spent[SIM_SPENT_PARK] += worker->now - worker->asleep_since;
    worker->asleep_since = -1;
    worker->interrupted = 0;
    if (worker->woken)
        wake_up(sim, worker);
    else
        watch(sim, worker);
}
