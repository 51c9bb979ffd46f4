/*
 * Random trees of ranges, joined while thieves take what is left of them: each child runs
 * once, and results are combined in the order of the indices, with any number of workers,
 * any depth of the stack and both forms of the barriers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forest.h"
#include "tests/support/sched/start.h"

#include <magpie/fork_range.h>

enum { BRANCHES_MAX = 9, DEPTH = 6 };

/* The function x -> scale * x + shift: putting two behind each other is associative, and
 * not commutative. */
struct step {
    uint64_t scale;
    uint64_t shift;
};

static struct step step_of(uint64_t node)
{
    return (struct step){tree_mix(node) | 1, tree_mix(node ^ 0x77)};
}

static void append(struct step *value, const struct step *later)
{
    value->shift = value->shift * later->scale + later->shift;
    value->scale *= later->scale;
}

static struct step walk_serially(uint64_t node, unsigned depth)
{
    struct step value = step_of(node);
    unsigned count = tree_branches(node, depth, BRANCHES_MAX);

    for (unsigned i = 0; i < count; i++) {
        struct step later = walk_serially(tree_child_of(node, i), depth - 1);

        append(&value, &later);
    }
    return value;
}

MAG_FORKABLE(struct step, walk, uint64_t, node, unsigned, depth)
MAG_FORKABLE_RANGE(struct step, branch, uint64_t, node, unsigned, depth)

static struct step walk(mag_fork w, uint64_t node, unsigned depth)
{
    struct step value = step_of(node);
    unsigned count = tree_branches(node, depth, BRANCHES_MAX);
    struct branch_range range = branch_fork_range(&w, 0, count, node, depth);

    forest_dawdle(node);
    struct step later = branch_join_range(&w, range);
    if (count > 0)
        append(&value, &later);
    return value;
}

static struct step branch(mag_fork w, size_t index, uint64_t node, unsigned depth)
{
    return walk(w, tree_child_of(node, (unsigned)index), depth - 1);
}

static void branch_combine(struct step *value, const struct step *later)
{
    append(value, later);
}

static void check_result(struct mag_sched *sched, uint64_t root)
{
    struct step wanted = walk_serially(root, DEPTH);
    struct step result = {0, 0};

    assert_int_equal(walk_run(sched, &result, root, DEPTH), 0);
    assert_true(result.scale == wanted.scale && result.shift == wanted.shift);
}

static void random_trees_have_their_serial_results(void **state)
{
    (void)state;
    forest_check(400, check_result);
}

/* Children that take next to no time: the owner claims while thieves cut. */
MAG_FORKABLE_RANGE_VOID(touch, _Atomic(uint8_t) *, counts)
static void touch(mag_fork w, size_t index, _Atomic(uint8_t) *counts)
{
    (void)w;
    /* relaxed: the join orders it. */
    (void)atomic_fetch_add_explicit(&counts[index], 1, memory_order_relaxed);
}

enum { SMALL = 5000 };

static _Atomic(uint8_t) counts[SMALL];

MAG_FORKABLE_VOID(touch_all, size_t, end)
static void touch_all(mag_fork w, size_t end)
{
    struct touch_range range = touch_fork_range(&w, 0, end, counts);

    touch_join_range(&w, range);
}

static void small_children_run_once_while_thieves_cut(void **state)
{
    struct mag_sched *sched = test_sched_start(3);
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t round = 0; test_goes_on(round, test_rounds(20000)); round++) {
        size_t end = test_random(&random) % SMALL;

        assert_int_equal(touch_all_run(sched, end), 0);
        for (size_t i = 0; i < SMALL; i++) {
            /* relaxed: the computation is over. */
            assert_int_equal(atomic_load_explicit(&counts[i], memory_order_relaxed),
                             i < end ? 1 : 0);
            atomic_init(&counts[i], 0);
        }
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_trees_have_their_serial_results),
        cmocka_unit_test(small_children_run_once_while_thieves_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
