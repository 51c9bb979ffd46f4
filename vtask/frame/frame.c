/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"
#include "vtask/core/seen.h"
#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <magpie/async.h>
#include <magpie/default.h>
#include <magpie/pool.h>
#include <magpie/promise.h>

#include <assert.h>
#include <stdatomic.h>

static_assert(sizeof(struct mag_frame) == 80, "a frame's head is small");

/* ------------------------------------------------------------------------ pools */

/*
 * One pool for each size of frame.  A pool is never destroyed: a stale task must always
 * be able to read the token of its frame.
 *
 * Up to SMALL_MAX bytes the sizes are STEP apart; above, each size is twice the one
 * before.
 */
enum { COPY_INTS = 32 };
enum { STEP = MAG_FRAME_STEP, SMALL_MAX = MAG_FRAME_SMALL, SMALL = SMALL_MAX / STEP };

_Atomic(struct mag_pool *) mag_frame_pools[MAG_FRAME_POOLS];

static inline uint32_t frame_class_of(uint32_t size)
{
    uint32_t number = SMALL;

    if (MAG_LIKELY(size <= SMALL_MAX))
        return size / STEP - 1; /* the size of a frame is a multiple of STEP */
    while ((uint32_t)SMALL_MAX << (number - SMALL + 1) < size)
        number++;
    return number;
}

static size_t bytes_of(uint32_t number)
{
    return number < SMALL ? (size_t)(number + 1) * STEP
                          : (size_t)SMALL_MAX << (number - SMALL + 1);
}

static MAG_COLD struct mag_pool *make_frame_pool(uint32_t number)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = bytes_of(number);
    config.alignment = STEP;
    return mag_pool_publish(&mag_frame_pools[number], &config);
}

static inline const struct mag_frame_type *frame_type_of(const struct mag_frame *frame)
{
    return (const struct mag_frame_type *)(const void *)frame->core.type;
}

static inline struct mag_frame *rent(const struct mag_frame_type *type)
{
    uint32_t number = frame_class_of(type->size);
    /* acquire: the pool is visible. */
    struct mag_pool *pool =
        atomic_load_explicit(&mag_frame_pools[number], memory_order_acquire);
    struct mag_frame *box;
    void *object;

    if (MAG_UNLIKELY(pool == NULL)) {
        pool = make_frame_pool(number);
        if (pool == NULL)
            return NULL;
    }
    if (MAG_UNLIKELY(mag_pool_take(pool, &object) != 0))
        return NULL;
    box = object;
    mag_frame_begin(box, type, mag_core_bias());
    box->waiter.continuation.job.run = type->resume;
    return box;
}

/* For forked children, whose frames hold only their results. */
struct mag_frame *mag_frame_rent(const struct mag_frame_type *type)
{
    return rent(type);
}

