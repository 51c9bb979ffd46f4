/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/fork.h>

static _Atomic(uint64_t) calls;

MAG_SPAWNABLE(count, unsigned, number, unsigned, bad)
static int count(mag_fork w, unsigned number, unsigned bad)
{
    (void)w;
    /* relaxed: a counter. */
    (void)atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return number == bad ? -EIO : 0;
}

/* A child for each number; one of them may fail. */
MAG_FORKABLE(int, crowd, unsigned, children, unsigned, bad)
static int crowd(mag_fork w, unsigned children, unsigned bad)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    for (unsigned i = 1; i <= children; i++)
        count_spawn(&w, &scope, i, bad);
    return mag_scope_join(&w, &scope);
}

MAG_FORKABLE(int, canceled_crowd, unsigned, children)
static int canceled_crowd(mag_fork w, unsigned children)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    mag_scope_cancel(&scope);
    for (unsigned i = 1; i <= children; i++)
        count_spawn(&w, &scope, i, 0);
    return mag_scope_join(&w, &scope);
}

/* A scope in each child of a scope; a leaf may fail, deep down. */
MAG_SPAWNABLE(node, unsigned, depth, int, error)
static int node(mag_fork w, unsigned depth, int error)
{
    struct mag_scope scope;

    if (depth == 0)
        return error;
    mag_scope_open(&scope, w);
    for (unsigned i = 0; i < 4; i++)
        node_spawn(&w, &scope, depth - 1, i == 3 ? error : 0);
    return mag_scope_join(&w, &scope);
}

MAG_FORKABLE(int, nest, unsigned, depth, int, error)
static int nest(mag_fork w, unsigned depth, int error)
{
    return node(w, depth, error);
}

/* No arguments, on a root of its own. */
MAG_SPAWNABLE(alone, void)
static int alone(mag_fork w)
{
    (void)w;
    /* relaxed: read when the computation is over. */
    (void)atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return 0;
}

MAG_SPAWNABLE(both, void)
static int both(mag_fork w)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    alone_spawn(&w, &scope);
    alone_spawn(&w, &scope);
    return mag_scope_join(&w, &scope);
}

static struct mag_sched *start(uint32_t workers, uint32_t fork_depth)
{
    atomic_init(&calls, 0);
    return test_sched_start_sized(workers, fork_depth, 0);
}

static uint64_t count_of_calls(void)
{
    /* relaxed: the computation is over. */
    return atomic_load_explicit(&calls, memory_order_relaxed);
}

static void a_scope_takes_more_children_than_the_stack_holds(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = start(workers, 64);
        int error = -1;

        assert_int_equal(crowd_run(sched, &error, 5000000, 0), 0);
        assert_int_equal(error, 0);
        assert_int_equal(count_of_calls(), 5000000);
        mag_sched_destroy(sched);
    }
}

static void the_error_of_a_child_reaches_the_joiner(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = start(workers, 8192);

        for (unsigned i = 0; i < 100; i++) {
            int error = 0;
            assert_int_equal(crowd_run(sched, &error, 50, 1 + i % 50), 0);
            assert_int_equal(error, -EIO);
        }
        mag_sched_destroy(sched);
    }
}

static void an_error_keeps_children_that_have_not_begun_from_running(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    int error = 0;
    (void)state;

    atomic_init(&calls, 0);
    /* The only thread that runs children joins in reverse order: the last is the first
     * to run. */
    assert_int_equal(crowd_run(sched, &error, 50, 50), 0);
    assert_int_equal(error, -EIO);
    assert_int_equal(count_of_calls(), 1);
    mag_sched_destroy(sched);
}

static void a_canceled_scope_calls_nobody(void **state)
{
    struct mag_sched *sched = start(2, 64);
    int error = 0;
    (void)state;

    assert_int_equal(canceled_crowd_run(sched, &error, 1000), 0);
    assert_int_equal(error, -ECANCELED);
    assert_int_equal(count_of_calls(), 0);
    mag_sched_destroy(sched);
}

static void an_error_climbs_through_nested_scopes(void **state)
{
    struct mag_sched *sched = start(3, 8192);
    (void)state;

    for (unsigned i = 0; i < 200; i++) {
        int error = -1;

        assert_int_equal(nest_run(sched, &error, 5, 0), 0);
        assert_int_equal(error, 0);
        assert_int_equal(nest_run(sched, &error, 5, -ENOENT), 0);
        assert_int_equal(error, -ENOENT);
    }
    mag_sched_destroy(sched);
}

static void a_root_returns_the_error_of_its_scope(void **state)
{
    struct mag_sched *sched = start(2, 8192);
    (void)state;

    assert_int_equal(node_run(sched, 4, 0), 0);
    assert_int_equal(node_run(sched, 4, -EIO), -EIO);
    assert_int_equal(node_run(sched, 0, -ENOENT), -ENOENT);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(node_run(sched, 0, -ENOENT), -ESHUTDOWN);
    mag_sched_destroy(sched);
}

static void children_without_arguments_are_called(void **state)
{
    struct mag_sched *sched = start(2, 8192);
    (void)state;

    assert_int_equal(both_run(sched), 0);
    assert_int_equal(count_of_calls(), 2);
    assert_int_equal(alone_run(sched), 0);
    assert_int_equal(count_of_calls(), 3);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_takes_more_children_than_the_stack_holds),
        cmocka_unit_test(the_error_of_a_child_reaches_the_joiner),
        cmocka_unit_test(a_root_returns_the_error_of_its_scope),
        cmocka_unit_test(children_without_arguments_are_called),
        cmocka_unit_test(an_error_keeps_children_that_have_not_begun_from_running),
        cmocka_unit_test(a_canceled_scope_calls_nobody),
        cmocka_unit_test(an_error_climbs_through_nested_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
