/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/affinity.h"

#include <string.h>

enum { CPUS = 8 * CPU_SETSIZE };

/* Reads the mask of the thread with this number; 0 is the calling thread. */
static bool read_mask(int32_t thread, struct mag_affinity *ret_mask)
{
    memset(ret_mask, 0, sizeof(*ret_mask));
    return sched_getaffinity(thread, sizeof(ret_mask->sets), ret_mask->sets) == 0;
}

bool mag_affinity_read(struct mag_affinity *ret_mask)
{
    return read_mask(0, ret_mask);
}

bool mag_affinity_set(const struct mag_affinity *mask)
{
    return sched_setaffinity(0, sizeof(mask->sets), mask->sets) == 0;
}

bool mag_affinity_set_only(uint32_t cpu)
{
    struct mag_affinity mask;

    if (cpu >= CPUS)
        return false;
    memset(&mask, 0, sizeof(mask));
    CPU_SET_S((size_t)cpu, sizeof(mask.sets), mask.sets);
    return mag_affinity_set(&mask);
}

bool mag_affinity_has(const struct mag_affinity *mask, uint32_t cpu)
{
    return cpu < CPUS && CPU_ISSET_S((size_t)cpu, sizeof(mask->sets), mask->sets);
}

uint32_t mag_affinity_only(const struct mag_affinity *mask)
{
    uint32_t cpu = 0;

    if (CPU_COUNT_S(sizeof(mask->sets), mask->sets) != 1)
        return UINT32_MAX;
    while (!mag_affinity_has(mask, cpu))
        cpu++;
    return cpu;
}

bool mag_os_is_bound(int32_t thread, uint32_t cpu)
{
    struct mag_affinity mask;

    return !read_mask(thread, &mask) || mag_affinity_only(&mask) == cpu;
}

uint32_t mag_os_cpu(void)
{
    int cpu = sched_getcpu();

    return cpu < 0 ? UINT32_MAX : (uint32_t)cpu;
}
