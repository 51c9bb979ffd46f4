/*
 * turns.h - lets a test play a thread that waits for another thread.  The other thread
 * runs only while the test sleeps, like a thread of lower real-time priority on the same
 * processor. Include this header before the file that waits: it replaces yielding and
 * sleeping.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_BASE_TURNS_H
#define TESTS_SUPPORT_BASE_TURNS_H

#include "tests/support/cmocka.h"

#include "base/os.h"

#include <stdbool.h>
#include <stdint.h>

enum { YIELDS_MAX = 100000 };

/* Plays the other thread, which holds what the test waits for. */
static void (*let_go)(void);
static unsigned yields, naps;

static inline void yield_in_vain(void)
{
    if (++yields == YIELDS_MAX)
        let_go(); /* So that the failed test does not hang. */
}

static inline void nap_on(int64_t nap_ns)
{
    (void)nap_ns;
    naps++;
    let_go();
}

static inline void assert_slept(void)
{
    assert_int_equal(naps, 1);
    assert_true(yields < YIELDS_MAX);
}

#define mag_os_yield yield_in_vain
#define mag_os_nap   nap_on

#endif
