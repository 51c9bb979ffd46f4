/*
 * uts.c - the unbalanced trees T1 and T3: nodes, children, and what was published of
 * them.  The same SHA-1 of nettle that Magpie's own workload uses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <common/peer.h>

#include <math.h>
#include <nettle/sha1.h>

enum shape { GEOMETRIC, BINOMIAL };

struct peer_tree {
    const char *name;
    enum shape shape;
    uint32_t seed;
    double b0;          /* children of the root; for GEOMETRIC the mean everywhere */
    uint32_t depth_max; /* GEOMETRIC: nodes from here on have no children */
    double q;           /* BINOMIAL: how likely a node has children... */
    uint32_t m;         /* ...and how many then */
    uint64_t nodes;     /* what was published */
    uint64_t leaves;
    uint32_t depth;
};

static const struct peer_tree trees[] = {
    {"T1", GEOMETRIC, 19, 4, 10, 0, 0, 4130071, 3305118, 10},
    {"T3", BINOMIAL, 42, 2000, 0, 0.124875, 8, 4112897, 3599034, 1572},
};

const struct peer_tree *peer_uts_tree(uint64_t size)
{
    return &trees[size == 1 ? 0 : 1];
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t)value;
}

struct peer_node peer_uts_root(const struct peer_tree *tree)
{
    struct peer_node root = {.depth = 0};
    uint8_t seed[PEER_UTS_STATE] = {0};
    struct sha1_ctx hash;

    put_be32(seed + 16, tree->seed);
    sha1_init(&hash);
    sha1_update(&hash, sizeof(seed), seed);
    sha1_digest(&hash, sizeof(root.state), root.state);
    return root;
}

struct peer_node peer_uts_child(const struct peer_node *parent, uint32_t index)
{
    struct peer_node child = {.depth = parent->depth + 1};
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
static double node_random(const struct peer_node *node)
{
    uint32_t bits = (uint32_t)node->state[16] << 24 | (uint32_t)node->state[17] << 16 |
                    (uint32_t)node->state[18] << 8 | node->state[19];

    return (double)(bits & 0x7fffffff) / 2147483648.0;
}

uint32_t peer_uts_children(const struct peer_tree *tree, const struct peer_node *node)
{
    if (tree->shape == BINOMIAL) {
        if (node->depth == 0)
            return (uint32_t)tree->b0;
        return node_random(node) < tree->q ? tree->m : 0;
    }
    if (node->depth >= tree->depth_max)
        return 0;

    double p = 1.0 / (1.0 + tree->b0);

    return (uint32_t)floor(log(1.0 - node_random(node)) / log(1.0 - p));
}

struct peer_count peer_uts_sum(struct peer_count a, struct peer_count b)
{
    return (struct peer_count){a.nodes + b.nodes, a.leaves + b.leaves,
                               a.depth > b.depth ? a.depth : b.depth};
}

/* The number of nodes; 0 when leaves or depth are wrong. */
uint64_t peer_uts_answer(const struct peer_tree *tree, struct peer_count count)
{
    return count.leaves == tree->leaves && count.depth == tree->depth ? count.nodes : 0;
}
