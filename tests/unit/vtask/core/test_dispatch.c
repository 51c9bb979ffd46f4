/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/core.h"
#include "tests/support/vtask/probe.h"

/* Where a continuation runs: groups M and N, and the table of dispatch places. */

static struct mag_sched *pool; /* one worker */

static int begin_all(void **state)
{
    (void)state;
    pool = test_sched_start(1);
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    mag_sched_destroy(pool);
    return 0;
}

/* ------------------------------------------------------------------- the table */

struct row {
    bool executor, flow, queued, late; /* the situation */
    bool inline_run;                   /* in the completing thread */
    unsigned posts;                    /* to the executor */
};

/* Every continuation that is neither run inline nor posted goes to the scheduler, and
 * runs on another thread than the test's. */
static void check_row(const struct row *row)
{
    struct shelf shelf = shelf_make();
    struct probe probe = probe_make();
    struct mag_executor *before;
    unsigned flags = MAG_AWAIT_CONTEXT | (row->flow ? MAG_AWAIT_FLOW : 0U);

    core = (struct mag_core){.flags = row->queued ? MAG_CORE_QUEUED : 0};
    if (row->late)
        assert_int_equal(mag_core_set_result(&core, 1), 0);
    before = mag_executor_enter(row->executor ? &shelf.executor : NULL);
    assert_int_equal(core_register(&core, &probe, flags), 0);
    (void)mag_executor_enter(before);
    if (!row->late)
        assert_int_equal(mag_core_set_result(&core, 1), 0);

    assert_int_equal(shelf.posts, row->posts);
    if (row->inline_run)
        assert_int_equal(probe_runs(&probe), 1);
    if (row->executor)
        assert_int_equal(probe_runs(&probe), 0);
    shelf_run(&shelf);
    probe_expect_one_run(&probe);
    assert_int_equal(probe_ran_here(&probe), row->inline_run || row->executor);
    assert_int_equal(probe.sched == NULL, row->inline_run || row->executor);
    assert_int_equal(shelf.posts, row->posts);
}

/* VT-100, VT-104, VT-105, VT-106, VT-110, VT-122 */
static void each_situation_has_its_place_in_the_table(void **state)
{
    static const struct row rows[] = {
        /* executor flow queued late | inline posts */
        {false, false, false, false, true, 0}, {false, false, false, true, false, 0},
        {false, false, true, false, false, 0}, {false, false, true, true, false, 0},
        {false, true, false, false, true, 0},  {false, true, false, true, false, 0},
        {false, true, true, false, false, 0},  {false, true, true, true, false, 0},
        {true, false, false, false, false, 1}, {true, false, false, true, false, 1},
        {true, false, true, false, false, 1},  {true, false, true, true, false, 1},
        {true, true, false, false, false, 1},  {true, true, false, true, false, 1},
        {true, true, true, false, false, 1},   {true, true, true, true, false, 1},
    };
    (void)state;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

/* ------------------------------------------------------------------ the executor */

/* VT-67, VT-107, VT-109 */
static void the_executor_is_captured_only_when_asked_for(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 4; flags++) {
        struct shelf shelf = shelf_make();
        struct probe probe = probe_make();
        struct mag_executor *before = mag_executor_enter(&shelf.executor);
        bool asked = (flags & MAG_AWAIT_CONTEXT) != 0;

        core = (struct mag_core){0};
        assert_int_equal(core_register(&core, &probe, flags), 0);
        (void)mag_executor_enter(before);
        assert_int_equal(mag_core_set_result(&core, 1), 0);
        assert_int_equal(shelf.posts, asked);
        assert_int_equal(probe_runs(&probe), !asked);
        shelf_run(&shelf);
        assert_int_equal(probe_runs(&probe), 1);
    }
}

