/*
 * The memory of submissions: none is allocated once the pool is warm; without memory a
 * submission is refused, and nothing is lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include "sched/queue/packet.h"

#include <magpie/submit.h>

enum { MANY = 1000, BULKS = 4, PACKETS = 200 };

static struct mag_sched *sched;
static struct mag_sched *other;
static shared cells[MANY];
static shared calls;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    other = test_sched_start(1);
    set(&calls, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched) == 0 ? mag_sched_destroy(other) : 1;
}

static void mark(void *arg)
{
    (void)add(arg, 1);
    (void)add(&calls, 1);
}

static void submit_bulks(void *arg)
{
    if (mag_submit_all(sched, NULL, mark, arg, sizeof(cells[0]), MANY) != 0)
        set(&calls, UINT64_MAX / 2);
}

/* To another scheduler, so that the worker takes a packet. */
static void submit_elsewhere(void *arg)
{
    if (mag_submit(other, mark, arg) != 0)
        set(&calls, UINT64_MAX / 2);
}

/* Makes more objects than fit into the magazines of all threads, and lets both workers
 * have one: for single submissions, for packets and for bulks. */
static void warm_up(void)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER};
    struct holder holders[2];

    assert_int_equal(mag_submit(other, mark, cells), 0);

    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    for (options.index = 0; options.index < 2; options.index++) {
        for (unsigned i = 0; i < MANY; i++)
            assert_int_equal(mag_submit_with(sched, &options, mark, &cells[i]), 0);
        for (unsigned i = 0; i < BULKS; i++)
            assert_int_equal(mag_submit_with(sched, &options, submit_bulks, cells), 0);
        assert_int_equal(mag_submit_with(sched, &options, submit_elsewhere, cells), 0);
    }
    for (unsigned i = 0; i < PACKETS * MAG_PACKET_CALLS; i++)
        assert_int_equal(mag_submit(sched, mark, cells), 0);
    assert_int_equal(mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), MANY), 0);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_true(test_wait_for(&calls, 2 * MANY * (1 + BULKS) + MANY + 3 +
                                          PACKETS * MAG_PACKET_CALLS));
}

static void submit_in_turn(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t before = look(&calls);

        assert_int_equal(mag_submit(sched, mark, &cells[0]), 0);
        assert_int_equal(mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), 9),
                         0);
        assert_true(test_wait_for(&calls, before + 10));
    }
}

static void nothing_is_allocated_once_the_pool_is_warm(void **state)
{
    uint64_t before;
    (void)state;

    warm_up();
    before = test_allocations();
    submit_in_turn(500);
    assert_int_equal(test_allocations(), before);
}

/* In a thread of its own, which has no magazine yet. */
static void *submit_without_memory(void *arg)
{
    uint32_t *failures = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int one = mag_submit(sched, mark, &cells[0]);
        int all = mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), MANY);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if ((one != 0 && one != -ENOMEM) || (all != 0 && all != -ENOMEM))
            *failures = UINT32_MAX;
        if (!failed || *failures == UINT32_MAX)
            return NULL;
        *failures += one != 0 || all != 0;
        (void)add(&calls, one == 0 ? 0 : 1);
        (void)add(&calls, all == 0 ? 0 : MANY);
    }
}

static void a_submission_without_memory_is_refused_and_nothing_is_lost(void **state)
{
    pthread_t thread;
    uint32_t failures = 0;
    struct holder holders[2];
    (void)state;

    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    assert_int_equal(pthread_create(&thread, NULL, submit_without_memory, &failures), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_not_equal(failures, UINT32_MAX);
    assert_true(failures >= 1);
    assert_int_equal(look(&calls) % (MANY + 1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_submission_without_memory_is_refused_and_nothing_is_lost),
        TEST(nothing_is_allocated_once_the_pool_is_warm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
