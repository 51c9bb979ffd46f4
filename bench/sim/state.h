/*
 * state.h - the simulated machine and its workers.  For the files of bench/sim/ that
 * carry the simulation out.
 *
 * Time.  Each worker has a clock of its own.  The event loop runs the worker with the
 * earliest clock; it may run ahead of the others by SIM_AHEAD_NS, which saves most of the
 * events and changes results less than the cost model does.
 *
 * Steps.  `step` is what a worker does next.  A step takes some time and sets the next
 * one.  A step that sets none has put its worker to sleep: another one, or a timeout, has
 * to continue it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_STATE_H
#define BENCH_SIM_STATE_H

#include "bench/sim/sim.h"

#include "sched/policy/search.h"
#include "sched/policy/wake.h"

struct sim;
struct sim_worker;
typedef void (*sim_step)(struct sim *sim, struct sim_worker *worker);

#define SIM_AHEAD_NS 100.0
#define SIM_NEVER    1e300

enum {
    SIM_JOIN_SPINS = 256,
    SIM_JOIN_NAP_NS = 200000,
    SIM_TAKE_MAX = 32,
    SIM_RING = 256
};

/* A line that several workers read and write. */
struct sim_line {
    uint32_t owner;   /* who wrote it last */
    uint32_t reader;  /* who read it last since then */
    uint32_t version; /* how often it was written */
    bool shared;      /* somebody has read it since */
    double busy;      /* until then another worker has it */
    double waited;    /* by all workers together */
    uint64_t transfers;
};

/* A forked child.  Its place in its worker's array is its slot. */
struct sim_slot {
    struct sim_node node;
    uint32_t thief;
    uint32_t begun; /* the thief's slot from which on the child's children lie */
    bool taken;
    bool done;
    bool sleeps; /* the joining worker sleeps until it is done */
};

/* A function that runs, or waits in a join. */
struct sim_frame {
    uint32_t from; /* its code */
    uint32_t at;
    uint32_t owner; /* whose slot it was taken from; MAG_NONE: called, or a job */
    uint32_t slot;
    bool job;
    bool outside; /* the job of a feed */
};

struct sim_job {
    struct sim_node node;
    bool outside;
};

/* Jobs, first in, first out. */
struct sim_queue {
    struct sim_job *jobs;
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
};

struct sim_worker {
    double now;
    sim_step step;
    uint32_t at; /* in the heap; MAG_NONE: not there */

    uint32_t index, rank, queue, node;
    double slow; /* how long work takes: beside a sibling longer than 1 */

    struct sim_slot *slots;
    uint32_t slot_capacity;
    uint32_t top, base, split;
    uint32_t patience;
    double locked; /* the stack's lock is held until then */
    bool asked;    /* a thief wants a child that is not shared */
    uint32_t asker;
    uint32_t tag; /* SIM_FORCE_TAG: the slot whose join shares others */

    struct sim_frame *frames;
    uint32_t frame_capacity;
    uint32_t depth;
    struct sim_code code;

    struct sim_job hand; /* the LIFO slot */
    bool has_hand;
    struct sim_queue ring;

    struct mag_paths paths;
    uint64_t random;
    struct mag_search search;
    uint32_t looks; /* of SIM_VICTIMS_ONE in this pass */
    double until;
    uint32_t pauses;
    uint32_t spin_us;
    bool searching, watcher, late;
    uint32_t victim; /* of the steal that is under way */
    bool joining;    /* that steal is by a join */
    unsigned spins;
    double asleep_since; /* negative: it does not sleep */
    double interrupted;  /* by membarriers of others, not paid yet */
    double announced;    /* when it had announced that it parks */
    double nap;
    uint32_t chain;            /* how many wakes in a row led to this one */
    bool parked, woken, fresh; /* fresh: woken, and has not found work since */
    double spent[SIM_SPENTS];
};

struct sim {
    const struct sim_setup *setup;
    struct mag_routes routes;
    void *routes_memory;
    struct mag_plan *plan;
    uint32_t count; /* of workers; the thread outside is workers[count] */
    struct sim_worker *workers;
    uint32_t *heap;
    uint32_t heap_count;

    struct sim_line *lines; /* workers' stacks, then as below */
    uint32_t *seen;         /* versions, by worker and line */
    uint32_t line_count;
    uint32_t *numbers; /* victims and queues of all workers */
    struct sim_queue *queues;
    double *memory_busy; /* by node */
    uint32_t nodes;

