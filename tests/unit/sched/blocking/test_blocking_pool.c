/*
 * White-box: the threads that run jobs which block, off all workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"

#include "sched/blocking/pool.c" /* NOLINT(bugprone-suspicious-include) */

#include <magpie/blocking.h>

enum { JOBS = 8 };

static struct mag_blocking_pool read_pool(void)
{
    struct mag_blocking_pool now;

    mag_blocking_pool_read(&now);
    return now;
}

/* Before each test: no thread is left from the one before. */
static int begin(void **state)
{
    double since = test_now();
    (void)state;

    lock_pool();
    blockers.idle_ns = 1000000;
    unlock_pool();
    while (read_pool().threads != 0 && !test_gives_up(since)) {
        /* Threads that rest for longer are woken, and rest again for less. */
        lock_pool();
        (void)wake_one();
        unlock_pool();
        test_sleep_ms(2);
    }
    lock_pool();
    blockers.idle_ns = IDLE_NS;
    unlock_pool();
    return mag_blocking_set_limit(MAG_BLOCKING_THREADS) + (int)read_pool().threads;
}

static void hold(struct holder *holders, int count)
{
    for (int i = 0; i < count; i++) {
        holders[i] = (struct holder){.job = {.run = holder_run}};
        assert_int_equal(mag_blocking_post(&holders[i].job), 0);
    }
}

static void let_all_go(struct holder *holders, int count)
{
    for (int i = 0; i < count; i++)
        holder_let_go(&holders[i]);
    for (int i = 0; i < count; i++)
        assert_true(test_wait_for(&holders[i].over, 1));
}

static bool comes_to_rest(uint32_t threads)
{
    double since = test_now();

    while (read_pool().resting != threads && !test_gives_up(since))
        test_sleep_ms(1);
    return read_pool().resting == threads;
}

static void jobs_that_block_run_beside_each_other(void **state)
{
    struct holder holders[JOBS];
    (void)state;

    hold(holders, JOBS);
    for (int i = 0; i < JOBS; i++)
        assert_true(gate_is_reached(&holders[i].gate));
    assert_int_equal(read_pool().threads, JOBS);
    let_all_go(holders, JOBS);
}

static void threads_are_used_again(void **state)
{
    struct counted job;
    (void)state;

    for (int i = 0; i < 100; i++) {
        job = counted_make();
        assert_int_equal(mag_blocking_post(&job.job), 0);
        assert_true(test_wait_for(&job.runs, 1));
        assert_true(comes_to_rest(1));
    }
    assert_int_equal(read_pool().threads, 1);
}

static uint64_t order_of[JOBS];
static _Atomic(uint64_t) ordered;

struct ordered {
    struct mag_job job;
    uint64_t number;
};

static void note_order(struct mag_job *job)
{
    struct ordered *mine = (struct ordered *)(void *)job;

    order_of[test_read(&ordered)] = mine->number;
    (void)test_add(&ordered, 1);
}

static void beyond_the_limit_jobs_wait_first_in_first_out(void **state)
{
    struct ordered jobs[JOBS];
    struct holder holder;
    (void)state;

    assert_int_equal(mag_blocking_set_limit(0), -EINVAL);
    assert_int_equal(mag_blocking_set_limit(1), 0);
    hold(&holder, 1);
    assert_true(gate_is_reached(&holder.gate));
    for (uint64_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct ordered){.job = {.run = note_order}, .number = i};
        assert_int_equal(mag_blocking_post(&jobs[i].job), 0);
    }
    assert_int_equal(read_pool().waiting, JOBS);
    assert_int_equal(read_pool().threads, 1);
    let_all_go(&holder, 1);
    assert_true(test_wait_for(&ordered, JOBS));
    for (uint64_t i = 0; i < JOBS; i++)
        assert_int_equal(order_of[i], i);
}

