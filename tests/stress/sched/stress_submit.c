/*
 * Submissions of all kinds from several threads and from workers, with priorities, many
 * at once, and at limits where callers are refused, wait, or call the function
 * themselves.  Each call is made once, or dropped once; no limit is exceeded; nobody
 * waits for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/submit_limit.h>

enum { WORKERS = 3, THREADS = 4, ROUNDS = 20, CALLS = 4000, BULK = 40 };

static struct mag_sched *sched;
static struct mag_submit_limit limit;
static uint32_t most;
static shared submitted; /* calls accepted, or made by the caller */
static shared called;
static shared dropped;
static shared placed; /* accepted under the limit */
static shared begun;  /* of these */
static shared exceeded;
static shared failed;

static void run_call(void *arg)
{
    (void)arg;
    (void)add(&called, 1);
}

static void drop_call(void *arg)
{
    (void)arg;
    (void)add(&dropped, 1);
}

static void run_limited(void *arg)
{
    (void)arg;
    (void)add(&begun, 1);
    (void)add(&called, 1);
}

static void drop_limited(void *arg)
{
    (void)arg;
    (void)add(&begun, 1);
    (void)add(&dropped, 1);
}

/* A call that submits others. */
static void run_parent(void *arg)
{
    struct mag_submit_options options = {.priority = MAG_PRIORITY_LOW,
                                         .dropped = drop_call};

    run_call(arg);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 1)
            options.priority = MAG_PRIORITY_HIGH;
        if (mag_submit_with(NULL, &options, run_call, NULL) == 0)
            (void)add(&submitted, 1);
    }
}

/* How many of the accepted ones have not begun.  The counts lag a little: a call that has
 * begun may not have counted itself yet, one for each thread that runs calls.  What was
 * placed is read first: between the two reads this thread may lose its CPU, and calls go
 * on to be placed and to begin. */
static void check_limit(void)
{
    uint64_t is_placed = look(&placed);
    uint64_t has_begun = look(&begun);

    if (mag_submit_limit_waiting(&limit) > most ||
        (int64_t)(is_placed - has_begun) > (int64_t)most + WORKERS + THREADS)
        (void)add(&exceeded, 1);
}

static void note(int r, uint64_t count)
{
    if (r == 0)
        (void)add(&submitted, count);
    else if (r != -EAGAIN && r != -ESHUTDOWN)
        (void)add(&failed, 1);
}

static void submit_limited(uint64_t *random)
{
    static const enum mag_when_full choices[] = {MAG_FULL_REFUSE, MAG_FULL_BLOCK,
                                                 MAG_FULL_BLOCK, MAG_FULL_RUN};
    struct mag_submit_options options = {
        .limit = &limit,
        .priority = (enum mag_priority)((int)test_random_below(random, 3) - 1),
        .when_full = choices[test_random_below(random, 4)],
        .dropped = drop_limited};
    int r = mag_submit_with(sched, &options, run_limited, NULL);

    if (r == 0)
        (void)add(&placed, 1);
    note(r, 1);
    check_limit();
}

static void *submit_some(void *arg)
{
    uint64_t random = *(uint64_t *)arg;
    struct mag_submit_options options = {.dropped = drop_call};

    for (unsigned i = 0; i < test_rounds(CALLS); i++) {
        options.priority = (enum mag_priority)((int)test_random_below(&random, 3) - 1);
        switch (test_random_below(&random, 8)) {
        case 0:
            note(mag_submit_all(sched, &options, run_call, NULL, 0, BULK), BULK);
            break;
        case 1:
            note(mag_submit_with(sched, &options, run_parent, NULL), 1);
            break;
        case 2:
            note(mag_submit_with(sched, &options, run_call, NULL), 1);
            break;
        default:
            submit_limited(&random);
            break;
        }
    }
    return NULL;
}

static void begin_round(uint64_t *random)
{
    shared *counts[] = {&submitted, &called,   &dropped, &placed,
                        &begun,     &exceeded, &failed};

    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        set(counts[i], 0);
    most = 1 + test_random_below(random, 8);
    mag_submit_limit_init(&limit, most);
    sched = test_sched_start(WORKERS);
}

static void run_round(uint64_t *random, enum mag_sched_stop mode)
{
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];

    begin_round(random);
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = test_random(random) | 1;
        assert_int_equal(pthread_create(&threads[i], NULL, submit_some, &seeds[i]), 0);
    }
    /* A stop in the middle of it, or at the end. */
    if (mode == MAG_SCHED_CANCEL) {
        test_sleep_ms(test_random_below(random, 4));
        assert_int_equal(mag_sched_stop(sched, mode, -1, NULL, NULL), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(mag_sched_stop(sched, mode, -1, NULL, NULL), 0);
    assert_int_equal(look(&called) + look(&dropped), look(&submitted));
    assert_int_equal(look(&exceeded), 0);
    assert_int_equal(look(&failed), 0);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
    if (mode == MAG_SCHED_DRAIN)
        assert_int_equal(look(&dropped), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void each_submission_is_called_once(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned i = 0; test_goes_on(i, ROUNDS); i++)
        run_round(&random, MAG_SCHED_DRAIN);
}

static void each_submission_is_called_or_dropped_once_when_a_stop_comes(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned i = 0; test_goes_on(i, ROUNDS); i++)
        run_round(&random, MAG_SCHED_CANCEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_submission_is_called_once),
        cmocka_unit_test(each_submission_is_called_or_dropped_once_when_a_stop_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
