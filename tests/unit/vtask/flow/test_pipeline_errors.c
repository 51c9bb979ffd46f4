/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/belt.h"

/* ------------------------------------------------------------------------ errors */

/* Runs a belt whose stages fail at random; the last stage and the first one are in
 * order. */
static void run_failing(struct mag_sched *sched, uint64_t *random)
{
    enum mag_stage_mode modes[BELT_STAGES];
    uint32_t tokens = test_random_below(random, 10) + 1;
    uint64_t failed;

    for (unsigned i = 0; i < BELT_STAGES; i++)
        modes[i] = (enum mag_stage_mode)test_random_below(random, 4);
    /* A parallel stage numbers items as it likes. */
    modes[0] = (enum mag_stage_mode)(test_random_below(random, 3) + 1);
    modes[BELT_STAGES - 1] = MAG_STAGE_IN_ORDER;
    struct belt belt = belt_of(sched, test_random_below(random, 200), modes);
    belt.pause = test_random_below(random, 2) ? 0 : 300;
    belt.fails = test_random_below(random, 300) + 1;
    belt.skips = test_random_below(random, 2) ? 0 : 20;
    belt.seed = test_random(random);

    int result = belt_result(&belt, BELT_STAGES, &failed);
    struct belt_options options = belt_hooks(&belt);
    struct mag_pipeline_report report;
    struct belt_stage stages[BELT_STAGES];
    uint64_t whole = 0;

    options.common.report = &report;
    belt_lay(&belt, stages);
    assert_int_equal(belt_run_with(sched, &options, stages, BELT_STAGES, tokens, &belt),
                     result);
    assert_true(belt_is_settled(&belt, tokens));
    assert_int_equal(report.failed, result == 0 ? UINT64_MAX : failed);
    /* The last stage has seen all items before the failed one, and no others. */
    for (uint64_t i = 0; i < failed; i++)
        whole += belt_stops_at(&belt, i, BELT_STAGES) == BELT_STAGES;
    assert_int_equal(test_read(&belt.done), whole);
}

static void
the_first_error_in_order_is_returned_and_items_before_it_are_done(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1500); i++)
            run_failing(sched, &random);
        mag_sched_destroy(sched);
    }
}

struct seeker {
    int next, found;
};

MAG_PIPELINE(seeker, struct piece, struct seeker)

static int offer_number(struct piece *piece, struct seeker *seeker)
{
    piece->number = (uint64_t)seeker->next++;
    return 0;
}

static int seek_number(struct piece *piece, struct seeker *seeker)
{
    (void)seeker;
    return piece->number % 100 == 99 ? 42 : 0;
}

static void a_stage_ends_an_endless_pipeline_with_a_result_of_its_own(void **state)
{
    static const struct seeker_stage stages[] = {
        MAG_STAGE(offer_number, MAG_STAGE_IN_ORDER),
        MAG_STAGE(seek_number, MAG_STAGE_PARALLEL),
    };
    struct mag_sched *sched = test_sched_start(2);
    struct mag_pipeline_report report;
    struct seeker_options options = {.common = {.report = &report}};
    struct seeker seeker = {0, 0};
    (void)state;

    assert_int_equal(seeker_run_with(sched, &options, stages, 2, 5, &seeker), 42);
    assert_int_equal(report.failed, 99);
    mag_sched_destroy(sched);
}

/* As a stage does that has read a task too often. */
static int misuse_number(struct piece *piece, struct seeker *seeker)
{
    (void)seeker;
    return piece->number == 5 ? MAG_E_TOKEN : 0;
}

