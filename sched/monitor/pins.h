/*
 * pins.h - a duty of the monitor: loosens workers whose PUs are taken by others, and pins
 * them again when these are quiet.  Private to sched/.
 *
 * Ownership
 *   [I] immutable once the monitor runs   [M] the monitor's thread
 *   [C] written by the monitor's thread, read by any: atomic, relaxed
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_MONITOR_PINS_H
#define SCHED_MONITOR_PINS_H

#include "base/os.h"
#include "sched/monitor/monitor.h"
#include "sched/policy/pin.h"

/* What is remembered of one worker. */
struct mag_pin_view {
    int32_t thread;               /* [M] its thread at the last look; 0: none */
    struct mag_usage usage;       /* [M] of that thread at the last look */
    struct mag_pin_memory memory; /* [M] */
};

struct mag_pins {
    struct mag_sched *sched;    /* [I] */
    struct mag_pin_view *views; /* [I] one for each worker */
    int64_t period_ns;          /* [I] */
};

/* Prepares the duty for a scheduler whose seats are known, and adds it to the monitor if
 * workers are pinned and may be loosened.  0 or -ENOMEM. */
int mag_pins_make(struct mag_pins *pins, struct mag_sched *sched,
                  struct mag_monitor *monitor);

/* Frees it; allowed for one that is all zeroes. */
void mag_pins_free(struct mag_pins *pins);

#endif
