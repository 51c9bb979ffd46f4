/*
 * end.h - the end of a thread in the middle of what runs on its fork stack.  Private to
 * sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_END_H
#define SCHED_FORK_END_H

#include "sched/fork/stack.h"

#include <stdint.h>

/* The fork stacks among which children are stolen: `at` returns the one of this index. */
struct mag_fork_family {
    struct mag_fork_stack *(*at)(const void *arg, uint32_t index);
    const void *arg;
    uint32_t count;
};

/* By the owner of `stack`, whose thread ends: the children that it forked, and those of
 * others that it ran, end there.  Waits for its children that others run. */
void mag_fork_stack_end(struct mag_fork_stack *stack,
                        const struct mag_fork_family *family);

#endif
