/*
 * Telling of misuse.
 *
 * Edges: release end -> acquire end : what crosses
 *   watch  mag_debug_watch -> tell_all (misuse_watch) : what the watch is made of
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

#include <magpie/fork_check.h>

static _Atomic(struct mag_misuse_watch *) misuse_watch;

/* This thread was told so: what it does wrong is not told. */
static __thread unsigned hushed;

/* The frame of the `call` in which this thread is in a watch; 0: in none.  A watch that
 * has jumped out of it leaves it as it is. */
static __thread uintptr_t calling;

static bool tell_text(int code, const char *text);

struct mag_misuse_watch *mag_debug_watch(struct mag_misuse_watch *next)
{
    mag_misuse_listen(tell_text);
    /* watch, both ends: of the new one, and of the one before, which the caller gets. */
    return atomic_exchange_explicit(&misuse_watch, next, memory_order_acq_rel);
}

void mag_misuse_hush(bool hush)
{
    hushed += hush ? 1 : -1U;
}

static MAG_COLD MAG_NOINLINE void call(struct mag_misuse_watch *listener,
                                       const struct mag_misuse *misuse)
{
    calling = (uintptr_t)__builtin_frame_address(0);
    listener->told(listener, misuse);
    calling = 0;
}

/* What a watch does wrong itself is not told. */
static bool is_in_watch(void)
{
    return calling != 0 && mag_debug_is_inside(calling, (uintptr_t)call);
}

/* False: there is no watch. */
static bool tell_all(struct mag_misuse *misuse)
{
    /* watch, acquire: what it is made of is visible. */
    struct mag_misuse_watch *listener =
        atomic_load_explicit(&misuse_watch, memory_order_acquire);

    if (listener == NULL)
        return false;
    if (hushed != 0 || is_in_watch())
        return true;
    mag_debug_here(&misuse->here);
    mag_debug_recall(misuse);
    call(listener, misuse);
    return true;
}

/* What the rooms below have found. */
static MAG_COLD bool tell_text(int code, const char *text)
{
    struct mag_misuse misuse = {.code = code, .text = text};

    return tell_all(&misuse);
}

static MAG_COLD int tell(int code, enum mag_debug_kind kind, const void *object,
                         uint64_t token)
{
    struct mag_misuse misuse = {
        .code = code, .kind = kind, .object = object, .token = token};

    (void)tell_all(&misuse);
    return code;
}

MAG_COLD int mag_misuse_argument(int code)
{
    return tell(code, MAG_DEBUG_NOTHING, NULL, 0);
}

MAG_COLD int mag_misuse_core(int code, const struct mag_core *core, uint64_t token)
{
    return tell(code, MAG_DEBUG_CORE, core, token);
}

MAG_COLD int mag_misuse_promise(int code, const struct mag_promise *promise,
                                uint64_t token)
{
    return tell(code, MAG_DEBUG_PROMISE, promise, token);
}

MAG_COLD int mag_misuse_completer(int code, struct mag_core *core)
{
    /* relaxed: a late completer may see another's; nothing is read by it. */
    uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);

    return tell(code, MAG_DEBUG_CORE, core, token & MAG_TOKEN_MASK);
}

int mag_debug_tell(int code, mag_vtask task)
{
    const void *object = mag_object_of(task);

    switch (mag_kind_of(task)) {
    case MAG_VTASK_CORE:
        return mag_misuse_core(code, object, task.payload);
    case MAG_VTASK_PROMISE:
        return mag_misuse_promise(code, mag_promise_of(task), task.payload);
    case MAG_VTASK_ERROR:
        return mag_misuse_argument(code);
    default:
        return tell(code, MAG_DEBUG_NOTHING, object, task.payload);
    }
}
