/*
 * blocks.c - graphs whose leaves work on blocks of memory: cilksort, heat, a loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/heat.h"
#include "bench/kernels/sort.h"
#include "bench/sim/graph.h"

#include <math.h>

enum { LOOP_LEAF = 64, KIB = 1024 };

/* --------------------------------------------------------------------- cilksort */

enum { SORT, MERGE };

/* a: where it begins, b: how many numbers, c: of how many in all. */
static void sort_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)number;
    ret_node->kind = SORT;
    ret_node->b = size;
    ret_node->c = size;
}

static double part_of(const struct sim_node *node)
{
    return ((double)node->a + (double)node->b / 2) / (double)node->c;
}

static double kib_of(uint64_t count)
{
    return (double)count * sizeof(uint32_t) / KIB;
}

static struct sim_node slice(const struct sim_node *node, uint32_t kind, uint64_t from,
                             uint64_t count)
{
    struct sim_node part = *node;

    part.kind = kind;
    part.a = node->a + from;
    part.b = count;
    return part;
}

/* Random numbers: a merge of two halves divides in the middle. */
static void merge_unfold(const struct sim_costs *costs, const struct sim_node *node,
                         struct sim_code *code)
{
    struct sim_node low = slice(node, MERGE, 0, node->b / 2);
    struct sim_node high = slice(node, MERGE, node->b / 2, node->b - node->b / 2);

    if (node->b <= KERNEL_MERGE_GRAIN) {
        sim_run_in(code, (double)node->b * costs->ns[SIM_MERGE], 2 * kib_of(node->b),
                   part_of(node));
        return;
    }
    sim_add(code, SIM_CHILD, &low);
    sim_add(code, SIM_CALL, &high);
    sim_join(code);
}

static void sort_unfold(const struct sim_costs *costs, const struct sim_node *node,
                        struct sim_code *code)
{
    uint64_t quarter = node->b / 4;
    uint64_t rest = node->b - 3 * quarter;

    if (node->kind == MERGE) {
        merge_unfold(costs, node, code);
        return;
    }
    if (node->b <= KERNEL_SORT_GRAIN) {
        double halvings = node->b > 1 ? log2((double)node->b) : 1;

        sim_run_in(code, (double)node->b * halvings * costs->ns[SIM_SORT],
                   kib_of(node->b), part_of(node));
        return;
    }
    for (uint64_t i = 0; i < 3; i++) {
        struct sim_node part = slice(node, SORT, i * quarter, quarter);

        sim_add(code, SIM_CHILD, &part);
    }
    struct sim_node part = slice(node, SORT, 3 * quarter, rest);
    struct sim_node low = slice(node, MERGE, 0, 2 * quarter);
    struct sim_node high = slice(node, MERGE, 2 * quarter, quarter + rest);
    struct sim_node all = slice(node, MERGE, 0, node->b);

    sim_add(code, SIM_CALL, &part);
    for (int i = 0; i < 3; i++)
        sim_join(code);
    sim_add(code, SIM_CHILD, &low);
    sim_add(code, SIM_CALL, &high);
    sim_join(code);
    sim_add(code, SIM_CALL, &all);
}

/* The numbers, and as much to merge into. */
static double sort_kib(uint64_t size)
{
    return 2 * kib_of(size);
}

const struct sim_graph sim_graph_cilksort = {
    .name = "cilksort",
    .summary = "merge sort with a parallel merge",
    .size_is = "32-bit numbers to sort",
    .size = 10000000,
    .size_min = 1,
    .size_max = 1000000000,
    .root = sort_root,
    .unfold = sort_unfold,
    .work = SIM_SORT,
    .works = 2,
    .kib = sort_kib,
};

/* ------------------------------------------------------------------------- heat */

enum { ALL_STEPS, STEP };

enum { HEAT_FORK_CELLS = 16384 };

/* a, b: the rows; c: the width. */
static void heat_root(uint64_t size, uint64_t number, struct sim_node *ret_node)
{
    (void)number;
    ret_node->kind = ALL_STEPS;
    ret_node->b = size;
    ret_node->c = size;
}

static void heat_unfold(const struct sim_costs *costs, const struct sim_node *node,
                        struct sim_code *code)
{
    struct sim_node part = *node;
    uint64_t rows = node->b - node->a;
    uint64_t middle = node->a + rows / 2;
    double width = (double)node->c;

    part.kind = STEP;
    if (node->kind == ALL_STEPS) {
        for (int i = 0; i < KERNEL_HEAT_STEPS; i++)
            sim_add(code, SIM_CALL, &part);
        return;
    }
    if (rows <= HEAT_FORK_CELLS / node->c + 1) {
        double cells = (double)rows * width;

        sim_run_in(code, cells * costs->ns[SIM_HEAT], 2 * cells * sizeof(double) / KIB,
                   (double)node->a / width);
        return;
    }
    part.b = middle;
    sim_add(code, SIM_CHILD, &part);
    part.a = middle;
    part.b = node->b;
    sim_add(code, SIM_CALL, &part);
    sim_join(code);
}

/* The plate of this step and of the next one. */
static double heat_kib(uint64_t size)
{
    return 2.0 * sizeof(double) * (double)size * (double)size / KIB;
}

const struct sim_graph sim_graph_heat = {
    .name = "heat",
    .summary = "stencil over a square plate, 50 steps",
    .size_is = "cells along an edge of the plate",
    .size = 2048,
    .size_min = 8,
    .size_max = 32768,
    .root = heat_root,
    .unfold = heat_unfold,
    .work = SIM_HEAT,
    .works = 1,
    .kib = heat_kib,
};

/* ------------------------------------------------------------------------- loop */

/* The work of an index: Pareto's with exponent 1.5 and a least value of 20 ns, cut at 100
 * us, from a hash of the index. */
static double loop_work(uint64_t index)
{
    uint64_t x = (index + 1) * 0x9e3779b97f4a7c15ULL;
    double u;
    double ns;

    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 32;
    u = ((double)(x >> 11) + 1) / 9007199254740993.0;
    ns = 20 / pow(u, 1 / 1.5);
    return ns < 100000 ? ns : 100000;
}

static void loop_unfold(const struct sim_costs *costs, const struct sim_node *node,
                        struct sim_code *code)
{
    struct sim_node part = *node;
    uint64_t middle = node->a + (node->b - node->a) / 2;
    double ns = 0;

    (void)costs;
    if (node->b - node->a <= LOOP_LEAF) {
        for (uint64_t i = node->a; i < node->b; i++)
            ns += loop_work(i);
        sim_run(code, ns);
        return;
    }
    part.b = middle;
    sim_add(code, SIM_CHILD, &part);
    part.a = middle;
    part.b = node->b;
    sim_add(code, SIM_CALL, &part);
    sim_join(code);
}

const struct sim_graph sim_graph_loop = {
    .name = "loop",
    .summary = "a loop whose indices take 20 ns to 100 us, heavy-tailed",
    .size_is = "indices",
    .size = 1000000,
    .size_min = 1,
    .size_max = 100000000,
    .root = heat_root,
    .unfold = loop_unfold,
};
