/*
 * The fork stack with thieves that the test controls: every child is stolen, or no theft
 * succeeds, at each place where a theft can be lost.
 *
 * White-box: the file is compiled into this test, with its lock and its barrier replaced
 * by ones that the test controls.  One thread plays all workers, so nothing here is left
 * to chance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/tree.h"

#include "base/asym.h"
#include "base/spin.h"

#include <magpie/barrier.h>

static void hooked_heavy(void);
static bool hooked_try_lock(struct mag_spin *spin);

#define mag_barrier_heavy hooked_heavy
#define mag_spin_try_lock hooked_try_lock
/* NOLINTBEGIN(bugprone-suspicious-include): the sources themselves, with the hooks. */
#include "sched/fork/deque.c"
#include "sched/fork/join.c"
#include "sched/fork/map.h"
/* NOLINTEND(bugprone-suspicious-include) */
#undef mag_barrier_heavy
#undef mag_spin_try_lock

#include "tests/support/sched/stacks.h"

/* This test pops in two halves; the check would take the child for that of another
 * function. */
#undef MAG_FORK_CHECK
#define MAG_FORK_CHECK(w, function) ((void)0)

/* What a thief is to meet. */
static struct {
    bool lock_is_held; /* the owner, or another thief, holds the lock */
    void (*overtake)(void) /* the owner runs between the thief's two steps */;
} hooks;

static void hooked_heavy(void)
{
    if (hooks.overtake != NULL)
        hooks.overtake();
    mag_barrier_heavy();
}

static bool hooked_try_lock(struct mag_spin *spin)
{
    return !hooks.lock_is_held && mag_spin_try_lock(spin);
}

/* ------------------------------------------------------------------ the stacks */

enum { STACKS = 24, DEPTH = 64, BRANCHES_MAX = 3 };

static struct mag_fork_stack *stacks[STACKS];

static int map_stacks(void **state)
{
    (void)state;
    return stacks_map(stacks, STACKS, MAG_SCHED_FORK_STACK_MIN);
}

static int unmap_stacks(void **state)
{
    (void)state;
    stacks_unmap(stacks, STACKS);
    return 0;
}

/* Zeroes the state that an earlier test has used. */
static int clean_stacks(void **state)
{
    (void)state;
    memset(&hooks, 0, sizeof(hooks));
    for (unsigned i = 0; i < STACKS; i++)
        memset((void *)stacks[i], 0, sizeof(struct mag_fork_stack) + 64 * 1024);
    stacks_init(stacks, STACKS, DEPTH);
    return 0;
}

static unsigned number_of(struct mag_fork_stack *stack)
{
    unsigned number = 0;

    while (stacks[number] != stack)
        number++;
    return number;
}

/* ------------------------------------------------------- every child is stolen */

static uint64_t thefts;
static uint64_t runs;

/* The worker of the next stack takes the oldest child of this stack and runs it at
 * once. */
static bool steal_from(struct mag_fork_stack *victim)
{
    struct mag_fork_stack *thief = stacks[number_of(victim) + 1];
    struct mag_fork_taken taken;

    if (mag_fork_stack_steal(victim, NULL, thief->slots, &taken) != MAG_FORK_STOLEN)
        return false;
    thefts++;
    mag_fork_stack_run(thief, &taken, thief->slots);
    return true;
}

/* Each child is stolen right after its fork, when it is the oldest. */
MAG_FORKABLE(uint64_t, tree, uint64_t, node, unsigned, depth)
static uint64_t tree(mag_fork w, uint64_t node, unsigned depth)
{
    struct tree_child children[BRANCHES_MAX];
    unsigned count = tree_branches(node, depth, BRANCHES_MAX);
    uint64_t sum = tree_mix(node);

    runs++;
    for (unsigned i = 0; i < count; i++) {
        children[i] = tree_fork(&w, tree_child_of(node, i), depth - 1);
        (void)steal_from(mag_fork_stack_of(w.top));
    }
    for (unsigned i = count; i-- > 0;)
        sum += tree_join(&w, children[i]) * (i + 1);
    return sum;
}

