/*
 * kind.h - what the value knows of each thing that can back it.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_KIND_H
#define VTASK_KIND_H

#include <magpie/source.h>

/* core.c - completes an operation with any error, also one of misuse: what an async
 * function came to.  0: it has succeeded, and `value` is its result, unless the result is
 * in place already. */
void mag_core_finish(struct mag_core *core, int error, uint64_t value);

/* continuation.c - does nothing: the function of one of the library's own that has run,
 * for a source that calls back twice (VT-32). */
void mag_continuation_spent(struct mag_job *job);

static inline unsigned mag_kind_of(mag_vtask task)
{
    return (unsigned)(task.backing & MAG_VTASK_KIND);
}

static inline void *mag_object_of(mag_vtask task)
{
    return (void *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* The core of a task of that kind. */
static inline struct mag_core *mag_vtask_core(mag_vtask task)
{
    return (struct mag_core *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* promise.c - the entry points of a promise, as those of a source. */
int mag_promise_status_of(struct mag_promise *promise, uint64_t token);
int mag_promise_take_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                        size_t size, uint64_t *ret_detail);
int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags);

#endif
