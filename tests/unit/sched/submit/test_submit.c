/*
 * Submissions: each runs once, where and when its options say; refused and dropped ones
 * leave nothing behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/counters.h>
#include <magpie/default.h>
#include <magpie/event_loop.h>
#include <magpie/strand.h>
#include <magpie/submit.h>

enum { MANY = 1000 };

static struct mag_sched *sched;
static shared cells[MANY];
static shared calls;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    set(&calls, 0);
    for (unsigned i = 0; i < MANY; i++)
        set(&cells[i], 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static void drain(void)
{
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
}

/* Counts the calls with each cell as the argument. */
static void mark(void *arg)
{
    (void)add(arg, 1);
    (void)add(&calls, 1);
}

static void assert_marked(unsigned from, unsigned to, uint64_t times)
{
    for (unsigned i = from; i < to; i++)
        assert_int_equal(look(&cells[i]), times);
}

/* -------------------------------------------------------------------- one call */

static void a_submitted_function_is_called_once_with_its_argument(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(mag_submit(sched, mark, &cells[i]), 0);
    drain();
    assert_marked(0, MANY, 1);
}

/* Marks a cell, and submits the next one from the worker. */
static void mark_and_submit_next(void *arg)
{
    shared *cell = arg;

    (void)add(cell, 1);
    if (cell + 1 < cells + MANY && mag_submit(NULL, mark_and_submit_next, cell + 1) != 0)
        set(&calls, UINT64_MAX);
}

static void no_scheduler_means_that_of_the_calling_worker(void **state)
{
    (void)state;
    assert_int_equal(mag_submit(sched, mark_and_submit_next, cells), 0);
    assert_true(test_wait_for(&cells[MANY - 1], 1));
    drain();
    assert_marked(0, MANY, 1);
    assert_int_equal(look(&calls), 0);
}

static void note_scheduler(void *arg)
{
    struct mag_sched *is_default = NULL;

    if (mag_sched_default(&is_default) == 0 && is_default == mag_sched_self())
        (void)add(arg, 1);
    (void)add(&calls, 1);
}

static void no_scheduler_means_the_default_one_on_other_threads(void **state)
{
    (void)state;
    assert_int_equal(mag_submit(NULL, note_scheduler, &cells[0]), 0);
    assert_int_equal(mag_submit_all(NULL, NULL, note_scheduler, &cells[0], 0, 2), 0);
    assert_true(test_wait_for(&calls, 3));
    assert_int_equal(look(&cells[0]), 3);
}

/* Runs next on the worker that submits, as a posted job does, although the object is the
 * one that has just run. */
static uint64_t order[4];
static shared ordered;

static void note_order(void *arg)
{
    order[look(&ordered)] = *(uint64_t *)arg;
    (void)add(&ordered, 1);
}

static uint64_t numbers[] = {0, 1, 2, 3};

static void submit_the_next(void *arg)
{
    (void)!mag_submit(NULL, note_order, &numbers[1]);
    note_order(arg);
}

static void what_a_function_submits_runs_next(void **state)
{
    struct holder holder;
    (void)state;

    drain();
    mag_sched_destroy(sched);
    sched = test_sched_start(1);
    set(&ordered, 0);
    holder_begin(&holder, sched);
    assert_int_equal(mag_submit(sched, submit_the_next, &numbers[0]), 0);
    assert_int_equal(mag_submit(sched, note_order, &numbers[2]), 0);
    assert_int_equal(mag_submit(sched, note_order, &numbers[3]), 0);
    holder_let_go(&holder);
    drain();
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(order[i], i);
}

/* ---------------------------------------------------------------------- options */

