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
enum { MAG_AFFINITY_CPUS = 8 * CPU_SETSIZE };

struct mag_affinity {
    cpu_set_t sets[8];
};

/* Reads the calling thread's mask.  False: the kernel does not report it. */
bool mag_affinity_read(struct mag_affinity *ret_mask);

/* Sets the calling thread's mask, or limits the thread to one CPU.  False: the kernel
 * refuses. */
bool mag_affinity_set(const struct mag_affinity *mask);
bool mag_affinity_set_only(uint32_t cpu);

/* The same for another thread of this process, by its number in the kernel. */
bool mag_affinity_read_of(int32_t thread, struct mag_affinity *ret_mask);
bool mag_affinity_set_of(int32_t thread, const struct mag_affinity *mask);

/* An empty mask, one CPU more in a mask, and how many there are.  A CPU beyond what a
 * mask has room for is left out. */
void mag_affinity_clear(struct mag_affinity *mask);
void mag_affinity_add(struct mag_affinity *mask, uint32_t cpu);
uint32_t mag_affinity_count(const struct mag_affinity *mask);

bool mag_affinity_equal(const struct mag_affinity *a, const struct mag_affinity *b);
bool mag_affinity_has(const struct mag_affinity *mask, uint32_t cpu);

/* The only CPU of a mask; UINT32_MAX: there are several. */
uint32_t mag_affinity_only(const struct mag_affinity *mask);

/* The number of the CPU that the calling thread runs on; UINT32_MAX: unknown. */
uint32_t mag_os_cpu(void);

/* The system's number of the node of that CPU; UINT32_MAX: unknown. */
uint32_t mag_os_node(void);

#endif