/* VT-68 */
static void unknown_flags_are_ignored(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(core_register(&core, &probe, ~7U), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
    mag_core_reset(&core);
    assert_int_equal(core_register(&core, &probe, ~(unsigned)MAG_AWAIT_HOME), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 2);
}

/* VT-111 */
static void a_completer_on_the_executor_posts_all_the_same(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(shelf_register(&shelf, &core, &probe), 0);
    struct mag_executor *before = mag_executor_enter(&shelf.executor);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    (void)mag_executor_enter(before);
    assert_int_equal(shelf.posts, 1);
    assert_int_equal(probe_runs(&probe), 0);
    shelf_run(&shelf);
    assert_int_equal(probe_runs(&probe), 1);
}

/* VT-113 */
static void an_inline_continuation_runs_under_the_completers_executor(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(core_register(&core, &probe, MAG_AWAIT_CONTEXT), 0);
    struct mag_executor *before = mag_executor_enter(&shelf.executor);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    (void)mag_executor_enter(before);
    assert_int_equal(probe_runs(&probe), 1);
    assert_ptr_equal(probe.executor, &shelf.executor);
    assert_int_equal(shelf.posts, 0);
}

/* VT-115 */
static void the_caller_may_name_the_home_itself(void **state)
{
    struct shelf shelf = shelf_make(), current = shelf_make();
    struct probe probe = probe_make();
    (void)state;

    mag_continuation_home(&probe.continuation, &shelf.executor);
    struct mag_executor *before = mag_executor_enter(&current.executor);
    assert_int_equal(core_register(&core, &probe, MAG_AWAIT_HOME | MAG_AWAIT_CONTEXT), 0);
    (void)mag_executor_enter(before);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(current.posts, 0);
    assert_int_equal(shelf.posts, 1);
    shelf_run(&shelf);
    assert_int_equal(probe_runs(&probe), 1);
}

/* ---------------------------------------------------------------------- the pool */

/* A job that registers `waiter` on `core`, and notes the result. */
struct registration {
    struct probe job;
    struct probe waiter;
    struct mag_executor *executor;
    int registered, completed;
};

static void register_there(struct probe *probe)
{
    struct registration *of = probe->arg;

    of->executor = mag_executor_current();
    of->registered = core_register(&core, &of->waiter, MAG_AWAIT_CONTEXT);
}

static struct registration registration_make(void (*then)(struct probe *))
{
    struct registration of = {.job = probe_make(), .waiter = probe_make()};

    of.job.then = then;
    return of;
}

/* VT-108 */
static void a_plain_job_has_no_executor_and_comes_back_to_its_scheduler(void **state)
{
    struct registration of = registration_make(register_there);
    (void)state;

    of.job.arg = &of;
    probe_run_as_job(pool, &of.job);
    assert_null(of.executor);
    assert_int_equal(of.registered, 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    probe_expect_one_run(&of.waiter);
    assert_ptr_equal(of.waiter.sched, pool);
    assert_null(of.waiter.executor);
}

static void register_roaming(struct probe *probe)
{
    struct registration *of = probe->arg;

    of->registered = core_register(&core, &of->waiter, 0);
}

/* VT-109 */
static void what_need_not_come_back_runs_in_any_completing_call(void **state)
{
    struct registration of = registration_make(register_roaming);
    (void)state;

    of.job.arg = &of;
    probe_run_as_job(pool, &of.job);
    assert_int_equal(of.registered, 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&of.waiter), 1);
    assert_true(probe_ran_here(&of.waiter));
}

/* VT-105 */
static void a_queued_continuation_goes_to_the_pool_it_was_awaited_on(void **state)
{
    struct registration of = registration_make(register_there);
    (void)state;

    core.flags = MAG_CORE_QUEUED;
    of.job.arg = &of;
    probe_run_as_job(pool, &of.job);
    assert_int_equal(of.registered, 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    probe_expect_one_run(&of.waiter);
    assert_ptr_equal(of.waiter.sched, pool);
}

static void complete_there(struct probe *probe)
{
    struct registration *of = probe->arg;

    of->completed = mag_core_set_result(&core, 1);
    /* There is one worker, so no other thread can have run it meanwhile. */
    of->registered = (int)probe_runs(&of->waiter);
}

/* VT-105, VT-106 */
static void awaited_outside_it_is_queued_on_the_completers_pool(void **state)
{
    struct registration of = registration_make(complete_there);
    (void)state;

    core.flags = MAG_CORE_QUEUED;
    of.job.arg = &of;
    assert_int_equal(core_register(&core, &of.waiter, MAG_AWAIT_CONTEXT), 0);
    probe_run_as_job(pool, &of.job);
    assert_int_equal(of.completed, 0);
    assert_int_equal(of.registered, 0);
    probe_expect_one_run(&of.waiter);
    assert_ptr_equal(of.waiter.sched, pool);
}

/* The order in which jobs of the next test ran. */
static struct probe *ran[3];
static unsigned ran_count;

static void note_order(struct probe *probe)
{
    ran[ran_count++] = probe;
}

static void post_then_complete(struct probe *probe)
{
    struct probe *others = probe->arg;

    note_order(probe);
    if (mag_sched_post(pool, &others[0].continuation.job) == 0 &&
        mag_core_set_result(&core, 1) == 0)
        return;
    ran_count = UINT32_MAX;
}

/* VT-114 */
static void a_queued_continuation_runs_next_on_the_completing_worker(void **state)
{
    struct probe job = probe_make(), others[2] = {probe_make(), probe_make()};
    (void)state;

    ran_count = 0;
    core.flags = MAG_CORE_QUEUED;
    others[0].then = others[1].then = note_order;
    job.then = post_then_complete;
    job.arg = others;
    assert_int_equal(core_register(&core, &others[1], 0), 0);
    probe_run_as_job(pool, &job);
    assert_true(test_wait_for(&others[0].runs, 1));
    assert_true(test_wait_for(&others[1].runs, 1));
    assert_int_equal(ran_count, 3);
    assert_ptr_equal(ran[0], &job);
    assert_ptr_equal(ran[1], &others[1]);
    assert_ptr_equal(ran[2], &others[0]);
}

/* ------------------------------------------------------------------------- depth */

enum { CHAIN = 1000 };

static struct link {
    struct probe probe;
    struct mag_core core;
    uint32_t depth;
} chain[CHAIN + 1];

static void complete_next(struct probe *probe)
{
    struct link *link = (struct link *)(void *)probe;

    link->depth = mag_here_depth();
    if (mag_core_set_result(&link[1].core, 1) != 0)
        link->depth = UINT32_MAX;
}

/* VT-116 */
static void a_chain_of_completions_nests_only_so_deep(void **state)
{
    uint32_t deepest = 0;
    (void)state;

    for (unsigned i = 0; i < CHAIN; i++) {
        chain[i].probe = probe_make();
        chain[i].probe.then = complete_next;
        assert_int_equal(core_register(&chain[i].core, &chain[i].probe, 0), 0);
    }
    assert_int_equal(mag_core_set_result(&chain[0].core, 1), 0);
    for (unsigned i = 0; i < CHAIN; i++) {
        probe_expect_one_run(&chain[i].probe);
        if (chain[i].depth > deepest)
            deepest = chain[i].depth;
    }
    assert_int_equal(deepest, MAG_INLINE_DEPTH_MAX);
    assert_int_equal(mag_here_depth(), 0);
}

/* ------------------------------------------------------------------------ refusal */

/* VT-206 */
static void a_continuation_that_its_executor_refuses_runs_inline(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct shelf shelf = shelf_make();
        struct probe probe = probe_make();

        core = (struct mag_core){0};
        shelf.refuse = -ESHUTDOWN;
        if (late != 0)
            assert_int_equal(mag_core_set_result(&core, 1), 0);
        assert_int_equal(shelf_register(&shelf, &core, &probe), 0);
        if (late == 0)
            assert_int_equal(mag_core_set_result(&core, 1), 0);
        assert_int_equal(shelf.posts, 1);
        assert_int_equal(probe_runs(&probe), 1);
        assert_true(probe_ran_here(&probe));
    }
}

/* VT-206 */
static void a_continuation_of_a_stopped_pool_runs_inline(void **state)
{
    struct mag_sched *stopped = test_sched_start(1);
    struct registration of = registration_make(register_there);
    (void)state;

    core.flags = MAG_CORE_QUEUED;
    of.job.arg = &of;
    probe_run_as_job(stopped, &of.job);
    assert_int_equal(mag_sched_stop(stopped, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&of.waiter), 1);
    assert_true(probe_ran_here(&of.waiter));
    mag_sched_destroy(stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_situation_has_its_place_in_the_table, core_clear),
        cmocka_unit_test_setup(the_executor_is_captured_only_when_asked_for, core_clear),
        cmocka_unit_test_setup(unknown_flags_are_ignored, core_clear),
        cmocka_unit_test_setup(a_completer_on_the_executor_posts_all_the_same,
                               core_clear),
        cmocka_unit_test_setup(an_inline_continuation_runs_under_the_completers_executor,
                               core_clear),
        cmocka_unit_test_setup(the_caller_may_name_the_home_itself, core_clear),
        cmocka_unit_test_setup(
            a_plain_job_has_no_executor_and_comes_back_to_its_scheduler, core_clear),
        cmocka_unit_test_setup(what_need_not_come_back_runs_in_any_completing_call,
                               core_clear),
        cmocka_unit_test_setup(a_queued_continuation_goes_to_the_pool_it_was_awaited_on,
                               core_clear),
        cmocka_unit_test_setup(awaited_outside_it_is_queued_on_the_completers_pool,
                               core_clear),
        cmocka_unit_test_setup(a_queued_continuation_runs_next_on_the_completing_worker,
                               core_clear),
        cmocka_unit_test(a_chain_of_completions_nests_only_so_deep),
        cmocka_unit_test_setup(a_continuation_that_its_executor_refuses_runs_inline,
                               core_clear),
        cmocka_unit_test_setup(a_continuation_of_a_stopped_pool_runs_inline, core_clear),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