static bool is_ordered_by_priority(void)
{
    struct mag_submit_options options = {.name = "order"};
    struct holder holder;
    bool is_ordered = true;

    set(&ordered, 0);
    holder_begin(&holder, sched);
    options.priority = MAG_PRIORITY_LOW;
    assert_int_equal(mag_submit_with(sched, &options, note_order, &numbers[3]), 0);
    assert_int_equal(mag_submit(sched, note_order, &numbers[2]), 0);
    options.priority = MAG_PRIORITY_HIGH;
    assert_int_equal(mag_submit_with(sched, &options, note_order, &numbers[0]), 0);
    assert_int_equal(mag_submit_all(sched, &options, note_order, &numbers[1], 0, 1), 0);
    holder_let_go(&holder);
    assert_true(test_wait_for(&ordered, 4));
    for (unsigned i = 0; i < 4; i++)
        is_ordered &= order[i] == i;
    return is_ordered;
}

/* One turn in eight begins with another level, so not each try is in order; the rule is
 * played job by job in test_levels.c. */
static void priorities_order_what_waits(void **state)
{
    bool was_ordered = false;
    (void)state;

    drain();
    mag_sched_destroy(sched);
    sched = test_sched_start(1);
    for (unsigned tries = 0; !was_ordered && tries < 64; tries++)
        was_ordered = is_ordered_by_priority();
    drain();
    assert_true(was_ordered);
}

static void note_worker(void *arg)
{
    set(arg, mag_sched_worker() + 1);
}

static void a_submission_to_a_worker_runs_there(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER};
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        options.index = i % 2;
        assert_int_equal(mag_submit_with(sched, &options, note_worker, &cells[i]), 0);
    }
    drain();
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(look(&cells[i]), i % 2 + 1);
}

static void a_submission_to_a_node_runs(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_NODE};
    (void)state;

    for (int priority = MAG_PRIORITY_LOW; priority <= MAG_PRIORITY_HIGH; priority++) {
        options.priority = (enum mag_priority)priority;
        assert_int_equal(mag_submit_with(sched, &options, mark, &cells[0]), 0);
        assert_int_equal(mag_submit_all(sched, &options, mark, &cells[1], 0, 2), 0);
    }
    drain();
    assert_int_equal(look(&cells[0]), 3);
    assert_int_equal(look(&cells[1]), 6);
}

static struct mag_strand strand;

static void note_strand(void *arg)
{
    set(arg, mag_strand_self() == &strand ? 1 : 2);
}

static void a_submission_to_an_executor_runs_there(void **state)
{
    struct mag_submit_options options = {.executor = &strand.executor};
    (void)state;

    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(mag_submit_with(NULL, &options, note_strand, &cells[i]), 0);
    drain();
    assert_marked(0, MANY, 1);
}

static void assert_refused(const struct mag_submit_options *options, int error)
{
    assert_int_equal(mag_submit_with(sched, options, mark, &cells[0]), error);
    assert_int_equal(mag_submit_all(sched, options, mark, &cells[0], 0, 1), error);
}

static void a_submission_without_a_function_is_refused(void **state)
{
    struct mag_submit_options options = {.name = "nothing"};
    (void)state;

    assert_int_equal(mag_submit(sched, NULL, &cells[0]), -EINVAL);
    assert_int_equal(mag_submit(NULL, NULL, &cells[0]), -EINVAL);
    assert_int_equal(mag_submit_with(sched, &options, NULL, &cells[0]), -EINVAL);
    assert_int_equal(mag_submit_all(sched, &options, NULL, &cells[0], 0, 3), -EINVAL);
    drain();
}

static void options_that_contradict_each_other_are_refused(void **state)
{
    struct mag_submit_options options[] = {
        {.where = MAG_SUBMIT_TO_NODE, .index = 1000},
        {.where = MAG_SUBMIT_TO_WORKER, .index = 2},
        {.where = MAG_SUBMIT_TO_WORKER, .priority = MAG_PRIORITY_HIGH},
        {.where = MAG_SUBMIT_TO_NODE, .executor = &strand.executor},
        {.executor = &strand.executor, .priority = MAG_PRIORITY_LOW},
        {.where = (enum mag_submit_where)(MAG_SUBMIT_TO_WORKER + 1)},
        {.priority = (enum mag_priority)(MAG_PRIORITY_HIGH + 1)},
        {.priority = (enum mag_priority)(MAG_PRIORITY_LOW - 1)},
    };
    (void)state;

    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        assert_refused(&options[i], -EINVAL);
    drain();
    assert_int_equal(look(&calls), 0);
}