static void a_higher_limit_starts_what_waits(void **state)
{
    struct holder holders[JOBS];
    (void)state;

    assert_int_equal(mag_blocking_set_limit(1), 0);
    hold(holders, JOBS);
    assert_int_equal(read_pool().waiting + read_pool().threads >= JOBS, 1);
    assert_int_equal(mag_blocking_set_limit(JOBS), 0);
    for (int i = 0; i < JOBS; i++)
        assert_true(gate_is_reached(&holders[i].gate));
    let_all_go(holders, JOBS);
}

static void the_first_thread_that_is_refused_refuses_the_job(void **state)
{
    struct counted job = counted_make();
    (void)state;

    test_fail_thread(1);
    assert_int_equal(mag_blocking_post(&job.job), -EAGAIN);
    assert_int_equal(read_pool().waiting, 0);
    assert_int_equal(mag_blocking_post(&job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
}

static void a_job_whose_thread_is_refused_is_run_by_another(void **state)
{
    struct holder holder;
    struct counted job = counted_make();
    (void)state;

    hold(&holder, 1);
    assert_true(gate_is_reached(&holder.gate));
    test_fail_thread(1);
    assert_int_equal(mag_blocking_post(&job.job), 0);
    assert_true(test_has_failed());
    assert_int_equal(test_read(&job.runs), 0);
    let_all_go(&holder, 1);
    assert_true(test_wait_for(&job.runs, 1));
}

struct ender {
    struct mag_job job;
    struct gate gate;
};

static void end_thread_here(struct mag_job *job)
{
    gate_pass(&((struct ender *)(void *)job)->gate);
    pthread_exit(NULL);
}

static void end_one_thread(uint32_t refused)
{
    struct ender ender = {.job = {.run = end_thread_here}};
    struct counted jobs[2] = {counted_make(), counted_make()};

    assert_int_equal(mag_blocking_set_limit(1), 0);
    assert_int_equal(mag_blocking_post(&ender.job), 0);
    assert_true(gate_is_reached(&ender.gate));
    for (int i = 0; i < 2; i++)
        assert_int_equal(mag_blocking_post(&jobs[i].job), 0);
    test_fail_thread(refused);
    gate_open(&ender.gate);
    for (int i = 0; i < 2; i++)
        assert_true(test_wait_for(&jobs[i].runs, 1));
}

static void a_job_that_ends_its_thread_leaves_the_next_ones_to_another(void **state)
{
    (void)state;
    end_one_thread(0);
}

static void a_thread_that_ends_works_on_if_no_other_can_be_had(void **state)
{
    (void)state;
    end_one_thread(1);
    assert_true(test_has_failed());
}

static int use_in_child(void *arg)
{
    struct counted job = counted_make();
    (void)arg;

    if (read_pool().threads != 0 || read_pool().waiting != 0)
        return 1;
    if (mag_blocking_post(&job.job) != 0)
        return 2;
    return test_wait_for(&job.runs, 1) ? 0 : 3;
}

static void a_child_of_fork_has_threads_of_its_own(void **state)
{
    struct holder holders[2];
    (void)state;

    test_skip_without_child_threads();
    assert_int_equal(mag_blocking_set_limit(1), 0);
    hold(holders, 2);
    assert_true(gate_is_reached(&holders[0].gate));
    test_step_in_child(use_in_child);
    let_all_go(holders, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(jobs_that_block_run_beside_each_other, begin),
        cmocka_unit_test_setup(threads_are_used_again, begin),
        cmocka_unit_test_setup(beyond_the_limit_jobs_wait_first_in_first_out, begin),
        cmocka_unit_test_setup(a_higher_limit_starts_what_waits, begin),
        cmocka_unit_test_setup(the_first_thread_that_is_refused_refuses_the_job, begin),
        cmocka_unit_test_setup(a_job_whose_thread_is_refused_is_run_by_another, begin),
        cmocka_unit_test_setup(a_job_that_ends_its_thread_leaves_the_next_ones_to_another,
                               begin),
        cmocka_unit_test_setup(a_thread_that_ends_works_on_if_no_other_can_be_had, begin),
        cmocka_unit_test_setup(a_child_of_fork_has_threads_of_its_own, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
