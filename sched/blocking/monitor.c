/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/blocking/monitor.h"

#include "base/os.h"
#include "sched/worker/region.h"
#include "sched/worker/search.h"
#include "sched/worker/worker.h"

#include <magpie/unpinned.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How much of a scheduler's name fits before "/monitor" in a thread's name. */
enum { MONITOR_PREFIX = 7 };

/* A thread that has run for less than this between two looks may be blocked. */
enum { RAN_LITTLE_NS = 200000 };

/* At how many threads the monitor looks with a system call, at most, at one look. */
enum { LOOKS_MAX = 64 };

static void raise_on_busy(struct mag_sched *sched)
{
    mag_monitor_raise(sched, mag_sched_busy_pace(sched));
}

static bool concerns_all(const struct mag_sched *sched)
{
    enum mag_stand_in_for wanted = sched->settings.config.stand_in;

    return wanted == MAG_STAND_IN_ALL ||
           (wanted == MAG_STAND_IN_AUTO && sched->is_default);
}

static int fill_monitor(struct mag_monitor *monitor, struct mag_sched *sched)
{
    monitor->sched = sched;
    monitor->all = concerns_all(sched);
    monitor->linger = MAG_PACE_LINGER;
    monitor->looks = calloc(sched->capacity, sizeof(monitor->looks[0]));
    if (monitor->looks == NULL)
        return -ENOMEM;
    atomic_init(&monitor->alarm, 0);
    atomic_init(&monitor->stopping, false);
    return mag_crew_init(&monitor->crew, sched, sched->capacity - sched->worker_count);
}

int mag_monitor_make(struct mag_sched *sched)
{
    struct mag_monitor *monitor = calloc(1, sizeof(*monitor));

    if (monitor == NULL)
        return -ENOMEM;
    if (fill_monitor(monitor, sched) < 0) {
        free(monitor->looks);
        free(monitor);
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&monitor->mutex, NULL);
    sched->on_busy = raise_on_busy;
    sched->monitor = monitor;
    return 0;
}

void mag_monitor_free(struct mag_monitor *monitor)
{
    if (monitor == NULL)
        return;
    mag_crew_fini(&monitor->crew);
    (void)pthread_mutex_destroy(&monitor->mutex);
    free(monitor->looks);
    free(monitor);
}

/* --------------------------------------------------------------------- one look */

static bool rests_parked(struct mag_sched *sched, uint32_t rank)
{
    /* relaxed: a value of the moment. */
    return (atomic_load_explicit(&sched->idle.parked[rank / 64], memory_order_relaxed) >>
                rank % 64 &
            1) != 0;
}

/* Whether a worker's thread has slept since the last look, in the middle of a job.  First
 * asks what costs least. */
static bool is_stuck(struct mag_monitor *monitor, struct mag_worker *worker,
                     uint32_t *budget)
{
    struct mag_monitor_look *look = &monitor->looks[worker->index];
    struct mag_monitor_look last = *look;
    /* relaxed, both: values of the moment. */
    int32_t thread = atomic_load_explicit(&worker->thread, memory_order_relaxed);
    /* relaxed: as above. */
    look->jobs = atomic_load_explicit(&worker->counts.jobs, memory_order_relaxed);
    look->still = 0;
    if (thread == 0 || rests_parked(monitor->sched, worker->rank) ||
        mag_region_is_open(worker) || *budget == 0)
        return false;
    (*budget)--;
    look->ran_ns = mag_os_ran_ns(thread);
    if (look->jobs != last.jobs || look->ran_ns < 0 ||
        look->ran_ns - last.ran_ns > RAN_LITTLE_NS)
        return false;
    look->still = last.still + 1;
    switch (mag_os_asleep(thread)) {
    case MAG_ASLEEP:
        return true;
    case MAG_AWAKE:
        return false;
    default:
        return look->still >= MAG_MONITOR_STILL;
    }
}

static uint32_t count_stuck(struct mag_monitor *monitor)
{
    struct mag_sched *sched = monitor->sched;
    uint32_t budget = LOOKS_MAX;
    uint32_t stuck = 0;

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker != NULL && is_stuck(monitor, worker, &budget))
            stuck++;
    }
    return stuck;
}

