/*
 * Tasks that workers complete, handed out one by one, while waits are canceled and the
 * consumer may end early: each result is read once or destroyed once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>

enum { TASKS = 24, ROUNDS = 10000 };

struct late {
    struct mag_operation operation; /* first */
    struct mag_job job;
    uint64_t result;
};

struct stopper {
    struct mag_job job; /* first */
    struct mag_cancel cancel;
    shared over;
};

static struct mag_sched *sched;
static shared destroyed, completed;
static uint64_t begun, taken;

static void count_destroyed(struct mag_core *core)
{
    (void)core;
    (void)add(&destroyed, 1);
}

static struct mag_operation_type late_type =
    MAG_OPERATION_TYPE(struct late, MAG_RESULT(result), MAG_DESTROY(count_destroyed));

static void complete_late(struct mag_job *job)
{
    struct late *late = (struct late *)(void *)((char *)job - offsetof(struct late, job));
    uint64_t one = 1;

    if (mag_operation_set_value(&late->operation, &one, sizeof(one)) == 0)
        (void)add(&completed, 1);
}

static mag_vtask begin_late(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&late_type, &object), 0);
    struct late *late = object;
    mag_vtask task = mag_operation_task(&late->operation);
    late->job.run = complete_late;
    begun++;
    assert_int_equal(mag_sched_post(sched, &late->job), 0);
    return task;
}

static void fire_stopper(struct mag_job *job)
{
    struct stopper *stopper = (struct stopper *)(void *)job;

    (void)mag_cancel_fire(&stopper->cancel);
    (void)add(&stopper->over, 1);
}

/* Waits for one more task, at times with a cancel object that fires meanwhile.  False:
 * there are no more. */
static bool take_one(struct mag_when_each *each, mag_vtask *tasks, uint64_t *random)
{
    struct stopper stopper = {.job = {.run = fire_stopper}};
    bool canceled = test_random_below(random, 16) == 0;
    size_t index = SIZE_MAX;
    uint64_t one = 0;

    if (canceled)
        assert_int_equal(mag_sched_post(sched, &stopper.job), 0);
    mag_index_task next = mag_when_each_next(each, canceled ? &stopper.cancel : NULL);
    int r = mag_index_task_wait(next, &index);
    if (canceled)
        wait_until(&stopper.over, 1);
    if (r != 0) {
        assert_int_equal(r, -ECANCELED);
        assert_true(canceled);
        return true;
    }
    if (index == TASKS)
        return false;
    assert_int_equal(mag_vtask_get(tasks[index], &one), 0);
    assert_int_equal(one, 1);
    taken++;
    return true;
}

static void each_task_is_read_once_or_discarded_once(void **state)
{
    uint64_t random = test_seed();
    uint32_t rounds = test_rounds(ROUNDS);
    (void)state;

    for (uint32_t round = 0; test_goes_on(round, rounds); round++) {
        struct mag_when_each *each = NULL;
        mag_vtask tasks[TASKS];
        unsigned ends_at = test_random_below(&random, 3 * TASKS);
        enum mag_when_order order = round % 2 == 0 ? MAG_AS_COMPLETED : MAG_IN_ORDER;

        for (unsigned i = 0; i < TASKS; i++)
            tasks[i] = begin_late();
        assert_int_equal(mag_when_each_begin(tasks, TASKS, order, &each), 0);
        for (unsigned i = 0; i < ends_at && take_one(each, tasks, &random); i++)
            continue;
        mag_when_each_end(each);
    }
    assert_true(test_wait_for(&completed, begun));
    assert_true(test_wait_for(&destroyed, begun - taken));
    assert_int_equal(look(&destroyed), begun - taken);
}

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_is_read_once_or_discarded_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
