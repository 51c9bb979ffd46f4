/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/blocking/crew.h"

#include "base/os.h"
#include "sched/berth/tenancy.h"
#include "sched/worker/wake.h"

#include <magpie/unpinned.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How much of a scheduler's name fits before "/s4095" in a thread's name. */
enum { STANDIN_PREFIX = 9 };

int mag_crew_init(struct mag_crew *crew, struct mag_sched *sched, uint32_t limit)
{
    crew->sched = sched;
    crew->limit = limit;
    crew->idle_ns = MAG_CREW_IDLE_NS;
    crew->ended = false;
    crew->retry_at = 0;
    atomic_init(&crew->standing, 0);
    atomic_init(&crew->threads, 0);
    atomic_init(&crew->calls, 0);
    atomic_init(&crew->refused, 0);
    crew->list = calloc(limit, sizeof(crew->list[0]));
    if (crew->list == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < limit; i++) {
        crew->list[i].crew = crew;
        atomic_init(&crew->list[i].order, 0);
        crew->list[i].state = MAG_STANDIN_NONE;
    }
    (void)pthread_mutex_init(&crew->mutex, NULL);
    return 0;
}

void mag_crew_fini(struct mag_crew *crew)
{
    (void)pthread_mutex_destroy(&crew->mutex);
    free(crew->list);
}

static void lock_crew(struct mag_crew *crew)
{
    (void)pthread_mutex_lock(&crew->mutex);
}

static void unlock_crew(struct mag_crew *crew)
{
    (void)pthread_mutex_unlock(&crew->mutex);
}

static void add_to_count(_Atomic(uint32_t) *count, uint32_t value)
{
    /* relaxed: a value of the moment, written under the mutex. */
    (void)atomic_fetch_add_explicit(count, value, memory_order_relaxed);
}

static void count_one_more(_Atomic(uint64_t) *counter)
{
    /* relaxed: only read by mag_blocking_counters. */
    (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------- a stand-in's thread */

static void name_standin(const struct mag_standin *standin)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/s%u", STANDIN_PREFIX,
                   standin->crew->sched->settings.config.name,
                   (unsigned)(standin - standin->crew->list));
    mag_os_name(name);
}

/* Under the mutex, which it gives up while it sleeps.  False: nobody has called for
 * `idle_ns`, or the crew ends; the thread must end. */
static bool rest_until_called(struct mag_standin *standin)
{
    struct mag_crew *crew = standin->crew;
    int64_t until = mag_os_after_ns(crew->idle_ns);

    while (standin->state == MAG_STANDIN_RESTING && !crew->ended) {
        int64_t left = mag_os_left_ns(until);

        if (left == 0)
            break;
        unlock_crew(crew);
        /* order, acquire: names the other end; nothing but the call crosses. */
        if (atomic_load_explicit(&standin->order, memory_order_acquire) == 0)
            mag_os_wait(&standin->order, 0, left);
        lock_crew(crew);
    }
    /* relaxed: written under the mutex. */
    atomic_store_explicit(&standin->order, 0, memory_order_relaxed);
    return standin->state == MAG_STANDIN_CALLED;
}

/* Under the mutex: the stand-in is no longer on its way, or at work. */
static void stand_down(struct mag_standin *standin, enum mag_standin_state state)
{
    standin->state = state;
    standin->worker = NULL;
    add_to_count(&standin->crew->standing, (uint32_t)-1);
    if (state == MAG_STANDIN_GONE)
        add_to_count(&standin->crew->threads, (uint32_t)-1);
}

/* Leaves the berth.  While it does, nobody dismisses it: the berth may be another's at
 * any time. */
static void leave_as(struct mag_standin *standin, enum mag_standin_state next)
{
    struct mag_crew *crew = standin->crew;

    lock_crew(crew);
    struct mag_worker *worker = standin->worker;
    standin->state = MAG_STANDIN_LEAVING;
    /* relaxed: written under the mutex; the next tenant acquires the berth. */
    atomic_store_explicit(&worker->dismissed, false, memory_order_relaxed);
    unlock_crew(crew);
    mag_berth_leave(worker);
    lock_crew(crew);
    stand_down(standin, next);
    unlock_crew(crew);
}

/* A job or a hook has ended the thread. */
static void end_standin(void *arg)
{
    leave_as(arg, MAG_STANDIN_GONE);
}

static bool sit_down_near(struct mag_standin *standin)
{
    struct mag_crew *crew = standin->crew;
    struct mag_worker *worker;
    int r = mag_berth_take_near(crew->sched, standin->rank, &worker);

    lock_crew(crew);
    if (r < 0) {
        /* Guests have the berths, or there is no memory for another one. */
        count_one_more(&crew->refused);
        stand_down(standin, MAG_STANDIN_RESTING);
    } else {
        standin->worker = worker;
        standin->state = MAG_STANDIN_SEATED;
    }
    unlock_crew(crew);
    return r == 0;
}

