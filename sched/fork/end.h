/*
 * end.h - cleans up the fork stack of a thread that ends in the middle of its work.
 * Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_END_H
#define SCHED_FORK_END_H

#include "sched/fork/stack.h"

#include <stdint.h>

/* The fork stacks whose owners steal children from each other; `at` returns the stack of
 * an index, or NULL if there is none yet. */
struct mag_fork_family {
    struct mag_fork_stack *(*at)(const void *arg, uint32_t index);
    const void *arg;
    uint32_t count;
};

/* By the owner of `stack`, whose thread ends.  Ends the children that the thread forked,
 * and the children of other workers that it ran.  Waits for its children that other
 * workers run. */
void mag_fork_stack_end(struct mag_fork_stack *stack,
                        const struct mag_fork_family *family);

#endif
