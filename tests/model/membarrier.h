/*
 * membarrier.h - in a model, membarrier is a fence of the owner: where its barrier is for
 * the compiler only (base/asym.h), the thief's call makes its processor execute one.
 * Before the library's headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_MEMBARRIER_H
#define TESTS_MODEL_MEMBARRIER_H

#include <stdatomic.h>

#undef atomic_signal_fence
#define atomic_signal_fence(order) atomic_thread_fence(order)

#endif
