/*
 * phase.h - waiting in a job until its scheduler is being stopped.
 *
 * White-box: it looks at the phase of a scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_PHASE_H
#define TESTS_SUPPORT_SCHED_PHASE_H

#include "tests/support/run.h"

#include "sched/scheduler.h"

/* Waits until `sched` has reached `phase`. */
static inline void stay_until(struct mag_sched *sched, enum mag_phase phase)
{
    double since = test_now();

    while (mag_sched_phase(sched) < phase && !test_gives_up(since))
        test_sleep_ms(1);
}

#endif
