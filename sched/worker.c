/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker.h"

#include "sched/core.h"
#include "sched/os.h"
#include "sched/self.h"

#include <magpie/executor.h>

#include <pthread.h>
#include <stdio.h>

/* A thread's name has room for 15 bytes, "/4095" among them. */
enum { WORKER_PREFIX = 10 };

static void name_worker(const struct mag_berth *berth)
{
    char name[MAG_NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%.*s/%u", WORKER_PREFIX,
                   berth->sched->settings.config.name, berth->index);
    (void)pthread_setname_np(pthread_self(), name);
}

/* Pins before the first touch, so that pages come from the right node even where the
 * kernel refuses a memory policy. */
static enum mag_pinned pin(const struct mag_berth *berth)
{
    const struct mag_settings *settings = &berth->sched->settings;
    const struct mag_seat *seat = mag_plan_seat(berth->sched->plan, berth->index);
    enum mag_pinned obtained = MAG_PIN_FOREIGN;

    if (settings->config.pin)
        (void)mag_pin_self(settings->topology, seat->pu, &obtained);
    return obtained;
}

/* The worker exists; the starting thread decides whether the scheduler does. */
static bool wait_for_start(struct mag_sched *sched)
{
    /* ready, release: what this thread has set up precedes the start. */
    (void)atomic_fetch_add_explicit(&sched->ready, 1, memory_order_release);
    mag_os_wake(&sched->ready, 1);
    while (mag_sched_phase(sched) == MAG_PHASE_STARTING)
        mag_os_wait(&sched->phase, MAG_PHASE_STARTING, -1);
    return mag_sched_phase(sched) != MAG_PHASE_ENDING;
}

static void run_work(struct mag_worker *worker, const struct mag_work *work)
{
    if (work->job != NULL) {
        mag_count(&worker->counts.jobs);
        worker->running = work->job;
        work->job->run(work->job);
    } else {
        mag_fork_stack_run(worker->forks, &work->child, worker->forks->slots);
    }
}

static void loop(struct mag_worker *worker)
{
    struct mag_work work;

    while (mag_sched_phase(worker->sched) != MAG_PHASE_ENDING) {
        work.job = mag_worker_next(worker);
        if (work.job == NULL && !mag_worker_idle(worker, &work))
            break;
        run_work(worker, &work);
    }
}

static void serve(struct mag_worker *worker)
{
    const struct mag_sched_config *config = &worker->sched->settings.config;

    mag_self.worker = worker;
    mag_here_set(worker->sched);
    if (config->on_start != NULL)
        config->on_start(worker->index, config->hook_arg);
    loop(worker);
    if (config->on_stop != NULL)
        config->on_stop(worker->index, config->hook_arg);
    mag_here_set(NULL);
    mag_self.worker = NULL;
}

void *mag_worker_main(void *arg)
{
    struct mag_berth *berth = arg;
    struct mag_sched *sched = berth->sched;

    name_worker(berth);
    enum mag_pinned pinned = pin(berth);
    mag_berth_prepare(berth);
    /* relaxed: read by counters only. */
    atomic_store_explicit(&berth->worker->pinned, pinned, memory_order_relaxed);
    if (wait_for_start(sched))
        serve(berth->worker);
    /* live, release: this thread's last touch precedes the end of the scheduler, which
     * joins it besides. */
    if (atomic_fetch_sub_explicit(&sched->live, 1, memory_order_release) == 1)
        mag_os_wake(&sched->live, 1);
    return NULL;
}
