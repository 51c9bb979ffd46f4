/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/operation.h>

#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/operation/claim.h"

#include <assert.h>
#include <errno.h>

static_assert(sizeof(struct mag_operation) == 48, "a pooled operation is small");

struct mag_operation_type mag_operation_word = {
    .pooled = {.core = {.recycle = mag_operation_recycle}},
    .owned = {.core = {.recycle = mag_operation_disown}},
    .size = sizeof(struct mag_operation),
};

static struct mag_operation *operation_of(struct mag_core *core)
{
    return (struct mag_operation *)(void *)core;
}

/* The registration by which a cancel object cancels the operation; NULL: the type has
 * none.  The type of an object never changes, so a late call does no harm. */
static struct mag_cancel_registration *registration_of(struct mag_operation *operation)
{
    const struct mag_operation_core *type = (const void *)operation->core.type;

    if (MAG_LIKELY(type->registration == 0))
        return NULL;
    return (struct mag_cancel_registration *)(void *)((char *)operation +
                                                      type->registration);
}

/* ----------------------------------------------------------------------- the pool */

/* New memory is all zeroes: a pending core with token 0. */
static void prepare_operation(void *object, void *arg)
{
    mag_core_init(object, arg);
}

/*
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (pool) -> mag_operation_rent (pool) : the pool
 */
static MAG_COLD struct mag_pool *make_operation_pool(struct mag_operation_type *type)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = type->size;
    config.limit = type->limit;
    config.prepare = prepare_operation;
    config.prepare_arg = &type->pooled.core;
    return mag_pool_publish(&type->pool, &config);
}

int mag_operation_rent_slow(struct mag_operation_type *type, void **ret_object)
{
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&type->pool, memory_order_acquire);

    if (pool == NULL)
        pool = make_operation_pool(type);
    return pool == NULL ? -ENOMEM : mag_pool_take(pool, ret_object);
}

