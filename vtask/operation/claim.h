/*
 * claim.h - the word by which one of several completers gets an operation.  Private to
 * vtask/.
 *
 * Why a late completer fails, even if the object has begun other operations since.  A
 * completer holds a key t, the token of an operation that was shared.  Only the completer
 * that moved the claim from t to t + 1 completes that operation, which is consumed later.
 * Each value that the claim gets after that is larger than t: t + 1, MAG_CLAIM_FREE or
 * MAG_CLAIM_BUSY, or a later token, since tokens only grow.  So from then on a
 * compare-and-swap that expects t fails.  (64 bits do not wrap around.)
 *
 * Why an operation that can be canceled may be pooled, although the contract's VT-153
 * forbids it.  The rule guards against this case: a callback of the cancel object begins,
 * another completer completes the operation, and the callback continues when the object
 * already serves another user.  Here such a callback does only one thing with the object:
 * it claims by the key of its own operation.  Object and key are copies that the cancel
 * object made under its lock when it chose the callback.  A key can be claimed once and
 * never again, as shown above.  And the memory stays an operation.  After choosing a
 * callback the cancel object never touches the registration again, so the registration
 * may already be in another list.
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

/* Called by the owner: opens the operation `token` to completers. */
static inline void mag_claim_open(_Atomic(uint64_t) *claim, uint64_t token)
{
    /* shared, release: the operation is ready. */
    atomic_store_explicit(claim, token, memory_order_release);
}

/* Any thread.  True for exactly one. */
static inline bool mag_claim_take(_Atomic(uint64_t) *claim, uint64_t token)
{
    uint64_t expected = token;

    /* shared, acquire: the operation is ready; relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(
        claim, &expected, token + 1, memory_order_acquire, memory_order_relaxed);
}

/* Called by the owner of an operation that it may have shared.  False: a completer has
 * the claim, which is then t + 1.  An operation that was not shared never has this value:
 * its claim is at most t, or MAG_CLAIM_BUSY. */
static inline bool mag_claim_take_back(_Atomic(uint64_t) *claim, uint64_t token)
{
    uint64_t found = token;

    /* relaxed, both: the owner itself wrote everything in the operation. */
    return atomic_compare_exchange_strong_explicit(
               claim, &found, token + 1, memory_order_relaxed, memory_order_relaxed) ||
           found != token + 1;
}

/* Called by the consumer of an owned operation, as its last access. */
static inline void mag_claim_free(_Atomic(uint64_t) *claim, uint64_t idle)
{
    /* idle, release: all accesses to the operation precede it. */
    atomic_store_explicit(claim, idle, memory_order_release);
}

/* Any thread.  True for exactly one.  `busy` is not a key: the token may be read only
 * after this call, because a token read before could belong to another user. */
static inline bool mag_claim_own(_Atomic(uint64_t) *claim, uint64_t idle, uint64_t busy)
{
    /* idle, acquire: the last use is over; relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(
        claim, &idle, busy, memory_order_acquire, memory_order_relaxed);
}

#endif
