/*
 * affinity.h - the CPUs that a thread may run on, according to the kernel.  Private to
 * the library; see base/os.h.
 *
 * hwloc reads affinity masks too.  But hwloc finds the size of a mask by asking with
 * larger and larger ones, and never stops where the kernel refuses the call itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_AFFINITY_H
#define BASE_OS_AFFINITY_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for as many CPUs as a kernel can be built for. */
struct mag_affinity {
    cpu_set_t sets[8];
};

/* Reads the calling thread's mask.  False: the kernel does not report it. */
bool mag_affinity_read(struct mag_affinity *ret_mask);

/* Sets the calling thread's mask, or limits the thread to one CPU.  False: the kernel
 * refuses. */
bool mag_affinity_set(const struct mag_affinity *mask);
bool mag_affinity_set_only(uint32_t cpu);

bool mag_affinity_has(const struct mag_affinity *mask, uint32_t cpu);

/* The only CPU of a mask; UINT32_MAX: there are several. */
uint32_t mag_affinity_only(const struct mag_affinity *mask);

/* Whether the thread with this number may run on that CPU only.  True as well if the
 * kernel does not report it. */
bool mag_os_is_bound(int32_t thread, uint32_t cpu);

/* The number of the CPU that the calling thread runs on; UINT32_MAX: unknown. */
uint32_t mag_os_cpu(void);

#endif
