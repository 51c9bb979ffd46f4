/*
 * seen.h - what traces and tracepoints see of value tasks.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_SEEN_H
#define VTASK_CORE_SEEN_H

#include <magpie/detail/executor.h>
#include <magpie/trace.h>

/* A thread that runs a traced job records an await or a completion.  Only where enough
 * else is done: registering with a core, and completing one, take so few instructions
 * that a branch would show. */
static inline void mag_seen_mark(const char *name, const void *object, uint64_t number)
{
    if (MAG_UNLIKELY(mag_here_get()->traced))
        mag_trace_mark(name, object, (uint32_t)number);
}

#endif
