/*
 * operation.h - pooled operations: sources that are rented, handed out as a value task,
 * completed from any thread, and back in their pool when the task is consumed.
 *
 * One with a payload and a result of your own:
 *
 *     struct request {
 *         struct mag_operation operation;    // first, by this name
 *         struct peer *peer;                 // payload
 *         struct reply reply;                // result
 *     };
 *     static struct mag_operation_type request_type =
 *         MAG_OPERATION_TYPE(struct request, reply);
 *     MAG_VTASK_DEFINE(reply_task, struct reply)
 *
 *     reply_task ask(struct peer *peer)
 *     {
 *         struct request *request;
 *         void *object;
 *         int r = mag_operation_rent(&request_type, &object);
 *
 *         if (r < 0)
 *             return reply_task_of(mag_vtask_failed(r, 0));
 *         request = object;
 *         request->peer = peer;
 *         reply_task task = reply_task_of(mag_operation_task(&request->operation));
 *         send(request);                     // from here on it may be complete
 *         return task;
 *     }
 *
 *     void on_reply(struct request *request, const struct reply *reply)
 *     {
 *         int r = mag_core_set_value(&request->operation.core, reply, sizeof(*reply));
 *         ...
 *     }
 *
 * Who needs no payload and no more than a word rents from mag_operation_word.
 *
 * The model.  An operation is a core (source.h) with a pool behind it; all that is said
 * there of completing, registering and reading holds.  Each type has a pool, made at the
 * first rent and kept for the life of the process, with the objects near the thread that
 * rents (pool.h).  The call that consumes the task moves the token, then gives the object
 * back, on whatever thread it runs; a call that answers misuse does neither (VT-139,
 * VT-168).  Token and memory stay what they are for good, so a stale task is an error
 * (MAG_E_TOKEN), never a crash and never another's result (VT-140, VT-199).  What payload
 * and result held is still there at the next rent: write all of it.
 *
 * States.  The core's slot is the state; "idle" is being in the pool (VT-137).
 *
 *     idle -> pending -> pending + continuation -> done, continuation ran -> idle
 *                    \-> done, none registered --------------------------/
 *
 * What differs from the operation of .NET's channels, whose states group Q of
 * docs/design/value-task-contract.md follows:
 *   - There is no state "completing, dispatch queued": the status tells completion before
 *     a continuation runs or is queued, as for every core (VT-89 instead of VT-142).
 *     There the operation itself is the queue's entry; here the continuation is, so
 *     nothing needs to wait (VT-145).
 *   - "done, continuation ran" refuses a second continuation always (VT-102).
 *   - Renting cannot find an operation of the pool busy.  mag_operation_try_own can, of
 *     one that belongs to an object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_OPERATION_H
#define MAGPIE_OPERATION_H

#include <magpie/pool.h>
#include <magpie/source.h>

MAG_EXTERN_C_BEGIN

/*
 * What every operation begins with: 48 bytes.
 *
 * Ownership: the core's as in source.h; `claim` is [A], any thread.
 *
 * The claim tells which operation is open to be completed by one of several.  It is the
 * operation's token from mag_operation_share on, and one more as soon as somebody has it;
 * of an owned operation it is MAG_CLAIM_FREE while it is idle.
 *
 * Why a late completer fails, also when the object has begun other operations since.  It
 * holds a key t, the token of an operation that was shared.  That one is completed by
 * nobody but who moved the claim from t to t + 1, and consumed later.  Each value the
 * claim gets after that is larger than t: t + 1, FREE or BUSY, or a later token, since
 * tokens only grow.  So a compare-and-swap that expects t fails from there on.  (64 bits
 * do not come round.)
 */
struct mag_operation {
    struct mag_core core;
    MAG_ATOMIC(uint64_t) claim;
};

/* A kind of operation: static, filled by MAG_OPERATION_TYPE. */
struct mag_operation_type {
    struct mag_core_type pooled; /* first */
    struct mag_core_type owned;
    size_t size;                        /* bytes of an object */
    uint64_t limit;                     /* as in mag_pool_config; 0: any number */
    MAG_ATOMIC(struct mag_pool *) pool; /* made when first needed */
};

