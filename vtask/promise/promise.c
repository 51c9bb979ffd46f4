/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/promise/promise.h"

#include "base/probe.h"
#include "base/turns.h"
#include "vtask/core/seen.h"
#include "vtask/debug/debug.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------------- the lock */

/* Locks the promise and returns the state before.  If that has DONE, nothing is locked
 * and no lock is needed. */
static uint32_t lock_promise(struct mag_promise *promise)
{
    for (unsigned tries = 0;; tries++) {
        /* done, acquire: the outcome is visible. */
        uint32_t state = atomic_load_explicit(&promise->state, memory_order_acquire);

        if ((state & MAG_PROMISE_DONE) != 0)
            return state;
        /* lock, acquire: the lists are as the last holder left them; relaxed on failure:
         * the state is read again. */
        if ((state & MAG_PROMISE_LOCKED) == 0 &&
            atomic_compare_exchange_weak_explicit(
                &promise->state, &state, state | MAG_PROMISE_LOCKED, memory_order_acquire,
                memory_order_relaxed))
            return state;
        mag_give_way(tries);
    }
}

static void unlock_promise(struct mag_promise *promise, uint32_t state)
{
    /* lock, done, release: the lists, and with DONE the outcome, precede it. */
    atomic_store_explicit(&promise->state, state, memory_order_release);
}

/* ----------------------------------------------------------------------- waiting */

/* Everything that waited when the promise was completed. */
struct crowd {
    struct mag_continuation *first;
    struct mag_observer *observers;
    bool queued;
};

static struct mag_continuation *observer_after(struct mag_continuation *continuation)
{
    /* relaxed: linked under the lock, or only this thread has the list. */
    return (struct mag_continuation *)atomic_load_explicit(&continuation->job.next,
                                                           memory_order_relaxed);
}

/* Under the lock. */
static void append(struct mag_promise *promise, struct mag_continuation *continuation)
{
    /* relaxed, here and below: the lock publishes the link. */
    atomic_store_explicit(&continuation->job.next, NULL, memory_order_relaxed);
    if (promise->first == NULL) {
        promise->first = continuation;
    } else {
        /* relaxed: as above. */
        atomic_store_explicit(&promise->last->job.next, &continuation->job,
                              memory_order_relaxed);
    }
    promise->last = continuation;
}

/* Under the lock, or by the last holder of a reference.  Empties the lists. */
static struct crowd detach(struct mag_promise *promise)
{
    struct crowd crowd = {promise->first, promise->observers,
                          (promise->flags & MAG_PROMISE_QUEUED) != 0};

    promise->first = NULL;
    promise->last = NULL;
    promise->observers = NULL;
    return crowd;
}

/* Runs all that waited.  Each entry belongs to its owner again as soon as it runs, so its
 * successor is read before. */
static void dispatch(struct crowd crowd)
{
    while (crowd.observers != NULL) {
        struct mag_observer *observer = crowd.observers;
        crowd.observers = observer->next;
        observer->notify(observer, crowd.queued);
    }
    while (crowd.first != NULL) {
        struct mag_continuation *continuation = crowd.first;
        crowd.first = observer_after(continuation);
        mag_continuation_dispatch(continuation, crowd.queued);
    }
}

bool mag_promise_observe(struct mag_promise *promise, struct mag_observer *observer)
{
    uint32_t state = lock_promise(promise);

    if ((state & MAG_PROMISE_DONE) != 0)
        return false;
    observer->next = promise->observers;
    observer->link = &promise->observers;
    if (observer->next != NULL)
        observer->next->link = &observer->next;
    promise->observers = observer;
    unlock_promise(promise, state);
    return true;
}

bool mag_promise_forget(struct mag_promise *promise, struct mag_observer *observer)
{
    uint32_t state = lock_promise(promise);

    if ((state & MAG_PROMISE_DONE) != 0)
        return false;
    *observer->link = observer->next;
    if (observer->next != NULL)
        observer->next->link = observer->link;
    unlock_promise(promise, state);
    return true;
}