static void
a_stage_that_returns_a_misuse_ends_the_pipeline_as_any_error_does(void **state)
{
    static const struct seeker_stage stages[] = {
        MAG_STAGE(offer_number, MAG_STAGE_IN_ORDER),
        MAG_STAGE(misuse_number, MAG_STAGE_PARALLEL),
    };
    struct mag_sched *sched = test_sched_start(2);
    struct seeker seeker = {0, 0};
    (void)state;

    mag_task task = seeker_start(sched, NULL, stages, 2, 5, &seeker);
    assert_int_equal(mag_task_wait(task), MAG_E_TOKEN);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ cancel */

static void
a_cancel_at_any_item_ends_the_pipeline_and_drops_what_is_under_way(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            enum mag_stage_mode modes[BELT_STAGES];

            for (unsigned k = 0; k < BELT_STAGES; k++)
                modes[k] = (enum mag_stage_mode)test_random_below(&random, 4);
            struct belt belt = belt_of(sched, 100000, modes);
            belt.cancels_at = test_random_below(&random, 300);
            belt.pause = test_random_below(&random, 2) ? 0 : 300;
            assert_int_equal(belt_run_all(&belt, 7), -ECANCELED);
            assert_true(belt_is_settled(&belt, 7));
            assert_true(test_read(&belt.done) < 100000);
        }
        mag_sched_destroy(sched);
    }
}

static void a_cancel_before_the_first_item_calls_nothing(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES] = {
        MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_PARALLEL, MAG_STAGE_IN_ORDER};
    struct mag_sched *sched = test_sched_start(1);
    struct belt belt = belt_of(sched, 10, modes);
    (void)state;

    assert_true(mag_cancel_fire(&belt.cancel));
    assert_int_equal(belt_run_all(&belt, 2), -ECANCELED);
    assert_int_equal(test_read(&belt.next), 0);
    assert_int_equal(test_read(&belt.prepared), test_read(&belt.released));
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ memory */

static const enum mag_stage_mode plain[BELT_STAGES] = {
    MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_ANY_ORDER, MAG_STAGE_IN_ORDER};

struct large {
    uint64_t number;
    char rest[3000000]; /* no pool has objects of this size */
};

struct larges {
    uint64_t next, sum;
    unsigned prepared, refused_from;
    _Atomic(uint64_t) released;
};

MAG_PIPELINE(larges, struct large, struct larges)

static int make_large(struct large *large, struct larges *all)
{
    large->number = all->next;
    large->rest[sizeof(large->rest) - 1] = 1;
    return all->next++ < 40 ? 0 : MAG_STAGE_END;
}

static int keep_large(struct large *large, struct larges *all)
{
    (void)all;
    return large->rest[sizeof(large->rest) - 1] == 1 ? 0 : -EPROTO;
}

static int add_large(struct large *large, struct larges *all)
{
    all->sum += large->number;
    return 0;
}

static int prepare_large(struct large *large, struct larges *all)
{
    (void)large;
    return all->prepared++ < all->refused_from ? 0 : -EDQUOT;
}

static void release_large(struct large *large, struct larges *all)
{
    (void)large;
    (void)test_add(&all->released, 1);
}

static const struct larges_stage large_stages[] = {
    MAG_STAGE(make_large, MAG_STAGE_IN_ORDER),
    MAG_STAGE(keep_large, MAG_STAGE_PARALLEL),
    MAG_STAGE(add_large, MAG_STAGE_IN_ORDER),
};

static void a_pipeline_goes_on_with_the_tokens_that_there_is_memory_for(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_pipeline_report report;
    struct larges_options options = {.common = {.report = &report}};
    (void)state;

    for (uint32_t nth = 1;; nth++) {
        struct larges all = {0};

        test_fail_allocation(nth);
        int r = larges_run_with(sched, &options, large_stages, 3, 4, &all);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        assert_true(r == 0 || (r == -ENOMEM && failed));
        if (r == 0)
            assert_int_equal(all.sum, 40 * 39 / 2);
        else
            assert_int_equal(all.next, 0);
        if (!failed)
            break;
    }
    mag_sched_destroy(sched);
}

static void a_token_that_cannot_be_prepared_is_not_used(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_pipeline_report report;
    struct larges_options options = {.common = {.report = &report, .exact = true},
                                     .prepare = prepare_large,
                                     .release = release_large};
    (void)state;

    for (unsigned tokens = 0; tokens < 3; tokens++) {
        struct larges all = {.refused_from = tokens};

        assert_int_equal(larges_run_with(sched, &options, large_stages, 3, 1, &all),
                         tokens == 0 ? -EDQUOT : 0);
        assert_int_equal(test_read(&all.released), tokens == 0 ? 0 : 1);
        assert_int_equal(all.sum, tokens == 0 ? 0 : 40 * 39 / 2);
    }
    mag_sched_destroy(sched);
}

