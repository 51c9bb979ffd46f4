/*
 * White-box: the words where the members of a team meet.  One thread plays all members,
 * so that each order of steps can be tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include "sched/team/meet.c" /* NOLINT(bugprone-suspicious-include) */

#include <stdlib.h>

enum { LEAVES_MAX = 8, PARTS_MAX = LEAVES_MAX * MAG_MEET_MOST };

static struct mag_meet root;
static struct mag_meet groups[LEAVES_MAX];
static struct mag_meet_part parts[PARTS_MAX];

/* `count` participants in groups of at most MAG_MEET_MOST; one group is the root. */
static void begin(uint32_t count)
{
    uint32_t leaves = (count + MAG_MEET_MOST - 1) / MAG_MEET_MOST;

    mag_meet_init(&root, NULL, leaves == 1 ? count : leaves);
    for (uint32_t i = 0; i < leaves; i++) {
        uint32_t left = count - i * MAG_MEET_MOST;

        mag_meet_init(&groups[i], &root, left < MAG_MEET_MOST ? left : MAG_MEET_MOST);
    }
    for (uint32_t i = 0; i < count; i++)
        mag_meet_join(&parts[i], leaves == 1 ? &root : &groups[i / MAG_MEET_MOST], &root,
                      count < MAG_MEET_MOST ? count : MAG_MEET_MOST);
}

static bool is_over(void)
{
    return expected(look(&root)) == 0;
}

static void shuffle(uint32_t *order, uint32_t count, uint64_t *random)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = test_random_below(random, i);
        uint32_t before = order[i - 1];

        order[i - 1] = order[other];
        order[other] = before;
    }
}

static void the_last_to_arrive_opens_the_barrier(void **state)
{
    uint64_t random = test_seed();
    uint32_t order[PARTS_MAX];
    (void)state;

    for (uint32_t count = 1; count <= PARTS_MAX; count++) {
        begin(count);
        for (uint32_t round = 1; round <= 3; round++) {
            shuffle(order, count, &random);
            for (uint32_t i = 0; i < count; i++) {
                assert_int_equal(epoch(look(&root)), (round - 1) * MAG_MEET_EPOCH);
                assert_int_equal(climb(&parts[order[i]], false), i == count - 1);
            }
            assert_int_equal(epoch(look(&root)), round * MAG_MEET_EPOCH);
        }
    }
}

static void a_leave_opens_the_barrier_if_all_others_have_arrived(void **state)
{
    uint64_t random = test_seed();
    uint32_t order[PARTS_MAX];
    (void)state;

    for (uint32_t count = 2; count <= PARTS_MAX; count++) {
        uint32_t leaving = 1 + test_random_below(&random, count - 1);

        begin(count);
        shuffle(order, count, &random);
        for (uint32_t i = 0; i < count; i++) {
            /* Those who leave come at random between the others. */
            assert_int_equal(epoch(look(&root)), 0);
            assert_int_equal(climb(&parts[order[i]], order[i] < leaving), i == count - 1);
        }
        assert_int_equal(epoch(look(&root)), MAG_MEET_EPOCH);
        assert_false(is_over());
    }
}

static void the_last_to_leave_ends_the_team(void **state)
{
    uint64_t random = test_seed();
    uint32_t order[PARTS_MAX];
    (void)state;

    for (uint32_t count = 1; count <= PARTS_MAX; count++) {
        begin(count);
        shuffle(order, count, &random);
        for (uint32_t i = 0; i < count; i++) {
            assert_false(is_over());
            assert_false(climb(&parts[order[i]], true));
        }
        assert_true(is_over());
    }
}

static void those_who_stay_go_on_without_those_who_left(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t count = 2; count <= PARTS_MAX; count++) {
        uint32_t order[PARTS_MAX];
        uint32_t stay = count;

        begin(count);
        shuffle(order, count, &random);
        while (stay > 1) {
            for (uint32_t i = 0; i < stay; i++)
                assert_int_equal(climb(&parts[order[i]], false), i == stay - 1);
            uint32_t leave = 1 + test_random_below(&random, stay - 1);
            for (; leave > 0; leave--)
                assert_false(climb(&parts[order[--stay]], true));
        }
    }
}

static void the_epoch_may_go_round(void **state)
{
    (void)state;

    begin(2);
    /* relaxed: this is the only thread. */
    (void)atomic_fetch_sub_explicit(&root.word, MAG_MEET_EPOCH, memory_order_relaxed);
    for (int round = 0; round < 3; round++) {
        assert_false(climb(&parts[0], false));
        assert_true(climb(&parts[1], false));
        assert_int_equal(expected(look(&root)), 2);
        assert_int_equal(arrived(look(&root)), 0);
    }
    assert_int_equal(epoch(look(&root)), 2 * MAG_MEET_EPOCH);
}

static void opening_clears_the_mark_of_those_who_sleep(void **state)
{
    (void)state;

    begin(2);
    assert_false(climb(&parts[0], false));
    /* relaxed: this is the only thread. */
    (void)atomic_fetch_or_explicit(&root.word, MAG_MEET_ASLEEP, memory_order_relaxed);
    assert_true(climb(&parts[1], false));
    assert_int_equal(look(&root) & MAG_MEET_ASLEEP, 0);

    /* relaxed: as above. */
    (void)atomic_fetch_or_explicit(&root.word, MAG_MEET_ASLEEP, memory_order_relaxed);
    assert_false(climb(&parts[0], true));
    assert_int_not_equal(look(&root) & MAG_MEET_ASLEEP, 0);
    assert_false(climb(&parts[1], true));
    assert_int_equal(look(&root), MAG_MEET_EPOCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_to_arrive_opens_the_barrier),
        cmocka_unit_test(a_leave_opens_the_barrier_if_all_others_have_arrived),
        cmocka_unit_test(the_last_to_leave_ends_the_team),
        cmocka_unit_test(those_who_stay_go_on_without_those_who_left),
        cmocka_unit_test(the_epoch_may_go_round),
        cmocka_unit_test(opening_clears_the_mark_of_those_who_sleep),
    };

    return cmocka_run_group_tests_name("meet", tests, NULL, NULL);
}
