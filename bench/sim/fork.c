/*
 * fork.c - functions that run: their forks, their calls, their joins.  The stack of
 * children is that of sched/fork/deque.c; how much of it is shared, share.h decides.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/state.h"

#include "sched/policy/share.h"

#include <stdlib.h>

/* ----------------------------------------------------------------------- frames */

static struct sim_frame *push_frame(struct sim *sim, struct sim_worker *worker,
                                    const struct sim_node *node)
{
    if (worker->depth == worker->frame_capacity) {
        uint32_t capacity = worker->depth != 0 ? worker->depth * 2 : 64;
        struct sim_frame *frames = realloc(worker->frames, capacity * sizeof(*frames));

        if (frames == NULL) {
            sim->failed = true;
            return NULL;
        }
        worker->frames = frames;
        worker->frame_capacity = capacity;
    }
    struct sim_frame *frame = &worker->frames[worker->depth++];

    *frame = (struct sim_frame){
        .from = worker->code.count, .at = worker->code.count, .owner = MAG_NONE};
    sim->setup->graph->unfold(&sim->setup->costs, node, &worker->code);
    sim->failed |= worker->code.failed;
    sim->outcome.nodes++;
    worker->step = sim_step_run;
    return frame;
}

void sim_begin_job(struct sim *sim, struct sim_worker *worker, const struct sim_job *job)
{
    struct sim_frame *frame = push_frame(sim, worker, &job->node);

    if (frame == NULL)
        return;
    frame->job = true;
    frame->outside = job->outside;
    sim_share_begin(worker, worker->top);
    /* A computation keeps its children to itself until a thief asks, see guest.c. */
    if (sim->setup->graph->feed == NULL)
        sim_notify_watcher(sim, worker);
}

void sim_begin_child(struct sim *sim, struct sim_worker *worker, uint32_t owner,
                     uint32_t slot)
{
    struct sim_node node = sim->workers[owner].slots[slot].node;
    struct sim_frame *frame = push_frame(sim, worker, &node);

    if (frame == NULL)
        return;
    frame->owner = owner;
    frame->slot = slot;
    sim_share_begin(worker, worker->top);
}

/* The child is done: its owner may sleep. */
static void complete(struct sim *sim, struct sim_worker *worker, uint32_t owner_index,
                     uint32_t slot_index)
{
    struct sim_worker *owner = &sim->workers[owner_index];
    struct sim_slot *slot = &owner->slots[slot_index];

    sim_line_get(sim, worker, owner_index);
    sim_spend(worker, SIM_SPENT_STEAL, sim_cost(sim, SIM_ATOMIC));
    slot->done = true;
    if (!slot->sleeps)
        return;
    slot->sleeps = false;
    sim_spend(worker, SIM_SPENT_WAKE, sim_cost(sim, SIM_WAKE_CALL));
    sim_wake_at(sim, owner, worker->now + sim_cost(sim, SIM_WAKE_DELAY), sim_step_join);
}

static void end_frame(struct sim *sim, struct sim_worker *worker)
{
    struct sim_frame frame = worker->frames[--worker->depth];

    worker->code.count = frame.from;
    worker->step = sim_step_run;
    if (frame.owner != MAG_NONE)
        complete(sim, worker, frame.owner, frame.slot);
    if (frame.job && frame.outside)
        sim_job_ended(sim, worker);
    if (worker->depth == 0)
        worker->step = sim_step_next;
    else if (frame.owner != MAG_NONE)
        worker->step = sim_step_join; /* it was run by a join, to help */
}

/* --------------------------------------------------------------- forks and joins */

static void fork_child(struct sim *sim, struct sim_worker *worker,
                       const struct sim_node *node)
{
    if (worker->top == worker->slot_capacity) {
        uint32_t capacity = worker->top != 0 ? worker->top * 2 : 64;
        struct sim_slot *slots = realloc(worker->slots, capacity * sizeof(*slots));

        if (slots == NULL) {
            sim->failed = true;
            return;
        }
        worker->slots = slots;
        worker->slot_capacity = capacity;
    }
    /* The line that thieves look at. */
    if (worker->top == worker->base)
        sim_line_write(sim, worker, worker->index);
    worker->slots[worker->top++] = (struct sim_slot){.node = *node};
    sim->outcome.forks++;
    sim_spend(worker, SIM_SPENT_RUN, sim_cost(sim, SIM_FORK) * worker->slow);
    if (worker->asked && sim->setup->force == SIM_FORCE_HUNGRY)
        sim_share_as_asked(sim, worker);
}

/* Under the lock: a shared slot that nobody took. */
static void keep_or_withdraw(struct sim_worker *worker, uint32_t slot)
{
    if (mag_share_goes_on(worker->patience))
        worker->patience--;
    else
        worker->split = slot;
}