static void *run_standin(void *arg)
{
    struct mag_standin *standin = arg;
    struct mag_crew *crew = standin->crew;

    name_standin(standin);
    /* The thread may have been created by a job with modes of its own. */
    mag_fp_keep(crew->sched->fp);
    standin->hooks = (struct mag_stand_in){.ended = end_standin, .arg = standin};
    lock_crew(crew);
    while (rest_until_called(standin)) {
        unlock_crew(crew);
        if (sit_down_near(standin)) {
            struct mag_worker *worker = standin->worker;

            mag_worker_stand_in(&crew->sched->berths[worker->index], &standin->hooks);
            leave_as(standin, MAG_STANDIN_RESTING);
        }
        lock_crew(crew);
    }
    standin->state = MAG_STANDIN_GONE;
    add_to_count(&crew->threads, (uint32_t)-1);
    unlock_crew(crew);
    return NULL;
}

/* --------------------------------------------------------------- call and dismiss */

/* Under the mutex: the first that rests, so that the last ones end when they are not
 * needed; else a place for a new thread. */
static struct mag_standin *choose_standin(struct mag_crew *crew)
{
    struct mag_standin *place = NULL;

    for (uint32_t i = 0; i < crew->limit; i++) {
        struct mag_standin *standin = &crew->list[i];

        if (standin->state == MAG_STANDIN_RESTING)
            return standin;
        if (place == NULL &&
            (standin->state == MAG_STANDIN_NONE || standin->state == MAG_STANDIN_GONE))
            place = standin;
    }
    return place;
}

/* Under the mutex: the thread of a place that has none. */
static bool create_standin(struct mag_standin *standin)
{
    struct mag_crew *crew = standin->crew;
    struct mag_unpinned starter;

    if (mag_os_now_ns() < crew->retry_at)
        return false;
    if (standin->state == MAG_STANDIN_GONE)
        mag_os_join_or_detach(standin->thread);
    standin->state = MAG_STANDIN_NONE;
    /* A job may be calling. */
    mag_unpinned_begin(&starter);
    int r = mag_os_create(&standin->thread, crew->sched->settings.config.stack_size,
                          run_standin, standin);
    mag_unpinned_end(&starter);
    if (r < 0) {
        crew->retry_at = mag_os_after_ns(MAG_CREW_RETRY_NS);
        return false;
    }
    add_to_count(&crew->threads, 1);
    return true;
}

static void give_order(struct mag_standin *standin)
{
    /* order, release: names the other end; nothing but the call crosses. */
    atomic_store_explicit(&standin->order, 1, memory_order_release);
    mag_os_wake(&standin->order, 1);
}

static bool call_one(struct mag_crew *crew, uint32_t rank)
{
    struct mag_standin *standin = crew->ended ? NULL : choose_standin(crew);

    if (standin == NULL)
        return false;
    if (standin->state != MAG_STANDIN_RESTING && !create_standin(standin))
        return false;
    standin->state = MAG_STANDIN_CALLED;
    standin->rank = rank;
    add_to_count(&crew->standing, 1);
    give_order(standin);
    return true;
}

bool mag_crew_call(struct mag_crew *crew, uint32_t rank)
{
    lock_crew(crew);
    bool called = call_one(crew, rank);
    count_one_more(called ? &crew->calls : &crew->refused);
    unlock_crew(crew);
    return called;
}

void mag_crew_dismiss(struct mag_crew *crew, uint32_t dismissed)
{
    lock_crew(crew);
    for (uint32_t i = crew->limit; i-- > 0;) {
        struct mag_standin *standin = &crew->list[i];

        if (standin->state != MAG_STANDIN_SEATED)
            continue;
        /* relaxed: see mag_worker_is_dismissed. */
        atomic_store_explicit(&standin->worker->dismissed, dismissed != 0,
                              memory_order_relaxed);
        if (dismissed != 0) {
            mag_sched_wake_worker(crew->sched, standin->worker->index);
            dismissed--;
        }
    }
    unlock_crew(crew);
}

/* ------------------------------------------------------------------------ the end */

static bool join_standin(struct mag_standin *standin, int64_t until_ns)
{
    lock_crew(standin->crew);
    bool is_there = standin->state != MAG_STANDIN_NONE;
    give_order(standin);
    unlock_crew(standin->crew);
    if (is_there && !mag_os_join(standin->thread, until_ns))
        return false;
    standin->state = MAG_STANDIN_NONE;
    return true;
}

bool mag_crew_end(struct mag_crew *crew, int64_t until_ns)
{
    lock_crew(crew);
    crew->ended = true;
    unlock_crew(crew);
    for (uint32_t i = 0; i < crew->limit; i++) {
        if (!join_standin(&crew->list[i], until_ns))
            return false;
    }
    return true;
}

void mag_crew_orphan(struct mag_crew *crew)
{
    (void)pthread_mutex_init(&crew->mutex, NULL);
    crew->ended = true;
    for (uint32_t i = 0; i < crew->limit; i++)
        crew->list[i].state = MAG_STANDIN_NONE;
    /* relaxed, both: this is the only thread. */
    atomic_store_explicit(&crew->standing, 0, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&crew->threads, 0, memory_order_relaxed);
}
