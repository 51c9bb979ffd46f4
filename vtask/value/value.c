/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <magpie/source.h>

#include <string.h>

int mag_vtask_from_error(int code, uint64_t detail, mag_vtask *ret_task)
{
    if (code == 0 || mag_is_misuse(code))
        return mag_misuse_argument(MAG_E_ARG);
    *ret_task = mag_vtask_failed(code, detail);
    return 0;
}

int mag_vtask_from_source(struct mag_source *source, uint64_t token, mag_vtask *ret_task)
{
    if (source == NULL || ((uintptr_t)source & MAG_VTASK_TAGS) != 0)
        return mag_misuse_argument(MAG_E_ARG);
    *ret_task = (mag_vtask){(uintptr_t)source | MAG_VTASK_SOURCE, token};
    return 0;
}

/* ------------------------------------------------------------------- asking */

static inline int status_of_error(int code)
{
    return code == -ECANCELED ? MAG_CANCELED : MAG_FAULTED;
}

static MAG_NOINLINE int status_of_other(mag_vtask task)
{
    void *object = mag_object_of(task);

    switch (mag_kind_of(task)) {
    case MAG_VTASK_ERROR:
        return status_of_error(mag_vtask_code(task));
    case MAG_VTASK_CORE:
        if (mag_vtask_is_core(task))
            return mag_core_status(object, task.payload);
        return mag_misuse_core(MAG_E_TOKEN, NULL, task.payload);
    case MAG_VTASK_PROMISE:
        return mag_promise_status_of(mag_promise_of(task), task.payload);
    default:
        if (object == NULL)
            return MAG_SUCCEEDED;
        return ((struct mag_source *)object)->ops->status(object, task.payload);
    }
}

/* Of a task whose core is complete.  Not inlined, so that a look at a pending task needs
 * no register for it. */
static MAG_NOINLINE int status_of_done(mag_vtask task)
{
    return mag_core_outcome(mag_vtask_plain_core(task));
}

/* `task` is a copy of the caller's, here and below (VT-12). */
int mag_vtask_status_slow(mag_vtask task)
{
    struct mag_core *core = mag_vtask_plain_core(task);
    uintptr_t slot;

    if (MAG_UNLIKELY(!mag_vtask_is_plain_core(task) ||
                     !mag_core_has(core, task.payload, &slot)))
        return status_of_other(task);
    return mag_slot_is_done(slot) ? status_of_done(task) : MAG_PENDING;
}

/* Whether the status is `one` or `other`; misuse codes are passed on. */
static int is_either(mag_vtask task, int one, int other, bool *ret_is)
{
    int status = mag_vtask_status(task);

    if (status < 0)
        return status;
    *ret_is = status == one || status == other;
    return 0;
}

int mag_vtask_is_completed(mag_vtask task, bool *ret_is)
{
    int r = is_either(task, MAG_PENDING, MAG_PENDING, ret_is);

    if (r == 0)
        *ret_is = !*ret_is;
    return r;
}

int mag_vtask_is_succeeded(mag_vtask task, bool *ret_is)
{
    return is_either(task, MAG_SUCCEEDED, MAG_SUCCEEDED, ret_is);
}

int mag_vtask_is_faulted(mag_vtask task, bool *ret_is)
{
    return is_either(task, MAG_FAULTED, MAG_FAULTED, ret_is);
}

int mag_vtask_is_canceled(mag_vtask task, bool *ret_is)
{
    return is_either(task, MAG_CANCELED, MAG_CANCELED, ret_is);
}

/* ------------------------------------------------------------------ reading */

static int get_word(uint64_t word, void *ret_result, size_t size)
{
    if (size > sizeof(word))
        return mag_misuse_argument(MAG_E_SIZE);
    if (size != 0)
        memcpy(ret_result, &word, size);
    return 0;
}

static int get_error(mag_vtask task, uint64_t *ret_detail)
{
    if (ret_detail != NULL)
        *ret_detail = task.payload;
    return mag_vtask_code(task);
}

