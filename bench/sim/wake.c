/*
 * wake.c - who is woken: what sched/worker/wake.c and the claims of sched/idle/idle.c do.
 * The order is that of mag_wake_next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/state.h"

uint32_t sim_cpu(const struct sim *sim, const struct sim_worker *worker)
{
    return worker->index < sim->count ? sim->routes.spots[worker->rank].os_pu : MAG_NONE;
}

/* Takes the bit of a parked worker in a span. */
static uint32_t claim_bit(struct sim *sim, struct sim_worker *worker,
                          struct mag_span span, struct mag_span avoid)
{
    for (uint32_t word = span.begin / 64; word * 64 < span.end; word++) {
        uint64_t wanted = mag_span_bits(span, word) & ~mag_span_bits(avoid, word);

        sim_line_read(sim, worker, sim_line_parked(sim, word));
        if ((sim->parked_bits[word] & wanted) == 0)
            continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(sim->parked_bits[word] & wanted);

        sim_line_write(sim, worker, sim_line_parked(sim, word));
        sim->parked_bits[word] &= ~((uint64_t)1 << bit);
        return word * 64 + bit;
    }
    return MAG_NONE;
}

static void note_awake(struct sim *sim, double when)
{
    uint32_t awake = sim->count - sim->parked;

    if (awake <= sim->outcome.most_awake)
        return;
    sim->outcome.most_awake = awake;
    sim->outcome.all_awake_ns = when;
}

static void give_wake(struct sim *sim, struct sim_worker *worker, uint32_t rank)
{
    struct sim_worker *sleeper = &sim->workers[sim->routes.spots[rank].worker];

    sim_count_searcher(sim, sleeper, 1);
    sim_spend(worker, SIM_SPENT_WAKE, sim_cost(sim, SIM_WAKE_CALL));
    sleeper->woken = true;
    sleeper->chain = worker->chain + 1;
    sim->outcome.wakes++;
    if (sleeper->chain > sim->outcome.chain)
        sim->outcome.chain = sleeper->chain;
    double when = worker->now + sim_cost(sim, SIM_WAKE_DELAY);
    if (when < sleeper->announced)
        when = sleeper->announced;
    note_awake(sim, when);
    sim_wake_at(sim, sleeper, when, sim_step_asleep);
}

bool sim_claim(struct sim *sim, struct sim_worker *worker, struct mag_wake wake,
               bool even_so)
{
    struct mag_wake_walk walk = mag_wake_begin(wake);
    uint32_t rank = MAG_NONE;

    sim_line_read(sim, worker, sim_line_state(sim));
    if (sim->parked == 0 || (sim->searching != 0 && !even_so))
        return false;
    sim_line_write(sim, worker, sim_line_state(sim));
    sim_spend(worker, SIM_SPENT_WAKE, 2 * sim_cost(sim, SIM_ATOMIC));
    sim->parked--;
    while (rank == MAG_NONE) {
        struct mag_span span = mag_wake_next(&sim->routes, &walk);

        rank = claim_bit(sim, worker, span, walk.wake.avoid);
    }
    give_wake(sim, worker, rank);
    return true;
}

void sim_notify(struct sim *sim, struct sim_worker *worker, struct mag_wake wake)
{
    sim_line_read(sim, worker, sim_line_state(sim));
    if (mag_wake_is_due(sim->parked, sim->searching))
        (void)sim_claim(sim, worker, wake, false);
}

void sim_notify_watcher(struct sim *sim, struct sim_worker *worker)
{
    sim_line_read(sim, worker, sim_line_state(sim));
    if (!sim->watched && mag_wake_is_due(sim->parked, sim->searching))
        (void)sim_claim(
            sim, worker,
            mag_wake_for_worker(&sim->routes, worker->rank, sim_cpu(sim, worker)), false);
}

/* As mag_idle_parked_in, of the worker's cache. */
static bool sleeps_beside(struct sim *sim, struct sim_worker *worker,
                          struct mag_span avoid)
{
    struct mag_span cache = sim->routes.spots[worker->rank].cache;

    for (uint32_t word = cache.begin / 64; word * 64 < cache.end; word++) {
        uint64_t wanted = mag_span_bits(cache, word) & ~mag_span_bits(avoid, word);

        sim_line_read(sim, worker, sim_line_parked(sim, word));
        if ((sim->parked_bits[word] & wanted) != 0)
            return true;
    }
    return false;
}

void sim_wake_beside(struct sim *sim, struct sim_worker *worker)
{
    struct mag_wake wake =
        mag_wake_for_worker(&sim->routes, worker->rank, sim_cpu(sim, worker));

    for (int i = 0; i < MAG_WAKE_BESIDE; i++) {
        sim_line_read(sim, worker, sim_line_state(sim));
        if (!mag_wake_one_beside(sim->searching, sim->count - sim->parked) ||
            !sleeps_beside(sim, worker, wake.avoid))
            return;
        (void)sim_claim(sim, worker, wake, true);
    }
}

/* ---------------------------------------------------------------------- summons */

void sim_summon(struct sim *sim, struct sim_worker *worker, struct mag_wake wake,
                uint64_t jobs)
{
    uint64_t parked = sim->parked < jobs ? sim->parked : jobs;

    if (parked == 0)
        return;
    sim->summons = parked - 1;
    (void)sim_claim(sim, worker, wake, true);
}

void sim_pass_summons(struct sim *sim, struct sim_worker *worker)
{
    struct mag_wake wake =
        mag_wake_for_worker(&sim->routes, worker->rank, sim_cpu(sim, worker));

    for (int i = 0; i < 2 && sim->summons > 0; i++) {
        sim->summons--;
        if (!sim_claim(sim, worker, wake, true))
            sim->summons = 0;
    }
}