static void options_of_an_older_program_are_read_as_far_as_it_knows_them(void **state)
{
    struct mag_submit_options options = {.name = "mark"};
    size_t first = offsetof(struct mag_submit_options, dropped) + sizeof(options.dropped);
    (void)state;

    assert_int_equal(mag_submit_sized(sched, &options, first, mark, &cells[0]), 0);
    assert_int_equal(mag_submit_sized(sched, &options, first - 1, mark, &cells[1]),
                     -EINVAL);
    assert_int_equal(mag_submit_all_sized(sched, &options, first, mark, &cells[2], 0, 1),
                     0);
    assert_int_equal(mag_submit_sized(sched, NULL, 0, mark, &cells[3]), 0);
    drain();
    assert_int_equal(look(&cells[0]), 1);
    assert_int_equal(look(&cells[1]), 0);
    assert_int_equal(look(&cells[2]), 1);
    assert_int_equal(look(&cells[3]), 1);
}

static void note_dropped(void *arg)
{
    (void)add(arg, UINT64_C(1) << 32);
    (void)add(&calls, 1);
}

static void a_job_of_the_programs_may_have_a_priority(void **state)
{
    struct mag_submit_options options = {.priority = MAG_PRIORITY_HIGH};
    struct counted jobs[3] = {counted_make(), counted_make(), counted_make()};
    (void)state;

    assert_int_equal(mag_submit_job(sched, &options, &jobs[0].job), 0);
    assert_int_equal(mag_submit_job(sched, NULL, &jobs[1].job), 0);
    options.dropped = note_dropped;
    assert_int_equal(mag_submit_job(sched, &options, &jobs[2].job), -EINVAL);
    assert_int_equal(
        mag_submit_job_sized(sched, &options, sizeof(options.priority), &jobs[2].job),
        -EINVAL);
    drain();
    assert_int_equal(look(&jobs[0].runs), 1);
    assert_int_equal(look(&jobs[1].runs), 1);
    assert_int_equal(look(&jobs[2].runs), 0);
    assert_int_equal(mag_submit_job(sched, NULL, &jobs[2].job), -ESHUTDOWN);
}

/* ------------------------------------------------------------------ many at once */

static void each_element_of_an_array_is_one_call(void **state)
{
    (void)state;
    assert_int_equal(mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), MANY), 0);
    assert_true(test_wait_for(&calls, MANY));
    assert_int_equal(
        mag_submit_all(sched, NULL, mark, cells, 2 * sizeof(cells[0]), MANY / 2), 0);
    assert_int_equal(mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), 0), 0);
    drain();
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(look(&cells[i]), i % 2 == 0 ? 2 : 1);
}

static void submit_many(void *arg)
{
    if (mag_submit_all(NULL, NULL, mark, arg, sizeof(cells[0]), MANY) != 0)
        set(&calls, UINT64_MAX / 2);
}

static void a_worker_submits_many_at_once(void **state)
{
    (void)state;
    assert_int_equal(mag_submit(sched, submit_many, cells), 0);
    assert_true(test_wait_for(&calls, MANY));
    drain();
    assert_marked(0, MANY, 1);
    assert_int_equal(test_sched_counters(sched).posts, MANY);
}

static void all_are_submitted_or_none(void **state)
{
    (void)state;
    drain();
    assert_int_equal(mag_submit_all(sched, NULL, mark, cells, sizeof(cells[0]), MANY),
                     -ESHUTDOWN);
    assert_marked(0, MANY, 0);
}

/* --------------------------------------------------------------- refusal and end */

