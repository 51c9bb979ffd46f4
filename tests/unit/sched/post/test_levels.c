/*
 * White-box: the turns of the levels on one worker, which the test plays job by job.  The
 * bounds are those of submit.h, with every other queue of the worker never empty.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/post/post.h"
#include "sched/worker/next.h"
#include "sched/worker/search.h"
#include "sched/worker/self.h"
#include "tests/support/sched/fake.h"

#include <magpie/submit.h>

enum { JOBS = 300, OWN = 200 };

/* Where a job came from. */
enum {
    USUAL = MAG_LEVEL_USUAL,
    HIGH = MAG_LEVEL_HIGH,
    LOW = MAG_LEVEL_LOW,
    RING,
    INBOX,
    FAR
};
enum { ORIGINS = FAR + 1 };

static struct mag_inject queues[2 * MAG_QUEUE_STRIDE];
static struct mag_job jobs[ORIGINS][JOBS];
static unsigned given[ORIGINS]; /* jobs of each origin so far */

static struct mag_worker *worker(void)
{
    return &fake.workers[0];
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(mag_poster_init(), 0);
    fake_begin(1);
    fake.sched.level_count = MAG_LEVELS;
    fake.sched.queues = queues;
    /* A look at all workers sees only the queues. */
    fake.sched.worker_count = fake.sched.place_count = fake.sched.capacity = 0;
    worker()->paths.queue_count = 1;
    for (unsigned i = 0; i < 2 * MAG_QUEUE_STRIDE; i++)
        mag_inject_init(&queues[i]);
    memset(given, 0, sizeof(given));
    return 0;
}

/* A job of this origin.  Those of one origin are used in turn. */
static struct mag_job *next_of(unsigned origin)
{
    return &jobs[origin][given[origin]++ % JOBS];
}

static struct mag_job *post(uint32_t level)
{
    struct mag_job *job = next_of(level);
    struct mag_chain chain = {job, job, 1};

    assert_int_equal(mag_sched_post_chain(&fake.sched, &chain, MAG_NONE, level), 0);
    return job;
}

static struct mag_job *post_as_worker(uint32_t level)
{
    mag_self_become(worker());
    struct mag_job *job = post(level);
    mag_self_become(NULL);
    return job;
}

static unsigned origin_of(const struct mag_job *job)
{
    for (unsigned origin = 0; origin < ORIGINS; origin++) {
        if (job >= jobs[origin] && job < jobs[origin] + JOBS)
            return origin;
    }
    fail_msg("the worker has made up a job");
    return ORIGINS;
}

/* What the worker runs next. */
static unsigned run_one(void)
{
    const struct mag_job *job = mag_worker_next(worker());

    assert_non_null(job);
    return origin_of(job);
}

static void fill_ring(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        mag_worker_queue(worker(), next_of(RING));
}

/* Keeps each of these origins from being empty. */
static void flood(bool usual, bool low)
{
    if (mag_runq_length(&worker()->ring) < 16)
        fill_ring(16);
    if (!mag_inject_waiting(&worker()->inbox)) {
        struct mag_job *job = next_of(INBOX);
        mag_inject_push(&worker()->inbox, job, job);
    }
    if (!mag_inject_waiting(&queues[HIGH]))
        (void)post(HIGH);
    if (usual && !mag_inject_waiting(&queues[USUAL]))
        (void)post(USUAL);
    if (low && !mag_inject_waiting(&queues[LOW]))
        (void)post(LOW);
}

/* -------------------------------------------------------------------------- order */

static void the_order_is_high_usual_low(void **state)
{
    (void)state;
    (void)post(LOW);
    (void)post(USUAL);
    (void)post(HIGH);
    assert_int_equal(run_one(), HIGH);
    assert_int_equal(run_one(), USUAL);
    assert_int_equal(run_one(), LOW);
    assert_null(mag_worker_next(worker()));
}

static void what_a_worker_submits_as_high_runs_before_its_own_jobs(void **state)
{
    (void)state;
    fill_ring(OWN);
    assert_int_equal(run_one(), RING);
    (void)post_as_worker(HIGH);
    assert_int_equal(run_one(), HIGH);
    assert_int_equal(run_one(), RING);
}

