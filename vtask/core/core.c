/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "Magpie is for 64-bit machines");
static_assert(sizeof(struct mag_core) == 40, "a pooled core is small");

static const struct mag_core_type plain_type;

static const struct mag_core_type *type_of(const struct mag_core *core)
{
    return core->type != NULL ? core->type : &plain_type;
}

/* Destroys the result of a complete core, unless somebody took it (VT-202). */
static MAG_COLD void destroy_result(struct mag_core *core)
{
    bool taken = (core->flags & MAG_CORE_TAKEN) != 0;

    core->flags &= (uint8_t)~MAG_CORE_TAKEN;
    if (core->error == 0 && !taken)
        core->type->destroy(core);
}

void mag_core_reset(struct mag_core *core)
{
    uintptr_t slot = mag_core_slot(core);

    mag_debug_core_drops(core, slot);
    if (MAG_UNLIKELY(core->type != NULL && core->type->destroy != NULL &&
                     mag_slot_is_done(slot)))
        destroy_result(core);
    mag_debug_core_ends(core);
    mag_core_renew(core);
    core->value = 0;
}

/* ------------------------------------------------------------------ completing */

MAG_COLD void mag_core_drop(struct mag_core *core)
{
    const struct mag_core_type *type = core->type;

    /* done, release: for a thread that holds a copy of the task and polls.  A core that
     * is reset by hand may be reset, or gone, as soon as its owner has seen this
     * store. */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    if (type == NULL || type->recycle == NULL)
        return;
    int r = mag_core_consume_slow(core, mag_core_task(core).payload, NULL, 0, NULL);
    (void)r;
}

void mag_core_publish_slow(struct mag_core *core, uintptr_t slot)
{
    bool queued = (core->flags & MAG_CORE_QUEUED) != 0;
    struct mag_continuation *continuation = NULL;

    if (slot == MAG_SLOT_DROP)
        mag_core_drop(core);
    else if (mag_slot_is_awaited(slot))
        continuation = mag_core_take(core, slot);
    else
        continuation = mag_core_visit(core, slot);
    if (continuation != NULL)
        mag_continuation_go(continuation, queued);
}

void mag_core_finish(struct mag_core *core, int error, uint64_t value)
{
    core->error = error;
    if (MAG_UNLIKELY(error != 0))
        core->easy = 0;
    core->value = value;
    mag_core_publish(core, mag_core_slot(core));
}

/* As mag_core_set_result, also if nobody waits yet, there was a visitor, or the result is
 * no word. */
static MAG_NOINLINE int set_result_slow(struct mag_core *core, uint64_t result,
                                        uintptr_t slot)
{
    if (MAG_UNLIKELY(core->easy == 0 && !mag_core_is_word(core)))
        return mag_misuse_completer(MAG_E_SIZE, core);
    if (MAG_UNLIKELY(mag_core_is_over(core, slot)))
        return mag_misuse_completer(MAG_E_DONE, core);
    core->value = result;
    mag_core_publish(core, slot);
    return 0;
}

/* As mag_core_publish_awaited, of a continuation that must be queued. */
static MAG_NOINLINE void publish_queued(struct mag_core *core, uintptr_t slot)
{
    MAG_PROBE2(complete, core, core->error);
    mag_continuation_dispatch(mag_core_take(core, slot), true);
}

int mag_core_set_result(struct mag_core *core, uint64_t result)
{
    uintptr_t slot = mag_core_slot(core);

    if (!mag_slot_is_awaited(slot) || MAG_UNLIKELY(core->easy == 0))
        return set_result_slow(core, result, slot);
    core->value = result;
    if ((core->flags & MAG_CORE_QUEUED) != 0)
        publish_queued(core, slot);
    else
        mag_core_publish_awaited(core, slot, false);
    return 0;
}

int mag_core_set_done(struct mag_core *core)
{
    uintptr_t slot = mag_core_slot(core);

    if (MAG_UNLIKELY(mag_core_is_over(core, slot)))
        return mag_misuse_completer(MAG_E_DONE, core);
    core->value = 0;
    mag_core_publish(core, slot);
    return 0;
}

int mag_core_set_value(struct mag_core *core, const void *value, size_t size)
{
    const struct mag_core_type *type = type_of(core);
    uintptr_t slot = mag_core_slot(core);

    if (MAG_UNLIKELY(size != type->result_size))
        return mag_misuse_completer(MAG_E_SIZE, core);
    if (MAG_UNLIKELY(size == 0))
        return mag_core_set_done(core);
    if (MAG_UNLIKELY(mag_core_is_over(core, slot)))
        return mag_misuse_completer(MAG_E_DONE, core);
    memcpy((char *)core + type->result_offset, value, size);
    mag_core_publish(core, slot);
    return 0;
}

int mag_core_set_error(struct mag_core *core, int code, uint64_t detail)
{
    uintptr_t slot = mag_core_slot(core);

    if (code == 0 || mag_is_misuse(code))
        return mag_misuse_completer(MAG_E_ARG, core);
    if (mag_core_is_over(core, slot))
        return mag_misuse_completer(MAG_E_DONE, core);
    core->error = code;
    core->easy = 0;
    core->value = detail;
    mag_core_publish(core, slot);
    return 0;
}

