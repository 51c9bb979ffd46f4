/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/berth/tenancy.h"

#include "base/os.h"
#include "sched/policy/wake.h"
#include "sched/post/post.h"
#include "sched/queue/inject.h"
#include "sched/worker/memory.h"
#include "sched/worker/next.h"
#include "sched/worker/park.h"
#include "sched/worker/region.h"
#include "sched/worker/self.h"
#include "sched/worker/spend.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* How often a thread takes the berth again that it had last, before it looks for one near
 * the CPU on which it runs by then. */
enum { LAST_AGE = 64 };

/* ---------------------------------------------------- which thread sits where */

/* A thread from outside becomes the worker of a berth.  Its affinity does not change.  It
 * may stay for less time than it takes to read the clock, so its time counts only from
 * its first wait on. */
static void sit_down(struct mag_worker *worker)
{
    worker->fp = mag_fp_read();
    worker->outer = mag_self_get()->worker;
    mag_worker_note_thread(worker, mag_self_thread(), MAG_PIN_FOREIGN);
    mag_self_become(worker);
}

static void stand_up(struct mag_worker *worker)
{
    mag_region_close(worker);
    if (worker->times.state != MAG_TIME_NONE)
        mag_worker_spend(worker, MAG_TIME_NONE, mag_os_now_ns());
    mag_worker_note_thread(worker, 0, MAG_PIN_FOREIGN);
    mag_self_become(worker->outer);
}

/* ----------------------------------------------------------- counting threads */

static void count_thread(struct mag_sched *sched)
{
    /* relaxed: until this is done the caller keeps the scheduler alive in another way. */
    (void)atomic_fetch_add_explicit(&sched->live, 1, memory_order_relaxed);
}

static void count_out(struct mag_sched *sched)
{
    /* live, release: the last touch, as in thread.c. */
    if (atomic_fetch_sub_explicit(&sched->live, 1, memory_order_release) == 1)
        mag_os_wake(&sched->live, 1);
}

/* ------------------------------------------------------------- vacant berths */

void mag_vacancies_init(struct mag_sched *sched)
{
    for (uint32_t i = sched->worker_count; i < sched->capacity; i++) {
        uint32_t rank = sched->routes.rank[i];

        sched->spares[rank / 64] |= (uint64_t)1 << rank % 64;
    }
    for (uint32_t i = 0; i < MAG_IDLE_WORDS; i++)
        atomic_init(&sched->vacant[i], sched->spares[i]);
    /* The places of later workers are for these alone. */
    for (uint32_t i = sched->worker_count; i < sched->place_count; i++) {
        uint32_t rank = sched->routes.rank[i];

        /* relaxed: no other thread can look yet. */
        (void)atomic_fetch_and_explicit(
            &sched->vacant[rank / 64], ~((uint64_t)1 << rank % 64), memory_order_relaxed);
    }
}

/* Takes the spare berth that this thread had last, if it is vacant: its caches know that
 * berth.  Once in a while the thread looks where it is now. */
static bool claim_last(struct mag_sched *sched, struct mag_self *self)
{
    uint32_t word = self->last_rank / 64;
    uint64_t bit = (uint64_t)1 << self->last_rank % 64;

    /* Another scheduler may lie where the last one lay. */
    if (self->last_sched != sched || self->last_age++ == LAST_AGE ||
        (sched->spares[word] & bit) == 0)
        return false;
    /* vacant, acquire: what the last tenant did is visible. */
    return (atomic_fetch_and_explicit(&sched->vacant[word], ~bit, memory_order_acquire) &
            bit) != 0;
}

/* The rank of the first spare berth in the order of `wake`, which is now the caller's;
 * MAG_NONE: all are in use. */
static uint32_t claim_rank(struct mag_sched *sched, struct mag_wake wake)
{
    struct mag_wake_walk walk = mag_wake_begin(wake);
    const struct mag_span nobody = {0, 0};
    uint32_t rank;

    for (uint32_t i = 0; i < MAG_WAKE_HOMES + sched->routes.home_count; i++) {
        struct mag_span span = mag_wake_next(&sched->routes, &walk);

        if (mag_idle_claim_bit(sched->vacant, span, nobody, &rank))
            return rank;
    }
    return MAG_NONE;
}

