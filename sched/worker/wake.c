/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/wake.h"

#include "base/os.h"
#include "sched/policy/wake.h"
#include "sched/worker/worker.h"

#include <limits.h>

/* Wakes the worker whose rank a mag_idle_claim returned.  False: it returned none. */
static bool give_wake(struct mag_sched *sched, uint32_t claimed)
{
    if (claimed == UINT32_MAX)
        return false;
    uint32_t index = sched->routes.spots[claimed].worker;
    mag_sleeper_wake(&mag_sched_at(sched, index)->sleeper);
    return true;
}

static void wake_by(struct mag_sched *sched, struct mag_wake wake)
{
    (void)give_wake(sched, mag_idle_claim(&sched->idle, &sched->routes, wake, false));
}

void mag_sched_wake_for_worker(struct mag_sched *sched, uint32_t rank)
{
    wake_by(sched, mag_wake_for_worker(&sched->routes, rank, mag_os_cpu()));
}

void mag_sched_wake_for_queue(struct mag_sched *sched, uint32_t queue)
{
    wake_by(sched, mag_wake_for_queue(&sched->routes, queue, mag_os_cpu()));
}

/* Whether a worker of these ranks is awake; guests and stand-ins do not count. */
static bool is_awake_in(struct mag_sched *sched, struct mag_span span)
{
    for (uint32_t word = span.begin / 64; word * 64 < span.end; word++) {
        /* relaxed: a value of the moment. */
        uint64_t parked =
            atomic_load_explicit(&sched->idle.parked[word], memory_order_relaxed);
        uint64_t bits = mag_span_bits(span, word) & ~parked & ~sched->spares[word];

        for (; bits != 0; bits &= bits - 1) {
            uint32_t rank = word * 64 + (uint32_t)__builtin_ctzll(bits);
            uint32_t index = sched->routes.spots[rank].worker;

            /* relaxed: as above. */
            if (!atomic_load_explicit(&mag_sched_at(sched, index)->benched,
                                      memory_order_relaxed))
                return true;
        }
    }
    return false;
}

/* Whether a worker of this queue is woken even though others search. */
static bool is_due_there(struct mag_sched *sched, uint32_t queue, bool older)
{
    const struct mag_routes *routes = &sched->routes;
    uint32_t rank = routes->queue_rank[queue];
    struct mag_span none = {0, 0};

    if (rank == MAG_NONE)
        return false;
    struct mag_span there = routes->homes[routes->spots[rank].home].ranks;
    uint32_t parked = mag_idle_parked_in(&sched->idle, there, none);
    return mag_wake_is_due_there(parked, older || is_awake_in(sched, there), older);
}

void mag_sched_wake_there(struct mag_sched *sched, uint32_t queue, bool older)
{
    bool due = mag_sched_wants_wake(sched) || is_due_there(sched, queue, older);

    if (due)
        (void)give_wake(
            sched, mag_idle_claim(&sched->idle, &sched->routes,
                                  mag_wake_for_queue(&sched->routes, queue, mag_os_cpu()),
                                  true));
}

void mag_sched_wake_for_seen(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    const struct mag_paths *paths = &worker->paths;
    uint32_t queue = MAG_NONE;

    for (uint32_t i = 0; i < paths->queue_count && queue == MAG_NONE; i++) {
        if (mag_sched_injected(sched, paths->queues[i]) != 0)
            queue = paths->queues[i];
    }
    wake_by(sched, mag_wake_for_seen(&sched->routes, worker->rank, mag_os_cpu(), queue));
}

void mag_sched_wake_worker(struct mag_sched *sched, uint32_t index)
{
    uint32_t rank = sched->routes.rank[index];

    if (!give_wake(sched, mag_idle_claim_one(&sched->idle, &sched->routes, rank)))
        mag_sched_wake_benched(sched, index);
}

bool mag_sched_claim_benched(struct mag_worker *worker)
{
    /* (4) in bench.h, seq_cst: after (3).  A look before the exchange leaves the line of
     * a worker that is not benched as it is. */
    if (!atomic_load_explicit(&worker->benched, memory_order_seq_cst))
        return false;
    /* benched, acquire: the sleeper's word was reset. */
    return atomic_exchange_explicit(&worker->benched, false, memory_order_acquire);
}

void mag_sched_wake_benched(struct mag_sched *sched, uint32_t index)
{
    struct mag_worker *worker = mag_sched_open_at(sched, index);

    if (worker != NULL && mag_sched_claim_benched(worker))
        mag_sleeper_wake(&worker->sleeper);
}

