/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/park.h"

#include "base/os.h"
#include "base/probe.h"
#include "base/turns.h"
#include "sched/policy/linger.h"
#include "sched/policy/watch.h"
#include "sched/scheduler.h"
#include "sched/worker/next.h"
#include "sched/worker/region.h"
#include "sched/worker/search.h"
#include "sched/worker/spend.h"
#include "sched/worker/wake.h"

/* ------------------------------------------------------------------- searching */

static void adapt(struct mag_worker *worker, bool found)
{
    worker->spin_us =
        mag_linger_budget(worker->spin_us, worker->sched->settings.config.spin_us, found);
}

/* Whether another thread of the scheduler may need this very processor: there are more
 * workers than processors, or a guest is there, which sits on any of them. */
static bool shares_processors(struct mag_sched *sched)
{
    uint32_t used = mag_idle_used(mag_idle_read(&sched->idle));

    /* relaxed, both: nothing crosses. */
    return used > atomic_load_explicit(&sched->active, memory_order_relaxed) ||
           /* relaxed: as above. */
           atomic_load_explicit(&sched->crowded, memory_order_relaxed);
}

static void relax(struct mag_worker *worker, uint32_t *pauses)
{
    if (shares_processors(worker->sched)) {
        mag_os_yield();
        return;
    }
    *pauses = mag_linger_pauses(*pauses);
    for (uint32_t i = 0; i < *pauses; i++)
        mag_os_pause();
}

static bool search_a_while(struct mag_worker *worker, struct mag_work *ret_work)
{
    uint32_t pauses = 0;

    if (mag_worker_search(worker, false, ret_work))
        return true;

    int64_t now = mag_os_now_ns();
    int64_t until = mag_linger_until(now, worker->spin_us);
    mag_worker_spend(worker, MAG_TIME_SEARCH, now);
    for (;;) {
        relax(worker, &pauses);
        if (mag_worker_search(worker, true, ret_work)) {
            adapt(worker, true);
            mag_worker_spend(worker, MAG_TIME_RUN, mag_os_now_ns());
            return true;
        }
        if (mag_os_now_ns() >= until ||
            mag_sched_phase(worker->sched) == MAG_PHASE_ENDING)
            break;
    }
    adapt(worker, false);
    return false;
}

/* By a worker that may not search because others do.  A searcher that has just found work
 * still counts as one for a moment, and two workers that hand over to each other meet in
 * that moment each time.  So the worker tries again for about as long as it takes to
 * park.  It counts as running meanwhile. */
static bool stand_by(struct mag_worker *worker, struct mag_work *ret_work)
{
    struct mag_sched *sched = worker->sched;
    uint32_t pauses = 0;

    if (worker->sched->settings.config.spin_us == 0 || shares_processors(sched))
        return false;
    int64_t until = mag_os_now_ns() + MAG_LINGER_STAND_BY_NS;
    do {
        relax(worker, &pauses);
        ret_work->job = mag_worker_next(worker);
        if (ret_work->job != NULL)
            return true;
        worker->searching = mag_idle_try_search(&sched->idle);
    } while (!worker->searching && mag_os_now_ns() < until);
    return false;
}

/* The last searcher looks once more for the jobs of posters that saw it searching and
 * woke no worker; and it wakes a watcher if running workers have none. */
static void stop_searching(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    uint64_t state = mag_idle_found(&sched->idle);

    worker->searching = false;
    mag_sched_note_busy(sched, state);
    if (!mag_idle_wants_wake(state))
        return;
    if (mag_watch_is_missing(mag_idle_watched(state), mag_idle_parked(state),
                             mag_idle_used(state)) ||
        mag_worker_sees_work(worker))
        mag_sched_notify_seen(sched, worker);
}

/* --------------------------------------------------------------------- parking */

/* Before the next search of a worker that has seen work `vain` times in a row, without
 * sleeping in between, and has found none.  A job may have been posted but not linked
 * yet, by a thread that needs this very CPU. */
static void give_way(unsigned vain)
{
    if (vain >= MAG_TURN_SPINS)
        mag_give_way(vain);
}

/* The last look, (4) in idle.h.  If it sees work, it wakes a worker, perhaps this one. */
static bool last_look(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    if (mag_inject_waiting(&worker->inbox))
        mag_sched_wake_worker(sched, worker->index);
    else if (mag_worker_sees_work(worker))
        mag_sched_notify_seen(sched, worker);
    else
        return false;
    return true;
}

/* Whether a job waits in some worker's inbox.  If so, wakes that worker: it may have been
 * counted as parked before the job came, and may not have looked since. */
static bool wake_for_inbox(struct mag_sched *sched)
{
    for (uint32_t i = 0; mag_sched_has_worker(sched, i); i++) {
        if (mag_inject_waiting(&mag_sched_at(sched, i)->inbox)) {
            mag_sched_wake_worker(sched, i);
            return true;
        }
    }
    return false;
}

/* By a worker that has parked, or left its berth, once no posts from outside are
 * accepted.  If all workers are parked and no job is queued, no thread is left to post,
 * and the drain is over.  A worker that is woken meanwhile parks again later, and looks
 * then. */
