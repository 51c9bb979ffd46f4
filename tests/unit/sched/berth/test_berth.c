/*
 * White-box: threads that take a berth, leave it, and hand a berth over in the middle of
 * a job.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/jobs.h"

#include "base/os.h"
#include "sched/berth/tenancy.h"
#include "sched/fork/join.h"
#include "sched/settings/settings.h"
#include "sched/worker/search.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/fork.h>

#include <errno.h>
#include <pthread.h>

/* ------------------------------------------------------------------ the world */

struct work {
    struct mag_job job;
    uint32_t worker; /* the worker that ran it */
    _Atomic(uint64_t) done;
};

static void count(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    work->worker = mag_sched_worker();
    /* release: the worker that ran the job is visible. */
    (void)atomic_fetch_add_explicit(&work->done, 1, memory_order_release);
}

static uint64_t done(struct work *work)
{
    /* acquire: as above. */
    return atomic_load_explicit(&work->done, memory_order_acquire);
}

static void run_until(struct mag_worker *worker, _Atomic(uint64_t) *word, uint64_t wanted)
{
    double since = test_now();

    /* acquire: what the job did is visible. */
    while (atomic_load_explicit(word, memory_order_acquire) < wanted &&
           !test_gives_up(since)) {
        if (!berth_run_one(worker))
            mag_os_pause();
    }
}

/* ----------------------------------------------------------- take and leave */