bool mag_monitor_sees_work(struct mag_sched *sched)
{
    bool found = mag_worker_sees_work(mag_sched_at(sched, 0));

    /* A stand-in becomes the watcher, and takes a job from a slot where it is stale. */
    for (uint32_t i = 0; i < sched->capacity && !found; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        found = worker != NULL && mag_hand_peek_lifo(&worker->hand) != NULL;
    }
    return found;
}

static struct mag_strain look_around(struct mag_monitor *monitor)
{
    struct mag_sched *sched = monitor->sched;
    struct mag_strain strain = {
        /* seq_cst: (4). */
        .announced = atomic_load_explicit(&sched->blocked, memory_order_seq_cst),
        .standing = mag_crew_standing(&monitor->crew),
        .resting = !mag_idle_nobody_rests(mag_idle_read(&sched->idle)),
    };

    if (!strain.resting)
        strain.waiting = mag_monitor_sees_work(sched);
    if (monitor->all && (strain.waiting || strain.standing > strain.announced))
        strain.stuck = count_stuck(monitor);
    return strain;
}

/* A worker that is blocked, for a stand-in near it. */
static uint32_t rank_of_blocked(struct mag_monitor *monitor)
{
    struct mag_sched *sched = monitor->sched;

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker != NULL &&
            (mag_region_is_open(worker) || monitor->looks[i].still != 0))
            return worker->rank;
    }
    return 0;
}

/* Too many stand-ins at two looks in a row are sent away: many regions are short. */
static void act_on(struct mag_monitor *monitor, const struct mag_strain *strain)
{
    uint32_t wanted = mag_stand_in_wanted(strain);
    uint32_t surplus = mag_stand_in_surplus(strain);

    for (uint32_t i = 0; i < wanted; i++) {
        if (!mag_crew_call(&monitor->crew, rank_of_blocked(monitor)))
            break;
    }
    if (strain->standing != 0)
        mag_crew_dismiss(&monitor->crew, monitor->surplus ? surplus : 0);
    monitor->surplus = surplus != 0;
}

/* ------------------------------------------------------------------ pace and thread */

/* Whether another thread may rely on a faster pace than this. */
static enum mag_pace needed_pace(struct mag_monitor *monitor)
{
    struct mag_sched *sched = monitor->sched;
    /* seq_cst: (4). */
    bool regions = atomic_load_explicit(&sched->blocked, memory_order_seq_cst) != 0;

    if (!mag_idle_nobody_rests(mag_idle_read(&sched->idle)))
        return regions || monitor->all ? MAG_PACE_REST : MAG_PACE_OFF;
    if (regions)
        return MAG_PACE_FAST;
    return monitor->all ? MAG_PACE_SLOW : MAG_PACE_OFF;
}

static void set_pace(struct mag_monitor *monitor, enum mag_pace pace)
{
    /* (3), seq_cst: before (4). */
    atomic_store_explicit(&monitor->sched->pace, pace, memory_order_seq_cst);
    mag_monitor_raise(monitor->sched, needed_pace(monitor));
}

static enum mag_pace look_and_act(struct mag_monitor *monitor)
{
    struct mag_strain strain = look_around(monitor);

    monitor->linger = strain.announced != 0 ? 0 : monitor->linger + 1;
    if (monitor->linger > MAG_PACE_LINGER)
        monitor->linger = MAG_PACE_LINGER;
    monitor->calm = mag_stand_in_is_wrong(&strain) ? 0 : monitor->calm + 1;
    act_on(monitor, &strain);
    return mag_stand_in_pace(&strain, monitor->all, monitor->linger, monitor->calm);
}

static bool monitor_stops(struct mag_monitor *monitor)
{
    /* acquire: names the other end; nothing crosses, and reading late only delays the
     * end. */
    return atomic_load_explicit(&monitor->stopping, memory_order_acquire);
}

static void name_monitor(const struct mag_monitor *monitor)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/monitor", MONITOR_PREFIX,
                   monitor->sched->settings.config.name);
    mag_os_name(name);
}

static void *run_monitor(void *arg)
{
    struct mag_monitor *monitor = arg;
    struct mag_sched *sched = monitor->sched;

    (void)mag_os_hold_cancel();
    name_monitor(monitor);
    while (!monitor_stops(monitor)) {
        /* alarm, acquire: names the other end; nothing but the alarm crosses. */
        uint32_t seen = atomic_load_explicit(&monitor->alarm, memory_order_acquire);
        enum mag_pace pace = mag_sched_pace(sched);
        int64_t pause = mag_pace_pause(pace, monitor->calm);

        if (!monitor_stops(monitor))
            mag_os_wait(&monitor->alarm, seen, pause);
        if (pace <= MAG_PACE_REST)
            monitor->calm = 0;
        else
            set_pace(monitor, look_and_act(monitor));
    }
    return NULL;
}

