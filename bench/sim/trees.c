/*
 * trees.c - trees whose nodes do little: fib, skynet, nqueens, uts.  They unfold as the
 * functions in bench/workloads do.  Small parts of the regular ones are one node, whose
 * work includes their forks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/nqueens.h"
#include "bench/kernels/skynet.h"
#include "bench/sim/graph.h"

enum {
    FIB_WHOLE = 15,     /* up to this n a call is one node: about a microsecond */
    SKYNET_WHOLE = 100, /* so many leaves below a node are one node */
    QUEENS_WHOLE = 4,   /* so many rows left are one node */
    FIB_LARGEST = 60,
};

/* -------------------------------------------------------------------------- fib */

static void fib_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)number;
    ret_node->a = size;
}

/* fib(n + 1): so many leaves has the tree of fib(n), and one fork less. */
static double fib_leaves(uint64_t n)
{
    double a = 1;
    double b = 1;

    for (uint64_t i = 1; i < n; i++) {
        double next = a + b;

        a = b;
        b = next;
    }
    return b;
}

static void fib_unfold(const struct sim_costs *costs, const struct sim_node *node,
                       struct sim_code *code)
{
    struct sim_node child = *node;
    double leaves = fib_leaves(node->a);

    if (node->a <= FIB_WHOLE) {
        sim_run(code, (2 * leaves - 1) * costs->ns[SIM_FIB] +
                          (leaves - 1) * costs->ns[SIM_FORK]);
        return;
    }
    sim_run(code, costs->ns[SIM_FIB]);
    child.a = node->a - 2;
    sim_add(code, SIM_CHILD, &child);
    child.a = node->a - 1;
    sim_add(code, SIM_CALL, &child);
    sim_join(code);
}

const struct sim_graph sim_graph_fib = {
    .name = "fib",
    .summary = "Fibonacci numbers by recursion",
    .size_is = "n of fib(n)",
    .size = 39,
    .size_min = 1,
    .size_max = FIB_LARGEST,
    .root = fib_root,
    .unfold = fib_unfold,
    .work = SIM_FIB,
    .works = 1,
    .probe = 33,
};

/* ----------------------------------------------------------------------- skynet */

static void skynet_unfold(const struct sim_costs *costs, const struct sim_node *node,
                          struct sim_code *code)
{
    struct sim_node child = *node;

    if (node->a <= SKYNET_WHOLE) {
        double leaves = (double)node->a;
        /* 1 + 10 + 100 = (10 * 100 - 1) / 9, of which all but the first are forked. */
        double nodes = (KERNEL_SKYNET_WIDTH * leaves - 1) / (KERNEL_SKYNET_WIDTH - 1);

        sim_run(code, nodes * costs->ns[SIM_SKYNET] + (nodes - 1) * costs->ns[SIM_FORK]);
        return;
    }
    sim_run(code, costs->ns[SIM_SKYNET]);
    child.a = node->a / KERNEL_SKYNET_WIDTH;
    for (int i = 0; i < KERNEL_SKYNET_WIDTH; i++)
        sim_add(code, SIM_CHILD, &child);
    for (int i = 0; i < KERNEL_SKYNET_WIDTH; i++)
        sim_join(code);
}

static bool is_power_of_ten(uint64_t size)
{
    while (size % 10 == 0)
        size /= 10;
    return size == 1;
}

const struct sim_graph sim_graph_skynet = {
    .name = "skynet",
    .summary = "sum over a tree with ten children per node",
    .size_is = "leaves, a power of ten",
    .size = 100000000,
    .size_min = 10,
    .size_max = 1000000000,
    .size_fits = is_power_of_ten,
    .root = fib_root,
    .unfold = skynet_unfold,
    .work = SIM_SKYNET,
    .works = 1,
    .probe = 1000000,
};

/* ---------------------------------------------------------------------- nqueens */

static void queens_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)number;
    ret_node->kind = kernel_queens_full(size);
}

struct boards {
    uint64_t all;
    uint64_t forked;
};

/* The boards of a part of the tree. */
static void count_boards(uint32_t full, uint32_t taken, uint32_t rising, uint32_t falling,
                         struct boards *boards)
{
    uint32_t free = kernel_queens_free(full, taken, rising, falling);

    boards->all++;
    for (; free != 0; free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);

