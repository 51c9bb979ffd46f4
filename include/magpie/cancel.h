/*
 * cancel.h - asking operations to stop: cancel objects, and callbacks that are registered
 * with them.
 *
 *     #include <magpie/magpie.h>
 *     #include <errno.h>
 *
 *     struct wait {
 *         struct mag_operation operation;            // first
 *         struct mag_cancel_registration stop;       // by which it is canceled
 *     };
 *     static struct mag_operation_type wait_type =
 *         MAG_OPERATION_TYPE(struct wait, MAG_CANCELABLE(stop));
 *
 *     int main(void)
 *     {
 *         static struct mag_cancel cancel;
 *         void *object;
 *
 *         if (mag_operation_rent(&wait_type, &object) != 0)
 *             return 1;
 *         struct wait *wait = (struct wait *)object;
 *         mag_vtask task = mag_operation_task(&wait->operation);
 *         uint64_t key = mag_operation_share(&wait->operation, &cancel);
 *         mag_cancel_fire(&cancel);                  // any thread
 *         if (mag_operation_try_result(&wait->operation, key, 42))
 *             return 1;                              // not canceled
 *         return mag_vtask_get(task, MAG_NULL) == -ECANCELED ? 0 : 1;
 *     }
 *
 * The model.  A cancel object is a struct in an object of yours that fires once.  A
 * registration is a struct of the caller's with a callback.  When the cancel object
 * fires it calls each callback once, on the thread that fires it.  Registering allocates
 * nothing.  operation.h tells how a cancel object cancels an operation.
 *
 * After fork() the child must not use a cancel object that another thread may have been
 * using: if that thread held its lock, nobody unlocks it in the child.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CANCEL_H
#define MAGPIE_CANCEL_H

#include <magpie/detail/cancel.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* ----------------------------------------------------------------- cancel objects */

struct mag_cancel_registration;

/*
 * A cancel object.  All zeroes is one that has not fired.  It must live until every
 * registration is over, mag_cancel_fire has returned, and nobody asks for the detail of a
 * task that it canceled.
 *
 * Ownership
 *   [A] any thread   [L] whoever has locked `state`
 *
 * Edges: release end -> acquire end : what crosses
 *   lock   unlock (state) -> lock (state) : what is [L], and of each registration its
 *          links, object and key
 *   fired  mag_cancel_fire (state) -> mag_cancel_has_fired (state) : what the firing
 *          thread did before
 */
struct mag_cancel {
    MAG_ATOMIC(uint32_t) state;              /* [A] MAG_CANCEL_ */
    struct mag_cancel_registration *first;   /* [L] the latest one */
    struct mag_cancel_registration *running; /* [L] whose callback runs */
    const void *thread;                      /* [L] the thread that fires it */
    struct mag_cancel *parent;               /* [L] whose link fires this one, or NULL */
};

/*
 * Fires: calls the callback of each registration, the latest first.
 *
 *   Blocks     while they run, and briefly while another thread registers
 *   Returns    true: it was this call; false: it has fired before, or another thread is
 *              firing; callbacks may still be running
 */
MAG_API bool mag_cancel_fire(struct mag_cancel *cancel);

/*
 * Whether it has fired; true already while callbacks run.  `cancel` may be NULL: it never
 * fires.
 */
MAG_INLINE bool mag_cancel_has_fired(const struct mag_cancel *cancel)
{
    /* fired, acquire: what the firing thread did before is visible. */
    return cancel != MAG_NULL &&
           (MAG_LOAD(&cancel->state, acquire) & MAG_CANCEL_FIRED) != 0;
}

/* ----------------------------------------------------------- registrations */

/*
 * A callback of a cancel object.  `object` and `key` are those that were given to
 * mag_cancel_register.  The callback may fire other cancel objects, unregister anything,
 * and free its own registration or register it again; it must not free `cancel`.
 */
typedef void (*mag_cancel_fn)(void *object, struct mag_cancel *cancel, uint64_t key);

/* Filled by mag_cancel_register; all zeroes is one that is not registered. */
struct mag_cancel_registration {
    struct mag_cancel_registration *next;
    struct mag_cancel_registration **link; /* what points here; NULL: in no list */
    struct mag_cancel *cancel;             /* the last one; NULL: none, or it had fired */
    mag_cancel_fn run;
    void *object;
    uint64_t key;
};

/*
 * Registers a callback.  It may run before this call returns, on another thread.  The
 * cancel object copies `object` and `key` when it chooses the callback: a callback that
 * comes late still gets its own, though the registration may be registered again by then.
 *
 *   `object`, `key`  anything: the callback gets them
 *   `registration`  not registered; belongs to the cancel object until its callback is
 *                   called or mag_cancel_unregister returns
 *   Blocks     briefly while another thread registers
 *   Returns    0; -ECANCELED it has fired: nothing is registered or called
 */
MAG_API MAG_MUST_CHECK int
mag_cancel_register(struct mag_cancel *cancel,
                    struct mag_cancel_registration *registration, mag_cancel_fn run,
                    void *object, uint64_t key);

/*
 * Takes a registration back.
 *
 *   `wait`     if the callback is running on another thread, wait until it has returned.
 *              Inside a callback of the same cancel object this never waits; two
 *              callbacks of two cancel objects must not wait for each other
 *   Blocks     see `wait`, and briefly while another thread registers
 *   Returns    true: the callback was not called and will not be; false: it was called,
 *              or there is nothing registered
 */
MAG_API bool mag_cancel_unregister(struct mag_cancel_registration *registration,
                                   bool wait);

/* ---------------------------------------------------------- linked cancel objects */

/*
 * Lets one cancel object fire when another does.  A child may have several links, and a
 * parent too: a chain or a tree of any size fires in a loop, which needs no stack for it.
 */
struct mag_cancel_link {
    struct mag_cancel_registration registration;
    struct mag_cancel *child;
};

MAG_NAMESAKES_BEGIN
/*
 * From here on `child` fires when `parent` does; at once, inside the call, if it has.
 *
 *   Blocks     as mag_cancel_fire, in that last case
 */
MAG_API void mag_cancel_link(struct mag_cancel_link *link, struct mag_cancel *child,
                             struct mag_cancel *parent);
MAG_NAMESAKES_END

/*
 * Undoes mag_cancel_link: afterwards `parent` does not touch `child`.
 *
 *   Blocks     while the parent is firing the child, unless called from inside that
 */
MAG_API void mag_cancel_unlink(struct mag_cancel_link *link);

MAG_EXTERN_C_END

#endif
