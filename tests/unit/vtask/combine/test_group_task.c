/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/async.h>
#include <magpie/group_task.h>

MAG_VTASK_DEFINE(count_task, int)

static int fail_eio(void *arg)
{
    (void)arg;
    return -EIO;
}

MAG_ASYNC(count_task, count_failed, (struct mag_group *, group), mag_vtask ended;
          int failed; int r;)
{
    MAG_BEGIN(f);
    f->r = mag_group_task(f->group, &f->ended);
    if (f->r < 0)
        return count_task_of(mag_vtask_failed(f->r, 0));
    MAG_AWAIT(f, f->failed, count_task_of(f->ended));
    return count_task_result(f->failed);
    MAG_END(f);
}

static void a_groups_end_is_awaited(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct gate gate;
    int failed = -1;
    (void)state;

    for (int round = 0; round < 3; round++) {
        group_hold_one(group, &gate);
        for (int i = 0; i < round; i++)
            assert_int_equal(mag_group_add(group, fail_eio, NULL), 0);
        count_task task = count_failed(group);
        gate_open(&gate);
        assert_int_equal(count_task_wait(task, &failed), 0);
        assert_int_equal(failed, round);
        /* Once more, when all have ended. */
        assert_int_equal(count_task_wait(count_failed(group), &failed), 0);
        assert_int_equal(failed, round);
    }
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

static void a_canceled_groups_end_fails(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct gate gate;
    int failed = -1;
    (void)state;

    group_hold_one(group, &gate);
    count_task task = count_failed(group);
    assert_int_equal(mag_group_cancel(group), 0);
    gate_open(&gate);
    assert_int_equal(count_task_wait(task, &failed), -ECANCELED);
    assert_int_equal(failed, -1);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

/* In a child, where no object of the kind exists yet. */
static int end_without_memory(void *arg)
{
    struct mag_sched *sched = test_sched_try(1);
    struct mag_group *group = NULL;
    mag_vtask task;

    (void)arg;
    if (sched == NULL || mag_group_create(sched, NULL, &group) != 0)
        return 1;
    test_fail_allocation(1);
    if (mag_group_task(group, &task) != -ENOMEM || !test_has_failed())
        return 2;
    return mag_group_destroy(group) == 0 && mag_sched_destroy(sched) == 0 ? 0 : 3;
}

static void a_groups_end_without_memory_is_refused(void **state)
{
    (void)state;
    test_step_in_child(end_without_memory);
}

static int end_in_child(void *arg)
{
    mag_vtask task;

    return mag_group_task((struct mag_group *)arg, &task) == MAG_E_FORKED ? 0 : 1;
}

static void the_end_of_a_parents_group_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    (void)state;

    assert_int_equal(test_in_child(end_in_child, group), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_groups_end_without_memory_is_refused),
        cmocka_unit_test(a_groups_end_is_awaited),
        cmocka_unit_test(a_canceled_groups_end_fails),
        cmocka_unit_test(the_end_of_a_parents_group_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
