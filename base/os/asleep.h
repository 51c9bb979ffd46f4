/*
 * asleep.h - whether another thread of this process sleeps in the kernel.  Private to the
 * library; see base/os.h.
 *
 * A thread is named by its number in the kernel (mag_os_thread).  A number whose thread
 * has ended may belong to another thread later, so the answers are hints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_ASLEEP_H
#define BASE_OS_ASLEEP_H

#include <stdint.h>

/* How long the thread has run on a CPU since it began, in nanoseconds; negative: unknown,
 * because the thread has ended or a filter forbids the call.  Costs one short system
 * call. */
int64_t mag_os_ran_ns(int32_t thread);

enum mag_asleep {
    MAG_AWAKE,         /* the thread runs, or waits for a CPU */
    MAG_ASLEEP,        /* the thread waits for something else */
    MAG_ASLEEP_UNKNOWN /* there is no /proc, or the thread has ended */
};

/* What the thread does now.  Reads a file in /proc, and keeps no descriptor open. */
enum mag_asleep mag_os_asleep(int32_t thread);

#endif
