/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/operation.h>

#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/operation/claim.h"

#include <assert.h>
#include <errno.h>

static_assert(sizeof(struct mag_operation) == 48, "a pooled operation is small");

struct mag_operation_type mag_operation_word = {
    .pooled = {.recycle = mag_operation_recycle},
    .owned = {.recycle = mag_operation_disown},
    .size = sizeof(struct mag_operation),
};

static struct mag_operation *operation_of(struct mag_core *core)
{
    return (struct mag_operation *)(void *)core;
}

/* ----------------------------------------------------------------------- the pool */

/* New memory is all zeroes: a pending core with token 0. */
static void prepare_operation(void *object, void *arg)
{
    struct mag_core *core = object;

    core->type = arg;
}

/*
 * Edges: release end -> acquire end : what crosses
 *   made   make_operation_pool (pool) -> mag_operation_rent (pool) : the pool
 */
static MAG_COLD struct mag_pool *make_operation_pool(struct mag_operation_type *type)
{
    struct mag_pool_config config;
    struct mag_pool *pool;
    struct mag_pool *other = NULL;

    mag_pool_config_init(&config);
    config.object_size = type->size;
    config.limit = type->limit;
    config.prepare = prepare_operation;
    config.prepare_arg = &type->pooled;
    if (mag_pool_create(&config, &pool) != 0)
        return NULL;
    /* Both halves: made, release: the pool precedes its address; acquire on failure: so
     * does that of the thread that was faster. */
    if (atomic_compare_exchange_strong_explicit(
            &type->pool, &other, pool, memory_order_release, memory_order_acquire))
        return pool;
    mag_pool_destroy(pool);
    return other;
}

int mag_operation_rent_slow(struct mag_operation_type *type, void **ret_object)
{
    /* made, acquire: the pool precedes its address. */
    struct mag_pool *pool = atomic_load_explicit(&type->pool, memory_order_acquire);

    if (pool == NULL)
        pool = make_operation_pool(type);
    return pool == NULL ? -ENOMEM : mag_pool_take(pool, ret_object);
}

void mag_operation_recycle(struct mag_core *core)
{
    struct mag_operation_type *type =
        (struct mag_operation_type *)(uintptr_t)(const void *)core->type;

    /* relaxed: the object came from there. */
    mag_pool_give(atomic_load_explicit(&type->pool, memory_order_relaxed), core);
}

void mag_operation_return(struct mag_operation *operation)
{
    mag_core_reset(&operation->core);
    operation->core.type->recycle(&operation->core);
}

/* ------------------------------------------------------------- several completers */

uint64_t mag_operation_share(struct mag_operation *operation)
{
    /* relaxed: only the owner moves it; a visitor's bits are no part of it. */
    uint64_t key = atomic_load_explicit(&operation->core.token, memory_order_relaxed) &
                   MAG_TOKEN_MASK;

    mag_claim_open(&operation->claim, key);
    return key;
}

bool mag_operation_claim(struct mag_operation *operation, uint64_t key)
{
    return mag_claim_take(&operation->claim, key);
}

MAG_COLD bool mag_operation_refuses(const struct mag_operation *operation, uint64_t key,
                                    int code)
{
    (void)mag_misuse_core(code, &operation->core, key);
    return false;
}

/* Who has the claim is the only completer. */
bool mag_operation_try_result(struct mag_operation *operation, uint64_t key,
                              uint64_t result)
{
    /* The type of an object never changes, so this may be read too late. */
    if (!mag_core_is_word(&operation->core))
        return mag_operation_refuses(operation, key, MAG_E_SIZE);
    return mag_operation_claim(operation, key) &&
           mag_core_set_result(&operation->core, result) == 0;
}

bool mag_operation_try_error(struct mag_operation *operation, uint64_t key, int code,
                             uint64_t detail)
{
    if (code == 0 || mag_is_misuse(code))
        return mag_operation_refuses(operation, key, MAG_E_ARG);
    return mag_operation_claim(operation, key) &&
           mag_core_set_error(&operation->core, code, detail) == 0;
}

bool mag_operation_try_value(struct mag_operation *operation, uint64_t key,
                             const void *value, size_t size)
{
    /* As above. */
    if (size != operation->core.type->result_size)
        return mag_operation_refuses(operation, key, MAG_E_SIZE);
    return mag_operation_claim(operation, key) &&
           mag_core_set_value(&operation->core, value, size) == 0;
}

/* ------------------------------------------------------- operations of an object */

void mag_operation_own_init(struct mag_operation *operation,
                            const struct mag_operation_type *type)
{
    operation->core.type = &type->owned;
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
    /* Not biased: who has registered would look at the token once more, and by then the
     * continuation may have freed the object. */
    /* relaxed: the operation is handed out later, which publishes it. */
    atomic_store_explicit(&core->slot, MAG_SLOT_EMPTY, memory_order_relaxed);
    mag_debug_core_began(core);
    return true;
}
