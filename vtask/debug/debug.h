/*
 * debug.h - debugging: misuse reports, in every build, and records of the lives of
 * operations, frames and promises, with MAG_DEBUG_TASKS.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_DEBUG_DEBUG_H
#define VTASK_DEBUG_DEBUG_H

#include <magpie/debug.h>
#include <magpie/source.h>

/* ------------------------------------------------------------------ debug/watch.c */

/* Each reports misuse to the watch, if there is one, and returns `code`.  Meant as the
 * last step of a function that was called wrongly. */
MAG_COLD int mag_misuse_argument(int code);
MAG_COLD int mag_misuse_core(int code, const struct mag_core *core, uint64_t token);
MAG_COLD int mag_misuse_promise(int code, const struct mag_promise *promise,
                                uint64_t token);

/* Called by the completer of a core. */
MAG_COLD int mag_misuse_completer(int code, struct mag_core *core);

/* Turns reports of this thread's misuse off (true) or on again (false).  Calls nest. */
void mag_misuse_hush(bool hush);

/* ------------------------------------------------------------------- debug/site.c */

/* Records where the caller is: the return addresses on its stack. */
void mag_debug_here(struct mag_debug_site *ret_site);

/* Whether this thread is still inside a call of `function`; `frame` is the address of
 * that call's frame.  False if the call was left by a jump.  True in doubt. */
bool mag_debug_is_inside(uintptr_t frame, uintptr_t function);

/* ------------------------------------------------------------------- debug/list.c */

/* Adds to a report what the table of lives has about the misused object.  Without a
 * record, adds nothing. */
void mag_debug_recall(struct mag_misuse *misuse);

#ifdef MAG_DEBUG_TASKS

/* The owner hands out an object, as `token`: a life begins. */
void mag_debug_begins(enum mag_debug_kind kind, const void *object, uint64_t token);

/* That life of the object is over.  A second call for the same life does nothing. */
void mag_debug_ends(const void *object, uint64_t token);

/* Ends the present life of a core. */
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
