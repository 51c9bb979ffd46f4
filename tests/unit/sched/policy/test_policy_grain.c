/* SPDX-License-Identifier: Apache-2.0 */
/* How many indices a loop gives to a body at once, and when it calls for help. */
#include "sched/policy/grain.h"
#include "tests/support/cmocka.h"

#include <magpie/loop.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void a_range_is_to_take_five_microseconds(void **state)
{
    static const struct {
        size_t grain;
        int64_t took_ns;
        size_t next;
    } rows[] = {
        {1, 1000, 5},      {1, 5000, 1},
        {100, 2500, 200},  {100, 5001, 100},
        {100, 10000, 50},  {100, 1000000, 1},
        {1, INT64_MAX, 1}, {SIZE_MAX, 20000, SIZE_MAX / 4},
    };
    (void)state;

    assert_int_equal(MAG_GRAIN_AIM_NS, MAG_FOR_RANGE_NS);
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_grain_next(rows[i].grain, rows[i].took_ns), rows[i].next);
}

static void a_grain_grows_sixteenfold_at_most(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_next(1, 0), 16);
    assert_int_equal(mag_grain_next(1, 25), 16);
    assert_int_equal(mag_grain_next(16, 312), 256);
    assert_int_equal(mag_grain_next(SIZE_MAX / 16, 1), SIZE_MAX / 16 * 16);
    assert_int_equal(mag_grain_next(SIZE_MAX / 16 + 1, 1), SIZE_MAX);
    assert_int_equal(mag_grain_next(SIZE_MAX, 1), SIZE_MAX);
}

static void a_range_is_long_on_an_average(void **state)
{
    (void)state;
    assert_true(mag_grain_is_long(1500, 3));
    assert_false(mag_grain_is_long(1499, 3));
    assert_false(mag_grain_is_long(-1, 1));
    assert_true(mag_grain_is_long(INT64_MAX, UINT32_MAX));
}

static void a_loop_begins_with_a_small_part_of_a_workers_share(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_begin(1, 1), 1);
    assert_int_equal(mag_grain_begin(127, 1), 1);
    assert_int_equal(mag_grain_begin(128, 1), 2);
    assert_int_equal(mag_grain_begin(128, 2), 1);
    assert_int_equal(mag_grain_begin(511, 2), 2);
    assert_int_equal(mag_grain_begin(512, 2), 4);
    assert_int_equal(mag_grain_begin(SIZE_MAX, 1), 4);
    assert_int_equal(mag_grain_begin(SIZE_MAX, MAG_SCHED_WORKERS_MAX), 4);
}

static void a_thief_begins_with_a_sixteenth(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_first(1), 1);
    assert_int_equal(mag_grain_first(15), 1);
    assert_int_equal(mag_grain_first(16), 1);
    assert_int_equal(mag_grain_first(320), 20);
    assert_int_equal(mag_grain_first(SIZE_MAX), SIZE_MAX / 16);
}

static void help_is_wanted_for_much_work_at_a_known_speed(void **state)
{
    static const struct {
        size_t done;
        int64_t took_ns;
        size_t left;
        bool wants;
    } rows[] = {
        {1, 1999, SIZE_MAX, false}, {1, 2000, 25, true},        {1, 2000, 24, false},
        {2000, 2000, 50000, true},  {2000, 2000, 49000, false}, {1, 100000, 0, false},
        {1, 100000, 1, true},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            mag_grain_wants_help(rows[i].done, rows[i].took_ns, rows[i].left),
            rows[i].wants);
}

static void what_is_left_is_offered_if_it_is_worth_a_steal(void **state)
{
    static const struct {
        size_t done;
        int64_t took_ns;
        size_t left;
        bool wants;
    } rows[] = {{4, 99, SIZE_MAX, false}, {4, 100, SIZE_MAX, true},
                {100, 100, 1999, false},  {100, 100, 2000, true},
                {1, INT64_MAX, 1, true},  {SIZE_MAX, 100, 1, false}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(
            mag_grain_wants_offer(rows[i].done, rows[i].took_ns, rows[i].left),
            rows[i].wants);
    assert_true(mag_grain_offers_first(1));
    assert_false(mag_grain_offers_first(2));
}

static void a_loop_that_offers_nothing_at_most_doubles_what_it_has_seen(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_alone(SIZE_MAX, 4), 64);
    assert_int_equal(mag_grain_alone(SIZE_MAX, 64), 64);
    assert_int_equal(mag_grain_alone(SIZE_MAX, 68), 68);
    assert_int_equal(mag_grain_alone(67, 68), 67);
    assert_int_equal(mag_grain_alone(1, 0), 1);
}

static void a_few_long_ranges_are_offered_at_once(void **state)
{
    static const struct {
        size_t left, grain;
        int64_t range_ns;
        bool is_few;
    } rows[] = {{2, 1, INT64_MAX, true},
                {63, 1, 500, true},
                {64, 1, 500, false},
                {63, 1, 499, false},
                {639, 10, 500, true},
                {640, 10, 500, false},
                {SIZE_MAX, SIZE_MAX, 500, true}};
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++)
        assert_int_equal(mag_grain_is_few(rows[i].left, rows[i].grain,
                                          mag_grain_is_long(rows[i].range_ns, 1)),
                         rows[i].is_few);
}

static void a_window_has_blocks_for_all_berths(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_blocks(1), 32);
    assert_int_equal(mag_grain_blocks(8), 32);
    assert_int_equal(mag_grain_blocks(9), 36);
    assert_int_equal(mag_grain_blocks(1000), 1024);
}

static void a_block_of_a_scan_is_to_take_twenty_microseconds(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_block(2000, 2000), 20000);
    assert_int_equal(mag_grain_block(1, 100000), 1);
    assert_int_equal(mag_grain_block(SIZE_MAX, 1), SIZE_MAX / 2);
}

static void a_window_is_to_take_half_a_millisecond(void **state)
{
    (void)state;
    assert_int_equal(mag_grain_block_next(1000, 500000), 1000);
    assert_int_equal(mag_grain_block_next(1000, 250000), 2000);
    assert_int_equal(mag_grain_block_next(1000, 0), 4000);
    assert_int_equal(mag_grain_block_next(1000, INT64_MAX), 250);
    assert_int_equal(mag_grain_block_next(1, INT64_MAX), 1);
    assert_int_equal(mag_grain_block_next(SIZE_MAX, 1), SIZE_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_to_take_five_microseconds),
        cmocka_unit_test(a_grain_grows_sixteenfold_at_most),
        cmocka_unit_test(a_range_is_long_on_an_average),
        cmocka_unit_test(a_loop_begins_with_a_small_part_of_a_workers_share),
        cmocka_unit_test(a_thief_begins_with_a_sixteenth),
        cmocka_unit_test(what_is_left_is_offered_if_it_is_worth_a_steal),
        cmocka_unit_test(a_loop_that_offers_nothing_at_most_doubles_what_it_has_seen),
        cmocka_unit_test(a_few_long_ranges_are_offered_at_once),
        cmocka_unit_test(a_window_has_blocks_for_all_berths),
        cmocka_unit_test(a_block_of_a_scan_is_to_take_twenty_microseconds),
        cmocka_unit_test(a_window_is_to_take_half_a_millisecond),
        cmocka_unit_test(help_is_wanted_for_much_work_at_a_known_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
