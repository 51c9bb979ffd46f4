/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/life/start.h"

#include "base/asym.h"
#include "base/os.h"
#include "base/space.h"
#include "sched/berth/tenancy.h"
#include "sched/blocking/relief.h"
#include "sched/life/registry.h"
#include "sched/life/routes.h"
#include "sched/monitor/duties.h"
#include "sched/monitor/monitor.h"
#include "sched/post/executor.h"
#include "sched/queue/inject.h"
#include "sched/settings/fit.h"
#include "sched/team/team.h"
#include "sched/timer/clock.h"
#include "sched/trace/file.h"
#include "sched/trace/trace.h"
#include "sched/worker/hire.h"
#include "sched/worker/memory.h"
#include "sched/worker/self.h"
#include "sched/worker/thread.h"
#include "sched/worker/unpinned.h"
#include "sched/worker/wake.h"

#include <magpie/unpinned.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of one node's queues, which are whole pages. */
static size_t queues_size(void)
{
    return MAG_QUEUE_STRIDE * sizeof(struct mag_inject);
}

static void init_queues(struct mag_sched *sched, uint32_t queue)
{
    uint32_t os_node = mag_sched_os_node(sched, queue);

    if (os_node != MAG_NONE)
        mag_space_bind(&sched->queues[mag_sched_inject(queue, 0)], queues_size(),
                       os_node);
    for (uint32_t level = 0; level < sched->level_count; level++)
        mag_inject_init(&sched->queues[mag_sched_inject(queue, level)]);
}

static int make_queues(struct mag_sched *sched)
{
    int r = mag_routes_load(sched->settings.topology, sched->plan, sched->capacity,
                            &sched->routes);
    if (r < 0)
        return r;
    sched->queue_count = sched->routes.queue_count;
    sched->level_count = MAG_LEVELS;
    sched->queues = mag_space_private(sched->queue_count * queues_size());
    if (sched->queues == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < sched->queue_count; i++)
        init_queues(sched, i);
    return 0;
}

static int map_berths(struct mag_sched *sched)
{
    int r = 0;

    sched->berths = calloc(sched->capacity, sizeof(*sched->berths));
    if (sched->berths == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < sched->capacity; i++) {
        sched->berths[i].sched = sched;
        sched->berths[i].index = i;
        atomic_init(&sched->berths[i].open, false);
    }
    /* A spare berth is mapped by the first thread that takes it. */
    for (uint32_t i = 0; r == 0 && i < sched->worker_count; i++)
        r = mag_berth_map(&sched->berths[i], sched->settings.fork_least,
                          &sched->settings.fork_bytes);
    return r;
}

static void init_sched(struct mag_sched *sched)
{
    mag_bell_init(&sched->bell);
    sched->executor.post = mag_sched_executor_post;
    atomic_init(&sched->phase, MAG_PHASE_STARTING);
    atomic_init(&sched->closed, 0);
    atomic_init(&sched->live, 0);
    atomic_init(&sched->ready, 0);
    atomic_init(&sched->inflight, 0);
    atomic_init(&sched->staffed, 0);
    (void)pthread_mutex_init(&sched->resizing, NULL);
    atomic_init(&sched->trace, NULL);
    (void)pthread_mutex_init(&sched->trace_lock, NULL);
    atomic_init(&sched->levels, 0);
    atomic_init(&sched->summons, 0);
    atomic_init(&sched->stopping, 0);
    atomic_init(&sched->joined, false);
    atomic_init(&sched->blocked, 0);
    atomic_init(&sched->pace, (uint32_t)MAG_PACE_OFF);
    sched->fenced = mag_asym_init();
}

/* Makes everything but the threads. */
static int build(struct mag_sched *sched, const struct mag_sched_config *config)
{
    int r = mag_settings_make(config, &sched->settings);
    if (r < 0)
        return r;

    struct mag_sched_config *wanted = &sched->settings.config;
    r = mag_plan_make(sched->settings.topology, wanted->placement, wanted->workers_max,
                      wanted->os_pus, wanted->os_pu_count, &sched->plan);
    if (r < 0)
        return r;
    sched->worker_count = wanted->workers;
    sched->place_count = mag_plan_workers(sched->plan);
    r = mag_settings_spare(wanted);
    if (r < 0)
        return r;
    sched->capacity = sched->place_count + wanted->spare;
    mag_idle_init(&sched->idle, sched->worker_count);
    atomic_init(&sched->active, sched->worker_count);
    atomic_init(&sched->pus, mag_topology_pus(sched->settings.topology));
    atomic_init(&sched->crowded,
                sched->worker_count > mag_topology_pus(sched->settings.topology));
    r = mag_settings_fit(&sched->settings, sched->worker_count);
    if (r == 0)
        r = make_queues(sched);
    if (r < 0)
        return r;
    sched->clock = mag_clock_make(sched, sched->worker_count);
    sched->teams = mag_teams_make(sched);
    mag_vacancies_init(sched);
    if (sched->clock == NULL || sched->teams == NULL)
        return -ENOMEM;
    r = mag_seats_init(&sched->seats, wanted, sched->settings.topology, sched->plan);
    if (r == 0)
        r = mag_monitor_make(sched);
    if (r == 0)
        r = map_berths(sched);
    return r == 0 && wanted->spare != 0 ? mag_relief_make(sched) : r;
}

