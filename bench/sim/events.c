/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/state.h"

/* ------------------------------------------------------------------------- heap */

/* The earliest first; of two at once, the lower number. */
static bool is_before(const struct sim *sim, uint32_t a, uint32_t b)
{
    double left = sim->workers[a].now;
    double right = sim->workers[b].now;

    return left < right || (left <= right && a < b);
}

static void put(struct sim *sim, uint32_t at, uint32_t worker)
{
    sim->heap[at] = worker;
    sim->workers[worker].at = at;
}

static void sift_up(struct sim *sim, uint32_t at)
{
    uint32_t worker = sim->heap[at];

    for (; at > 0 && is_before(sim, worker, sim->heap[(at - 1) / 2]); at = (at - 1) / 2)
        put(sim, at, sim->heap[(at - 1) / 2]);
    put(sim, at, worker);
}

static void sift_down(struct sim *sim, uint32_t at)
{
    uint32_t worker = sim->heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < sim->heap_count &&
            is_before(sim, sim->heap[child + 1], sim->heap[child]))
            child++;
        if (child >= sim->heap_count || !is_before(sim, sim->heap[child], worker))
            break;
        put(sim, at, sim->heap[child]);
        at = child;
    }
    put(sim, at, worker);
}

static void remove_first(struct sim *sim)
{
    sim->workers[sim->heap[0]].at = MAG_NONE;
    if (--sim->heap_count == 0)
        return;
    put(sim, 0, sim->heap[sim->heap_count]);
    sift_down(sim, 0);
}

void sim_wake_at(struct sim *sim, struct sim_worker *worker, double when, sim_step step)
{
    worker->now = when;
    worker->step = step;
    if (worker->at == MAG_NONE)
        put(sim, sim->heap_count++, worker->index);
    sift_up(sim, worker->at);
    sift_down(sim, worker->at);
}

/* ------------------------------------------------------------------------- loop */

/* While a worker runs it is not in the heap, and the others' first says how far it may
 * run ahead. */
static bool may_run(const struct sim *sim, const struct sim_worker *worker)
{
    if (worker->step == NULL || worker->at != MAG_NONE || sim->over || sim->failed)
        return false;
    return sim->heap_count == 0 ||
           worker->now <= sim->workers[sim->heap[0]].now + SIM_AHEAD_NS;
}

void sim_events_run(struct sim *sim)
{
    while (!sim->over && !sim->failed && sim->heap_count > 0) {
        struct sim_worker *worker = &sim->workers[sim->heap[0]];

        remove_first(sim);
        do {
            sim_step step = worker->step;

            worker->step = NULL;
            step(sim, worker);
        } while (may_run(sim, worker));
        if (worker->step != NULL && worker->at == MAG_NONE)
            sim_wake_at(sim, worker, worker->now, worker->step);
    }
}
