/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/sync/line.h"

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

/* Under the lock, which it unlocks: a waiter that need not wait.  False: its cancel
 * object has claimed it, and completes it. */
static bool turn_back(struct mag_lazy *lazy, struct mag_line_waiter *waiter,
                      uint32_t value)
{
    bool is_ours = mag_line_claim(&waiter->place);

    mag_line_unlock(&lazy->line, value);
    if (!is_ours)
        return false;
    mag_line_unwatch(&waiter->place);
    mag_line_return(waiter);
    return true;
}

/* Takes a waiter to the line.  `*ret_task` is the waiter's task, unless it turns back. */
static enum mag_lazy_answer
enter_line(struct mag_lazy *lazy, struct mag_line_waiter *waiter, mag_vtask *ret_task)
{
    uint32_t value = mag_line_lock(&lazy->line), phase = value & MAG_LAZY_PHASE;
    mag_vtask failed = mag_vtask_failed(lazy->error, lazy->detail);
    enum mag_lazy_answer answer = MAG_LAZY_WAITS;

    if (phase == MAG_LAZY_READY)
        return turn_back(lazy, waiter, value) ? MAG_LAZY_AGAIN : MAG_LAZY_WAITS;
    if (phase == MAG_LAZY_FAILED) {
        if (turn_back(lazy, waiter, value))
            *ret_task = failed;
        return MAG_LAZY_WAITS;
    }
    waiter->place.wants = resets_of(value);
    if (mag_line_enter(&lazy->line, &waiter->place) && phase == MAG_LAZY_EMPTY) {
        answer = MAG_LAZY_FLIES;
        lazy->flight = resets_of(value);
        value = value_of(lazy->flight, MAG_LAZY_FLYING);
    }
    mag_line_unlock(&lazy->line, value);
    return answer;
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
    return enter_line(lazy, waiter, ret_task);
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

/* Those who have waited get the outcome; each may be another's as soon as it is
 * complete. */
static void tell_landed(struct mag_line_place *landed, int error, uint64_t detail,
                        const void *value, size_t size)
{
    while (landed != NULL) {
        struct mag_operation *operation = &mag_line_waiter_of(landed)->operation;

        mag_line_unwatch(landed);
        landed = landed->next;
        (void)!(error == 0 ? mag_operation_set_value(operation, value, size)
                           : mag_operation_set_error(operation, error, detail));
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
