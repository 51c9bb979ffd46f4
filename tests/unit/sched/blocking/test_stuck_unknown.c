/*
 * Workers that block where the kernel does not say what a thread does, because there is
 * no /proc: that a thread has not run for a while is enough.
 *
 * Replaces mag_os_asleep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "base/os.h"

enum mag_asleep __wrap_mag_os_asleep(int32_t thread);

static _Atomic(uint64_t) asked;

enum mag_asleep __wrap_mag_os_asleep(int32_t thread)
{
    (void)thread;
    (void)test_add(&asked, 1);
    return MAG_ASLEEP_UNKNOWN;
}

static void a_job_runs_although_nobody_knows_that_the_worker_sleeps(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_sched *sched;
    struct holder holder;
    struct counted job = counted_make();
    (void)state;

    config.spare = 1;
    config.stand_in = MAG_STAND_IN_ALL;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    holder_begin(&holder, sched);
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    holder_let_go(&holder);
    assert_true(test_wait_for(&holder.over, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_true(test_read(&asked) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_although_nobody_knows_that_the_worker_sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
