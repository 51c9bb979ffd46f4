/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <pthread.h>

static const int64_t millisecond = 1000000;

/* Completes something a moment later. */
struct later {
    pthread_t thread;
    struct mag_promise *promise;
    struct mag_core *core;
    int result;
};

static void *complete_later(void *arg)
{
    struct later *later = arg;

    test_sleep_ms(20);
    later->result = later->core != NULL ? mag_core_set_result(later->core, 42)
                                        : mag_promise_set_result(later->promise, 42);
    return NULL;
}

static void begin(struct later *later)
{
    assert_int_equal(pthread_create(&later->thread, NULL, complete_later, later), 0);
}

static void end(struct later *later)
{
    assert_int_equal(pthread_join(later->thread, NULL), 0);
    assert_int_equal(later->result, 0);
}

static void a_complete_task_is_not_waited_for_nor_changed(void **state)
{
    struct scripted source;
    mag_vtask tasks[2] = {mag_vtask_result(42),
                          scripted_begin(&source, MAG_SUCCEEDED, 0, 42)};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        mag_vtask before = tasks[i];
        assert_int_equal(mag_vtask_wait_completed(&tasks[i], 0, -1), 0);
        assert_true(mag_vtask_equal(tasks[i], before));
        assert_int_equal(result_of(tasks[i]), 42);
    }
}

static void a_thread_waits_for_a_promise(void **state)
{
    struct later later = {.promise = promise_of(0)};
    mag_vtask task = mag_promise_task(later.promise);
    (void)state;

    begin(&later);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(result_of(task), 42);
    end(&later);
    mag_promise_release(later.promise);
}

/* VT-22 */
static void a_task_without_result_is_waited_for(void **state)
{
    struct mag_core core = {0};
    struct later later = {.core = &core};
    mag_task task = mag_task_of(mag_core_task(&core));
    (void)state;

    begin(&later);
    assert_int_equal(mag_task_wait(task), 0);
    end(&later);
    mag_core_reset(&core);
    assert_int_equal(mag_task_wait(task), MAG_E_TOKEN);
    assert_int_equal(mag_task_wait(mag_task_done()), 0);
    assert_int_equal(mag_task_wait(mag_task_of(mag_vtask_failed(-EIO, 0))), -EIO);
}

static void a_thread_waits_for_a_source_by_preserving_it(void **state)
{
    struct mag_core core = {0};
    struct later later = {.core = &core};
    mag_vtask task = mag_core_task(&core);
    (void)state;

    begin(&later);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, 60000 * millisecond), 0);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(mag_vtask_release(task), 0);
    end(&later);
}

static void
waiting_and_taking_in_one_leaves_no_reference_and_takes_none_away(void **state)
{
    struct mag_core core = {0};
    struct later source = {.core = &core};
    struct later promise = {.promise = promise_of(0)};
    mag_vtask tasks[2] = {mag_core_task(&core), mag_promise_task(promise.promise)};
    uint64_t result;
    (void)state;

    begin(&source);
    begin(&promise);
    for (unsigned i = 0; i < 2; i++) {
        result = 0;
        assert_int_equal(mag_vtask_wait(tasks[i], &result, sizeof(result)), 0);
        assert_int_equal(result, 42);
    }
    end(&source);
    end(&promise);
    assert_int_equal(mag_task_wait(mag_task_of(tasks[1])), 0);
    assert_int_equal(result_of(tasks[1]), 42);
    mag_promise_release(promise.promise);
    assert_int_equal(mag_vtask_wait(tasks[1], &result, sizeof(result)), MAG_E_TOKEN);
}

static void a_wait_that_times_out_leaves_a_task_that_can_still_be_used(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    struct probe probe;
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&task, 0, 0), -ETIMEDOUT);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, millisecond), -ETIMEDOUT);
    assert_int_equal(mag_vtask_on_completed(task, probe_begin(&probe, NULL), 0), 0);
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, 0), 0);
    assert_int_equal(result_of(task), 42);
    assert_int_equal(mag_vtask_release(task), 0);
}

static void a_stale_task_cannot_be_waited_for(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    (void)state;

    mag_core_reset(&core);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), MAG_E_TOKEN);
}