/* ---------------------------------------------------------------- entry points */

MAG_COLD int mag_core_status_slow(struct mag_core *core, uint64_t token)
{
    if (mag_core_is_stale(core, token))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    return mag_core_is_done(core) ? mag_core_outcome(core) : MAG_PENDING;
}

int mag_core_status(struct mag_core *core, uint64_t token)
{
    return mag_core_status_inline(core, token);
}

/* Another thread was first: it has completed the operation, or awaits it. */
static int await_late(struct mag_core *core, uint64_t token,
                      struct mag_continuation *continuation, uintptr_t slot,
                      unsigned flags)
{
    if (slot != MAG_SLOT_DONE)
        return mag_misuse_core(MAG_E_CONTINUATION, core, token);
    mag_core_see_off(core);
    mag_continuation_capture(continuation, flags);
    mag_continuation_dispatch(continuation, true);
    return 0;
}

int mag_core_on_completed_slow(struct mag_core *core, uint64_t token,
                               struct mag_continuation *continuation, unsigned flags)
{
    uintptr_t slot = mag_core_slot(core);

    if (MAG_UNLIKELY(mag_core_is_stale(core, token)))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    if (mag_slot_is_vacant(slot)) {
        mag_continuation_capture(continuation, flags);
        if (mag_core_install(core, token, &slot, continuation))
            return 0;
    }
    return await_late(core, token, continuation, slot, flags);
}

MAG_COLD int mag_core_on_completed_met(struct mag_core *core, uint64_t token,
                                       struct mag_continuation *continuation,
                                       unsigned flags)
{
    if (mag_core_meet(core, token))
        return 0;
    return await_late(core, token, continuation, MAG_SLOT_DONE, flags);
}

int mag_core_on_completed(struct mag_core *core, uint64_t token,
                          struct mag_continuation *continuation, unsigned flags)
{
    if (MAG_UNLIKELY(token > MAG_TOKEN_MASK && continuation != NULL &&
                     continuation->job.run != NULL))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    return mag_core_on_completed_inline(core, token, continuation, flags);
}

/* Copies the result, if it has the requested size.  A result smaller than a word may be
 * read as a word, too: the rest is zeroes. */
static inline bool copy(const struct mag_core *core, void *ret_result, size_t size)
{
    const struct mag_core_type *type = type_of(core);
    size_t has = type->result_size;

    if (size == 0)
        return true;
    if (has == 0) {
        if (size > sizeof(core->value))
            return false;
        memcpy(ret_result, &core->value, size);
        return true;
    }
    if (size < has || (size > has && size > sizeof(core->value)))
        return false;
    memset((char *)ret_result + has, 0, size - has);
    memcpy(ret_result, (const char *)core + type->result_offset, has);
    return true;
}

int mag_core_consume_slow(struct mag_core *core, uint64_t token, void *ret_result,
                          size_t size, uint64_t *ret_detail)
{
    const struct mag_core_type *type = core->type;
    int error = core->error;

    if (error == 0 && !copy(core, ret_result, size))
        return mag_misuse_completer(MAG_E_SIZE, core);
    if (error != 0 && ret_detail != NULL)
        *ret_detail = core->value;
    if (type != NULL && type->recycle != NULL && !mag_core_is_ours(core, token))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    if (MAG_UNLIKELY(type != NULL && type->destroy != NULL)) {
        core->flags |= size != 0 ? MAG_CORE_TAKEN : 0;
        if (type->recycle != NULL)
            destroy_result(core);
    }
    if (type != NULL && type->recycle != NULL) {
        mag_debug_core_ends(core);
        mag_core_renew(core);
        type->recycle(core);
    }
    return error;
}

MAG_COLD int mag_core_get_slow(struct mag_core *core, uint64_t token, void *ret_result,
                               size_t size, uint64_t *ret_detail)
{
    if (mag_core_is_stale(core, token))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    if (!mag_core_is_done(core))
        return mag_misuse_core(MAG_E_PENDING, core, token);
    return mag_core_consume_slow(core, token, ret_result, size, ret_detail);
}

int mag_core_get(struct mag_core *core, uint64_t token, void *ret_result, size_t size,
                 uint64_t *ret_detail)
{
    return mag_core_get_inline(core, token, ret_result, size, ret_detail);
}

int mag_core_discard(struct mag_core *core, uint64_t token)
{
    uintptr_t slot = mag_core_slot(core);

    if (mag_core_is_stale(core, token))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    /* Both halves:
     *   release: no data crosses here, but the slot's other writers expect it;
     *   done, acquire on failure: the outcome is visible to the get below. */
    if (mag_slot_is_vacant(slot) && atomic_compare_exchange_strong_explicit(
                                        &core->slot, &slot, MAG_SLOT_DROP,
                                        memory_order_release, memory_order_acquire)) {
        mag_debug_ends(core, token);
        return 0;
    }
    if (!mag_slot_is_done(slot))
        return mag_misuse_core(MAG_E_CONTINUATION, core, token);
    mag_core_see_off(core);
    /* The outcome may be a MAG_E code; then the same code from mag_core_get is no
     * refusal. */
    int outcome = core->error;
    int r = mag_core_get(core, token, NULL, 0, NULL);
    return mag_is_misuse(r) && r != outcome ? r : 0;
}
