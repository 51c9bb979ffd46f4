/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork/stack.h"

#include "base/space.h"

#include <stdlib.h>

/* How much is opened for blocks at first; each further step doubles what is open. */
enum { BLOCKS_STEP = 64 * 1024 };

static size_t block_lines(size_t size)
{
    return (size + MAG_CACHE_LINE - 1) & ~(size_t)(MAG_CACHE_LINE - 1);
}

/* Opens at least `size` more bytes.  False: there is no room or no memory left. */
static bool open_blocks(struct mag_fork_stack *stack, size_t size)
{
    size_t open = (size_t)(stack->blocks_open - stack->blocks);
    size_t room = (size_t)(stack->blocks_end - stack->blocks);
    size_t wanted = open != 0 ? open * 2 : BLOCKS_STEP;

    /* Both ends are multiples of a cache line, so a block that fits still fits after its
     * size is rounded up. */
    if (size > (size_t)(stack->blocks_end - stack->spill))
        return false;
    while (wanted < (size_t)(stack->spill - stack->blocks) + size)
        wanted *= 2;
    if (wanted > room)
        wanted = room;
    if (mag_space_open(stack->blocks_open, wanted - open) < 0)
        return false;
    stack->blocks_open = stack->blocks + wanted;
    return true;
}

static void *take_block(struct mag_fork_stack *stack, size_t size)
{
    char *block = stack->spill;

    stack->spill = block + block_lines(size);
    return block;
}

/* The opened part is full: opens more.  Blocks need not lie in a row, so a block for
 * which the stack has no room comes from the heap. */
static MAG_COLD __attribute__((noinline)) void *spill_slow(struct mag_fork_stack *stack,
                                                           size_t size)
{
    if (open_blocks(stack, size))
        return take_block(stack, size);

    void *block = aligned_alloc(MAG_CACHE_LINE, block_lines(size));

    if (block != NULL)
        return block;
    /* There is no room for the child, as when recursion is too deep.  The program ends at
     * the guard, whichever part of a block it would have written. */
    *(volatile char *)stack->blocks_end = 0;
    return NULL;
}

void *mag_fork_spill(mag_fork w, size_t size)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);

    if (MAG_UNLIKELY(size > (size_t)(stack->blocks_open - stack->spill)))
        return spill_slow(stack, size);
    return take_block(stack, size);
}

void mag_fork_unspill(mag_fork w, void *block)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);
    char *byte = block;

    if (MAG_LIKELY(byte >= stack->blocks && byte < stack->blocks_end))
        stack->spill = byte;
    else
        free(block);
}

/* ------------------------------------------------------------------------ full */

/* A core file shows the slots below `full`, so `full` moves up in steps. */
bool mag_fork_is_full_slow(mag_fork w)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);
    size_t open = mag_fork_opened_in(stack->bytes);
    const struct mag_fork_slot *full = stack->slots + 2 * (w.top - stack->slots);

    if (stack->ground.full == stack->most)
        return true;
    if (full > stack->most)
        full = stack->most;
    size_t shown = (size_t)((const char *)full - (const char *)stack);
    if (shown > open) {
        size_t page = mag_space_page();
        mag_space_dump((char *)stack + open, (shown - open + page - 1) / page * page);
    }
    stack->ground.full = full;
    return w.top >= full;
}
