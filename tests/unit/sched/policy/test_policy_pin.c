/* SPDX-License-Identifier: Apache-2.0 */
/* When a worker is loosened and when it is pinned again, as tables of looks. */
#include "sched/policy/pin.h"
#include "tests/support/cmocka.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

#define MS INT64_C(1000000)

static const struct mag_pin_look quiet = {.ran_ns = 100 * MS, .waited_ns = 0};
static const struct mag_pin_look taken = {.ran_ns = 50 * MS, .waited_ns = 50 * MS};
static const struct mag_pin_look between = {.ran_ns = 90 * MS, .waited_ns = 10 * MS};

/* `count` looks of one kind; returns the range after the last. */
static enum mag_pin_range looks(struct mag_pin_memory *memory, struct mag_pin_look look,
                                uint32_t count)
{
    enum mag_pin_range range = (enum mag_pin_range)memory->range;

    for (uint32_t i = 0; i < count; i++)
        range = mag_pin_next(memory, look, MAG_PIN_RANGE_NODE);
    return range;
}

/* Makes a worker that is loosened now. */
static struct mag_pin_memory loosened(void)
{
    struct mag_pin_memory memory = {0};

    assert_int_equal(looks(&memory, taken, 1), MAG_PIN_RANGE_CACHE);
    return memory;
}

static void one_look_decides_whether_the_pu_is_taken(void **state)
{
    static const struct {
        int64_t ran, waited;
        enum mag_pin_range range;
    } rows[] = {
        {100 * MS, 0, MAG_PIN_RANGE_PU},
        {97 * MS, 3 * MS, MAG_PIN_RANGE_PU},
        {76 * MS, 24 * MS, MAG_PIN_RANGE_PU},
        {74 * MS, 26 * MS, MAG_PIN_RANGE_CACHE},
        {50 * MS, 50 * MS, MAG_PIN_RANGE_CACHE},
        {0, 100 * MS, MAG_PIN_RANGE_CACHE},
        /* a short job that waited for the end of a time slice */
        {MS / 100, 4 * MS, MAG_PIN_RANGE_CACHE},
        /* too little to tell */
        {MS / 2, MS / 2 - 1, MAG_PIN_RANGE_PU},
        {0, 0, MAG_PIN_RANGE_PU},
    };
    (void)state;

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct mag_pin_memory memory = {0};
        struct mag_pin_look look = {rows[i].ran, rows[i].waited};

        assert_int_equal(mag_pin_next(&memory, look, MAG_PIN_RANGE_NODE), rows[i].range);
    }
}

static void a_worker_that_waits_in_its_cache_domain_too_gets_its_node(void **state)
{
    struct mag_pin_memory memory = loosened();
    (void)state;

    assert_int_equal(looks(&memory, taken, MAG_PIN_WIDEN_LOOKS - 1), MAG_PIN_RANGE_CACHE);
    assert_int_equal(looks(&memory, taken, 1), MAG_PIN_RANGE_NODE);
    assert_int_equal(looks(&memory, taken, 100), MAG_PIN_RANGE_NODE);
}

static void a_range_is_not_widened_beyond_the_widest(void **state)
{
    struct mag_pin_memory memory = {0};
    (void)state;

    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_pin_next(&memory, taken, MAG_PIN_RANGE_PU),
                         MAG_PIN_RANGE_PU);
    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_pin_next(&memory, taken, MAG_PIN_RANGE_CACHE),
                         MAG_PIN_RANGE_CACHE);
}

static void a_quiet_worker_is_pinned_again_after_some_looks(void **state)
{
    struct mag_pin_memory memory = loosened();
    (void)state;

    assert_int_equal(looks(&memory, quiet, MAG_PIN_BACK_LOOKS - 1), MAG_PIN_RANGE_CACHE);
    assert_int_equal(looks(&memory, quiet, 1), MAG_PIN_RANGE_PU);
}

static void looks_that_say_nothing_neither_loosen_nor_pin(void **state)
{
    struct mag_pin_memory memory = loosened();
    const struct mag_pin_look nothing = {0, 0};
    (void)state;

    assert_int_equal(looks(&memory, nothing, 1000), MAG_PIN_RANGE_CACHE);
    assert_int_equal(looks(&memory, between, 1000), MAG_PIN_RANGE_CACHE);
    memory = (struct mag_pin_memory){0};
    assert_int_equal(looks(&memory, between, 1000), MAG_PIN_RANGE_PU);
}

static void a_worker_whose_pu_is_still_taken_waits_twice_as_long_each_time(void **state)
{
    struct mag_pin_memory memory = loosened();
    uint32_t patience = MAG_PIN_BACK_LOOKS;
    (void)state;

    for (int i = 0; i < MAG_PIN_DOUBLINGS + 3; i++) {
        assert_int_equal(looks(&memory, quiet, patience - 1), MAG_PIN_RANGE_CACHE);
        assert_int_equal(looks(&memory, quiet, 1), MAG_PIN_RANGE_PU);
        assert_int_equal(looks(&memory, taken, 1), MAG_PIN_RANGE_CACHE);
        if (i < MAG_PIN_DOUBLINGS)
            patience *= 2;
    }
}

static void a_worker_that_was_quiet_on_its_pu_for_long_is_patient_no_more(void **state)
{
    struct mag_pin_memory memory = loosened();
    (void)state;

    (void)looks(&memory, quiet, MAG_PIN_BACK_LOOKS);
    (void)looks(&memory, taken, 1);
    assert_int_equal(looks(&memory, quiet, 2 * MAG_PIN_BACK_LOOKS), MAG_PIN_RANGE_PU);
    assert_int_equal(looks(&memory, quiet, 2 * MAG_PIN_BACK_LOOKS), MAG_PIN_RANGE_PU);
    assert_int_equal(looks(&memory, taken, 1), MAG_PIN_RANGE_CACHE);
    assert_int_equal(looks(&memory, quiet, MAG_PIN_BACK_LOOKS), MAG_PIN_RANGE_PU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_look_decides_whether_the_pu_is_taken),
        cmocka_unit_test(a_worker_that_waits_in_its_cache_domain_too_gets_its_node),
        cmocka_unit_test(a_range_is_not_widened_beyond_the_widest),
        cmocka_unit_test(a_quiet_worker_is_pinned_again_after_some_looks),
        cmocka_unit_test(looks_that_say_nothing_neither_loosen_nor_pin),
        cmocka_unit_test(a_worker_whose_pu_is_still_taken_waits_twice_as_long_each_time),
        cmocka_unit_test(a_worker_that_was_quiet_on_its_pu_for_long_is_patient_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
