/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/source.h>

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "Magpie is for 64-bit machines");
static_assert(sizeof(struct mag_core) == 40, "a pooled core is small");

static const struct mag_core_type plain_type;

static inline const struct mag_core_type *type_of(const struct mag_core *core)
{
    return core->type != NULL ? core->type : &plain_type;
}

static inline bool is_done(uintptr_t slot)
{
    return (slot & MAG_SLOT_DONE) != 0;
}

static inline bool is_stale(struct mag_core *core, uint64_t token)
{
    /* relaxed: guards no data, see "again" in source.h. */
    return atomic_load_explicit(&core->token, memory_order_relaxed) != token;
}

static inline uintptr_t slot_of(struct mag_core *core)
{
    /* done, waiting, acquire: both ends' data are visible. */
    return atomic_load_explicit(&core->slot, memory_order_acquire);
}

/* ------------------------------------------------------------------- resetting */

static inline void reset(struct mag_core *core)
{
    /* relaxed, here and below: the owner alone; handing the object on publishes them. */
    uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);

    /* relaxed: as above. */
    atomic_store_explicit(&core->token, token + 1, memory_order_relaxed);
    core->error = 0;
    core->value = 0;
    /* relaxed: as above. */
    atomic_store_explicit(&core->slot, MAG_SLOT_EMPTY, memory_order_relaxed);
}

void mag_core_reset(struct mag_core *core)
{
    reset(core);
}

/* ------------------------------------------------------------------ completing */

/* The completer consumes what was discarded. */
static MAG_COLD void drop(struct mag_core *core)
{
    /* relaxed: the completer and the consumer in one. */
    uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);

    /* done, release: for whoever holds a copy of the task and asks. */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    int r = mag_core_get(core, token, NULL, 0, NULL);
    (void)r;
}

/* The outcome stands in the core.  `slot` was not done when it was read. */
static inline void publish(struct mag_core *core, uintptr_t slot)
{
    bool queued = (core->flags & MAG_CORE_QUEUED) != 0;

    /* Both halves:
     *   done, release: the outcome precedes DONE;
     *   waiting, acquire on failure: the continuation that came first is visible. */
    if (slot == MAG_SLOT_EMPTY && atomic_compare_exchange_strong_explicit(
                                      &core->slot, &slot, MAG_SLOT_DONE,
                                      memory_order_release, memory_order_acquire))
        return;
    if (MAG_UNLIKELY(slot == MAG_SLOT_DROP)) {
        drop(core);
        return;
    }
    /* done, release: the outcome precedes RAN, and RAN the continuation (VT-89).  From
     * here on the core may be another's. */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    mag_continuation_dispatch((struct mag_continuation *)slot, queued);
}

int mag_core_set_result(struct mag_core *core, uint64_t result)
{
    uintptr_t slot = slot_of(core);

    if (MAG_UNLIKELY(is_done(slot)))
        return MAG_E_DONE;
    core->value = result;
    publish(core, slot);
    return 0;
}

int mag_core_set_value(struct mag_core *core, const void *value, size_t size)
{
    const struct mag_core_type *type = type_of(core);
    uintptr_t slot = slot_of(core);

    if (MAG_UNLIKELY(size != type->result_size))
        return MAG_E_SIZE;
    if (MAG_UNLIKELY(is_done(slot)))
        return MAG_E_DONE;
    memcpy((char *)core + type->result_offset, value, size);
    publish(core, slot);
    return 0;
}

int mag_core_set_error(struct mag_core *core, int code, uint64_t detail)
{
    uintptr_t slot = slot_of(core);

    if (code == 0 || mag_is_misuse(code))
        return MAG_E_ARG;
    if (is_done(slot))
        return MAG_E_DONE;
    core->error = code;
    core->value = detail;
    publish(core, slot);
    return 0;
}

/* ---------------------------------------------------------------- entry points */

