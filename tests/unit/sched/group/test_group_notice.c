/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <stddef.h>

/* A notice that remembers what it was told; it may destroy its group. */
struct told {
    struct mag_group_notice notice;
    struct mag_group *group; /* to destroy, or NULL */
    int outcome;
    int destroyed; /* what that returned */
    _Atomic(uint64_t) calls;
};

static void be_told(struct mag_group_notice *notice, int outcome)
{
    struct told *told = (struct told *)(void *)notice;

    told->outcome = outcome;
    if (told->group != NULL)
        told->destroyed = mag_group_destroy(told->group);
    (void)test_add(&told->calls, 1);
}

static struct told expect(struct mag_group *destroy)
{
    return (struct told){
        .notice = {.function = be_told}, .group = destroy, .destroyed = -1};
}

static int fail_eio(void *arg)
{
    (void)arg;
    return -EIO;
}

static void a_notice_is_told_once_when_all_jobs_have_ended(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct told first = expect(NULL);
    struct told second = expect(NULL);
    struct told late = expect(NULL);
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    assert_int_equal(mag_group_notify(group, &first.notice), 0);
    assert_int_equal(mag_group_notify(group, &second.notice), 0);
    assert_int_equal(mag_group_add(group, fail_eio, NULL), 0);
    assert_int_equal(test_read(&first.calls), 0);
    gate_open(&gate);
    assert_true(test_wait_for(&first.calls, 1));
    assert_true(test_wait_for(&second.calls, 1));
    assert_int_equal(first.outcome, 1);
    assert_int_equal(second.outcome, 1);
    /* All have ended: at once, with the outcome of the same round. */
    assert_int_equal(mag_group_notify(group, &late.notice), 0);
    assert_int_equal(test_read(&late.calls), 1);
    assert_int_equal(late.outcome, 1);
    assert_int_equal(test_read(&first.calls), 1);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void a_notice_may_destroy_its_group(void **state)
{
    (void)state;

    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t round = 0; round < test_rounds(2000); round++) {
            struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
            struct told told = expect(group);
            _Atomic(uint64_t) runs[3] = {0};
            bool early = round % 2 != 0;

            if (!early)
                assert_int_equal(mag_group_add(group, group_count, &runs[0]), 0);
            else
                assert_int_equal(mag_group_add_all(group, group_count, runs, 0, 3), 0);
            assert_int_equal(mag_group_notify(group, &told.notice), 0);
            assert_true(test_spin_for(&told.calls, 1));
            assert_int_equal(told.destroyed, 0);
            assert_int_equal(told.outcome, 0);
        }
        mag_sched_destroy(sched);
    }
}

static void a_notice_is_told_of_cancellation(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct told told = expect(NULL);
    _Atomic(uint64_t) runs = 0;
    struct mag_group_job job;
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_notify(group, &told.notice), 0);
    assert_int_equal(mag_group_cancel(group), 0);
    assert_int_equal(test_read(&told.calls), 0);
    gate_open(&gate);
    assert_true(test_wait_for(&told.calls, 1));
    assert_int_equal(told.outcome, -ECANCELED);
    /* Withdrawing the last job is an end too. */
    struct mag_group *other = test_group(sched, 0, MAG_GROUP_FIFO);
    told = expect(NULL);
    group_hold_one(group, &gate);
    assert_int_equal(mag_group_add_job(other, group_count, &runs, 0, &job), 0);
    assert_int_equal(mag_group_notify(other, &told.notice), 0);
    assert_int_equal(mag_group_withdraw(other, job, NULL), 0);
    assert_int_equal(test_read(&told.calls), 1);
    assert_int_equal(told.outcome, 0);
    gate_open(&gate);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_group_destroy(other), 0);
    mag_sched_destroy(sched);
}

static void a_notice_is_told_by_the_stop_of_its_scheduler(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group *other = test_group(sched, 0, MAG_GROUP_FIFO);
    struct told told = expect(group);
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    (void)state;

    group_hold_one(other, &gate);
    assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_group_notify(group, &told.notice), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(test_read(&told.calls), 1);
    assert_int_equal(told.outcome, -ESHUTDOWN);
    assert_int_equal(told.destroyed, 0);
    assert_int_equal(test_read(&runs), 0);
    assert_int_equal(mag_group_destroy(other), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_is_told_once_when_all_jobs_have_ended),
        cmocka_unit_test(a_notice_may_destroy_its_group),
        cmocka_unit_test(a_notice_is_told_of_cancellation),
        cmocka_unit_test(a_notice_is_told_by_the_stop_of_its_scheduler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