/* Under the mutex. */
static bool start_monitor(struct mag_monitor *monitor)
{
    struct mag_unpinned starter;

    if (monitor->ended || mag_os_now_ns() < monitor->retry_at)
        return false;
    /* A job may be the caller. */
    mag_unpinned_begin(&starter);
    int r = mag_os_create(&monitor->thread, 0, run_monitor, monitor);
    mag_unpinned_end(&starter);
    if (r < 0)
        monitor->retry_at = mag_os_after_ns(MAG_CREW_RETRY_NS);
    return r == 0;
}

static bool ensure_thread(struct mag_monitor *monitor)
{
    (void)pthread_mutex_lock(&monitor->mutex);
    monitor->started = monitor->started || start_monitor(monitor);
    bool started = monitor->started;
    (void)pthread_mutex_unlock(&monitor->mutex);
    return started;
}

static void alarm_monitor(struct mag_monitor *monitor)
{
    /* alarm, release: names the other end; nothing but the alarm crosses. */
    (void)atomic_fetch_add_explicit(&monitor->alarm, 1, memory_order_release);
    mag_os_wake(&monitor->alarm, 1);
}

void mag_monitor_raise(struct mag_sched *sched, enum mag_pace pace)
{
    struct mag_monitor *monitor = sched->monitor;
    /* (2), seq_cst: after the caller's (1). */
    uint32_t now = atomic_load_explicit(&sched->pace, memory_order_seq_cst);

    do {
        if (now >= (uint32_t)pace)
            return;
        /* (2), seq_cst, both: as above. */
    } while (!atomic_compare_exchange_weak_explicit(
        &sched->pace, &now, pace, memory_order_seq_cst, memory_order_seq_cst));
    if (ensure_thread(monitor)) {
        alarm_monitor(monitor);
        return;
    }
    /* Without a thread the next worker that needs the monitor tries again.
     * relaxed: nobody relies on a monitor that is not there. */
    atomic_store_explicit(&sched->pace, monitor->all ? MAG_PACE_REST : MAG_PACE_OFF,
                          memory_order_relaxed);
}

void mag_monitor_concern(struct mag_sched *sched)
{
    uint32_t off = MAG_PACE_OFF;

    /* (2), seq_cst: as in mag_monitor_raise; before the caller looks who rests.
     * On failure relaxed: another thread was faster. */
    (void)atomic_compare_exchange_strong_explicit(
        &sched->pace, &off, MAG_PACE_REST, memory_order_seq_cst, memory_order_relaxed);
}

/* ----------------------------------------------------------------- life cycle */

void mag_monitor_begin(struct mag_sched *sched)
{
    if (sched->monitor != NULL && sched->monitor->all)
        mag_monitor_raise(sched, MAG_PACE_SLOW);
}

static bool end_monitor(struct mag_monitor *monitor, int64_t until_ns)
{
    (void)pthread_mutex_lock(&monitor->mutex);
    bool started = monitor->started;
    monitor->ended = true;
    (void)pthread_mutex_unlock(&monitor->mutex);
    if (!started)
        return true;
    /* release: names the other end; the alarm follows it. */
    atomic_store_explicit(&monitor->stopping, true, memory_order_release);
    alarm_monitor(monitor);
    if (!mag_os_join(monitor->thread, until_ns))
        return false;
    (void)pthread_mutex_lock(&monitor->mutex);
    monitor->started = false;
    (void)pthread_mutex_unlock(&monitor->mutex);
    return true;
}

bool mag_monitor_end(struct mag_monitor *monitor, int64_t until_ns)
{
    if (monitor == NULL)
        return true;
    return end_monitor(monitor, until_ns) && mag_crew_end(&monitor->crew, until_ns);
}

void mag_monitor_orphan(struct mag_monitor *monitor)
{
    if (monitor == NULL)
        return;
    (void)pthread_mutex_init(&monitor->mutex, NULL);
    monitor->started = false;
    monitor->ended = true;
    mag_crew_orphan(&monitor->crew);
}
