/*
 * delay.h - what tasks of time share.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_COMBINE_DELAY_H
#define VTASK_COMBINE_DELAY_H

#include <magpie/sched.h>

/* delay.c - whose timers are meant where the caller has named none.  0; the errors of
 * mag_sched_default. */
int mag_timing_sched(struct mag_sched **sched);

#endif