/* For the macros below only. */
MAG_API void mag_operation_recycle(struct mag_core *core);
MAG_API void mag_operation_disown(struct mag_core *core);

/*
 * The initialiser of a type: objects are `struct_type`, whose first member is `struct
 * mag_operation operation`; the result is its member `result`.  For at most `limit`
 * objects in the process at once, with the consequences that pool.h tells, see the
 * second.  The third is for results of a word, which lie in the core.
 *
 * The last two are for results that own something, such as memory: `destroy`, a void
 * (*)(struct mag_core *), is called for a result that nobody took (source.h).
 */
#define MAG_OPERATION_TYPE(struct_type, result) \
    MAG_OPERATION_TYPE_LIMITED(struct_type, result, 0)
#define MAG_OPERATION_TYPE_LIMITED(struct_type, result, limit) \
    MAG_OPERATION_TYPE_AT(struct_type, operation,              \
                          MAG_OPERATION_MEMBER(struct_type, result), limit, MAG_NULL)
#define MAG_OPERATION_TYPE_WORD(struct_type) \
    MAG_OPERATION_TYPE_AT(struct_type, operation, 0, 0, 0, MAG_NULL)
#define MAG_OPERATION_TYPE_OWNING(struct_type, result, destroy) \
    MAG_OPERATION_TYPE_AT(struct_type, operation,               \
                          MAG_OPERATION_MEMBER(struct_type, result), 0, destroy)
#define MAG_OPERATION_TYPE_WORD_OWNING(struct_type, destroy) \
    MAG_OPERATION_TYPE_AT(struct_type, operation, 0, 0, 0, destroy)

/* For the macros above: where a result lies, and its bytes. */
#define MAG_OPERATION_MEMBER(struct_type, result)      \
    MAG_CAST(uint32_t, offsetof(struct_type, result)), \
        MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(struct_type, result))
#define MAG_OPERATION_TYPE_AT(struct_type, head, ...)               \
    MAG_OPERATION_TYPE_OF(struct_type, head, mag_operation_recycle, \
                          mag_operation_disown, __VA_ARGS__)

#define MAG_OPERATION_TYPE_OF(struct_type, head, recycle, disown, ...) \
    MAG_OPERATION_TYPE_IN(struct_type, head, recycle, disown, __VA_ARGS__)

/* `head` is first, or the array in it has no legal size. */
#define MAG_OPERATION_TYPE_IN(struct_type, head, recycle, disown, offset, bytes, limit, \
                              destroy)                                                  \
    {                                                                                   \
        {(offset), (bytes), (recycle), (destroy)},                                      \
            {(offset), (bytes), (disown), (destroy)},                                   \
            sizeof(struct_type) *                                                       \
                sizeof(char[offsetof(struct_type, head) == 0 ? 1 : -1]),                \
            (limit), MAG_NULL                                                           \
    }

/* Operations without payload, with a result of a word. */
extern MAG_API struct mag_operation_type mag_operation_word;

/* ----------------------------------------------------------------- renting */

/* The slow half, for the function below only. */
MAG_API int mag_operation_rent_slow(struct mag_operation_type *type, void **ret_object);

/*
 * Rents an object of the type: pending, and the caller's until the task is handed out.
 * `flags` of its core are 0; set MAG_CORE_QUEUED there before the task is handed out.
 *
 *   Blocks     as mag_pool_take; at the first rent of a type also as mag_pool_create
 *   Allocates  as mag_pool_take; nothing once as many objects exist as are in use
 *   Returns    0; -ENOMEM; -ENOSPC the type's limit is reached.  Nothing is lost then:
 *              the next rent may succeed
 *   Release    consuming the task; or mag_operation_return
 */
MAG_MUST_CHECK MAG_INLINE int mag_operation_rent(struct mag_operation_type *type,
                                                 void **ret_object)
{
    /* acquire: the pool precedes its address. */
    struct mag_pool *pool = MAG_LOAD(&type->pool, acquire);
    struct mag_core *core;
    void *object;

    if (MAG_UNLIKELY(pool == MAG_NULL || mag_pool_take(pool, &object) != 0)) {
        int r = mag_operation_rent_slow(type, &object);
        if (r < 0)
            return r;
    }
    /* The rest was done when it was consumed, or made. */
    core = MAG_CAST(struct mag_core *, object);
    core->flags = 0;
    /* relaxed: the operation is handed out later, which publishes it. */
    MAG_STORE(&core->slot, mag_core_bias(), relaxed);
    mag_debug_core_began(core);
    *ret_object = object;
    return 0;
}