void mag_operation_recycle(struct mag_core *core)
{
    struct mag_operation_type *type =
        (struct mag_operation_type *)(uintptr_t)(const void *)core->type;

    /* relaxed: the object came from this pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&type->pool, memory_order_relaxed), core);
}

/* ------------------------------------------------------------------ cancellation */

/* Called by the completer that has the claim, before it completes the operation: the
 * awaiter, which may free the cancel object, then finds nothing registered there.  Does
 * not wait for a running callback: that finds the claim taken (VT-156). */
static MAG_COLD void leave_cancel(struct mag_operation *operation)
{
    struct mag_cancel_registration *registration = registration_of(operation);

    (void)mag_cancel_unregister(registration, false);
    registration->cancel = NULL;
}

/* Removes a registration that is left because the operation was completed without a
 * claim, or returned. */
static void leave_late(struct mag_core *core)
{
    if (MAG_UNLIKELY(registration_of(operation_of(core))->cancel != NULL))
        leave_cancel(operation_of(core));
}

void mag_operation_recycle_cancelable(struct mag_core *core)
{
    leave_late(core);
    mag_operation_recycle(core);
}

void mag_operation_disown_cancelable(struct mag_core *core)
{
    leave_late(core);
    mag_operation_disown(core);
}

/* The callback of a cancel object.  The object may already serve another user; then the
 * claim fails, see claim.h.  The detail of the error is the address of the cancel object
 * (VT-158). */
static void cancel_operation(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_operation *operation = object;

    if (!mag_claim_take(&operation->claim, key))
        return;
    registration_of(operation)->cancel = NULL;
    (void)!mag_core_set_error(&operation->core, -ECANCELED, (uintptr_t)cancel);
}

static uint64_t key_of(struct mag_operation *operation)
{
    /* relaxed: only the owner changes the token; the visitor's bits do not belong to
     * it. */
    return atomic_load_explicit(&operation->core.token, memory_order_relaxed) &
           MAG_TOKEN_MASK;
}

/* Shares the operation with a cancel object too.  Its continuation is then always queued,
 * so that none runs on the thread that cancels (VT-162). */
static MAG_COLD uint64_t share_with(struct mag_operation *operation,
                                    struct mag_cancel *cancel)
{
    struct mag_cancel_registration *registration = registration_of(operation);
    uint64_t key = key_of(operation);

    if (registration == NULL) {
        (void)mag_misuse_core(MAG_E_ARG, &operation->core, key);
        return mag_operation_share(operation, NULL);
    }
    /* Everything is set before a callback can run (VT-155). */
    operation->core.flags |= MAG_CORE_QUEUED;
    mag_claim_open(&operation->claim, key);
    if (mag_cancel_register(cancel, registration, cancel_operation, operation, key) != 0)
        cancel_operation(operation, cancel, key);
    return key;
}

/* ------------------------------------------------------------- several completers */

uint64_t mag_operation_share(struct mag_operation *operation, struct mag_cancel *cancel)
{
    uint64_t key;

    if (MAG_UNLIKELY(cancel != NULL))
        return share_with(operation, cancel);
    key = key_of(operation);
    mag_claim_open(&operation->claim, key);
    return key;
}

bool mag_operation_claim(struct mag_operation *operation, uint64_t key)
{
    if (!mag_claim_take(&operation->claim, key))
        return false;
    if (MAG_UNLIKELY(registration_of(operation) != NULL))
        leave_cancel(operation);
    return true;
}

/* If the operation is canceled, or about to be, the completer that has the claim
 * completes it, and nobody waits for it. */
void mag_operation_return(struct mag_operation *operation)
{
    uint64_t key = key_of(operation);

    if (registration_of(operation) != NULL &&
        !mag_claim_take_back(&operation->claim, key)) {
        (void)!mag_core_discard(&operation->core, key);
        return;
    }
    mag_core_reset(&operation->core);
    operation->core.type->recycle(&operation->core);
}

static MAG_COLD bool refuse_outcome(const struct mag_operation *operation, uint64_t key,
                                    int code)
{
    (void)mag_misuse_core(code, &operation->core, key);
    return false;
}

/* In the functions below the completer that gets the claim is the only completer. */
bool mag_operation_try_result(struct mag_operation *operation, uint64_t key,
                              uint64_t result)
{
    /* The type of an object never changes, so a late call reads it safely. */
    if (!mag_core_is_word(&operation->core))
        return refuse_outcome(operation, key, MAG_E_SIZE);
    return mag_operation_claim(operation, key) &&
           mag_core_set_result(&operation->core, result) == 0;
}

bool mag_operation_try_done(struct mag_operation *operation, uint64_t key)
{
    return mag_operation_claim(operation, key) &&
           mag_core_set_done(&operation->core) == 0;
}

bool mag_operation_try_error(struct mag_operation *operation, uint64_t key, int code,
                             uint64_t detail)
{
    if (code == 0 || mag_is_misuse(code))
        return refuse_outcome(operation, key, MAG_E_ARG);
    return mag_operation_claim(operation, key) &&
           mag_core_set_error(&operation->core, code, detail) == 0;
}

bool mag_operation_try_value(struct mag_operation *operation, uint64_t key,
                             const void *value, size_t size)
{
    /* As above. */
    if (size != operation->core.type->result_size)
        return refuse_outcome(operation, key, MAG_E_SIZE);
    return mag_operation_claim(operation, key) &&
           mag_core_set_value(&operation->core, value, size) == 0;
}

/* ------------------------------------------------------- operations of an object */

void mag_operation_own_init(struct mag_operation *operation,
                            const struct mag_operation_type *type)
{
    struct mag_cancel_registration *registration;

    mag_core_init(&operation->core, &type->owned.core);
    registration = registration_of(operation);
    if (registration != NULL)
        registration->cancel = NULL;
    mag_claim_free(&operation->claim, MAG_CLAIM_FREE);
}

void mag_operation_disown(struct mag_core *core)
{
    mag_claim_free(&operation_of(core)->claim, MAG_CLAIM_FREE);
}

bool mag_operation_try_own(struct mag_operation *operation)
{
    struct mag_core *core = &operation->core;

    if (!mag_claim_own(&operation->claim, MAG_CLAIM_FREE, MAG_CLAIM_BUSY))
        return false;
    core->flags = 0;
    /* Not biased: the thread that registers in a biased operation reads the token once
     * more, and by then the continuation may have freed the object. */
    /* relaxed: the operation is handed out later, which publishes this store. */
    atomic_store_explicit(&core->slot, MAG_SLOT_EMPTY, memory_order_relaxed);
    mag_debug_core_began(core);
    return true;
}
