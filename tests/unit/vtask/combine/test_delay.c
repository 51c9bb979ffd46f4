/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <magpie/when.h>

static const int64_t millisecond = 1000000;
static const int64_t hour = 3600 * (int64_t)1000000000;

static struct mag_sched *sched;

static int begin_sched(void **state)
{
    struct mag_sched_config config = test_sched_config(1);

    (void)state;
    return mag_sched_start(&config, &sched);
}

static int end_sched(void **state)
{
    (void)state;
    mag_sched_destroy(sched);
    return 0;
}

static mag_vtask delay(int64_t delay_ns)
{
    mag_vtask task = {0, 0};

    assert_int_equal(mag_delay(sched, delay_ns, &task), 0);
    return task;
}

static mag_vtask timed(mag_vtask *task, int64_t timeout_ns)
{
    mag_vtask combined = {0, 0};

    assert_int_equal(mag_vtask_with_timeout(sched, task, timeout_ns, &combined), 0);
    return combined;
}

/* Waiting for a pending delay turns it into a promise.  A delay that is complete by then
 * stays what it is, and is consumed here. */
static void wait_and_consume(mag_vtask task)
{
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(mag_vtask_get(task, NULL), 0);
    (void)mag_vtask_release(task);
}

/* ----------------------------------------------------------------------------- delays */

static void a_delay_is_complete_when_its_time_is_over_and_not_before(void **state)
{
    int64_t before = test_now_ns();
    mag_vtask task = delay(5 * millisecond);
    (void)state;

    wait_and_consume(task);
    assert_true(test_now_ns() - before >= 5 * millisecond);
}

static void a_delay_of_no_time_is_complete_soon(void **state)
{
    static const int64_t delays[] = {0, -1};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        wait_and_consume(delay(delays[i]));
    }
}

static void a_delay_without_scheduler_is_one_of_the_default_scheduler(void **state)
{
    mag_vtask task = {0, 0};
    (void)state;

    assert_int_equal(mag_delay(NULL, 1, &task), 0);
    wait_and_consume(task);
}

/* How many allocations are made for fifty delays. */
static uint64_t allocations_of_delays(void)
{
    uint64_t before = test_allocations();

    for (unsigned i = 0; i < 50; i++) {
        wait_and_consume(delay(1));
    }
    return test_allocations() - before;
}

/* Warm-up is over when each worker has had a delay, but no test can choose the worker. */
static void delays_allocate_nothing_after_warm_up(void **state)
{
    unsigned rounds = 0;
    (void)state;

    while (allocations_of_delays() != 0)
        assert_true(++rounds < 20);
}

/* --------------------------------------------------------------------------- timeouts */

static void a_task_that_is_complete_is_handed_on(void **state)
{
    mag_vtask task = mag_vtask_result(42);
    (void)state;

    assert_true(mag_vtask_equal(timed(&task, hour), mag_vtask_result(42)));
}

static void an_operation_in_time_keeps_its_outcome(void **state)
{
    static const int errors[] = {0, -EIO, -ECANCELED};
    static const int statuses[] = {MAG_SUCCEEDED, MAG_FAULTED, MAG_CANCELED};
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        struct mag_core core = {0};
        struct probe probe;
        uint64_t detail;
        mag_vtask task = mag_core_task(&core);
        mag_vtask combined = timed(&task, hour);
        assert_int_equal(mag_vtask_status(combined), MAG_PENDING);
        assert_int_equal(mag_vtask_get(combined, NULL), MAG_E_PENDING);
        assert_int_equal(mag_vtask_on_completed(combined, probe_begin(&probe, NULL), 0),
                         0);
        if (errors[i] == 0)
            assert_int_equal(mag_core_set_result(&core, 42), 0);
        else
            assert_int_equal(mag_core_set_error(&core, errors[i], 7), 0);
        assert_int_equal(probe_runs(&probe), 1);
        assert_int_equal(mag_vtask_status(combined), statuses[i]);
        if (errors[i] == 0) {
            assert_int_equal(result_of(combined), 42);
        } else {
            assert_int_equal(error_of(combined, &detail), errors[i]);
            assert_int_equal(detail, 7);
        }
        assert_int_equal(mag_vtask_status(combined), MAG_E_TOKEN);
        assert_int_equal(mag_vtask_release(task), 0);
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    }
}

static void an_operation_out_of_time_has_failed_and_stays_usable(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    mag_vtask combined = timed(&task, millisecond);
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&combined, 0, -1), 0);
    assert_int_equal(mag_vtask_get(combined, NULL), -ETIMEDOUT);
    assert_int_equal(mag_vtask_release(combined), 0);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(mag_vtask_release(task), 0);
}

static void a_large_result_in_time_comes_along(void **state)
{
    uint64_t in[9] = {1, 2, 3};
    uint64_t out[9] = {0};
    uint64_t word;
    struct mag_promise *promise = promise_of(sizeof(in));
    mag_vtask task = mag_promise_task(promise);
    mag_vtask combined = timed(&task, hour);
    (void)state;

    assert_int_equal(mag_promise_set_value(promise, in, sizeof(in)), 0);
    assert_int_equal(mag_vtask_get(combined, &word), MAG_E_SIZE);
    assert_int_equal(mag_vtask_get_value(combined, out, sizeof(out), NULL), 0);
    assert_memory_equal(in, out, sizeof(in));
    mag_promise_release(promise);
}

