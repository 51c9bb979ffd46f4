/*
 * delay.h - shared by delays and timeouts.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_COMBINE_DELAY_H
#define VTASK_COMBINE_DELAY_H

#include <magpie/sched.h>

/* delay.c - chooses the scheduler whose timers are used, if `*sched` is NULL: the
 * caller's, or else the default one.  0; the errors of mag_sched_default. */
int mag_timing_sched(struct mag_sched **sched);

#endif
