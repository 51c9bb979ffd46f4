/*
 * White-box: injection queues of two levels, which no interface offers yet.  The higher
 * level is taken first, the lower level is not starved, and no job is overlooked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/post/post.h"
#include "sched/worker/next.h"
#include "sched/worker/search.h"
#include "sched/worker/self.h"
#include "tests/support/sched/fake.h"

enum { LEVELS = 2, JOBS = 100 };

static struct mag_inject queues[LEVELS];
static struct mag_job jobs[LEVELS][JOBS];

static void nothing(struct mag_job *job)
{
    (void)job;
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(mag_poster_init(), 0);
    fake_begin(1);
    fake.sched.level_count = LEVELS;
    fake.sched.queues = queues;
    /* The search looks only at the queues. */
    fake.sched.worker_count = fake.sched.capacity = 0;
    for (unsigned i = 0; i < LEVELS; i++)
        mag_inject_init(&queues[i]);
    return 0;
}

static void post(unsigned level, unsigned index)
{
    jobs[level][index].run = nothing;
    assert_int_equal(mag_sched_post_level(&fake.sched, &jobs[level][index], level), 0);
}

static unsigned level_of(const struct mag_job *job)
{
    return job >= jobs[1] && job < jobs[1] + JOBS ? 1 : 0;
}

/* Takes a batch, and throws away the jobs that went to the ring. */
static struct mag_job *take(void)
{
    struct mag_job *job = mag_worker_take_queue(&fake.workers[0], 0);

    while (mag_worker_own(&fake.workers[0]) != NULL) {
        /* Throws away the next one. */
    }
    return job;
}

static void the_higher_level_is_taken_first(void **state)
{
    (void)state;
    post(0, 0);
    post(1, 0);
    post(1, 1);
    assert_ptr_equal(take(), &jobs[1][0]);
    assert_ptr_equal(take(), &jobs[0][0]);
    assert_null(take());
}

static void the_lower_level_has_its_turn(void **state)
{
    unsigned lower = 0;
    (void)state;

    for (unsigned i = 0; i < 4; i++)
        post(0, i);
    for (unsigned i = 0; i < MAG_LEVEL_TURNS; i++) {
        post(1, i);
        lower += level_of(take()) == 0;
    }
    assert_int_equal(lower, 1);
}

static void a_job_on_any_level_is_seen(void **state)
{
    (void)state;
    for (unsigned level = 0; level < LEVELS; level++) {
        assert_false(mag_worker_sees_work(&fake.workers[0]));
        post(level, 0);
        assert_true(mag_worker_sees_work(&fake.workers[0]));
        assert_ptr_equal(take(), &jobs[level][0]);
    }
}

static void a_usual_post_is_on_the_usual_level(void **state)
{
    struct mag_job job = {.run = nothing};
    (void)state;

    assert_int_equal(mag_sched_post(&fake.sched, &job), 0);
    assert_true(mag_inject_waiting(&queues[MAG_LEVEL_USUAL]));
    assert_false(mag_inject_waiting(&queues[1]));
    assert_ptr_equal(take(), &job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_higher_level_is_taken_first, begin),
        cmocka_unit_test_setup(the_lower_level_has_its_turn, begin),
        cmocka_unit_test_setup(a_job_on_any_level_is_seen, begin),
        cmocka_unit_test_setup(a_usual_post_is_on_the_usual_level, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
