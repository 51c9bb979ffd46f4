/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <pthread.h>

static struct mag_group *make(struct mag_sched *sched, bool cancel_on_error,
                              uint32_t errors_max)
{
    struct mag_group_config config;
    struct mag_group *group;

    mag_group_config_init(&config);
    config.max_running = 1;
    config.cancel_on_error = cancel_on_error;
    config.errors_max = errors_max;
    assert_int_equal(mag_group_create(sched, &config, &group), 0);
    return group;
}

/* Returns the number that it is given. */
static int return_number(void *arg)
{
    return *(const int *)arg;
}

static void end_group(struct mag_group *group, struct mag_sched *sched)
{
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void the_first_error_is_told_and_all_can_be_read(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = make(sched, false, 1000);
    int numbers[] = {0, -EIO, 0, -EPIPE, 7};
    struct mag_group_error error = {.arg = NULL};
    (void)state;

    for (int i = 0; i < 5; i++)
        assert_int_equal(mag_group_add(group, return_number, &numbers[i]), 0);
    assert_int_equal(mag_group_wait(group, -1, &error), 3);
    assert_int_equal(error.error, -EIO);
    assert_ptr_equal(error.arg, &numbers[1]);
    /* Whoever waits for the same round is told the same. */
    assert_int_equal(mag_group_wait(group, -1, NULL), 3);
    for (int i = 0; i < 5; i++) {
        if (numbers[i] == 0)
            continue;
        assert_int_equal(mag_group_take_error(group, &error), 0);
        assert_int_equal(error.error, numbers[i]);
        assert_ptr_equal(error.arg, &numbers[i]);
    }
    assert_int_equal(mag_group_take_error(group, &error), -ENOENT);
    end_group(group, sched);
}

static void a_new_round_begins_without_the_last_ones_errors(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = make(sched, false, 1000);
    int bad = -EIO;
    int good = 0;
    struct mag_group_error error;
    (void)state;

    for (int round = 0; round < 3; round++) {
        assert_int_equal(mag_group_add(group, return_number, &bad), 0);
        assert_int_equal(mag_group_add(group, return_number, &good), 0);
        assert_int_equal(mag_group_wait(group, -1, NULL), 1);
        assert_int_equal(mag_group_add(group, return_number, &good), 0);
        assert_int_equal(mag_group_wait(group, -1, NULL), 0);
        assert_int_equal(mag_group_take_error(group, &error), -ENOENT);
    }
    end_group(group, sched);
}

static void errors_beyond_errors_max_are_only_counted(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = make(sched, false, 2);
    int numbers[] = {-1, -2, -3, -4};
    struct mag_group_error error = {.arg = NULL};
    (void)state;

    for (int i = 0; i < 4; i++)
        assert_int_equal(mag_group_add(group, return_number, &numbers[i]), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 4);
    assert_int_equal(group_counts(group).failed, 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mag_group_take_error(group, &error), 0);
        assert_int_equal(error.error, numbers[i]);
    }
    assert_int_equal(mag_group_take_error(group, &error), -ENOENT);
    end_group(group, sched);
}

/* -------------------------------------------------------------------- cancellation */

struct handed_back {
    _Atomic(uint64_t) count;
    _Atomic(uint64_t) sum;
};

static void hand_back(void *job_arg, void *hook_arg)
{
    struct handed_back *back = hook_arg;

    (void)test_add(&back->count, 1);
    (void)test_add(&back->sum, (uint64_t) * (const int *)job_arg);
}

enum { MANY = 300 };

static void the_first_error_cancels_the_rest_if_asked(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct handed_back back = {.count = 0};
    struct mag_group_config config;
    struct mag_group *group;
    struct mag_group_error error = {.arg = NULL};
    int numbers[MANY];
    struct gate gate;
    uint64_t sum = 0;
    int bad = -EIO;
    (void)state;

    mag_group_config_init(&config);
    config.max_running = 1;
    config.cancel_on_error = true;
    config.on_withdrawn = hand_back;
    config.hook_arg = &back;
    assert_int_equal(mag_group_create(sched, &config, &group), 0);
    group_hold_one(group, &gate);
    assert_int_equal(mag_group_add(group, return_number, &bad), 0);
    for (int i = 0; i < MANY; i++) {
        numbers[i] = i;
        sum += (uint64_t)i;
        assert_int_equal(mag_group_add(group, return_number, &numbers[i]), 0);
    }
    assert_false(mag_group_is_canceled(group));
    gate_open(&gate);
    assert_int_equal(mag_group_wait(group, -1, &error), 1);
    assert_true(mag_group_is_canceled(group));
    assert_int_equal(error.error, -EIO);
    assert_ptr_equal(error.arg, &bad);
    assert_int_equal(test_read(&back.count), MANY);
    assert_int_equal(test_read(&back.sum), sum);
    assert_int_equal(group_counts(group).withdrawn, MANY);
    /* And the group can be used again. */
    assert_int_equal(mag_group_add(group, return_number, &numbers[0]), 0);
    assert_false(mag_group_is_canceled(group));
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    end_group(group, sched);
}

