/*
 * uts.c - unbalanced tree search: counts the nodes of a tree that nobody knows before it
 * is walked.  Each node is a SHA-1 state; its children's are hashes of it, so the tree is
 * the same everywhere and cannot be split in advance.
 *
 * T1 is wide and shallow, T3 deep and thin: most subtrees of T3 end at once, and a few
 * hold nearly everything.  Both are published with their counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/fork.h>
#include <math.h>
#include <nettle/sha1.h>
#include <string.h>

enum { STATE = SHA1_DIGEST_SIZE, GROUP = 8 };

enum shape { GEOMETRIC, BINOMIAL };

struct tree {
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

static const struct tree trees[] = {
    {"T1", GEOMETRIC, 19, 4, 10, 0, 0, 4130071, 3305118, 10},
    {"T3", BINOMIAL, 42, 2000, 0, 0.124875, 8, 4112897, 3599034, 1572},
};

struct node {
    uint8_t state[STATE];
    uint32_t depth;
};

struct count {
    uint64_t nodes;
    uint64_t leaves;
    uint32_t depth;
};

/* ----------------------------------------------------------------- the tree */

static const struct tree *tree_of(uint64_t size)
{
    return &trees[size == 1 ? 0 : 1];
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t)value;
}

static struct node tree_root(const struct tree *tree)
{
    struct node root = {.depth = 0};
    uint8_t seed[STATE] = {0};
    struct sha1_ctx hash;

    put_be32(seed + 16, tree->seed);
    sha1_init(&hash);
    sha1_update(&hash, sizeof(seed), seed);
    sha1_digest(&hash, sizeof(root.state), root.state);
    return root;
}

static struct node tree_child(const struct node *parent, uint32_t index)
{
    struct node child = {.depth = parent->depth + 1};
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
static double node_random(const struct node *node)
{
    uint32_t bits = (uint32_t)node->state[16] << 24 | (uint32_t)node->state[17] << 16 |
                    (uint32_t)node->state[18] << 8 | node->state[19];

    return (double)(bits & 0x7fffffff) / 2147483648.0;
}

static uint32_t tree_children(const struct tree *tree, const struct node *node)
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

static struct count count_sum(struct count a, struct count b)
{
    return (struct count){a.nodes + b.nodes, a.leaves + b.leaves,
                          a.depth > b.depth ? a.depth : b.depth};
}

/* ---------------------------------------------------------- the serial twin */

static struct count walk_serial(const struct tree *tree, const struct node *node)
{
    uint32_t children = tree_children(tree, node);
    struct count count = {1, children == 0, node->depth};

    for (uint32_t i = 0; i < children; i++) {
        struct node child = tree_child(node, i);
        count = count_sum(count, walk_serial(tree, &child));
    }
    return count;
}

/* --------------------------------------------------------------- on Magpie */

static struct count walk(mag_fork w, const struct tree *tree, const struct node *node);

MAG_FORKABLE(struct count, walk_child, const struct tree *, tree, const struct node *,
             node, uint32_t, index)
MAG_FORKABLE(struct count, walk_range, const struct tree *, tree, const struct node *,
             node, uint32_t, from, uint32_t, to)

static struct count walk_child(mag_fork w, const struct tree *tree,
                               const struct node *node, uint32_t index)
{
    struct node child = tree_child(node, index);

    return walk(w, tree, &child);
}

/* A few children are forked one by one, many by halves. */
static struct count walk_range(mag_fork w, const struct tree *tree,
                               const struct node *node, uint32_t from, uint32_t to)
{
    struct walk_child_child children[GROUP];
    struct count count = {0, 0, 0};
    uint32_t forked = 0;

    if (to - from > GROUP) {
        uint32_t middle = from + (to - from) / 2;
        struct walk_range_child low = walk_range_fork(&w, tree, node, from, middle);

        count = walk_range(w, tree, node, middle, to);
        return count_sum(count, walk_range_join(&w, low));
    }
    for (; from + forked < to; forked++)
        children[forked] = walk_child_fork(&w, tree, node, from + forked);
    while (forked > 0)
        count = count_sum(count, walk_child_join(&w, children[--forked]));
    return count;
}

static struct count walk(mag_fork w, const struct tree *tree, const struct node *node)
{
    uint32_t children = tree_children(tree, node);
    struct count count = {1, children == 0, node->depth};

    return children == 0 ? count
                         : count_sum(count, walk_range(w, tree, node, 0, children));
}

MAG_FORKABLE(struct count, walk_tree, const struct tree *, tree)

static struct count walk_tree(mag_fork w, const struct tree *tree)
{
    struct node root = tree_root(tree);

    return walk(w, tree, &root);
}

/* ------------------------------------------------------------ the workload */

static const char *label(uint64_t size)
{
    return tree_of(size)->name;
}

static uint64_t expected(uint64_t size)
{
    return tree_of(size)->nodes;
}

/* The answer is the number of nodes; 0 when leaves or depth are wrong. */
static void leave_answer(struct bench_run *run, struct count count)
{
    const struct tree *tree = tree_of(run->size);
    bool same = count.leaves == tree->leaves && count.depth == tree->depth;

    run->answer = same ? count.nodes : 0;
}

static int run_twin(struct bench_run *run)
{
    const struct tree *tree = tree_of(run->size);
    struct node root = tree_root(tree);

    leave_answer(run, walk_serial(tree, &root));
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    struct count count = {0, 0, 0};
    int r = walk_tree_run(run->sched, &count, tree_of(run->size));

    leave_answer(run, count);
    return r;
}

static bool is_tree(uint64_t size)
{
    return size == 1 || size == 3;
}

const struct bench_workload bench_uts = {
    .group = "uts",
    .name = "uts",
    .summary = "search of an unbalanced tree: nothing can be split in advance",
    .size_is = "the published tree: 1 for T1, 3 for T3",
    .sizes = {1, 3},
    .size_min = 1,
    .size_max = 3,
    .size_fits = is_tree,
    .label = label,
    .twin = "serial",
    .weight = 3,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};
