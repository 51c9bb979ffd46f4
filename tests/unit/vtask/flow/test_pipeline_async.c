/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/belt.h"

#include <magpie/async.h>
#include <magpie/operation.h>
#include <magpie/promise.h>
#include <magpie/submit.h>

/*
 * Stages that await, and pipelines that are value tasks.  The awaited operations are
 * completed by jobs, by other threads, or before they are awaited.
 */

static struct mag_sched *sched;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ awaiting */

static void complete_word(void *arg)
{
    struct mag_operation *operation = arg;
    int r = mag_operation_set_result(operation, 0);

    (void)r; /* It is completed once. */
}

/* A task that a job completes later, or that is complete. */
static mag_task come_later(uint64_t number)
{
    void *object;

    if (number % 3 == 0)
        return mag_task_done();
    int r = mag_operation_rent(&mag_operation_word, &object);
    if (r != 0)
        return mag_stage_task(r);
    mag_vtask task = mag_operation_task(object);
    r = mag_submit(sched, complete_word, object);
    return r == 0 ? mag_task_of(task) : mag_stage_task(r);
}

/* Goes through stage 1, with a wait before it. */
MAG_ASYNC(mag_task, pass_later, (struct piece *, piece, struct belt *, belt), int stage;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, come_later(f->piece->number));
    return mag_stage_task(belt_pass(f->piece, f->belt, 1, false));
    MAG_END(f);
}

static mag_task second_later(struct piece *piece, struct belt *belt)
{
    return pass_later(piece, belt);
}

/* The stage is at work on the item until its task is complete: awaits in the middle. */
MAG_ASYNC(mag_task, stay, (struct piece *, piece, struct belt *, belt), int outcome;)
{
    MAG_BEGIN(f);
    f->outcome = belt_outcome(f->belt, f->piece->number, 2);
    belt_enter(f->belt, f->piece, 2);
    MAG_AWAIT_DONE(f, come_later(f->piece->number + 1));
    if (f->outcome != 0)
        belt_ends(f->belt,
                  f->outcome == MAG_STAGE_SKIP ? &f->belt->skipped : &f->belt->failed);
    belt_leave(f->belt, 2);
    return mag_stage_task(f->outcome);
    MAG_END(f);
}

static mag_task third_stays(struct piece *piece, struct belt *belt)
{
    return stay(piece, belt);
}

MAG_ASYNC(mag_task, make_later, (struct piece *, piece, struct belt *, belt), int none;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, come_later(mag_pipeline_number(f->piece)));
    return mag_stage_task(belt_make(f->piece, f->belt));
    MAG_END(f);
}

static mag_task first_later(struct piece *piece, struct belt *belt)
{
    return make_later(piece, belt);
}

static void lay_async(const struct belt *belt, bool first, struct belt_stage *stages)
{
    const struct belt_stage later[] = {
        MAG_STAGE_ASYNC(first_later, belt->modes[0]),
        MAG_STAGE_ASYNC(second_later, belt->modes[1]),
        MAG_STAGE_ASYNC(third_stays, belt->modes[2]),
    };

    belt_lay(belt, stages);
    for (unsigned i = first ? 0 : 1; i < 3; i++)
        stages[i] = later[i];
}

/* ------------------------------------------------------------------------ outcomes */

static struct belt random_belt(uint64_t *random, unsigned modes_below)
{
    enum mag_stage_mode modes[BELT_STAGES];

    for (unsigned i = 0; i < BELT_STAGES; i++)
        modes[i] = (enum mag_stage_mode)test_random_below(random, modes_below);
    struct belt belt = belt_of(sched, test_random_below(random, 200), modes);
    belt.pause = test_random_below(random, 2) ? 0 : 300;
    belt.skips = test_random_below(random, 2) ? 0 : 20;
    belt.seed = test_random(random);
    return belt;
}

