/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/runq.h"
#include "tests/support/cmocka.h"

enum { CAPACITY = 4, JOBS = 64 };

static _Atomic(struct mag_job *) slots[CAPACITY];
static struct mag_job jobs[JOBS];
static struct mag_runq ring;

static int begin_near_the_wrap(void **state)
{
    (void)state;
    mag_runq_init(&ring, slots, CAPACITY, UINT64_MAX - 2);
    return 0;
}

static void an_empty_queue_yields_nothing(void **state)
{
    struct mag_job *batch[CAPACITY];
    uint32_t count = 77;
    (void)state;

    assert_int_equal(mag_runq_claim(&ring, batch, CAPACITY, &count), MAG_RUNQ_EMPTY);
    assert_int_equal(count, 77);
    assert_int_equal(mag_runq_length(&ring), 0);
}

static void jobs_leave_in_the_order_they_came_across_the_wrap(void **state)
{
    struct mag_job *batch[1];
    uint32_t count = 0;
    (void)state;

    for (unsigned i = 0; i < JOBS; i++) {
        assert_true(mag_runq_push(&ring, &jobs[i]));
        if (i % 3 == 2) {
            for (unsigned j = i - 2; j <= i; j++) {
                assert_int_equal(mag_runq_claim(&ring, batch, 1, &count),
                                 MAG_RUNQ_CLAIMED);
                assert_int_equal(count, 1);
                assert_ptr_equal(batch[0], &jobs[j]);
            }
        }
    }
}

static void a_full_queue_refuses_and_loses_nothing(void **state)
{
    struct mag_job *batch[CAPACITY];
    uint32_t count = 0;
    (void)state;

    for (unsigned i = 0; i < CAPACITY; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    assert_false(mag_runq_push(&ring, &jobs[CAPACITY]));
    assert_int_equal(mag_runq_length(&ring), CAPACITY);
    for (unsigned taken = 0; taken < CAPACITY; taken += count) {
        assert_int_equal(mag_runq_claim(&ring, batch, CAPACITY, &count),
                         MAG_RUNQ_CLAIMED);
        for (unsigned i = 0; i < count; i++)
            assert_ptr_equal(batch[i], &jobs[taken + i]);
    }
    assert_true(mag_runq_push(&ring, &jobs[CAPACITY]));
}

static void a_claim_takes_the_older_half_and_at_least_one(void **state)
{
    struct mag_job *batch[CAPACITY];
    uint32_t count = 0;
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    assert_int_equal(mag_runq_claim(&ring, batch, CAPACITY, &count), MAG_RUNQ_CLAIMED);
    assert_int_equal(count, 2);
    assert_ptr_equal(batch[0], &jobs[0]);
    assert_ptr_equal(batch[1], &jobs[1]);
    assert_int_equal(mag_runq_claim(&ring, batch, CAPACITY, &count), MAG_RUNQ_CLAIMED);
    assert_int_equal(count, 1);
    assert_ptr_equal(batch[0], &jobs[2]);
}

static void a_claim_takes_no_more_than_there_is_room_for(void **state)
{
    struct mag_job *batch[1];
    uint32_t count = 0;
    (void)state;

    for (unsigned i = 0; i < CAPACITY; i++)
        assert_true(mag_runq_push(&ring, &jobs[i]));
    assert_int_equal(mag_runq_claim(&ring, batch, 1, &count), MAG_RUNQ_CLAIMED);
    assert_int_equal(count, 1);
    assert_int_equal(mag_runq_length(&ring), CAPACITY - 1);
}

/* Meanwhile the owner has lapped the head that the claimer read. */
static void a_head_that_was_lapped_is_a_race_lost(void **state)
{
    struct mag_job *batch[CAPACITY];
    uint32_t count = 77;
    (void)state;

    /* relaxed, both: one thread. */
    atomic_store_explicit(&ring.head, 0, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&ring.tail, CAPACITY + 1, memory_order_relaxed);
    assert_int_equal(mag_runq_claim(&ring, batch, CAPACITY, &count), MAG_RUNQ_LOST);
    assert_int_equal(count, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_queue_yields_nothing, begin_near_the_wrap),
        cmocka_unit_test_setup(jobs_leave_in_the_order_they_came_across_the_wrap,
                               begin_near_the_wrap),
        cmocka_unit_test_setup(a_full_queue_refuses_and_loses_nothing,
                               begin_near_the_wrap),
        cmocka_unit_test_setup(a_claim_takes_the_older_half_and_at_least_one,
                               begin_near_the_wrap),
        cmocka_unit_test_setup(a_claim_takes_no_more_than_there_is_room_for,
                               begin_near_the_wrap),
        cmocka_unit_test_setup(a_head_that_was_lapped_is_a_race_lost,
                               begin_near_the_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