struct root {
    uint64_t node;
    unsigned depth;
    uint64_t sum;
};

static void run_tree(mag_fork w, void *payload)
{
    struct root *root = payload;

    root->sum = tree(w, root->node, root->depth);
}

static void trees_run(bool stolen)
{
    uint64_t random = test_seed();

    for (uint32_t i = 0; i < test_rounds(300); i++) {
        struct root root = {.node = test_random(&random), .depth = 10};
        uint64_t wanted = 0;
        uint64_t sum = tree_walk(root.node, root.depth, BRANCHES_MAX, &wanted);

        thefts = 0;
        runs = 0;
        mag_fork_stack_root(stacks[0], run_tree, &root);
        assert_true(root.sum == sum);
        assert_int_equal(runs, wanted);
        assert_int_equal(thefts, stolen ? wanted - 1 : 0);
    }
}

static void with_every_child_stolen_each_runs_once_and_the_sums_are_right(void **state)
{
    (void)state;
    trees_run(true);
}

static void with_every_theft_lost_to_the_lock_the_owner_runs_all(void **state)
{
    (void)state;
    hooks.lock_is_held = true;
    trees_run(false);
}

/* --------------------------------------------------------- at the greatest depth */

/* A chain in which each level's child is the next level, always stolen. */
MAG_FORKABLE(uint64_t, chain, unsigned, depth)
static uint64_t chain(mag_fork w, unsigned depth)
{
    if (depth == 0)
        return 1;
    struct chain_child child = chain_fork(&w, depth - 1);
    (void)steal_from(mag_fork_stack_of(w.top));
    return chain_join(&w, child) + 1;
}

static void run_chain(mag_fork w, void *payload)
{
    *(uint64_t *)payload = chain(w, STACKS - 1);
}

static void a_theft_of_a_theft_of_a_theft_comes_back_in_order(void **state)
{
    uint64_t result = 0;
    (void)state;

    thefts = 0;
    mag_fork_stack_root(stacks[0], run_chain, &result);
    assert_int_equal(result, STACKS);
    assert_int_equal(thefts, STACKS - 1);
}

/* -------------------------------------------------- thieves that lose in between */

static uint64_t ran[DEPTH];

MAG_FORKABLE(uint64_t, mark, uint64_t, index)
static uint64_t mark(mag_fork w, uint64_t index)
{
    (void)w;
    ran[index]++;
    return index;
}

/* An owner with some children outside the zone that it shares itself. */
enum { CHILDREN = 12 };
static struct mark_child marks[CHILDREN];
static mag_fork owner;
static unsigned left;
static uint64_t sum;

static void fork_marks(mag_fork w)
{
    memset(ran, 0, sizeof(ran));
    owner = w;
    sum = 0;
    for (left = 0; left < CHILDREN; left++)
        marks[left] = mark_fork(&owner, left);
}

/* While the thief holds the lock, the owner can pop only children without a tag. */
static void pop_untagged(void)
{
    /* relaxed: one thread. */
    while (left > 0 && atomic_load_explicit(&owner.top[-1].tag, memory_order_relaxed) ==
                           MAG_TAG_NONE) {
        left--;
        sum += mark_join(&owner, marks[left]);
    }
}

static void join_marks(void)
{
    while (left > 0) {
        left--;
        sum += mark_join(&owner, marks[left]);
    }
}

static void check_marks(void)
{
    for (unsigned i = 0; i < CHILDREN; i++)
        assert_int_equal(ran[i], 1);
    assert_int_equal(sum, CHILDREN * (CHILDREN - 1) / 2);
}

static enum mag_fork_steal try_steal(void)
{
    struct mag_fork_taken taken;
    enum mag_fork_steal r =
        mag_fork_stack_steal(stacks[0], NULL, stacks[1]->slots, &taken);

    if (r == MAG_FORK_STOLEN)
        mag_fork_stack_run(stacks[1], &taken, stacks[1]->slots);
    return r;
}