static void async_stages_keep_order_and_take_each_item_once(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t i = 0; i < test_rounds(1500); i++) {
        struct belt belt = random_belt(&random, MAG_STAGE_ON_CALLER + 1);
        struct belt_options options = belt_hooks(&belt);
        uint32_t tokens = test_random_below(&random, 10) + 1;
        struct belt_stage stages[BELT_STAGES];

        /* An async stage is begun on the caller, and may go on elsewhere. */
        for (unsigned k = 0; k < 3; k++) {
            if (belt.modes[k] == MAG_STAGE_ON_CALLER)
                belt.modes[k] = MAG_STAGE_IN_ORDER;
        }
        lay_async(&belt, i % 2 != 0, stages);
        options.common.caller_sleeps = i % 3 == 0;
        assert_int_equal(
            belt_run_with(sched, &options, stages, BELT_STAGES, tokens, &belt), 0);
        assert_true(belt_is_settled(&belt, tokens));
        assert_int_equal(test_read(&belt.made), belt.count);
    }
}

static void errors_of_async_stages_count_in_order(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t i = 0; i < test_rounds(1500); i++) {
        struct belt belt = random_belt(&random, MAG_STAGE_ON_CALLER);
        struct belt_options options = belt_hooks(&belt);
        struct belt_stage stages[BELT_STAGES];
        uint64_t failed;

        belt.modes[0] = MAG_STAGE_IN_ORDER;
        belt.fails = test_random_below(&random, 300) + 1;
        lay_async(&belt, i % 2 != 0, stages);
        assert_int_equal(belt_run_with(sched, &options, stages, BELT_STAGES, 6, &belt),
                         belt_result(&belt, BELT_STAGES, &failed));
        assert_true(belt_is_settled(&belt, 6));
    }
}

/* ------------------------------------------------------------------------ tasks */

static void a_pipeline_is_a_task(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t i = 0; i < test_rounds(1000); i++) {
        struct belt belt = random_belt(&random, MAG_STAGE_ON_CALLER);
        struct belt_options options = belt_hooks(&belt);
        struct belt_stage stages[BELT_STAGES];
        uint64_t failed;

        belt.modes[0] = MAG_STAGE_ANY_ORDER;
        belt.fails = test_random_below(&random, 500) + 1;
        if (i % 2 != 0)
            lay_async(&belt, i % 4 == 1, stages);
        else
            belt_lay(&belt, stages);
        assert_int_equal(
            mag_task_wait(belt_start(sched, &options, stages, BELT_STAGES, 6, &belt)),
            belt_result(&belt, BELT_STAGES, &failed));
        assert_true(belt_is_settled(&belt, 6));
    }
}

/* Awaits a pipeline, on a worker. */
MAG_ASYNC(mag_task, run_twice, (struct belt *, belt, struct belt_stage *, stages),
          mag_task task;
          int r;)
{
    MAG_BEGIN(f);
    for (f->r = 0; f->r < 2; f->r++) {
        f->task = belt_start(NULL, NULL, f->stages, BELT_STAGES, 3, f->belt);
        MAG_AWAIT_DONE(f, f->task);
    }
    return mag_task_done();
    MAG_END(f);
}

static struct belt twice;
static struct belt_stage twice_stages[BELT_STAGES];
static _Atomic(uint64_t) twice_is_over;

MAG_ASYNC(mag_task, note_end, (mag_task, task), int none;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, f->task);
    (void)test_add(&twice_is_over, 1);
    return mag_task_done();
    MAG_END(f);
}

static void begin_twice(void *arg)
{
    mag_task task = note_end(run_twice(&twice, twice_stages));

    int r = mag_vtask_discard(task.task);

    (void)arg;
    belt_check(&twice, r == 0);
}

static void an_async_function_awaits_a_pipeline_on_the_only_worker(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES] = {
        MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_IN_ORDER, MAG_STAGE_ANY_ORDER};
    struct mag_sched *both = sched;
    (void)state;

    sched = test_sched_start(1);
    twice = belt_of(sched, 100, modes);
    lay_async(&twice, false, twice_stages);
    assert_int_equal(mag_submit(sched, begin_twice, NULL), 0);
    assert_true(test_wait_for(&twice_is_over, 1));
    assert_int_equal(test_read(&twice.done), 100);
    assert_int_equal(test_read(&twice.wrong), 0);
    mag_sched_destroy(sched);
    sched = both;
}

