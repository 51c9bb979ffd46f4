/*
 * shared.h - counts and flags that the threads of a test share.  All operations use the
 * same order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_SHARED_H
#define TESTS_SUPPORT_SCHED_SHARED_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef _Atomic(uint64_t) shared;

static inline uint64_t look(shared *word)
{
    /* seq_cst: the simplest order. */
    return atomic_load_explicit(word, memory_order_seq_cst);
}

static inline void set(shared *word, uint64_t value)
{
    /* seq_cst: as above. */
    atomic_store_explicit(word, value, memory_order_seq_cst);
}

static inline uint64_t add(shared *word, uint64_t value)
{
    /* seq_cst: as above. */
    return atomic_fetch_add_explicit(word, value, memory_order_seq_cst);
}

/* For a thread whose failures another thread asserts. */
static inline void wait_until(shared *word, uint64_t value)
{
    while (look(word) < value)
        test_sleep_ms(1);
}

#endif
