/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/jobs.h"
#include "tests/support/vtask/belt.h"

#include <magpie/default.h>

static const enum mag_stage_mode usual[BELT_STAGES] = {
    MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_ANY_ORDER, MAG_STAGE_IN_ORDER};

/* ------------------------------------------------------------------------ order */

static void choose_modes(uint64_t *random, enum mag_stage_mode *modes, unsigned below)
{
    for (unsigned i = 0; i < BELT_STAGES; i++)
        modes[i] = (enum mag_stage_mode)test_random_below(random, below);
}

static void each_item_goes_through_each_stage_once_and_in_order(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            enum mag_stage_mode modes[BELT_STAGES];
            uint32_t tokens = test_random_below(&random, 10) + 1;

            choose_modes(&random, modes, MAG_STAGE_ON_CALLER + 1);
            struct belt belt = belt_of(sched, test_random_below(&random, 200), modes);
            belt.pause = test_random_below(&random, 2) ? 0 : 300;
            belt.skips = test_random_below(&random, 2) ? 0 : 20;
            belt.seed = test_random(&random);
            assert_int_equal(belt_run_all(&belt, tokens), 0);
            assert_true(belt_is_settled(&belt, tokens));
            assert_int_equal(test_read(&belt.made), belt.count);
            assert_int_equal(test_read(&belt.dropped), 0);
        }
        mag_sched_destroy(sched);
    }
}

static void a_pipeline_without_items_calls_the_first_stage_alone(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct belt belt = belt_of(sched, 0, usual);
    (void)state;

    assert_int_equal(belt_run_all(&belt, 3), 0);
    assert_int_equal(test_read(&belt.next), 1);
    assert_int_equal(test_read(&belt.made), 0);
    mag_sched_destroy(sched);
}

static void the_default_scheduler_runs_pipelines_too(void **state)
{
    struct belt belt = belt_of(NULL, 100, usual);
    (void)state;

    assert_int_equal(belt_run_all(&belt, 0), 0);
    assert_true(belt_is_settled(&belt, 1000));
    assert_int_equal(test_read(&belt.done), 100);
}

/* ------------------------------------------------------------------------ bounds */

static void there_are_never_more_items_than_tokens(void **state)
{
    struct mag_sched *sched = test_sched_start(4);
    struct mag_pipeline_report report;
    (void)state;

    for (uint32_t tokens = 1; tokens <= 8; tokens++) {
        struct belt belt = belt_of(sched, test_rounds(3000), usual);
        struct belt_options options = belt_hooks(&belt);
        struct belt_stage stages[BELT_STAGES];

        belt.pause = 2000;
        belt_lay(&belt, stages);
        options.common.report = &report;
        assert_int_equal(
            belt_run_with(sched, &options, stages, BELT_STAGES, tokens, &belt), 0);
        assert_true(belt_is_settled(&belt, tokens));
        assert_in_range(report.tokens, 1, tokens);
        assert_int_equal(report.tokens, test_read(&belt.prepared));
    }
    mag_sched_destroy(sched);
}

static void wrong_arguments_are_refused_before_a_stage_is_called(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct belt_stage stages[MAG_PIPELINE_STAGES_MAX + 1];
    struct belt belt = belt_of(sched, 3, usual);
    (void)state;

    belt_lay(&belt, stages);
    for (size_t i = BELT_STAGES; i <= MAG_PIPELINE_STAGES_MAX; i++)
        stages[i] = stages[1];
    assert_int_equal(belt_run(sched, stages, 0, 1, &belt), -EINVAL);
    assert_int_equal(belt_run(sched, stages, MAG_PIPELINE_STAGES_MAX + 1, 1, &belt),
                     -EINVAL);
    assert_int_equal(
        belt_run(sched, stages, BELT_STAGES, MAG_PIPELINE_TOKENS_MAX + 1, &belt),
        -EINVAL);
    stages[1].stage.mode = 99;
    assert_int_equal(belt_run(sched, stages, BELT_STAGES, 1, &belt), -EINVAL);
    stages[1].stage.mode = MAG_STAGE_ON_CALLER;
    assert_int_equal(
        mag_task_wait(belt_start(sched, NULL, stages, BELT_STAGES, 1, &belt)), -EINVAL);
    assert_int_equal(test_read(&belt.next), 0);
    mag_sched_destroy(sched);
}

static void a_single_stage_is_a_pipeline(void **state)
{
    static const enum mag_stage_mode modes[] = {MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL,
                                                MAG_STAGE_ANY_ORDER};
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (int i = 0; i < 3; i++) {
        struct belt belt = belt_of(sched, 50, usual);
        struct belt_stage stages[BELT_STAGES];

        belt.modes[0] = modes[i];
        belt_lay(&belt, stages);
        assert_int_equal(belt_run(sched, stages, 1, 4, &belt), 0);
        assert_int_equal(test_read(&belt.made), 50);
        assert_int_equal(test_read(&belt.wrong), 0);
    }
    mag_sched_destroy(sched);
}