/* Takes all children that the owner has shared itself. */
static void empty_the_zone(void)
{
    while (base_of(stacks[0]) != split_of(stacks[0]))
        assert_int_equal(try_steal(), MAG_FORK_STOLEN);
}

static void lose_to_the_owner(mag_fork w, void *payload)
{
    (void)payload;
    fork_marks(w);
    empty_the_zone();
    hooks.overtake = pop_untagged;
    /* The thief tags the older half, and meanwhile the owner pops the younger half.
     * With fences each pop waits for the lock, which the thief holds. */
    assert_int_equal(try_steal(), MAG_FORK_STOLEN);
    assert_true(stacks_are_fenced ? left == CHILDREN : left < CHILDREN && left > 0);
    hooks.overtake = NULL;
    join_marks();
    check_marks();
}

static void an_owner_that_pops_while_a_thief_shares_loses_nothing(void **state)
{
    (void)state;
    mag_fork_stack_root(stacks[0], lose_to_the_owner, NULL);
}

/* The owner has cleared the child, but has not yet looked at its tag. */
static void clear_all(void)
{
    for (unsigned i = 0; i < left; i++) {
        /* relaxed: one thread. */
        atomic_store_explicit(&owner.top[-1 - (int)i].body, NULL, memory_order_relaxed);
    }
}

static void lose_to_a_cleared_child(mag_fork w, void *payload)
{
    (void)payload;
    fork_marks(w);
    empty_the_zone();
    hooks.overtake = clear_all;
    assert_int_equal(try_steal(), MAG_FORK_EMPTY);
    assert_true(split_of(stacks[0]) == base_of(stacks[0]));
    hooks.overtake = NULL;
    join_marks();
    check_marks();
}

static void a_thief_that_finds_its_child_cleared_withdraws(void **state)
{
    (void)state;
    mag_fork_stack_root(stacks[0], lose_to_a_cleared_child, NULL);
}

/* ---------------------------------------------------- a join that looks too late */

static struct mag_fork_slot *joined;
static unsigned helps;

/* Runs on the thief's stack, while the child of the other stack runs, or after it. */
static void fork_and_be_helped(mag_fork w, void *payload)
{
    struct mark_child forked = mark_fork(&w, 0);

    (void)payload;
    helps += help(stacks[0], joined);
    (void)mark_join(&w, forked);
}

static void be_late(mag_fork w, void *payload)
{
    joined = w.top;
    assert_int_equal(mag_fork_push(&w, fork_and_be_helped, payload, sizeof(uint64_t)), 0);
    assert_int_equal(try_steal(), MAG_FORK_STOLEN);
    assert_int_equal(helps, 1);
    /* The thief of that child has gone on to other work. */
    mag_fork_stack_root(stacks[1], fork_and_be_helped, NULL);
    assert_int_equal(helps, 1);
    assert_false(mag_fork_pop(&w));
}

static void a_join_takes_nothing_from_a_thief_that_has_gone_on(void **state)
{
    uint64_t payload = 0;
    (void)state;

    helps = 0;
    mag_fork_stack_root(stacks[0], be_late, &payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            with_every_child_stolen_each_runs_once_and_the_sums_are_right, clean_stacks),
        cmocka_unit_test_setup(with_every_theft_lost_to_the_lock_the_owner_runs_all,
                               clean_stacks),
        cmocka_unit_test_setup(a_theft_of_a_theft_of_a_theft_comes_back_in_order,
                               clean_stacks),
        cmocka_unit_test_setup(an_owner_that_pops_while_a_thief_shares_loses_nothing,
                               clean_stacks),
        cmocka_unit_test_setup(a_thief_that_finds_its_child_cleared_withdraws,
                               clean_stacks),
        cmocka_unit_test_setup(a_join_takes_nothing_from_a_thief_that_has_gone_on,
                               clean_stacks),
    };
    return cmocka_run_group_tests(tests, map_stacks, unmap_stacks);
}