/* Wakes one worker, which wakes the others. */
static void summon(struct mag_sched *sched, uint32_t count, struct mag_wake wake)
{
    /* relaxed: see mag_sched_pass_summons.  Another caller's summons, if they are lost
     * here, are for workers that this caller's jobs need too. */
    atomic_store_explicit(&sched->summons, count - 1, memory_order_relaxed);
    (void)give_wake(sched, mag_idle_claim(&sched->idle, &sched->routes, wake, true));
}

void mag_sched_summon(struct mag_sched *sched, uint32_t queue, uint64_t count)
{
    uint64_t state = mag_idle_read(&sched->idle);
    uint32_t parked = mag_idle_parked(state);

    if (parked == 0)
        return;
    if (count < parked)
        parked = (uint32_t)count;
    summon(sched, parked, mag_wake_for_queue(&sched->routes, queue, mag_os_cpu()));
}

void mag_sched_summon_helpers(struct mag_sched *sched, uint32_t rank, uint64_t count)
{
    struct mag_wake wake = mag_wake_for_worker(&sched->routes, rank, mag_os_cpu());
    uint32_t others = mag_sched_workers(sched) - 1;

    if (!sched->seats.pins)
        wake.avoid.begin = wake.avoid.end = 0;
    struct mag_span all = {0, sched->capacity};
    uint32_t parked = mag_idle_parked_in(&sched->idle, all, wake.avoid);
    if (count > others)
        count = others;
    if (count > parked)
        count = parked;
    if (count != 0)
        summon(sched, (uint32_t)count, wake);
}

/* Takes one of the summons.  False: there is none. */
static bool take_summons(struct mag_sched *sched)
{
    /* relaxed: the swap decides. */
    uint32_t left = atomic_load_explicit(&sched->summons, memory_order_relaxed);

    while (left != 0) {
        /* relaxed, both: a number, see mag_sched_pass_summons. */
        if (atomic_compare_exchange_weak_explicit(&sched->summons, &left, left - 1,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

void mag_sched_pass_summons_on(struct mag_sched *sched, uint32_t rank)
{
    struct mag_wake wake = mag_wake_for_worker(&sched->routes, rank, mag_os_cpu());

    for (int i = 0; i < 2 && take_summons(sched); i++) {
        if (give_wake(sched, mag_idle_claim(&sched->idle, &sched->routes, wake, true)))
            continue;
        /* Nobody is parked.  relaxed: as above. */
        atomic_store_explicit(&sched->summons, 0, memory_order_relaxed);
    }
}

void mag_sched_wake_beside(struct mag_sched *sched, uint32_t rank)
{
    struct mag_wake wake = mag_wake_for_worker(&sched->routes, rank, mag_os_cpu());
    struct mag_span cache = sched->routes.spots[rank].cache;

    for (int i = 0; i < MAG_WAKE_BESIDE; i++) {
        uint64_t state = mag_idle_read(&sched->idle);
        uint32_t awake = mag_idle_used(state) - mag_idle_parked(state);

        if (!mag_wake_one_beside(mag_idle_searching(state), awake) ||
            mag_idle_parked_in(&sched->idle, cache, wake.avoid) == 0)
            return;
        (void)give_wake(sched, mag_idle_claim(&sched->idle, &sched->routes, wake, true));
    }
}

static bool wake_anybody(struct mag_sched *sched)
{
    return give_wake(sched,
                     mag_idle_claim(&sched->idle, &sched->routes, mag_wake_any(), true));
}

void mag_sched_wake_all(struct mag_sched *sched)
{
    while (wake_anybody(sched)) {
        /* Wakes the next one. */
    }
}

void mag_sched_enter_phase(struct mag_sched *sched, enum mag_phase phase)
{
    if (!mag_phase_enter(&sched->phase, phase))
        return;
    switch (phase) {
    case MAG_PHASE_DRAINING:
        /* One is enough: the last worker to park ends the drain. */
        (void)wake_anybody(sched);
        break;
    case MAG_PHASE_ENDING:
        mag_sched_wake_all(sched);
        for (uint32_t i = 0; mag_sched_has_worker(sched, i); i++)
            mag_sched_wake_benched(sched, i);
        mag_bell_end(&sched->bell);
        break;
    default:
        break;
    }
    /* Wakes the threads that wait for the start, see wait_for_start. */
    mag_os_wake(&sched->phase, INT_MAX);
}