/* What so many timeouts allocate whose operations complete in time. */
static uint64_t allocated_by_timeouts(unsigned count)
{
    uint64_t before = test_allocations();

    for (unsigned i = 0; i < count; i++) {
        struct mag_core core = {0};
        mag_vtask task = mag_core_task(&core);
        mag_vtask combined = timed(&task, hour);
        assert_int_equal(mag_core_set_result(&core, i), 0);
        assert_int_equal(result_of(combined), i);
        assert_int_equal(mag_vtask_release(task), 0);
    }
    return test_allocations() - before;
}

/* VT-161 */
static void timeouts_that_are_not_needed_leave_nothing_behind(void **state)
{
    struct mag_promise *forever = promise_of(0);
    uint64_t allocated = 1;
    (void)state;

    (void)allocated_by_timeouts(10);
    /* A worker may allocate at its first use of a pool, late, for one of the tests
     * before; each timeout that left something behind would show in every round. */
    for (unsigned round = 0; round < 5 && allocated != 0; round++)
        allocated = allocated_by_timeouts(1000);
    assert_int_equal(allocated, 0);
    for (unsigned i = 0; i < 10; i++) {
        mag_vtask task = mag_promise_task(forever);
        mag_vtask combined = timed(&task, 1);
        assert_int_equal(mag_vtask_wait_completed(&combined, 0, -1), 0);
        assert_int_equal(mag_vtask_get(combined, NULL), -ETIMEDOUT);
        assert_int_equal(mag_vtask_release(combined), 0);
    }
    mag_promise_release(forever);
}

static void a_timeout_that_races_with_its_operation_has_one_outcome(void **state)
{
    uint32_t rounds = test_rounds(500);
    uint64_t random = test_seed();
    unsigned late = 0;
    (void)state;

    for (uint32_t i = 0; i < rounds; i++) {
        struct mag_core core = {0};
        mag_vtask task = mag_core_task(&core);
        mag_vtask combined = timed(&task, (int64_t)(test_random(&random) % 100000));
        for (uint64_t spins = test_random(&random) % 100000; spins != 0; spins--)
            test_pause();
        assert_int_equal(mag_core_set_result(&core, i), 0);
        assert_int_equal(mag_vtask_wait_completed(&combined, 0, -1), 0);
        uint64_t result = i;
        int r = mag_vtask_get(combined, &result);
        assert_true(r == 0 || r == -ETIMEDOUT);
        assert_int_equal(result, i);
        late += r != 0;
        assert_int_equal(mag_vtask_release(combined), 0);
        assert_int_equal(mag_vtask_release(task), 0);
    }
    print_message("%u of %u were late\n", late, rounds);
}

/* --------------------------------------------------------------------------- failure */

static void a_scheduler_that_stops_refuses_and_the_task_is_not_lost(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    mag_vtask combined = {0, 9};
    (void)state;

    assert_int_equal(begin_sched(state), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_delay(sched, 1, &combined), -ESHUTDOWN);
    assert_int_equal(mag_vtask_with_timeout(sched, &task, 1, &combined), -ESHUTDOWN);
    assert_int_equal(result_of(combined), 9);
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_vtask_with_timeout(sched, &task, 1, &combined), MAG_E_TOKEN);
    mag_sched_destroy(sched);
}

static void count_handed_back(struct mag_job *job, void *arg)
{
    (void)job;
    ++*(unsigned *)arg;
}

/* VT-206 */
static void a_scheduler_that_stops_cancels_what_waits_for_its_time(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    struct probe waiting;
    unsigned handed_back = 0;
    uint64_t detail = 9;

    assert_int_equal(begin_sched(state), 0);
    mag_vtask late = delay(hour);
    mag_vtask combined = timed(&task, hour);
    mag_vtask other = delay(hour);
    assert_int_equal(
        mag_vtask_on_completed(combined, probe_begin(&waiting, NULL), MAG_AWAIT_CONTEXT),
        0);
    assert_int_equal(
        mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, count_handed_back, &handed_back), 0);
    assert_int_equal(handed_back, 0);
    assert_int_equal(probe_runs(&waiting), 1);
    assert_int_equal(error_of(combined, &detail), -ECANCELED);
    assert_int_equal(mag_vtask_status(late), MAG_CANCELED);
    assert_int_equal(error_of(late, &detail), -ECANCELED);
    assert_int_equal(detail, 0);
    assert_int_equal(error_of(other, &detail), -ECANCELED);
    /* The operation itself is not affected. */
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(mag_vtask_release(task), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delay_is_complete_when_its_time_is_over_and_not_before),
        cmocka_unit_test(a_delay_of_no_time_is_complete_soon),
        cmocka_unit_test(a_delay_without_scheduler_is_one_of_the_default_scheduler),
        cmocka_unit_test(delays_allocate_nothing_after_warm_up),
        cmocka_unit_test(a_task_that_is_complete_is_handed_on),
        cmocka_unit_test(an_operation_in_time_keeps_its_outcome),
        cmocka_unit_test(an_operation_out_of_time_has_failed_and_stays_usable),
        cmocka_unit_test(a_large_result_in_time_comes_along),
        cmocka_unit_test(timeouts_that_are_not_needed_leave_nothing_behind),
        cmocka_unit_test(a_timeout_that_races_with_its_operation_has_one_outcome),
    };
    const struct CMUnitTest failing[] = {
        cmocka_unit_test(a_scheduler_that_stops_refuses_and_the_task_is_not_lost),
        cmocka_unit_test(a_scheduler_that_stops_cancels_what_waits_for_its_time),
    };
    int failures = cmocka_run_group_tests(tests, begin_sched, end_sched);

    return failures + cmocka_run_group_tests(failing, NULL, NULL);
}
