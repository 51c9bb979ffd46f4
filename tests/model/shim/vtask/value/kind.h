/*
 * kind.h - what completes an operation of the model's world.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_VTASK_VALUE_KIND_H
#define TESTS_MODEL_SHIM_VTASK_VALUE_KIND_H

#include <stdint.h>

struct mag_core;
static void mag_core_finish(mag_core *core, int error, uint64_t value);

#endif