/* ------------------------------------------------------------------- on a worker */

struct errand {
    struct mag_job job; /* first */
    mag_vtask pending;
    mag_vtask complete;
    int results[2];
    _Atomic(uint64_t) done;
};

static void wait_on_worker(struct mag_job *job)
{
    struct errand *errand = (struct errand *)(void *)job;

    errand->results[0] = mag_vtask_wait_completed(&errand->pending, 0, -1);
    errand->results[1] = mag_vtask_wait_completed(&errand->complete, 0, -1);
    /* release: the results are written. */
    atomic_store_explicit(&errand->done, 1, memory_order_release);
}

static void a_worker_is_refused_and_the_task_left_as_it_was(void **state)
{
    struct mag_sched *sched = NULL;
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    struct errand errand = {.job = {.run = wait_on_worker},
                            .pending = task,
                            .complete = mag_vtask_result(1),
                            .results = {1, 1}};
    (void)state;

    sched = test_sched_start(1);
    assert_int_equal(mag_sched_post(sched, &errand.job), 0);
    assert_true(test_wait_for(&errand.done, 1));
    mag_sched_destroy(sched);
    assert_int_equal(errand.results[0], -EDEADLK);
    assert_int_equal(errand.results[1], 0);
    assert_true(mag_vtask_equal(errand.pending, task));
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(result_of(task), 42);
}

/* ---------------------------------------------------------------------- many threads */

enum { WAITERS = 4 };

struct round {
    struct mag_promise *promise;
    int64_t timeout_ns;
    _Atomic(uint64_t) wrong;
    _Atomic(uint64_t) timeouts;
};

static void *wait_in_round(void *arg)
{
    struct round *round = arg;
    mag_vtask task = mag_promise_task(round->promise);
    uint64_t result = 0;
    int r = mag_vtask_wait_completed(&task, 0, round->timeout_ns);

    if (r == -ETIMEDOUT) {
        /* relaxed: read after the threads are joined. */
        (void)atomic_fetch_add_explicit(&round->timeouts, 1, memory_order_relaxed);
    } else if (r != 0 || mag_vtask_get(task, &result) != 0 || result != 42) {
        /* relaxed: as above. */
        (void)atomic_fetch_add_explicit(&round->wrong, 1, memory_order_relaxed);
    }
    return NULL;
}

static void many_wait_and_each_returns_also_when_time_and_completion_race(void **state)
{
    uint32_t rounds = test_rounds(200);
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t i = 0; i < rounds; i++) {
        pthread_t threads[WAITERS];
        struct round round = {.promise = promise_of(0)};
        round.timeout_ns = i % 4 == 0 ? -1 : (int64_t)(test_random(&random) % 200000);
        for (unsigned t = 0; t < WAITERS; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, wait_in_round, &round), 0);
        for (uint64_t spins = test_random(&random) % 20000; spins != 0; spins--)
            test_pause();
        assert_int_equal(mag_promise_set_result(round.promise, 42), 0);
        for (unsigned t = 0; t < WAITERS; t++)
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        /* relaxed, both: the threads are joined. */
        uint64_t wrong = atomic_load_explicit(&round.wrong, memory_order_relaxed);
        /* relaxed: as above. */
        uint64_t timeouts = atomic_load_explicit(&round.timeouts, memory_order_relaxed);
        assert_int_equal(wrong, 0);
        if (round.timeout_ns < 0)
            assert_int_equal(timeouts, 0);
        mag_promise_release(round.promise);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_task_is_not_waited_for_nor_changed),
        cmocka_unit_test(a_thread_waits_for_a_promise),
        cmocka_unit_test(a_task_without_result_is_waited_for),
        cmocka_unit_test(a_thread_waits_for_a_source_by_preserving_it),
        cmocka_unit_test(
            waiting_and_taking_in_one_leaves_no_reference_and_takes_none_away),
        cmocka_unit_test(a_wait_that_times_out_leaves_a_task_that_can_still_be_used),
        cmocka_unit_test(a_stale_task_cannot_be_waited_for),
        cmocka_unit_test(a_worker_is_refused_and_the_task_left_as_it_was),
        cmocka_unit_test(many_wait_and_each_returns_also_when_time_and_completion_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
