/*
 * atomic.h - the atomics of the public headers, each handed to Relacy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_ATOMIC_H
#define TESTS_MODEL_SHIM_MAGPIE_ATOMIC_H

#include <stdatomic.h>

#define MAG_LOAD(word, order)         (*(word))($).load(rl::mo_##order)
#define MAG_STORE(word, value, order) (*(word))($).store(value, rl::mo_##order)

#endif
