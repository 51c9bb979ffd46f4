/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/sync/line.h"

#include "base/turns.h"
#include "vtask/operation/claim.h"

#include <errno.h>

static struct mag_operation_type waiter_type = MAG_OPERATION_TYPE(struct mag_line_waiter);

void mag_line_init(struct mag_line *line, uint32_t value)
{
    atomic_init(&line->state, value << MAG_LINE_SHIFT);
    line->first = NULL;
    line->last = NULL;
}

/* ------------------------------------------------------------------------ the lock */

uint32_t mag_line_lock(struct mag_line *line)
{
    for (unsigned tries = 0;; tries++) {
        /* relaxed: the compare-and-swap decides. */
        uint32_t state = atomic_load_explicit(&line->state, memory_order_relaxed);

        /* lock, value, acquire: the line and what came before the value are visible;
         * relaxed on failure: the state is read again. */
        if ((state & MAG_LINE_LOCKED) == 0 &&
            atomic_compare_exchange_weak_explicit(
                &line->state, &state, state | MAG_LINE_LOCKED, memory_order_acquire,
                memory_order_relaxed))
            return state >> MAG_LINE_SHIFT;
        mag_give_way(tries);
    }
}

void mag_line_unlock(struct mag_line *line, uint32_t value)
{
    uint32_t waited = line->first != NULL ? MAG_LINE_WAITED : 0;

    /* lock, value, release: the line, and what this thread did before, precede it.  This
     * is the last access: whoever gets the value may free the object. */
    atomic_store_explicit(&line->state, value << MAG_LINE_SHIFT | waited,
                          memory_order_release);
}

/* ------------------------------------------------------------------ under the lock */

void mag_line_append(struct mag_line *line, struct mag_line_waiter *waiter)
{
    waiter->next = NULL;
    waiter->prev = line->last;
    if (line->last != NULL)
        line->last->next = waiter;
    else
        line->first = waiter;
    line->last = waiter;
    waiter->is_in_line = true;
}

static void take_out(struct mag_line *line, struct mag_line_waiter *waiter)
{
    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        line->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        line->last = waiter->prev;
    waiter->is_in_line = false;
}

/* Whether the waiter is this thread's to complete; otherwise a cancel object has claimed
 * it. */
bool mag_line_claim(struct mag_line_waiter *waiter)
{
    return !waiter->is_cancelable ||
           mag_claim_take(&waiter->operation.claim, waiter->key);
}

struct mag_line_waiter *mag_line_grant(struct mag_line *line,
                                       const struct mag_line_kind *kind, uint32_t *value)
{
    struct mag_line_waiter *granted = NULL, **end = &granted;
    struct mag_line_waiter *waiter;

    while ((waiter = line->first) != NULL) {
        uint32_t rest = *value;
        if (!kind->take(&rest, waiter->wants))
            break;
        take_out(line, waiter);
        if (!mag_line_claim(waiter))
            continue;
        *value = rest;
        *end = waiter;
        end = &waiter->next;
    }
    *end = NULL;
    return granted;
}

/* --------------------------------------------------------------- without the lock */

void mag_line_unwatch(struct mag_line_waiter *waiter)
{
    if (waiter->is_cancelable)
        (void)mag_cancel_unregister(&waiter->stop, false);
}

/* Each waiter may be another's as soon as it is complete. */
void mag_line_complete(struct mag_line_waiter *granted)
{
    while (granted != NULL) {
        struct mag_line_waiter *waiter = granted;

        granted = waiter->next;
        mag_line_unwatch(waiter);
        (void)!mag_operation_set_done(&waiter->operation);
    }
}

/* The callback of a cancel object.  The waiter may be another's by now; then the claim
 * fails.  The line lives while a wait in it is pending. */
static void cancel_waiter(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_line_waiter *waiter = object;

    if (!mag_claim_take(&waiter->operation.claim, key))
        return;
    struct mag_line *line = waiter->line;
    struct mag_line_waiter *granted = NULL;
    uint32_t value = mag_line_lock(line);
    if (waiter->is_in_line) {
        take_out(line, waiter);
        /* Those behind it may have waited for it alone. */
        granted = mag_line_grant(line, waiter->kind, &value);
    }
    mag_line_unlock(line, value);
    mag_line_complete(granted);
    (void)!mag_operation_set_error(&waiter->operation, -ECANCELED, (uintptr_t)cancel);
}