static void a_pipeline_can_be_kept_and_run_without_its_type(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct belt_stage stages[BELT_STAGES];
    struct belt belt = belt_of(sched, 50, usual);
    struct belt again = belt_of(sched, 60, usual);
    (void)state;

    belt_lay(&belt, stages);
    struct mag_pipeline pipeline = belt_pipeline(NULL, stages, BELT_STAGES, 3);
    assert_int_equal(mag_pipeline_run(sched, &pipeline, &belt), 0);
    assert_int_equal(
        mag_vtask_wait(mag_pipeline_start(sched, &pipeline, &again), NULL, 0), 0);
    assert_int_equal(test_read(&belt.done), 50);
    assert_int_equal(test_read(&again.done), 60);
    mag_sched_destroy(sched);
}

static void a_token_that_is_too_large_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct belt belt = belt_of(sched, 1, usual);
    struct belt_stage stages[BELT_STAGES];
    (void)state;

    belt_lay(&belt, stages);
    struct mag_pipeline pipeline = belt_pipeline(NULL, stages, BELT_STAGES, 3);
    struct mag_pipeline_type type = *pipeline.type;
    type.token_size = MAG_PIPELINE_TOKEN_MAX + 1;
    pipeline.type = &type;
    assert_int_equal(mag_pipeline_run(sched, &pipeline, &belt), -EINVAL);
    assert_int_equal(test_read(&belt.done), 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ callers */

struct nested {
    struct mag_job job;
    struct mag_sched *sched;
    int result;
    _Atomic(uint64_t) over;
};

static void run_in_a_job(struct mag_job *job)
{
    struct nested *nested = (struct nested *)(void *)job;
    struct belt belt = belt_of(nested->sched, 300, usual);

    belt.modes[3] = MAG_STAGE_ON_CALLER;
    nested->result = belt_run_all(&belt, 3);
    if (!belt_is_settled(&belt, 3) || test_read(&belt.done) != 300)
        nested->result = -EPROTO;
    (void)test_add(&nested->over, 1);
}

static void the_only_worker_can_call(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    static struct nested nested;
    (void)state;

    nested = (struct nested){.job = {.run = run_in_a_job}, .sched = sched};
    assert_int_equal(mag_sched_post(sched, &nested.job), 0);
    assert_true(test_wait_for(&nested.over, 1));
    assert_int_equal(nested.result, 0);
    mag_sched_destroy(sched);
}

static void a_caller_that_sleeps_runs_only_its_own_stages(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(300); i++) {
            enum mag_stage_mode modes[BELT_STAGES];
            struct belt_stage stages[BELT_STAGES];

            choose_modes(&random, modes, MAG_STAGE_ON_CALLER + 1);
            struct belt belt = belt_of(sched, 100, modes);
            struct belt_options options = belt_hooks(&belt);

            options.common.caller_sleeps = true;
            belt_lay(&belt, stages);
            assert_int_equal(
                belt_run_with(sched, &options, stages, BELT_STAGES, 4, &belt), 0);
            assert_true(belt_is_settled(&belt, 4));
            assert_int_equal(test_read(&belt.done), 100);
        }
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------------------ nesting */

struct outer {
    struct mag_sched *sched;
    uint64_t next, count;
    _Atomic(uint64_t) wrong, done;
};

MAG_PIPELINE(outer, struct piece, struct outer)

static int make_outer(struct piece *piece, struct outer *outer)
{
    piece->number = outer->next;
    return outer->next++ < outer->count ? 0 : MAG_STAGE_END;
}

static int run_inner(struct piece *piece, struct outer *outer)
{
    struct belt belt = belt_of(outer->sched, 20 + piece->number, usual);

    if (belt_run_all(&belt, 3) != 0 || !belt_is_settled(&belt, 3) ||
        test_read(&belt.done) != belt.count)
        (void)test_add(&outer->wrong, 1);
    (void)test_add(&outer->done, 1);
    return 0;
}

static void pipelines_run_inside_stages(void **state)
{
    static const struct outer_stage stages[] = {
        MAG_STAGE(make_outer, MAG_STAGE_ANY_ORDER),
        MAG_STAGE(run_inner, MAG_STAGE_PARALLEL),
    };
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct outer outer = {.sched = sched, .count = test_rounds(200)};

        assert_int_equal(outer_run(sched, stages, 2, 5, &outer), 0);
        assert_int_equal(test_read(&outer.wrong), 0);
        assert_int_equal(test_read(&outer.done), outer.count);
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_goes_through_each_stage_once_and_in_order),
        cmocka_unit_test(a_token_that_is_too_large_is_refused),
        cmocka_unit_test(a_pipeline_without_items_calls_the_first_stage_alone),
        cmocka_unit_test(the_default_scheduler_runs_pipelines_too),
        cmocka_unit_test(there_are_never_more_items_than_tokens),
        cmocka_unit_test(wrong_arguments_are_refused_before_a_stage_is_called),
        cmocka_unit_test(a_single_stage_is_a_pipeline),
        cmocka_unit_test(a_pipeline_can_be_kept_and_run_without_its_type),
        cmocka_unit_test(the_only_worker_can_call),
        cmocka_unit_test(a_caller_that_sleeps_runs_only_its_own_stages),
        cmocka_unit_test(pipelines_run_inside_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
