/*
 * stdatomic.h - C11 atomics for a model checker: each operation goes to Relacy, which
 * tries the orders that the memory model allows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_STDATOMIC_H
#define TESTS_MODEL_SHIM_STDATOMIC_H

#include <relacy/relacy.hpp>

#define _Atomic(type) rl::atomic<type>
#define _Alignas(size)

/* Relacy does not accept acquire on failure beside release on success.  A fence after the
 * failure has the same effect. */
template <typename T> struct mag_shim_as {
    typedef T type;
};

template <bool weak, typename Word, typename T>
static bool mag_shim_swap(Word word, T &expected, typename mag_shim_as<T>::type value,
                          rl::memory_order success, rl::memory_order failure)
{
    bool split = success == rl::mo_release && failure == rl::mo_acquire;
    rl::memory_order otherwise = split ? rl::mo_relaxed : failure;
    bool done = weak ? word.compare_exchange_weak(expected, value, success, otherwise)
                     : word.compare_exchange_strong(expected, value, success, otherwise);

    if (!done && split)
        rl::atomic_thread_fence(rl::mo_acquire, $);
    return done;
}

#define memory_order_relaxed rl::mo_relaxed
#define memory_order_acquire rl::mo_acquire
#define memory_order_release rl::mo_release
#define memory_order_acq_rel rl::mo_acq_rel
#define memory_order_seq_cst rl::mo_seq_cst

/* Outside of the table below, so that the table stays within the columns. */
#define atomic_init(word, value) (*(word))($).store(value, rl::mo_relaxed)

#define atomic_load_explicit(word, order)             (*(word))($).load(order)
#define atomic_store_explicit(word, value, order)     (*(word))($).store(value, order)
#define atomic_exchange_explicit(word, value, order)  (*(word))($).exchange(value, order)
#define atomic_fetch_add_explicit(word, value, order) (*(word))($).fetch_add(value, order)
#define atomic_fetch_sub_explicit(word, value, order) (*(word))($).fetch_sub(value, order)
#define atomic_fetch_and_explicit(word, value, order) (*(word))($).fetch_and(value, order)
#define atomic_fetch_or_explicit(word, value, order)  (*(word))($).fetch_or(value, order)
#define atomic_compare_exchange_strong_explicit(word, expected, value, success, failure) \
    mag_shim_swap<false>((*(word))($), *(expected), value, success, failure)
#define atomic_compare_exchange_weak_explicit(word, expected, value, success, failure) \
    mag_shim_swap<true>((*(word))($), *(expected), value, success, failure)
#define atomic_thread_fence(order) rl::atomic_thread_fence(order, $)
#define atomic_signal_fence(order) ((void)0)

#endif
