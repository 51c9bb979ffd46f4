/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/timer/wheel.h"
#include "tests/support/cmocka.h"
#include "tests/support/lines.h"
#include "tests/support/run.h"

#include <stdlib.h>

static struct mag_wheel wheel;

static int begin_empty(void **state)
{
    (void)state;
    mag_wheel_init(&wheel);
    return 0;
}

static struct mag_timer *take(uint64_t now)
{
    uint32_t budget = UINT32_MAX;

    return mag_wheel_take(&wheel, now, &budget);
}

static void ticks_never_come_before_their_deadline(void **state)
{
    (void)state;
    assert_int_equal(mag_wheel_tick_of(-1), 0);
    assert_int_equal(mag_wheel_tick_of(0), 0);
    assert_int_equal(mag_wheel_tick_of(1), 1);
    assert_int_equal(mag_wheel_tick_of(MAG_TIMER_TICK_NS), 1);
    assert_int_equal(mag_wheel_tick_of(MAG_TIMER_TICK_NS + 1), 2);
    assert_int_equal(mag_wheel_tick_at(MAG_TIMER_TICK_NS - 1), 0);
    assert_int_equal(mag_wheel_tick_at(MAG_TIMER_TICK_NS), 1);
    assert_int_equal(mag_wheel_tick_of(INT64_MAX), (uint64_t)1 << 47);
}

static void an_empty_wheel_wants_nothing(void **state)
{
    (void)state;
    assert_true(mag_wheel_next(&wheel) == MAG_WHEEL_NEVER);
    assert_null(take((uint64_t)1 << 47));
    assert_true(mag_wheel_next(&wheel) == MAG_WHEEL_NEVER);
    assert_null(mag_wheel_take_any(&wheel));
}

static void a_late_timer_is_due_at_once(void **state)
{
    struct mag_timer first = {.tick = 7};
    struct mag_timer second = {.tick = 3};
    (void)state;

    mag_wheel_advance(&wheel, 10);
    assert_true(mag_wheel_add(&wheel, &first) <= 10);
    assert_true(mag_wheel_add(&wheel, &second) <= 10);
    assert_true(mag_wheel_next(&wheel) <= 10);
    assert_ptr_equal(take(10), &first);
    assert_ptr_equal(take(10), &second);
    assert_null(take(10));
}

static void a_timer_at_the_end_of_time_fires_then(void **state)
{
    struct mag_timer last = {.tick = mag_wheel_tick_of(INT64_MAX)};
    (void)state;

    (void)mag_wheel_add(&wheel, &last);
    assert_null(take(last.tick - 1));
    assert_true(mag_wheel_next(&wheel) == last.tick);
    assert_ptr_equal(take(last.tick), &last);
}

static void a_spent_budget_loses_nothing(void **state)
{
    enum { TIMERS = 50 };
    struct mag_timer timers[TIMERS];
    uint64_t when = (uint64_t)1 << 20;
    unsigned taken = 0;
    (void)state;

    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i].tick = when + i;
        (void)mag_wheel_add(&wheel, &timers[i]);
    }
    for (unsigned round = 0; round < 10000 && taken < TIMERS; round++) {
        uint32_t budget = 3;
        struct mag_timer *timer = mag_wheel_take(&wheel, when + TIMERS, &budget);

        if (timer == NULL)
            assert_true(mag_wheel_next(&wheel) <= when + TIMERS);
        else
            assert_ptr_equal(timer, &timers[taken++]);
    }
    assert_int_equal(taken, TIMERS);
    assert_null(take(when + TIMERS));
}

/* ------------------------------------------------------------ against a plain list */

enum { MANY = 300 };

struct reference {
    struct mag_timer timers[MANY];
    bool pending[MANY];
    uint64_t now;
    uint64_t random;
};

static void add_or_remove(struct reference *ref)
{
    uint32_t i = (uint32_t)(test_random(&ref->random) % MANY);

    if (ref->pending[i]) {
        mag_wheel_remove(&wheel, &ref->timers[i]);
        ref->pending[i] = false;
        return;
    }
    /* As often near as far, by powers of two; now and then already late. */
    uint64_t range = (uint64_t)1 << test_random(&ref->random) % 40;
    uint64_t ahead = test_random(&ref->random) % range;

    ref->timers[i].tick = ahead % 16 == 15 ? ref->now : ref->now + ahead;
    ref->pending[i] = true;
    assert_true(mag_wheel_add(&wheel, &ref->timers[i]) <= ref->timers[i].tick ||
                ref->timers[i].tick <= ref->now);
}

static uint64_t earliest(const struct reference *ref)
{
    uint64_t tick = MAG_WHEEL_NEVER;

    for (unsigned i = 0; i < MANY; i++)
        if (ref->pending[i] && ref->timers[i].tick < tick)
            tick = ref->timers[i].tick;
    return tick;
}