/* ----------------------------------------------------------------------- lifetime */

int mag_promise_make(size_t result_size, unsigned flags, uint32_t state,
                     uint32_t references, struct mag_promise **ret_promise)
{
    struct mag_promise *promise;
    int r = mag_promise_rent(result_size, &promise);

    if (r < 0)
        return r;
    promise->first = NULL;
    promise->last = NULL;
    promise->observers = NULL;
    promise->value = 0;
    promise->error = 0;
    promise->status = MAG_PENDING;
    promise->flags = (uint8_t)flags;
    /* relaxed, both: handing the promise out publishes them. */
    atomic_store_explicit(&promise->state, state, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&promise->references, references, memory_order_relaxed);
    mag_debug_begins(MAG_DEBUG_PROMISE, promise, mag_promise_task(promise).payload);
    *ret_promise = promise;
    return 0;
}

int mag_promise_create(size_t result_size, unsigned flags,
                       struct mag_promise **ret_promise)
{
    return mag_promise_make(result_size, flags & MAG_PROMISE_QUEUED, 0, 1, ret_promise);
}

void mag_promise_retain(struct mag_promise *promise)
{
    if (promise == &mag_promise_completed)
        return;
    /* relaxed: the caller has a reference already, or knows that another thread keeps
     * one. */
    (void)atomic_fetch_add_explicit(&promise->references, 1, memory_order_relaxed);
}

void mag_promise_release(struct mag_promise *promise)
{
    if (promise == NULL || promise == &mag_promise_completed)
        return;
    /* gone, acquire: the holder of the only reference is alone, and needs no
     * read-modify-write. */
    if (atomic_load_explicit(&promise->references, memory_order_acquire) != 1) {
        /* gone, both ends: this thread's uses precede the return, whichever thread makes
         * it. */
        if (atomic_fetch_sub_explicit(&promise->references, 1, memory_order_acq_rel) != 1)
            return;
    }
    struct crowd crowd = detach(promise);
    mag_promise_return(promise);
    dispatch(crowd);
}

/* --------------------------------------------------------------------- completing */

/* Under the lock, when the outcome is set.  The promise may be gone as soon as the lock
 * is given up. */
static void publish(struct mag_promise *promise)
{
    struct crowd crowd = detach(promise);

    MAG_PROBE2(complete, promise, promise->error);
    mag_seen_mark("complete", promise, (uint32_t)promise->error);
    unlock_promise(promise, MAG_PROMISE_DONE);
    dispatch(crowd);
}

/* True: the promise is locked, and the caller is to complete it. */
static bool lock_open(struct mag_promise *promise)
{
    uint32_t state = lock_promise(promise);

    if (state == 0)
        return true;
    if ((state & MAG_PROMISE_DONE) == 0)
        unlock_promise(promise, state);
    return false;
}

static void set_outcome(struct mag_promise *promise, int status, int error,
                        uint64_t value)
{
    promise->status = (uint8_t)status;
    promise->error = error;
    promise->value = value;
}

void mag_promise_finish(struct mag_promise *promise, int status, int error,
                        uint64_t detail)
{
    (void)lock_promise(promise);
    set_outcome(promise, status, error, error == 0 ? promise->value : detail);
    publish(promise);
}

/* A completer made a mistake, or was late. */
static MAG_COLD int refuse(int code, struct mag_promise *promise)
{
    return mag_misuse_promise(code, promise, mag_promise_task(promise).payload);
}

int mag_promise_set_result(struct mag_promise *promise, uint64_t result)
{
    if (promise->size > sizeof(result))
        return refuse(MAG_E_SIZE, promise);
    if (!lock_open(promise))
        return refuse(MAG_E_DONE, promise);
    set_outcome(promise, MAG_SUCCEEDED, 0, result);
    publish(promise);
    return 0;
}

