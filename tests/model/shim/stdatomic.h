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
#define memory_order_relaxed rl::mo_relaxed
#define memory_order_acquire rl::mo_acquire
#define memory_order_release rl::mo_release
#define memory_order_acq_rel rl::mo_acq_rel
#define memory_order_seq_cst rl::mo_seq_cst

/* Stands apart so that the table below stays within the columns. */
#define atomic_init(word, value) (*(word))($).store(value, rl::mo_relaxed)

#define atomic_load_explicit(word, order)             (*(word))($).load(order)
#define atomic_store_explicit(word, value, order)     (*(word))($).store(value, order)
#define atomic_exchange_explicit(word, value, order)  (*(word))($).exchange(value, order)
#define atomic_fetch_add_explicit(word, value, order) (*(word))($).fetch_add(value, order)
#define atomic_fetch_sub_explicit(word, value, order) (*(word))($).fetch_sub(value, order)
#define atomic_fetch_and_explicit(word, value, order) (*(word))($).fetch_and(value, order)
#define atomic_fetch_or_explicit(word, value, order)  (*(word))($).fetch_or(value, order)
#define atomic_compare_exchange_strong_explicit(word, expected, value, success, failure) \
    (*(word))($).compare_exchange_strong(*(expected), value, success, failure)
#define atomic_compare_exchange_weak_explicit(word, expected, value, success, failure) \
    (*(word))($).compare_exchange_weak(*(expected), value, success, failure)
#define atomic_thread_fence(order) rl::atomic_thread_fence(order, $)
#define atomic_signal_fence(order) ((void)0)

#endif
