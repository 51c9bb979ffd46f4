/*
 * cancel.h - asking operations to stop: cancel objects, and callbacks that are registered
 * with them.
 *
 *     #include <magpie/magpie.h>
 *     #include <errno.h>
 *
 *     struct wait {
 *         struct mag_operation operation;            // first
 *         struct mag_cancel_registration stop;       // makes it cancelable
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
 *         return mag_vtask_get(task, NULL) == -ECANCELED ? 0 : 1;
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
 * A cancel object.  Zeroed memory is one that has not fired.  It must stay alive until
 * every registration is over, mag_cancel_fire has returned, and nobody asks any more for
 * the detail of a task that it canceled.  The members are the library's.
 *
 * Ownership
 *   [A] any thread   [L] the thread that has locked `state`
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
    struct mag_cancel_registration *running; /* [L] the one whose callback runs */
    const void *thread;                      /* [L] the thread that fires it */
    struct mag_cancel *parent;               /* [L] the parent that fires it, or NULL */
};

/*
 * Fires the cancel object: calls the callback of each registration, the latest first.
 *
 *   Blocks     while the callbacks run, and briefly while another thread registers
 *   Returns    true: this call fired it; false: it has fired before, or another thread is
 *              firing it, and callbacks may still be running
 */
MAG_API bool mag_cancel_fire(struct mag_cancel *cancel);

/*
 * Whether a cancel object has fired.  True already while its callbacks run.  NULL is
 * allowed, and has not fired.
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

/* A registration.  Zeroed memory is one that is not registered.  mag_cancel_register
 * fills it; the members are the library's. */
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
 * cancel object copies `object` and `key` when it chooses the callback.  So a callback
 * that comes late gets its own values, even if the registration is in use again by then.
 *
 *   registration  not registered; belongs to the cancel object until its callback is
 *                 called or mag_cancel_unregister returns
 *   object, key   any values; the callback gets them
 *   Blocks        briefly while another thread registers
 *   Returns       0; -ECANCELED the cancel object has fired: nothing was registered, and
 *                 the callback is not called
 */
MAG_API MAG_MUST_CHECK int
mag_cancel_register(struct mag_cancel *cancel,
                    struct mag_cancel_registration *registration, mag_cancel_fn run,
                    void *object, uint64_t key);

/*
 * Takes a registration back.
 *
 *   wait       whether to wait, if the callback is running on another thread, until it
 *              has returned.  Inside a callback of the same cancel object this never
 *              waits.  Two callbacks of two cancel objects must not wait for each other
 *   Blocks     see `wait`; and briefly while another thread registers
 *   Returns    true: the callback was not called and will not be; false: it was called,
 *              or nothing was registered
 */
MAG_API bool mag_cancel_unregister(struct mag_cancel_registration *registration,
                                   bool wait);

/* ---------------------------------------------------------- linked cancel objects */

/*
 * A link lets one cancel object, the child, fire when another one, the parent, does.  A
 * child may have several links, and so may a parent.  A chain or a tree of any size fires
 * in a loop, not by recursion.
 */
struct mag_cancel_link {
    struct mag_cancel_registration registration;
    struct mag_cancel *child;
};

MAG_NAMESAKES_BEGIN
/*
 * Makes `child` fire when `parent` does.  If `parent` has fired, `child` fires inside the
 * call.
 *
 *   link       must not move until `parent` has fired `child` or mag_cancel_unlink has
 *              returned
 *   Blocks     if `parent` has fired: as mag_cancel_fire
 */
MAG_API void mag_cancel_link(struct mag_cancel_link *link, struct mag_cancel *child,
                             struct mag_cancel *parent);
MAG_NAMESAKES_END

/*
 * Undoes mag_cancel_link.  Once it has returned, `parent` does not touch `link` or
 * `child`.
 *
 *   Blocks     while the parent is firing the child, unless the caller is inside that, as
 *              a callback of the child is
 */
MAG_API void mag_cancel_unlink(struct mag_cancel_link *link);

MAG_EXTERN_C_END

#endif
