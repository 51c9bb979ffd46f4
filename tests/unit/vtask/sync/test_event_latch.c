/*
 * Events and latches.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include <magpie/event.h>
#include <magpie/latch.h>
#include <magpie/promise.h>
#include <pthread.h>
#include <stdlib.h>

static struct mag_event event;

static mag_task wait_for(void)
{
    return mag_event_wait(&event, NULL);
}

static bool is_pending(mag_task task)
{
    return mag_vtask_status(task.task) == MAG_PENDING;
}

static int begin_manual(void **state)
{
    (void)state;
    mag_event_init(&event, MAG_EVENT_MANUAL, false);
    return 0;
}

static int begin_automatic(void **state)
{
    (void)state;
    mag_event_init(&event, MAG_EVENT_AUTOMATIC, false);
    return 0;
}

/* ------------------------------------------------------------------- manual events */

static void a_manual_event_lets_everybody_pass_until_it_is_reset(void **state)
{
    (void)state;
    mag_task first = wait_for(), second = wait_for();

    assert_true(is_pending(first));
    assert_false(mag_event_try_wait(&event));
    mag_event_set(&event);
    assert_true(mag_event_is_set(&event));
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_task_get(second), 0);
    assert_int_equal(wait_for().task.backing, 0);
    assert_true(mag_event_try_wait(&event));
    mag_event_set(&event);
    mag_event_reset(&event);
    assert_false(mag_event_is_set(&event));
    mag_task third = wait_for();
    mag_event_reset(&event);
    assert_true(is_pending(third));
    mag_event_set(&event);
    assert_int_equal(mag_task_get(third), 0);
}

static void initialisers_make_events_of_both_kinds(void **state)
{
    static struct mag_event manual = MAG_EVENT_INIT(true);
    static struct mag_event automatic = MAG_EVENT_AUTOMATIC_INIT(true);
    static struct mag_event zeroed;
    (void)state;

    for (int i = 0; i < 2; i++)
        assert_true(mag_event_try_wait(&manual));
    assert_true(mag_event_try_wait(&automatic));
    assert_false(mag_event_try_wait(&automatic));
    assert_false(mag_event_is_set(&zeroed));
    mag_event_set(&zeroed);
    for (int i = 0; i < 2; i++)
        assert_true(mag_event_try_wait(&zeroed));
}

static void a_wait_for_an_event_can_be_canceled(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    mag_task first = mag_event_wait(&event, &cancel);
    mag_task second = wait_for();
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(first), -ECANCELED);
    assert_true(is_pending(second));
    mag_event_set(&event);
    assert_int_equal(mag_task_get(second), 0);
    /* An event that is set lets all pass. */
    assert_int_equal(mag_task_get(mag_event_wait(&event, &cancel)), 0);
    mag_event_reset(&event);
    assert_int_equal(mag_task_get(mag_event_wait(&event, &cancel)), -ECANCELED);
}

/* ---------------------------------------------------------------- automatic events */

static void an_automatic_event_lets_one_pass_at_a_time_in_order(void **state)
{
    (void)state;
    mag_task first = wait_for(), second = wait_for();

    mag_event_set(&event);
    assert_int_equal(mag_task_get(first), 0);
    assert_true(is_pending(second));
    assert_false(mag_event_is_set(&event));
    mag_event_set(&event);
    assert_int_equal(mag_task_get(second), 0);
    assert_false(mag_event_is_set(&event));
}

static void an_automatic_event_that_is_set_twice_lets_one_pass(void **state)
{
    (void)state;
    mag_event_set(&event);
    mag_event_set(&event);
    assert_int_equal(wait_for().task.backing, 0);
    assert_false(mag_event_try_wait(&event));
    mag_event_set(&event);
    mag_event_reset(&event);
    assert_false(mag_event_try_wait(&event));
}

