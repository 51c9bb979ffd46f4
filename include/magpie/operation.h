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
 *         return r == 0 ? object : NULL; // `request` may be another's by now
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
 *         if (pthread_create(&server, NULL, serve, request) != 0)
 *             return 1;
 *         int r = answer_task_wait(task, &answer); // in an async function: MAG_AWAIT
 *         (void)pthread_join(server, NULL);
 *         return r == 0 && answer == 42 ? 0 : 1;
 *     }
 *
 * Which function do I need?
 *
 *   one thread completes it            mag_operation_set_result, _value, _done, _error
 *   several threads may, one will      mag_operation_share, then
 *                                      mag_operation_try_result, _value, _done, _error
 *   the winner has work to do first    mag_operation_claim, then mag_operation_set_...
 *   it may also be canceled            MAG_CANCELABLE in its type, and a cancel object
 *                                      (cancel.h) given to mag_operation_share; then as
 *                                      for several threads
 *   it was not needed after all        mag_operation_return
 *   it has no payload, and its result  the type mag_operation_word
 *   is a word
 *
 * The model.  An operation is a core (source.h) that comes from a pool; what source.h
 * says of completing, registering and reading holds here too.  Each type has a pool, made
 * at the first rent and kept for the life of the process, with the objects near the
 * thread that rents (pool.h).  The call that consumes the task gives the object back, on
 * any thread; a call that returns misuse does not.  The memory stays an operation for
 * good, and each use has a token of its own.  So a stale task is an error (MAG_E_TOKEN),
 * never a crash and never another operation's result.  Payload and result hold what the
 * last use wrote there: write all of their fields.
 *
 * Cancellation.  The task of a canceled operation fails with -ECANCELED, and its detail
 * is the address of the cancel object.  Its continuation never runs on the thread that
 * cancels: a cancel object makes continuations queued.  The completer that wins takes the
 * registration back before a continuation runs, so the continuation may free the cancel
 * object.
 *
 * Lists of yours.  A canceled operation may still be in a list of waiting operations.
 * There are two ways to keep such a list right:
 *   - The list holds the object's address and its key.  A completer takes an entry out
 *     and tries to complete it; if that fails, it takes the next entry.
 *   - The links lie in the object.  The awaiter takes the object out of the list, under
 *     the list's lock, before it consumes the task.
 *
 * The states of an operation:
 *
 *     in the pool -> pending -> pending, continuation -> done, continuation ran -> pool
 *                           \-> done, no continuation --------------------------/
 *
 * docs/design/value-task-protocol.md says why a completer that comes late fails, and how
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
 * The first member of every operation: 48 bytes, which are the library's.  Any thread may
 * access `claim`, atomically.  mag_operation_share sets it to the operation's token, and
 * the completer that wins adds one.  An owned operation that is idle has MAG_CLAIM_FREE
 * there.
 */
struct mag_operation {
    struct mag_core core;
    MAG_ATOMIC(uint64_t) claim;
};

/* A core's type, and where the objects of that type have their registration. */
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
 *   MAG_RESULT(member)      this member of the object is the result; without the option
 *                           the result is a word, in the core
 *   MAG_CANCELABLE(member)  a cancel object may cancel the operation; the member is a
 *                           `struct mag_cancel_registration`
 *   MAG_LIMIT(count)        at most `count` objects in the process at once; pool.h says
 *                           what a limit promises
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
 * Rents an object of the type.  It is pending, and belongs to the caller until its task
 * is handed out.  The `flags` of its core are 0.  To have continuations queued always,
 * set MAG_CORE_QUEUED there before the task is handed out.
 *
 *   Blocks     as mag_pool_take; at the first rent of a type also as mag_pool_create
 *   Allocates  as mag_pool_take; nothing once as many objects exist as are in use
 *   Returns    0; -ENOMEM; -ENOSPC the type's limit is reached.  After an error nothing
 *              is lost: the next rent may succeed
 *   Release    consuming the task; or mag_operation_return
 */
