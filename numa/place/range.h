/*
 * range.h - the masks that mag_pin_set_range has given to threads.  Private to numa/.
 *
 * A pinned thread has one CPU in its mask, and pin.c recognises it by that.  A loosened
 * thread has several, like a thread that was never pinned.  So range.c remembers every
 * mask that it has set.  There are as many as caches and nodes, and a mask is remembered
 * by a number of 64 bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_PLACE_RANGE_H
#define NUMA_PLACE_RANGE_H

#include "base/os.h"

#include <stdbool.h>

/* Whether mag_pin_set_range has set this mask for some thread. */
bool mag_range_is_known(const struct mag_affinity *mask);

#endif
