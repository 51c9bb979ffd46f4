/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/combine/delay.h"
#include "vtask/debug/debug.h"

#include "vtask/core/pooled.h"
#include "vtask/value/kind.h"

#include <magpie/connected.h>
#include <magpie/default.h>
#include <magpie/job_kind.h>
#include <magpie/source.h>
#include <magpie/timer.h>
#include <magpie/when.h>

#include <errno.h>
#include <string.h>

struct delay {
    struct mag_core core; /* must be first */
    struct mag_timer timer;
};

static struct mag_pooled delays = {.size = sizeof(struct delay)};

static void delay_recycle(struct mag_core *core)
{
    mag_pooled_give(&delays, core);
}

static const struct mag_core_type delay_type = {.recycle = delay_recycle};

static struct delay *delay_of(struct mag_job *job)
{
    return (struct delay *)(void *)((char *)job - offsetof(struct delay, timer));
}

static void delay_over(struct mag_job *job)
{
    mag_core_finish(&delay_of(job)->core, 0, 0);
}

static void delay_stopped(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_core_finish(&delay_of(job)->core, -ECANCELED, 0);
}

static struct mag_job_kind delay_kind = {.run = delay_over, .dropped = delay_stopped};

static void connected_over(struct mag_job *job)
{
    struct mag_delay_state *state = (struct mag_delay_state *)(void *)job;

    (void)mag_waiter_complete(state->waiter, 0);
}

static void connected_stopped(struct mag_job *job, const struct mag_job_stop *stop)
{
    struct mag_delay_state *state = (struct mag_delay_state *)(void *)job;

    (void)stop;
    (void)mag_waiter_fail(state->waiter, -ECANCELED, 0);
}

static struct mag_job_kind connected_kind = {.run = connected_over,
                                             .dropped = connected_stopped};

static __attribute__((constructor)) void add_delay_kinds(void)
{
    mag_job_kind_add(&delay_kind);
    mag_job_kind_add(&connected_kind);
}

int mag_timing_sched(struct mag_sched **sched)
{
    if (*sched == NULL)
        *sched = mag_sched_self();
    return *sched != NULL ? 0 : mag_sched_default(sched);
}

int mag_delay(struct mag_sched *sched, int64_t delay_ns, mag_vtask *ret_task)
{
    struct delay *delay;
    void *object;
    int r = mag_timing_sched(&sched);

    if (r == 0)
        r = mag_pooled_take(&delays, &object);
    if (r != 0)
        return r;
    delay = object;
    mag_core_prepare(&delay->core, &delay_type);
    delay->timer.job.run = delay_over;
    mag_vtask task = mag_core_task(&delay->core);
    r = mag_timer_start_in(sched, &delay->timer, delay_ns);
    if (r < 0) {
        mag_debug_core_ends(&delay->core);
        mag_pooled_give(&delays, delay);
        return r;
    }
    *ret_task = task;
    return 0;
}

mag_task mag_delay_begin(struct mag_waiter *waiter, struct mag_delay_state *state,
                         struct mag_sched *sched, int64_t delay_ns)
{
    int r = mag_timing_sched(&sched);

    memset((void *)state, 0, sizeof(*state));
    state->timer.job.run = connected_over;
    state->waiter = waiter;
    if (r == 0)
        r = mag_timer_start_in(sched, &state->timer, delay_ns);
    return mag_task_of(r == 0 ? MAG_STARTED : mag_vtask_failed(r, 0));
}
