/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/blocking/relief.h"

#include "base/os.h"
#include "sched/worker/region.h"
#include "sched/worker/search.h"
#include "sched/worker/worker.h"

#include <magpie/unpinned.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How much of a scheduler's name fits before "/relief" in a thread's name. */
enum { RELIEF_PREFIX = 7 };

/* A thread that has run for less than this part of the time between two looks may be
 * blocked; it may also wait for something by many short sleeps. */
enum { RAN_LITTLE_PART = 8 };

/* The most system calls of one look that ask for a thread's time. */
enum { LOOKS_MAX = 64 };

static void raise_on_busy(struct mag_sched *sched)
{
    mag_relief_raise(sched, mag_sched_busy_pace(sched));
}

static bool concerns_all(const struct mag_sched *sched)
{
    enum mag_stand_in_for wanted = sched->settings.config.stand_in;

    return wanted == MAG_STAND_IN_ALL ||
           (wanted == MAG_STAND_IN_AUTO && sched->is_default);
}

static int fill_relief(struct mag_relief *relief, struct mag_sched *sched)
{
    relief->sched = sched;
    relief->all = concerns_all(sched);
    relief->linger = MAG_PACE_LINGER;
    relief->looks = calloc(sched->capacity, sizeof(relief->looks[0]));
    if (relief->looks == NULL)
        return -ENOMEM;
    atomic_init(&relief->alarm, 0);
    atomic_init(&relief->stopping, false);
    return mag_crew_init(&relief->crew, sched, sched->capacity - sched->place_count);
}

int mag_relief_make(struct mag_sched *sched)
{
    struct mag_relief *relief = calloc(1, sizeof(*relief));

    if (relief == NULL)
        return -ENOMEM;
    if (fill_relief(relief, sched) < 0) {
        free(relief->looks);
        free(relief);
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&relief->mutex, NULL);
    sched->on_busy = raise_on_busy;
    sched->relief = relief;
    return 0;
}

void mag_relief_free(struct mag_relief *relief)
{
    if (relief == NULL)
        return;
    mag_crew_fini(&relief->crew);
    (void)pthread_mutex_destroy(&relief->mutex);
    free(relief->looks);
    free(relief);
}

/* --------------------------------------------------------------------- one look */

/* Whether a worker sleeps outside of jobs: parked, or on its bench. */
static bool rests(struct mag_worker *worker)
{
    struct mag_idle *idle = &worker->sched->idle;
    uint32_t rank = worker->rank;

    /* relaxed: a value of the moment. */
    if (atomic_load_explicit(&worker->benched, memory_order_relaxed))
        return true;
    /* relaxed: as above. */
    return (atomic_load_explicit(&idle->parked[rank / 64], memory_order_relaxed) >>
                rank % 64 &
            1) != 0;
}

/* Whether a worker's thread has slept since the last look, in the middle of a job.  First
 * asks what costs least. */
static bool is_stuck(struct mag_relief *relief, struct mag_worker *worker,
                     uint32_t *budget)
{
    struct mag_relief_look *look = &relief->looks[worker->index];
    struct mag_relief_look last = *look;
    /* relaxed, both: values of the moment. */
    int32_t thread = atomic_load_explicit(&worker->thread, memory_order_relaxed);
    /* relaxed: as above. */
    look->jobs = atomic_load_explicit(&worker->counts.jobs, memory_order_relaxed);
    look->at_ns = mag_os_now_ns();
    look->still = 0;
    if (thread == 0 || rests(worker) || mag_region_is_open(worker) || *budget == 0)
        return false;
    (*budget)--;
    look->ran_ns = mag_os_ran_ns(thread);
    if (look->jobs != last.jobs || look->ran_ns < 0 ||
        look->ran_ns - last.ran_ns > (look->at_ns - last.at_ns) / RAN_LITTLE_PART)
        return false;
    look->still = last.still + 1;
    switch (mag_os_asleep(thread)) {
    case MAG_ASLEEP:
        return true;
    case MAG_AWAKE:
        return false;
    default:
        return look->still >= MAG_RELIEF_STILL;
    }
}

static uint32_t count_stuck(struct mag_relief *relief)
{
    struct mag_sched *sched = relief->sched;
    uint32_t budget = LOOKS_MAX;
    uint32_t stuck = 0;

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker != NULL && is_stuck(relief, worker, &budget))
            stuck++;
    }
    return stuck;
}

bool mag_relief_sees_work(struct mag_sched *sched)
{
    bool found = mag_worker_sees_work(mag_sched_at(sched, 0));

    /* A stand-in becomes the watcher, and takes a job from a slot where it is stale. */
    for (uint32_t i = 0; i < sched->capacity && !found; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        found = worker != NULL && mag_hand_peek_lifo(&worker->hand) != NULL;
    }
    return found;
}

static struct mag_strain look_at_all(struct mag_relief *relief)
{
    struct mag_sched *sched = relief->sched;
    struct mag_strain strain = {
        /* seq_cst: (4). */
        .announced = atomic_load_explicit(&sched->blocked, memory_order_seq_cst),
        .standing = mag_crew_standing(&relief->crew),
        .resting = !mag_idle_nobody_rests(mag_idle_read(&sched->idle)),
    };

    if (!strain.resting)
        strain.waiting = mag_relief_sees_work(sched);
    if (relief->all && (strain.waiting || strain.standing > strain.announced))
        strain.stuck = count_stuck(relief);
    return strain;
}

/* A worker that is blocked, for a stand-in near it. */
static uint32_t rank_of_blocked(struct mag_relief *relief)
{
    struct mag_sched *sched = relief->sched;

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker != NULL && (mag_region_is_open(worker) || relief->looks[i].still != 0))
            return worker->rank;
    }
    return 0;
}

