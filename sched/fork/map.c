/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork/map.h"

#include "base/space.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(MAG_FORK_OPENED >= MAG_FORK_SLOTS_AT, "the stack's own words are open");

/* A part of a stack that the kernel lends page by page, and how many of its bytes are in
 * use. */
struct part {
    char *at;
    size_t bytes;
    size_t used;
};

/* Finds the lent parts: the slots, and `begun`, without the beginnings that are opened at
 * once. */
static void find_parts(void *memory, size_t bytes, struct part ret_parts[2])
{
    size_t open = mag_fork_opened_in(bytes);
    char *stack = memory;

    ret_parts[0] = (struct part){stack + open, mag_fork_guard_at(bytes) - open, 0};
    ret_parts[1] =
        (struct part){stack + mag_fork_begun_at(bytes) + open / 8,
                      mag_fork_blocks_at(bytes) - mag_fork_begun_at(bytes) - open / 8, 0};
}

static int lend_parts(const struct part parts[2])
{
    int r = 0;

    for (int i = 0; r == 0 && i < 2; i++)
        r = parts[i].bytes != 0 ? mag_space_lend(parts[i].at, parts[i].bytes) : 0;
    return r;
}

static int open_stack(char *stack, size_t bytes)
{
    size_t open = mag_fork_opened_in(bytes);
    struct part parts[2];
    int r = mag_space_open(stack, open);

    if (r == 0)
        r = mag_space_open(stack + mag_fork_begun_at(bytes), open / 8);
    if (r < 0)
        return r;
    find_parts(stack, bytes, parts);
    return lend_parts(parts);
}

static int map_stack(size_t bytes, void **ret_memory)
{
    void *memory;
    int r = mag_space_reserve(bytes, MAG_FORK_STACK_SPAN, MAG_SCHED_WORKERS_MAX, &memory);

    if (r < 0)
        return r;
    r = open_stack(memory, bytes);
    if (r < 0) {
        mag_space_release(memory, bytes);
        return r;
    }
    *ret_memory = memory;
    return 0;
}

int mag_fork_stack_map(size_t least, size_t *bytes, void **ret_memory)
{
    int r = map_stack(*bytes, ret_memory);

    while (r < 0 && *bytes > least) {
        size_t half = mag_fork_stack_round(*bytes / 2);

        *bytes = half > least ? half : least;
        r = map_stack(*bytes, ret_memory);
    }
    return r;
}

void mag_fork_stack_unmap(void *memory, size_t bytes)
{
    mag_space_release(memory, bytes);
}

size_t mag_fork_stack_round(size_t bytes)
{
    size_t unit = MAG_FORK_STACK_PAGES * mag_space_page();

    return (bytes + unit - 1) / unit * unit;
}

/* ---------------------------------------------------------------------- fork() */

/* [L] under the registry's lock: the stack of the thread that calls fork(). */
static struct {
    struct mag_fork_stack *stack;
    struct part parts[2];
    char *copy;
} kept_stack;

static size_t used_beyond_open(const struct part *part, const void *end)
{
    const char *last = end;

    return last > part->at ? (size_t)(last - part->at) : 0;
}

void mag_fork_stack_before_fork(struct mag_fork_stack *stack)
{
    struct part *parts = kept_stack.parts;
    struct mag_fork_slot *top = stack->entry;
    const struct mag_fork_slot *last = stack->slots + mag_fork_slots_in(stack->bytes);

    /* relaxed: the owner wrote them. */
    while (top < last && atomic_load_explicit(&top->body, memory_order_relaxed) != NULL)
        top++;
    kept_stack.stack = stack;
    find_parts(stack, stack->bytes, parts);
    parts[0].used = used_beyond_open(&parts[0], top);
    parts[1].used = used_beyond_open(&parts[1], stack->begun + (top - stack->slots));
    kept_stack.copy = NULL;
    if (parts[0].used + parts[1].used == 0)
        return;
    kept_stack.copy = mag_space_private(parts[0].used + parts[1].used);
    if (kept_stack.copy == NULL)
        return;
    memcpy(kept_stack.copy, parts[0].at, parts[0].used);
    memcpy(kept_stack.copy + parts[0].used, parts[1].at, parts[1].used);
}

static void drop_copy(void)
{
    if (kept_stack.copy != NULL)
        mag_space_release(kept_stack.copy,
                          kept_stack.parts[0].used + kept_stack.parts[1].used);
    kept_stack.stack = NULL;
}

void mag_fork_stack_after_fork_in_parent(void)
{
    if (kept_stack.stack != NULL)
        drop_copy();
}

void mag_fork_stack_after_fork_in_child(void)
{
    struct part *parts = kept_stack.parts;
    bool lost = kept_stack.copy == NULL && parts[0].used + parts[1].used != 0;

    if (kept_stack.stack == NULL)
        return;
    if (lost || lend_parts(parts) < 0) {
        /* The child must not see what the parent goes on to write there. */
        mag_space_close(parts[0].at, parts[0].bytes);
        mag_space_close(parts[1].at, parts[1].bytes);
    } else if (kept_stack.copy != NULL) {
        memcpy(parts[0].at, kept_stack.copy, parts[0].used);
        memcpy(parts[1].at, kept_stack.copy + parts[0].used, parts[1].used);
    }
    drop_copy();
}
