/*
 * Forked children as value tasks: immediate values if no thief took the child; pending
 * tasks of a source if a thief has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/fork_task.h>
#include <magpie/promise.h>
#include <pthread.h>

/* A child that must be stolen: its owner waits until the child has started, and the child
 * waits until it may go on. */
/* The outcome that a child is to have; ENDING: it ends its thread. */
enum outcome { SUCCESS, FAILURE, CANCELLATION, ENDING };

static long_task outcome_of(enum outcome outcome, long result)
{
    if (outcome == SUCCESS)
        return long_task_result(result);
    return long_task_of(
        mag_vtask_failed(outcome == FAILURE ? -EIO : -ECANCELED, (uint64_t)result));
}

MAG_FORK_TASK(long_task, child, struct gate *, gate, enum outcome, outcome, long, result)
static long_task child(mag_fork w, struct gate *gate, enum outcome outcome, long result)
{
    (void)w;
    if (gate != NULL)
        gate_pass(gate);
    if (outcome == ENDING)
        pthread_exit(NULL);
    return outcome_of(outcome, result);
}

/* Hands out its child's task: the computation ends while the child is still running. */
MAG_FORKABLE(long_task, hand_out, struct gate *, gate, enum outcome, outcome, long,
             result)
static long_task hand_out(mag_fork w, struct gate *gate, enum outcome outcome,
                          long result)
{
    struct child_child forked = child_fork(&w, gate, outcome, result);

    if (gate != NULL && !gate_is_reached(gate))
        return long_task_of(mag_vtask_failed(-ETIMEDOUT, 0));
    return child_task(&w, forked);
}

MAG_ASYNC(long_task, add_one, (long_task, task), long value;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->value, f->task);
    return long_task_result(f->value + 1);
    MAG_END(f);
}

static long_task taken(struct mag_sched *sched, struct gate *gate, enum outcome outcome,
                       long result)
{
    long_task task = long_task_result(0);

    gate_close(gate);
    assert_int_equal(hand_out_run(sched, &task, gate, outcome, result), 0);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    return task;
}

static void a_child_that_nobody_took_is_an_immediate_value(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    uint64_t allocations = test_allocations();
    (void)state;

    for (long i = 0; i < 100; i++) {
        long_task task = long_task_result(0);
        long result = -1;

        assert_int_equal(hand_out_run(sched, &task, NULL, SUCCESS, i), 0);
        assert_int_equal(task.task.backing, 0);
        assert_int_equal(long_task_get(task, &result), 0);
        assert_int_equal(result, i);
    }
    assert_int_equal(test_allocations(), allocations);
    mag_sched_destroy(sched);
}

static void a_stolen_child_is_pending_and_its_thief_completes_it(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (long i = 0; i < 200; i++) {
        struct gate gate;
        long_task task = taken(sched, &gate, SUCCESS, i);
        long result = -1;

        gate_open(&gate);
        assert_int_equal(long_task_outcome(task, &result), 0);
        assert_int_equal(result, i);
    }
    mag_sched_destroy(sched);
}

static void a_stolen_child_that_ends_its_thread_fails(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    (void)state;

    for (long i = 0; i < 10; i++) {
        struct gate gate;
        long_task task = taken(sched, &gate, ENDING, i);
        long result = -1;

        gate_open(&gate);
        assert_int_equal(long_task_outcome(task, &result), -EOWNERDEAD);
        task = taken(sched, &gate, SUCCESS, i);
        gate_open(&gate);
        assert_int_equal(long_task_outcome(task, &result), 0);
        assert_int_equal(result, i);
    }
    mag_sched_destroy(sched);
}

static void a_task_of_a_stolen_child_is_consumed_once(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct gate gate;
    long result = -1;
    (void)state;

    long_task task = taken(sched, &gate, SUCCESS, 5);
    assert_int_equal(long_task_get(task, &result), MAG_E_PENDING);
    gate_open(&gate);
    assert_int_equal(long_task_outcome(task, &result), 0);
    assert_int_equal(long_task_get(task, &result), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_status(task.task), MAG_E_TOKEN);
    mag_sched_destroy(sched);
}

static void an_async_function_awaits_a_stolen_child(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (long i = 0; i < 100; i++) {
        struct gate gate;
        long_task task = add_one(taken(sched, &gate, SUCCESS, i));
        long result = -1;

        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        gate_open(&gate);
        assert_int_equal(long_task_outcome(task, &result), 0);
        assert_int_equal(result, i + 1);
    }
    mag_sched_destroy(sched);
}

static void a_task_of_a_stolen_child_may_be_discarded(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct gate gate;
    (void)state;

    long_task task = taken(sched, &gate, FAILURE, 5);
    assert_int_equal(mag_vtask_discard(task.task), 0);
    gate_open(&gate);
    mag_sched_destroy(sched);
    assert_int_equal(mag_vtask_status(task.task), MAG_E_TOKEN);
}