/* Too many stand-ins at two looks in a row are sent away: many regions are short. */
static void act_on(struct mag_relief *relief, const struct mag_strain *strain)
{
    uint32_t wanted = mag_stand_in_wanted(strain);
    uint32_t surplus = mag_stand_in_surplus(strain);

    for (uint32_t i = 0; i < wanted; i++) {
        if (!mag_crew_call(&relief->crew, rank_of_blocked(relief)))
            break;
    }
    if (strain->standing != 0)
        mag_crew_dismiss(&relief->crew, relief->surplus ? surplus : 0);
    relief->surplus = surplus != 0;
}

/* ------------------------------------------------------------------ pace and thread */

static enum mag_pace look_and_act(struct mag_relief *relief)
{
    struct mag_strain strain = look_at_all(relief);

    relief->linger = strain.announced != 0 ? 0 : relief->linger + 1;
    if (relief->linger > MAG_PACE_LINGER)
        relief->linger = MAG_PACE_LINGER;
    relief->calm = mag_stand_in_is_wrong(&strain) ? 0 : relief->calm + 1;
    act_on(relief, &strain);
    return mag_stand_in_pace(&strain, relief->all, relief->linger, relief->calm);
}

static bool relief_stops(struct mag_relief *relief)
{
    /* acquire: names the other end; nothing crosses, and reading late only delays the
     * end. */
    return atomic_load_explicit(&relief->stopping, memory_order_acquire);
}

static void name_relief(const struct mag_relief *relief)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/relief", RELIEF_PREFIX,
                   relief->sched->settings.config.name);
    mag_os_name(name);
}

static void *run_relief(void *arg)
{
    struct mag_relief *relief = arg;
    struct mag_sched *sched = relief->sched;

    (void)mag_os_hold_cancel();
    name_relief(relief);
    while (!relief_stops(relief)) {
        /* alarm, acquire: names the other end; nothing but the alarm crosses. */
        uint32_t seen = atomic_load_explicit(&relief->alarm, memory_order_acquire);
        enum mag_pace pace = mag_sched_pace(sched);
        int64_t pause = mag_pace_pause(pace, relief->calm);

        if (!relief_stops(relief))
            mag_os_wait(&relief->alarm, seen, pause);
        if (pace <= MAG_PACE_REST)
            relief->calm = 0;
        else
            mag_pace_set(sched, look_and_act(relief), relief->all);
    }
    return NULL;
}

/* Under the mutex. */
static bool start_relief(struct mag_relief *relief)
{
    struct mag_unpinned starter;

    if (relief->ended || mag_os_now_ns() < relief->retry_at)
        return false;
    /* A job may be the caller. */
    mag_unpinned_begin(&starter);
    int r = mag_os_create(&relief->thread, 0, run_relief, relief);
    mag_unpinned_end(&starter);
    if (r < 0)
        relief->retry_at = mag_os_after_ns(MAG_CREW_RETRY_NS);
    return r == 0;
}

static bool ensure_thread(struct mag_relief *relief)
{
    (void)pthread_mutex_lock(&relief->mutex);
    relief->started = relief->started || start_relief(relief);
    bool started = relief->started;
    (void)pthread_mutex_unlock(&relief->mutex);
    return started;
}

static void alarm_relief(struct mag_relief *relief)
{
    /* alarm, release: names the other end; nothing but the alarm crosses. */
    (void)atomic_fetch_add_explicit(&relief->alarm, 1, memory_order_release);
    mag_os_wake(&relief->alarm, 1);
}

void mag_relief_raise(struct mag_sched *sched, enum mag_pace pace)
{
    struct mag_relief *relief = sched->relief;

    if (!mag_pace_raise(sched, pace))
        return;
    if (ensure_thread(relief)) {
        alarm_relief(relief);
        return;
    }
    /* Without a thread the next worker that needs the relief thread tries again.
     * relaxed: nobody relies on a thread that is not there. */
    atomic_store_explicit(&sched->pace, relief->all ? MAG_PACE_REST : MAG_PACE_OFF,
                          memory_order_relaxed);
}

/* ----------------------------------------------------------------- life cycle */

void mag_relief_begin(struct mag_sched *sched)
{
    if (sched->relief != NULL && sched->relief->all)
        mag_relief_raise(sched, MAG_PACE_SLOW);
}

static bool end_relief(struct mag_relief *relief, int64_t until_ns)
{
    (void)pthread_mutex_lock(&relief->mutex);
    bool started = relief->started;
    relief->ended = true;
    (void)pthread_mutex_unlock(&relief->mutex);
    if (!started)
        return true;
    /* release: names the other end; the alarm follows it. */
    atomic_store_explicit(&relief->stopping, true, memory_order_release);
    alarm_relief(relief);
    if (!mag_os_join(relief->thread, until_ns))
        return false;
    (void)pthread_mutex_lock(&relief->mutex);
    relief->started = false;
    (void)pthread_mutex_unlock(&relief->mutex);
    return true;
}

bool mag_relief_end(struct mag_relief *relief, int64_t until_ns)
{
    if (relief == NULL)
        return true;
    return end_relief(relief, until_ns) && mag_crew_end(&relief->crew, until_ns);
}

void mag_relief_orphan(struct mag_relief *relief)
{
    if (relief == NULL)
        return;
    (void)pthread_mutex_init(&relief->mutex, NULL);
    relief->started = false;
    relief->ended = true;
    mag_crew_orphan(&relief->crew);
}
