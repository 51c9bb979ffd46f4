/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test, with its barrier replaced. */
#include "tests/support/base/turns.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/async.h>
#include <magpie/barrier.h>
#include <pthread.h>

static void other_completer(void);
#define mag_barrier_heavy other_completer
#include "vtask/value/visit.c" /* NOLINT(bugprone-suspicious-include) */

static struct mag_core core;

static int set_up(void **state)
{
    (void)state;
    yields = naps = 0;
    mag_core_prepare(&core, NULL);
    return 0;
}

static void visitor_leaves(void)
{
    leave(&core, MAG_VISITOR_LEFT);
}

static void visitor_is_inside(void)
{
    /* relaxed: one thread. */
    atomic_store_explicit(&core.token, MAG_VISITOR_INSIDE, memory_order_relaxed);
    let_go = visitor_leaves;
}

static void a_completer_that_waits_for_a_visitor_to_leave_lets_it_run(void **state)
{
    (void)state;

    visitor_is_inside();
    mag_core_see_off(&core);
    assert_slept();
}

static void a_completer_that_finds_a_visitor_inside_lets_it_run(void **state)
{
    (void)state;

    visitor_is_inside();
    assert_false(mag_core_meet(&core, 0));
    assert_slept();
}

/* The second of two completers is inside the barrier. */
static void other_completer(void)
{
    /* relaxed: one thread. */
    atomic_store_explicit(&core.slot, MAG_SLOT_DONE, memory_order_relaxed);
}

/* The second completion is misuse, and there is no continuation at address 1. */
static void a_visitor_that_completes_second_runs_nothing(void **state)
{
    uintptr_t biased = (uintptr_t)&core | MAG_SLOT_BIASED;
    (void)state;

    /* relaxed: one thread. */
    atomic_store_explicit(&core.slot, biased, memory_order_relaxed);
    assert_null(mag_core_visit(&core, biased));
    assert_int_equal(mag_core_slot(&core), MAG_SLOT_DONE);
    assert_false(mag_core_is_visited(&core));
}

/* A visitor of a later operation has left: the continuation of this operation has run. */
static void a_visit_of_another_operation_says_nothing_of_this_one(void **state)
{
    const uintptr_t awaited = (uintptr_t)&core;
    (void)state;

    /* relaxed: one thread. */
    atomic_store_explicit(&core.slot, awaited, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&core.token, 8 | MAG_VISITOR_LEFT, memory_order_relaxed);
    assert_true(mag_core_meet(&core, 7));
    assert_int_equal(mag_core_slot(&core), awaited);
    assert_false(mag_core_meet(&core, 8));
    assert_int_equal(mag_core_slot(&core), MAG_SLOT_DONE);
}

/* When a visitor has left a core, the token says so, but the slot does not yet. */
static void a_second_completer_is_refused_after_a_visit(void **state)
{
    static const struct mag_core_type sized = {.result_size = 4,
                                               .result_offset = sizeof(core)};
    const uintptr_t biased = (uintptr_t)&core | MAG_SLOT_BIASED;
    uint32_t value = 1;
    (void)state;

    /* relaxed: one thread. */
    atomic_store_explicit(&core.slot, biased, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&core.token, MAG_VISITOR_LEFT, memory_order_relaxed);
    assert_int_equal(mag_core_set_done(&core), MAG_E_DONE);
    assert_int_equal(mag_core_set_result(&core, 1), MAG_E_DONE);
    assert_int_equal(mag_core_set_error(&core, -EIO, 1), MAG_E_DONE);
    core.type = &sized;
    assert_int_equal(mag_core_set_value(&core, &value, sizeof(value)), MAG_E_DONE);
    assert_int_equal(mag_core_slot(&core), biased);
}

struct told {
    struct mag_continuation continuation;
    pthread_t thread;
    _Atomic(uint64_t) runs;
};

static void run_told(struct mag_job *job)
{
    struct told *told = (struct told *)(void *)job;

    told->thread = pthread_self();
    /* release: the thread's number is written. */
    (void)atomic_fetch_add_explicit(&told->runs, 1, memory_order_release);
}

