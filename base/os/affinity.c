/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/affinity.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For the system 0 is the calling thread. */
bool mag_affinity_read_of(int32_t thread, struct mag_affinity *ret_mask)
{
    mag_affinity_clear(ret_mask);
    return sched_getaffinity(thread, sizeof(ret_mask->sets), ret_mask->sets) == 0;
}

bool mag_affinity_read(struct mag_affinity *ret_mask)
{
    return mag_affinity_read_of(0, ret_mask);
}

bool mag_affinity_set_of(int32_t thread, const struct mag_affinity *mask)
{
    return sched_setaffinity(thread, sizeof(mask->sets), mask->sets) == 0;
}

bool mag_affinity_set(const struct mag_affinity *mask)
{
    return mag_affinity_set_of(0, mask);
}

void mag_affinity_clear(struct mag_affinity *mask)
{
    memset(mask, 0, sizeof(*mask));
}

void mag_affinity_add(struct mag_affinity *mask, uint32_t cpu)
{
    if (cpu < MAG_AFFINITY_CPUS)
        CPU_SET_S((size_t)cpu, sizeof(mask->sets), mask->sets);
}

uint32_t mag_affinity_count(const struct mag_affinity *mask)
{
    return (uint32_t)CPU_COUNT_S(sizeof(mask->sets), mask->sets);
}

bool mag_affinity_equal(const struct mag_affinity *a, const struct mag_affinity *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool mag_affinity_set_only(uint32_t cpu)
{
    struct mag_affinity mask;

    if (cpu >= MAG_AFFINITY_CPUS)
        return false;
    mag_affinity_clear(&mask);
    mag_affinity_add(&mask, cpu);
    return mag_affinity_set(&mask);
}

bool mag_affinity_has(const struct mag_affinity *mask, uint32_t cpu)
{
    return cpu < MAG_AFFINITY_CPUS &&
           CPU_ISSET_S((size_t)cpu, sizeof(mask->sets), mask->sets);
}

uint32_t mag_affinity_only(const struct mag_affinity *mask)
{
    uint32_t cpu = 0;

    if (mag_affinity_count(mask) != 1)
        return UINT32_MAX;
    while (!mag_affinity_has(mask, cpu))
        cpu++;
    return cpu;
}

uint32_t mag_os_cpu(void)
{
    int cpu = sched_getcpu();

    return cpu < 0 ? UINT32_MAX : (uint32_t)cpu;
}

uint32_t mag_os_node(void)
{
    unsigned node;

    return syscall(SYS_getcpu, NULL, &node, NULL) == 0 ? node : UINT32_MAX;
}
