/*
 * debug.h - what the tests of debug.h share: a watch that records what it is told, and
 * functions whose callers' addresses are known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_DEBUG_H
#define TESTS_SUPPORT_VTASK_DEBUG_H

#include "tests/support/vtask/probe.h"

#include <magpie/debug.h>
#include <magpie/operation.h>

/* For a function that is not inlined: the address to which it returns, which its sites
 * must contain. */
#define CALLER     __builtin_return_address(0)
#define NOT_INLINE __attribute__((noinline, unused))

/* ------------------------------------------------------------------ a watch */

struct ear {
    struct mag_misuse_watch watch; /* first */
    unsigned told;
    struct mag_misuse last;
};

static inline void ear_told(struct mag_misuse_watch *watch,
                            const struct mag_misuse *misuse)
{
    struct ear *ear = (struct ear *)(void *)watch;

    ear->told++;
    ear->last = *misuse;
}

/* Makes the ear the watch of the process until another one is opened. */
static inline void ear_open(struct ear *ear)
{
    *ear = (struct ear){.watch.told = ear_told};
    (void)mag_debug_watch(&ear->watch);
}

static inline bool site_has(const struct mag_debug_site *site, const void *address)
{
    for (uint32_t i = 0; i < site->count; i++) {
        if (site->frames[i] == address)
            return true;
    }
    return false;
}

/* In builds that record addresses, `address` is in the site; in other builds none is. */
static inline void assert_noted(const struct mag_debug_site *site, const void *address)
{
#ifdef MAG_DEBUG_TASKS
    assert_true(site_has(site, address));
#else
    (void)address;
    assert_int_equal(site->count, 0);
#endif
}

/* --------------------------------------------------------------------- a task */

static NOT_INLINE struct mag_operation *rent_noted(const void **ret_caller)
{
    void *object = NULL;

    *ret_caller = CALLER;
    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    return object;
}

static NOT_INLINE int read_noted(mag_vtask task, const void **ret_caller)
{
    uint64_t result;
    int r = mag_vtask_get(task, &result);

    *ret_caller = CALLER;
    return r;
}

#endif
