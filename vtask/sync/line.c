/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/sync/line.h"

#include "base/turns.h"
#include "vtask/operation/claim.h"

#include <magpie/connected.h>

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

/* --------------------------------------------------------------- the two forms */

static void place_init(struct mag_line_place *place, struct mag_line *line,
                       const struct mag_line_kind *kind, uint32_t wants)
{
    place->line = line;
    place->kind = kind;
    place->wants = wants;
    place->is_connected = false;
    place->is_cancelable = false;
    place->is_in_line = false;
    place->is_canceled = false;
}

/* Completes a wait that is this thread's to complete; afterwards its memory may be
 * another's.  Whoever lets a waiter in goes on with work of its own, so the waiter's
 * continuation is queued. */
static void complete_wait(struct mag_line_place *place, int error, uint64_t detail)
{
    if (place->is_connected)
        (void)mag_waiter_post(((struct mag_wait_state *)place)->waiter,
                              error == 0 ? MAG_VTASK_COMPLETED
                                         : mag_vtask_failed(error, detail));
    else if (error == 0)
        (void)!mag_operation_set_done(&mag_line_waiter_of(place)->operation);
    else
        (void)!mag_operation_set_error(&mag_line_waiter_of(place)->operation, error,
                                       detail);
}

/* ------------------------------------------------------------------ under the lock */

void mag_line_append(struct mag_line *line, struct mag_line_place *place)
{
    place->next = NULL;
    place->prev = line->last;
    if (line->last != NULL)
        line->last->next = place;
    else
        line->first = place;
    line->last = place;
    place->is_in_line = true;
}

static void take_out(struct mag_line *line, struct mag_line_place *place)
{
    if (place->prev != NULL)
        place->prev->next = place->next;
    else
        line->first = place->next;
    if (place->next != NULL)
        place->next->prev = place->prev;
    else
        line->last = place->prev;
    place->is_in_line = false;
}

/* A connected wait needs no claim: it belongs to who has taken it out of the line. */
bool mag_line_claim(struct mag_line_place *place)
{
    return !place->is_cancelable || place->is_connected ||
           mag_claim_take(&mag_line_waiter_of(place)->operation.claim,
                          mag_line_waiter_of(place)->key);
}

struct mag_line_place *mag_line_grant(struct mag_line *line,
                                      const struct mag_line_kind *kind, uint32_t *value)
{
    struct mag_line_place *granted = NULL, **end = &granted;
    struct mag_line_place *place;

    while ((place = line->first) != NULL) {
        uint32_t rest = *value;
        if (!kind->take(&rest, place->wants))
            break;
        take_out(line, place);
        if (!mag_line_claim(place))
            continue;
        *value = rest;
        *end = place;
        end = &place->next;
    }
    *end = NULL;
    return granted;
}

/* --------------------------------------------------------------- without the lock */

/* A callback that runs finds a pooled operation claimed, and does nothing with it.  It
 * may still look at a connected wait, whose memory is the awaiter's: so such a wait is
 * complete only when the callback has returned. */
void mag_line_unwatch(struct mag_line_place *place)
{
    if (place->is_cancelable)
        (void)mag_cancel_unregister(&place->stop, place->is_connected);
}

/* Each waiter may be another's as soon as it is complete. */
void mag_line_complete(struct mag_line_place *granted)
{
    while (granted != NULL) {
        struct mag_line_place *place = granted;

        granted = place->next;
        mag_line_unwatch(place);
        complete_wait(place, 0, 0);
    }
}

/* Takes a place out of the line for a cancel object.  False: it was not in the line; then
 * it may be gone when the lock is released. */
static bool leave_line(struct mag_line_place *place)
{
    struct mag_line *line = place->line;
    struct mag_line_place *granted = NULL;
    uint32_t value = mag_line_lock(line);
    bool was_in_line = place->is_in_line;

    place->is_canceled = true;
    if (was_in_line) {
        take_out(line, place);
        /* Those behind it may have waited for it alone. */
        granted = mag_line_grant(line, place->kind, &value);
    }
    mag_line_unlock(line, value);
    mag_line_complete(granted);
    return was_in_line;
}

