/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/sync/line.h"
#include "vtask/value/kind.h"

#include <magpie/connected.h>
#include <magpie/detail/lazy.h>

#include <errno.h>
#include <string.h>

/* The value of the line: a phase, and the number of resets above it. */
enum { RESET = MAG_LAZY_PHASE + 1, RESETS = MAG_LINE_VALUES / RESET };

static uint32_t resets_of(uint32_t value)
{
    return value / RESET;
}

/* A reset number and a phase; the number wraps around. */
static uint32_t value_of(uint32_t resets, uint32_t phase)
{
    return (resets * RESET | phase) % MAG_LINE_VALUES;
}

/* Nobody gets the value by itself: a landing tells those who wait. */
/* NOLINTNEXTLINE(readability-non-const-parameter): it is a rule. */
static bool never(uint32_t *value, uint32_t flight)
{
    (void)value;
    (void)flight;
    return false;
}

/* Of those who wait: they came before the flight began.  Numbers of resets wrap around.
*/
/* NOLINTNEXTLINE(readability-non-const-parameter): it is a rule. */
static bool waits_for(uint32_t *landed, uint32_t wants)
{
    return (*landed - wants) % RESETS < RESETS / 2;
}

static const struct mag_line_kind lazy_kind = {never};
static const struct mag_line_kind landing_kind = {waits_for};

/* ------------------------------------------------------------------------- getting */

/* The outcome for a waiter that came to the line. */
enum lazy_entry {
    LAZY_READY,    /* it need not wait: there is a value */
    LAZY_FAILED,   /* likewise, an error that was kept */
    LAZY_CANCELED, /* its cancel object was faster */
    LAZY_ENTERED,
    LAZY_BEGINS, /* it has entered, and begins the flight */
};

/* Takes a waiter to the line.  Once it has entered, it may be another's.
 * `*ret_failed` is the error that was kept, if there is one. */
static enum lazy_entry enter_line(struct mag_lazy *lazy, struct mag_line_place *place,
                                  mag_vtask *ret_failed)
{
    uint32_t value = mag_line_lock(&lazy->line), phase = value & MAG_LAZY_PHASE;
    enum lazy_entry entry = LAZY_ENTERED;

    *ret_failed = mag_vtask_failed(lazy->error, lazy->detail);
    if (phase == MAG_LAZY_READY || phase == MAG_LAZY_FAILED) {
        entry = phase == MAG_LAZY_READY ? LAZY_READY : LAZY_FAILED;
        if (!mag_line_claim(place))
            entry = LAZY_CANCELED;
    } else {
        place->wants = resets_of(value);
        if (!mag_line_enter(&lazy->line, place)) {
            entry = LAZY_CANCELED;
        } else if (phase == MAG_LAZY_EMPTY) {
            entry = LAZY_BEGINS;
            lazy->flight = resets_of(value);
            value = value_of(lazy->flight, MAG_LAZY_FLYING);
        }
    }
    mag_line_unlock(&lazy->line, value);
    return entry;
}

static enum mag_lazy_answer answer_of(enum lazy_entry entry)
{
    if (entry == LAZY_READY)
        return MAG_LAZY_AGAIN;
    return entry == LAZY_BEGINS ? MAG_LAZY_FLIES : MAG_LAZY_WAITS;
}

enum mag_lazy_answer mag_lazy_enter(struct mag_lazy *lazy,
                                    struct mag_operation_type *type,
                                    struct mag_cancel *cancel, mag_vtask *ret_task)
{
    struct mag_line_waiter *waiter;
    int r = mag_line_rent_as(type, &lazy->line, &lazy_kind, 0, &waiter);

    if (r < 0) {
        *ret_task = mag_vtask_failed(r, 0);
        return MAG_LAZY_WAITS;
    }
    *ret_task = mag_operation_task(&waiter->operation);
    if (cancel != NULL && !mag_line_watch(waiter, cancel)) {
        mag_line_return(waiter);
        *ret_task = mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
        return MAG_LAZY_WAITS;
    }

    mag_vtask failed;
    enum lazy_entry entry = enter_line(lazy, &waiter->place, &failed);
    if (entry == LAZY_READY || entry == LAZY_FAILED) {
        mag_line_unwatch(&waiter->place);
        mag_line_return(waiter);
    }
    if (entry == LAZY_FAILED)
        *ret_task = failed;
    return answer_of(entry);
}

enum mag_lazy_answer mag_lazy_begin(struct mag_lazy *lazy, struct mag_lazy_state *state,
                                    struct mag_cancel *cancel, mag_vtask *ret_task)
{
    mag_vtask failed;