struct blocked {
    struct mag_job job;
    struct belt belt;
    int result;
    _Atomic(uint64_t) over;
};

static void run_blocked(struct mag_job *job)
{
    struct blocked *blocked = (struct blocked *)(void *)job;
    struct belt_stage stages[BELT_STAGES];

    lay_async(&blocked->belt, false, stages);
    blocked->result = belt_run(sched, stages, BELT_STAGES, 2, &blocked->belt);
    (void)test_add(&blocked->over, 1);
}

static void a_worker_does_not_block_for_async_stages(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES];
    static struct blocked blocked;
    (void)state;

    blocked.job.run = run_blocked;
    blocked.belt = belt_of(sched, 10, modes);
    assert_int_equal(mag_sched_post(sched, &blocked.job), 0);
    assert_true(test_wait_for(&blocked.over, 1));
    assert_int_equal(blocked.result, -EDEADLK);
    assert_int_equal(test_read(&blocked.belt.next), 0);
}

/* ------------------------------------------------------------------------ stops */

static struct mag_operation *held[BELT_STAGES];
static _Atomic(uint64_t) held_count;

static mag_task hold(struct piece *piece, struct belt *belt)
{
    void *object;

    belt_enter(belt, piece, 1);
    if (mag_operation_rent(&mag_operation_word, &object) != 0)
        return mag_stage_task(-ENOMEM);
    mag_vtask task = mag_operation_task(object);
    held[mag_pipeline_number(piece)] = object;
    (void)test_add(&held_count, 1);
    return mag_task_of(task);
}

static void a_canceled_scheduler_drops_the_items_that_are_awaited(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES] = {
        MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_IN_ORDER, MAG_STAGE_IN_ORDER};
    struct mag_sched *stopped = test_sched_start(1);
    struct belt belt = belt_of(stopped, 100, modes);
    struct belt_options options = belt_hooks(&belt);
    struct belt_stage stages[BELT_STAGES];
    const struct belt_stage holds = MAG_STAGE_ASYNC(hold, MAG_STAGE_PARALLEL);
    (void)state;

    belt_lay(&belt, stages);
    stages[1] = holds;
    mag_task task = belt_start(stopped, &options, stages, BELT_STAGES, 3, &belt);
    assert_true(test_wait_for(&held_count, 3));
    assert_int_equal(mag_sched_stop(stopped, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_operation_set_result(held[i], 0), 0);
    assert_int_equal(mag_task_wait(task), -ECANCELED);
    assert_true(belt_is_settled(&belt, 3));
    assert_int_equal(test_read(&belt.dropped), 3);
    assert_int_equal(mag_sched_destroy(stopped), 0);
}

static void a_stopped_scheduler_refuses_pipelines(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES];
    struct mag_sched *stopped = test_sched_start(1);
    struct belt belt = belt_of(stopped, 10, modes);
    struct belt_stage stages[BELT_STAGES];
    (void)state;

    belt_lay(&belt, stages);
    assert_int_equal(mag_sched_stop(stopped, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(belt_run(stopped, stages, BELT_STAGES, 2, &belt), -ESHUTDOWN);
    assert_int_equal(
        mag_task_wait(belt_start(stopped, NULL, stages, BELT_STAGES, 2, &belt)),
        -ESHUTDOWN);
    assert_int_equal(test_read(&belt.next), 0);
    assert_int_equal(mag_sched_destroy(stopped), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(async_stages_keep_order_and_take_each_item_once),
        cmocka_unit_test(errors_of_async_stages_count_in_order),
        cmocka_unit_test(a_pipeline_is_a_task),
        cmocka_unit_test(an_async_function_awaits_a_pipeline_on_the_only_worker),
        cmocka_unit_test(a_worker_does_not_block_for_async_stages),
        cmocka_unit_test(a_canceled_scheduler_drops_the_items_that_are_awaited),
        cmocka_unit_test(a_stopped_scheduler_refuses_pipelines),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