MAG_MUST_CHECK MAG_INLINE int mag_operation_rent(struct mag_operation_type *type,
                                                 void **ret_object)
{
    /* acquire: the pool precedes its address. */
    struct mag_pool *pool = MAG_LOAD(&type->pool, acquire);
    void *object;

    if (MAG_UNLIKELY(pool == MAG_NULL || mag_pool_take(pool, &object) != 0)) {
        int r = mag_operation_rent_slow(type, &object);
        if (r < 0)
            return r;
    }
    mag_core_begin(MAG_CAST(struct mag_core *, object));
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
 * Gives back an operation that was not needed after all: its task was not handed out.  If
 * the operation was shared it may have been canceled meanwhile; this call then consumes
 * its task.
 *
 *   Thread     the thread that rented it.  No other thread may know of the operation; the
 *              cancel object that mag_operation_share was given may
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

/* The same with the result that is in its place already, as mag_core_set_done. */
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
 * Lets several threads try to complete the operation; one of them will.  Each uses the
 * key and the functions below, and no others.  If `cancel` fires first, it completes the
 * operation.  A key is not valid for a later operation of the same object, so a completer
 * that comes too late may keep object and key as long as it likes.
 *
 * Share an operation once.  A key is what this call returned; do not make one up from a
 * token or a task.
 *
 *   cancel     NULL: nobody cancels the operation.  Otherwise the operation's type must
 *              have MAG_CANCELABLE; without that nobody cancels it either, and the watch
 *              of debug.h is told MAG_E_ARG.  If `cancel` has fired, the operation is
 *              complete when this returns.  To save the rent, ask mag_cancel_has_fired
 *              first, and return mag_vtask_from_canceled
 *   Thread     the owner, before anybody may complete the operation
 *   Blocks     as mag_cancel_register, with a cancel object
 *   Returns    the key
 */
MAG_API uint64_t mag_operation_share(struct mag_operation *operation,
                                     struct mag_cancel *cancel);

/*
 * Claims the right to complete the operation.  Of all calls for one operation exactly one
 * returns true, or none if the operation is canceled.  After true the caller must
 * complete the operation, with mag_operation_set_result or its like.  After false the
 * caller must not touch the operation: it may be another's.
 *
 *   Blocks     as mag_cancel_unregister without `wait`, if a cancel object was given
 */
MAG_API MAG_MUST_CHECK bool mag_operation_claim(struct mag_operation *operation,
                                                uint64_t key);

/*
 * Claims and completes the operation in one call, as mag_operation_set_result and its
 * like do.
 *
 *   result     the operation's type must have a result of a word
 *   size       the size of the type's result
 *   code       neither 0 nor a MAG_E code
 *   Blocks     as mag_core_set_result and mag_operation_claim
 *   Returns    true: the operation has this outcome; false: another completer or the
 *              cancel object has completed it, or will, or an argument is wrong; nothing
 *              has changed
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
 * Makes an operation that is part of an object of yours, such as the reading end of a
 * connection.  It is not pooled: between its uses, and at first, it is idle.  Its memory
 * must stay an operation as long as anybody may use a task of it, a stale one too.  The
 * code that consumes the last task, or a continuation that runs after that, may free it.
 *
 *   operation  zeroed memory, or an owned operation that is idle; a registration beside
 *              it may hold anything
 */
MAG_API void mag_operation_own_init(struct mag_operation *operation,
                                    const struct mag_operation_type *type);

/*
 * Takes an owned operation if it is idle.  It is then pending and belongs to the caller,
 * as after mag_operation_rent.  If it is in use, rent another one instead.
 *
 *   Returns    true: it is the caller's; false: it is in use, and nothing has changed
 */
MAG_API MAG_MUST_CHECK bool mag_operation_try_own(struct mag_operation *operation);

MAG_EXTERN_C_END

#endif