static void check_error(long_task task, int error, uint64_t detail)
{
    uint64_t at = 0;
    long result = 77;

    assert_int_equal(mag_vtask_wait_completed(&task.task, sizeof(long), -1), 0);
    assert_int_equal(mag_vtask_status(task.task),
                     error == -ECANCELED ? MAG_CANCELED : MAG_FAULTED);
    assert_int_equal(mag_vtask_get_value(task.task, &result, sizeof(long), &at), error);
    assert_int_equal(at, detail);
    assert_int_equal(result, 77);
    (void)mag_vtask_release(task.task);
}

static void error_and_cancellation_of_a_child_are_those_of_its_task(void **state)
{
    const struct {
        enum outcome outcome;
        int error;
    } rows[] = {{FAILURE, -EIO}, {CANCELLATION, -ECANCELED}};
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct gate gate;
        long_task now;

        assert_int_equal(hand_out_run(sched, &now, NULL, rows[i].outcome, 41), 0);
        check_error(now, rows[i].error, 41);
        long_task later = taken(sched, &gate, rows[i].outcome, 42);
        gate_open(&gate);
        check_error(later, rows[i].error, 42);
        long_task awaited = add_one(taken(sched, &gate, rows[i].outcome, 43));
        gate_open(&gate);
        check_error(awaited, rows[i].error, 43);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------ large ones */

struct large {
    uint64_t words[40];
};
MAG_VTASK_DEFINE(large_task, struct large)

MAG_FORK_TASK(large_task, doubled, struct gate *, gate, struct large, value)
static large_task doubled(mag_fork w, struct gate *gate, struct large value)
{
    (void)w;
    if (gate != NULL)
        gate_pass(gate);
    for (unsigned i = 0; i < 40; i++)
        value.words[i] *= 2;
    return large_task_result(value);
}

MAG_FORKABLE(large_task, hand_large, struct gate *, gate, struct large, value)
static large_task hand_large(mag_fork w, struct gate *gate, struct large value)
{
    struct doubled_child forked = doubled_fork(&w, gate, value);

    if (gate != NULL)
        (void)gate_is_reached(gate);
    return doubled_task(&w, forked);
}

static void check_large(large_task task)
{
    struct large result;

    assert_int_equal(mag_vtask_wait_completed(&task.task, sizeof(result), -1), 0);
    assert_int_equal(large_task_get(task, &result), 0);
    (void)mag_vtask_release(task.task);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(result.words[i], 2 * i);
}

static void large_arguments_and_results_arrive_whole(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct large value;
    (void)state;

    for (unsigned i = 0; i < 40; i++)
        value.words[i] = i;
    for (unsigned round = 0; round < 20; round++) {
        struct gate gate;
        large_task task;

        assert_int_equal(hand_large_run(sched, &task, NULL, value), 0);
        check_large(task);
        gate_close(&gate);
        assert_int_equal(hand_large_run(sched, &task, &gate, value), 0);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        gate_open(&gate);
        check_large(task);
    }
    mag_sched_destroy(sched);
}

/* ---------------------------------------------------------------- no result */

MAG_FORK_TASK(mag_task, silent, struct gate *, gate)
static mag_task silent(mag_fork w, struct gate *gate)
{
    (void)w;
    gate_pass(gate);
    return mag_task_done();
}

MAG_FORKABLE(mag_task, hand_silent, struct gate *, gate)
static mag_task hand_silent(mag_fork w, struct gate *gate)
{
    struct silent_child forked = silent_fork(&w, gate);

    (void)gate_is_reached(gate);
    return silent_task(&w, forked);
}

static void a_child_without_result_is_a_task_too(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct gate gate;
    mag_task task = mag_task_done();
    (void)state;

    gate_close(&gate);
    assert_int_equal(hand_silent_run(sched, &task, &gate), 0);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    gate_open(&gate);
    assert_int_equal(mag_vtask_wait_completed(&task.task, 0, -1), 0);
    assert_int_equal(mag_task_get(task), 0);
    (void)mag_vtask_release(task.task);
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------- pending tasks */

MAG_FORK_TASK(long_task, follow, struct gate *, gate, struct mag_promise *, promise)
static long_task follow(mag_fork w, struct gate *gate, struct mag_promise *promise)
{
    (void)w;
    gate_pass(gate);
    return long_task_of(mag_promise_task(promise));
}

MAG_FORKABLE(long_task, hand_follower, struct gate *, gate, struct mag_promise *, promise)
static long_task hand_follower(mag_fork w, struct gate *gate, struct mag_promise *promise)
{
    struct follow_child forked = follow_fork(&w, gate, promise);

    (void)gate_is_reached(gate);
    return follow_task(&w, forked);
}

static void a_child_may_return_a_task_that_is_pending(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned early = 0; early < 2; early++) {
        struct mag_promise *promise;
        struct gate gate;
        long_task task = long_task_result(0);
        long result = -1;

        gate_close(&gate);
        assert_int_equal(mag_promise_create(0, 0, &promise), 0);
        assert_int_equal(hand_follower_run(sched, &task, &gate, promise), 0);
        if (early != 0)
            assert_int_equal(mag_promise_set_result(promise, 21), 0);
        gate_open(&gate);
        if (early == 0)
            assert_int_equal(mag_promise_set_result(promise, 21), 0);
        assert_int_equal(long_task_outcome(task, &result), 0);
        assert_int_equal(result, 21);
        mag_promise_release(promise);
    }
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------------- memory */

/* No other test uses this size, so its pool does not exist yet. */
struct odd {
    uint64_t words[27];
};
MAG_VTASK_DEFINE(odd_task, struct odd)

MAG_FORK_TASK(odd_task, needy, struct gate *, gate)
static odd_task needy(mag_fork w, struct gate *gate)
{
    struct odd value;
    (void)w;

    gate_pass(gate);
    for (unsigned i = 0; i < 27; i++)
        value.words[i] = i + 1;
    return odd_task_result(value);
}

MAG_FORKABLE(odd_task, hand_needy, struct gate *, gate)
static odd_task hand_needy(mag_fork w, struct gate *gate)
{
    struct needy_child forked = needy_fork(&w, gate);

    (void)gate_is_reached(gate);
    gate_open(gate);
    return needy_task(&w, forked);
}

static void without_memory_for_a_source_the_child_is_waited_for(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    struct gate gate;
    odd_task task;
    struct odd result;
    (void)state;

    gate_close(&gate);
    test_fail_allocation(2); /* the first opens room for the child's block */
    assert_int_equal(hand_needy_run(sched, &task, &gate), 0);
    assert_true(test_has_failed());
    test_fail_allocation(0);
    assert_int_equal(task.task.backing, 0);
    assert_int_equal(odd_task_get(task, &result), 0);
    for (unsigned i = 0; i < 27; i++)
        assert_int_equal(result.words[i], i + 1);
    mag_sched_destroy(sched);
}

/* The rounds of one worker; the other worker is the thief of each child. */
struct rounds {
    struct mag_job job;
    struct mag_sched *sched;
    uint64_t allocations; /* after warm-up */
    unsigned wrong;
    _Atomic(uint64_t) done;
};

static unsigned one_round(struct mag_sched *sched, long number)
{
    struct gate gate;
    long_task task = long_task_result(0);
    long result = -1;

    gate_close(&gate);
    if (hand_out_run(sched, &task, &gate, SUCCESS, number) != 0 ||
        mag_vtask_status(task.task) != MAG_PENDING)
        return 1;
    gate_open(&gate);
    for (unsigned tries = 0; mag_vtask_status(task.task) == MAG_PENDING; tries++)
        test_turn(tries);
    return long_task_get(task, &result) != 0 || result != number;
}

static void run_rounds(struct mag_job *job)
{
    enum { ROUNDS = 2000, WARM_UP = 1000 };
    struct rounds *rounds = (struct rounds *)(void *)job;

    for (long i = 0; i < ROUNDS; i++) {
        if (i == WARM_UP)
            rounds->allocations = test_allocations();
        rounds->wrong += one_round(rounds->sched, i);
    }
    rounds->allocations = test_allocations() - rounds->allocations;
    /* release: the rounds come before it. */
    (void)atomic_fetch_add_explicit(&rounds->done, 1, memory_order_release);
}

static void stolen_children_allocate_nothing_after_warm_up(void **state)
{
    struct rounds rounds = {.job.run = run_rounds, .sched = test_sched_start(2)};
    (void)state;

    atomic_init(&rounds.done, 0);
    assert_int_equal(mag_sched_post_worker(rounds.sched, &rounds.job, 0), 0);
    assert_true(test_wait_for(&rounds.done, 1));
    assert_int_equal(rounds.wrong, 0);
    assert_int_equal(rounds.allocations, 0);
    mag_sched_destroy(rounds.sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_for_a_source_the_child_is_waited_for),
        cmocka_unit_test(a_child_that_nobody_took_is_an_immediate_value),
        cmocka_unit_test(a_stolen_child_is_pending_and_its_thief_completes_it),
        cmocka_unit_test(a_stolen_child_that_ends_its_thread_fails),
        cmocka_unit_test(a_task_of_a_stolen_child_is_consumed_once),
        cmocka_unit_test(an_async_function_awaits_a_stolen_child),
        cmocka_unit_test(a_task_of_a_stolen_child_may_be_discarded),
        cmocka_unit_test(error_and_cancellation_of_a_child_are_those_of_its_task),
        cmocka_unit_test(large_arguments_and_results_arrive_whole),
        cmocka_unit_test(a_child_without_result_is_a_task_too),
        cmocka_unit_test(a_child_may_return_a_task_that_is_pending),
        cmocka_unit_test(stolen_children_allocate_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
