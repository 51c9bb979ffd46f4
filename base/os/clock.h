/*
 * clock.h - monotonic time in nanoseconds.  Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include <stdint.h>

/* Monotonic time. */
int64_t mag_os_now_ns(void);

/* The time `delay_ns` from now.  INT64_MAX means never, and so does a time too late for
 * 64 bits. */
int64_t mag_os_after_ns(int64_t delay_ns);

/* How long it is until that time, in the form mag_os_wait takes: negative for never. */
int64_t mag_os_left_ns(int64_t until_ns);

#endif
