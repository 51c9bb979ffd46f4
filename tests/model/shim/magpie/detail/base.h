/*
 * base.h - the parts of <magpie/detail/base.h> that the modeled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_DETAIL_BASE_H
#define TESTS_MODEL_SHIM_MAGPIE_DETAIL_BASE_H

#include <stdatomic.h>

#include <magpie/detail/language.h>
#include <stddef.h>
#include <stdint.h>

#define MAG_CACHE_LINE 64
#define MAG_COLD
#define MAG_NOINLINE
#define MAG_API
#define MAG_MUST_CHECK
#define MAG_EXTERN_C_BEGIN
#define MAG_EXTERN_C_END
#define MAG_LIKELY(x)    (x)
#define MAG_UNLIKELY(x)  (x)
#define MAG_ATOMIC(type) rl::atomic<type>

/* Sizes and offsets are those of the real words, not of the checker's. */
#define static_assert(condition, why)

#endif
