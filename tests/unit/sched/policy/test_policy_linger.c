/* SPDX-License-Identifier: Apache-2.0 */
/* How long to search, how many workers may search, how long to nap and how much to share:
 * small decisions, as tables. */
#include "sched/policy/linger.h"
#include "sched/policy/share.h"
#include "sched/policy/watch.h"
#include "tests/support/cmocka.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void at_most_half_of_those_awake_search_but_always_one_may(void **state)
{
    static const struct {
        uint32_t searching, awake;
        bool may;
    } rows[] = {{0, 1, true},  {0, 0, true},   {1, 1, false},  {1, 2, false},
                {1, 3, true},  {1, 4, true},   {2, 4, false},  {2, 5, true},
                {3, 6, false}, {31, 64, true}, {32, 64, false}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_linger_may_search(rows[i].searching, rows[i].awake),
                         rows[i].may);
}

static void a_budget_that_pays_doubles_and_one_that_does_not_is_halved(void **state)
{
    static const struct {
        uint32_t before, most;
        bool found;
        uint32_t after;
    } rows[] = {{10, 50, true, 20},  {30, 50, true, 50}, {50, 50, true, 50},
                {50, 50, false, 25}, {1, 50, false, 1},  {0, 50, false, 1},
                {1, 0, true, 0},     {0, 0, true, 0}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_linger_budget(rows[i].before, rows[i].most, rows[i].found),
                         rows[i].after);
}

static void a_search_lasts_as_long_as_its_budget(void **state)
{
    (void)state;
    assert_int_equal(mag_linger_until(7, 0), 7);
    assert_int_equal(mag_linger_until(7, 20), 20007);
    assert_int_equal(mag_linger_until(INT64_C(1) << 60, UINT32_MAX),
                     (INT64_C(1) << 60) + INT64_C(4294967295000));
}

static void pauses_double_up_to_a_limit(void **state)
{
    static const uint32_t wanted[] = {1, 2, 4, 8, 16, 32, 64, 64, 64};
    uint32_t pauses = 0;
    (void)state;

    for (size_t i = 0; i < ROWS(wanted); i++) {
        pauses = mag_linger_pauses(pauses);
        assert_int_equal(pauses, wanted[i]);
    }
}

static void the_first_to_park_beside_workers_that_run_watches(void **state)
{
    static const struct {
        bool watched;
        uint32_t resting, workers;
        bool begins;
    } rows[] = {{false, 1, 1, false}, {false, 1, 2, true},  {false, 2, 2, false},
                {true, 1, 2, false},  {false, 5, 64, true}, {true, 5, 64, false}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            mag_watch_begins(rows[i].watched, rows[i].resting, rows[i].workers),
            rows[i].begins);
}

static void a_watcher_is_missing_if_others_than_the_asker_run_unwatched(void **state)
{
    static const struct {
        bool watched;
        uint32_t parked, workers;
        bool missing;
    } rows[] = {{false, 1, 2, false},
                {false, 1, 3, true},
                {true, 1, 3, false},
                {false, 2, 3, false},
                {false, 0, 2, true}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            mag_watch_is_missing(rows[i].watched, rows[i].parked, rows[i].workers),
            rows[i].missing);
}

static void naps_double_until_something_is_seen(void **state)
{
    static const struct {
        int64_t last;
        bool seen, full;
        int64_t next;
    } rows[] = {{50000, false, false, 100000},  {100000, false, false, 200000},
                {200000, false, false, 200000}, {200000, true, false, 50000},
                {50000, true, false, 50000}, /* full: */
                {50000, false, true, 100000},   {200000, false, true, 400000},
                {800000, false, true, 1600000}, {1600000, false, true, 1600000},
                {1600000, true, true, 50000}, /* not full any more: */
                {1600000, false, false, 200000}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_watch_nap(rows[i].last, rows[i].seen, rows[i].full),
                         rows[i].next);
}

static void a_machine_is_full_if_as_many_run_as_it_has_processors(void **state)
{
    (void)state;
    assert_false(mag_watch_is_full(1, 2));
    assert_true(mag_watch_is_full(2, 2));
    assert_true(mag_watch_is_full(3, 2));
}

static void a_thief_shares_the_older_half_and_at_least_one(void **state)
{
    static const uint32_t wanted[] = {0, 1, 1, 2, 2, 3, 3, 4, 4};
    (void)state;

    for (uint32_t i = 0; i < ROWS(wanted); i++)
        assert_int_equal(mag_share_by_thief(i), wanted[i]);
    assert_int_equal(mag_share_by_thief(MAG_SHARE_LOOK_MAX), 8);
}

static void an_owner_shares_the_first_slots_while_it_has_patience(void **state)
{
    static const uintptr_t wanted[] = {0, 1, 2, 3, 3};
    (void)state;

    for (uintptr_t i = 0; i < ROWS(wanted); i++)
        assert_int_equal(mag_share_by_owner(i), wanted[i]);
    assert_true(mag_share_goes_on(1));
    assert_true(mag_share_goes_on(MAG_SHARE_PATIENCE));
    assert_false(mag_share_goes_on(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_half_of_those_awake_search_but_always_one_may),
        cmocka_unit_test(a_budget_that_pays_doubles_and_one_that_does_not_is_halved),
        cmocka_unit_test(a_search_lasts_as_long_as_its_budget),
        cmocka_unit_test(pauses_double_up_to_a_limit),
        cmocka_unit_test(the_first_to_park_beside_workers_that_run_watches),
        cmocka_unit_test(a_watcher_is_missing_if_others_than_the_asker_run_unwatched),
        cmocka_unit_test(naps_double_until_something_is_seen),
        cmocka_unit_test(a_machine_is_full_if_as_many_run_as_it_has_processors),
        cmocka_unit_test(a_thief_shares_the_older_half_and_at_least_one),
        cmocka_unit_test(an_owner_shares_the_first_slots_while_it_has_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
