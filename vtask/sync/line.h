/*
 * line.h - the slow half of semaphores, locks, events and latches: the line of waiters.
 * Private to vtask/.  docs/design/sync.md has the protocol and its proof.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_SYNC_LINE_H
#define VTASK_SYNC_LINE_H

#include <magpie/detail/waiter.h>

#include <stddef.h>

/* A kind of object with a line: what a waiter takes from the value. */
struct mag_line_kind {
    mag_line_rule take;
};

/* Makes a line in which nobody waits.  Nobody uses it meanwhile. */
void mag_line_init(struct mag_line *line, uint32_t value);

/*
 * Waits in the line.
 *
 *   Blocks     as mag_cancel_register and mag_operation_rent
 *   Returns    a task that succeeds with 0 when `kind->take` has taken what is wanted
 */
mag_vtask mag_line_wait(struct mag_line *line, const struct mag_line_kind *kind,
                        uint32_t wants, struct mag_cancel *cancel);

/*
 * The connected form: the same with a state of the caller's, whose `waiter` is set and
 * armed.
 *
 *   Blocks     as mag_cancel_register; while a callback of the cancel object runs
 *   Returns    MAG_STARTED; a task that is complete: it has what is wanted, or has failed
 */
mag_vtask mag_line_begin(struct mag_line *line, const struct mag_line_kind *kind,
                         uint32_t wants, struct mag_cancel *cancel,
                         struct mag_wait_state *state);

/* Makes the place of a state ready, for a kind that enters the line by itself.  Nobody
 * cancels the wait, unless mag_line_watch_state follows; false: `cancel` has fired. */
void mag_line_connect(struct mag_line *line, const struct mag_line_kind *kind,
                      uint32_t wants, struct mag_wait_state *state);
bool mag_line_watch_state(struct mag_wait_state *state, struct mag_cancel *cancel);

/* Takes what is wanted if nobody waits and the value allows it now. */
bool mag_line_try(struct mag_line *line, const struct mag_line_kind *kind,
                  uint32_t wants);

/* Changes the value and grants waiters what they want, the oldest first, until one cannot
 * have it.  False: the rule does not allow the change. */
bool mag_line_put(struct mag_line *line, const struct mag_line_kind *kind,
                  mag_line_rule change, uint32_t amount);

/* ------------------------------------------------------- for objects with more state */

/* Locks the line and returns its value; unlock sets the value. */
uint32_t mag_line_lock(struct mag_line *line);
void mag_line_unlock(struct mag_line *line, uint32_t value);

/* Rents a waiter whose task has no result: 0 or -ENOMEM.  mag_line_return gives one back
 * that was not needed. */
int mag_line_rent(struct mag_line *line, const struct mag_line_kind *kind, uint32_t wants,
                  struct mag_line_waiter **ret_waiter);
void mag_line_return(struct mag_line_waiter *waiter);

/* The waiter of a place whose wait is a pooled operation. */
static inline struct mag_line_waiter *mag_line_waiter_of(struct mag_line_place *place)
{
    return (struct mag_line_waiter *)(void *)((char *)place -
                                              offsetof(struct mag_line_waiter, place));
}

/* Under the lock: puts a waiter behind all others. */
void mag_line_append(struct mag_line *line, struct mag_line_place *place);

/* Under the lock: takes those that can have what they want out of the line, the oldest
 * first.  Returns a list for mag_line_complete, which is called without the lock. */
struct mag_line_place *mag_line_grant(struct mag_line *line,
                                      const struct mag_line_kind *kind, uint32_t *value);
void mag_line_complete(struct mag_line_place *granted);

/* The same, for waiters of another type of operation, which begins with a waiter. */
int mag_line_rent_as(struct mag_operation_type *type, struct mag_line *line,
                     const struct mag_line_kind *kind, uint32_t wants,
                     struct mag_line_waiter **ret_waiter);

/* Begins to watch a cancel object; false: it has fired. */
bool mag_line_watch(struct mag_line_waiter *waiter, struct mag_cancel *cancel);

/* Under the lock: puts a waiter behind all others.  False: its cancel object has claimed
 * it, and completes it. */
bool mag_line_enter(struct mag_line *line, struct mag_line_place *place);

/* The cancel object forgets a waiter that this thread has claimed: before the awaiter,
 * which may free the cancel object, runs. */
void mag_line_unwatch(struct mag_line_place *place);

/* Under the lock: claims a waiter that has not entered.  False: its cancel object was
 * faster. */
bool mag_line_claim(struct mag_line_place *place);

#endif