    *ret_task = mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    mag_line_connect(&lazy->line, &lazy_kind, 0, &state->wait);
    if (cancel != NULL && !mag_line_watch_state(&state->wait, cancel))
        return MAG_LAZY_WAITS;
    enum lazy_entry entry = enter_line(lazy, &state->wait.place, &failed);
    if (entry == LAZY_ENTERED || entry == LAZY_BEGINS) {
        /* The state is the completer's now. */
        *ret_task = MAG_STARTED;
    } else {
        mag_line_unwatch(&state->wait.place);
        if (entry == LAZY_FAILED)
            *ret_task = failed;
    }
    return answer_of(entry);
}

/* ------------------------------------------------------------------------- landing */

/* Under the lock, in the phase FLYING. */
static void keep_value(_Atomic(uint64_t) *words, const char *value, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, value + at, size - at < sizeof(word) ? size - at : sizeof(word));
        /* words, release: the phase FLYING precedes it, so who reads the word finds
         * another phase than the one before the flight. */
        atomic_store_explicit(&words[at / sizeof(word)], word, memory_order_release);
    }
}

/* Under the lock: the phase after a flight whose outcome counts. */
static uint32_t keep_failure(struct mag_lazy *lazy, int error, uint64_t detail)
{
    if (lazy->keeps == 0)
        return MAG_LAZY_EMPTY;
    lazy->error = error;
    lazy->detail = detail;
    return MAG_LAZY_FAILED;
}

/* Completes a connected wait, whose state may be gone afterwards.  The continuation is
 * queued: a landing has others to tell. */
static void tell_connected(struct mag_lazy_state *state, int error, uint64_t detail,
                           const void *value, size_t size)
{
    uint64_t word = 0;

    if (error != 0) {
        (void)mag_waiter_post(state->wait.waiter, mag_vtask_failed(error, detail));
        return;
    }
    if (size > sizeof(word)) {
        memcpy(state->value, value, size);
        word = (uintptr_t)state->value;
    } else {
        memcpy(&word, value, size);
    }
    (void)mag_waiter_post(state->wait.waiter, mag_vtask_result(word));
}

/* The error is the function's, so a MAG_E code is passed on as well. */
static void tell_pooled(struct mag_operation *operation, int error, uint64_t detail,
                        const void *value, size_t size)
{
    if (error != 0)
        mag_core_finish(&operation->core, error, detail);
    else
        (void)!mag_operation_set_value(operation, value, size);
}

/* Those who have waited get the outcome; each may be another's as soon as it is
 * complete. */
static void tell_landed(struct mag_line_place *landed, int error, uint64_t detail,
                        const void *value, size_t size)
{
    while (landed != NULL) {
        struct mag_line_place *place = landed;

        mag_line_unwatch(place);
        landed = place->next;
        if (place->is_connected)
            tell_connected((struct mag_lazy_state *)(void *)place, error, detail, value,
                           size);
        else
            tell_pooled(&mag_line_waiter_of(place)->operation, error, detail, value,
                        size);
    }
}

/* NOLINTNEXTLINE(readability-function-size): a macro fills in the arguments. */
bool mag_lazy_land(struct mag_lazy *lazy, _Atomic(uint64_t) *words, int error,
                   uint64_t detail, const void *value, size_t size)
{
    uint32_t before = mag_line_lock(&lazy->line);
    uint32_t resets = resets_of(before), flight = lazy->flight;
    uint32_t phase = MAG_LAZY_EMPTY;

    if (resets == flight && error == 0) {
        keep_value(words, value, size);
        phase = MAG_LAZY_READY;
    } else if (resets == flight) {
        phase = keep_failure(lazy, error, detail);
    }
    struct mag_line_place *landed = mag_line_grant(&lazy->line, &landing_kind, &flight);
    bool again = lazy->line.first != NULL;
    if (again) {
        lazy->flight = resets;
        phase = MAG_LAZY_FLYING;
    }
    mag_line_unlock(&lazy->line, value_of(resets, phase));
    tell_landed(landed, error, detail, value, size);
    return again;
}

void mag_lazy_reset(struct mag_lazy *lazy)
{
    uint32_t value = mag_line_lock(&lazy->line);
    uint32_t phase = value & MAG_LAZY_PHASE;

    if (phase != MAG_LAZY_FLYING)
        phase = MAG_LAZY_EMPTY;
    mag_line_unlock(&lazy->line, value_of(resets_of(value) + 1, phase));
}
