/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/kind.h"
#include "sched/life/registry.h"
#include "sched/life/start.h"
#include "sched/queue/inject.h"
#include "sched/team/team.h"
#include "sched/timer/clock.h"
#include "sched/worker/next.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"

#include <errno.h>

/* False: the time is over and threads still live. */
static bool wait_until_gone(struct mag_sched *sched, int64_t until_ns)
{
    for (;;) {
        /* live, acquire: the workers' last touches are over. */
        uint32_t live = atomic_load_explicit(&sched->live, memory_order_acquire);
        int64_t left = mag_os_left_ns(until_ns);

        if (live == 0)
            return true;
        if (left == 0)
            return false;
        mag_os_wait(&sched->live, live, left);
    }
}

/* ------------------------------------------------ jobs that have not begun */

static void drop_queue(const struct mag_job_stop *how, struct mag_inject *queue)
{
    struct mag_job *job;

    while ((job = mag_inject_pop(queue)) != NULL)
        mag_job_hand_back(job, how);
}

/* Drops all jobs that never began.  The threads are gone, so this thread alone uses what
 * they left. */
static void drop_all(struct mag_sched *sched, const struct mag_job_stop *how)
{
    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_at(sched, i);
        struct mag_job *job;

        while ((job = mag_worker_next(worker)) != NULL)
            mag_job_hand_back(job, how);
        drop_queue(how, &worker->inbox);
    }
    for (uint32_t i = 0; i < sched->level_count * sched->queue_count; i++)
        drop_queue(how, &sched->queues[i]);
    for (;;) {
        struct mag_timer *timer = mag_clock_take_any(sched->clock);

        if (timer == NULL)
            return;
        mag_job_hand_back(&timer->job, how);
    }
}

/* Each step waits for other threads, but not beyond `until_ns`.  A later call continues
 * at the step that was not done. */
static int stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t until_ns,
                const struct mag_job_stop *how)
{
    if (!mag_poster_close(sched, until_ns) || !mag_clock_end(sched->clock, until_ns))
        return -ETIMEDOUT;
    mag_sched_enter_phase(sched, mode == MAG_SCHED_DRAIN ? MAG_PHASE_DRAINING
                                                         : MAG_PHASE_ENDING);
    mag_teams_close(sched->teams, mode == MAG_SCHED_CANCEL);
    if (!wait_until_gone(sched, until_ns) || !mag_sched_join(sched, until_ns))
        return -ETIMEDOUT;
    sched->joined = true;
    drop_all(sched, how);
    return 0;
}

int mag_sched_stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t timeout_ns,
                   void (*on_dropped)(struct mag_job *job, void *arg), void *arg)
{
    struct mag_job_stop how = {.on_dropped = on_dropped, .arg = arg};

    if (sched->is_default)
        return -EPERM;
    if (mode != MAG_SCHED_DRAIN && mode != MAG_SCHED_CANCEL)
        return -EINVAL;
    if (mag_sched_self() == sched)
        return -EDEADLK;
    if (sched->joined)
        return 0;

    int cancel = mag_os_hold_cancel();
    int r =
        stop(sched, mode, timeout_ns < 0 ? INT64_MAX : mag_os_after_ns(timeout_ns), &how);
    mag_os_let_cancel(cancel);
    return r;
}

int mag_sched_destroy(struct mag_sched *sched)
{
    if (sched == NULL)
        return 0;
    int r = mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL);
    if (r < 0)
        return r;
    mag_registry_remove(sched);
    mag_sched_free(sched);
    return 0;
}
