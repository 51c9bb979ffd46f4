/*
 * cancel.h - asking operations to stop: cancel sources, registrations, and operations
 * that can be cancelled.
 *
 *     struct read {
 *         struct mag_cancelable cancelable;     // first
 *         struct reader *reader;
 *     };
 *     static struct mag_operation_type read_type =
 *         MAG_CANCELABLE_TYPE_WORD(struct read);
 *
 *     mag_vtask reader_next(struct reader *reader, struct mag_cancel *cancel)
 *     {
 *         struct read *read;
 *         void *object;
 *         int r = mag_operation_rent(&read_type, &object);
 *
 *         if (r < 0)
 *             return mag_vtask_failed(r, 0);
 *         read = object;
 *         mag_vtask task = mag_cancelable_task(&read->cancelable);
 *         uint64_t key = mag_cancelable_begin(&read->cancelable, cancel);
 *         wait_for_item(reader, read, key);
 *         return task;
 *     }
 *
 *     // who has an item
 *     if (!mag_cancelable_try_result(&read->cancelable, key, item))
 *         ...                                   // it was cancelled: try the next reader
 *
 * The model.  A cancel source is a struct in an object of yours that fires once.  A
 * registration is a struct of the caller's with a callback that the source calls when it
 * fires, on the thread that fires it, once; registering allocates nothing.  The task of a
 * cancelled operation fails with -ECANCELED, and its detail is the address of the source
 * (VT-158).
 *
 * An operation that can be cancelled is shared (operation.h): its completer and the
 * callback each have the key, and one of them completes it (VT-152).
 *
 * Why it may be pooled all the same (the contract's VT-153 forbids it).  What the rule is
 * afraid of is a callback that began before the operation was completed by somebody else,
 * and goes on when the object is another's.  Here such a callback does one thing with the
 * object: it claims by the key of its own operation.  It has the key from the
 * registration, where it was read under the source's lock when the callback was chosen;
 * the claim of a key fails for good as soon as anybody has made it (operation.h), and the
 * memory stays an operation.  After choosing a callback its source never touches the
 * registration again.  So the registration too may be in another list by then.
 *
 * Lists of yours.  An operation that is cancelled while a list of yours holds it is
 * consumed by its awaiter when that goes on, and then another's.  Either the list keeps
 * the key beside the object's address, and who takes an entry out tries it and goes on to
 * the next if it fails; or the links lie in the object, and the awaiter takes it out of
 * the list, under your lock, before it consumes the task (VT-160).
 *
 * After fork() the child must not use a source that another thread may have been using:
 * if that held its lock just then, it is never unlocked there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CANCEL_H
#define MAGPIE_CANCEL_H

#include <magpie/detail/cancel.h>
#include <magpie/operation.h>

MAG_EXTERN_C_BEGIN

/* ----------------------------------------------------------------- sources */

struct mag_cancel_registration;

/*
 * A cancel source.  All zeroes is one that has not fired.  It must live until every
 * registration is over, mag_cancel_fire has returned, and nobody asks for the detail of a
 * task that it cancelled.
 *
 * Ownership
 *   [A] any thread   [L] who has locked `state`
 *
 * Edges: release end -> acquire end : what crosses
 *   lock   unlock (state) -> lock (state) : what is [L], and of each registration its
 *          links and key
 *   fired  mag_cancel_fire (state) -> mag_cancel_has_fired (state) : what the firing
 *          thread did before
 */
