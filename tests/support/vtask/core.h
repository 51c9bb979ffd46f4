/*
 * core.h - a core that the test functions of a program use one after another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_CORE_H
#define TESTS_SUPPORT_VTASK_CORE_H

#include "tests/support/vtask/probe.h"

static struct mag_core core;

/* Set-up of a test function: zeroes the core. */
static inline int core_clear(void **state)
{
    (void)state;
    core = (struct mag_core){0};
    return 0;
}

#endif
