/*
 * operation.h - pooled operations: rent one, hand out its task, complete it from any
 * thread.
 *
 *     #include <magpie/magpie.h>
 *     #include <pthread.h>
 *
 *     struct request {
 *         struct mag_operation operation;    // first, by this name
 *         int question;                      // payload
 *         long answer;                       // result
 *     };
 *     static struct mag_operation_type request_type =
 *         MAG_OPERATION_TYPE(struct request, MAG_RESULT(answer));
 *     MAG_VTASK_DEFINE(answer_task, long)
 *
 *     static void *serve(void *object)       // some other thread
 *     {
 *         struct request *request = (struct request *)object;
 *         long answer = 2L * request->question;
 *         int r = mag_operation_set_value(&request->operation, &answer, sizeof(answer));
 *
 *         return r == 0 ? object : MAG_NULL; // `request` may be another's by now
 *     }
 *
 *     int main(void)
 *     {
 *         void *object;
 *         pthread_t server;
 *         long answer;
 *
 *         if (mag_operation_rent(&request_type, &object) != 0)
 *             return 1;
 *         struct request *request = (struct request *)object;
 *         answer_task task = answer_task_of(mag_operation_task(&request->operation));
 *         request->question = 21;
 *         if (pthread_create(&server, MAG_NULL, serve, request) != 0)
 *             return 1;
 *         int r = answer_task_wait(task, &answer); // in an async function: MAG_AWAIT
 *         (void)pthread_join(server, MAG_NULL);
 *         return r == 0 && answer == 42 ? 0 : 1;
 *     }
 *
 * Which function do I need?
 *
 *   one thread completes it          mag_operation_set_result, _value, _done, _error
 *   several may, and one will        mag_operation_share, then
 *                                    mag_operation_try_result, _value, _done, _error
 *   the winner has work to do first  mag_operation_claim, then mag_operation_set_...
 *   it may also be canceled          MAG_CANCELABLE in its type, and the cancel object
 *                                    (cancel.h) given to mag_operation_share; then as for
 *                                    several
 *   it was not needed after all      mag_operation_return
 *   no payload, a result of a word   the type mag_operation_word
 *
 * The model.  An operation is a core (source.h) with a pool behind it; what source.h says
 * of completing, registering and reading holds here too.  Each type has a pool, made at
 * the first rent and kept for the life of the process, with the objects near the thread
 * that rents (pool.h).  The call that consumes the task gives the object back, on
 * whatever thread it runs; a call that answers misuse does not.  The memory stays an
 * operation for good and each use has a token of its own, so a stale task is an error
 * (MAG_E_TOKEN), never a crash and never another operation's result.  Payload and result
 * keep what the last use wrote there: write all of them.
 *
 * Cancellation.  The task of a canceled operation fails with -ECANCELED, and its detail
 * is the address of the cancel object.  Its continuation never runs on the thread that
 * cancels: a cancel object makes continuations queued.  The completer that wins takes the
 * registration back before a continuation runs, so the continuation may free the cancel
 * object.
 *
 * Lists of yours.  A canceled operation may still be in a list of waiting operations.
 * There are two ways to keep such a list right:
 *   - The list holds the object's address and its key.  Whoever takes an entry out tries
 *     it, and goes on to the next one if that fails.
 *   - The links lie in the object.  The awaiter takes the object out of the list, under
 *     the list's lock, before it consumes the task.
 *
 * States, as the core's slot tells them:
 *
 *     in the pool -> pending -> pending, continuation -> done, continuation ran -> pool
 *                           \-> done, no continuation --------------------------/
 *
 * docs/design/value-task-protocol.md tells why a completer that comes late fails, and how
 * these states differ from those of .NET's channels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_OPERATION_H
#define MAGPIE_OPERATION_H

#include <magpie/cancel.h>
#include <magpie/detail/operation.h>
#include <magpie/pool.h>
#include <magpie/source.h>

MAG_EXTERN_C_BEGIN

/*
 * What every operation begins with: 48 bytes.
 *
 * Ownership: the core's as in source.h; `claim` is [A], any thread.
 *
 * The claim says which operation of the object several may complete.  mag_operation_share
 * makes it the operation's token; the completer that wins makes it one more.  An owned
 * operation that is idle has MAG_CLAIM_FREE there.
 */