static void end_if_drained(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    uint64_t state = mag_idle_read(&sched->idle);

    while (mag_idle_parked(state) == mag_idle_used(state)) {
        uint64_t before = state;

        if (wake_for_inbox(sched) || last_look(worker))
            return;
        state = mag_idle_read(&sched->idle);
        if (state == before) {
            mag_sched_enter_phase(sched, MAG_PHASE_ENDING);
            return;
        }
    }
}

void mag_worker_left(struct mag_worker *worker, bool searched)
{
    enum mag_phase phase = mag_phase_read_parked(&worker->sched->phase);

    if (phase == MAG_PHASE_ENDING || (searched && last_look(worker)))
        return;
    if (phase == MAG_PHASE_DRAINING)
        end_if_drained(worker);
}

/* Whether those that run take all processors. */
static bool is_full(struct mag_sched *sched)
{
    uint64_t state = mag_idle_read(&sched->idle);

    /* relaxed: a value of the moment. */
    return mag_watch_is_full(mag_idle_used(state) - mag_idle_parked(state),
                             atomic_load_explicit(&sched->pus, memory_order_relaxed));
}

/* What the watcher does between two naps.  Returns the next nap. */
static int64_t watch(struct mag_worker *worker, int64_t nap)
{
    struct mag_sched *sched = worker->sched;

    if (mag_idle_end_idle_watch(&sched->idle)) {
        worker->watcher = false;
        return -1;
    }
    if (mag_worker_sees_stale(worker)) {
        /* The watcher wakes itself: only its own looks can tell that a job does not
         * move. */
        mag_sched_wake_worker(sched, worker->index);
        return mag_watch_nap(nap, true, false);
    }
    bool seen = mag_worker_sees_work(worker);
    if (seen)
        mag_sched_notify_seen(sched, worker);
    return mag_watch_nap(nap, seen, is_full(sched));
}

/* By a worker that has announced that it parks: if it is not active any more, it wakes
 * itself, and does not park again. */
static bool stay_awake_if_over(struct mag_worker *worker)
{
    if (!mag_worker_is_over(worker))
        return false;
    mag_sched_wake_worker(worker->sched, worker->index);
    return true;
}

/* True: the worker saw a reason not to sleep before it slept. */
static bool park(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    bool seen = false;

    mag_packet_settle(&worker->tab);
    mag_worker_spend(worker, MAG_TIME_PARK, mag_os_now_ns());
    mag_sleeper_reset(&worker->sleeper);
    (void)mag_idle_announce(&sched->idle, worker->rank, worker->searching,
                            &worker->watcher);
    worker->searching = false;
    mag_count(&worker->counts.parks);
    MAG_PROBE1(park, worker->index);
    enum mag_phase phase = mag_phase_read_parked(&sched->phase);
    if (phase == MAG_PHASE_ENDING)
        mag_sched_wake_all(sched);
    else
        seen = last_look(worker);
    if (stay_awake_if_over(worker))
        seen = true;
    if (phase == MAG_PHASE_DRAINING && !seen)
        end_if_drained(worker);

    int64_t nap = worker->watcher ? MAG_WATCH_NAP_MIN_NS : -1;
    while (!mag_sleeper_sleep(&worker->sleeper, nap)) {
        if (worker->watcher)
            nap = watch(worker, nap);
    }
    /* The thread that woke this worker has counted it as searching. */
    worker->searching = true;
    mag_count(&worker->counts.wakes);
    mag_sched_pass_summons(sched, worker->rank);
    MAG_PROBE1(wake, worker->index);
    mag_bell_ring(&sched->bell);
    if (worker->watcher) {
        worker->watcher = false;
        mag_idle_end_watch(&sched->idle);
    }
    mag_worker_spend(worker, MAG_TIME_RUN, mag_os_now_ns());
    return seen;
}

/* Whether the work is a stolen child whose victim has more of them. */
static bool is_one_of_many(const struct mag_work *work)
{
    return work->job == NULL &&
           mag_fork_stack_waiting(mag_fork_stack_of(work->child.slot));
}

/* Searches, if it may; `woken`: the worker has been woken since it worked last. */
static bool find_work(struct mag_worker *worker, bool woken, struct mag_work *ret_work)
{
    struct mag_sched *sched = worker->sched;

    if (!worker->searching)
        worker->searching = mag_idle_try_search(&sched->idle);
    if (!worker->searching && stand_by(worker, ret_work))
        return true;
    if (!worker->searching || !search_a_while(worker, ret_work))
        return false;
    stop_searching(worker);
    if (woken && is_one_of_many(ret_work))
        mag_sched_wake_beside(sched, worker->rank);
    return true;
}

bool mag_worker_idle(struct mag_worker *worker, struct mag_work *ret_work)
{
    struct mag_sched *sched = worker->sched;
    unsigned vain = 0;
    bool woken = false;

    while (mag_sched_phase(sched) != MAG_PHASE_ENDING &&
           !mag_worker_is_dismissed(worker) && !mag_worker_is_over(worker)) {
        if (find_work(worker, woken, ret_work))
            return true;
        vain = park(worker) ? vain + 1 : 0;
        woken = true;
        give_way(vain);
    }
    return false;
}
