/*
 * Early ends: a stolen child that answers its join before it has returned, and a function
 * that drops its children.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/fork.h>

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------ early answers */

struct early {
    struct gate gate;
    _Atomic(uint64_t) stolen;
    _Atomic(uint64_t) returned;
};

/* Answers as soon as it can; then waits until the owner has seen the answer. */
static void answer(mag_fork w, void *payload)
{
    struct early *early;
    const uint64_t result = 42;

    memcpy(&early, payload, sizeof(early));
    if (mag_fork_is_stolen(w, payload)) {
        (void)test_add(&early->stolen, 1);
        memcpy(payload, &result, sizeof(result));
        mag_fork_answer(w);
        gate_pass(&early->gate);
    } else {
        memcpy(payload, &result, sizeof(result));
    }
    (void)test_add(&early->returned, 1);
}

/* The child's answer, which arrives while the child still waits. */
MAG_FORKABLE(uint64_t, ask, struct early *, early, bool, wait_for_thief)
static uint64_t ask(mag_fork w, struct early *early, bool wait_for_thief)
{
    uint64_t result = 0;

    if (mag_fork_push(&w, answer, &early, sizeof(early)) != 0)
        return 1;
    if (wait_for_thief && !gate_is_reached(&early->gate))
        return 2;
    if (mag_fork_pop(&w)) {
        struct early *again;
        memcpy(&again, w.top->payload, sizeof(again));
        answer(w, &again);
        memcpy(&result, &again, sizeof(result));
    } else {
        memcpy(&result, w.top->payload, sizeof(result));
    }
    return result;
}

static void a_stolen_child_may_answer_before_it_returns(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct early early = {.stolen = 0};
    uint64_t result = 0;
    (void)state;

    assert_int_equal(ask_run(sched, &result, &early, true), 0);
    assert_int_equal(result, 42);
    assert_int_equal(test_read(&early.stolen), 1);
    assert_int_equal(test_read(&early.returned), 0);
    gate_open(&early.gate);
    assert_true(test_wait_for(&early.returned, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_child_of_its_own_worker_has_nobody_to_answer(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct early early = {.stolen = 0};
    uint64_t result = 0;
    (void)state;

    assert_int_equal(ask_run(sched, &result, &early, false), 0);
    assert_int_equal(result, 42);
    assert_int_equal(test_read(&early.stolen), 0);
    assert_int_equal(test_read(&early.returned), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------ dropped children */

MAG_FORKABLE(int, work, _Atomic(uint64_t) *, calls)
static int work(mag_fork w, _Atomic(uint64_t) *calls)
{
    (void)w;
    (void)test_add(calls, 1);
    return 0;
}

/* Drops two children of three; the first is joined afterwards. */
MAG_FORKABLE(int, leave, _Atomic(uint64_t) *, calls)
static int leave(mag_fork w, _Atomic(uint64_t) *calls)
{
    struct work_child first = work_fork(&w, calls);
    struct mag_fork_mark mark = mag_fork_mark_of(w);
    struct mag_fork_slot *top = w.top;
    struct work_child second = work_fork(&w, calls);
    struct work_child third = work_fork(&w, calls);

    (void)second;
    (void)third;
    w = mag_fork_drop(&mark);
    if (w.top != top)
        return -EDOM;
    return work_join(&w, first);
}

static void dropped_children_that_nobody_took_are_not_called(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    _Atomic(uint64_t) calls = 0;
    int r = -1;
    (void)state;

    assert_int_equal(leave_run(sched, &r, &calls), 0);
    assert_int_equal(r, 0);
    assert_int_equal(test_read(&calls), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stolen_child_may_answer_before_it_returns),
        cmocka_unit_test(a_child_of_its_own_worker_has_nobody_to_answer),
        cmocka_unit_test(dropped_children_that_nobody_took_are_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
