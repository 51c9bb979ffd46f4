/*
 * Threads that are canceled while they are in the library: no call is left half-way.  A
 * cancellation is pending when the call begins, so the first cancellation point inside
 * the call, if there were one, would act on it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"

#include <magpie/budget.h>
#include <magpie/debug.h>
#include <magpie/default.h>
#include <magpie/fork.h>
#include <magpie/pool.h>
#include <magpie/promise.h>
#include <magpie/sched.h>
#include <magpie/timer.h>

MAG_FORKABLE(long, twice, long, value)
static long twice(mag_fork w, long value)
{
    (void)w;
    test_sleep_ms(5);
    return 2 * value;
}

struct call {
    int (*run)(struct call *call);
    struct mag_sched *sched;
    int result;
    bool returned;
};

static void *call_canceled(void *arg)
{
    struct call *call = arg;

    (void)pthread_cancel(pthread_self());
    call->result = call->run(call);
    call->returned = true;
    pthread_testcancel();
    return NULL;
}

/* The call returns 0, and the cancellation is still pending afterwards. */
static void assert_not_left(int (*run)(struct call *call))
{
    struct call call = {.run = run};
    pthread_t thread;
    void *result = NULL;

    assert_int_equal(mag_sched_start(NULL, &call.sched), 0);
    assert_int_equal(pthread_create(&thread, NULL, call_canceled, &call), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_true(call.returned);
    assert_int_equal(call.result, 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    mag_sched_destroy(call.sched);
}

/* -------------------------------------------------------------------- schedulers */

static void do_nothing(struct mag_job *job)
{
    (void)job;
}

static int start_stop_destroy(struct call *call)
{
    struct mag_timer timer = {.job = {.run = do_nothing}};
    struct mag_sched *sched;
    int r = mag_sched_start(NULL, &sched);

    (void)call;
    if (r == 0)
        r = mag_timer_start_in(sched, &timer, INT64_MAX);
    if (r == 0 && !mag_timer_cancel(&timer))
        r = -EBUSY;
    if (r == 0)
        r = mag_sched_stop(sched, MAG_SCHED_DRAIN, 60000000000, NULL, NULL);
    mag_sched_destroy(sched);
    return r;
}

static int use_default(struct call *call)
{
    struct mag_sched *sched;

    (void)call;
    return mag_sched_default(&sched);
}

static int post(struct call *call)
{
    struct mag_job job = {.run = do_nothing};
    int r = mag_sched_post(call->sched, &job);

    return r == 0 ? mag_sched_stop(call->sched, MAG_SCHED_DRAIN, -1, NULL, NULL) : r;
}

static int run(struct call *call)
{
    long result = 0;
    int r = twice_run(call->sched, &result, 21);

    return r != 0 ? r : result != 42;
}

static void a_scheduler_is_started_and_stopped_by_a_canceled_thread(void **state)
{
    (void)state;
    assert_not_left(start_stop_destroy);
    assert_not_left(use_default);
    assert_not_left(post);
}

static void a_computation_is_waited_for_by_a_canceled_thread(void **state)
{
    (void)state;
    assert_not_left(run);
}

/* ------------------------------------------------------------------------- tasks */

struct late_result {
    struct mag_job job;
    struct mag_promise *promise;
    int result;
};

static void complete(struct mag_job *job)
{
    struct late_result *late = (struct late_result *)(void *)job;

    test_sleep_ms(20);
    late->result = mag_promise_set_result(late->promise, 42);
}

static int wait_for_task(struct call *call)
{
    struct late_result late = {.job = {.run = complete}, .result = 1};
    int r = mag_promise_create(sizeof(uint64_t), 0, &late.promise);

    if (r == 0)
        r = mag_sched_post(call->sched, &late.job);
    if (r < 0)
        return r;
    mag_vtask task = mag_promise_task(late.promise);
    r = mag_vtask_wait_completed(&task, sizeof(uint64_t), -1);
    if (r == 0)
        r = mag_sched_stop(call->sched, MAG_SCHED_DRAIN, -1, NULL, NULL);
    mag_promise_release(late.promise);
    return r != 0 ? r : late.result;
}

static int wait_in_vain(struct call *call)
{
    struct mag_promise *promise;
    int r = mag_promise_create(sizeof(uint64_t), 0, &promise);

    (void)call;
    if (r < 0)
        return r;
    mag_vtask task = mag_promise_task(promise);
    r = mag_vtask_wait_completed(&task, sizeof(uint64_t), 1000000);
    mag_promise_release(promise);
    return r == -ETIMEDOUT ? 0 : 1;
}

static void a_task_is_waited_for_by_a_canceled_thread(void **state)
{
    (void)state;
    assert_not_left(wait_for_task);
    assert_not_left(wait_in_vain);
}

/* ---------------------------------------------------------------- machine and pools */

static int read_machine(struct call *call)
{
    struct mag_topology *topology;
    struct mag_budget *budget;
    int r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);

    (void)call;
    if (r < 0)
        return r;
    r = mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget);
    if (r == 0)
        mag_budget_free(budget);
    mag_topology_free(topology);
    return r;
}

/* A user's function that reaches a cancellation point. */
static void prepare(void *object, void *arg)
{
    (void)arg;
    pthread_testcancel();
    *(int *)object = 42;
}

static int use_pool(struct call *call)
{
    struct mag_pool_config config;
    struct mag_pool *pool;
    void *object;

    (void)call;
    mag_pool_config_init(&config);
    config.object_size = 64;
    config.prepare = prepare;
    int r = mag_pool_create(&config, &pool);
    if (r < 0)
        return r;
    r = mag_pool_take(pool, &object);
    if (r == 0 && *(int *)object != 42)
        r = 1;
    if (r >= 0)
        mag_pool_give(pool, object);
    mag_pool_destroy(pool);
    return r;
}

static int describe(struct call *call)
{
    char text[200];
    size_t count;
    int r = mag_debug_unconsumed(NULL, NULL, &count);

    mag_debug_describe(call, text, sizeof(text));
    return r == -ENOTSUP ? 0 : r;
}

static void the_machine_is_read_by_a_canceled_thread(void **state)
{
    (void)state;
    assert_not_left(read_machine);
}

static void a_pool_is_used_by_a_canceled_thread(void **state)
{
    (void)state;
    assert_not_left(use_pool);
}

static void a_canceled_thread_asks_what_is_left(void **state)
{
    (void)state;
    assert_not_left(describe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheduler_is_started_and_stopped_by_a_canceled_thread),
        cmocka_unit_test(a_computation_is_waited_for_by_a_canceled_thread),
        cmocka_unit_test(a_task_is_waited_for_by_a_canceled_thread),
        cmocka_unit_test(the_machine_is_read_by_a_canceled_thread),
        cmocka_unit_test(a_pool_is_used_by_a_canceled_thread),
        cmocka_unit_test(a_canceled_thread_asks_what_is_left),
    };

    return cmocka_run_group_tests_name("thread cancel", tests, NULL, NULL);
}
