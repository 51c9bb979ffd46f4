/*
 * Reporting misuse.
 *
 * Edges: release end -> acquire end : what crosses
 *   watch  mag_debug_watch -> tell_all (misuse_watch) : the fields of the watch
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"

#include <magpie/detail/fork_check.h>

static _Atomic(struct mag_misuse_watch *) misuse_watch;

/* Nonzero while this thread suppresses misuse reports. */
static __thread unsigned hushed;

/* The frame of the function `call` while this thread is in a watch; 0: this thread is not
 * in a watch.  Keeps its value if the watch leaves `call` by a jump. */
static __thread uintptr_t calling;

static bool tell_text(int code, const char *text);

struct mag_misuse_watch *mag_debug_watch(struct mag_misuse_watch *next)
{
    mag_misuse_listen(tell_text);
    /* watch, both ends: release for the new watch; acquire for the previous one, which
     * the caller gets. */
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

/* Whether this thread is in a watch.  Misuse by a watch is not reported. */
static bool is_in_watch(void)
{
    return calling != 0 && mag_debug_is_inside(calling, (uintptr_t)call);
}

/* False: there is no watch. */
static bool tell_all(struct mag_misuse *misuse)
{
    /* watch, acquire: the fields of the watch are visible. */
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

/* Reports misuse that a room below vtask has found. */
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
    /* relaxed: a late completer may see the token of another operation; nothing is read
     * through the token. */
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