static void take_all_due(struct reference *ref)
{
    uint64_t last = 0;

    for (;;) {
        struct mag_timer *timer = take(ref->now);

        if (timer == NULL)
            break;
        size_t i = (size_t)(timer - ref->timers);
        assert_true(ref->pending[i]);
        assert_true(timer->tick <= ref->now);
        assert_true(timer->tick >= last);
        ref->pending[i] = false;
        last = timer->tick;
    }
    assert_true(earliest(ref) > ref->now);
    assert_true(mag_wheel_next(&wheel) <= earliest(ref));
    assert_true(mag_wheel_next(&wheel) > ref->now);
}

static void a_wheel_agrees_with_a_list_whatever_is_added_and_removed(void **state)
{
    struct reference *ref = calloc(1, sizeof(*ref));
    uint32_t rounds = test_rounds(20000);
    (void)state;

    assert_non_null(ref);
    ref->random = test_seed();
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint64_t changes = test_random(&ref->random) % 8; changes > 0; changes--)
            add_or_remove(ref);
        /* Late timers come before the others, whatever their ticks. */
        uint32_t budget = UINT32_MAX;
        struct mag_timer *timer;
        while ((timer = mag_wheel_take(&wheel, ref->now, &budget)) != NULL) {
            assert_true(timer->tick <= ref->now);
            ref->pending[timer - ref->timers] = false;
        }
        uint64_t next = mag_wheel_next(&wheel);
        if (next != MAG_WHEEL_NEVER && test_random(&ref->random) % 2)
            ref->now = next;
        else
            ref->now += test_random(&ref->random) %
                        ((uint64_t)1 << test_random(&ref->random) % 30);
        take_all_due(ref);
    }
    while (mag_wheel_take_any(&wheel) != NULL) {
    }
    assert_true(mag_wheel_next(&wheel) == MAG_WHEEL_NEVER ||
                mag_wheel_next(&wheel) <= ref->now);
    free(ref);
}

static void due_timers_are_taken_at_the_end_too(void **state)
{
    struct mag_timer timers[2] = {{.tick = 0}, {.tick = 1000}};
    struct mag_timer *taken[3];
    (void)state;

    for (unsigned i = 0; i < 2; i++)
        (void)mag_wheel_add(&wheel, &timers[i]);
    for (unsigned i = 0; i < 3; i++)
        taken[i] = mag_wheel_take_any(&wheel);
    assert_true(taken[0] != NULL && taken[1] != NULL && taken[0] != taken[1]);
    assert_null(taken[2]);
}

/* ------------------------------------------------------------------------- costs */

enum { CROWD = 100000, FEW_LINES = 8 };

/* How many lines of the wheel and of all timers are written when one more timer is added
 * and removed again, beside `pending` others. */
static unsigned lines_beside(struct mag_timer *timers, unsigned pending)
{
    uint64_t random = test_seed();

    mag_wheel_init(&wheel);
    for (unsigned i = 1; i <= pending; i++) {
        timers[i] = (struct mag_timer){.tick = 1 + test_random(&random) % CROWD};
        (void)mag_wheel_add(&wheel, &timers[i]);
    }
    timers[0] = (struct mag_timer){.tick = 1 + test_random(&random) % CROWD};
    lines_forget();
    lines_watch(&wheel, sizeof(wheel));
    lines_watch(timers, (CROWD + 1) * sizeof(*timers));
    lines_begin();
    (void)mag_wheel_add(&wheel, &timers[0]);
    mag_wheel_remove(&wheel, &timers[0]);
    lines_end();
    return lines_written();
}

static void adding_and_removing_write_few_lines_whatever_is_pending(void **state)
{
    static const unsigned pending[] = {0, 1, 100, CROWD};
    struct mag_timer *timers;
    (void)state;

    if (!lines_can_record()) {
        print_message("skipped: writes can be recorded on x86-64 only\n");
        skip();
    }
    timers = calloc(CROWD + 1, sizeof(*timers));
    assert_non_null(timers);
    for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++)
        assert_in_range(lines_beside(timers, pending[i]), 1, FEW_LINES);
    free(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ticks_never_come_before_their_deadline, begin_empty),
        cmocka_unit_test_setup(an_empty_wheel_wants_nothing, begin_empty),
        cmocka_unit_test_setup(a_late_timer_is_due_at_once, begin_empty),
        cmocka_unit_test_setup(a_timer_at_the_end_of_time_fires_then, begin_empty),
        cmocka_unit_test_setup(a_spent_budget_loses_nothing, begin_empty),
        cmocka_unit_test_setup(a_wheel_agrees_with_a_list_whatever_is_added_and_removed,
                               begin_empty),
        cmocka_unit_test_setup(due_timers_are_taken_at_the_end_too, begin_empty),
        cmocka_unit_test(adding_and_removing_write_few_lines_whatever_is_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