/* Runs until its group is canceled. */
struct patient {
    struct mag_group *group;
    _Atomic(uint64_t) begun;
    int added; /* what an add then returned */
};

static int run_until_canceled(void *arg)
{
    struct patient *patient = arg;
    double since = test_now();

    (void)test_add(&patient->begun, 1);
    while (!mag_group_is_canceled(patient->group) && !test_gives_up(since))
        test_sleep_ms(1);
    patient->added = mag_group_add(patient->group, run_until_canceled, patient);
    return 0;
}

static void a_canceled_group_withdraws_refuses_and_begins_anew(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = make(sched, false, 1000);
    struct patient patient = {.group = group};
    _Atomic(uint64_t) runs = 0;
    (void)state;

    assert_int_equal(mag_group_add(group, run_until_canceled, &patient), 0);
    assert_true(test_wait_for(&patient.begun, 1));
    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_cancel(group), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), -ECANCELED);
    assert_int_equal(patient.added, -ECANCELED);
    assert_int_equal(test_read(&runs), 0);
    struct mag_group_counts counts = group_counts(group);
    assert_int_equal(counts.ended, 1);
    assert_int_equal(counts.withdrawn, 10);
    assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(test_read(&runs), 1);
    end_group(group, sched);
}

/* ---------------------------------------------------------------- threads that end */

static int end_thread(void *arg)
{
    (void)test_add((_Atomic(uint64_t) *)arg, 1);
    pthread_exit(NULL);
}

static int add_and_wait(void *arg)
{
    struct patient *patient = arg;
    int r = mag_group_add(patient->group, end_thread, &patient->begun);

    return r != 0 ? r : mag_group_wait(patient->group, -1, NULL);
}

static void a_job_that_ends_its_thread_fails_with_eownerdead(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = make(sched, false, 1000);
    struct mag_group *inner = make(sched, false, 1000);
    struct patient patient = {.group = inner};
    _Atomic(uint64_t) runs = 0;
    struct mag_group_error error = {.arg = NULL};
    (void)state;

    assert_int_equal(mag_group_add(group, end_thread, &runs), 0);
    assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_wait(group, -1, &error), 1);
    assert_int_equal(error.error, -EOWNERDEAD);
    assert_ptr_equal(error.arg, &runs);
    assert_int_equal(test_read(&runs), 2);
    /* Inside a wait: the job that waits fails as well. */
    assert_int_equal(mag_group_add(group, add_and_wait, &patient), 0);
    assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_wait(group, -1, &error), 1);
    assert_int_equal(error.error, -EOWNERDEAD);
    assert_ptr_equal(error.arg, &patient);
    assert_int_equal(mag_group_wait(inner, -1, &error), 1);
    assert_int_equal(error.error, -EOWNERDEAD);
    assert_int_equal(test_read(&runs), 3);
    assert_int_equal(mag_group_destroy(inner), 0);
    end_group(group, sched);
}

static void a_job_without_a_function_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group_job job = {0};
    int numbers[3] = {0};
    (void)state;

    assert_int_equal(mag_group_add(group, NULL, NULL), -EINVAL);
    assert_int_equal(mag_group_add_job(group, NULL, NULL, 1, &job), -EINVAL);
    assert_null(job.entry);
    assert_int_equal(mag_group_add_all(group, NULL, numbers, sizeof(numbers[0]), 3),
                     -EINVAL);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_without_a_function_is_refused),
        cmocka_unit_test(the_first_error_is_told_and_all_can_be_read),
        cmocka_unit_test(a_new_round_begins_without_the_last_ones_errors),
        cmocka_unit_test(errors_beyond_errors_max_are_only_counted),
        cmocka_unit_test(the_first_error_cancels_the_rest_if_asked),
        cmocka_unit_test(a_canceled_group_withdraws_refuses_and_begins_anew),
        cmocka_unit_test(a_job_that_ends_its_thread_fails_with_eownerdead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