    uint32_t searching, parked;
    uint32_t searching_in[SIM_WORKERS_MAX]; /* of each cache, by its first rank */
    bool watched;
    uint64_t parked_bits[SIM_WORKERS_MAX / 64];
    uint64_t summons;
    double barrier_begin, barrier_busy; /* of the last membarrier, or the next one */

    struct sim_feed feed;
    uint64_t posted, ended;
    double *bursts; /* how long each took */
    double burst_began;
    bool over, failed;
    struct sim_outcome outcome;
};

/* Lines. */
static inline uint32_t sim_line_state(const struct sim *sim)
{
    return sim->count;
}

static inline uint32_t sim_line_parked(const struct sim *sim, uint32_t word)
{
    return sim->count + 1 + word;
}

static inline uint32_t sim_line_queue(const struct sim *sim, uint32_t queue)
{
    return sim->count + 1 + SIM_WORKERS_MAX / 64 + queue;
}

static inline double sim_cost(const struct sim *sim, enum sim_cost cost)
{
    return sim->setup->costs.ns[cost];
}

static inline void sim_spend(struct sim_worker *worker, enum sim_spent spent, double ns)
{
    worker->now += ns;
    worker->spent[spent] += ns;
}

/* line.c: what it costs to read and to write a line, and to get one from a worker. */
void sim_line_read(struct sim *sim, struct sim_worker *worker, uint32_t number);
void sim_line_write(struct sim *sim, struct sim_worker *worker, uint32_t number);
void sim_line_get(struct sim *sim, struct sim_worker *worker, uint32_t from);
enum mag_reach sim_reach(const struct sim *sim, uint32_t a, uint32_t b);

/* events.c */
void sim_wake_at(struct sim *sim, struct sim_worker *worker, double when, sim_step step);
void sim_events_run(struct sim *sim);

/* queue.c */
bool sim_queue_push(struct sim_queue *queue, const struct sim_job *job);
bool sim_queue_pop(struct sim_queue *queue, struct sim_job *ret_job);

/* fork.c: functions, their forks and joins. */
void sim_begin_job(struct sim *sim, struct sim_worker *worker, const struct sim_job *job);
void sim_begin_child(struct sim *sim, struct sim_worker *worker, uint32_t owner,
                     uint32_t slot);
void sim_step_run(struct sim *sim, struct sim_worker *worker);
void sim_step_join(struct sim *sim, struct sim_worker *worker);

/* steal.c: thieves. */
enum sim_steal { SIM_STEAL_NOTHING, SIM_STEAL_WAITS, SIM_STEAL_DONE };

/* Looks at a stack; takes its oldest child.  `joined`: the slot whose descendants alone
 * are wanted; NULL: any.  SIM_STEAL_WAITS: the step after the membarrier is set. */
enum sim_steal sim_steal(struct sim *sim, struct sim_worker *worker, uint32_t index,
                         const struct sim_slot *joined);
void sim_share_begin(struct sim_worker *worker, uint32_t at);
/* By the owner, which a thief has asked. */
void sim_share_as_asked(struct sim *sim, struct sim_worker *worker);

/* idle.c: searching, parking, waking. */
void sim_count_searcher(struct sim *sim, const struct sim_worker *worker, int more);
void sim_step_next(struct sim *sim, struct sim_worker *worker);
/* `more`: it has stolen a child from a victim that has more of them. */
void sim_found(struct sim *sim, struct sim_worker *worker, bool more);
void sim_stop_early(struct sim *sim, struct sim_worker *worker);
void sim_go_on_searching(struct sim *sim, struct sim_worker *worker);
void sim_step_asleep(struct sim *sim, struct sim_worker *worker);
bool sim_take_queue(struct sim *sim, struct sim_worker *worker, uint32_t number,
                    struct sim_job *ret_job);

/* wake.c */
void sim_notify(struct sim *sim, struct sim_worker *worker, struct mag_wake wake);
void sim_notify_watcher(struct sim *sim, struct sim_worker *worker);
bool sim_claim(struct sim *sim, struct sim_worker *worker, struct mag_wake wake,
               bool even_so);
void sim_summon(struct sim *sim, struct sim_worker *worker, struct mag_wake wake,
                uint64_t jobs);
void sim_pass_summons(struct sim *sim, struct sim_worker *worker);
void sim_wake_beside(struct sim *sim, struct sim_worker *worker);
uint32_t sim_cpu(const struct sim *sim, const struct sim_worker *worker);

/* feed.c: the thread outside. */
void sim_step_feed(struct sim *sim, struct sim_worker *outside);
void sim_job_ended(struct sim *sim, struct sim_worker *worker);

#endif
