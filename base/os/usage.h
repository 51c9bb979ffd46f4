/*
 * usage.h - what a thread has had of the CPUs, and how long it has waited for one.
 * Private to the library; see base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_USAGE_H
#define BASE_OS_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct mag_usage {
    int64_t ran_ns;    /* on a CPU */
    int64_t waited_ns; /* ready to run, but another thread had the CPU */
};

/*
 * Reads what a thread of this process has used since it began, by its number in the
 * kernel.  Allocates nothing.
 *
 *   Returns    whether the kernel reports it: /proc may be missing, or the thread gone
 */
bool mag_os_usage(int32_t thread, struct mag_usage *ret_usage);

#endif