static void a_second_run_allocates_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    uint64_t allocations = 1;
    (void)state;

    /* Threads get their magazines in the first runs. */
    for (int tries = 0; tries < 50 && allocations != 0; tries++) {
        struct belt belt = belt_of(sched, 2000, plain);

        belt.pause = 300;
        allocations = test_allocations();
        assert_int_equal(belt_run_all(&belt, 4), 0);
        allocations = test_allocations() - allocations;
    }
    assert_int_equal(allocations, 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ threads */

struct ending {
    uint64_t next, ends_at, seen;
    bool on_worker; /* ends no other thread */
    pthread_t caller;
    _Atomic(uint64_t) dropped, ended;
};

MAG_PIPELINE(ending, struct piece, struct ending)

static int make_ending(struct piece *piece, struct ending *all)
{
    piece->number = all->next;
    return all->next++ < 300 ? 0 : MAG_STAGE_END;
}

static int end_thread(struct piece *piece, struct ending *all)
{
    if (piece->number >= all->ends_at && test_read(&all->ended) == 0 &&
        !pthread_equal(all->caller, pthread_self())) {
        (void)test_add(&all->ended, 1);
        pthread_exit(NULL);
    }
    test_sleep_ms(piece->number % 50 == 0 ? 1 : 0);
    return 0;
}

static int see_ending(struct piece *piece, struct ending *all)
{
    return piece->number == all->seen++ ? 0 : -EPROTO;
}

static void a_stage_that_ends_its_worker_fails_its_item(void **state)
{
    static const struct ending_stage stages[] = {
        MAG_STAGE(make_ending, MAG_STAGE_IN_ORDER),
        MAG_STAGE(end_thread, MAG_STAGE_ANY_ORDER),
        MAG_STAGE(see_ending, MAG_STAGE_IN_ORDER),
    };
    struct mag_sched *sched = test_sched_start(2);
    struct ending_options options = {.common = {.caller_sleeps = true}};
    (void)state;

    for (uint64_t i = 0; i < test_rounds(20); i++) {
        struct ending all = {.ends_at = i * 10, .caller = pthread_self()};

        assert_int_equal(ending_run_with(sched, &options, stages, 3, 4, &all),
                         -EOWNERDEAD);
        assert_int_equal(test_read(&all.ended), 1);
    }
    mag_sched_destroy(sched);
}

/* A thread that calls, and is ended by a stage. */
static void *call_and_end(void *arg)
{
    static const struct ending_stage stages[] = {
        MAG_STAGE(make_ending, MAG_STAGE_ON_CALLER),
        MAG_STAGE(end_thread, MAG_STAGE_ON_CALLER),
        MAG_STAGE(see_ending, MAG_STAGE_IN_ORDER),
    };
    struct ending all = {.ends_at = 20};

    int r = ending_run(arg, stages, 3, 4, &all);

    (void)r; /* It does not return. */
    return arg;
}

static void a_caller_that_is_ended_waits_for_the_other_threads_first(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(100); i++) {
        pthread_t thread;
        void *result = sched;

        assert_int_equal(pthread_create(&thread, NULL, call_and_end, sched), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_null(result);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_first_error_in_order_is_returned_and_items_before_it_are_done),
        cmocka_unit_test(a_stage_ends_an_endless_pipeline_with_a_result_of_its_own),
        cmocka_unit_test(
            a_stage_that_returns_a_misuse_ends_the_pipeline_as_any_error_does),
        cmocka_unit_test(
            a_cancel_at_any_item_ends_the_pipeline_and_drops_what_is_under_way),
        cmocka_unit_test(a_cancel_before_the_first_item_calls_nothing),
        cmocka_unit_test(a_pipeline_goes_on_with_the_tokens_that_there_is_memory_for),
        cmocka_unit_test(a_token_that_cannot_be_prepared_is_not_used),
        cmocka_unit_test(a_second_run_allocates_nothing),
        cmocka_unit_test(a_stage_that_ends_its_worker_fails_its_item),
        cmocka_unit_test(a_caller_that_is_ended_waits_for_the_other_threads_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