void mag_frame_recycle(struct mag_core *core)
{
    const struct mag_frame_type *type = (const struct mag_frame_type *)core->type;

    /* relaxed: the frame came from this pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&mag_frame_pools[frame_class_of(type->size)],
                                       memory_order_relaxed),
                  core);
}

/* ---------------------------------------------------------------------- boxing */

/* The frame was written just before.  A load that is wider than the preceding store waits
 * until that store has left the store buffer, so a small frame is copied int by int. */
static inline void copy_frame(void *to, const void *from, size_t bytes)
{
    /* may_alias: the user's fields have other types. */
    typedef uint32_t __attribute__((may_alias)) word;
    word *ints = to;
    const word *old = from;

    if (bytes > COPY_INTS * sizeof(*ints)) {
        memcpy(to, from, bytes);
        return;
    }
    /* The size of a frame is a multiple of 8. */
    for (size_t i = 0; i < bytes / sizeof(*ints); i += 2) {
        ints[i] = old[i];
        ints[i + 1] = old[i + 1];
    }
}

/* Leaves the task of the pooled frame in the one on the stack, for mag_frame_leave: by
 * then the pooled frame may belong to another call. */
static inline void leave_task(struct mag_frame *local, struct mag_frame *box)
{
    /* relaxed, here and below: only this thread knows either frame. */
    uint64_t token = atomic_load_explicit(&box->core.token, memory_order_relaxed);

    local->core.flags = MAG_CORE_MOVED;
    /* relaxed: as above. */
    atomic_store_explicit(&local->core.slot, (uintptr_t)box, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&local->core.token, token, memory_order_relaxed);
}

/* Moves a frame into a box that has begun. */
static inline void move_frame(struct mag_frame *frame, struct mag_frame *box,
                              size_t bytes)
{
    box->core.step = frame->core.step;
    /* The detail of an error that MAG_TRY has handed out. */
    box->core.value = frame->core.value;
    copy_frame(box + 1, frame + 1, bytes);
    leave_task(frame, box);
}

/* The pooled copy of a frame, or the frame itself if it is pooled already; NULL: no
 * memory. */
static inline struct mag_frame *box_of(struct mag_frame *frame)
{
    struct mag_frame *box;

    if ((frame->core.flags & MAG_CORE_BOX) != 0)
        return frame;
    box = rent(frame_type_of(frame));
    if (MAG_UNLIKELY(box == NULL))
        return NULL;
    move_frame(frame, box, frame_type_of(frame)->size - sizeof(*frame));
    return box;
}

/* Returns a box that no other thread knows of. */
static void unbox(struct mag_frame *local, struct mag_frame *box)
{
    if (box == local)
        return;
    local->core.flags = 0;
    box->core.step = 0;
    mag_debug_core_ends(&box->core);
    mag_frame_recycle(&box->core);
}

struct mag_frame *mag_frame_pin(struct mag_frame *frame)
{
    return box_of(frame);
}

void mag_frame_unpin(struct mag_frame *local)
{
    /* relaxed: this thread wrote it. */
    struct mag_frame *box =
        (struct mag_frame *)atomic_load_explicit(&local->core.slot, memory_order_relaxed);

    mag_debug_core_ends(&box->core);
    mag_frame_recycle(&box->core);
}

void mag_frame_return(struct mag_frame *frame)
{
    frame->core.step = 0;
    mag_debug_core_ends(&frame->core);
    mag_frame_recycle(&frame->core);
}

/* -------------------------------------------------------------------- awaiting */

static inline mag_vtask outcome(int error, uint64_t detail)
{
    return MAG_LIKELY(error == 0) ? mag_vtask_result(0) : mag_vtask_failed(error, detail);
}

static inline mag_vtask consume(mag_vtask task, void *place, size_t size)
{
    uint64_t detail = 0;
    int error =
        mag_core_consume(mag_vtask_core(task), task.payload, place, size, &detail);

    return outcome(error, detail);
}

/* The body continues at once: from here on nobody else may call it (VT-32). */
static inline void runs_on(struct mag_frame *frame)
{
    frame->core.step = 0;
}

static MAG_COLD mag_vtask take_frame(mag_vtask task, void *place, size_t size)
{
    uint64_t detail = 0;
    int error = mag_vtask_get_value(task, place, size, &detail);

    return outcome(error, detail);
}

/* Out of memory: discards the task, unless somebody else already awaits it. */
static MAG_COLD mag_vtask no_memory(mag_vtask task)
{
    int r = mag_vtask_discard(task);

    (void)r;
    return mag_vtask_failed(-ENOMEM, 0);
}

/* Awaits a task of any kind. */
static MAG_COLD mag_vtask await_slow(struct mag_frame *frame, mag_vtask task, void *place,
                                     size_t size, unsigned flags)
{
    int r = mag_vtask_status(task);

    if (r != MAG_PENDING)
        runs_on(frame);
    if (r > MAG_PENDING)
        return take_frame(task, place, size);
    if (r < 0)
        return mag_vtask_failed(r, 0);

    struct mag_frame *box = box_of(frame);
    if (box == NULL)
        return no_memory(task);
    box->waiter.outcome = task;
    box->waiter.continuation.home = frame->waiter.continuation.home;
    r = mag_vtask_on_completed(task, &box->waiter.continuation, flags);
    if (r == 0)
        return mag_vtask_started();
    unbox(frame, box);
    runs_on(frame);
    return mag_vtask_failed(r, 0);
}

static MAG_COLD mag_vtask misused(struct mag_frame *frame, int code, mag_vtask task)
{
    runs_on(frame);
    return mag_vtask_failed(mag_debug_tell(code, task), 0);
}

/* The awaited operation has just been completed, or somebody else awaits it. */
static MAG_NOINLINE mag_vtask go_on(struct mag_frame *frame, mag_vtask task,
                                    uintptr_t slot, void *place, size_t size)
{
    struct mag_core *core = mag_vtask_core(task);

    if (!mag_slot_is_done(slot))
        return misused(frame, MAG_E_CONTINUATION, task);
    runs_on(frame);
    mag_core_see_off(core);
    return consume(task, place, size);
}

/* The general case: the frame may have to move, and another thread may use the
 * operation. */
static MAG_NOINLINE mag_vtask await_core(struct mag_frame *frame, mag_vtask task,
                                         void *place, size_t size, unsigned flags)
{
    struct mag_core *core = mag_vtask_core(task);
    uintptr_t slot;

    if (MAG_UNLIKELY(!mag_core_is_clean(core, task.payload, &slot)) &&
        mag_core_is_stale(core, task.payload))
        return misused(frame, MAG_E_TOKEN, task);
    if (MAG_UNLIKELY(!mag_slot_is_vacant(slot)))
        return go_on(frame, task, slot, place, size);

    struct mag_frame *box = box_of(frame);
    if (MAG_UNLIKELY(box == NULL))
        return no_memory(task);
    box->waiter.outcome = task;
    mag_continuation_capture(&box->waiter.continuation, flags);
    if (MAG_LIKELY(
            mag_core_install(core, task.payload, &slot, &box->waiter.continuation)))
        return mag_vtask_started();
    unbox(frame, box);
    return go_on(frame, task, slot, place, size);
}

static MAG_COLD mag_vtask await_met(struct mag_frame *frame, mag_vtask task, void *place,
                                    size_t size)
{
    if (mag_core_meet(mag_vtask_core(task), task.payload))
        return mag_vtask_started();
    return go_on(frame, task, MAG_SLOT_DONE, place, size);
}

/* As await_met, of a frame that has moved to a box for this wait. */
static MAG_COLD mag_vtask await_met_first(struct mag_frame *frame, mag_vtask task,
                                          void *place, size_t size)
{
    if (mag_core_meet(mag_vtask_core(task), task.payload))
        return mag_vtask_started();
    /* relaxed: this thread wrote it. */
    unbox(frame, (struct mag_frame *)atomic_load_explicit(&frame->core.slot,
                                                          memory_order_relaxed));
    return go_on(frame, task, MAG_SLOT_DONE, place, size);
}

/* The first wait of a small frame on the stack, for an operation that is biased to this
 * thread: whatever needs a call before the end is left to await_core. */
static MAG_NOINLINE mag_vtask await_first(struct mag_frame *frame, mag_vtask task,
                                          void *place, size_t size)
{
    const struct mag_frame_type *type = frame_type_of(frame);
    struct mag_here *here = mag_here_get();
    size_t bytes = type->size - sizeof(*frame);
    struct mag_pool *pool = NULL;
    void *object;

    if (MAG_LIKELY(bytes <= COPY_INTS * sizeof(uint32_t))) {
        /* acquire: the pool is visible. */
        pool = atomic_load_explicit(&mag_frame_pools[type->size / STEP - 1],
                                    memory_order_acquire);
    }
    if (MAG_UNLIKELY(pool == NULL || here->bias_rest <= 0 || !mag_pool_is_stocked(pool)))
        return await_core(frame, task, place, size, MAG_AWAIT_CONTEXT);

    if (MAG_UNLIKELY(mag_pool_take(pool, &object) != 0))
        return no_memory(task);
    /* As mag_core_bias, whose call is not due. */
    here->bias_rest--;
    struct mag_frame *box = object;
    mag_frame_begin(box, type, here->bias);
    box->waiter.continuation.job.run = type->resume;
    move_frame(frame, box, bytes);
    box->waiter.outcome = task;
    box->waiter.continuation.home = here->context;
    if (MAG_LIKELY(mag_core_install_here(mag_vtask_plain_core(task), task.payload,
                                         &box->waiter.continuation)))
        return mag_vtask_started();
    return await_met_first(frame, task, place, size);
}

/* As mag_frame_await: the task need not be a core's, the frame need not come back to its
 * context, and the job may be traced. */
static MAG_NOINLINE mag_vtask await_uncommon(struct mag_frame *frame, mag_vtask task,
                                             void *place, size_t size, unsigned flags)
{
    /* From here on the flags say it, and mag_frame_end finds the bare kind. */
    if ((task.backing & MAG_VTASK_NO_CONTEXT) != 0) {
        flags &= ~(unsigned)MAG_AWAIT_CONTEXT;
        task.backing &= ~(uintptr_t)MAG_VTASK_NO_CONTEXT;
    }
    if (!mag_vtask_is_core(task) || (flags & MAG_AWAIT_HOME) != 0)
        return await_slow(frame, task, place, size, flags);
    mag_seen_mark("await", mag_vtask_core(task), task.payload);
    return await_core(frame, task, place, size, flags);
}

/* Each call here ends the function, so that it need not save a register. */
mag_vtask mag_frame_await(struct mag_frame *frame, mag_vtask task, void *place,
                          size_t size, unsigned flags)
{
    struct mag_core *core = mag_vtask_plain_core(task);
    uintptr_t slot;

    if (MAG_UNLIKELY(!mag_vtask_is_plain_core(task) || mag_here_get()->traced) ||
        flags != MAG_AWAIT_CONTEXT)
        return await_uncommon(frame, task, place, size, flags);
    if (MAG_UNLIKELY(!mag_core_has(core, task.payload, &slot) ||
                     slot != mag_slot_biased_here()))
        return await_core(frame, task, place, size, flags);
    if ((frame->core.flags & MAG_CORE_BOX) == 0)
        return await_first(frame, task, place, size);

    frame->waiter.outcome = task;
    mag_continuation_capture(&frame->waiter.continuation, MAG_AWAIT_CONTEXT);
    if (MAG_LIKELY(
            mag_core_install_here(core, task.payload, &frame->waiter.continuation)))
        return mag_vtask_started();
    return await_met(frame, task, place, size);
}

/* The core had a visitor, or the task is of another kind, or somebody has called back too
 * early: then the frame keeps waiting. */
static MAG_NOINLINE mag_vtask end_slow(struct mag_frame *frame, void *place, size_t size)
{
    mag_vtask task = frame->waiter.outcome;
    int r = mag_vtask_status(task);

    if (r == MAG_PENDING)
        return mag_vtask_started();
    runs_on(frame);
    return r < 0 ? mag_vtask_failed(r, 0) : take_frame(task, place, size);
}

/* A core that is complete: its operation has failed, or its result is no word. */
static MAG_NOINLINE mag_vtask end_core(struct mag_frame *frame, void *place, size_t size)
{
    return consume(frame->waiter.outcome, place, size);
}

/* The slow halves read the task again, so that this function need not keep it. */
mag_vtask mag_frame_end(struct mag_frame *frame, void *place, size_t size)
{
    mag_vtask task = frame->waiter.outcome;

    if (MAG_UNLIKELY(!mag_vtask_was_plain_core(task)))
        return end_slow(frame, place, size);
    struct mag_core *core = mag_vtask_plain_core(task);
    /* A core that has run this frame's continuation is complete, and this frame may
     * consume it. */
    if (MAG_UNLIKELY(!mag_core_is_ready(core, task.payload)))
        return end_slow(frame, place, size);
    runs_on(frame);
    if (MAG_UNLIKELY(core->easy == 0 || size != sizeof(core->value)))
        return end_core(frame, place, size);
    return outcome(mag_core_consume_easy(core, task.payload, place), 0);
}

mag_vtask mag_frame_answered(struct mag_frame *frame, void *place, size_t size)
{
    /* Called back although nobody has completed the operation: the frame waits on. */
    if (mag_vtask_is_started(frame->waiter.outcome))
        return mag_vtask_started();
    return mag_frame_end(frame, place, size);
}

static int post(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_sched *sched = mag_here_sched();
    int r = 0;

    if (executor != NULL)
        return executor->post(executor, job);
    if (sched == NULL)
        r = mag_sched_default(&sched);
    return r < 0 ? r : mag_sched_post_any(sched, job);
}

mag_vtask mag_frame_hop(struct mag_frame *frame, struct mag_executor *executor)
{
    struct mag_frame *box = box_of(frame);

    if (box == NULL)
        return mag_vtask_failed(-ENOMEM, 0);
    int r = post(executor, &box->waiter.continuation.job);
    if (r == 0)
        return mag_vtask_started();
    unbox(frame, box);
    runs_on(frame);
    return mag_vtask_failed(r, 0);
}
