/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork_stack.h"

#include "sched/os.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

/* Stacks are multiples of this, so that their parts are whole pages, whatever those are:
 * three quarters, and an eighth of that. */
#define UNIT ((uintptr_t)1 << 22)

#define SLOT_BYTES sizeof(struct mag_fork_slot)

/* Bytes that hold so many slots and what goes with them. */
#define BYTES_FOR(slots) \
    (((MAG_FORK_SLOTS_AT + ((slots) + 1) * SLOT_BYTES) / 3 * 4 + UNIT) / UNIT * UNIT)

/* What <magpie/fork.h> promises for large blocks: bytes, less what guards take. */
static_assert(BYTES_FOR(MAG_FORK_WAITING_MAX) / 32 * 5 - 2 * MAG_FORK_GUARD >=
                  MAG_FORK_BLOCKS_MAX,
              "as many bytes of blocks as promised");
static_assert(BYTES_FOR(MAG_FORK_WAITING_MAX) <= MAG_FORK_STACK_SPAN, "it fits");

/* What a thread gets that asks for no size of its own. */
static int default_c_stack(size_t *ret_bytes)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    int error = pthread_attr_getstacksize(&attributes, ret_bytes);
    (void)pthread_attr_destroy(&attributes);
    return -error;
}

/* The least whose slots a recursion does not reach the end of.  0; -ENOMEM. */
static int least_bytes(size_t c_stack, size_t *ret_bytes)
{
    uintptr_t recursion = c_stack / MAG_FORK_STACK_PER_CHILD;

    if (recursion > MAG_FORK_STACK_SPAN / SLOT_BYTES)
        return -ENOMEM;
    *ret_bytes = BYTES_FOR(MAG_FORK_WAITING_MAX + recursion);
    return *ret_bytes <= MAG_FORK_STACK_SPAN ? 0 : -ENOMEM;
}

/* Whoever runs into one of these is stopped before anything is overwritten. */
static int set_guards(char *memory, size_t bytes)
{
    int r = mag_os_forbid(memory + mag_fork_guard_at(bytes), MAG_FORK_GUARD);

    return r < 0 ? r : mag_os_forbid(memory + mag_fork_blocks_end(bytes), MAG_FORK_GUARD);
}

int mag_fork_stack_map(size_t c_stack, void **ret_memory, size_t *ret_bytes)
{
    size_t bytes = MAG_FORK_STACK_SPAN;
    void *memory = NULL;
    size_t least = 0;
    int r = c_stack == 0 ? default_c_stack(&c_stack) : 0;

    if (r == 0)
        r = least_bytes(c_stack, &least);
    if (r < 0)
        return r;
    /* As much as there may be, else the least. */
    r = mag_os_reserve(bytes, MAG_FORK_STACK_SPAN, &memory);
    if (r < 0) {
        bytes = least;
        r = mag_os_reserve(bytes, MAG_FORK_STACK_SPAN, &memory);
    }
    if (r < 0)
        return r;
    r = set_guards(memory, bytes);
    if (r < 0) {
        mag_os_unreserve(memory, bytes);
        return r;
    }
    *ret_memory = memory;
    *ret_bytes = bytes;
    return 0;
}

void mag_fork_stack_unmap(void *memory, size_t bytes)
{
    mag_os_unreserve(memory, bytes);
}
