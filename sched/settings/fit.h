/*
 * fit.h - chooses the sizes of stacks by the limits of the process.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SETTINGS_FIT_H
#define SCHED_SETTINGS_FIT_H

#include "sched/settings/settings.h"

#include <stddef.h>

/* Chooses the sizes that the caller has left to the library, for so many workers and for
 * the spare berths of the settings.  0 or -ENOMEM. */
int mag_settings_fit(struct mag_settings *settings, size_t workers);

#endif
