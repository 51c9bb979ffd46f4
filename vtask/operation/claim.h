/*
 * claim.h - the word by which one of several gets an operation; private to vtask/.  Its
 * values, and why a late one fails, are in <magpie/operation.h>.
 *
 * Edges: release end -> acquire end : what crosses
 *   shared  mag_claim_open -> mag_claim_take : what the owner wrote before it shared
 *   idle    mag_claim_free -> mag_claim_own : the last use of an owned operation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_OPERATION_CLAIM_H
#define VTASK_OPERATION_CLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The owner: the operation `token` is open. */
static inline void mag_claim_open(_Atomic(uint64_t) *claim, uint64_t token)
{
    /* shared, release: the operation is ready. */
    atomic_store_explicit(claim, token, memory_order_release);
}

/* Any thread: true for one. */
static inline bool mag_claim_take(_Atomic(uint64_t) *claim, uint64_t token)
{
    uint64_t expected = token;

    /* shared, acquire: the operation is ready; relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(
        claim, &expected, token + 1, memory_order_acquire, memory_order_relaxed);
}

/* The consumer of an owned operation, as its last touch. */
static inline void mag_claim_free(_Atomic(uint64_t) *claim, uint64_t idle)
{
    /* idle, release: all that was done to it precedes. */
    atomic_store_explicit(claim, idle, memory_order_release);
}

/* Any thread: true for one.  `busy` is no key: the token may only be read afterwards, and
 * one that was read before could have been another user's. */
static inline bool mag_claim_own(_Atomic(uint64_t) *claim, uint64_t idle, uint64_t busy)
{
    /* idle, acquire: the last use is over; relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(
        claim, &idle, busy, memory_order_acquire, memory_order_relaxed);
}

#endif