static MAG_NOINLINE int get_other(mag_vtask task, void *ret_result, size_t size,
                                  uint64_t *ret_detail)
{
    void *object = mag_object_of(task);

    switch (mag_kind_of(task)) {
    case MAG_VTASK_ERROR:
        return get_error(task, ret_detail);
    case MAG_VTASK_CORE:
        return mag_misuse_core(MAG_E_TOKEN, NULL, task.payload);
    case MAG_VTASK_PROMISE:
        return mag_promise_get_of(mag_promise_of(task), task.payload, ret_result, size,
                                  ret_detail);
    default:
        if (object == NULL)
            return get_word(task.payload, ret_result, size);
        return ((struct mag_source *)object)
            ->ops->get(object, task.payload, ret_result, size, ret_detail);
    }
}

int mag_vtask_get_slow(mag_vtask task, void *ret_result, size_t size,
                       uint64_t *ret_detail)
{
    if (MAG_LIKELY(mag_vtask_is_core(task)))
        return mag_core_get_inline(mag_object_of(task), task.payload, ret_result, size,
                                   ret_detail);
    return get_other(task, ret_result, size, ret_detail);
}

/* ----------------------------------------------------------------- awaiting */

/* The task is already complete: queues the continuation, never runs it inside the call
 * (VT-30). */
static int on_completed_now(struct mag_continuation *continuation, unsigned flags)
{
    if (continuation == NULL || continuation->job.run == NULL)
        return mag_misuse_argument(MAG_E_ARG);
    mag_continuation_capture(continuation, flags);
    mag_continuation_dispatch(continuation, true);
    return 0;
}

static MAG_NOINLINE int await_other(mag_vtask task, struct mag_continuation *continuation,
                                    unsigned flags)
{
    void *object = mag_object_of(task);

    if ((task.backing & MAG_VTASK_NO_CONTEXT) != 0)
        flags &= ~(unsigned)MAG_AWAIT_CONTEXT;
    switch (mag_kind_of(task)) {
    case MAG_VTASK_ERROR:
        return on_completed_now(continuation, flags);
    case MAG_VTASK_CORE:
        if (mag_vtask_is_core(task))
            return mag_core_on_completed(object, task.payload, continuation, flags);
        return mag_misuse_core(MAG_E_TOKEN, NULL, task.payload);
    case MAG_VTASK_PROMISE:
        return mag_promise_on_completed_of(mag_promise_of(task), task.payload,
                                           continuation, flags);
    default:
        if (object == NULL)
            return on_completed_now(continuation, flags);
        return ((struct mag_source *)object)
            ->ops->on_completed(object, task.payload, continuation, flags);
    }
}

int mag_vtask_on_completed(mag_vtask task, struct mag_continuation *continuation,
                           unsigned flags)
{
    if (MAG_LIKELY(mag_vtask_is_plain_core(task)))
        return mag_core_on_completed_inline(mag_vtask_plain_core(task), task.payload,
                                            continuation, flags);
    return await_other(task, continuation, flags);
}

/* ----------------------------------------------------------------- comparing */

/* What backs the task.  Neither the setting for awaits nor the mark of a held reference
 * counts. */
static uintptr_t backing_of(mag_vtask task)
{
    return mag_vtask_unheld(task).backing & ~(uintptr_t)MAG_VTASK_NO_CONTEXT;
}

bool mag_vtask_equal(mag_vtask a, mag_vtask b)
{
    return backing_of(a) == backing_of(b) && a.payload == b.payload;
}

/* A bijection that spreads the bits (the finalizer of MurmurHash3); 0 stays 0. */
static uint64_t mix(uint64_t word)
{
    word ^= word >> 33;
    word *= UINT64_C(0xff51afd7ed558ccd);
    word ^= word >> 33;
    word *= UINT64_C(0xc4ceb9fe1a85ec53);
    return word ^ (word >> 33);
}

uint64_t mag_vtask_hash(mag_vtask task)
{
    uintptr_t backing = backing_of(task);

    /* The token takes no part (VT-39). */
    return mix(backing != 0 ? backing : task.payload);
}

uint64_t mag_vtask_hash_large(mag_vtask task, const void *large, size_t size)
{
    uint64_t hash = 0;

    if (task.backing != 0 || size == 0)
        return mag_vtask_hash(task);
    for (size_t at = 0; at < size; at += sizeof(hash)) {
        uint64_t word = 0;

        memcpy(&word, (const char *)large + at,
               size - at < sizeof(word) ? size - at : sizeof(word));
        hash = mix(hash ^ word);
    }
    return hash;
}
