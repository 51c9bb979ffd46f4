/*
 * Loops whose bodies wait at random, while other loops run, some are canceled and some
 * fail: each body runs at most once, bodies before the end of the loop, and all of them
 * if nothing has gone wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>

enum { LOOPS = 6, BODIES = 120, ROUNDS = 1000 };

struct work {
    shared calls[BODIES];
    shared in_flight;
    struct mag_cancel cancel;
    uint64_t random; /* what the bodies do */
    size_t fails_at; /* or BODIES */
    size_t fires_at; /* or BODIES */
    size_t failed;
    uint32_t limit;
};

static struct mag_sched *sched;

/* One of the ways to be a body, chosen by the index and the loop's random number. */
static unsigned way_of(const struct work *work, size_t index)
{
    return (unsigned)((work->random >> index % 50) & 3);
}

MAG_EACH(body, struct work *, work)

MAG_ASYNC(mag_task, body, (size_t, index, struct work *, work), mag_vtask delay;)
{
    MAG_BEGIN(f);
    (void)add(&f->work->in_flight, 1);
    (void)add(&f->work->calls[f->index], 1);
    if (f->index == f->work->fires_at)
        (void)mag_cancel_fire(&f->work->cancel);
    if (way_of(f->work, f->index) == 1 && mag_delay(NULL, 1, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    if (way_of(f->work, f->index) == 2)
        MAG_CONTINUE_ON(f, NULL);
    (void)add(&f->work->in_flight, (uint64_t)-1);
    if (f->index == f->work->fails_at)
        MAG_FAIL(f, -EIO);
    MAG_END(f);
}

static mag_task begin(struct work *work, uint64_t *random)
{
    struct mag_each_options options = {.cancel = &work->cancel,
                                       .ret_failed = &work->failed};

    for (unsigned i = 0; i < BODIES; i++)
        set(&work->calls[i], 0);
    set(&work->in_flight, 0);
    work->cancel = (struct mag_cancel){0};
    work->random = test_random(random);
    work->fails_at = test_random_below(random, 2 * BODIES);
    work->fires_at = test_random_below(random, 3 * BODIES);
    work->limit = 1 + test_random_below(random, 9);
    options.limit = work->limit;
    return body_each_with(sched, &options, 0, BODIES, work);
}

static void check(struct work *work, int r)
{
    assert_int_equal(look(&work->in_flight), 0);
    for (unsigned i = 0; i < BODIES; i++)
        assert_true(look(&work->calls[i]) <= 1);
    if (r == -EIO) {
        assert_int_equal(work->failed, work->fails_at);
    } else if (r == -ECANCELED) {
        assert_true(work->failed > work->fires_at);
    } else {
        assert_int_equal(r, 0);
        work->failed = BODIES;
    }
    for (size_t i = 0; i < work->failed; i++)
        assert_int_equal(look(&work->calls[i]), 1);
}

static void each_body_runs_once_and_before_the_end(void **state)
{
    static struct work works[LOOPS];
    uint64_t random = test_seed();
    uint32_t rounds = test_rounds(ROUNDS);
    (void)state;

    for (uint32_t round = 0; test_goes_on(round, rounds); round++) {
        mag_task tasks[LOOPS];

        for (unsigned i = 0; i < LOOPS; i++)
            tasks[i] = begin(&works[i], &random);
        for (unsigned i = 0; i < LOOPS; i++)
            check(&works[i], mag_task_wait(tasks[i]));
    }
}

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_body_runs_once_and_before_the_end),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
