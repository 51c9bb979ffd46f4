/*
 * barrier.h - the parts of <magpie/barrier.h> that the modeled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_BARRIER_H
#define TESTS_MODEL_SHIM_MAGPIE_BARRIER_H

#include <magpie/detail/base.h>

bool mag_barrier_is_asymmetric();
void mag_barrier_heavy();

#endif
