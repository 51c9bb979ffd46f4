/*
 * futex.h - sleeping on a word, and waking the threads that sleep on it.  Private to the
 * library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_FUTEX_H
#define BASE_OS_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/* Sleeps while `*word` is `expected`, at most `timeout_ns` (negative: for ever).  May
 * return early for any reason, so the caller must look at the word again.  No
 * cancellation point. */
void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);

/* Wakes up to `count` threads that sleep on `word`.  Harmless even if the word's memory
 * is gone, because only the address is used. */
void mag_os_wake(_Atomic(uint32_t) *word, int count);

#endif
