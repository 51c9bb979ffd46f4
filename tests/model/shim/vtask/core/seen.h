/*
 * seen.h - no model is traced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_VTASK_CORE_SEEN_H
#define TESTS_MODEL_SHIM_VTASK_CORE_SEEN_H

static inline void mag_seen_mark(const char *, const void *, uint64_t)
{
}

#endif