int mag_core_status(struct mag_core *core, uint64_t token)
{
    if (MAG_UNLIKELY(is_stale(core, token)))
        return MAG_E_TOKEN;
    if (!is_done(slot_of(core)))
        return MAG_PENDING;
    if (core->error == 0)
        return MAG_SUCCEEDED;
    return core->error == -ECANCELED ? MAG_CANCELED : MAG_FAULTED;
}

/* Somebody was here first. */
static MAG_COLD int register_late(struct mag_continuation *continuation, uintptr_t slot,
                                  unsigned flags)
{
    if (slot != MAG_SLOT_DONE)
        return MAG_E_CONTINUATION;
    mag_continuation_capture(continuation, flags);
    mag_continuation_dispatch(continuation, true);
    return 0;
}

int mag_core_on_completed(struct mag_core *core, uint64_t token,
                          struct mag_continuation *continuation, unsigned flags)
{
    uintptr_t slot = slot_of(core);

    if (MAG_UNLIKELY(continuation == NULL || continuation->job.run == NULL))
        return MAG_E_ARG;
    if (MAG_UNLIKELY(is_stale(core, token)))
        return MAG_E_TOKEN;
    if (MAG_UNLIKELY(slot != MAG_SLOT_EMPTY))
        return register_late(continuation, slot, flags);
    mag_continuation_capture(continuation, flags);
    /* Both halves:
     *   waiting, release: the continuation precedes its address;
     *   done, acquire on failure: the outcome is visible to whom we queue. */
    if (MAG_LIKELY(atomic_compare_exchange_strong_explicit(
            &core->slot, &slot, (uintptr_t)continuation, memory_order_release,
            memory_order_acquire)))
        return 0;
    return register_late(continuation, slot, flags);
}

static inline bool copy_result(const struct mag_core *core, void *ret_result, size_t size)
{
    const struct mag_core_type *type = type_of(core);

    if (MAG_LIKELY(type->result_size == 0)) {
        if (size > sizeof(core->value))
            return false;
        if (MAG_LIKELY(size == sizeof(core->value)))
            memcpy(ret_result, &core->value, sizeof(core->value));
        else if (size != 0)
            memcpy(ret_result, &core->value, size);
        return true;
    }
    if (size != 0 && size != type->result_size)
        return false;
    if (size != 0)
        memcpy(ret_result, (const char *)core + type->result_offset, size);
    return true;
}

int mag_core_get(struct mag_core *core, uint64_t token, void *ret_result, size_t size,
                 uint64_t *ret_detail)
{
    if (MAG_UNLIKELY(is_stale(core, token)))
        return MAG_E_TOKEN;
    if (MAG_UNLIKELY(!is_done(slot_of(core))))
        return MAG_E_PENDING;

    int error = core->error;
    if (MAG_LIKELY(error == 0)) {
        if (MAG_UNLIKELY(!copy_result(core, ret_result, size)))
            return MAG_E_SIZE;
    } else if (ret_detail != NULL) {
        *ret_detail = core->value;
    }
    if (core->type != NULL && core->type->recycle != NULL) {
        reset(core);
        core->type->recycle(core);
    }
    return error;
}

int mag_core_discard(struct mag_core *core, uint64_t token)
{
    uintptr_t slot = slot_of(core);

    if (is_stale(core, token))
        return MAG_E_TOKEN;
    /* Both halves:
     *   release: nothing of ours crosses, but the slot's other writers expect it;
     *   done, acquire on failure: the outcome is visible to the get below. */
    if (slot == MAG_SLOT_EMPTY && atomic_compare_exchange_strong_explicit(
                                      &core->slot, &slot, MAG_SLOT_DROP,
                                      memory_order_release, memory_order_acquire))
        return 0;
    if (!is_done(slot))
        return MAG_E_CONTINUATION;
    int r = mag_core_get(core, token, NULL, 0, NULL);
    return mag_is_misuse(r) ? r : 0;
}
