/*
 * signals.h - which signals a thread blocks.  Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_SIGNALS_H
#define BASE_OS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* The calling thread's mask. */
void mag_os_signals(sigset_t *ret_blocked);

/* Sets the calling thread's mask; `ret_before` may be NULL. */
void mag_os_set_signals(const sigset_t *blocked, sigset_t *ret_before);

/* Blocks signals in the calling thread, so that a thread it creates next does not handle
 * them.  Signals that a thread causes itself stay open, because a handler of the program
 * must see them; so does a profiler's signal. */
void mag_os_block_signals(sigset_t *ret_before);

/* Whether a thread with that mask was created by mag_os_create, or by such a thread. */
bool mag_os_blocks_as_created(const sigset_t *blocked);

#endif