static void the_first_high_job_from_outside_is_noticed_in_time(void **state)
{
    unsigned before = 0;
    (void)state;

    fill_ring(OWN);
    (void)post(HIGH);
    while (run_one() != HIGH)
        before++;
    assert_true(before <= MAG_SCHED_FAIR_TICKS);
    /* From then on the worker looks before each job. */
    (void)post(HIGH);
    assert_int_equal(run_one(), HIGH);
}

static void jobs_of_the_high_and_low_levels_are_taken_one_by_one(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        (void)post(HIGH);
        (void)post(LOW);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(run_one(), HIGH);
    assert_int_equal(run_one(), LOW);
    /* They did not move to the ring, where later jobs would run behind them. */
    (void)post(USUAL);
    assert_int_equal(run_one(), USUAL);
    assert_int_equal(run_one(), LOW);
}

static void a_worker_without_levels_does_not_look_for_them(void **state)
{
    (void)state;
    (void)post(USUAL);
    assert_int_equal(run_one(), USUAL);
    assert_false(worker()->looks_up);
    (void)post(LOW);
    assert_int_equal(run_one(), LOW);
    assert_false(worker()->looks_up);
}

/* ------------------------------------------------------------------------- bounds */

static void seven_of_ten_jobs_are_high_while_some_wait(void **state)
{
    unsigned last[10] = {0}; /* whether each of the last ten jobs was high */
    unsigned high = 0;
    (void)state;

    (void)post_as_worker(HIGH);
    for (unsigned i = 0; i < 5000; i++) {
        flood(true, true);
        high -= last[i % 10];
        last[i % 10] = run_one() == HIGH;
        high += last[i % 10];
        if (i >= 9)
            assert_true(high >= 7);
    }
}

static void one_of_eight_jobs_is_not_high(void **state)
{
    unsigned row = 0;
    (void)state;

    (void)post_as_worker(HIGH);
    for (unsigned i = 0; i < 5000; i++) {
        flood(false, false);
        row = run_one() == HIGH ? row + 1 : 0;
        assert_true(row < MAG_PRIORITY_TURNS);
    }
}

static void one_of_eight_jobs_is_not_high_when_all_come_from_outside(void **state)
{
    unsigned row = 0;
    (void)state;

    for (unsigned i = 0; i < 5000; i++) {
        if (!mag_inject_waiting(&queues[HIGH]))
            (void)post(HIGH);
        if (!mag_inject_waiting(&queues[LOW]))
            (void)post(LOW);
        row = run_one() == HIGH ? row + 1 : 0;
        assert_true(row < MAG_PRIORITY_TURNS);
    }
}

/* Posts one job on `level` behind `ahead` others, after `warm` jobs, while everything
 * else is flooded.  How many jobs run before it. */
static unsigned jobs_before(uint32_t level, unsigned ahead, unsigned warm)
{
    unsigned before = 0;

    (void)begin(NULL);
    for (unsigned i = 0; i < warm; i++) {
        flood(level != USUAL, level != LOW);
        (void)run_one();
    }
    for (unsigned i = 0; i < ahead; i++)
        (void)post(level);
    const struct mag_job *last = post(level);
    for (;; before++) {
        flood(level != USUAL, level != LOW);
        if (mag_worker_next(worker()) == last)
            return before;
        assert_true(before < 100000);
    }
}

static void a_usual_job_from_outside_waits_for_256_jobs_at_most(void **state)
{
    (void)state;
    for (unsigned warm = 0; warm < 2048; warm += 7)
        assert_true(jobs_before(USUAL, 0, warm) < 256);
}

static void a_low_job_waits_for_1024_jobs_at_most(void **state)
{
    (void)state;
    for (unsigned warm = 0; warm < 2048; warm += 7)
        assert_true(jobs_before(LOW, 0, warm) < 1024);
}

static void each_low_job_ahead_makes_one_wait_for_1024_more_at_most(void **state)
{
    (void)state;
    for (unsigned ahead = 1; ahead < 6; ahead++)
        assert_true(jobs_before(LOW, ahead, 100 * ahead) < 1024 * (ahead + 1));
}

/* --------------------------------------------------------------------- another node */

/* With a second node, whose workers are busy: the queues of both are never empty. */
static uint32_t near_and_far[] = {0, 1};

static void post_far(uint32_t level)
{
    struct mag_job *job = next_of(FAR);

    mag_inject_push(&queues[mag_sched_inject(1, level)], job, job);
}

