/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/search.h"

#include "sched/fork/deque.h"
#include "sched/scheduler.h"
#include "sched/worker/next.h"

/* How many jobs to steal at once: one to run, the others to share. */
enum { STEAL_MAX = MAG_WORKER_RING / 2 };

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

static bool steal(struct mag_worker *worker, const struct mag_search_step *step,
                  bool late, struct mag_work *ret_work)
{
    struct mag_worker *victim = mag_sched_at(worker->sched, step->index);

    if (!steal_from(worker, victim, late, ret_work))
        return false;
    mag_count(step->where == MAG_SEARCH_FAR ? &worker->counts.steals_far
                                            : &worker->counts.steals_near);
    return true;
}

static bool take_step(struct mag_worker *worker, const struct mag_search_step *step,
                      bool late, struct mag_work *ret_work)
{
    if (step->where == MAG_SEARCH_NEAR || step->where == MAG_SEARCH_FAR)
        return steal(worker, step, late, ret_work);
    ret_work->job = step->where == MAG_SEARCH_OWN
                        ? mag_worker_next(worker)
                        : mag_worker_take_queue(worker, step->index);
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
    bool found = false;

    for (uint32_t i = 0; i < sched->level_count * sched->queue_count && !found; i++)
        found = mag_inject_waiting(&sched->queues[i]);
    for (uint32_t i = 0; i < sched->capacity && !found; i++)
        found = has_work(mag_sched_at(sched, i));
    return found;
}

bool mag_worker_sees_stale(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    bool found = false;

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *victim = mag_sched_at(sched, i);

        found = found || lifo_is_stale(worker, victim);
        worker->looks[i].lifo = mag_hand_peek_lifo(&victim->hand);
        /* relaxed: a hint, compared with a later look. */
        worker->looks[i].jobs =
            atomic_load_explicit(&victim->counts.jobs, memory_order_relaxed);
    }
    return found;
}
