/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/uts.h"

#include <math.h>
#include <nettle/sha1.h>

_Static_assert(KERNEL_UTS_STATE == SHA1_DIGEST_SIZE, "a state is a SHA-1");

static const struct kernel_uts_tree trees[] = {
    {"T1", KERNEL_UTS_GEOMETRIC, 19, 4, 10, 0, 0, 4130071, 3305118, 10},
    {"T3", KERNEL_UTS_BINOMIAL, 42, 2000, 0, 0.124875, 8, 4112897, 3599034, 1572},
};

const struct kernel_uts_tree *kernel_uts_tree_of(uint64_t size)
{
    return &trees[size == 1 ? 0 : 1];
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t)value;
}

struct kernel_uts_node kernel_uts_root(const struct kernel_uts_tree *tree)
{
    struct kernel_uts_node root = {.depth = 0};
    uint8_t seed[KERNEL_UTS_STATE] = {0};
    struct sha1_ctx hash;

    put_be32(seed + 16, tree->seed);
    sha1_init(&hash);
    sha1_update(&hash, sizeof(seed), seed);
    sha1_digest(&hash, sizeof(root.state), root.state);
    return root;
}

struct kernel_uts_node kernel_uts_child(const struct kernel_uts_node *parent,
                                        uint32_t index)
{
    struct kernel_uts_node child = {.depth = parent->depth + 1};
    uint8_t number[4];
    struct sha1_ctx hash;

    put_be32(number, index);
    sha1_init(&hash);
    sha1_update(&hash, sizeof(parent->state), parent->state);
    sha1_update(&hash, sizeof(number), number);
    sha1_digest(&hash, sizeof(child.state), child.state);
    return child;
}

/* A number in [0, 1) that the node's state decides. */
static double node_random(const struct kernel_uts_node *node)
{
    uint32_t bits = (uint32_t)node->state[16] << 24 | (uint32_t)node->state[17] << 16 |
                    (uint32_t)node->state[18] << 8 | node->state[19];

    return (double)(bits & 0x7fffffff) / 2147483648.0;
}

uint32_t kernel_uts_children(const struct kernel_uts_tree *tree,
                             const struct kernel_uts_node *node)
{
    if (tree->shape == KERNEL_UTS_BINOMIAL) {
        if (node->depth == 0)
            return (uint32_t)tree->b0;
        return node_random(node) < tree->q ? tree->m : 0;
    }
    if (node->depth >= tree->depth_max)
        return 0;

    double p = 1.0 / (1.0 + tree->b0);

    return (uint32_t)floor(log(1.0 - node_random(node)) / log(1.0 - p));
}

uint64_t kernel_uts_answer(const struct kernel_uts_tree *tree,
                           struct kernel_uts_count count)
{
    return count.leaves == tree->leaves && count.depth == tree->depth ? count.nodes : 0;
}

struct kernel_uts_count kernel_uts_serial(const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node)
{
    uint32_t children = kernel_uts_children(tree, node);
    struct kernel_uts_count count = kernel_uts_one(node, children);

    for (uint32_t i = 0; i < children; i++) {
        struct kernel_uts_node child = kernel_uts_child(node, i);
        count = kernel_uts_sum(count, kernel_uts_serial(tree, &child));
    }
    return count;
}