static void a_stopped_scheduler_refuses_and_nothing_is_left(void **state)
{
    (void)state;
    drain();
    assert_int_equal(mag_submit(sched, mark, &cells[0]), -ESHUTDOWN);
    assert_int_equal(mag_submit_with(sched, NULL, mark, &cells[0]), -ESHUTDOWN);
    assert_int_equal(look(&cells[0]), 0);
}

static void must_not_be_handed_back(struct mag_job *job, void *arg)
{
    (void)job;
    (void)arg;
    fail_msg("a submission was handed to the program");
}

static void a_canceled_scheduler_drops_each_submission_that_did_not_begin(void **state)
{
    struct mag_submit_options options = {.dropped = note_dropped};
    struct holder holders[2];
    (void)state;

    mag_strand_init(&strand, sched);
    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(mag_submit_with(sched, &options, mark, &cells[i]), 0);
    options.executor = &strand.executor;
    for (unsigned i = 100; i < 200; i++)
        assert_int_equal(mag_submit_with(sched, &options, mark, &cells[i]), 0);
    options.executor = NULL;
    options.priority = MAG_PRIORITY_LOW;
    assert_int_equal(
        mag_submit_all(sched, &options, mark, &cells[200], sizeof(cells[0]), 100), 0);
    assert_int_equal(mag_submit(sched, mark, &cells[300]), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_int_equal(
        mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, must_not_be_handed_back, NULL), 0);
    assert_marked(0, 300, UINT64_C(1) << 32);
    assert_int_equal(look(&cells[300]), 0);
    assert_int_equal(look(&calls), 300);
}

static void a_closed_event_loop_drops_its_submissions(void **state)
{
    struct mag_event_loop loop;
    struct mag_submit_options options = {.executor = &loop.executor,
                                         .dropped = note_dropped};
    (void)state;

    mag_event_loop_init(&loop, NULL, NULL);
    assert_int_equal(mag_submit_with(NULL, &options, mark, &cells[0]), 0);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_int_equal(mag_submit_with(NULL, &options, mark, &cells[1]), 0);
    mag_event_loop_close(&loop, must_not_be_handed_back, NULL);
    assert_int_equal(mag_submit_with(NULL, &options, mark, &cells[2]), -ESHUTDOWN);
    assert_int_equal(look(&cells[0]), 1);
    assert_int_equal(look(&cells[1]), UINT64_C(1) << 32);
    assert_int_equal(look(&cells[2]), 0);
}

static void end_thread(void *arg)
{
    mark(arg);
    pthread_exit(NULL);
}

static void a_function_that_ends_its_thread_leaves_nothing_behind(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(mag_submit(sched, end_thread, &cells[i]), 0);
        assert_int_equal(mag_submit(sched, mark, &cells[20 + i]), 0);
    }
    drain();
    assert_marked(0, 40, 1);
    assert_int_equal(test_sched_counters(sched).ended, 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_submitted_function_is_called_once_with_its_argument),
        TEST(no_scheduler_means_that_of_the_calling_worker),
        TEST(no_scheduler_means_the_default_one_on_other_threads),
        TEST(what_a_function_submits_runs_next),
        TEST(priorities_order_what_waits),
        TEST(a_submission_to_a_worker_runs_there),
        TEST(a_submission_to_a_node_runs),
        TEST(a_submission_to_an_executor_runs_there),
        TEST(options_that_contradict_each_other_are_refused),
        TEST(a_submission_without_a_function_is_refused),
        TEST(options_of_an_older_program_are_read_as_far_as_it_knows_them),
        TEST(a_job_of_the_programs_may_have_a_priority),
        TEST(each_element_of_an_array_is_one_call),
        TEST(a_worker_submits_many_at_once),
        TEST(all_are_submitted_or_none),
        TEST(a_stopped_scheduler_refuses_and_nothing_is_left),
        TEST(a_canceled_scheduler_drops_each_submission_that_did_not_begin),
        TEST(a_closed_event_loop_drops_its_submissions),
        TEST(a_function_that_ends_its_thread_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