        boards->forked += kernel_queens_rest(free) != 0;
        count_boards(full, taken | queen, kernel_queens_rising(rising, queen),
                     kernel_queens_falling(falling, queen), boards);
    }
}

static struct sim_node place_queen(const struct sim_node *node, uint32_t queen)
{
    struct sim_node child = *node;

    child.a = node->a | queen;
    child.b = kernel_queens_rising((uint32_t)node->b, queen);
    child.c = kernel_queens_falling((uint32_t)node->c, queen);
    return child;
}

/* As the function does it: the last child is called. */
static void queens_unfold(const struct sim_costs *costs, const struct sim_node *node,
                          struct sim_code *code)
{
    uint32_t taken = (uint32_t)node->a;
    uint32_t rising = (uint32_t)node->b;
    uint32_t falling = (uint32_t)node->c;
    uint32_t free = kernel_queens_free(node->kind, taken, rising, falling);
    int left = __builtin_popcount(node->kind & ~taken);

    if (left <= QUEENS_WHOLE) {
        struct boards boards = {0, 0};

        count_boards(node->kind, taken, rising, falling, &boards);
        sim_run(code, (double)boards.all * costs->ns[SIM_QUEENS] +
                          (double)boards.forked * costs->ns[SIM_FORK]);
        return;
    }
    sim_run(code, costs->ns[SIM_QUEENS]);
    if (free == 0)
        return;
    unsigned forked = 0;

    for (; kernel_queens_rest(free) != 0; free = kernel_queens_rest(free), forked++) {
        struct sim_node child = place_queen(node, kernel_queens_first(free));

        sim_add(code, SIM_CHILD, &child);
    }
    struct sim_node last = place_queen(node, free);

    sim_add(code, SIM_CALL, &last);
    while (forked-- > 0)
        sim_join(code);
}

const struct sim_graph sim_graph_nqueens = {
    .name = "nqueens",
    .summary = "solutions of the n queens problem",
    .size_is = "n, the board's width",
    .size = 13,
    .size_min = 1,
    .size_max = 16,
    .root = queens_root,
    .unfold = queens_unfold,
    .work = SIM_QUEENS,
    .works = 1,
    .probe = 11,
};

/* -------------------------------------------------------------------------- uts */

/* A node that is to be hashed, or a range of the children of one that was. */
enum { UTS_ROOT, UTS_CHILD, UTS_RANGE };

static void uts_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)number;
    ret_node->kind = UTS_ROOT;
    ret_node->tree = (uint32_t)size;
}

static void unfold_range(const struct sim_node *node, struct sim_code *code)
{
    struct sim_node child = *node;
    uint64_t middle = node->a + (node->b - node->a) / 2;

    if (node->b - node->a > KERNEL_UTS_GROUP) {
        child.b = middle;
        sim_add(code, SIM_CHILD, &child);
        child.a = middle;
        child.b = node->b;
        sim_add(code, SIM_CALL, &child);
        sim_join(code);
        return;
    }
    child.kind = UTS_CHILD;
    for (child.a = node->a; child.a < node->b; child.a++)
        sim_add(code, SIM_CHILD, &child);
    for (uint64_t i = node->a; i < node->b; i++)
        sim_join(code);
}

static void uts_unfold(const struct sim_costs *costs, const struct sim_node *node,
                       struct sim_code *code)
{
    const struct kernel_uts_tree *tree = kernel_uts_tree_of(node->tree);
    struct sim_node range = *node;

    if (node->kind != UTS_RANGE) {
        range.uts = node->kind == UTS_ROOT
                        ? kernel_uts_root(tree)
                        : kernel_uts_child(&node->uts, (uint32_t)node->a);
        range.kind = UTS_RANGE;
        range.a = 0;
        range.b = kernel_uts_children(tree, &range.uts);
        sim_run(code, costs->ns[SIM_UTS]);
    }
    if (range.b != 0)
        unfold_range(&range, code);
}

static bool is_tree(uint64_t size)
{
    return size != 2;
}

const struct sim_graph sim_graph_uts = {
    .name = "uts",
    .summary = "search of an unbalanced tree, the real one",
    .size_is = "the published tree: 1 for T1, 3 for T3",
    .size = 1,
    .size_min = 1,
    .size_max = 3,
    .size_fits = is_tree,
    .root = uts_root,
    .unfold = uts_unfold,
    .work = SIM_UTS,
    .works = 1,
    .probe = 3,
};
