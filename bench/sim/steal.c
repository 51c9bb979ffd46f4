/*
 * steal.c - thieves: what mag_fork_stack_steal does, with its lock, its sharing by force
 * and its membarrier.
 *
 * A membarrier is a lock of the whole system, and an interrupt of each running worker.
 * The thief holds the victim's lock meanwhile; an owner that needs it waits.
 * docs/design/many-cores.md says what the other forms are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/state.h"

#include "sched/policy/share.h"

static uint32_t waiting_in(const struct sim_worker *victim)
{
    return victim->top > victim->base ? victim->top - victim->base : 0;
}

/* As open_zone: no child waits from `at` on. */
void sim_share_begin(struct sim_worker *worker, uint32_t at)
{
    if (worker->base < at)
        return;
    worker->base = at;
    worker->split = at + (uint32_t)mag_share_by_owner(UINT32_MAX - at);
    worker->patience = MAG_SHARE_PATIENCE;
}

/* The owner needs no barrier to share its own children. */
void sim_share_as_asked(struct sim *sim, struct sim_worker *worker)
{
    uint32_t waiting = waiting_in(worker);

    worker->asked = false;
    /* The tag is on a line of its own. */
    if (sim->setup->force == SIM_FORCE_TAG)
        sim_line_get(sim, worker, worker->asker);
    if (worker->split > worker->base || worker->locked > worker->now)
        return;
    if (waiting > MAG_SHARE_LOOK_MAX)
        waiting = MAG_SHARE_LOOK_MAX;
    worker->split = worker->base + mag_share_by_thief(waiting);
    sim_line_write(sim, worker, worker->index);
    sim_spend(worker, SIM_SPENT_RUN, 2 * sim_cost(sim, SIM_ATOMIC));
}

static void take(struct sim *sim, struct sim_worker *worker, struct sim_worker *victim)
{
    uint32_t slot = victim->base++;
    enum mag_reach reach = sim_reach(sim, worker->index, victim->index);

    victim->slots[slot].taken = true;
    victim->slots[slot].thief = worker->index;
    victim->slots[slot].begun = worker->top;
    sim->outcome.steals[reach]++;
    sim->outcome.helped += worker->joining;
    sim_line_write(sim, worker, victim->index);
    /* The child itself is a line of its own. */
    sim_line_get(sim, worker, victim->index);
    sim_spend(worker, SIM_SPENT_STEAL, sim_cost(sim, SIM_TAKE));
    if (!worker->joining)
        sim_found(sim, worker, waiting_in(victim) != 0);
    sim_begin_child(sim, worker, victim->index, slot);
}

/* ------------------------------------------------------------------ the membarrier */

static bool is_interrupted(const struct sim_worker *worker)
{
    return !worker->parked && worker->asleep_since < 0;
}

static void after_barrier(struct sim *sim, struct sim_worker *worker)
{
    struct sim_worker *victim = &sim->workers[worker->victim];
    uint32_t waiting = waiting_in(victim);
    uint32_t shared = victim->split > victim->base ? victim->split - victim->base : 0;

    if (waiting < shared)
        victim->split = victim->base + waiting;
    if (waiting != 0 && shared != 0) {
        take(sim, worker, victim);
        return;
    }
    sim->outcome.misses++;
    if (worker->joining)
        worker->step = sim_step_join;
    else
        sim_go_on_searching(sim, worker);
}

/* Interrupts a worker; returns what that takes its thief. */
static double interrupt(const struct sim *sim, struct sim_worker *worker)
{
    if (!is_interrupted(worker))
        return 0;
    worker->interrupted += sim_cost(sim, SIM_INTERRUPT);
    return sim_cost(sim, SIM_IPI);
}

/* One call after the other: when this one ends, which takes `ns`. */
static double in_turn(struct sim *sim, double now, double ns)
{
    sim->barrier_begin = now > sim->barrier_busy ? now : sim->barrier_busy;
    sim->barrier_busy = sim->barrier_begin + ns;
    return sim->barrier_busy;
}

/* Until when the thief waits. */
static double bar(struct sim *sim, const struct sim_worker *worker,
                  struct sim_worker *victim)
{
    enum sim_barrier form = sim->setup->barrier;
    double ns = sim_cost(sim, SIM_BARRIER);

    /* A call that has not begun yet serves this thief too. */
    if (form == SIM_BARRIER_SHARED && worker->now < sim->barrier_begin)
        return sim->barrier_busy;
    sim->outcome.barriers++;
    if (form == SIM_BARRIER_ONE || form == SIM_BARRIER_LOCKED) {
        ns += interrupt(sim, victim);
        return form == SIM_BARRIER_ONE ? worker->now + ns : in_turn(sim, worker->now, ns);
    }
    for (uint32_t i = 0; i < sim->count; i++) {
        if (i != worker->index)
            ns += interrupt(sim, &sim->workers[i]);
    }
    return in_turn(sim, worker->now, ns);
}

static void share_by_force(struct sim *sim, struct sim_worker *worker,
                           struct sim_worker *victim)
{
    uint32_t waiting = waiting_in(victim);

    if (!worker->joining)
        sim_stop_early(sim, worker);
    if (waiting > MAG_SHARE_LOOK_MAX)
        waiting = MAG_SHARE_LOOK_MAX;
    victim->split = victim->base + mag_share_by_thief(waiting);
    victim->locked = bar(sim, worker, victim);
    sim_spend(worker, SIM_SPENT_STEAL, victim->locked - worker->now);
    worker->now = victim->locked;
    worker->victim = victim->index;
    worker->step = after_barrier;
}

/* ----------------------------------------------------------------------- stealing */

/* The thief finds the newest child by a look at a row of them, line by line. */
static void ask(struct sim *sim, struct sim_worker *worker, struct sim_worker *victim)
{
    uint32_t waiting = waiting_in(victim);

    if (waiting > MAG_SHARE_LOOK_MAX)
        waiting = MAG_SHARE_LOOK_MAX;
    victim->asked = true;
    victim->asker = worker->index;
    victim->tag = victim->base + waiting - 1;
    for (uint32_t i = 1; i < waiting && sim->setup->force == SIM_FORCE_TAG; i++)
        sim_line_get(sim, worker, victim->index);
}

/* Whether the oldest child of the victim descends from the one that is joined. */
static bool descends(const struct sim_worker *victim, const struct sim_slot *joined)
{
    return !joined->done && victim->base >= joined->begun;
}

enum sim_steal sim_steal(struct sim *sim, struct sim_worker *worker, uint32_t index,
                         const struct sim_slot *joined)
{
    struct sim_worker *victim = &sim->workers[index];

    sim_line_read(sim, worker, index);
    if (waiting_in(victim) == 0) {
        sim->outcome.misses++;
        return SIM_STEAL_NOTHING;
    }
    sim_line_write(sim, worker, index);
    if (victim->locked > worker->now || waiting_in(victim) == 0 ||
        (joined != NULL && !descends(victim, joined))) {
        sim->outcome.misses++;
        return SIM_STEAL_NOTHING;
    }
    if (victim->base >= victim->split) {
        if (sim->setup->force != SIM_FORCE_AT_ONCE && !worker->joining && !worker->late) {
            ask(sim, worker, victim);
            sim->outcome.misses++;
            return SIM_STEAL_NOTHING;
        }
        share_by_force(sim, worker, victim);
        return SIM_STEAL_WAITS;
    }
    take(sim, worker, victim);
    return SIM_STEAL_DONE;
}
