/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "sched/policy/roster.h"

#include <string.h>

/* Which workers a team takes, and which of them is which member. */

enum { WORKERS = 70 }; /* more than one word of a bitmap */

static uint64_t held[MAG_ROSTER_WORDS];
static uint64_t idle[MAG_ROSTER_WORDS];
static struct mag_roster roster;

static void mark(uint64_t *set, uint32_t worker)
{
    set[worker / 64] |= (uint64_t)1 << worker % 64;
}

static struct mag_roster_wish wish_for(uint32_t size, uint32_t first)
{
    memset(held, 0, sizeof(held));
    memset(idle, 0, sizeof(idle));
    return (struct mag_roster_wish){
        .workers = WORKERS, .first = first, .size = size, .self = MAG_NONE, .held = held};
}

static void a_roster_begins_where_the_caller_says_and_goes_round(void **state)
{
    struct mag_roster_wish wish = wish_for(4, WORKERS - 2);
    (void)state;

    assert_true(mag_roster_choose(&wish, &roster));
    assert_int_equal(mag_roster_worker(&roster, 1), WORKERS - 2);
    assert_int_equal(mag_roster_worker(&roster, 2), WORKERS - 1);
    assert_int_equal(mag_roster_worker(&roster, 3), 0);
    assert_int_equal(mag_roster_worker(&roster, 4), 1);
    assert_int_equal(mag_roster_begin(&roster), WORKERS - 2);
}

static void the_same_wish_gives_the_same_roster(void **state)
{
    struct mag_roster_wish wish = wish_for(20, 60);
    struct mag_roster other;
    (void)state;

    mark(held, 63);
    mark(held, 2);
    assert_true(mag_roster_choose(&wish, &roster));
    assert_true(mag_roster_choose(&wish, &other));
    for (uint32_t i = 1; i <= 20; i++)
        assert_int_equal(mag_roster_worker(&roster, i), mag_roster_worker(&other, i));
}

static void neither_held_workers_nor_the_caller_are_taken(void **state)
{
    struct mag_roster_wish wish = wish_for(3, 10);
    (void)state;

    mark(held, 10);
    mark(held, 12);
    wish.self = 13;
    assert_true(mag_roster_choose(&wish, &roster));
    assert_int_equal(mag_roster_worker(&roster, 1), 11);
    assert_int_equal(mag_roster_worker(&roster, 2), 14);
    assert_int_equal(mag_roster_worker(&roster, 3), 15);
    assert_int_equal(mag_roster_begin(&roster), 11);
}

static void all_workers_can_be_one_roster_and_one_more_cannot(void **state)
{
    struct mag_roster_wish wish = wish_for(WORKERS, 5);
    (void)state;

    assert_true(mag_roster_choose(&wish, &roster));
    assert_int_equal(mag_roster_worker(&roster, WORKERS), 4);
    wish.self = 7;
    assert_false(mag_roster_choose(&wish, &roster));
    wish.size = WORKERS - 1;
    assert_true(mag_roster_choose(&wish, &roster));
}

static void idle_workers_come_first_if_that_is_asked(void **state)
{
    struct mag_roster_wish wish = wish_for(3, 0);
    (void)state;

    mark(idle, 65);
    mark(idle, 30);
    wish.idle = idle;
    assert_true(mag_roster_choose(&wish, &roster));
    assert_int_equal(mag_roster_worker(&roster, 1), 0);
    assert_int_equal(mag_roster_worker(&roster, 2), 30);
    assert_int_equal(mag_roster_worker(&roster, 3), 65);
}

static void only_idle_workers_are_taken_if_that_is_asked(void **state)
{
    struct mag_roster_wish wish = wish_for(2, 40);
    (void)state;

    mark(idle, 65);
    wish.idle = idle;
    wish.idle_only = true;
    assert_false(mag_roster_choose(&wish, &roster));
    mark(idle, 30);
    assert_true(mag_roster_choose(&wish, &roster));
    assert_int_equal(mag_roster_worker(&roster, 1), 65);
    assert_int_equal(mag_roster_worker(&roster, 2), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_roster_begins_where_the_caller_says_and_goes_round),
        cmocka_unit_test(the_same_wish_gives_the_same_roster),
        cmocka_unit_test(neither_held_workers_nor_the_caller_are_taken),
        cmocka_unit_test(all_workers_can_be_one_roster_and_one_more_cannot),
        cmocka_unit_test(idle_workers_come_first_if_that_is_asked),
        cmocka_unit_test(only_idle_workers_are_taken_if_that_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