/* In both ways in which the completer can find the continuation. */
static void a_queued_continuation_is_never_run_inside(void **state)
{
    static struct told told = {.continuation = {.job = {.run = run_told}}};
    (void)state;

    core.flags = MAG_CORE_QUEUED;
    /* relaxed: one thread. */
    atomic_store_explicit(&core.slot, (uintptr_t)&told.continuation,
                          memory_order_relaxed);
    mag_core_publish_slow(&core, mag_core_slot(&core));
    assert_true(test_wait_for(&told.runs, 1));
    assert_false(pthread_equal(told.thread, pthread_self()));
}

static void keep_it(struct mag_core *used)
{
    (void)used;
}

/* A task that hand-written code has given the visitor's bits finds them in the core. */
static void a_visited_core_is_read_the_slow_way_once(void **state)
{
    static const struct mag_core_type type = {0, 0, keep_it, NULL};
    uintptr_t biased = (uintptr_t)&core | MAG_SLOT_BIASED;
    uint64_t result = 0;
    (void)state;

    mag_core_prepare(&core, &type);
    uint64_t token = mag_core_task(&core).payload;
    assert_int_equal(core.easy, 1);
    core.value = 7;
    assert_null(mag_core_visit(&core, biased));
    assert_int_equal(core.easy, 0);
    assert_int_equal(
        mag_core_get(&core, token | MAG_VISITOR_LEFT, &result, sizeof(result), NULL),
        MAG_E_TOKEN);
    assert_int_equal(mag_core_get(&core, token, &result, sizeof(result), NULL), 0);
    assert_int_equal(result, 7);
    assert_int_equal(core.easy, 1);
}

MAG_VTASK_DEFINE(word_task, uint64_t)

MAG_ASYNC(word_task, await_word, (mag_vtask, task), uint64_t word;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->word, word_task_of(f->task));
    return word_task_result(f->word);
    MAG_END(f);
}

static void never(struct mag_job *job)
{
    (void)job;
    fail();
}

static void assert_forged(uint64_t token)
{
    for (unsigned come_back = 0; come_back < 2; come_back++) {
        mag_vtask task = mag_core_task(&core);
        struct mag_continuation continuation = {.job = {.run = never}};
        uint64_t result = 5;

        task.payload = token;
        task = mag_vtask_configure(task, come_back != 0);
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
        assert_int_equal(mag_vtask_on_completed(task, &continuation, MAG_AWAIT_CONTEXT),
                         MAG_E_TOKEN);
        assert_int_equal(mag_vtask_on_completed(task, NULL, MAG_AWAIT_CONTEXT),
                         MAG_E_ARG);
        assert_int_equal(mag_vtask_get(task, &result), MAG_E_TOKEN);
        assert_int_equal(word_task_get(await_word(task), &result), MAG_E_TOKEN);
        assert_int_equal(result, 5);
    }
}

/* The word of the core and the token that is asked for are equal, mark and all. */
static void a_token_with_a_visitors_mark_is_refused_however_it_is_asked(void **state)
{
    static const struct mag_core_type type = {0, 0, keep_it, NULL};
    const uint64_t marks[] = {MAG_VISITOR_INSIDE, MAG_VISITOR_LEFT, MAG_VISITOR_TOOK};
    (void)state;

    for (unsigned i = 0; i < 6; i++) {
        mag_core_prepare(&core, &type);
        uint64_t token = mag_core_task(&core).payload;
        bool done = i / 3 != 0;

        core.easy = 0;
        /* relaxed, both: one thread. */
        atomic_store_explicit(&core.token, token | marks[i % 3], memory_order_relaxed);
        if (done) {
            /* relaxed: as above. */
            atomic_store_explicit(&core.slot, MAG_SLOT_DONE, memory_order_relaxed);
        }
        assert_forged(token | marks[i % 3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_token_with_a_visitors_mark_is_refused_however_it_is_asked, set_up),
        cmocka_unit_test_setup(a_visited_core_is_read_the_slow_way_once, set_up),
        cmocka_unit_test_setup(a_completer_that_waits_for_a_visitor_to_leave_lets_it_run,
                               set_up),
        cmocka_unit_test_setup(a_completer_that_finds_a_visitor_inside_lets_it_run,
                               set_up),
        cmocka_unit_test_setup(a_visitor_that_completes_second_runs_nothing, set_up),
        cmocka_unit_test_setup(a_visit_of_another_operation_says_nothing_of_this_one,
                               set_up),
        cmocka_unit_test_setup(a_second_completer_is_refused_after_a_visit, set_up),
        cmocka_unit_test_setup(a_queued_continuation_is_never_run_inside, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
