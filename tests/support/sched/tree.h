/*
 * tree.h - random trees.  The number of a node decides its children, so that a serial
 * walk gives the answer that a parallel walk must give.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_TREE_H
#define TESTS_SUPPORT_SCHED_TREE_H

#include <stdint.h>

static inline uint64_t tree_mix(uint64_t value)
{
    value = (value ^ value >> 31) * 0x7fb5d329728ea185ULL;
    value = (value ^ value >> 27) * 0x81dadef4bc2dd44dULL;
    return value ^ value >> 33;
}

/* How many children a node has, `most` at the most. */
static inline unsigned tree_branches(uint64_t node, unsigned depth, unsigned most)
{
    return depth == 0 ? 0 : (unsigned)(tree_mix(node) % (most + 1));
}

static inline uint64_t tree_child_of(uint64_t node, unsigned i)
{
    return tree_mix(node * 31 + i + 1);
}

/* The sum of a tree; `*count_of_nodes` grows by the number of its nodes. */
static inline uint64_t tree_walk(uint64_t node, unsigned depth, unsigned most,
                                 uint64_t *count_of_nodes)
{
    uint64_t sum = tree_mix(node);

    ++*count_of_nodes;
    for (unsigned i = 0; i < tree_branches(node, depth, most); i++)
        sum +=
            tree_walk(tree_child_of(node, i), depth - 1, most, count_of_nodes) * (i + 1);
    return sum;
}

#endif
