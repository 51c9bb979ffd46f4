/*
 * kind.h - what the value must know about each kind of backing.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_VALUE_KIND_H
#define VTASK_VALUE_KIND_H

#include <magpie/source.h>

/* core.c - completes an operation with the outcome of an async function: any error,
 * including a MAG_E code.  0: success with the result `value`, or with a result that is
 * in place already. */
void mag_core_finish(struct mag_core *core, int error, uint64_t value);

/* continuation.c - does nothing.  A continuation of the library gets this function when
 * it has run, for sources that call back twice (VT-32). */
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

/* The promise of a task of that kind.  MAG_VTASK_HELD is masked as well. */
static inline struct mag_promise *mag_promise_of(mag_vtask task)
{
    return (struct mag_promise *)(task.backing &
                                  ~(uintptr_t)(MAG_VTASK_TAGS | MAG_VTASK_HELD));
}

/* The same task, without the mark that it holds a reference. */
static inline mag_vtask mag_vtask_unheld(mag_vtask task)
{
    if (mag_kind_of(task) == MAG_VTASK_PROMISE)
        task.backing &= ~(uintptr_t)MAG_VTASK_HELD;
    return task;
}

/* Whether a core backs the task.  A task of that kind without an address, which only
 * hand-written code makes, is stale.  One comparison checks both: if the address is
 * missing the difference is negative, and otherwise the low bits of the difference show
 * the kind. */
static inline bool mag_vtask_is_core(mag_vtask task)
{
    uint64_t above = task.backing - (MAG_VTASK_TAGS + 1 + MAG_VTASK_CORE);

    return (above & (UINT64_C(1) << 63 | MAG_VTASK_KIND)) == 0;
}

/* The same; whoever awaits the task comes back to its context; and the token has none of
 * a visitor's bits.  Each mark of a visitor has the highest bit, so one sign tells of it
 * and of a missing address. */
static inline bool mag_vtask_is_plain_core(mag_vtask task)
{
    uint64_t above = task.backing - (MAG_VTASK_TAGS + 1 + MAG_VTASK_CORE);

    return (above & MAG_VTASK_TAGS) == 0 && (int64_t)(above | task.payload) >= 0;
}

/* The same of a task that somebody has waited for: then the token is a token, and no core
 * without an address was accepted. */
static inline bool mag_vtask_was_plain_core(mag_vtask task)
{
    return ((task.backing - MAG_VTASK_CORE) & MAG_VTASK_TAGS) == 0;
}

/* The core of a task of which one of the two is true. */
static inline struct mag_core *mag_vtask_plain_core(mag_vtask task)
{
    return (struct mag_core *)(task.backing - MAG_VTASK_CORE);
}

/* The core of a task that a core backs. */
static inline struct mag_core *mag_vtask_core(mag_vtask task)
{
    return (struct mag_core *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* promise.c - the entry points of a promise; they match those of a source. */
int mag_promise_status_of(struct mag_promise *promise, uint64_t token);
int mag_promise_get_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                       size_t size, uint64_t *ret_detail);
int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags);

#endif
