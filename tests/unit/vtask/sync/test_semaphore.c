/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include <magpie/async.h>
#include <magpie/promise.h>
#include <magpie/semaphore.h>
#include <pthread.h>

enum { WAITERS = 8 };

static struct mag_semaphore semaphore = MAG_SEMAPHORE_INIT(2);

static mag_task acquire(void)
{
    return mag_semaphore_acquire(&semaphore, NULL);
}

static void release(uint32_t count)
{
    assert_int_equal(mag_semaphore_release(&semaphore, count), 0);
}

static int begin(void **state)
{
    (void)state;
    return mag_semaphore_init(&semaphore, 2, 2);
}

/* ------------------------------------------------------------------------- permits */

static void an_initialised_semaphore_has_all_its_permits(void **state)
{
    static struct mag_semaphore three = MAG_SEMAPHORE_INIT(3);
    (void)state;

    assert_int_equal(mag_semaphore_available(&three), 3);
    for (int i = 0; i < 3; i++)
        assert_true(mag_semaphore_try_acquire(&three));
    assert_false(mag_semaphore_try_acquire(&three));
}

static void a_free_permit_is_a_complete_task_without_a_source(void **state)
{
    (void)state;
    mag_task first = acquire(), second = acquire();

    assert_int_equal(first.task.backing, 0);
    assert_int_equal(second.task.backing, 0);
    assert_int_equal(mag_semaphore_available(&semaphore), 0);
    release(2);
    assert_int_equal(mag_semaphore_available(&semaphore), 2);
}

static void a_semaphore_without_free_permits_counts_releases(void **state)
{
    struct mag_semaphore items;
    (void)state;

    assert_int_equal(mag_semaphore_init(&items, MAG_SEMAPHORE_MAX, 0), 0);
    assert_false(mag_semaphore_try_acquire(&items));
    assert_int_equal(mag_semaphore_release(&items, 5), 0);
    assert_int_equal(mag_semaphore_available(&items), 5);
    assert_true(mag_semaphore_try_acquire(&items));
    assert_int_equal(mag_semaphore_available(&items), 4);
}

static void wrong_numbers_of_permits_are_refused(void **state)
{
    struct mag_semaphore unused;
    (void)state;

    assert_int_equal(mag_semaphore_init(&unused, 0, 0), MAG_E_ARG);
    assert_int_equal(mag_semaphore_init(&unused, 2, 3), MAG_E_ARG);
    assert_int_equal(mag_semaphore_init(&unused, MAG_SEMAPHORE_MAX + 1, 0), MAG_E_ARG);
}

static void more_permits_than_were_taken_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mag_semaphore_release(&semaphore, 1), MAG_E_RELEASE);
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_int_equal(mag_semaphore_release(&semaphore, 2), MAG_E_RELEASE);
    assert_int_equal(mag_semaphore_release(&semaphore, UINT32_MAX), MAG_E_RELEASE);
    assert_int_equal(mag_semaphore_release(&semaphore, 0), 0);
    assert_int_equal(mag_semaphore_available(&semaphore), 1);
    /* The same while somebody waits. */
    assert_true(mag_semaphore_try_acquire(&semaphore));
    mag_task waits = acquire();
    assert_int_equal(mag_semaphore_release(&semaphore, 3), MAG_E_RELEASE);
    assert_int_equal(mag_vtask_status(waits.task), MAG_PENDING);
    release(2);
    assert_int_equal(mag_task_get(waits), 0);
    assert_int_equal(mag_semaphore_available(&semaphore), 1);
}

/* ------------------------------------------------------------------------ the line */

static void those_who_wait_get_permits_in_the_order_in_which_they_came(void **state)
{
    mag_task waits[WAITERS];
    (void)state;

    release(0);
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    for (int i = 0; i < WAITERS; i++)
        waits[i] = acquire();
    for (int i = 0; i < WAITERS; i += 2) {
        release(i % 4 == 0 ? 1 : 2);
        if (i % 4 == 0)
            release(1);
        for (int j = 0; j < WAITERS; j++) {
            if (j > i + 1)
                assert_int_equal(mag_vtask_status(waits[j].task), MAG_PENDING);
            else if (j >= i)
                assert_int_equal(mag_task_get(waits[j]), 0);
        }
    }
    release(2);
    assert_int_equal(mag_semaphore_available(&semaphore), 2);
}

static void a_permit_that_is_handed_over_is_not_free_in_between(void **state)
{
    (void)state;
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    mag_task waits = acquire();

    release(1);
    assert_false(mag_semaphore_try_acquire(&semaphore));
    assert_int_equal(mag_task_get(waits), 0);
}

static void nobody_overtakes_who_waits(void **state)
{
    (void)state;
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    mag_task first = acquire();
    mag_task second = acquire();

    assert_false(mag_semaphore_try_acquire(&semaphore));
    release(1);
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_vtask_status(second.task), MAG_PENDING);
    release(1);
    assert_int_equal(mag_task_get(second), 0);
}

/* ---------------------------------------------------------------------- canceling */