struct mag_operation {
    struct mag_core core;
    MAG_ATOMIC(uint64_t) claim;
};

/* A core's type, and where a registration lies in objects of that type. */
struct mag_operation_core {
    struct mag_core_type core; /* first */
    uint32_t registration;     /* bytes from the object; 0: it cannot be canceled */
};

/* A kind of operation: static, filled by MAG_OPERATION_TYPE. */
struct mag_operation_type {
    struct mag_operation_core pooled; /* first */
    struct mag_operation_core owned;
    size_t size;                        /* bytes of an object */
    uint64_t limit;                     /* as in mag_pool_config; 0: any number */
    MAG_ATOMIC(struct mag_pool *) pool; /* made when first needed */
};

/*
 * The initialiser of a type.  Objects are `struct_type`, whose first member is `struct
 * mag_operation operation`.  Up to four options follow, in any order:
 *
 *   MAG_RESULT(member)      the result is this member of the object; without it the
 *                           result is a word, which lies in the core
 *   MAG_CANCELABLE(member)  a cancel object may cancel it, by this member, a `struct
 *                           mag_cancel_registration`
 *   MAG_LIMIT(count)        at most `count` objects in the process at once, with the
 *                           consequences that pool.h tells
 *   MAG_DESTROY(function)   the result owns something, such as memory: `function`, a void
 *                           (*)(struct mag_core *), is called for each result that nobody
 *                           took (source.h)
 *
 *     MAG_OPERATION_TYPE(struct request)
 *     MAG_OPERATION_TYPE(struct request, MAG_RESULT(answer), MAG_CANCELABLE(stop))
 */
#define MAG_OPERATION_TYPE(...)                                                  \
    MAG_OPERATION_TYPE_OF(__VA_ARGS__, MAG_ABSENT(), MAG_ABSENT(), MAG_ABSENT(), \
                          MAG_ABSENT(), MAG_ABSENT(), ~)

/* Operations without payload, with a result of a word. */
extern MAG_API struct mag_operation_type mag_operation_word;

/* ----------------------------------------------------------------- renting */

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
 * The task of the operation.  Take it before anybody may complete the operation:
 * afterwards the object may be another's.
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_operation_task(struct mag_operation *operation)
{
    return mag_core_task(&operation->core);
}

/*
 * Gives back an operation whose task was not handed out: it was not needed after all.  If
 * it was shared it may have been canceled meanwhile; its task is then consumed.
 *
 *   Thread     the thread that rented it; nobody else but the cancel object that
 *              mag_operation_share was given may know of it
 *   Blocks     as mag_operation_claim
 */
MAG_API void mag_operation_return(struct mag_operation *operation);

/* ------------------------------------------------------------ one completer */

/*
 * Completes an operation that has one completer, with a result of a word.
 *
 *   Thread     the completer
 *   Blocks     as mag_core_set_result
 *   Returns    as mag_core_set_result
 */
MAG_MUST_CHECK MAG_INLINE int mag_operation_set_result(struct mag_operation *operation,
                                                       uint64_t result)
{
    return mag_core_set_result(&operation->core, result);
}

/* The same with a result of any size, as mag_core_set_value. */
MAG_MUST_CHECK MAG_INLINE int mag_operation_set_value(struct mag_operation *operation,
                                                      const void *value, size_t size)
{
    return mag_core_set_value(&operation->core, value, size);
}

/* The same with the result that stands in its place already, as mag_core_set_done. */
MAG_MUST_CHECK MAG_INLINE int mag_operation_set_done(struct mag_operation *operation)
{
    return mag_core_set_done(&operation->core);
}

