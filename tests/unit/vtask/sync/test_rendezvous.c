/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/async.h>
#include <magpie/promise.h>
#include <magpie/rendezvous.h>
#include <magpie/submit_task.h>
#include <pthread.h>

enum { MEMBERS = 5 };

static struct mag_rendezvous rendezvous = MAG_RENDEZVOUS_INIT(3);

static mag_task arrive(void)
{
    return mag_rendezvous_arrive(&rendezvous);
}

static bool is_pending(mag_task task)
{
    return mag_vtask_status(task.task) == MAG_PENDING;
}

static int begin(void **state)
{
    (void)state;
    return mag_rendezvous_init(&rendezvous, 3);
}

static void all_go_on_when_the_last_member_arrives(void **state)
{
    (void)state;
    for (int phase = 0; phase < 4; phase++) {
        mag_task first = arrive(), second = arrive();

        assert_true(is_pending(first));
        assert_true(is_pending(second));
        assert_int_equal(arrive().task.backing, 0);
        assert_int_equal(mag_task_get(first), 0);
        assert_int_equal(mag_task_get(second), 0);
    }
}

static void a_member_may_arrive_again_before_the_others_have_gone_on(void **state)
{
    (void)state;
    mag_task first = arrive(), second = arrive();
    assert_int_equal(mag_task_get(arrive()), 0);
    mag_task early = arrive();

    assert_true(is_pending(early));
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_task_get(second), 0);
    mag_task next = arrive();
    assert_int_equal(mag_task_get(arrive()), 0);
    assert_int_equal(mag_task_get(early), 0);
    assert_int_equal(mag_task_get(next), 0);
}

static void nobody_waits_for_a_member_that_has_left(void **state)
{
    (void)state;
    mag_task first = arrive(), second = arrive();
    assert_int_equal(mag_rendezvous_leave(&rendezvous), 0);
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_task_get(second), 0);
    /* Two are left. */
    first = arrive();
    assert_true(is_pending(first));
    assert_int_equal(mag_task_get(arrive()), 0);
    assert_int_equal(mag_task_get(first), 0);
    /* One is left, and never waits. */
    assert_int_equal(mag_rendezvous_leave(&rendezvous), 0);
    assert_int_equal(mag_task_get(arrive()), 0);
}

static void only_members_can_leave_and_arrive(void **state)
{
    (void)state;
    assert_int_equal(mag_rendezvous_init(&rendezvous, 0), MAG_E_ARG);
    assert_int_equal(mag_rendezvous_init(&rendezvous, MAG_RENDEZVOUS_MAX + 1), MAG_E_ARG);
    assert_int_equal(mag_rendezvous_leave(&rendezvous), 0);
    assert_int_equal(mag_rendezvous_leave(&rendezvous), 0);
    assert_int_equal(mag_rendezvous_leave(&rendezvous), 0);
    assert_int_equal(mag_rendezvous_leave(&rendezvous), MAG_E_RELEASE);
    assert_int_equal(mag_task_get(arrive()), MAG_E_RELEASE);
}

/* --------------------------------------------------------------- many on few workers */

static int at[MEMBERS]; /* each member's own */

MAG_ASYNC(mag_task, walk, (int, me, int, steps), int i; int j;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->steps; f->i++) {
        at[f->me] = f->i;
        MAG_AWAIT_DONE(f, arrive());
        for (f->j = 0; f->j < MEMBERS; f->j++)
            if (at[f->j] != f->i)
                MAG_FAIL(f, -EBADMSG);
        MAG_AWAIT_DONE(f, arrive());
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, walk_there, int, me, int, steps)
static mag_task walk_there(int me, int steps)
{
    return walk(me, steps);
}

static void every_member_is_at_the_same_step_on(uint32_t workers)
{
    struct mag_sched *sched = test_sched_start(workers);
    int steps = (int)test_rounds(2000);
    mag_task members[MEMBERS];

    assert_int_equal(mag_rendezvous_init(&rendezvous, MEMBERS), 0);
    for (int i = 0; i < MEMBERS; i++)
        members[i] = walk_there_submit(sched, i, steps);
    for (int i = 0; i < MEMBERS; i++)
        assert_int_equal(mag_task_wait(members[i]), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void more_members_than_workers_walk_in_step(void **state)
{
    (void)state;
    every_member_is_at_the_same_step_on(1);
    every_member_is_at_the_same_step_on(2);
}

/* ---------------------------------------------------------------------------- memory */

static void *arrive_without_memory(void *arg)
{
    unsigned *failures = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        mag_task task = arrive();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (is_pending(task))
            return mag_vtask_discard(task.task) == 0 ? arg : NULL;
        *failures += mag_task_get(task) == -ENOMEM;
        if (!failed)
            return NULL;
    }
}

static void without_memory_nobody_has_arrived(void **state)
{
    unsigned failures = 0;
    pthread_t thread;
    void *ended;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, arrive_without_memory, &failures), 0);
    assert_int_equal(pthread_join(thread, &ended), 0);
    assert_non_null(ended);
    assert_true(failures >= 1);
    mag_task second = arrive();
    assert_true(is_pending(second));
    assert_int_equal(mag_task_get(arrive()), 0);
    assert_int_equal(mag_task_get(second), 0);
}

static void arrive_often(void)
{
    for (int i = 0; i < 1000; i++) {
        mag_task first = arrive(), second = arrive();
        assert_int_equal(mag_task_get(arrive()), 0);
        assert_int_equal(mag_task_get(first) | mag_task_get(second), 0);
    }
}

static void waiting_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    arrive_often();
    uint64_t before = test_allocations();
    arrive_often();
    assert_int_equal(test_allocations() - before, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_memory_nobody_has_arrived),
        TEST(all_go_on_when_the_last_member_arrives),
        TEST(a_member_may_arrive_again_before_the_others_have_gone_on),
        TEST(nobody_waits_for_a_member_that_has_left),
        TEST(only_members_can_leave_and_arrive),
        TEST(more_members_than_workers_walk_in_step),
        TEST(waiting_allocates_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
