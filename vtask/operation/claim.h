/*
 * claim.h - the word by which one of several completers gets an operation; private to
 * vtask/.
 *
 * Why a late completer fails, also when the object has begun other operations since.  It
 * holds a key t, the token of an operation that was shared.  That operation is completed
 * only by the one that moved the claim from t to t + 1, and is consumed later.  Each
 * value that the claim gets after that is larger than t: t + 1, MAG_CLAIM_FREE or
 * MAG_CLAIM_BUSY, or a later token, since tokens only grow.  So a compare-and-swap that
 * expects t fails from there on.  (64 bits do not come round.)
 *
 * Why an operation that can be cancelled may be pooled (the contract's VT-153 forbids
 * it).  The rule is afraid of a callback of the cancel object that began before somebody
 * else completed the operation, and goes on when the object is another's.  Here such a
 * callback does one thing with the object: it claims by the key of its own operation.
 * Object and key are copies that the cancel object made under its lock when it chose the
 * callback; the claim of a key fails for good as soon as anybody has made it, as above;
 * and the memory stays an operation.  After choosing a callback the cancel object never
 * touches the registration again, so the registration may be in another list by then,
 * too.
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

/* The owner of an operation that it may have shared: false if somebody has the claim.  A
 * claim of t + 1 tells that, as an operation that was not shared has none above t but
 * MAG_CLAIM_BUSY. */
static inline bool mag_claim_take_back(_Atomic(uint64_t) *claim, uint64_t token)
{
    uint64_t found = token;

    /* relaxed, both: the owner itself wrote all there is. */
    return atomic_compare_exchange_strong_explicit(
               claim, &found, token + 1, memory_order_relaxed, memory_order_relaxed) ||
           found != token + 1;
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
