/*
 * Bodies of loops, sequences and nodes of graphs that end the threads on which they are
 * called: they fail, and what waits for the loop or the graph goes on elsewhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include "tests/support/sched/exit.h"

enum { COUNT = 300, NOWHERE = COUNT };

static void end_here(bool here)
{
    (void)add(&ran, 1);
    if (here)
        pthread_exit(NULL);
}

/* ------------------------------------------------------------------------- indices */

MAG_EACH(dies_at, size_t, at)

static mag_task dies_at(size_t index, size_t at)
{
    end_here(index == at);
    return mag_task_done();
}

MAG_EACH(dies_async_at, size_t, at)

MAG_ASYNC(mag_task, dies_async_at, (size_t, index, size_t, at), mag_vtask delay;)
{
    MAG_BEGIN(f);
    if (f->index % 5 == 0 && mag_delay(NULL, 1000, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    else
        end_here(f->index == f->at);
    MAG_END(f);
}

/* What an awaiter of a loop has seen. */
struct awaiter {
    int error;
    bool on_worker;
};

MAG_ASYNC(mag_task, await_loop, (struct awaiter *, seen, size_t, at), int error;)
{
    MAG_BEGIN(f);
    MAG_TRY_DONE(f, f->error, dies_at_each(sched, 0, COUNT, f->at));
    f->seen->error = f->error;
    f->seen->on_worker = mag_sched_self() == sched;
    MAG_END(f);
}

static void a_body_that_ends_its_thread_fails_with_its_index(void **state)
{
    (void)state;
    start(2);
    for (size_t at = 0; at < COUNT; at += 37) {
        size_t failed = 0;
        struct mag_each_options options = {.limit = 2, .ret_failed = &failed};

        assert_int_equal(mag_task_wait(dies_at_each_with(sched, &options, 0, COUNT, at)),
                         -EOWNERDEAD);
        assert_int_equal(failed, at);
        assert_int_equal(
            mag_task_wait(dies_async_at_each_with(sched, &options, 0, COUNT, at + 1)),
            (at + 1) % 5 == 0 ? 0 : -EOWNERDEAD);
    }
    assert_true(ended_threads() > COUNT / 37);
    assert_int_equal(mag_task_wait(dies_at_each(sched, 0, COUNT, NOWHERE)), 0);
    mag_sched_destroy(sched);
}

static void whoever_awaits_a_loop_goes_on_on_a_worker_that_lives(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct awaiter seen = {.error = 0};

        start(workers);
        assert_int_equal(mag_task_wait(await_loop(&seen, 3)), 0);
        assert_int_equal(seen.error, -EOWNERDEAD);
        assert_int_equal(ended_threads(), 1);
        mag_sched_destroy(sched);
    }
}

/* -------------------------------------------------------------------------- values */

MAG_SEQUENCE_DEFINE(numbers, size_t)
MAG_SEQUENCE(numbers, count_to, (size_t, end, size_t, dies_at), size_t next;)
{
    MAG_BEGIN(f);
    for (; f->next < f->end; f->next++) {
        end_here(f->next == f->dies_at);
        MAG_YIELD(f, f->next);
    }
    MAG_END(f);
}

MAG_EACH_OF(numbers, use_until, size_t, at)

static mag_task use_until(size_t value, size_t at)
{
    end_here(value == at);
    return mag_task_done();
}

static void a_body_that_ends_its_thread_fails_with_its_value(void **state)
{
    (void)state;
    start(2);
    for (size_t at = 0; at < 100; at += 9) {
        size_t failed = NOWHERE;
        struct mag_each_options options = {.limit = 3, .ret_failed = &failed};

        assert_int_equal(mag_task_wait(use_until_each_with(sched, &options,
                                                           count_to(100, NOWHERE), at)),
                         -EOWNERDEAD);
        assert_int_equal(failed, at);
    }
    assert_int_equal(
        mag_task_wait(use_until_each(sched, count_to(100, NOWHERE), NOWHERE)), 0);
    mag_sched_destroy(sched);
}

static void a_sequence_that_ends_its_thread_is_an_error_of_the_loop(void **state)
{
    (void)state;
    start(2);
    for (size_t at = 0; at < 100; at += 9) {
        size_t failed = NOWHERE;
        struct mag_each_options options = {.limit = 3, .ret_failed = &failed};

        assert_int_equal(mag_task_wait(use_until_each_with(sched, &options,
                                                           count_to(100, at), NOWHERE)),
                         -EOWNERDEAD);
        assert_int_equal(failed, at);
    }
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------------------- graphs */

MAG_NODE(mag_task, node, const bool *, dies)

static mag_task node(const bool *dies)
{
    end_here(*dies);
    return mag_task_done();
}

/* A node, eight behind it, and one behind these. */
static struct mag_graph *fan(const bool *dies, struct mag_graph_node **ret_middle)
{
    static bool lives;
    struct mag_graph_node *first, *middle, *last;
    struct mag_graph *graph;

    assert_int_equal(mag_graph_create(&graph), 0);
    assert_int_equal(node_node(graph, &lives, &first), 0);
    assert_int_equal(node_node(graph, &lives, &last), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(node_node(graph, i == 5 ? dies : &lives, &middle), 0);
        assert_int_equal(mag_graph_edge(graph, first, middle), 0);
        assert_int_equal(mag_graph_edge(graph, middle, last), 0);
        if (i == 5)
            *ret_middle = middle;
    }
    assert_int_equal(mag_graph_build(graph, NULL, 0), 0);
    return graph;
}

static void a_node_that_ends_its_thread_fails_and_the_graph_runs_again(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        bool dies = true;
        struct mag_graph_node *middle = NULL;

        start(workers);
        struct mag_graph *graph = fan(&dies, &middle);
        mag_graph_name(middle, "deadly");
        for (int i = 0; i < 10; i++) {
            dies = true;
            assert_int_equal(mag_task_wait(mag_graph_run(graph, sched, NULL)),
                             -EOWNERDEAD);
            assert_string_equal(mag_graph_failed(graph), "deadly");
            dies = false;
            set(&ran, 0);
            assert_int_equal(mag_task_wait(mag_graph_run(graph, sched, NULL)), 0);
            assert_int_equal(look(&ran), 10);
        }
        assert_int_equal(ended_threads(), 10);
        assert_int_equal(mag_graph_destroy(graph), 0);
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_ends_its_thread_fails_with_its_index),
        cmocka_unit_test(whoever_awaits_a_loop_goes_on_on_a_worker_that_lives),
        cmocka_unit_test(a_body_that_ends_its_thread_fails_with_its_value),
        cmocka_unit_test(a_sequence_that_ends_its_thread_is_an_error_of_the_loop),
        cmocka_unit_test(a_node_that_ends_its_thread_fails_and_the_graph_runs_again),
    };

    return cmocka_run_group_tests_name("thread ends, flow", tests, NULL, NULL);
}
