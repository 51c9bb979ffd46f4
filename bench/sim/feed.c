/*
 * feed.c - the thread outside, which posts the root, or the jobs of a load.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/state.h"

/* The CPU that it runs on: that of worker 0. */
static uint32_t outside_cpu(const struct sim *sim)
{
    return mag_plan_seat(sim->plan, 0)->os_pu;
}

static bool post(struct sim *sim, struct sim_worker *outside, uint32_t queue)
{
    struct sim_job job = {.outside = true};

    sim->setup->graph->root(sim->setup->size, sim->posted++, &job.node);
    sim_spend(outside, SIM_SPENT_RUN, sim_cost(sim, SIM_POST));
    sim_line_write(sim, outside, sim_line_queue(sim, queue));
    return sim_queue_push(&sim->queues[queue], &job);
}

static bool is_tree(const struct sim *sim)
{
    return sim->setup->waking == SIM_WAKING_TREE ||
           (sim->setup->waking != SIM_WAKING_ONE && sim->feed.bulk);
}

void sim_step_feed(struct sim *sim, struct sim_worker *outside)
{
    uint32_t queue = mag_route_cpu_queue(&sim->routes, outside_cpu(sim));
    struct mag_wake wake = mag_wake_for_queue(&sim->routes, queue, outside_cpu(sim));
    bool tree = is_tree(sim);

    sim->burst_began = outside->now;
    for (uint64_t i = 0; i < sim->feed.at_once; i++) {
        sim->failed |= !post(sim, outside, queue);
        if (!tree && !(sim->feed.bulk && i > 0))
            sim_notify(sim, outside, wake);
    }
    if (tree)
        sim_summon(sim, outside, wake, sim->feed.at_once);
    if (!sim->feed.open || sim->posted == sim->feed.jobs)
        return;
    double next = sim->burst_began + sim->feed.every_ns;
    sim_wake_at(sim, outside, next > outside->now ? next : outside->now, sim_step_feed);
}

static void end_burst(struct sim *sim, const struct sim_worker *worker)
{
    struct sim_worker *outside = &sim->workers[sim->count];
    double next = sim->burst_began + sim->feed.every_ns;

    sim->bursts[sim->ended / sim->feed.at_once - 1] = worker->now - sim->burst_began;
    if (!sim->over)
        sim_wake_at(sim, outside, next > worker->now ? next : worker->now, sim_step_feed);
}

void sim_job_ended(struct sim *sim, struct sim_worker *worker)
{
    sim->ended++;
    sim->over = sim->ended == sim->feed.jobs;
    if (sim->over)
        sim->outcome.ns = worker->now;
    if (sim->ended == sim->posted && !sim->feed.open)
        end_burst(sim, worker);
}