int mag_promise_set_value(struct mag_promise *promise, const void *value, size_t size)
{
    if (promise->size <= sizeof(promise->value)) {
        uint64_t word = 0;

        if (size > sizeof(word))
            return refuse(MAG_E_SIZE, promise);
        if (size != 0)
            memcpy(&word, value, size);
        return mag_promise_set_result(promise, word);
    }
    if (size != promise->size)
        return refuse(MAG_E_SIZE, promise);
    if (!lock_open(promise))
        return refuse(MAG_E_DONE, promise);
    unlock_promise(promise, MAG_PROMISE_CLAIMED);
    memcpy(promise->large, value, size);
    mag_promise_finish(promise, MAG_SUCCEEDED, 0, 0);
    return 0;
}

int mag_promise_set_error(struct mag_promise *promise, int code, uint64_t detail)
{
    if (code == 0 || mag_is_misuse(code))
        return refuse(MAG_E_ARG, promise);
    if (!lock_open(promise))
        return refuse(MAG_E_DONE, promise);
    set_outcome(promise, code == -ECANCELED ? MAG_CANCELED : MAG_FAULTED, code, detail);
    publish(promise);
    return 0;
}

int mag_promise_set_canceled(struct mag_promise *promise, struct mag_cancel *cancel)
{
    return mag_promise_set_error(promise, -ECANCELED, (uintptr_t)cancel);
}

/* -------------------------------------------------------------------- as a task */

mag_vtask mag_promise_task(const struct mag_promise *promise)
{
    mag_vtask task;

    task.backing = (uintptr_t)promise | MAG_VTASK_PROMISE;
    /* relaxed: the generation changes only when nobody has a reference. */
    task.payload = atomic_load_explicit(&promise->generation, memory_order_relaxed);
    return task;
}

int mag_vtask_from_promise(struct mag_promise *promise, mag_vtask *ret_task)
{
    if (promise == NULL)
        return mag_misuse_argument(MAG_E_ARG);
    *ret_task = mag_promise_task(promise);
    return 0;
}

int mag_promise_status_of(struct mag_promise *promise, uint64_t token)
{
    if (promise == NULL || mag_promise_is_stale(promise, token))
        return mag_misuse_promise(MAG_E_TOKEN, promise, token);
    return mag_promise_is_done(promise) ? promise->status : MAG_PENDING;
}

int mag_promise_get_of(struct mag_promise *promise, uint64_t token, void *ret_result,
                       size_t size, uint64_t *ret_detail)
{
    if (promise == NULL || mag_promise_is_stale(promise, token))
        return mag_misuse_promise(MAG_E_TOKEN, promise, token);
    if (!mag_promise_is_done(promise))
        return mag_misuse_promise(MAG_E_PENDING, promise, token);
    if (promise->error != 0) {
        if (ret_detail != NULL)
            *ret_detail = promise->value;
        return promise->error;
    }
    bool fits = promise->size > sizeof(promise->value) ? size == promise->size
                                                       : size <= sizeof(promise->value);
    if (size != 0 && !fits)
        return mag_misuse_promise(MAG_E_SIZE, promise, token);
    if (size != 0)
        memcpy(ret_result, mag_promise_room(promise), size);
    return 0;
}

int mag_promise_on_completed_of(struct mag_promise *promise, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags)
{
    if (continuation == NULL || continuation->job.run == NULL)
        return mag_misuse_promise(MAG_E_ARG, promise, token);
    if (promise == NULL || mag_promise_is_stale(promise, token))
        return mag_misuse_promise(MAG_E_TOKEN, promise, token);
    mag_continuation_capture(continuation, flags);
    uint32_t state = lock_promise(promise);
    if ((state & MAG_PROMISE_DONE) != 0) {
        mag_continuation_dispatch(continuation, true);
        return 0;
    }
    MAG_PROBE2(await, promise, token);
    mag_seen_mark("await", promise, token);
    append(promise, continuation);
    unlock_promise(promise, state);
    return 0;
}
