/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/state.h"

/* The thread outside sits where worker 0 sits. */
static const struct mag_seat *seat_of(const struct sim *sim, uint32_t worker)
{
    return mag_plan_seat(sim->plan, worker < sim->count ? worker : 0);
}

enum mag_reach sim_reach(const struct sim *sim, uint32_t a, uint32_t b)
{
    return mag_seat_reach(seat_of(sim, a), seat_of(sim, b));
}

static double transfer_ns(const struct sim *sim, uint32_t from, uint32_t to)
{
    static const enum sim_cost costs[] = {[MAG_REACH_CORE] = SIM_LINE_CORE,
                                          [MAG_REACH_CACHE] = SIM_LINE_CACHE,
                                          [MAG_REACH_NODE] = SIM_LINE_NODE};
    enum mag_reach reach = sim_reach(sim, from, to);

    if (reach != MAG_REACH_FAR)
        return sim_cost(sim, costs[reach]);
    return sim_cost(sim, seat_of(sim, from)->package == seat_of(sim, to)->package
                             ? SIM_LINE_PACKAGE
                             : SIM_LINE_FAR);
}

static uint32_t *seen_of(const struct sim *sim, const struct sim_worker *worker,
                         uint32_t line)
{
    return &sim->seen[(size_t)worker->index * sim->line_count + line];
}

/* Waits until no other worker has the line, and gets it from `from`. */
static void transfer(struct sim *sim, struct sim_worker *worker, struct sim_line *line,
                     uint32_t from)
{
    double ns = transfer_ns(sim, from, worker->index);

    if (line->busy > worker->now)
        ns += line->busy - worker->now;
    sim_spend(worker, SIM_SPENT_LINES, ns);
    line->waited += ns;
    line->transfers++;
}

void sim_line_read(struct sim *sim, struct sim_worker *worker, uint32_t number)
{
    struct sim_line *line = &sim->lines[number];
    uint32_t *seen = seen_of(sim, worker, number);

    if (line->owner == worker->index || *seen == line->version)
        return;
    transfer(sim, worker, line, line->owner);
    *seen = line->version;
    line->reader = worker->index;
    line->shared = true;
}

/* A writer has the line alone: writers take turns, and each waits for those before. */
void sim_line_write(struct sim *sim, struct sim_worker *worker, uint32_t number)
{
    struct sim_line *line = &sim->lines[number];
    bool mine = line->owner == worker->index;

    if (!mine || line->shared)
        transfer(sim, worker, line, mine ? line->reader : line->owner);
    line->version++;
    line->owner = worker->index;
    line->shared = false;
    line->busy = worker->now;
    *seen_of(sim, worker, number) = line->version;
}

void sim_line_get(struct sim *sim, struct sim_worker *worker, uint32_t from)
{
    sim_spend(worker, SIM_SPENT_LINES, transfer_ns(sim, from, worker->index));
    sim->outcome.transfers++;
}
