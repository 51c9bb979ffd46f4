/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/search.h"

#include "base/probe.h"
#include "sched/fork/deque.h"
#include "sched/scheduler.h"
#include "sched/trace/trace.h"
#include "sched/worker/next.h"

/* How many jobs to steal at once: one to run, the others to share. */
enum { STEAL_MAX = MAG_WORKER_RING / 2 };

/* The next tenant of a spare berth among the ranks of a span, which begins behind that
 * berth afterwards.  NULL: there is none. */
static struct mag_worker *next_tenant(struct mag_sched *sched, struct mag_span *span)
{
    while (span->begin < span->end) {
        uint32_t word = span->begin / 64;
        uint64_t bits = mag_sched_tenants(sched, *span, word);

        span->begin = word * 64 + (bits != 0 ? (uint32_t)__builtin_ctzll(bits) : 63) + 1;
        if (bits == 0)
            continue;
        struct mag_worker *tenant =
            mag_sched_open_at(sched, sched->routes.spots[span->begin - 1].worker);
        /* Its first tenant may be preparing it. */
        if (tenant != NULL)
            return tenant;
    }
    return NULL;
}

static struct mag_job *steal_jobs(struct mag_worker *worker, struct mag_worker *victim)
{
    struct mag_job *batch[STEAL_MAX];
    uint32_t count = 0;

    if (mag_runq_length(&victim->ring) == 0 ||
        mag_runq_claim(&victim->ring, batch, STEAL_MAX, &count) != MAG_RUNQ_CLAIMED)
        return NULL;
    for (uint32_t i = 1; i < count; i++)
        mag_worker_queue(worker, batch[i]);
    /* A claim that succeeds has at least one job, which the analyzer cannot see. */
    return batch[0]; /* NOLINT(clang-analyzer-core.uninitialized.UndefReturn) */
}

/* Whether the job in the LIFO slot has not moved since the watcher's last look, and its
 * owner has not begun another job either: it waits behind a long job. */
static bool lifo_is_stale(struct mag_worker *worker, struct mag_worker *victim)
{
    const struct mag_worker_look *look = &worker->looks[victim->index];
    const struct mag_job *lifo = mag_hand_peek_lifo(&victim->hand);

    /* relaxed: a hint; the count only grows. */
    return lifo != NULL && lifo == look->lifo &&
           atomic_load_explicit(&victim->counts.jobs, memory_order_relaxed) == look->jobs;
}

static struct mag_job *steal_hand(struct mag_worker *worker, struct mag_worker *victim)
{
    bool stale = lifo_is_stale(worker, victim);

    if (!stale && !mag_hand_waiting(&victim->hand))
        return NULL;
    return mag_hand_steal(&victim->hand, stale);
}

static bool steal_from(struct mag_worker *worker, struct mag_worker *victim, bool late,
                       struct mag_work *ret_work)
{
    ret_work->job = steal_jobs(worker, victim);
    if (ret_work->job == NULL &&
        mag_fork_stack_steal(mag_worker_forks(victim), NULL,
                             mag_worker_forks(worker)->slots,
                             &ret_work->child) == MAG_FORK_STOLEN)
        return true;
    if (ret_work->job == NULL && late)
        ret_work->job = steal_hand(worker, victim);
    return ret_work->job != NULL;
}

void mag_worker_count_steal(struct mag_worker *worker, uint32_t victim, bool far)
{
    if (!far) {
        mag_count(&worker->counts.steals_near);
        return;
    }
    mag_count(&worker->counts.steals_far);
    mag_count(&worker->steals_ring[mag_paths_far_ring(&worker->paths, victim,
                                                      MAG_STEAL_RINGS - 1)]);
}

static bool steal(struct mag_worker *worker, struct mag_worker *victim, bool far,
                  bool late, struct mag_work *ret_work)
{
    if (!steal_from(worker, victim, late, ret_work))
        return false;
    mag_worker_count_steal(worker, victim->index, far);
    MAG_PROBE2(steal, worker->index, victim->index);
    if (MAG_UNLIKELY(mag_sched_is_traced(worker->sched)))
        mag_trace_steal(worker->sched, worker->index, victim->index);
    return true;
}