/* Until the topology is freed there are two nodes; this thread's CPU is on neither. */
static struct mag_topology *see_two_nodes(void)
{
    struct mag_topology *topology;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 pu:4", &topology),
                     0);
    fake.sched.settings.topology = topology;
    fake.sched.queue_count = 2;
    return topology;
}

static void urgent_jobs_of_another_node_are_helped_and_starve_nobody(void **state)
{
    unsigned row = 0;
    unsigned far = 0;
    struct mag_topology *topology = see_two_nodes();
    (void)state;

    worker()->paths.queue_count = 2;
    worker()->paths.queues = near_and_far;
    (void)post_as_worker(HIGH);
    for (unsigned i = 0; i < 64 * 4 * 20; i++) {
        if (!mag_inject_waiting(&queues[MAG_QUEUE_STRIDE + HIGH]))
            post_far(HIGH);
        if (!mag_inject_waiting(&queues[HIGH]))
            (void)post(HIGH);
        if (mag_runq_length(&worker()->ring) < 16)
            fill_ring(16);
        unsigned origin = run_one();
        far += origin == FAR;
        row = origin == HIGH || origin == FAR ? row + 1 : 0;
        assert_true(row <= MAG_PRIORITY_TURNS);
    }
    assert_true(far >= 19);
    mag_topology_free(topology);
}

static void a_worker_takes_few_jobs_at_once_from_another_node(void **state)
{
    struct mag_topology *topology = see_two_nodes();
    (void)state;

    for (unsigned i = 0; i < 16; i++) {
        post_far(USUAL);
        (void)post(USUAL);
    }
    assert_non_null(mag_worker_take_queue(worker(), 1));
    assert_int_equal(mag_runq_length(&worker()->ring), 3);
    assert_non_null(mag_worker_take_queue(worker(), 0));
    assert_int_equal(mag_runq_length(&worker()->ring), 3 + 15);
    mag_topology_free(topology);
}

/* ------------------------------------------------------------------- being noticed */

static void a_job_on_any_level_is_seen(void **state)
{
    (void)state;
    for (uint32_t level = 0; level < MAG_LEVELS; level++) {
        assert_false(mag_worker_sees_work(worker()));
        const struct mag_job *job = post(level);
        assert_true(mag_worker_sees_work(worker()));
        assert_ptr_equal(mag_worker_take_queue(worker(), 0), job);
    }
}

static void a_usual_post_is_on_the_usual_level(void **state)
{
    (void)state;
    struct mag_job *job = next_of(USUAL);

    assert_int_equal(mag_sched_post(&fake.sched, job), 0);
    assert_true(mag_inject_waiting(&queues[USUAL]));
    assert_false(mag_inject_waiting(&queues[HIGH]));
    assert_false(mag_inject_waiting(&queues[LOW]));
    assert_int_equal(run_one(), USUAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_order_is_high_usual_low, begin),
        cmocka_unit_test_setup(what_a_worker_submits_as_high_runs_before_its_own_jobs,
                               begin),
        cmocka_unit_test_setup(the_first_high_job_from_outside_is_noticed_in_time, begin),
        cmocka_unit_test_setup(jobs_of_the_high_and_low_levels_are_taken_one_by_one,
                               begin),
        cmocka_unit_test_setup(a_worker_without_levels_does_not_look_for_them, begin),
        cmocka_unit_test_setup(seven_of_ten_jobs_are_high_while_some_wait, begin),
        cmocka_unit_test_setup(one_of_eight_jobs_is_not_high, begin),
        cmocka_unit_test_setup(one_of_eight_jobs_is_not_high_when_all_come_from_outside,
                               begin),
        cmocka_unit_test_setup(a_usual_job_from_outside_waits_for_256_jobs_at_most,
                               begin),
        cmocka_unit_test_setup(a_low_job_waits_for_1024_jobs_at_most, begin),
        cmocka_unit_test_setup(each_low_job_ahead_makes_one_wait_for_1024_more_at_most,
                               begin),
        cmocka_unit_test_setup(urgent_jobs_of_another_node_are_helped_and_starve_nobody,
                               begin),
        cmocka_unit_test_setup(a_worker_takes_few_jobs_at_once_from_another_node, begin),
        cmocka_unit_test_setup(a_job_on_any_level_is_seen, begin),
        cmocka_unit_test_setup(a_usual_post_is_on_the_usual_level, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