static void a_tenant_is_a_worker_until_it_leaves(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct mag_worker *worker;
    (void)state;

    assert_null(mag_sched_self());
    assert_int_equal(mag_berth_take(sched, &worker), 0);
    assert_ptr_equal(mag_sched_self(), sched);
    assert_int_equal(mag_sched_worker(), 1);
    assert_int_equal(mag_idle_used(mag_idle_read(&sched->idle)), 2);
    mag_berth_leave(worker);
    assert_null(mag_sched_self());
    assert_int_equal(mag_sched_worker(), MAG_NONE);
    assert_int_equal(mag_idle_used(mag_idle_read(&sched->idle)), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_berth_more_than_there_are_is_refused_until_one_is_left(void **state)
{
    struct mag_sched *sched = berths_start(1, 0);
    struct mag_worker *worker = NULL;
    (void)state;

    assert_int_equal(mag_berth_take(sched, &worker), -EBUSY);
    assert_null(mag_sched_self());
    assert_int_equal(mag_sched_destroy(sched), 0);

    sched = berths_start(1, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mag_berth_take(sched, &worker), 0);
        mag_berth_leave(worker);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void berths_beyond_the_limit_are_refused_at_the_start(void **state)
{
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;
    (void)state;

    mag_sched_config_init(&config);
    config.workers = 1;
    config.spare = MAG_SCHED_WORKERS_MAX;
    assert_int_equal(mag_sched_start(&config, &sched), -EINVAL);
    assert_null(sched);
}

static uint32_t spare_of(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);
    struct mag_sched *sched = NULL;

    config.stack_size = 64 * 1024;
    config.fork_stack_size = MAG_SCHED_FORK_STACK_MIN;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    uint32_t spare = mag_sched_capacity(sched) - mag_sched_workers(sched);
    assert_int_equal(mag_sched_destroy(sched), 0);
    return spare;
}

static void there_are_twice_as_many_spare_berths_as_workers_between_4_and_64(void **state)
{
    (void)state;
    assert_int_equal(spare_of(1), 4);
    assert_int_equal(spare_of(2), 4);
    assert_int_equal(spare_of(3), 6);
    assert_int_equal(spare_of(33), 64);
}

static void
the_default_number_of_spare_berths_fits_beside_any_number_of_workers(void **state)
{
    struct mag_sched_config config;
    (void)state;

    mag_sched_config_init(&config);
    assert_int_equal(config.spare, MAG_SPARE_AUTO);
    config.workers = config.workers_max = MAG_SCHED_WORKERS_MAX - 5;
    assert_int_equal(mag_settings_spare(&config), 0);
    assert_int_equal(config.spare, 5);
    config.spare = MAG_SPARE_AUTO;
    config.workers = config.workers_max = MAG_SCHED_WORKERS_MAX;
    assert_int_equal(mag_settings_spare(&config), 0);
    assert_int_equal(config.spare, 0);
    config.spare = 1;
    assert_int_equal(mag_settings_spare(&config), -EINVAL);
}

static void spare_berths_are_spread_over_the_seats_of_the_workers(void **state)
{
    (void)state;
    assert_int_equal(mag_berth_seat(8, 10, 7), 7);
    assert_int_equal(mag_berth_seat(8, 10, 8), 0);
    assert_int_equal(mag_berth_seat(8, 10, 9), 4);
    assert_int_equal(mag_berth_seat(2, 6, 3), 1);
    assert_int_equal(mag_berth_seat(2, 6, 4), 0);
}

static void a_spare_berth_takes_no_memory_before_a_thread_takes_it(void **state)
{
    struct mag_sched *sched = berths_start(1, 2);
    struct mag_worker *worker;
    (void)state;

    assert_null(sched->berths[1].pages);
    assert_null(sched->berths[2].pages);
    assert_int_equal(mag_berth_take(sched, &worker), 0);
    uint32_t index = worker->index;
    mag_berth_leave(worker);
    assert_non_null(sched->berths[index].pages);
    assert_null(sched->berths[3 - index].pages);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void without_memory_a_thread_gets_no_berth_and_the_next_one_does(void **state)
{
    struct mag_worker *worker = NULL;
    bool failed = true;
    (void)state;

    for (uint32_t nth = 1; failed; nth++) {
        struct mag_sched *sched = berths_start(1, 1);

        test_fail_allocation(nth);
        int r = mag_berth_take(sched, &worker);
        failed = test_has_failed();
        test_fail_allocation(0);
        if (r == 0) {
            mag_berth_leave(worker);
        } else {
            assert_int_equal(r, -ENOMEM);
            assert_null(mag_sched_self());
            assert_int_equal(mag_berth_take(sched, &worker), 0);
            mag_berth_leave(worker);
        }
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

/* A worker that has nothing else to do runs what a tenant keeps to itself. */
static void the_workers_run_what_a_tenant_has_posted_while_it_stays(void **state)
{
    enum { JOBS = 100 };
    static struct work works[JOBS];
    struct mag_sched *sched = berths_start(2, 3);
    struct mag_worker *workers[3];
    (void)state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(mag_berth_take(sched, &workers[i]), 0);
        mag_self_become(NULL); /* as another thread */
    }
    for (int i = 0; i < JOBS; i++) {
        mag_self_become(workers[i % 3]);
        works[i] = (struct work){.job = {.run = count}};
        assert_int_equal(mag_sched_post(sched, &works[i].job), 0);
    }
    for (int i = 0; i < JOBS; i++) {
        assert_true(test_wait_for(&works[i].done, 1));
        assert_true(works[i].worker < 2);
    }
    for (int i = 0; i < 3; i++) {
        mag_self_become(workers[i]);
        mag_berth_leave(workers[i]);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_worker_has_no_spare_berth_among_its_victims(void **state)
{
    struct mag_sched *sched = berths_start(3, 5);
    struct mag_worker *worker;
    (void)state;

    assert_int_equal(mag_berth_take(sched, &worker), 0);
    const struct mag_paths *own = &mag_sched_at(sched, 0)->paths;
    assert_int_equal(own->rings[own->ring_count - 1].end, 2);
    assert_int_equal(worker->paths.rings[worker->paths.ring_count - 1].end, 3);
    for (uint32_t i = 0; i < 2; i++)
        assert_in_range(own->victims[i], 1, 2);
    mag_berth_leave(worker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_tenant_runs_what_was_posted_while_the_worker_is_busy(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct holder holder;
    struct mag_worker *worker;
    static struct work work;
    (void)state;

    holder_begin(&holder, sched);
    work = (struct work){.job = {.run = count}};
    assert_int_equal(mag_sched_post(sched, &work.job), 0);
    assert_int_equal(mag_berth_take(sched, &worker), 0);
    run_until(worker, &work.done, 1);
    mag_berth_leave(worker);
    assert_int_equal(done(&work), 1);
    assert_int_equal(work.worker, 1);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void jobs_that_a_tenant_did_not_run_are_run_by_workers(void **state)
{
    enum { JOBS = 1000 };
    static struct work works[JOBS];
    struct mag_sched *sched = berths_start(1, 1);
    struct mag_worker *worker;
    (void)state;

    assert_int_equal(mag_berth_take(sched, &worker), 0);
    for (int i = 0; i < JOBS; i++) {
        works[i] = (struct work){.job = {.run = count}};
        assert_int_equal(mag_sched_post(sched, &works[i].job), 0);
    }
    mag_berth_leave(worker);
    for (int i = 0; i < JOBS; i++)
        assert_true(test_wait_for(&works[i].done, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(done(&works[i]), 1);
}

static void a_tenant_forks_and_joins(void **state)
{
    struct mag_sched *sched = berths_start(2, 1);
    struct mag_worker *worker;
    long result = 0;
    (void)state;

    assert_int_equal(mag_berth_take(sched, &worker), 0);
    assert_int_equal(fib_run(sched, &result, 20), 0);
    assert_int_equal(result, 6765);
    mag_berth_leave(worker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* --------------------------------------------------------------- the end */

static void a_stop_waits_for_tenants(void **state)
{
    struct mag_sched *sched = berths_start(1, 2);
    struct mag_worker *worker;
    struct mag_worker *other;
    (void)state;

    assert_int_equal(mag_berth_take(sched, &worker), 0);
    mag_self_become(NULL); /* as another thread would see it */
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 1000000, NULL, NULL),
                     -ETIMEDOUT);
    assert_int_equal(mag_berth_take(sched, &other), -ESHUTDOWN);
    mag_self_become(worker);
    mag_berth_leave(worker);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_canceled_scheduler_hands_back_the_jobs_of_a_tenant(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    static struct work work;
    struct mag_worker *worker;
    (void)state;

    work = (struct work){.job = {.run = count}};
    assert_int_equal(mag_berth_take(sched, &worker), 0);
    mag_self_become(NULL);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 1000000, NULL, NULL),
                     -ETIMEDOUT);
    mag_self_become(worker);
    assert_int_equal(mag_sched_post(sched, &work.job), -ESHUTDOWN);
    mag_berth_leave(worker);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(done(&work), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_is_a_worker_until_it_leaves),
        cmocka_unit_test(a_berth_more_than_there_are_is_refused_until_one_is_left),
        cmocka_unit_test(berths_beyond_the_limit_are_refused_at_the_start),
        cmocka_unit_test(
            there_are_twice_as_many_spare_berths_as_workers_between_4_and_64),
        cmocka_unit_test(
            the_default_number_of_spare_berths_fits_beside_any_number_of_workers),
        cmocka_unit_test(spare_berths_are_spread_over_the_seats_of_the_workers),
        cmocka_unit_test(a_spare_berth_takes_no_memory_before_a_thread_takes_it),
        cmocka_unit_test(without_memory_a_thread_gets_no_berth_and_the_next_one_does),
        cmocka_unit_test(the_workers_run_what_a_tenant_has_posted_while_it_stays),
        cmocka_unit_test(a_worker_has_no_spare_berth_among_its_victims),
        cmocka_unit_test(a_tenant_runs_what_was_posted_while_the_worker_is_busy),
        cmocka_unit_test(jobs_that_a_tenant_did_not_run_are_run_by_workers),
        cmocka_unit_test(a_tenant_forks_and_joins),
        cmocka_unit_test(a_stop_waits_for_tenants),
        cmocka_unit_test(a_canceled_scheduler_hands_back_the_jobs_of_a_tenant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