static void a_canceled_wait_does_not_use_an_automatic_event_up(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    mag_task first = mag_event_wait(&event, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    mag_event_set(&event);
    assert_int_equal(mag_task_get(first), -ECANCELED);
    assert_true(mag_event_try_wait(&event));
}

/* Two threads that hand a number to each other. */
static struct mag_event ping = MAG_EVENT_AUTOMATIC_INIT(false);
static struct mag_event pong = MAG_EVENT_AUTOMATIC_INIT(false);
static int ball; /* whose turn it is */

static void *play(void *arg)
{
    int *failed = arg;
    uint32_t rounds = test_rounds(2000);

    for (uint32_t i = 0; i < rounds; i++) {
        *failed += mag_task_wait(mag_event_wait(&ping, NULL)) != 0;
        ball++;
        mag_event_set(&pong);
    }
    return NULL;
}

static void what_came_before_a_set_is_visible_behind_the_wait(void **state)
{
    uint32_t rounds = test_rounds(2000);
    pthread_t thread;
    int failed = 0;
    (void)state;

    ball = 0;
    assert_int_equal(pthread_create(&thread, NULL, play, &failed), 0);
    for (uint32_t i = 0; i < rounds; i++) {
        ball++;
        mag_event_set(&ping);
        assert_int_equal(mag_task_wait(mag_event_wait(&pong, NULL)), 0);
        assert_int_equal(ball, 2 * (i + 1));
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(failed, 0);
}

/* ------------------------------------------------------------------------- latches */

static void a_latch_opens_at_zero_and_stays_open(void **state)
{
    static struct mag_latch latch = MAG_LATCH_INIT(3);
    (void)state;

    mag_task first = mag_latch_wait(&latch, NULL), second = mag_latch_wait(&latch, NULL);
    assert_int_equal(mag_latch_count_down(&latch, 2), 0);
    assert_int_equal(mag_latch_left(&latch), 1);
    assert_true(is_pending(first));
    assert_int_equal(mag_latch_count_down(&latch, 1), 0);
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_task_get(second), 0);
    assert_int_equal(mag_latch_wait(&latch, NULL).task.backing, 0);
    assert_int_equal(mag_latch_left(&latch), 0);
}

static void a_latch_cannot_be_counted_below_zero(void **state)
{
    struct mag_latch latch;
    (void)state;

    assert_int_equal(mag_latch_init(&latch, MAG_LATCH_MAX + 1), MAG_E_ARG);
    assert_int_equal(mag_latch_init(&latch, 2), 0);
    assert_int_equal(mag_latch_count_down(&latch, 3), MAG_E_RELEASE);
    mag_task waits = mag_latch_wait(&latch, NULL);
    assert_int_equal(mag_latch_count_down(&latch, 3), MAG_E_RELEASE);
    assert_true(is_pending(waits));
    assert_int_equal(mag_latch_count_down(&latch, 2), 0);
    assert_int_equal(mag_task_get(waits), 0);
    assert_int_equal(mag_latch_count_down(&latch, 1), MAG_E_RELEASE);
}

static void a_wait_for_a_latch_can_be_canceled(void **state)
{
    struct mag_latch latch = MAG_LATCH_INIT(1);
    struct mag_cancel cancel = {0};
    (void)state;

    mag_task waits = mag_latch_wait(&latch, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(waits), -ECANCELED);
    assert_int_equal(mag_latch_count_down(&latch, 1), 0);
}

static void *count_down(void *arg)
{
    return mag_latch_count_down(arg, 1) == 0 ? arg : NULL;
}

static void whom_a_latch_lets_pass_may_free_it(void **state)
{
    (void)state;
    for (uint32_t i = test_rounds(200); i != 0; i--) {
        struct mag_latch *latch = malloc(sizeof(*latch));
        pthread_t thread;
        void *counted;

        assert_non_null(latch);
        assert_int_equal(mag_latch_init(latch, 1), 0);
        assert_int_equal(pthread_create(&thread, NULL, count_down, latch), 0);
        assert_int_equal(mag_task_wait(mag_latch_wait(latch, NULL)), 0);
        free(latch);
        assert_int_equal(pthread_join(thread, &counted), 0);
        assert_non_null(counted);
    }
}

static void wait_often(void)
{
    for (int i = 0; i < 1000; i++) {
        mag_task first = wait_for(), second = wait_for();
        mag_event_set(&event);
        mag_event_set(&event);
        assert_int_equal(mag_task_get(first) | mag_task_get(second), 0);
        mag_event_reset(&event);
    }
}

static void waiting_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    wait_often();
    uint64_t before = test_allocations();
    wait_often();
    assert_int_equal(test_allocations() - before, 0);
}

#define MANUAL(name)    cmocka_unit_test_setup(name, begin_manual)
#define AUTOMATIC(name) cmocka_unit_test_setup(name, begin_automatic)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANUAL(a_manual_event_lets_everybody_pass_until_it_is_reset),
        MANUAL(initialisers_make_events_of_both_kinds),
        MANUAL(a_wait_for_an_event_can_be_canceled),
        AUTOMATIC(an_automatic_event_lets_one_pass_at_a_time_in_order),
        AUTOMATIC(an_automatic_event_that_is_set_twice_lets_one_pass),
        AUTOMATIC(a_canceled_wait_does_not_use_an_automatic_event_up),
        AUTOMATIC(what_came_before_a_set_is_visible_behind_the_wait),
        MANUAL(a_latch_opens_at_zero_and_stays_open),
        MANUAL(a_latch_cannot_be_counted_below_zero),
        MANUAL(a_wait_for_a_latch_can_be_canceled),
        MANUAL(whom_a_latch_lets_pass_may_free_it),
        MANUAL(waiting_allocates_nothing_after_warm_up),
        AUTOMATIC(waiting_allocates_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