/* ------------------------------------------------------------------------- waiting */

int mag_line_rent_as(struct mag_operation_type *type, struct mag_line *line,
                     const struct mag_line_kind *kind, uint32_t wants,
                     struct mag_line_waiter **ret_waiter)
{
    void *object;
    int r = mag_operation_rent(type, &object);

    if (r < 0)
        return r;
    struct mag_line_waiter *waiter = object;
    /* Whoever lets a waiter in goes on with work of its own. */
    waiter->operation.core.flags |= MAG_CORE_QUEUED;
    waiter->line = line;
    waiter->kind = kind;
    waiter->wants = wants;
    waiter->is_in_line = false;
    waiter->is_cancelable = false;
    *ret_waiter = waiter;
    return 0;
}

int mag_line_rent(struct mag_line *line, const struct mag_line_kind *kind, uint32_t wants,
                  struct mag_line_waiter **ret_waiter)
{
    return mag_line_rent_as(&waiter_type, line, kind, wants, ret_waiter);
}

void mag_line_return(struct mag_line_waiter *waiter)
{
    mag_operation_return(&waiter->operation);
}

bool mag_line_enter(struct mag_line *line, struct mag_line_waiter *waiter)
{
    /* relaxed: a canceler that has had the lock claimed before; one that comes to the
     * lock later finds the waiter in the line. */
    if (waiter->is_cancelable &&
        atomic_load_explicit(&waiter->operation.claim, memory_order_relaxed) !=
            waiter->key)
        return false;
    mag_line_append(line, waiter);
    return true;
}

/* What became of a waiter that wanted to enter the line. */
enum mag_line_entry { ENTERED, TOOK, CANCELED };

static enum mag_line_entry take_or_enter(struct mag_line *line,
                                         struct mag_line_waiter *waiter)
{
    uint32_t before = mag_line_lock(line), value = before;
    enum mag_line_entry entry = ENTERED;

    if (line->first == NULL && waiter->kind->take(&value, waiter->wants))
        entry = mag_line_claim(waiter) ? TOOK : CANCELED;
    else if (!mag_line_enter(line, waiter))
        entry = CANCELED;
    mag_line_unlock(line, entry == TOOK ? value : before);
    return entry;
}

bool mag_line_watch(struct mag_line_waiter *waiter, struct mag_cancel *cancel)
{
    waiter->key = mag_operation_share(&waiter->operation, NULL);
    waiter->is_cancelable = true;
    return mag_cancel_register(cancel, &waiter->stop, cancel_waiter, waiter,
                               waiter->key) == 0;
}

mag_vtask mag_line_wait(struct mag_line *line, const struct mag_line_kind *kind,
                        uint32_t wants, struct mag_cancel *cancel)
{
    struct mag_line_waiter *waiter;
    int r = mag_line_rent(line, kind, wants, &waiter);

    if (r < 0)
        return mag_vtask_failed(r, 0);
    mag_vtask task = mag_operation_task(&waiter->operation);
    if (cancel != NULL && !mag_line_watch(waiter, cancel)) {
        mag_line_return(waiter);
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    }
    if (take_or_enter(line, waiter) != TOOK)
        return task;
    mag_line_unwatch(waiter);
    mag_line_return(waiter);
    return MAG_VTASK_COMPLETED;
}

bool mag_line_try(struct mag_line *line, const struct mag_line_kind *kind, uint32_t wants)
{
    uint32_t before = mag_line_lock(line), value = before;
    bool took = line->first == NULL && kind->take(&value, wants);

    mag_line_unlock(line, took ? value : before);
    return took;
}

bool mag_line_put(struct mag_line *line, const struct mag_line_kind *kind,
                  mag_line_rule change, uint32_t amount)
{
    uint32_t before = mag_line_lock(line), value = before;
    struct mag_line_waiter *granted = NULL;
    bool given = change(&value, amount);

    if (given)
        granted = mag_line_grant(line, kind, &value);
    mag_line_unlock(line, given ? value : before);
    mag_line_complete(granted);
    return given;
}