/* ------------------------------------------------------------------- threads */

static int start_threads(struct mag_sched *sched)
{
    struct mag_unpinned starter;
    int r = 0;

    /* Workers inherit the mask and the affinity of the program, even if a worker starts
     * them. */
    mag_unpinned_begin(&starter);
    mag_os_signals(&sched->signals);
    sched->fp = mag_fp_read();
    /* With one node no such call is made: a filter may end the process for it. */
    if (mag_topology_nodes(sched->settings.topology) > 1)
        mag_space_policy_read(&sched->policy);
    for (uint32_t i = 0; r == 0 && i < sched->worker_count; i++)
        r = mag_worker_hire(sched, false);
    mag_unpinned_end(&starter);
    return r;
}

static void wait_until_ready(struct mag_sched *sched)
{
    for (;;) {
        /* ready, acquire: what the workers have set up is visible to the starter. */
        uint32_t ready = atomic_load_explicit(&sched->ready, memory_order_acquire);

        if (ready == sched->started)
            return;
        mag_os_wait(&sched->ready, ready, -1);
    }
}

bool mag_sched_join(struct mag_sched *sched, int64_t until_ns)
{
    /* Destructors of the program may still run in these threads. */
    for (; sched->started > 0; sched->started--) {
        struct mag_berth *berth = &sched->berths[sched->started - 1];

        if (berth->has_ended && !mag_os_join(berth->ended, until_ns))
            return false;
        berth->has_ended = false;
        if (!mag_os_join(berth->thread, until_ns))
            return false;
    }
    return true;
}

void mag_sched_free(struct mag_sched *sched)
{
    for (uint32_t i = 0; sched->berths != NULL && i < sched->capacity; i++)
        mag_berth_unmap(&sched->berths[i]);
    mag_trace_free(sched);
    mag_monitor_free(sched);
    mag_seats_fini(&sched->seats);
    mag_clock_free(sched->clock);
    mag_teams_free(sched->teams);
    mag_relief_free(sched->relief);
    free(sched->berths);
    if (sched->queues != NULL)
        mag_space_release(sched->queues, sched->queue_count * queues_size());
    mag_routes_free(&sched->routes);
    mag_plan_free(sched->plan);
    mag_settings_release(&sched->settings);
    (void)pthread_mutex_destroy(&sched->resizing);
    free(sched);
}

static int prepare_process(void)
{
    int r = mag_poster_init();

    return r < 0 ? r : mag_registry_init();
}

static struct mag_sched *allocate(void)
{
    struct mag_sched *sched = aligned_alloc(MAG_CACHE_LINE, sizeof(*sched));

    if (sched != NULL)
        memset(sched, 0, sizeof(*sched));
    return sched;
}

static int launch(const struct mag_sched_config *config, bool is_default,
                  struct mag_sched **ret_sched)
{
    int r = prepare_process();
    if (r < 0)
        return r;
    mag_unpinned_init();

    struct mag_sched *sched = allocate();
    if (sched == NULL)
        return -ENOMEM;

    init_sched(sched);
    sched->is_default = is_default;
    r = build(sched, config);
    if (r == 0)
        r = mag_trace_file_prepare(sched);
    if (r == 0)
        r = start_threads(sched);
    wait_until_ready(sched);
    mag_sched_enter_phase(sched, r == 0 ? MAG_PHASE_RUNNING : MAG_PHASE_ENDING);
    if (r < 0) {
        (void)mag_sched_join(sched, INT64_MAX);
        mag_sched_free(sched);
        return r;
    }
    mag_trace_file_begin(sched);
    mag_monitor_start(sched->monitor);
    mag_registry_add(sched);
    mag_relief_begin(sched);
    *ret_sched = sched;
    return 0;
}

int mag_sched_launch(const struct mag_sched_config *config, bool is_default,
                     struct mag_sched **ret_sched)
{
    int cancel = mag_os_hold_cancel();
    int r = launch(config, is_default, ret_sched);

    mag_os_let_cancel(cancel);
    return r;
}

int mag_sched_start(const struct mag_sched_config *config, struct mag_sched **ret_sched)
{
    return mag_sched_launch(config, false, ret_sched);
}