/*
 * The task of the operation.  Take it before anybody may complete it: afterwards it may
 * be another's.
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_operation_task(struct mag_operation *operation)
{
    return mag_core_task(&operation->core);
}

/*
 * Gives back an operation whose task was not handed out: it was not needed after all
 * (VT-149).
 *
 *   Thread     who rented it; nobody else may know of it
 */
MAG_API void mag_operation_return(struct mag_operation *operation);

/*
 * Completes an operation whose result stands in its place already.
 *
 *   Thread     the completer
 *   Blocks     as mag_core_set_result
 *   Returns    as mag_core_set_done
 */
MAG_MUST_CHECK MAG_INLINE int mag_operation_set_done(struct mag_operation *operation)
{
    return mag_core_set_done(&operation->core);
}

/* ------------------------------------------------------- several completers */

/*
 * Lets several complete the operation, of whom one will.  Each gets the key, and uses it
 * in the functions below, and nothing else, to complete it.  A key opens no later
 * operation of the same object, so who comes too late may keep object and key as long as
 * it likes (VT-148, VT-152).
 *
 * A key is what this call returned, and nothing else.  Do not make one up from a token or
 * a task: nothing keeps the claim of an operation that was not shared from being equal to
 * it.  Share an operation once.
 *
 *   Thread     the owner, before anybody may complete the operation
 *   Returns    the key
 */
MAG_API uint64_t mag_operation_share(struct mag_operation *operation);

/*
 * Claims the right to complete the operation.  Exactly one call for an operation returns
 * true; the caller must then complete it, by mag_core_set_result and the like.  After
 * false the operation must not be touched: it may be another's.
 */
MAG_API MAG_MUST_CHECK bool mag_operation_claim(struct mag_operation *operation,
                                                uint64_t key);

/*
 * Claim and complete in one.  True: the operation has the outcome.  False: somebody else
 * has completed it, or will, and nothing has changed: the outcome was not delivered.
 *
 * An operation of cancel.h has mag_cancelable_try_result and so on instead.
 *
 *   Blocks     as mag_core_set_result
 *   `code`     neither 0 nor a MAG_E code, else false
 *   `result`   for types whose result is a word, else false
 */
MAG_API MAG_MUST_CHECK bool mag_operation_try_result(struct mag_operation *operation,
                                                     uint64_t key, uint64_t result);
MAG_API MAG_MUST_CHECK bool mag_operation_try_error(struct mag_operation *operation,
                                                    uint64_t key, int code,
                                                    uint64_t detail);

/* As above; also false if `size` is not that of the type's result. */
MAG_API MAG_MUST_CHECK bool mag_operation_try_value(struct mag_operation *operation,
                                                    uint64_t key, const void *value,
                                                    size_t size);

/* -------------------------------------------------- operations of an object */

/* What the claim of an owned operation is while it is idle, and until it is shared. */
#define MAG_CLAIM_FREE UINT64_MAX
#define MAG_CLAIM_BUSY (UINT64_MAX - 1)

/*
 * Makes an operation part of an object of yours, such as the reading end of a connection:
 * it is not pooled but idle between its uses.  Its memory must stay what it is as long as
 * somebody may use a task of it, also a stale one (VT-199); who consumes the last one,
 * its continuation too, may free it.  Begins idle.
 *
 *   `operation`  all zeroes, or an owned operation that is idle
 */
MAG_API void mag_operation_own_init(struct mag_operation *operation,
                                    const struct mag_operation_type *type);

/*
 * Takes an owned operation if it is idle (VT-138); where it is busy, rent one instead.
 * As after mag_operation_rent it is pending, and the caller's.
 *
 *   Returns    true: it is the caller's; false: it is in use, nothing has changed
 */
MAG_API MAG_MUST_CHECK bool mag_operation_try_own(struct mag_operation *operation);

MAG_EXTERN_C_END

#endif
