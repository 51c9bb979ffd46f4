/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork_stack.h"

#include <stdlib.h>

static size_t block_lines(size_t size)
{
    return (size + MAG_CACHE_LINE - 1) & ~(size_t)(MAG_CACHE_LINE - 1);
}

/* No room beside the stack any more: blocks need not lie in a row. */
static void *spill_elsewhere(struct mag_fork_stack *stack, size_t size)
{
    void *block = aligned_alloc(MAG_CACHE_LINE, block_lines(size));

    if (block != NULL)
        return block;
    /* The child cannot be, as it could not below too deep a recursion: the program ends
     * at the guard, whatever part of a block it would have written. */
    *(volatile char *)stack->blocks_end = 0;
    return NULL;
}

void *mag_fork_spill(mag_fork w, size_t size)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);
    char *block = stack->spill;

    if (MAG_UNLIKELY(size > (size_t)(stack->blocks_end - block)))
        return spill_elsewhere(stack, size);
    /* Both ends are lines, so that what fits does so when rounded up. */
    stack->spill = block + block_lines(size);
    return block;
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