/* Near the caller's CPU, as a post would look for a worker to wake. */
static uint32_t claim_near_caller(struct mag_sched *sched)
{
    struct mag_self *self = mag_self_get();

    if (claim_last(sched, self))
        return self->last_rank;
    uint32_t queue = mag_sched_queue_near(sched);
    uint32_t rank =
        claim_rank(sched, mag_wake_for_queue(&sched->routes, queue, mag_os_cpu()));
    if (rank != MAG_NONE) {
        self->last_sched = sched;
        self->last_rank = rank;
        self->last_age = 0;
    }
    return rank;
}

static void make_vacant(struct mag_sched *sched, uint32_t rank)
{
    /* vacant, release: everything that this tenant did to the berth. */
    (void)atomic_fetch_or_explicit(&sched->vacant[rank / 64], (uint64_t)1 << rank % 64,
                                   memory_order_release);
}

/* Opens a spare berth that was claimed, if no thread has had it before.  0; -EBUSY,
 * -ENOMEM. */
static int use_claimed(struct mag_sched *sched, uint32_t rank,
                       struct mag_worker **ret_worker)
{
    if (rank == MAG_NONE)
        return -EBUSY;
    uint32_t index = sched->routes.spots[rank].worker;
    struct mag_worker *worker = mag_sched_open_at(sched, index);
    int r = worker != NULL ? 0 : mag_berth_open(&sched->berths[index]);
    if (r < 0) {
        make_vacant(sched, rank);
        return r;
    }
    *ret_worker = mag_sched_at(sched, index);
    return 0;
}

/* Counts the thread and makes sure that its work is watched like that of any worker. */
static void begin(struct mag_worker *worker)
{
    (void)mag_idle_enter(&worker->sched->idle);
    mag_bell_ring(&worker->sched->bell);
    mag_sched_notify_watcher(worker->sched, worker->rank);
}

/* The berth is empty, but other threads may still look at it.  After this another thread
 * may take it. */
static void end(struct mag_worker *worker)
{
    bool searched = worker->searching;

    mag_idle_leave(&worker->sched->idle, searched);
    worker->searching = false;
    mag_worker_left(worker, searched);
    make_vacant(worker->sched, worker->rank);
}

/* ----------------------------------------------------------- take and leave */

static int take_held(struct mag_sched *sched, struct mag_worker **ret_worker)
{
    int r = use_claimed(sched, claim_near_caller(sched), ret_worker);

    if (r < 0)
        return r;
    count_thread(sched);
    /* Nobody need watch this thread yet: its first post or fork sees to it. */
    (void)mag_idle_enter(&sched->idle);
    return 0;
}

int mag_berth_take(struct mag_sched *sched, struct mag_worker **ret_worker)
{
    int r = mag_sched_hold(sched);

    if (r < 0)
        return r;
    r = take_held(sched, ret_worker);
    mag_sched_unhold(sched);
    if (r == 0)
        sit_down(*ret_worker);
    return r;
}

int mag_berth_take_near(struct mag_sched *sched, uint32_t rank,
                        struct mag_worker **ret_worker)
{
    uint32_t claimed = claim_rank(sched, mag_wake_one(&sched->routes, rank));
    int r = use_claimed(sched, claimed, ret_worker);

    if (r < 0)
        return r;
    count_thread(sched);
    begin(*ret_worker);
    sit_down(*ret_worker);
    return 0;
}

/* Moves the jobs of hand and ring to the node's queue, as posts from outside. */
static void give_jobs_away(struct mag_worker *worker)
{
    if (MAG_UNLIKELY(mag_worker_has_own(worker)) && mag_worker_shed(worker))
        mag_sched_notify_queue(worker->sched, worker->queue);
}

void mag_berth_leave(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    give_jobs_away(worker);
    stand_up(worker);
    end(worker);
    count_out(sched);
}
