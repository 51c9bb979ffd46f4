/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test, with its look at the queues replaced.
 * The test plays its workers one by one. */
#include "tests/support/sched/fake.h"

static bool see(struct mag_worker *worker);

#define mag_worker_sees_work see
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/worker/park.c"
#undef mag_worker_sees_work

/* What happens when a worker looks at the queues, and whether it sees work. */
static bool (*sight)(void);
static unsigned sights;

static bool see(struct mag_worker *worker)
{
    (void)worker;
    sights++;
    return sight != NULL && sight();
}

static int begin(void **state)
{
    (void)state;
    sight = NULL;
    sights = 0;
    fake_begin(2);
    return 0;
}

static bool something(void)
{
    return true;
}

static void a_searching_worker_gives_way_while_a_guest_is_there(void **state)
{
    struct mag_sched *sched = &fake.sched;
    (void)state;

    assert_false(shares_processors(sched));
    (void)mag_idle_enter(&sched->idle);
    assert_true(shares_processors(sched));
    mag_idle_leave(&sched->idle, false);
    assert_false(shares_processors(sched));
    atomic_init(&sched->crowded, true);
    assert_true(shares_processors(sched));
}

/* The poster of that job saw the worker searching, and woke no worker. */
static void the_last_to_search_wakes_another_for_what_it_leaves(void **state)
{
    struct mag_worker *worker = &fake.workers[0];
    (void)state;

    fake_park(1);
    worker->searching = mag_idle_try_search(&fake.sched.idle);
    assert_true(worker->searching);
    sight = something;
    stop_searching(worker);
    assert_true(fake_is_woken(1));
}

static void the_last_to_search_wakes_nobody_for_nothing(void **state)
{
    struct mag_worker *worker = &fake.workers[0];
    (void)state;

    fake_park(1);
    worker->searching = mag_idle_try_search(&fake.sched.idle);
    stop_searching(worker);
    assert_int_equal(sights, 1);
    assert_false(fake_is_woken(1));
}

/* While the queues are looked at, another worker is woken, runs, and parks again: the job
 * that it has posted is in a queue that was looked at before. */
static bool another_runs(void)
{
    if (sights == 1) {
        assert_int_not_equal(mag_idle_claim_one(&fake.sched.idle, &fake.sched.routes, 1),
                             UINT32_MAX);
        fake_park(1);
        (void)mag_idle_found(&fake.sched.idle);
    }
    return sights > 1;
}

static void a_drain_looks_again_if_somebody_ran_meanwhile(void **state)
{
    (void)state;

    fake_park(0);
    fake_park(1);
    (void)mag_phase_enter(&fake.sched.phase, MAG_PHASE_DRAINING);
    sight = another_runs;
    end_if_drained(&fake.workers[0]);
    assert_int_equal(sights, 2);
    assert_int_equal(mag_sched_phase(&fake.sched), MAG_PHASE_DRAINING);
}

static void a_drain_ends_when_all_are_parked_and_nothing_is_there(void **state)
{
    (void)state;

    fake_park(0);
    fake_park(1);
    (void)mag_phase_enter(&fake.sched.phase, MAG_PHASE_DRAINING);
    end_if_drained(&fake.workers[0]);
    assert_int_equal(mag_sched_phase(&fake.sched), MAG_PHASE_ENDING);
}

/* The job was posted when its worker had been counted, but had not looked yet. */
static void a_drain_sees_the_inbox_of_every_worker(void **state)
{
    static struct mag_job job;
    (void)state;

    fake_park(0);
    fake_park(1);
    (void)mag_phase_enter(&fake.sched.phase, MAG_PHASE_DRAINING);
    mag_inject_push(&fake.workers[1].inbox, &job, &job);
    end_if_drained(&fake.workers[0]);
    assert_int_equal(mag_sched_phase(&fake.sched), MAG_PHASE_DRAINING);
    assert_true(fake_is_woken(1));
}

/* The other worker had set its bit but was not yet counted when all were woken: see
 * phase.h. */
static void a_worker_that_sees_the_end_while_it_parks_wakes_everybody(void **state)
{
    (void)state;

    fake_park(1);
    (void)mag_phase_enter(&fake.sched.phase, MAG_PHASE_ENDING);
    (void)park(&fake.workers[0]);
    assert_true(fake_is_woken(0));
    assert_true(fake_is_woken(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_searching_worker_gives_way_while_a_guest_is_there,
                               begin),
        cmocka_unit_test_setup(the_last_to_search_wakes_another_for_what_it_leaves,
                               begin),
        cmocka_unit_test_setup(the_last_to_search_wakes_nobody_for_nothing, begin),
        cmocka_unit_test_setup(a_drain_looks_again_if_somebody_ran_meanwhile, begin),
        cmocka_unit_test_setup(a_drain_ends_when_all_are_parked_and_nothing_is_there,
                               begin),
        cmocka_unit_test_setup(a_drain_sees_the_inbox_of_every_worker, begin),
        cmocka_unit_test_setup(a_worker_that_sees_the_end_while_it_parks_wakes_everybody,
                               begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
