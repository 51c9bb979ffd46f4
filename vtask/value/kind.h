/*
 * kind.h - what the value knows of each thing that can back it.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_VALUE_KIND_H
#define VTASK_VALUE_KIND_H

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

/* The source or core of a task. */
static inline void *mag_object_of(mag_vtask task)
{
    return (void *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* The promise of a task of that kind. */
static inline struct mag_promise *mag_promise_of(mag_vtask task)
{
    return (struct mag_promise *)(task.backing &
                                  ~(uintptr_t)(MAG_VTASK_TAGS | MAG_VTASK_HELD));
}

/* The same task, without the reference that it may hold. */
static inline mag_vtask mag_vtask_unheld(mag_vtask task)
{
    if (mag_kind_of(task) == MAG_VTASK_PROMISE)
        task.backing &= ~(uintptr_t)MAG_VTASK_HELD;
    return task;
}

/* Whether a core backs the task.  Of that kind without an address, as only a hand makes
 * it, is a task that is stale.  Both are asked at once: below the lowest address the
 * difference is negative, and above it the kind is what is left of the low bits. */
static inline bool mag_vtask_is_core(mag_vtask task)
{
    uint64_t above = task.backing - (MAG_VTASK_TAGS + 1 + MAG_VTASK_CORE);

    return (above & (UINT64_C(1) << 63 | MAG_VTASK_KIND)) == 0;
}

/* The core of a task of that kind. */
static inline struct mag_core *mag_vtask_core(mag_vtask task)
{
    return (struct mag_core *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* promise.c - the entry points of a promise, as those of a source. */
int mag_promise_status_of(struct mag_promise *promise, uint64_t token);
int mag_promise_get_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                       size_t size, uint64_t *ret_detail);
int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags);

#endif
