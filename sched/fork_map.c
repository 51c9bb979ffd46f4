/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork_stack.h"

#include "sched/os.h"

/* What a stack gets: the first where address space is unlimited, else the second. */
static const size_t sizes[] = {MAG_FORK_STACK_SPAN, MAG_FORK_STACK_LEAST};

/* Whoever runs into one of these is stopped before anything is overwritten. */
static int set_guards(char *memory, size_t bytes)
{
    int r = mag_os_forbid(memory + mag_fork_guard_at(bytes), MAG_FORK_GUARD);

    return r < 0 ? r : mag_os_forbid(memory + bytes - MAG_FORK_GUARD, MAG_FORK_GUARD);
}

int mag_fork_stack_map(void **ret_memory, size_t *ret_bytes)
{
    void *memory = NULL;
    int r = -1;

    for (size_t i = 0; r < 0 && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        *ret_bytes = sizes[i];
        r = mag_os_reserve(sizes[i], MAG_FORK_STACK_SPAN, &memory);
    }
    if (r < 0)
        return r;
    r = set_guards(memory, *ret_bytes);
    if (r < 0) {
        mag_os_unreserve(memory, *ret_bytes);
        return r;
    }
    *ret_memory = memory;
    return 0;
}

void mag_fork_stack_unmap(void *memory, size_t bytes)
{
    mag_os_unreserve(memory, bytes);
}