/* The same with an error, as mag_core_set_error. */
MAG_MUST_CHECK MAG_INLINE int mag_operation_set_error(struct mag_operation *operation,
                                                      int code, uint64_t detail)
{
    return mag_core_set_error(&operation->core, code, detail);
}

/* ------------------------------------------------------- several completers */

/*
 * Lets several complete the operation, of whom one will: each with the key, by the
 * functions below and nothing else; and `cancel`, if it fires first.  A key opens no
 * later operation of the same object, so a completer that comes too late may keep object
 * and key as long as it likes.
 *
 * Share an operation once.  A key is what this call returned and nothing else: do not
 * make one up from a token or a task.
 *
 *   `cancel`   NULL: nobody cancels it.  Otherwise the operation's type has
 *              MAG_CANCELABLE; without that nobody cancels it either, and the watch of
 *              debug.h is told MAG_E_ARG.  If it has fired, the operation is complete
 *              when this returns: to save the rent, ask mag_cancel_has_fired first, and
 *              answer with mag_vtask_from_canceled
 *   Thread     the owner, before anybody may complete the operation
 *   Blocks     as mag_cancel_register, with a cancel object
 *   Returns    the key
 */
MAG_API uint64_t mag_operation_share(struct mag_operation *operation,
                                     struct mag_cancel *cancel);

/*
 * Claims the right to complete the operation.  Exactly one call for an operation returns
 * true, or none if it is canceled; the caller must then complete the operation, by
 * mag_operation_set_result and the like.  After false the operation must not be touched:
 * it may be another's.
 *
 *   Blocks     as mag_cancel_unregister without `wait`, if a cancel object was given
 */
MAG_API MAG_MUST_CHECK bool mag_operation_claim(struct mag_operation *operation,
                                                uint64_t key);

/*
 * Claim and complete in one, as mag_operation_set_result and the like.  True: the
 * operation has the outcome.  False: somebody else has completed it, or will, or the
 * arguments are wrong; nothing has changed, and the outcome was not delivered.
 *
 *   Blocks     as mag_core_set_result and mag_operation_claim
 *   `result`   for types whose result is a word, else false
 *   `size`     that of the type's result, else false
 *   `code`     neither 0 nor a MAG_E code, else false
 */
MAG_API MAG_MUST_CHECK bool mag_operation_try_result(struct mag_operation *operation,
                                                     uint64_t key, uint64_t result);
MAG_API MAG_MUST_CHECK bool mag_operation_try_value(struct mag_operation *operation,
                                                    uint64_t key, const void *value,
                                                    size_t size);
MAG_API MAG_MUST_CHECK bool mag_operation_try_done(struct mag_operation *operation,
                                                   uint64_t key);
MAG_API MAG_MUST_CHECK bool mag_operation_try_error(struct mag_operation *operation,
                                                    uint64_t key, int code,
                                                    uint64_t detail);

/* -------------------------------------------------- operations of an object */

/*
 * Makes an operation part of an object of yours, such as the reading end of a connection:
 * it is not pooled but idle between its uses.  Its memory must stay an operation as long
 * as somebody may use a task of it, a stale one too; whoever consumes the last task, or a
 * continuation that runs after that, may free it.  It begins idle.
 *
 *   `operation`  all zeroes, or an owned operation that is idle; a registration beside it
 *                may hold anything
 */
MAG_API void mag_operation_own_init(struct mag_operation *operation,
                                    const struct mag_operation_type *type);

/*
 * Takes an owned operation if it is idle; if it is busy, rent one instead.  As after
 * mag_operation_rent it is pending, and the caller's.
 *
 *   Returns    true: it is the caller's; false: it is in use, nothing has changed
 */
MAG_API MAG_MUST_CHECK bool mag_operation_try_own(struct mag_operation *operation);

MAG_EXTERN_C_END

#endif
