/*
 * uts.h - the unbalanced trees T1 and T3 of the UTS benchmark: their nodes, the children
 * of a node, and the counts that were published.
 *
 * A node is a SHA-1 state, and its children's states are hashes of it: the tree is the
 * same on every machine, and its shape is unknown until it is walked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_UTS_H
#define BENCH_KERNELS_UTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KERNEL_UTS_STATE = 20, /* bytes of a SHA-1 */
    KERNEL_UTS_GROUP = 8,  /* up to so many children are forked one by one */
};

enum kernel_uts_shape { KERNEL_UTS_GEOMETRIC, KERNEL_UTS_BINOMIAL };

struct kernel_uts_tree {
    const char *name;
    enum kernel_uts_shape shape;
    uint32_t seed;
    double b0;          /* children of the root; for GEOMETRIC the mean everywhere */
    uint32_t depth_max; /* GEOMETRIC: nodes from here on have no children */
    double q;           /* BINOMIAL: how likely a node has children... */
    uint32_t m;         /* ...and how many then */
    uint64_t nodes;     /* what was published */
    uint64_t leaves;
    uint32_t depth;
};

struct kernel_uts_node {
    uint8_t state[KERNEL_UTS_STATE];
    uint32_t depth;
};

struct kernel_uts_count {
    uint64_t nodes;
    uint64_t leaves;
    uint32_t depth;
};

/* The tree of a size: 1 for T1, 3 for T3. */
const struct kernel_uts_tree *kernel_uts_tree_of(uint64_t size);

struct kernel_uts_node kernel_uts_root(const struct kernel_uts_tree *tree);
struct kernel_uts_node kernel_uts_child(const struct kernel_uts_node *parent,
                                        uint32_t index);

/* How many children a node has. */
uint32_t kernel_uts_children(const struct kernel_uts_tree *tree,
                             const struct kernel_uts_node *node);

/* What a node counts by itself. */
static inline struct kernel_uts_count kernel_uts_one(const struct kernel_uts_node *node,
                                                     uint32_t children)
{
    struct kernel_uts_count count = {1, children == 0, node->depth};

    return count;
}

/* What two parts of a tree count together. */
static inline struct kernel_uts_count kernel_uts_sum(struct kernel_uts_count a,
                                                     struct kernel_uts_count b)
{
    struct kernel_uts_count sum = {a.nodes + b.nodes, a.leaves + b.leaves,
                                   a.depth > b.depth ? a.depth : b.depth};

    return sum;
}

/* The number of nodes; 0 if leaves or depth are not the published ones. */
uint64_t kernel_uts_answer(const struct kernel_uts_tree *tree,
                           struct kernel_uts_count count);

/* Counts the part of a tree below `node`, and `node`. */
struct kernel_uts_count kernel_uts_serial(const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node);

#ifdef __cplusplus
}
#endif

#endif
