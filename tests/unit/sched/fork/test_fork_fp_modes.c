/*
 * Which floating-point modes a stolen child gets if runs with different modes lie on one
 * fork stack.
 *
 * White-box: one thread plays both workers, so that nothing is left to chance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/sched/modes.h"
#include "tests/support/sched/stacks.h"

enum { STACKS = 2, DEPTH = 64, STACK_BYTES = 1 << 24 };

static struct mag_fork_stack *stacks[STACKS];

static int map_stacks(void **state)
{
    (void)state;
    if (stacks_map(stacks, STACKS, STACK_BYTES) != 0)
        return -1;
    stacks_init(stacks, STACKS, DEPTH);
    return 0;
}

static int unmap_stacks(void **state)
{
    (void)state;
    stacks_unmap(stacks, STACKS);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    reset_modes();
    return 0;
}

/* Records the modes that a child ran with; then leaves other modes behind. */
static void record(mag_fork w, void *payload)
{
    struct modes *seen;

    (void)w;
    memcpy(&seen, payload, sizeof(seen));
    *seen = modes_now();
    set_modes(FE_TOWARDZERO);
}

static void push(mag_fork *w, struct modes *seen)
{
    assert_int_equal(mag_fork_push(w, record, &seen, sizeof(seen)), 0);
}

/* The other worker takes the oldest child and runs it at once. */
static void steal(void)
{
    struct mag_fork_stack *thief = stacks[1];
    struct mag_fork_taken taken;
    struct modes before = modes_now();

    assert_int_equal(mag_fork_stack_steal(stacks[0], NULL, thief->slots, &taken),
                     MAG_FORK_STOLEN);
    mag_fork_stack_run(thief, &taken, thief->slots);
    assert_true(same_modes(modes_now(), before));
}

static struct modes outer_modes, inner_modes;
static struct modes seen[4];

static void run_inner(mag_fork w, void *payload)
{
    (void)payload;
    inner_modes = modes_now();
    push(&w, &seen[1]);
    push(&w, &seen[2]);
    /* The oldest child belongs to the outer run, though this run began last. */
    steal();
    steal();
    steal();
    assert_false(mag_fork_pop(&w));
    assert_false(mag_fork_pop(&w));
}

static void run_outer(mag_fork w, void *payload)
{
    (void)payload;
    outer_modes = modes_now();
    push(&w, &seen[0]);
    set_modes(FE_DOWNWARD);
    mag_fork_stack_root(stacks[0], run_inner, NULL);
    /* In the slot where the inner run had its first child. */
    push(&w, &seen[3]);
    steal();
    assert_false(mag_fork_pop(&w));
    assert_false(mag_fork_pop(&w));
}

static void check_runs(void)
{
    memset(seen, 0, sizeof(seen));
    mag_fork_stack_root(stacks[0], run_outer, NULL);
    assert_false(same_modes(outer_modes, inner_modes));
    assert_true(same_modes(seen[0], outer_modes));
    assert_true(same_modes(seen[1], inner_modes));
    assert_true(same_modes(seen[2], inner_modes));
    assert_true(same_modes(seen[3], outer_modes));
    assert_ptr_equal(stacks[0]->modes, &stacks[0]->own);
    assert_ptr_equal(stacks[1]->modes, &stacks[1]->own);
}

static void each_child_has_the_modes_of_the_run_that_it_belongs_to(void **state)
{
    (void)state;
    check_runs(); /* with the worker's modes, then with others inside */
    reset_modes();
    set_modes(FE_UPWARD);
    check_runs(); /* with other modes, then with others again */
}

/* A stolen child that forks one, which is stolen back. */
static void run_thief_of_thief(mag_fork w, void *payload)
{
    struct modes *mine;

    memcpy(&mine, payload, sizeof(mine));
    *mine = modes_now();
    push(&w, &seen[1]);
    struct mag_fork_taken taken;
    assert_int_equal(mag_fork_stack_steal(stacks[1], NULL, stacks[0]->slots + 8, &taken),
                     MAG_FORK_STOLEN);
    assert_true(taken.fp == mag_fp_read());
    mag_fork_stack_run(stacks[0], &taken, stacks[0]->slots + 8);
    assert_false(mag_fork_pop(&w));
}

static void run_forker(mag_fork w, void *payload)
{
    struct modes *mine = &seen[0];

    (void)payload;
    outer_modes = modes_now();
    assert_int_equal(mag_fork_push(&w, run_thief_of_thief, &mine, sizeof(mine)), 0);
    reset_modes(); /* the modes of the thief */
    steal();
    assert_false(mag_fork_pop(&w));
}

static void children_of_stolen_children_have_the_modes_of_their_run(void **state)
{
    (void)state;
    set_modes(FE_UPWARD);
    memset(seen, 0, sizeof(seen));
    mag_fork_stack_root(stacks[0], run_forker, NULL);
    assert_true(same_modes(seen[0], outer_modes));
    assert_true(same_modes(seen[1], outer_modes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_child_has_the_modes_of_the_run_that_it_belongs_to,
                               begin),
        cmocka_unit_test_setup(children_of_stolen_children_have_the_modes_of_their_run,
                               begin),
    };
    return cmocka_run_group_tests(tests, map_stacks, unmap_stacks);
}
