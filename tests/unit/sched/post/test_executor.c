/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/probe.h"

#include <magpie/strand.h>

/* Executors: what is current on a thread, and places on the machine. */

/* VT-107 */
static void entering_gives_back_the_executor_before(void **state)
{
    struct shelf one = shelf_make(), two = shelf_make();
    (void)state;

    assert_null(mag_executor_current());
    assert_null(mag_executor_enter(&one.executor));
    assert_ptr_equal(mag_executor_current(), &one.executor);
    assert_ptr_equal(mag_executor_enter(&two.executor), &one.executor);
    assert_ptr_equal(mag_executor_enter(NULL), &two.executor);
    assert_null(mag_executor_current());
}

static void *current_of_thread(void *arg)
{
    (void)arg;
    return mag_executor_current();
}

/* VT-107 */
static void each_thread_has_its_own(void **state)
{
    struct shelf shelf = shelf_make();
    pthread_t thread;
    void *seen = &thread;
    (void)state;

    (void)mag_executor_enter(&shelf.executor);
    assert_int_equal(pthread_create(&thread, NULL, current_of_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &seen), 0);
    assert_null(seen);
    assert_ptr_equal(mag_executor_enter(NULL), &shelf.executor);
}

/* VT-108 */
static void an_ordinary_job_of_a_worker_has_none(void **state)
{
    struct mag_sched *pool = test_sched_start(2);
    struct probe probe = probe_make();
    (void)state;

    probe_run_as_job(pool, &probe);
    assert_ptr_equal(probe.sched, pool);
    assert_null(probe.executor);
    mag_sched_destroy(pool);
}

/* VT-115 */
static void a_place_is_one_worker(void **state)
{
    enum { WORKERS = 3 };
    struct mag_sched *pool = test_sched_start(WORKERS);
    struct mag_bound_executor place = {.index = 77};
    (void)state;

    assert_int_equal(mag_executor_bind_worker(&place, pool, WORKERS), -EINVAL);
    assert_int_equal(place.index, 77);
    for (uint32_t i = 0; i < 4 * WORKERS; i++) {
        struct mag_core core = {0};
        struct probe probe = probe_make();

        assert_int_equal(mag_executor_bind_worker(&place, pool, i % WORKERS), 0);
        mag_continuation_home(&probe.continuation, &place.executor);
        if (i >= 2 * WORKERS)
            assert_int_equal(mag_core_set_result(&core, 1), 0);
        assert_int_equal(core_register(&core, &probe, MAG_AWAIT_HOME), 0);
        if (i < 2 * WORKERS)
            assert_int_equal(mag_core_set_result(&core, 1), 0);
        probe_expect_one_run(&probe);
        assert_ptr_equal(probe.sched, pool);
        assert_int_equal(probe.worker, i % WORKERS);
    }
    mag_sched_destroy(pool);
}

/* VT-115 */
static void a_place_is_the_workers_of_a_node(void **state)
{
    struct mag_sched *pool = test_sched_start(2);
    struct mag_bound_executor place = {.index = 77};
    struct mag_core core = {0};
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(mag_executor_bind_node(&place, pool, UINT32_MAX), -EINVAL);
    assert_int_equal(place.index, 77);
    assert_int_equal(mag_executor_bind_node(&place, pool, 0), 0);
    struct mag_executor *before = mag_executor_enter(&place.executor);
    assert_int_equal(core_register(&core, &probe, MAG_AWAIT_CONTEXT), 0);
    (void)mag_executor_enter(before);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    probe_expect_one_run(&probe);
    assert_ptr_equal(probe.sched, pool);
    mag_sched_destroy(pool);
}

/* VT-206 */
static void a_place_of_a_stopped_pool_refuses_and_the_completer_runs_it(void **state)
{
    struct mag_sched *pool = test_sched_start(1);
    struct mag_bound_executor places[2];
    (void)state;

    assert_int_equal(mag_executor_bind_worker(&places[0], pool, 0), 0);
    assert_int_equal(mag_executor_bind_node(&places[1], pool, 0), 0);
    assert_int_equal(mag_sched_stop(pool, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    for (unsigned i = 0; i < 2; i++) {
        struct mag_core core = {0};
        struct probe probe = probe_make();

        mag_continuation_home(&probe.continuation, &places[i].executor);
        assert_int_equal(core_register(&core, &probe, MAG_AWAIT_HOME), 0);
        assert_int_equal(mag_core_set_result(&core, 1), 0);
        assert_int_equal(probe_runs(&probe), 1);
        assert_true(probe_ran_here(&probe));
    }
    mag_sched_destroy(pool);
}

static void a_strands_executor_ends_with_its_jobs(void **state)
{
    struct mag_sched *pool = test_sched_start(1);
    struct probe inside = probe_make();
    struct probe after = probe_make();
    struct mag_strand strand;
    (void)state;

    mag_strand_init(&strand, pool);
    assert_int_equal(mag_strand_post(&strand, &inside.continuation.job), 0);
    assert_true(test_wait_for(&inside.runs, 1));
    probe_run_as_job(pool, &after);
    assert_ptr_equal(inside.executor, &strand.executor);
    assert_null(after.executor);
    mag_sched_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entering_gives_back_the_executor_before),
        cmocka_unit_test(each_thread_has_its_own),
        cmocka_unit_test(an_ordinary_job_of_a_worker_has_none),
        cmocka_unit_test(a_place_is_one_worker),
        cmocka_unit_test(a_place_is_the_workers_of_a_node),
        cmocka_unit_test(a_place_of_a_stopped_pool_refuses_and_the_completer_runs_it),
        cmocka_unit_test(a_strands_executor_ends_with_its_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
