/*
 * stacks.h - fork stacks without workers, for tests in which one thread plays all
 * workers.
 *
 * White-box.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_STACKS_H
#define TESTS_SUPPORT_SCHED_STACKS_H

#include "base/asym.h"
#include "sched/fork/deque.h"
#include "sched/fork/join.h"
#include "sched/fork/map.h"

/* Whether owners fence in this process; set by stacks_map. */
static bool stacks_are_fenced;
static size_t stack_bytes; /* of each stack */

/* Maps `count` stacks of at least `bytes`, and initializes none.  Returns 0, or -1. */
static inline int stacks_map(struct mag_fork_stack **stacks, unsigned count, size_t bytes)
{
    stacks_are_fenced = mag_asym_init();
    for (unsigned i = 0; i < count; i++) {
        void *pages;

        stack_bytes = mag_fork_stack_round(bytes);
        if (mag_fork_stack_map(stack_bytes, &stack_bytes, &pages) != 0)
            return -1;
        stacks[i] = pages;
    }
    return 0;
}

static inline void stacks_init(struct mag_fork_stack **stacks, unsigned count,
                               uint32_t depth)
{
    for (unsigned i = 0; i < count; i++)
        stacks[i] = mag_fork_stack_init(stacks[i], stack_bytes, depth, stacks_are_fenced);
}

static inline void stacks_unmap(struct mag_fork_stack **stacks, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        mag_fork_stack_unmap(stacks[i], stack_bytes);
}

#endif
