/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/cancel.h>

#include "base/turns.h"
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"

#include <errno.h>
#include <stdatomic.h>

/* ------------------------------------------------------------------------ the lock */

/* Locks the cancel object and returns the state before. */
static uint32_t lock_cancel(struct mag_cancel *cancel)
{
    for (unsigned tries = 0;; tries++) {
        /* relaxed: the compare-and-swap decides. */
        uint32_t state = atomic_load_explicit(&cancel->state, memory_order_relaxed);

        /* lock, acquire: the list is as the last holder left it; relaxed on failure: the
         * state is read again. */
        if ((state & MAG_CANCEL_LOCKED) == 0 &&
            atomic_compare_exchange_weak_explicit(
                &cancel->state, &state, state | MAG_CANCEL_LOCKED, memory_order_acquire,
                memory_order_relaxed))
            return state;
        mag_give_way(tries);
    }
}

static void unlock_cancel(struct mag_cancel *cancel, uint32_t state)
{
    /* lock, fired, release: the list, and all that came before firing, precede it. */
    atomic_store_explicit(&cancel->state, state, memory_order_release);
}

/* ---------------------------------------------------------------- under the lock */

static void insert(struct mag_cancel *cancel,
                   struct mag_cancel_registration *registration)
{
    registration->next = cancel->first;
    registration->link = &cancel->first;
    if (registration->next != NULL)
        registration->next->link = &registration->next;
    cancel->first = registration;
}

static void remove_from_list(struct mag_cancel_registration *registration)
{
    *registration->link = registration->next;
    if (registration->next != NULL)
        registration->next->link = registration->link;
    registration->link = NULL;
}

/* -------------------------------------------------------------------- firing */

/* The callback of a link's registration, see below.  Firing follows links itself. */
static void fire_child(void *link, struct mag_cancel *parent, uint64_t key);

/* True: `fired` had not fired before; it is locked, for this thread to fire it.  `parent`
 * is the cancel object whose link fires it; NULL: the program fires it. */
static bool begin_firing(struct mag_cancel *fired, struct mag_cancel *parent)
{
    uint32_t state = lock_cancel(fired);

    if ((state & MAG_CANCEL_FIRED) != 0) {
        unlock_cancel(fired, state);
        return false;
    }
    fired->thread = mag_here_get();
    fired->parent = parent;
    return true;
}

/* Runs the latest registration.  It is chosen under the lock, and its fields are copied
 * there, because the registration may be gone when the callback runs.  Returns, locked,
 * the cancel object whose registrations run next: the same one, or the child of a
 * link. */
static struct mag_cancel *run_first(struct mag_cancel *cancel)
{
    struct mag_cancel_registration *registration = cancel->first;
    mag_cancel_fn run = registration->run;
    void *object = registration->object;
    uint64_t key = registration->key;
    struct mag_cancel *child = NULL;

    if (run == fire_child)
        child = ((struct mag_cancel_link *)object)->child;
    remove_from_list(registration);
    cancel->running = registration;
    unlock_cancel(cancel, MAG_CANCEL_FIRED);
    if (child == NULL)
        run(object, cancel, key);
    else if (begin_firing(child, cancel))
        return child;
    (void)lock_cancel(cancel);
    cancel->running = NULL;
    return cancel;
}

/* Ends a firing.  Returns the parent, locked, if the parent's link fired this cancel
 * object; otherwise NULL. */
static struct mag_cancel *end_firing(struct mag_cancel *cancel)
{
    struct mag_cancel *parent = cancel->parent;

    unlock_cancel(cancel, MAG_CANCEL_FIRED);
    if (parent != NULL) {
        (void)lock_cancel(parent);
        parent->running = NULL;
    }
    return parent;
}

/* A loop, so that a chain of links needs no stack: each child remembers its parent. */
bool mag_cancel_fire(struct mag_cancel *cancel)
{
    if (!begin_firing(cancel, NULL))
        return false;
    while (cancel != NULL)
        cancel = cancel->first != NULL ? run_first(cancel) : end_firing(cancel);
    return true;
}

/* --------------------------------------------------------------- registrations */

int mag_cancel_register(struct mag_cancel *cancel,
                        struct mag_cancel_registration *registration, mag_cancel_fn run,
                        void *object, uint64_t key)
{
    uint32_t state = lock_cancel(cancel);
    bool fired = (state & MAG_CANCEL_FIRED) != 0;

    /* The previous cancel object may be gone: nobody may look there again. */
    registration->cancel = fired ? NULL : cancel;
    registration->link = NULL;
    if (!fired) {
        registration->run = run;
        registration->object = object;
        registration->key = key;
        insert(cancel, registration);
    }
    unlock_cancel(cancel, state);
    return fired ? -ECANCELED : 0;
}

/* Whether the registration's callback is running on another thread. */
static bool is_running_elsewhere(struct mag_cancel *cancel,
                                 const struct mag_cancel_registration *registration)
{
    uint32_t state = lock_cancel(cancel);
    bool is = cancel->running == registration && cancel->thread != mag_here_get();

    unlock_cancel(cancel, state);
    return is;
}

bool mag_cancel_unregister(struct mag_cancel_registration *registration, bool wait)
{
    struct mag_cancel *cancel = registration->cancel;

    if (cancel == NULL)
        return false;
    uint32_t state = lock_cancel(cancel);
    bool was_waiting = registration->link != NULL;
    if (was_waiting)
        remove_from_list(registration);
    unlock_cancel(cancel, state);
    for (unsigned tries = 0;
         !was_waiting && wait && is_running_elsewhere(cancel, registration); tries++)
        mag_give_way(tries);
    return was_waiting;
}

/* --------------------------------------------------------- linked cancel objects */

/* The address of this function marks the registration of a link.  Firing does not call
 * the function but follows the link itself.  The function has a body of its own all the
 * same, so that no linker merges it with another function. */
static void fire_child(void *link, struct mag_cancel *parent, uint64_t key)
{
    (void)parent;
    (void)key;
    (void)mag_cancel_fire(((struct mag_cancel_link *)link)->child);
}

void mag_cancel_link(struct mag_cancel_link *link, struct mag_cancel *child,
                     struct mag_cancel *parent)
{
    link->child = child;
    if (mag_cancel_register(parent, &link->registration, fire_child, link, 0) != 0)
        (void)mag_cancel_fire(child);
}

void mag_cancel_unlink(struct mag_cancel_link *link)
{
    (void)mag_cancel_unregister(&link->registration, true);
}

/* -------------------------------------------------------------------------- tasks */

int mag_vtask_from_canceled(struct mag_cancel *cancel, mag_vtask *ret_task)
{
    if (!mag_cancel_has_fired(cancel))
        return mag_misuse_argument(MAG_E_ARG);
    *ret_task = mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    return 0;
}
