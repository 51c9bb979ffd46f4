/*
 * base.h - as much of it as the modelled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_BASE_H
#define TESTS_MODEL_SHIM_MAGPIE_BASE_H

#include <stdatomic.h>

#include <stddef.h>
#include <stdint.h>

#define MAG_CACHE_LINE 64
#define MAG_COLD
#define MAG_LIKELY(x)   (x)
#define MAG_UNLIKELY(x) (x)

#endif
