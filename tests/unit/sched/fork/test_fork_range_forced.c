/*
 * A range whose owner and thief meet at each place where they can: the thief cuts before
 * or after the owner's store, or has not cut yet when the owner looks.
 *
 * White-box: the files are compiled into this test, and one thread plays owner and thief,
 * so nothing here is left to chance.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"

#include "base/asym.h"
#include "base/os.h"

#include <magpie/barrier.h>

static void hooked_pause(void);
static void hooked_heavy(void);

#define mag_os_pause      hooked_pause
#define mag_barrier_heavy hooked_heavy
/* NOLINTBEGIN(bugprone-suspicious-include): the sources themselves, with the hooks. */
#include "sched/fork/deque.c"
#include "sched/fork/join.c"
#include "sched/fork/map.h"
#include "sched/fork/range.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef mag_os_pause
#undef mag_barrier_heavy

#include "tests/support/sched/stacks.h"

enum { DEPTH = 64, CHILDREN = 5 };

static struct mag_fork_stack *stacks[2];

static int map_stacks(void **state)
{
    (void)state;
    return stacks_map(stacks, 2, MAG_SCHED_FORK_STACK_MIN);
}

static int unmap_stacks(void **state)
{
    (void)state;
    stacks_unmap(stacks, 2);
    return 0;
}

static int clean_stacks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        memset((void *)stacks[i], 0, sizeof(struct mag_fork_stack) + 64 * 1024);
    stacks_init(stacks, 2, DEPTH);
    return 0;
}

/* ------------------------------------------------------------ owner and thief */

static struct mag_fork_taken taken;
static struct mag_fork_part part;
static void (*overtake)(void); /* by the owner, between a thief's two steps */

static void hooked_heavy(void)
{
    if (overtake != NULL)
        overtake();
    mag_barrier_heavy();
}

/* The thief's function never runs: the test plays it. */
static void never(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
}

static struct mag_fork_slot *fork_children(void)
{
    mag_fork w = {stacks[0]->slots};

    mag_fork_range_fill(w, 0, CHILDREN);
    mag_fork_publish(&w, never);
    return stacks[0]->slots;
}

static void take_all(void)
{
    assert_int_equal(mag_fork_stack_steal(stacks[0], NULL, stacks[1]->slots, &taken),
                     MAG_FORK_STOLEN);
}

static void cut_rest(void)
{
    mag_fork w = {stacks[1]->slots};

    stacks[1]->child = taken.slot;
    part = mag_fork_range_cut(w, taken.slot->payload);
    stacks[1]->child = NULL;
}

/* What the thief does while the owner waits for it. */
static void (*meanwhile)(void);

static void hooked_pause(void)
{
    assert_non_null(meanwhile);
    meanwhile();
    meanwhile = NULL;
}

static void finish(void)
{
    mag_fork_complete(taken.slot);
}

static void cut_and_finish(void)
{
    cut_rest();
    finish();
}

/* ------------------------------------------------------------------------- tests */

static void the_owner_claims_what_no_thief_has_taken(void **state)
{
    struct mag_fork_slot *slot = fork_children();
    (void)state;

    for (size_t i = 0; i < CHILDREN - 1; i++)
        assert_true(mag_fork_range_claim(slot, i));
    take_all();
    cut_rest();
    assert_int_equal(part.begin, CHILDREN - 1);
    assert_int_equal(part.end, CHILDREN);
}

static void a_thief_that_cuts_before_the_claim_has_the_index(void **state)
{
    struct mag_fork_slot *slot = fork_children();
    (void)state;

    assert_true(mag_fork_range_claim(slot, 0));
    take_all();
    cut_rest();
    assert_int_equal(part.begin, 1);
    assert_int_equal(part.end, CHILDREN);
    meanwhile = finish;
    assert_false(mag_fork_range_claim(slot, 1));
    assert_null(meanwhile);
}

static void an_owner_that_claims_before_the_cut_has_the_index(void **state)
{
    struct mag_fork_slot *slot = fork_children();
    (void)state;

    take_all();
    /* relaxed: one thread.  The owner's store, before it looks at the tag. */
    atomic_store_explicit(&range_of(slot)->next, 1, memory_order_relaxed);
    cut_rest();
    assert_int_equal(part.begin, 1);
    assert_true(mag_fork_range_claim(slot, 0));
    meanwhile = finish;
    assert_false(mag_fork_range_claim(slot, 1));
}

static void a_thief_that_has_not_cut_gets_the_index(void **state)
{
    struct mag_fork_slot *slot = fork_children();
    (void)state;

    assert_true(mag_fork_range_claim(slot, 0));
    take_all();
    meanwhile = cut_and_finish;
    assert_false(mag_fork_range_claim(slot, 1));
    assert_int_equal(part.begin, 1);
    assert_int_equal(part.end, CHILDREN);
}

static void the_last_index_is_popped_or_taken(void **state)
{
    struct mag_fork_slot *slot = fork_children();
    mag_fork w = {slot + 1};
    (void)state;

    for (size_t i = 0; i < CHILDREN - 1; i++)
        assert_true(mag_fork_range_claim(slot, i));
    assert_true(mag_fork_pop(&w));
    assert_int_equal(mag_fork_stack_steal(stacks[0], NULL, stacks[1]->slots, &taken),
                     MAG_FORK_EMPTY);

    slot = fork_children();
    w.top = slot + 1;
    for (size_t i = 0; i < CHILDREN - 1; i++)
        assert_true(mag_fork_range_claim(slot, i));
    take_all();
    meanwhile = cut_and_finish;
    assert_false(mag_fork_pop(&w));
    assert_int_equal(part.begin, CHILDREN - 1);
}

static void claim_unseen(void)
{
    /* relaxed: one thread.  The owner stored this, and read the tag, before the thief
     * shared the slot. */
    atomic_store_explicit(&range_of(stacks[0]->slots)->next, 3, memory_order_relaxed);
}

static void a_thief_sees_claims_from_before_its_barrier(void **state)
{
    (void)fork_children();
    (void)state;

    overtake = claim_unseen;
    take_all();
    overtake = NULL;
    cut_rest();
    assert_int_equal(part.begin, 3);
}

static void a_huge_range_is_cut_where_its_owner_stands(void **state)
{
    mag_fork w = {stacks[0]->slots};
    (void)state;

    mag_fork_range_fill(w, UINT32_MAX, SIZE_MAX);
    mag_fork_publish(&w, never);
    assert_true(mag_fork_range_claim(w.top - 1, UINT32_MAX));
    take_all();
    cut_rest();
    assert_true(part.begin == (size_t)UINT32_MAX + 1);
    assert_true(part.end == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_owner_claims_what_no_thief_has_taken, clean_stacks),
        cmocka_unit_test_setup(a_thief_that_cuts_before_the_claim_has_the_index,
                               clean_stacks),
        cmocka_unit_test_setup(an_owner_that_claims_before_the_cut_has_the_index,
                               clean_stacks),
        cmocka_unit_test_setup(a_thief_that_has_not_cut_gets_the_index, clean_stacks),
        cmocka_unit_test_setup(the_last_index_is_popped_or_taken, clean_stacks),
        cmocka_unit_test_setup(a_thief_sees_claims_from_before_its_barrier, clean_stacks),
        cmocka_unit_test_setup(a_huge_range_is_cut_where_its_owner_stands, clean_stacks),
    };
    return cmocka_run_group_tests(tests, map_stacks, unmap_stacks);
}
