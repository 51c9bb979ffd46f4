/*
 * affinity.h - affinity masks of threads, as the kernel has them.  Private to numa/.
 *
 * hwloc reads these masks too.  But hwloc finds the size of a mask by asking with larger
 * and larger ones, and never stops where the kernel refuses the call itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_PLACE_AFFINITY_H
#define NUMA_PLACE_AFFINITY_H

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

/* The only CPU of a mask; MAG_NONE: the mask has more than one, or none. */
uint32_t mag_affinity_only(const struct mag_affinity *mask);

#endif
