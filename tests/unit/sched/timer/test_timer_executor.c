/*
 * Timers post their jobs to any executor of any owner.  Also what becomes of timers whose
 * executor refuses the job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/worker/self.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/event_loop.h>
#include <magpie/strand.h>
#include <magpie/timer.h>

static const int64_t MS_NS = 1000000;

struct bell {
    struct mag_timer timer;
    struct mag_strand *seen; /* the strand in which it rang */
    struct mag_sched *where;
    uint32_t worker;
    shared rung;
};

static void ring(struct mag_job *job)
{
    struct bell *bell = (struct bell *)(void *)job;

    bell->seen = mag_strand_self();
    bell->where = mag_sched_self();
    bell->worker = mag_sched_worker();
    (void)add(&bell->rung, 1);
}

#define A_BELL                           \
    {                                    \
        .timer = {.job = {.run = ring} } \
    }

static void take_back(struct mag_job *job, void *arg)
{
    uint64_t *count = arg;

    (void)job;
    (*count)++;
}

static void a_timer_posts_to_the_executor_of_another_scheduler(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_sched *other = test_sched_start(2);
    struct mag_strand strand;
    struct mag_bound_executor place;
    (void)state;

    mag_strand_init(&strand, other);
    assert_int_equal(mag_executor_bind_worker(&place, other, 1), 0);
    struct mag_executor *const executors[] = {&strand.executor, &place.executor,
                                              mag_sched_executor(other), NULL};
    for (unsigned i = 0; i < 4; i++) {
        struct bell bell = A_BELL;

        bell.timer.executor = executors[i];
        assert_int_equal(mag_timer_start_in(sched, &bell.timer, MS_NS), 0);
        assert_true(test_wait_for(&bell.rung, 1));
        assert_ptr_equal(bell.seen, i == 0 ? &strand : NULL);
        assert_ptr_equal(bell.where, i < 3 ? other : sched);
        if (i == 1)
            assert_int_equal(bell.worker, 1);
    }
    mag_sched_destroy(sched);
    mag_sched_destroy(other);
}

static void wake_loop(void *arg)
{
    (void)add(arg, 1);
}

static void a_timer_rings_an_event_loop(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct bell bell = A_BELL;
    shared wakes = 0;
    struct mag_event_loop loop;
    (void)state;

    mag_event_loop_init(&loop, wake_loop, &wakes);
    bell.timer.executor = &loop.executor;
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, MS_NS), 0);
    assert_true(test_wait_for(&wakes, 1));
    assert_int_equal(look(&bell.rung), 0);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_int_equal(look(&bell.rung), 1);
    assert_null(bell.where);
    mag_event_loop_close(&loop, NULL, NULL);
    mag_sched_destroy(sched);
}

/* An executor that refuses every job, and counts them. */
struct refuser {
    struct mag_executor executor;
    shared refused;
};

static int refuse(struct mag_executor *executor, struct mag_job *job)
{
    (void)job;
    (void)add(&((struct refuser *)(void *)executor)->refused, 1);
    return -ESHUTDOWN;
}

static void a_timer_that_its_executor_refuses_stays_pending(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct refuser refuser = {.executor = {refuse}};
    struct bell bells[2] = {A_BELL, A_BELL};
    struct bell next = A_BELL;
    uint64_t given_back = 0;
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        bells[i].timer.executor = &refuser.executor;
        assert_int_equal(mag_timer_start_in(sched, &bells[i].timer, 0), 0);
    }
    assert_true(test_wait_for(&refuser.refused, 2));
    /* The clock goes on, and has put the timers back when it fires the next one. */
    assert_int_equal(mag_timer_start_in(sched, &next.timer, 0), 0);
    assert_true(test_wait_for(&next.rung, 1));
    assert_int_equal(mag_timer_start_in(sched, &bells[0].timer, 0), -EBUSY);
    assert_true(mag_timer_cancel(&bells[0].timer));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, take_back, &given_back),
                     0);
    assert_int_equal(given_back, 1);
    assert_false(mag_timer_cancel(&bells[1].timer));
    assert_int_equal(look(&refuser.refused), 2);
    assert_int_equal(look(&bells[0].rung) + look(&bells[1].rung), 0);
    mag_sched_destroy(sched);
}

static void a_strand_takes_its_timers_until_the_clock_ends(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_strand strand;
    struct bell bell = A_BELL;
    (void)state;

    mag_strand_init(&strand, sched);
    bell.timer.executor = &strand.executor;
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 20 * MS_NS), 0);
    /* The first half of a stop: threads from outside are refused. */
    assert_true(mag_poster_close(sched, INT64_MAX));
    assert_int_equal(mag_strand_post(&strand, &bell.timer.job), -ESHUTDOWN);
    assert_true(test_wait_for(&bell.rung, 1));
    assert_ptr_equal(bell.seen, &strand);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_posts_to_the_executor_of_another_scheduler),
        cmocka_unit_test(a_timer_rings_an_event_loop),
        cmocka_unit_test(a_timer_that_its_executor_refuses_stays_pending),
        cmocka_unit_test(a_strand_takes_its_timers_until_the_clock_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
