/*
 * debug.h - what the room tells of itself: misuse, in every build, and the lives of what
 * is handed out, with MAG_DEBUG_TASKS.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_DEBUG_DEBUG_H
#define VTASK_DEBUG_DEBUG_H

#include <magpie/debug.h>
#include <magpie/source.h>

/* ------------------------------------------------------------------ debug/watch.c */

/* Each tells the watch, if there is one, and returns `code`: the last step of a call that
 * was wrong. */
MAG_COLD int mag_misuse_argument(int code);
MAG_COLD int mag_misuse_core(int code, const struct mag_core *core, uint64_t token);
MAG_COLD int mag_misuse_promise(int code, const struct mag_promise *promise,
                                uint64_t token);

/* By the completer of a core. */
MAG_COLD int mag_misuse_completer(int code, struct mag_core *core);

/* What this thread does until it is false again is no misuse. */
void mag_misuse_hush(bool hush);

/* ------------------------------------------------------------------- debug/site.c */

/* Where the caller is. */
void mag_debug_here(struct mag_debug_site *ret_site);

/* Whether a call of `function`, whose frame's address this is, is still under way on this
 * thread, or was left by a jump.  In doubt it is. */
bool mag_debug_is_inside(uintptr_t frame, uintptr_t function);

/* ------------------------------------------------------------------- debug/list.c */

/* What is remembered of a misused task; without a record nothing is written. */
void mag_debug_recall(struct mag_misuse *misuse);

#ifdef MAG_DEBUG_TASKS

/* The owner: an object is handed out, as `token`. */
void mag_debug_begins(enum mag_debug_kind kind, const void *object, uint64_t token);

/* That life of it is over; told again, nothing happens. */
void mag_debug_ends(const void *object, uint64_t token);

/* The same, for the present life of a core. */
void mag_debug_core_ends(struct mag_core *core);

#else

static inline void mag_debug_begins(enum mag_debug_kind kind, const void *object,
                                    uint64_t token)
{
    (void)kind;
    (void)object;
    (void)token;
}

static inline void mag_debug_ends(const void *object, uint64_t token)
{
    (void)object;
    (void)token;
}

static inline void mag_debug_core_ends(struct mag_core *core)
{
    (void)core;
}

#endif
#endif