struct mag_cancel {
    MAG_ATOMIC(uint32_t) state;              /* [A] MAG_CANCEL_ */
    struct mag_cancel_registration *first;   /* [L] the latest one */
    struct mag_cancel_registration *running; /* [L] whose callback runs */
    const void *thread;                      /* [L] which one fires */
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
 * A callback of a source.  `key` is the one that was given to mag_cancel_register.  It
 * may fire other sources, unregister anything, and free or register again the memory of
 * its own registration; it must not free `cancel`.
 */
typedef void (*mag_cancel_fn)(struct mag_cancel_registration *registration,
                              struct mag_cancel *cancel, uint64_t key);

/* Filled by mag_cancel_register; all zeroes is one that is not registered. */
struct mag_cancel_registration {
    struct mag_cancel_registration *next;
    struct mag_cancel_registration **link; /* what points here; NULL: in no list */
    struct mag_cancel *cancel;             /* where it was last; NULL: refused, or none */
    mag_cancel_fn run;
    uint64_t key;
};

/*
 * Registers a callback.  It may run before this call returns (VT-155), on another thread.
 *
 *   `registration`  not registered; belongs to the source until its callback is called or
 *                   mag_cancel_unregister returns
 *   Blocks     briefly while another thread registers
 *   Returns    0; -ECANCELED the source has fired: nothing is registered or called
 */
MAG_API MAG_MUST_CHECK int
mag_cancel_register(struct mag_cancel *cancel,
                    struct mag_cancel_registration *registration, mag_cancel_fn run,
                    uint64_t key);

/*
 * Takes a registration back.
 *
 *   `wait`     if the callback is running on another thread, wait until it has returned.
 *              Inside a callback of the same source this never waits (VT-157); two
 *              callbacks of two sources must not wait for each other
 *   Blocks     see `wait`, and briefly while another thread registers
 *   Returns    true: the callback was not called and will not be; false: it was called,
 *              or there is nothing registered
 */
MAG_API bool mag_cancel_unregister(struct mag_cancel_registration *registration,
                                   bool wait);

/* ---------------------------------------------------------- linked sources */

/*
 * Lets one source fire when another does.  A child may have several links, and a parent
 * too: a chain or a tree of any size fires in a loop, which needs no stack for it.
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

/* ------------------------------------------- operations that can be cancelled */

/*
 * What such an operation begins with: 88 bytes.
 */
struct mag_cancelable {
    struct mag_operation operation;
    struct mag_cancel_registration registration;
};

/* Types for mag_operation_rent, of objects whose first member is `struct mag_cancelable
 * cancelable`; the last two as MAG_OPERATION_TYPE_OWNING. */
#define MAG_CANCELABLE_TYPE(struct_type, result) \
    MAG_CANCELABLE_TYPE_OWNING(struct_type, result, MAG_NULL)
#define MAG_CANCELABLE_TYPE_WORD(struct_type) \
    MAG_CANCELABLE_TYPE_WORD_OWNING(struct_type, MAG_NULL)
#define MAG_CANCELABLE_TYPE_OWNING(struct_type, result, destroy)           \
    MAG_OPERATION_TYPE_OF(struct_type, cancelable, mag_cancelable_recycle, \
                          mag_cancelable_disown,                           \
                          MAG_OPERATION_MEMBER(struct_type, result), 0, destroy)
#define MAG_CANCELABLE_TYPE_WORD_OWNING(struct_type, destroy)              \
    MAG_OPERATION_TYPE_OF(struct_type, cancelable, mag_cancelable_recycle, \
                          mag_cancelable_disown, 0, 0, 0, destroy)

/* As mag_operation_task. */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_cancelable_task(struct mag_cancelable *cancelable)
{
    return mag_operation_task(&cancelable->operation);
}

/*
 * Shares the operation and lets `cancel` cancel it.  If that has fired already the
 * operation is complete when this returns (VT-159: ask mag_cancel_has_fired before you
 * rent, and answer with mag_vtask_from_canceled).
 *
 * With a source, continuations are queued: none runs on the thread that cancels (VT-162).
 *
 *   `cancel`   may be NULL: nobody cancels it
 *   Thread     the owner, before anybody may complete the operation
 *   Blocks     as mag_cancel_register
 *   Returns    the key for its other completers
 */
MAG_API uint64_t mag_cancelable_begin(struct mag_cancelable *cancelable,
                                      struct mag_cancel *cancel);

/*
 * As mag_operation_claim, and takes the registration back, without waiting for a callback
 * that runs: it will find the claim taken (VT-156).  After true complete the operation by
 * mag_core_set_result and the like.
 *
 *   Blocks     as mag_cancel_unregister without `wait`
 */
MAG_API MAG_MUST_CHECK bool mag_cancelable_claim(struct mag_cancelable *cancelable,
                                                 uint64_t key);

/*
 * Gives back an operation whose task was not handed out, after mag_cancelable_begin; as
 * mag_operation_return does before it.  It may have been cancelled meanwhile, and its
 * task is consumed then.
 *
 *   Thread     who rented it; nobody else but the cancel source may know of it
 *   Blocks     as mag_cancelable_claim
 */
MAG_API void mag_cancelable_return(struct mag_cancelable *cancelable, uint64_t key);

/*
 * Claim and complete in one, as mag_operation_try_result, mag_operation_try_error and
 * mag_operation_try_value.  Use these, and not those: only these take the registration
 * back before a continuation runs, which may let go of the cancel source.
 */
MAG_API MAG_MUST_CHECK bool mag_cancelable_try_result(struct mag_cancelable *cancelable,
                                                      uint64_t key, uint64_t result);
MAG_API MAG_MUST_CHECK bool mag_cancelable_try_error(struct mag_cancelable *cancelable,
                                                     uint64_t key, int code,
                                                     uint64_t detail);
MAG_API MAG_MUST_CHECK bool mag_cancelable_try_value(struct mag_cancelable *cancelable,
                                                     uint64_t key, const void *value,
                                                     size_t size);

MAG_EXTERN_C_END

#endif
