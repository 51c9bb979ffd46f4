/*
 * Many calls in one job: each is made once, whatever happens to the others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/submit/bulk.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/submit.h>

enum { CALLS = 200, LATER = 200, USUAL = 3000, MARKED = 1 << 16 };

static struct mag_sched *sched;
static shared cells[CALLS + LATER];
static shared calls;
static shared dropped;
static struct gate gate; /* that the first call passes */
static uint32_t first_worker;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    set(&calls, 0);
    set(&dropped, 0);
    gate = (struct gate){0};
    for (unsigned i = 0; i < CALLS + LATER; i++)
        set(&cells[i], 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static void mark(void *arg)
{
    (void)add(arg, 1);
    (void)add(&calls, 1);
}

static void mark_dropped(void *arg)
{
    (void)add(arg, MARKED);
    (void)add(&dropped, 1);
}

/* The first call takes long. */
static void mark_and_wait(void *arg)
{
    if (arg == &cells[0]) {
        first_worker = mag_sched_worker();
        gate_pass(&gate);
    }
    mark(arg);
}

static void assert_marked(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        assert_int_equal(look(&cells[i]), 1);
}

static void submit(void (*function)(void *arg))
{
    assert_int_equal(
        mag_submit_all(sched, NULL, function, cells, sizeof(cells[0]), CALLS), 0);
}

static void no_call_waits_behind_one_that_takes_long(void **state)
{
    (void)state;
    submit(mark_and_wait);
    assert_true(gate_is_reached(&gate));
    assert_true(test_wait_for(&calls, CALLS - 1));
    assert_marked(1, CALLS);
    gate_open(&gate);
    assert_true(test_wait_for(&calls, CALLS));
    assert_marked(0, CALLS);
}

static void submit_later(void *arg)
{
    (void)arg;
    /* The calling worker has given the first bulk back, and takes it again. */
    if (mag_submit_all(sched, NULL, mark, &cells[CALLS], sizeof(cells[0]), LATER) != 0)
        (void)add(&dropped, 1);
    /* Time for the first call to come back while these calls wait. */
    gate_open(&gate);
    test_sleep_ms(20);
}

static void a_call_that_comes_back_late_claims_nothing_of_a_later_bulk(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER};
    (void)state;

    submit(mark_and_wait);
    assert_true(gate_is_reached(&gate));
    assert_true(test_wait_for(&calls, CALLS - 1));
    options.index = 1 - first_worker;
    assert_int_equal(mag_submit_with(sched, &options, submit_later, NULL), 0);
    assert_true(test_wait_for(&calls, CALLS + LATER));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_marked(0, CALLS + LATER);
    assert_int_equal(look(&calls), CALLS + LATER);
    assert_int_equal(look(&dropped), 0);
}

static void mark_and_end(void *arg)
{
    mark(arg);
    if (((shared *)arg - cells) % 50 == 7)
        pthread_exit(NULL);
}

static void a_call_that_ends_its_thread_takes_no_other_with_it(void **state)
{
    (void)state;
    submit(mark_and_end);
    assert_true(test_wait_for(&calls, CALLS));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_marked(0, CALLS);
    assert_int_equal(test_sched_counters(sched).ended, CALLS / 50);
}

static void each_call_is_made_or_dropped_once_if_the_scheduler_is_canceled(void **state)
{
    struct mag_submit_options options = {.dropped = mark_dropped};
    uint64_t made;
    (void)state;

    assert_int_equal(mag_submit_all(sched, &options, mark_and_wait, cells,
                                    sizeof(cells[0]), CALLS + LATER),
                     0);
    assert_true(gate_is_reached(&gate));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    made = look(&calls);
    assert_int_equal(made + look(&dropped), CALLS + LATER);
    for (unsigned i = 0; i < CALLS + LATER; i++)
        assert_true(look(&cells[i]) == 1 || look(&cells[i]) == MARKED);
}

/* ---------------------------------------------------------------------- priority */

static shared low_calls;
static shared low_before_last;

static void count_low(void *arg)
{
    (void)arg;
    (void)add(&low_calls, 1);
}

static void see_low(void *arg)
{
    (void)arg;
    (void)add(&calls, 1);
    set(&low_before_last, look(&low_calls));
}

static void calls_of_another_priority_take_turns_one_by_one(void **state)
{
    struct mag_submit_options options = {.priority = MAG_PRIORITY_LOW};
    struct mag_sched *one = test_sched_start_alone(1);
    struct holder holder;
    (void)state;

    set(&low_calls, 0);
    holder_begin(&holder, one);
    assert_int_equal(mag_submit_all(one, &options, count_low, NULL, 0, CALLS), 0);
    for (unsigned i = 0; i < USUAL; i++)
        assert_int_equal(mag_submit(one, see_low, NULL), 0);
    holder_let_go(&holder);
    assert_true(test_wait_for(&low_calls, CALLS));
    assert_true(test_wait_for(&calls, USUAL));
    /* A worker looks outside at every 64th job, and every other look is at a queue. */
    assert_true(look(&low_before_last) <= USUAL / 64 / 2);
    assert_int_equal(mag_sched_destroy(one), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_call_waits_behind_one_that_takes_long),
        TEST(a_call_that_comes_back_late_claims_nothing_of_a_later_bulk),
        TEST(a_call_that_ends_its_thread_takes_no_other_with_it),
        TEST(each_call_is_made_or_dropped_once_if_the_scheduler_is_canceled),
        TEST(calls_of_another_priority_take_turns_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
