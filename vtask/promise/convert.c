/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

#include <errno.h>

/* ------------------------------------------------------------------ from sources */

/*
 * Moves a source's outcome into a promise that is claimed and that no other thread
 * completes.  `status` is what the source reported.  It decides between faulted and
 * canceled (VT-44 to VT-47).  It also decides what a MAG_E code from the source means: if
 * the source has failed, the code is its outcome, because a function may fail with a code
 * that it was given; if the source has succeeded, the code is a refusal.
 *
 *   Returns    0; a MAG_E code: nothing was consumed, and the promise is unchanged
 */
static int absorb(struct mag_promise *promise, mag_vtask task, int status)
{
    uint64_t detail = 0;
    int error =
        mag_vtask_get_value(task, mag_promise_room(promise), promise->size, &detail);

    if (error == 0) {
        status = MAG_SUCCEEDED;
    } else if (status == MAG_SUCCEEDED && mag_is_misuse(error)) {
        return error;
    } else if (status == MAG_CANCELED) {
        detail = error == -ECANCELED ? detail : 0;
        error = -ECANCELED;
    } else {
        status = MAG_FAULTED;
    }
    mag_promise_finish(promise, status, error, detail);
    return 0;
}

/* The source that a promise follows is complete: ask it once, read it once (VT-48). */
static void follow_task(struct mag_job *job)
{
    struct mag_promise *promise;

    /* The function tells a link from a foreign job, and from a link that has run
     * (VT-50). */
    if (job == NULL || job->run != follow_task)
        return;
    promise = (struct mag_promise *)((char *)job - offsetof(struct mag_promise, follow));
    mag_vtask source = promise->source;
    int status = mag_vtask_status(source);
    if (status == MAG_PENDING)
        return;
    job->run = mag_continuation_spent;
    int r = status < 0 ? status : absorb(promise, source, status);
    if (r < 0) {
        /* The outcome cannot be stored: consume the source all the same. */
        (void)mag_vtask_get(source, NULL);
        mag_promise_finish(promise, MAG_FAULTED, r, 0);
    }
    mag_promise_release(promise);
}

static int follow_source(mag_vtask task, size_t size, struct mag_promise **ret_promise)
{
    struct mag_promise *promise;
    /* One reference is the caller's, one the link's. */
    int r = mag_promise_make(size, 0, MAG_PROMISE_CLAIMED, 2, &promise);

    if (r < 0)
        return r;
    promise->source = task;
    promise->follow.job.run = follow_task;
    r = mag_vtask_on_completed(task, &promise->follow, 0);
    if (r < 0) {
        mag_promise_return(promise);
        return r;
    }
    *ret_promise = promise;
    return 0;
}

/* The size of a source's result in bytes; one word if it is unknown. */
static size_t size_of(mag_vtask task)
{
    if (mag_kind_of(task) == MAG_VTASK_CORE) {
        const struct mag_core_type *type = ((struct mag_core *)mag_object_of(task))->type;

        if (type != NULL && type->result_size != 0)
            return type->result_size;
    }
    return sizeof(uint64_t);
}

static int absorb_source(mag_vtask task, size_t size, int status,
                         struct mag_promise **ret_promise)
{
    struct mag_promise *promise;
    int r = mag_promise_make(size, 0, MAG_PROMISE_CLAIMED, 1, &promise);

    if (r < 0)
        return r;
    r = absorb(promise, task, status);
    if (r < 0) {
        mag_promise_return(promise);
        return r;
    }
    if (size <= sizeof(promise->value) && promise->error == 0 && promise->value == 0) {
        mag_promise_release(promise);
        promise = &mag_promise_completed;
    }
    *ret_promise = promise;
    return 0;
}

/* --------------------------------------------------------------- from other tasks */

/* For a task without a backing, or with an error as its backing. */
static int copy_value(mag_vtask task, struct mag_promise **ret_promise)
{
    int status = mag_vtask_status(task);
    bool failed = !mag_is_inline(task);
    struct mag_promise *promise;

    if (status < 0)
        return status;
    if (!failed && task.payload == 0) {
        *ret_promise = &mag_promise_completed;
        return 0;
    }
    int r = mag_promise_make(sizeof(task.payload), 0, MAG_PROMISE_CLAIMED, 1, &promise);
    if (r < 0)
        return r;
    promise->value = task.payload;
    mag_promise_finish(promise, status, failed ? mag_vtask_get(task, NULL) : 0,
                       task.payload);
    *ret_promise = promise;
    return 0;
}

static int share_task(mag_vtask task, struct mag_promise **ret_promise)
{
    struct mag_promise *promise = mag_promise_of(task);

    if (promise == NULL || mag_promise_is_stale(promise, task.payload))
        return mag_misuse_promise(MAG_E_TOKEN, promise, task.payload);
    mag_promise_retain(promise);
    *ret_promise = promise;
    return 0;
}

/* -------------------------------------------------------------------- conversions */

int mag_vtask_as_promise_of(mag_vtask task, size_t size, struct mag_promise **ret_promise)
{
    if (mag_kind_of(task) == MAG_VTASK_PROMISE)
        return share_task(task, ret_promise);
    if (!mag_is_claim(task))
        return copy_value(task, ret_promise);
    int status = mag_vtask_status(task);
    if (status < 0)
        return status;
    if (size == 0)
        size = size_of(task);
    return status == MAG_PENDING ? follow_source(task, size, ret_promise)
                                 : absorb_source(task, size, status, ret_promise);
}

int mag_vtask_as_promise(mag_vtask task, struct mag_promise **ret_promise)
{
    return mag_vtask_as_promise_of(task, 0, ret_promise);
}

int mag_vtask_preserve_of(mag_vtask task, size_t size, mag_vtask *ret_task)
{
    struct mag_promise *promise = NULL;

    if (!mag_is_inline(task) && mag_kind_of(task) != MAG_VTASK_ERROR) {
        int r = mag_vtask_as_promise_of(task, size, &promise);
        if (r < 0)
            return r;
        *ret_task = mag_promise_task(promise);
        ret_task->backing |= MAG_VTASK_HELD;
    } else {
        *ret_task = mag_vtask_configure(task, true);
    }
    return 0;
}

int mag_vtask_preserve(mag_vtask task, mag_vtask *ret_task)
{
    return mag_vtask_preserve_of(task, 0, ret_task);
}

int mag_vtask_release(mag_vtask task)
{
    struct mag_promise *promise = mag_promise_of(task);

    if (mag_kind_of(task) != MAG_VTASK_PROMISE || (task.backing & MAG_VTASK_HELD) == 0)
        return 0;
    if (promise == NULL || mag_promise_is_stale(promise, task.payload))
        return mag_misuse_promise(MAG_E_TOKEN, promise, task.payload);
    mag_promise_release(promise);
    return 0;
}
