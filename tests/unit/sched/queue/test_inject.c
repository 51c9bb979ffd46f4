/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/inject.h"
#include "tests/support/cmocka.h"

enum { JOBS = 8 };

static struct mag_job jobs[JOBS];
static struct mag_inject queue;

static int begin_empty(void **state)
{
    (void)state;
    mag_inject_init(&queue);
    return 0;
}

static void an_empty_queue_waits_for_nothing(void **state)
{
    (void)state;
    assert_false(mag_inject_waiting(&queue));
    assert_null(mag_inject_pop(&queue));
}

static void jobs_leave_in_the_order_they_came(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < JOBS; i++)
            mag_inject_push(&queue, &jobs[i], &jobs[i]);
        for (unsigned i = 0; i < JOBS; i++) {
            assert_true(mag_inject_waiting(&queue));
            assert_ptr_equal(mag_inject_pop(&queue), &jobs[i]);
        }
        assert_false(mag_inject_waiting(&queue));
        assert_null(mag_inject_pop(&queue));
    }
}

static void a_chain_is_pushed_whole_and_in_order(void **state)
{
    (void)state;
    mag_inject_push(&queue, &jobs[0], &jobs[0]);
    for (unsigned i = 1; i + 1 < JOBS; i++) {
        /* relaxed: one thread. */
        atomic_store_explicit(&jobs[i].next, &jobs[i + 1], memory_order_relaxed);
    }
    mag_inject_push(&queue, &jobs[1], &jobs[JOBS - 1]);
    for (unsigned i = 0; i < JOBS; i++)
        assert_ptr_equal(mag_inject_pop(&queue), &jobs[i]);
    assert_null(mag_inject_pop(&queue));
}

static void a_batch_takes_the_oldest_and_leaves_the_rest(void **state)
{
    struct mag_job *batch[JOBS];
    (void)state;

    for (unsigned i = 0; i < JOBS; i++)
        mag_inject_push(&queue, &jobs[i], &jobs[i]);
    assert_int_equal(mag_inject_take(&queue, batch, 3), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_ptr_equal(batch[i], &jobs[i]);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), JOBS - 3);
    assert_ptr_equal(batch[0], &jobs[3]);
}

static void a_second_consumer_is_turned_away_and_told_that_work_waits(void **state)
{
    struct mag_job *batch[JOBS];
    (void)state;

    mag_inject_push(&queue, &jobs[0], &jobs[0]);
    mag_spin_lock(&queue.consumers);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 0);
    assert_true(mag_inject_waiting(&queue));
    mag_spin_unlock(&queue.consumers);
    assert_int_equal(mag_inject_take(&queue, batch, JOBS), 1);
}

static void a_push_that_is_not_linked_yet_hides_nothing_for_good(void **state)
{
    (void)state;
    /* The first half of a push: the swap, without the link.  relaxed: one thread. */
    atomic_store_explicit(&jobs[0].next, NULL, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&queue.last, &jobs[0], memory_order_relaxed);
    assert_null(mag_inject_pop(&queue));
    assert_true(mag_inject_waiting(&queue));
    /* relaxed: one thread. */
    atomic_store_explicit(&queue.first, &jobs[0], memory_order_relaxed);

    /* relaxed: as above, behind a job that is linked. */
    atomic_store_explicit(&jobs[1].next, NULL, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&queue.last, &jobs[1], memory_order_relaxed);
    assert_null(mag_inject_pop(&queue));
    assert_true(mag_inject_waiting(&queue));
    /* relaxed: one thread. */
    atomic_store_explicit(&jobs[0].next, &jobs[1], memory_order_relaxed);
    assert_ptr_equal(mag_inject_pop(&queue), &jobs[0]);
    assert_ptr_equal(mag_inject_pop(&queue), &jobs[1]);
    assert_false(mag_inject_waiting(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_queue_waits_for_nothing, begin_empty),
        cmocka_unit_test_setup(jobs_leave_in_the_order_they_came, begin_empty),
        cmocka_unit_test_setup(a_chain_is_pushed_whole_and_in_order, begin_empty),
        cmocka_unit_test_setup(a_batch_takes_the_oldest_and_leaves_the_rest, begin_empty),
        cmocka_unit_test_setup(a_second_consumer_is_turned_away_and_told_that_work_waits,
                               begin_empty),
        cmocka_unit_test_setup(a_push_that_is_not_linked_yet_hides_nothing_for_good,
                               begin_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
