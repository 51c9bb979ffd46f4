/*
 * watchdog.c - a thread that looks at the workers, compares what it sees with what it saw
 * before, and reports what has not moved for too long.
 *
 * It reads hints only and changes nothing, so it can be wrong by a moment, but not for
 * the length of a threshold.
 *
 * Ownership
 *   [I] immutable once the thread runs   [M] the watchdog's thread
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <magpie/unpinned.h>
#include <magpie/watchdog.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_NS        1000000000LL
#define THRESHOLD_MIN_NS (SECOND_NS / 1000)
#define THRESHOLD_MAX_NS (SECOND_NS * 3600)

enum { LOOKS_IN_THRESHOLD = 4, NAME_PREFIX = 6 };

/* Something that does not move. */
struct still {
    uint64_t mark;    /* [M] changes when it moves */
    int64_t since_ns; /* [M] when it was first seen so */
    int64_t next_ns;  /* [M] how long it may last until the next report */
};

struct mag_watchdog {
    struct mag_sched *sched;           /* [I] */
    struct mag_watchdog_config config; /* [I] */
    struct mag_os_event end;
    pthread_t thread;     /* [I] */
    struct still *berths; /* [M] what each tenant runs */
    struct still idle;    /* [M] work beside workers that sleep */
    struct still blocked; /* [M] work, and nobody to do it */
};

/* What one look at the scheduler has found. */
struct look {
    int64_t now_ns;
    uint64_t waiting;  /* jobs that any worker may run */
    uint64_t reserved; /* jobs that wait for one worker */
    uint64_t moves;    /* grows when anything moves */
    uint32_t stuck;
    uint32_t free;    /* workers that search or sleep, or run something short */
    int64_t least_ns; /* for how long all stuck workers have been so */
};

/* ----------------------------------------------------------------- what is there */

/* What the worker's thread is doing; MAG_TIME_NONE: no thread, or nothing known. */
static enum mag_time worker_time(struct mag_worker *worker)
{
    for (uint32_t i = MAG_TIME_RUN; i < MAG_TIMES; i++) {
        if (mag_times_read(&worker->times, (enum mag_time)i) & MAG_TIME_HERE)
            return (enum mag_time)i;
    }
    return MAG_TIME_NONE;
}

/* Grows with each job or child that the worker begins. */
static uint64_t moves_of(struct mag_worker *worker)
{
    /* relaxed: a hint. */
    return mag_note_begun(&worker->note) +
           atomic_load_explicit(&worker->counts.jobs, memory_order_relaxed);
}

static uint64_t shared_jobs(struct mag_worker *worker)
{
    return mag_runq_length(&worker->ring) + mag_hand_waiting(&worker->hand) +
           (mag_hand_peek_lifo(&worker->hand) != NULL);
}

static uint64_t own_jobs(struct mag_worker *worker)
{
    return mag_inject_waiting(&worker->inbox) ? 1 : 0;
}

static uint64_t injected_jobs(struct mag_sched *sched)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < sched->queue_count; i++)
        count += mag_sched_injected(sched, i);
    return count;
}

/* --------------------------------------------------------------------- reporting */

/* For how long `mark` has been the same. */
static int64_t keep_watch(struct mag_watchdog *watchdog, struct still *still,
                          uint64_t mark, int64_t now_ns)
{
    if (still->next_ns == 0 || still->mark != mark)
        *still = (struct still){mark, now_ns, watchdog->config.threshold_ns};
    return now_ns - still->since_ns;
}

static void forget_still(struct still *still)
{
    still->next_ns = 0;
}

/* Reports it, unless it was reported when it had lasted half as long. */
static void report_still(struct mag_watchdog *watchdog, struct still *still,
                         const struct mag_watchdog_report *what)
{
    if (what->ns < still->next_ns)
        return;
    still->next_ns = 2 * what->ns;
    watchdog->config.on_report(what, watchdog->config.arg);
}