/* The callback of a cancel object, for a pooled operation.  The waiter may be another's
 * by now; then the claim fails.  The line lives while a wait in it is pending. */
static void cancel_waiter(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_line_waiter *waiter = object;

    if (!mag_claim_take(&waiter->operation.claim, key))
        return;
    (void)leave_line(&waiter->place);
    complete_wait(&waiter->place, -ECANCELED, (uintptr_t)cancel);
}

/* The same for a connected wait.  The state and the line are there: whoever has taken the
 * wait out of the line waits for this callback before it completes the wait. */
static void cancel_state(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_line_place *place = object;
    (void)key;

    if (leave_line(place))
        complete_wait(place, -ECANCELED, (uintptr_t)cancel);
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
    waiter->operation.core.flags |= MAG_CORE_QUEUED;
    place_init(&waiter->place, line, kind, wants);
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

/* Under the lock. */
static bool is_place_canceled(struct mag_line_place *place)
{
    if (!place->is_cancelable || place->is_connected)
        return place->is_canceled;
    /* relaxed: a canceler that has had the lock claimed before; one that comes to the
     * lock later finds the waiter in the line. */
    return atomic_load_explicit(&mag_line_waiter_of(place)->operation.claim,
                                memory_order_relaxed) != mag_line_waiter_of(place)->key;
}

bool mag_line_enter(struct mag_line *line, struct mag_line_place *place)
{
    if (is_place_canceled(place))
        return false;
    mag_line_append(line, place);
    return true;
}

/* What became of a waiter that wanted to enter the line. */
enum mag_line_entry { ENTERED, TOOK, CANCELED };

static enum mag_line_entry take_or_enter(struct mag_line *line,
                                         struct mag_line_place *place)
{
    uint32_t before = mag_line_lock(line), value = before;
    enum mag_line_entry entry = ENTERED;

    if (line->first == NULL && place->kind->take(&value, place->wants))
        entry = mag_line_claim(place) ? TOOK : CANCELED;
    else if (!mag_line_enter(line, place))
        entry = CANCELED;
    mag_line_unlock(line, entry == TOOK ? value : before);
    return entry;
}

bool mag_line_watch(struct mag_line_waiter *waiter, struct mag_cancel *cancel)
{
    waiter->key = mag_operation_share(&waiter->operation, NULL);
    waiter->place.is_cancelable = true;
    return mag_cancel_register(cancel, &waiter->place.stop, cancel_waiter, waiter,
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
    if (take_or_enter(line, &waiter->place) != TOOK)
        return task;
    mag_line_unwatch(&waiter->place);
    mag_line_return(waiter);
    return MAG_VTASK_COMPLETED;
}

void mag_line_connect(struct mag_line *line, const struct mag_line_kind *kind,
                      uint32_t wants, struct mag_wait_state *state)
{
    place_init(&state->place, line, kind, wants);
    state->place.is_connected = true;
}

bool mag_line_watch_state(struct mag_wait_state *state, struct mag_cancel *cancel)
{
    struct mag_line_place *place = &state->place;

    place->is_cancelable = true;
    return mag_cancel_register(cancel, &place->stop, cancel_state, place, 0) == 0;
}

mag_vtask mag_line_begin(struct mag_line *line, const struct mag_line_kind *kind,
                         uint32_t wants, struct mag_cancel *cancel,
                         struct mag_wait_state *state)
{
    struct mag_line_place *place = &state->place;
    enum mag_line_entry entry;

    mag_line_connect(line, kind, wants, state);
    if (cancel != NULL && !mag_line_watch_state(state, cancel))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    entry = take_or_enter(line, place);
    if (entry == ENTERED)
        return MAG_STARTED;
    mag_line_unwatch(place);
    return entry == TOOK ? MAG_VTASK_COMPLETED
                         : mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
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
    struct mag_line_place *granted = NULL;
    bool given = change(&value, amount);

    if (given)
        granted = mag_line_grant(line, kind, &value);
    mag_line_unlock(line, given ? value : before);
    mag_line_complete(granted);
    return given;
}
