/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/monitor/monitor.h"

#include "base/os.h"
#include "sched/idle/bell.h"

#include <magpie/unpinned.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>

/* How much of a scheduler's name fits before "/monitor" in a thread's name. */
enum { MONITOR_PREFIX = 7 };

/* The C stack of the monitor, unless the system wants a larger one. */
enum { MONITOR_STACK = 512 * 1024 };

void mag_monitor_init(struct mag_monitor *monitor, struct mag_sched *sched)
{
    *monitor = (struct mag_monitor){.sched = sched};
}

void mag_monitor_add(struct mag_monitor *monitor, struct mag_duty duty)
{
    assert(monitor->count < MAG_DUTIES_MAX);
    monitor->duties[monitor->count++] = duty;
}

/* ---------------------------------------------------------------- the thread */

static bool nobody_runs(struct mag_sched *sched)
{
    uint64_t state = mag_idle_read(&sched->idle); /* (2) in bell.h */

    return mag_idle_parked(state) == mag_idle_used(state);
}

/* The scheduler has been started: every duty waits before its first look. */
static void begin_duties(struct mag_monitor *monitor)
{
    int64_t now = mag_os_now_ns();

    monitor->rests_from = now + monitor->duties[0].first_ns;
    for (uint32_t i = 0; i < monitor->count; i++)
        monitor->duties[i].due_ns = now + monitor->duties[i].first_ns;
}

/* Workers have begun to run.  The monitor does not rest at once if they end soon: each of
 * many short jobs would wake it.  What has been missed is done at the end of that time;
 * what was to come later keeps its time, or it would never come if workers rest often. */
static void begin_again(struct mag_monitor *monitor)
{
    monitor->rests_from = mag_os_now_ns() + monitor->duties[0].first_ns;
    for (uint32_t i = 0; i < monitor->count; i++) {
        struct mag_duty *duty = &monitor->duties[i];

        if (duty->due_ns < monitor->rests_from)
            duty->due_ns = monitor->rests_from;
    }
}

/* Does what is due.  Returns when the next duty is due. */
static int64_t look_around(struct mag_monitor *monitor)
{
    int64_t now = mag_os_now_ns();
    int64_t next = INT64_MAX;

    for (uint32_t i = 0; i < monitor->count; i++) {
        struct mag_duty *duty = &monitor->duties[i];

        if (duty->due_ns <= now)
            duty->due_ns = now + duty->look(duty->state);
        if (duty->due_ns < next)
            next = duty->due_ns;
    }
    return next;
}

static void rest_or_nap(struct mag_monitor *monitor, int64_t next)
{
    struct mag_bell *bell = &monitor->sched->bell;

    if (mag_os_now_ns() < monitor->rests_from || !nobody_runs(monitor->sched)) {
        mag_bell_nap(bell, mag_os_left_ns(next));
        return;
    }
    mag_bell_announce(bell);
    if (nobody_runs(monitor->sched))
        mag_bell_sleep(bell);
    else
        mag_bell_stay(bell);
    begin_again(monitor);
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

    (void)mag_os_hold_cancel();
    name_monitor(monitor);
    begin_duties(monitor);
    mag_bell_nap(&monitor->sched->bell, monitor->duties[0].first_ns);
    while (!mag_bell_is_over(&monitor->sched->bell))
        rest_or_nap(monitor, look_around(monitor));
    return NULL;
}

/* ----------------------------------------------------------------- life cycle */

void mag_monitor_start(struct mag_monitor *monitor)
{
    struct mag_unpinned starter;

    if (monitor->count == 0)
        return;
    mag_unpinned_begin(&starter);
    int r = mag_os_create(&monitor->thread, MONITOR_STACK, run_monitor, monitor);
    /* Thread-local storage of the program may need more. */
    if (r == -EINVAL)
        r = mag_os_create(&monitor->thread, 0, run_monitor, monitor);
    mag_unpinned_end(&starter);
    monitor->started = r == 0;
}

bool mag_monitor_end(struct mag_monitor *monitor, int64_t until_ns)
{
    if (!monitor->started)
        return true;
    mag_bell_end(&monitor->sched->bell);
    if (!mag_os_join(monitor->thread, until_ns))
        return false;
    monitor->started = false;
    return true;
}

void mag_monitor_orphan(struct mag_monitor *monitor)
{
    monitor->started = false;
}