static void report_stuck(struct mag_watchdog *watchdog, struct mag_worker *worker,
                         int64_t ns)
{
    uintptr_t function = 0;
    uintptr_t name = 0;

    (void)mag_note_read(&worker->note, &function, &name);
    struct mag_watchdog_report what = {
        .finding = MAG_WATCHDOG_STUCK,
        .sched = worker->sched,
        .worker = worker->index,
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): noted from a pointer. */
        .name = (const char *)name,
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): as above. */
        .function = (const void *)function,
        .blocked = worker_time(worker) == MAG_TIME_BLOCKED,
        .ns = ns,
        .waiting = shared_jobs(worker) + own_jobs(worker),
        .workers = 1,
    };
    report_still(watchdog, &watchdog->berths[worker->index], &what);
}

/* NOLINTNEXTLINE(readability-function-size): what is reported has many parts. */
static void report_whole(struct mag_watchdog *watchdog, struct still *still,
                         enum mag_watchdog_finding finding, int64_t ns, uint64_t waiting,
                         uint32_t workers)
{
    struct mag_watchdog_report what = {.finding = finding,
                                       .sched = watchdog->sched,
                                       .worker = MAG_NONE,
                                       .ns = ns,
                                       .waiting = waiting,
                                       .workers = workers};

    report_still(watchdog, still, &what);
}

/* ----------------------------------------------------------------------- looking */

static void watch_worker(struct mag_watchdog *watchdog, struct mag_worker *worker,
                         struct look *look)
{
    struct still *still = &watchdog->berths[worker->index];
    enum mag_time time = worker_time(worker);
    uint64_t moves = moves_of(worker);

    look->waiting += shared_jobs(worker);
    look->reserved += own_jobs(worker);
    look->moves += moves;
    if (time != MAG_TIME_RUN && time != MAG_TIME_BLOCKED) {
        look->free += time != MAG_TIME_NONE;
        forget_still(still);
        return;
    }
    int64_t ns = keep_watch(watchdog, still, moves, look->now_ns);
    if (ns < watchdog->config.threshold_ns) {
        look->free++;
        return;
    }
    look->stuck++;
    if (ns < look->least_ns)
        look->least_ns = ns;
    report_stuck(watchdog, worker, ns);
}

static void look_for_idleness(struct mag_watchdog *watchdog, const struct look *look)
{
    uint64_t state = mag_idle_read(&watchdog->sched->idle);
    uint32_t parked = mag_idle_parked(state);

    if (look->waiting == 0 || parked == 0 || mag_idle_searching(state) != 0) {
        forget_still(&watchdog->idle);
        return;
    }
    int64_t ns = keep_watch(watchdog, &watchdog->idle, look->moves, look->now_ns);
    report_whole(watchdog, &watchdog->idle, MAG_WATCHDOG_IDLE, ns, look->waiting, parked);
}

static void look_for_standstill(struct mag_watchdog *watchdog, const struct look *look)
{
    uint64_t waiting = look->waiting + look->reserved;

    if (waiting == 0 || look->stuck == 0 || look->free != 0) {
        forget_still(&watchdog->blocked);
        return;
    }
    (void)keep_watch(watchdog, &watchdog->blocked, look->moves, look->now_ns);
    report_whole(watchdog, &watchdog->blocked, MAG_WATCHDOG_BLOCKED, look->least_ns,
                 waiting, look->stuck);
}

static void watch_all(struct mag_watchdog *watchdog)
{
    struct mag_sched *sched = watchdog->sched;
    struct look look = {.now_ns = mag_os_now_ns(), .least_ns = INT64_MAX};

    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);

        if (worker != NULL)
            watch_worker(watchdog, worker, &look);
    }
    look.waiting += injected_jobs(sched);
    look_for_standstill(watchdog, &look);
    look_for_idleness(watchdog, &look);
}

