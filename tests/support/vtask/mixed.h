/*
 * mixed.h - tasks that no source has made, as misuse produces them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_MIXED_H
#define TESTS_SUPPORT_VTASK_MIXED_H

#include "tests/support/run.h"

#include <magpie/vtask.h>

/* Mixes words of two tasks, or makes a token a little wrong. */
static inline void mix_task(mag_vtask *task, mag_vtask other, uint64_t *random)
{
    switch (test_random_below(random, 4)) {
    case 0:
        task->payload = other.payload;
        break;
    case 1:
        task->backing = other.backing;
        break;
    case 2:
        task->payload += test_random_below(random, 3) - 1ULL;
        break;
    default:
        *task = mag_vtask_configure(*task, test_random_below(random, 2) != 0);
        break;
    }
}

#endif
