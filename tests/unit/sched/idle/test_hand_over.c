/*
 * Two workers that post to each other again and again, and search in between.  The one
 * that has posted finds its fellow still counted as a searcher, and must not fall asleep
 * because of that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <sched.h>

enum { TURNS = 200, SPIN_US = 10000, PATIENCE = 2000 };

static struct mag_sched *sched;
static shared turns;
static shared refused;

static void pass_on(struct mag_job *job)
{
    uint64_t turn = add(&turns, 1) + 1;

    if (turn < TURNS && mag_sched_post_worker(sched, job, turn % 2) != 0)
        (void)add(&refused, 1);
}

static uint64_t parks(void)
{
    return test_sched_counters(sched).parks;
}

/* How often workers parked while the job went to and fro. */
static uint64_t play(void)
{
    struct mag_job job = {.run = pass_on};
    uint64_t before = parks();

    set(&turns, 0);
    assert_int_equal(mag_sched_post_worker(sched, &job, 0), 0);
    assert_true(test_wait_for(&turns, TURNS));
    return parks() - before;
}

static void workers_that_hand_over_to_each_other_stay_awake(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    cpu_set_t allowed;
    (void)state;

    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    if (CPU_COUNT(&allowed) < 2) {
        print_message("skipped: on one processor workers yield to each other\n");
        skip();
    }
    config.spin_us = SPIN_US;
    sched = test_sched_start_as(&config);
    /* Other programs may take a worker's processor for longer than it searches, so some
     * of the games may go otherwise. */
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < PATIENCE && least >= TURNS / 4; i++) {
        uint64_t parked = play();
        least = parked < least ? parked : least;
    }
    assert_true(least < TURNS / 4);
    assert_int_equal(look(&refused), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_that_hand_over_to_each_other_stay_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
