/*
 * uts.c - unbalanced tree search: counts the nodes of a tree whose shape is unknown until
 * it is walked, so that it cannot be split in advance.
 *
 * T1 is wide and shallow, T3 deep and thin: most subtrees of T3 end at once, and a few
 * hold nearly everything.  Both are published with their counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/uts.h"
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

enum { GROUP = KERNEL_UTS_GROUP };

/* --------------------------------------------------------------- on Magpie */

static struct kernel_uts_count walk(mag_fork w, const struct kernel_uts_tree *tree,
                                    const struct kernel_uts_node *node);

MAG_FORKABLE(struct kernel_uts_count, walk_child, const struct kernel_uts_tree *, tree,
             const struct kernel_uts_node *, node, uint32_t, index)
MAG_FORKABLE(struct kernel_uts_count, walk_range, const struct kernel_uts_tree *, tree,
             const struct kernel_uts_node *, node, uint32_t, from, uint32_t, to)

static struct kernel_uts_count walk_child(mag_fork w, const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node,
                                          uint32_t index)
{
    struct kernel_uts_node child = kernel_uts_child(node, index);

    return walk(w, tree, &child);
}

/* A few children are forked one by one, many by halves. */
static struct kernel_uts_count walk_range(mag_fork w, const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node,
                                          uint32_t from, uint32_t to)
{
    struct walk_child_child children[GROUP];
    struct kernel_uts_count count = {0, 0, 0};
    uint32_t forked = 0;

    if (to - from > GROUP) {
        uint32_t middle = from + (to - from) / 2;
        struct walk_range_child low = walk_range_fork(&w, tree, node, from, middle);

        count = walk_range(w, tree, node, middle, to);
        return kernel_uts_sum(count, walk_range_join(&w, low));
    }
    for (; from + forked < to; forked++)
        children[forked] = walk_child_fork(&w, tree, node, from + forked);
    while (forked > 0)
        count = kernel_uts_sum(count, walk_child_join(&w, children[--forked]));
    return count;
}

static struct kernel_uts_count walk(mag_fork w, const struct kernel_uts_tree *tree,
                                    const struct kernel_uts_node *node)
{
    uint32_t children = kernel_uts_children(tree, node);
    struct kernel_uts_count one = kernel_uts_one(node, children);

    return children == 0 ? one
                         : kernel_uts_sum(one, walk_range(w, tree, node, 0, children));
}

MAG_FORKABLE(struct kernel_uts_count, walk_tree, const struct kernel_uts_tree *, tree)

static struct kernel_uts_count walk_tree(mag_fork w, const struct kernel_uts_tree *tree)
{
    struct kernel_uts_node root = kernel_uts_root(tree);

    return walk(w, tree, &root);
}

/* ------------------------------------------------------------ the workload */

static const char *label(uint64_t size)
{
    return kernel_uts_tree_of(size)->name;
}

static uint64_t expected(uint64_t size)
{
    return kernel_uts_tree_of(size)->nodes;
}

static int run_twin(struct bench_run *run)
{
    const struct kernel_uts_tree *tree = kernel_uts_tree_of(run->size);
    struct kernel_uts_node root = kernel_uts_root(tree);

    run->answer = kernel_uts_answer(tree, kernel_uts_serial(tree, &root));
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    struct kernel_uts_count count = {0, 0, 0};
    const struct kernel_uts_tree *tree = kernel_uts_tree_of(run->size);
    int r = walk_tree_run(run->sched, &count, tree);

    run->answer = kernel_uts_answer(tree, count);
    return r;
}

static bool is_tree(uint64_t size)
{
    return size == 1 || size == 3;
}

const struct bench_workload bench_uts = {
    .group = "uts",
    .name = "uts",
    .summary = "search of an unbalanced tree",
    .shows = "how well stealing balances work that cannot be split in advance",
    .size_is = "the published tree: 1 for T1, 3 for T3",
    .sizes = {1, 3},
    .size_min = 1,
    .size_max = 3,
    .size_fits = is_tree,
    .label = label,
    .twin = "serial",
    .workers_only = true,
    .weight = 3,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};