/* False: the lock is held by a thief; the join waits and tries again. */
static bool join(struct sim *sim, struct sim_worker *worker)
{
    uint32_t slot = worker->top - 1;

    if (slot < worker->split || slot < worker->base) {
        if (worker->locked > worker->now) {
            worker->spent[SIM_SPENT_WAIT] += worker->locked - worker->now;
            worker->now = worker->locked;
            return false;
        }
        sim_line_write(sim, worker, worker->index);
        sim_spend(worker, SIM_SPENT_RUN, sim_cost(sim, SIM_ATOMIC));
        if (slot < worker->base) {
            worker->spins = 0;
            worker->step = sim_step_join;
            return true;
        }
        keep_or_withdraw(worker, slot);
    }
    worker->top = slot;
    sim->outcome.joins++;
    if (worker->asked && sim->setup->force == SIM_FORCE_TAG && slot <= worker->tag)
        sim_share_as_asked(sim, worker);
    struct sim_node node = worker->slots[slot].node;
    (void)push_frame(sim, worker, &node);
    return true;
}

/* ------------------------------------------------------------------------- steps */

/* Work, and the memory it reads: of a node that others may be reading too. */
static void compute(struct sim *sim, struct sim_worker *worker, const struct sim_op *op)
{
    double ns = op->ns * worker->slow;

    sim_spend(worker, SIM_SPENT_RUN, ns);
    if (op->kib <= 0)
        return;
    uint32_t node = (uint32_t)(op->where * sim->nodes);
    node = node < sim->nodes ? node : sim->nodes - 1;
    double *busy = &sim->memory_busy[node];
    double from = worker->now - ns;

    *busy = (*busy > from ? *busy : from) + op->kib * sim_cost(sim, SIM_MEMORY_KIB);
    double until = *busy > worker->now ? *busy : worker->now;
    if (node != worker->node)
        until += op->kib * sim_cost(sim, SIM_REMOTE_KIB);
    sim_spend(worker, SIM_SPENT_REMOTE, until - worker->now);
}

static void post_job(struct sim *sim, struct sim_worker *worker,
                     const struct sim_node *node)
{
    struct sim_frame *frame = &worker->frames[worker->depth - 1];
    struct sim_job job = {.node = *node, .outside = frame->outside};

    /* What the feed waits for is the last job of a chain. */
    frame->outside = false;
    sim_spend(worker, SIM_SPENT_RUN, sim_cost(sim, SIM_POST));
    if (!worker->has_hand) {
        worker->hand = job;
        worker->has_hand = true;
        sim_notify_watcher(sim, worker);
        return;
    }
    struct sim_job before = worker->hand;

    worker->hand = job;
    sim->failed |= !sim_queue_push(&worker->ring, &before);
    sim_line_write(sim, worker, worker->index);
    sim_notify(sim, worker,
               mag_wake_for_worker(&sim->routes, worker->rank, sim_cpu(sim, worker)));
}

/* What interrupts of this worker by membarriers have cost meanwhile. */
static void pay_interrupts(struct sim_worker *worker)
{
    double ns = worker->interrupted;

    worker->interrupted = 0;
    sim_spend(worker, SIM_SPENT_STEAL, ns);
}

void sim_step_run(struct sim *sim, struct sim_worker *worker)
{
    struct sim_frame *frame = &worker->frames[worker->depth - 1];

    pay_interrupts(worker);
    if (frame->at == worker->code.count) {
        end_frame(sim, worker);
        return;
    }
    struct sim_op op = worker->code.ops[frame->at++];

    worker->step = sim_step_run;
    switch (op.kind) {
    case SIM_RUN:
        compute(sim, worker, &op);
        break;
    case SIM_CALL:
        (void)push_frame(sim, worker, &op.node);
        break;
    case SIM_CHILD:
        fork_child(sim, worker, &op.node);
        break;
    case SIM_SEND:
        post_job(sim, worker, &op.node);
        break;
    default:
        if (!join(sim, worker))
            frame->at--;
        break;
    }
}

/* -------------------------------------------------------- joins of stolen children */

/* The frame that waits goes on behind its join. */
static void go_on(struct sim *sim, struct sim_worker *worker, uint32_t slot)
{
    worker->top = slot;
    sim->outcome.joins++;
    sim_share_begin(worker, slot);
    worker->step = sim_step_run;
}

static void sleep_in_join(struct sim *sim, struct sim_worker *worker,
                          struct sim_slot *slot)
{
    sim_spend(worker, SIM_SPENT_WAIT, sim_cost(sim, SIM_SLEEP));
    slot->sleeps = true;
    worker->asleep_since = worker->now;
    sim_wake_at(sim, worker, worker->now + SIM_JOIN_NAP_NS, sim_step_join);
}

void sim_step_join(struct sim *sim, struct sim_worker *worker)
{
    uint32_t index = worker->top - 1;
    struct sim_slot *slot = &worker->slots[index];

    slot->sleeps = false;
    if (worker->asleep_since >= 0) {
        worker->spent[SIM_SPENT_WAIT] += worker->now - worker->asleep_since;
        worker->asleep_since = -1;
    }
    if (slot->done) {
        sim_line_get(sim, worker, slot->thief);
        go_on(sim, worker, index);
        return;
    }
    worker->joining = true;
    enum sim_steal stolen = sim_steal(sim, worker, slot->thief, slot);

    if (stolen == SIM_STEAL_DONE) {
        worker->spins = 0;
        return;
    }
    if (stolen == SIM_STEAL_WAITS)
        return;
    worker->step = sim_step_join;
    if (worker->spins++ < SIM_JOIN_SPINS)
        sim_spend(worker, SIM_SPENT_WAIT, sim_cost(sim, SIM_PAUSE));
    else
        sleep_in_join(sim, worker, slot);
}
