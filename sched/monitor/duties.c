/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/monitor/duties.h"

#include "sched/monitor/follow.h"
#include "sched/monitor/monitor.h"
#include "sched/monitor/pins.h"

#include <errno.h>
#include <stdlib.h>

/* A monitor, and the states of its duties. */
struct watch {
    struct mag_monitor monitor; /* first, so that its address is the watch's */
    struct mag_pins pins;
    struct mag_follow follow;
};

int mag_monitor_make(struct mag_sched *sched)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return -ENOMEM;
    mag_monitor_init(&watch->monitor, sched);
    sched->monitor = &watch->monitor;
    int r = mag_pins_make(&watch->pins, sched, &watch->monitor);
    if (r == 0)
        mag_follow_make(&watch->follow, sched, &watch->monitor);
    return r;
}

void mag_monitor_free(struct mag_sched *sched)
{
    struct watch *watch = (struct watch *)(void *)sched->monitor;

    if (watch == NULL)
        return;
    mag_pins_free(&watch->pins);
    mag_follow_free(&watch->follow);
    free(watch);
}
