/*
 * gate.h - a gate at which one thread waits until another opens it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_GATE_H
#define TESTS_SUPPORT_GATE_H

#include "tests/support/run.h"

/* All zeroes is a closed gate at which no thread waits. */
struct gate {
    _Atomic(uint64_t) started; /* how many have come to the gate */
    _Atomic(uint64_t) open;
};

static inline void gate_close(struct gate *gate)
{
    atomic_init(&gate->started, 0);
    atomic_init(&gate->open, 0);
}

/* Counts the caller, and waits until the gate is open. */
static inline void gate_pass(struct gate *gate)
{
    (void)test_add(&gate->started, 1);
    (void)test_wait_for(&gate->open, 1);
}

/* Waits until a thread has come to the gate.  False: none comes. */
static inline bool gate_is_reached(struct gate *gate)
{
    return test_wait_for(&gate->started, 1);
}

static inline void gate_open(struct gate *gate)
{
    (void)test_add(&gate->open, 1);
}

#endif
