/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/hand.h"
#include "tests/support/cmocka.h"

enum { CAPACITY = 64, JOBS = 64 };

static _Atomic(struct mag_job *) slots[CAPACITY];
static struct mag_job jobs[JOBS];
static struct mag_runq ring;
static struct mag_hand hand;

static int begin_empty(void **state)
{
    (void)state;
    mag_runq_init(&ring, slots, CAPACITY, 0);
    mag_hand_init(&hand, mag_asym_init());
    return 0;
}

static void the_job_posted_last_is_taken_first(void **state)
{
    (void)state;
    assert_null(mag_hand_post(&hand, &jobs[0]));
    assert_ptr_equal(mag_hand_post(&hand, &jobs[1]), &jobs[0]);
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[1]);
    assert_null(mag_hand_take(&hand, &ring));
}

static void the_ring_has_its_turn_after_a_run_of_lifo_jobs(void **state)
{
    (void)state;
    assert_true(mag_runq_push(&ring, &jobs[1]));
    for (unsigned i = 0; i < MAG_SCHED_LIFO_RUNS; i++) {
        assert_null(mag_hand_post(&hand, &jobs[0]));
        assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
    }
    assert_null(mag_hand_post(&hand, &jobs[0]));
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[1]);
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
}

static void the_outside_has_its_turn_too_and_then_the_slot_again(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MAG_SCHED_LIFO_RUNS; i++) {
            assert_null(mag_hand_post(&hand, &jobs[0]));
            assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
        }
        assert_null(mag_hand_post(&hand, &jobs[0]));
        assert_null(mag_hand_take(&hand, &ring));
        assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
        assert_null(mag_hand_take(&hand, &ring));
        hand.lifo_runs = 0;
    }
}

static void ring_jobs_keep_their_order_through_the_hand(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    for (unsigned i = 0; i < 40; i++)
        assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[i]);
    assert_null(mag_hand_take(&hand, &ring));
}

static void at_least_half_of_a_short_queue_stays_in_reach_of_thieves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
    assert_int_equal(mag_runq_length(&ring), 3);
    assert_true(mag_hand_waiting(&hand));
}

static void a_thief_takes_the_oldest_claimed_job_and_spares_the_slot(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[0]);
    assert_null(mag_hand_post(&hand, &jobs[9]));
    assert_ptr_equal(mag_hand_steal(&hand, false), &jobs[1]);
    assert_null(mag_hand_steal(&hand, false));
    assert_ptr_equal(mag_hand_peek_lifo(&hand), &jobs[9]);
    assert_ptr_equal(mag_hand_steal(&hand, true), &jobs[9]);
    assert_null(mag_hand_peek_lifo(&hand));
    assert_ptr_equal(mag_hand_take(&hand, &ring), &jobs[2]);
}

static void a_thief_gives_up_while_the_owner_is_inside(void **state)
{
    (void)state;
    assert_null(mag_hand_post(&hand, &jobs[0]));
    bool fast = mag_owner_lock_enter(&hand.lock);
    assert_true(fast);
    assert_null(mag_hand_steal(&hand, true));
    mag_owner_lock_leave(&hand.lock, fast);
    assert_ptr_equal(mag_hand_steal(&hand, true), &jobs[0]);
}

static void a_second_thief_gives_up_while_one_is_inside(void **state)
{
    (void)state;
    assert_null(mag_hand_post(&hand, &jobs[0]));
    assert_true(mag_owner_lock_try_revoke(&hand.lock));
    assert_null(mag_hand_steal(&hand, true));
    mag_owner_lock_release(&hand.lock);
    assert_ptr_equal(mag_hand_steal(&hand, true), &jobs[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_job_posted_last_is_taken_first, begin_empty),
        cmocka_unit_test_setup(the_ring_has_its_turn_after_a_run_of_lifo_jobs,
                               begin_empty),
        cmocka_unit_test_setup(the_outside_has_its_turn_too_and_then_the_slot_again,
                               begin_empty),
        cmocka_unit_test_setup(ring_jobs_keep_their_order_through_the_hand, begin_empty),
        cmocka_unit_test_setup(at_least_half_of_a_short_queue_stays_in_reach_of_thieves,
                               begin_empty),
        cmocka_unit_test_setup(a_thief_takes_the_oldest_claimed_job_and_spares_the_slot,
                               begin_empty),
        cmocka_unit_test_setup(a_thief_gives_up_while_the_owner_is_inside, begin_empty),
        cmocka_unit_test_setup(a_second_thief_gives_up_while_one_is_inside, begin_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