static void a_canceled_waiter_leaves_the_line(void **state)
{
    struct mag_cancel cancel[3] = {{0}};
    mag_task waits[3];
    uint64_t detail = 0;
    (void)state;

    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    /* The first, one in the middle, the last. */
    for (int gone = 0; gone < 3; gone++) {
        for (int i = 0; i < 3; i++) {
            cancel[i] = (struct mag_cancel){0};
            waits[i] = mag_semaphore_acquire(&semaphore, &cancel[i]);
        }
        assert_true(mag_cancel_fire(&cancel[gone]));
        assert_int_equal(mag_vtask_get_value(waits[gone].task, NULL, 0, &detail),
                         -ECANCELED);
        assert_int_equal(detail, (uintptr_t)&cancel[gone]);
        for (int i = 0; i < 3; i++) {
            if (i == gone)
                continue;
            assert_int_equal(mag_vtask_status(waits[i].task), MAG_PENDING);
            release(1);
            assert_int_equal(mag_task_get(waits[i]), 0);
            /* It is too late. */
            assert_true(mag_cancel_fire(&cancel[i]));
        }
        assert_int_equal(mag_semaphore_available(&semaphore), 0);
    }
}

static void a_line_that_was_canceled_is_no_line(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    mag_task waits = mag_semaphore_acquire(&semaphore, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(waits), -ECANCELED);
    release(1);
    assert_int_equal(acquire().task.backing, 0);
}

static void a_cancel_object_that_has_fired_prevents_waiting_only(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(mag_semaphore_acquire(&semaphore, &cancel)), 0);
    assert_int_equal(mag_task_get(mag_semaphore_acquire(&semaphore, &cancel)), 0);
    assert_int_equal(mag_task_get(mag_semaphore_acquire(&semaphore, &cancel)),
                     -ECANCELED);
    release(2);
    assert_int_equal(mag_semaphore_available(&semaphore), 2);
}

static void a_waiter_may_be_discarded_and_its_permit_is_taken_all_the_same(void **state)
{
    (void)state;
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_int_equal(mag_vtask_discard(acquire().task), 0);
    release(1);
    assert_int_equal(mag_semaphore_available(&semaphore), 0);
}

/* ------------------------------------------------------------- memory and threads */

static void *wait_in_a_thread(void *arg)
{
    int *outcome = (int *)arg;

    *outcome = mag_task_wait(acquire());
    return NULL;
}

static void a_thread_from_outside_blocks_until_it_has_a_permit(void **state)
{
    pthread_t thread;
    int outcome = -1;
    (void)state;

    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_int_equal(pthread_create(&thread, NULL, wait_in_a_thread, &outcome), 0);
    test_sleep_ms(1);
    release(1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(outcome, 0);
    release(2);
}

struct tally {
    unsigned failures, waiters;
};

static void *acquire_without_memory(void *arg)
{
    struct tally *tally = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        mag_task task = acquire();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (mag_vtask_status(task.task) == MAG_PENDING)
            tally->waiters += mag_vtask_discard(task.task) == 0;
        else
            tally->failures += mag_task_get(task) == -ENOMEM;
        if (!failed)
            return NULL;
    }
}

static void without_memory_the_task_has_the_error_and_nobody_waits(void **state)
{
    pthread_t thread;
    struct tally tally = {0, 0};
    (void)state;

    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_int_equal(pthread_create(&thread, NULL, acquire_without_memory, &tally), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(tally.failures >= 2);
    assert_true(tally.waiters >= 1);
    release(1);
    for (unsigned i = 1; i < tally.waiters; i++)
        release(1);
    assert_int_equal(mag_semaphore_available(&semaphore), 0);
    release(1);
    assert_int_equal(mag_semaphore_available(&semaphore), 1);
}

static void wait_and_cancel_a_thousand_times(void)
{
    for (int i = 0; i < 1000; i++) {
        struct mag_cancel cancel = {0};
        mag_task first = mag_semaphore_acquire(&semaphore, &cancel);
        mag_task second = acquire();

        if (i % 2 == 0)
            (void)mag_cancel_fire(&cancel);
        release(i % 2 == 0 ? 1 : 2);
        (void)!mag_task_get(first);
        (void)!mag_task_get(second);
    }
}

static void waiting_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    assert_true(mag_semaphore_try_acquire(&semaphore));
    assert_true(mag_semaphore_try_acquire(&semaphore));
    wait_and_cancel_a_thousand_times();
    uint64_t before = test_allocations();
    wait_and_cancel_a_thousand_times();
    assert_int_equal(test_allocations() - before, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_memory_the_task_has_the_error_and_nobody_waits),
        TEST(an_initialised_semaphore_has_all_its_permits),
        TEST(a_free_permit_is_a_complete_task_without_a_source),
        TEST(a_semaphore_without_free_permits_counts_releases),
        TEST(wrong_numbers_of_permits_are_refused),
        TEST(more_permits_than_were_taken_are_refused),
        TEST(those_who_wait_get_permits_in_the_order_in_which_they_came),
        TEST(a_permit_that_is_handed_over_is_not_free_in_between),
        TEST(nobody_overtakes_who_waits),
        TEST(a_canceled_waiter_leaves_the_line),
        TEST(a_line_that_was_canceled_is_no_line),
        TEST(a_cancel_object_that_has_fired_prevents_waiting_only),
        TEST(a_waiter_may_be_discarded_and_its_permit_is_taken_all_the_same),
        TEST(a_thread_from_outside_blocks_until_it_has_a_permit),
        TEST(waiting_allocates_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
