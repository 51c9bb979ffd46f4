/*
 * base.h - as much of it as the modelled files use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_BASE_H
#define TESTS_MODEL_SHIM_MAGPIE_BASE_H

#include <stdatomic.h>

#include <magpie/language.h>
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

/* What a wrong call returns; no errno, and no operation can fail with one (VT-203). */
enum {
    MAG_E_TOKEN = -70001,        /* stale: the operation is over, or never was */
    MAG_E_PENDING = -70002,      /* read before it is complete */
    MAG_E_DONE = -70003,         /* completed a second time */
    MAG_E_CONTINUATION = -70004, /* awaited a second time */
    MAG_E_ARG = -70005,          /* an argument that cannot be */
    MAG_E_STATE = -70006,        /* an async function has nowhere to go on */
    MAG_E_SIZE = -70007,         /* the result has another size than what was asked for */
    MAG_E_JOIN = -70008,         /* forked children were not joined as they must be */
    MAG_E_THREAD = -70009,       /* a job ended its thread */
};

#define MAG_E_FIRST MAG_E_TOKEN
#define MAG_E_LAST  (-70099)

/* True if `code` tells of misuse, and not of what the operation came to. */
static inline bool mag_is_misuse(int code)
{
    return code <= MAG_E_FIRST && code >= MAG_E_LAST;
}

/* Layouts are those of the real words, not of the checker's. */
#define static_assert(condition, why)

#endif
