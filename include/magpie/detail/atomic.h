/*
 * atomic.h - the few atomic operations that inline functions of the public headers need,
 * spelled so that C11, C++17 and a model checker can each supply them.
 *
 * A word declared MAG_ATOMIC in a public header is the library's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_ATOMIC_H
#define MAGPIE_DETAIL_ATOMIC_H

/* With ThreadSanitizer gcc defines a macro, and clang has a feature. */
#if defined(__SANITIZE_THREAD__)
#    define MAG_UNDER_TSAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define MAG_UNDER_TSAN 1
#    endif
#endif

/* MAG_SWAP is a compare-and-swap that acquires and releases if it succeeds, and may fail
 * for no reason. */
#ifdef __cplusplus
#    define MAG_ORDER_relaxed     __ATOMIC_RELAXED
#    define MAG_ORDER_acquire     __ATOMIC_ACQUIRE
#    define MAG_ORDER_release     __ATOMIC_RELEASE
#    define MAG_LOAD(word, order) __atomic_load_n((word), MAG_ORDER_##order)
#    define MAG_STORE(word, value, order) \
        __atomic_store_n((word), (value), MAG_ORDER_##order)
#    define MAG_SWAP(word, expected, value)                                              \
        __atomic_compare_exchange_n((word), (expected), (value), true, __ATOMIC_ACQ_REL, \
                                    __ATOMIC_RELAXED)
#    define MAG_COMPILER_FENCE() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#else
#    include <stdatomic.h>
#    define MAG_LOAD(word, order) atomic_load_explicit((word), memory_order_##order)
#    define MAG_STORE(word, value, order) \
        atomic_store_explicit((word), (value), memory_order_##order)
/* acq_rel, relaxed on failure: see above. */
#    define MAG_SWAP(word, expected, value)    \
        atomic_compare_exchange_weak_explicit( \
            (word), (expected), (value), memory_order_acq_rel, memory_order_relaxed)
#    define MAG_COMPILER_FENCE() atomic_signal_fence(memory_order_seq_cst)
#endif

/*
 * The fence between a store and a load of an owner, the frequent side of a Dekker pair.
 * It stops the compiler only; the rare side stops the processor (<magpie/barrier.h>).
 */
#define MAG_OWNER_FENCE() MAG_COMPILER_FENCE()

/*
 * Loads and stores of the words that the fast halves of fork-join access at every call.
 * The compiler keeps these accesses in order among themselves; MAG_COMPILER_FENCE orders
 * them with all other memory.
 *
 * On x86 each load acquires and each store releases, so a volatile access of a word is
 * all that is needed, and the compiler can fold its address into the instruction.  For
 * an atomic operation gcc 12 computes the address first, keeps it for later and runs out
 * of registers: fib took 1.2 times as long.  Elsewhere, and for ThreadSanitizer, they
 * are atomic operations that acquire and release.
 */
#if defined(__x86_64__) && !defined(MAG_UNDER_TSAN) && !defined(MAG_ATOMIC_MODEL)
#    define MAG_FOLD_LOAD(type, word) \
        (*MAG_RECAST(const volatile type *, MAG_RECAST(uintptr_t, (word))))
#    define MAG_FOLD_STORE(type, word, value) \
        (*MAG_RECAST(volatile type *, MAG_RECAST(uintptr_t, (word))) = (value))
#else
#    define MAG_FOLD_LOAD(type, word)         MAG_LOAD((word), acquire)
#    define MAG_FOLD_STORE(type, word, value) MAG_STORE((word), (value), release)
#endif

#endif