static void *run_watchdog(void *arg)
{
    struct mag_watchdog *watchdog = arg;
    char name[MAG_NAME_ROOM];

    (void)mag_os_hold_cancel();
    (void)snprintf(name, sizeof(name), "%.*s/watchdog", NAME_PREFIX,
                   watchdog->sched->settings.config.name);
    mag_os_name(name);
    while (
        !mag_os_event_wait(&watchdog->end, mag_os_after_ns(watchdog->config.period_ns)))
        watch_all(watchdog);
    return NULL;
}

/* -------------------------------------------------------------------- life cycle */

void mag_watchdog_config_init(struct mag_watchdog_config *config)
{
    *config =
        (struct mag_watchdog_config){.size = sizeof(*config), .threshold_ns = SECOND_NS};
}

static bool is_right_watchdog(const struct mag_watchdog_config *config)
{
    return config != NULL && config->size >= sizeof(*config) &&
           config->on_report != NULL && config->threshold_ns >= THRESHOLD_MIN_NS &&
           config->threshold_ns <= THRESHOLD_MAX_NS && config->period_ns >= 0 &&
           config->period_ns <= config->threshold_ns;
}

static void free_watchdog(struct mag_watchdog *watchdog)
{
    mag_os_event_fini(&watchdog->end);
    free(watchdog->berths);
    free(watchdog);
}

static int make_watchdog(struct mag_sched *sched,
                         const struct mag_watchdog_config *config,
                         struct mag_watchdog **ret_watchdog)
{
    struct mag_watchdog *watchdog = calloc(1, sizeof(*watchdog));

    if (watchdog == NULL)
        return -ENOMEM;
    watchdog->sched = sched;
    watchdog->config = *config;
    if (config->period_ns == 0)
        watchdog->config.period_ns = config->threshold_ns / LOOKS_IN_THRESHOLD;
    mag_os_event_init(&watchdog->end);
    watchdog->berths = calloc(sched->capacity, sizeof(watchdog->berths[0]));
    if (watchdog->berths == NULL) {
        free_watchdog(watchdog);
        return -ENOMEM;
    }
    *ret_watchdog = watchdog;
    return 0;
}

static int start_watchdog_thread(struct mag_watchdog *watchdog)
{
    struct mag_unpinned starter;

    mag_unpinned_begin(&starter);
    int r = mag_os_create(&watchdog->thread, 0, run_watchdog, watchdog);
    mag_unpinned_end(&starter);
    return r;
}

/* relaxed: set before this process had a second thread. */
static bool is_of_parent(const struct mag_sched *sched)
{
    /* relaxed: as above. */
    return atomic_load_explicit(&sched->closed, memory_order_relaxed) == MAG_E_FORKED;
}

int mag_watchdog_start(struct mag_sched *sched, const struct mag_watchdog_config *config,
                       struct mag_watchdog **ret_watchdog)
{
    struct mag_watchdog *watchdog;

    if (!is_right_watchdog(config))
        return -EINVAL;
    if (is_of_parent(sched))
        return MAG_E_FORKED;
    if (!mag_phase_begin_watch(&sched->phase))
        return -EALREADY;
    int r = make_watchdog(sched, config, &watchdog);
    if (r == 0) {
        r = start_watchdog_thread(watchdog);
        if (r < 0)
            free_watchdog(watchdog);
    }
    if (r < 0)
        mag_phase_end_watch(&sched->phase);
    else
        *ret_watchdog = watchdog;
    return r;
}

void mag_watchdog_stop(struct mag_watchdog *watchdog)
{
    if (watchdog == NULL)
        return;
    if (!is_of_parent(watchdog->sched)) {
        mag_os_event_set(&watchdog->end);
        (void)mag_os_join(watchdog->thread, INT64_MAX);
        mag_phase_end_watch(&watchdog->sched->phase);
    }
    free_watchdog(watchdog);
}