/* Steals from the tenants of spare berths among the ranks of a span. */
static bool steal_spare(struct mag_worker *worker, struct mag_span span, bool far,
                        bool late, struct mag_work *ret_work)
{
    struct mag_worker *victim;

    while ((victim = next_tenant(worker->sched, &span)) != NULL) {
        if (steal(worker, victim, far, late, ret_work))
            return true;
    }
    return false;
}

/* Begins behind its own rank, so that thieves do not all meet at the same berth. */
static bool steal_near_spare(struct mag_worker *worker, bool late,
                             struct mag_work *ret_work)
{
    const struct mag_routes *routes = &worker->sched->routes;
    struct mag_span home = routes->homes[routes->spots[worker->rank].home].ranks;
    struct mag_span behind = {worker->rank + 1, home.end};
    struct mag_span before = {home.begin, worker->rank};

    return steal_spare(worker, behind, false, late, ret_work) ||
           steal_spare(worker, before, false, late, ret_work);
}

static bool steal_far_spare(struct mag_worker *worker, bool late,
                            struct mag_work *ret_work)
{
    const struct mag_routes *routes = &worker->sched->routes;
    struct mag_span home = routes->homes[routes->spots[worker->rank].home].ranks;
    struct mag_span behind = {home.end, routes->workers};
    struct mag_span before = {0, home.begin};

    return steal_spare(worker, behind, true, late, ret_work) ||
           steal_spare(worker, before, true, late, ret_work);
}

static bool take_step(struct mag_worker *worker, const struct mag_search_step *step,
                      bool late, struct mag_work *ret_work)
{
    switch (step->where) {
    case MAG_SEARCH_NEAR:
    case MAG_SEARCH_FAR:
        return steal(worker, mag_sched_at(worker->sched, step->index),
                     step->where == MAG_SEARCH_FAR, late, ret_work);
    case MAG_SEARCH_NEAR_SPARE:
        return steal_near_spare(worker, late, ret_work);
    case MAG_SEARCH_FAR_SPARE:
        return steal_far_spare(worker, late, ret_work);
    case MAG_SEARCH_OWN:
        ret_work->job = mag_worker_next(worker);
        break;
    default:
        ret_work->job = mag_worker_take_queue(worker, step->index);
        break;
    }
    return ret_work->job != NULL;
}

bool mag_worker_search(struct mag_worker *worker, bool late, struct mag_work *ret_work)
{
    struct mag_search search = mag_search_begin(&worker->paths, worker->random);
    struct mag_search_step step;

    do {
        step = mag_search_next(&search);
    } while (step.where != MAG_SEARCH_END && !take_step(worker, &step, late, ret_work));
    worker->random = search.random;
    return step.where != MAG_SEARCH_END;
}

static bool has_work(struct mag_worker *victim)
{
    return mag_runq_length(&victim->ring) != 0 || mag_hand_waiting(&victim->hand) ||
           mag_fork_stack_waiting(mag_worker_forks(victim));
}

bool mag_worker_sees_work(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    struct mag_span all = {0, sched->capacity};
    struct mag_worker *tenant;
    bool found = false;

    for (uint32_t i = 0; i < sched->queue_count && !found; i++)
        found = mag_sched_injected(sched, i) != 0;
    for (uint32_t i = 0; i < sched->worker_count && !found; i++)
        found = has_work(mag_sched_at(sched, i));
    while (!found && (tenant = next_tenant(sched, &all)) != NULL)
        found = has_work(tenant);
    return found;
}

/* Whether the victim's LIFO slot is stale, and a new look at it. */
static bool look_at_lifo(struct mag_worker *worker, struct mag_worker *victim)
{
    struct mag_worker_look *look = &worker->looks[victim->index];
    bool stale = lifo_is_stale(worker, victim);

    look->lifo = mag_hand_peek_lifo(&victim->hand);
    /* relaxed: a hint, compared with a later look. */
    look->jobs = atomic_load_explicit(&victim->counts.jobs, memory_order_relaxed);
    return stale;
}

bool mag_worker_sees_stale(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    struct mag_span all = {0, sched->capacity};
    struct mag_worker *tenant;
    bool found = false;

    for (uint32_t i = 0; i < sched->worker_count; i++)
        found |= look_at_lifo(worker, mag_sched_at(sched, i));
    while ((tenant = next_tenant(sched, &all)) != NULL)
        found |= look_at_lifo(worker, tenant);
    return found;
}
