/*
 * Every waiting job is reached: behind a long job, in a queue without workers, in a ring
 * that has overflowed, in an inbox while the scheduler drains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/sched.h>
#include <stdlib.h>
#include <unistd.h>

static struct mag_sched *start_on(const struct mag_topology *topology, uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.topology = topology;
    config.placement = MAG_PLACE_COMPACT;
    return test_sched_start_as(&config);
}

/* --------------------------------------------------------- behind a long job */

struct parent {
    struct mag_job job;
    struct mag_sched *sched; /* where it posts the child; NULL: another thread posts it */
    struct counted child;
    bool reached; /* the child ran while the parent was running */
    _Atomic(uint64_t) over;
};

/* Goes on until its child has run on another worker. */
static void run_parent(struct mag_job *job)
{
    struct parent *parent = (struct parent *)(void *)job;
    double since = test_now();

    if (parent->sched != NULL && mag_sched_post(parent->sched, &parent->child.job) != 0)
        since = 0;
    while (!parent->reached && !test_gives_up(since)) {
        /* acquire: names the other end. */
        parent->reached =
            atomic_load_explicit(&parent->child.runs, memory_order_acquire) != 0;
    }
    /* release: seen by the test. */
    atomic_store_explicit(&parent->over, 1, memory_order_release);
}

static void every_worker_has_its_lifo_slot_emptied_by_others(void **state)
{
    const uint32_t pools[] = {2, 3, 4, 2 * (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), 8};
    (void)state;

    for (unsigned i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        struct mag_sched *sched = start_on(NULL, pools[i]);

        for (uint32_t round = 0; round < test_rounds(10) * pools[i]; round++) {
            struct parent parent = {
                .job = {.run = run_parent}, .sched = sched, .child = counted_make()};

            /* Sometimes long enough for all workers to park. */
            if (round % 2 != 0)
                test_sleep_ms(1);
            assert_int_equal(mag_sched_post_worker(sched, &parent.job, round % pools[i]),
                             0);
            assert_true(test_wait_for(&parent.over, 1));
            assert_true(parent.reached);
        }
        mag_sched_destroy(sched);
    }
}

/* --------------------------------------------------- queues without workers */

/* Posts itself until it is told to stop, so its worker always has work. */
struct busy {
    struct mag_job job;
    struct mag_sched *sched;
    _Atomic(uint64_t) turns;
    _Atomic(bool) stop;
};

static void run_busy(struct mag_job *job)
{
    struct busy *busy = (struct busy *)(void *)job;

    /* release: seen by the test. */
    (void)atomic_fetch_add_explicit(&busy->turns, 1, memory_order_release);
    /* relaxed: a later turn will see it. */
    if (!atomic_load_explicit(&busy->stop, memory_order_relaxed))
        (void)!mag_sched_post(busy->sched, &busy->job);
}

static void a_busy_pool_reaches_a_node_without_workers(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:3 core:1 pu:1", &topology), 0);
    struct mag_sched *sched = start_on(topology, 1);
    struct busy busy = {.job = {.run = run_busy}, .sched = sched};
    struct counted far = counted_make();

    assert_int_equal(mag_sched_post(sched, &busy.job), 0);
    assert_true(test_wait_for(&busy.turns, 1));
    for (uint32_t node = 0; node < 3; node++) {
        /* relaxed: ordered by the post. */
        atomic_store_explicit(&far.runs, 0, memory_order_relaxed);
        assert_int_equal(mag_sched_post_node(sched, &far.job, node), 0);
        assert_true(test_wait_for(&far.runs, 1));
    }
    /* relaxed: a later turn will see it. */
    atomic_store_explicit(&busy.stop, true, memory_order_relaxed);
    mag_sched_destroy(sched);
    mag_topology_free(topology);
}

/* The only worker of a node stays in a job until other workers have run the jobs that
 * wait there. */
static void a_busy_pool_reaches_a_node_whose_workers_are_held_up(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:1 pu:1", &topology), 0);
    struct mag_sched *sched = start_on(topology, 2);
    struct busy busy = {.job = {.run = run_busy}, .sched = sched};

    assert_int_equal(mag_sched_post_worker(sched, &busy.job, 0), 0);
    assert_true(test_wait_for(&busy.turns, 1));
    for (unsigned round = 0; round < 20; round++) {
        struct parent held = {.job = {.run = run_parent}, .child = counted_make()};

        assert_int_equal(mag_sched_post_worker(sched, &held.job, 1), 0);
        assert_int_equal(mag_sched_post_node(sched, &held.child.job, 1), 0);
        assert_true(test_wait_for(&held.over, 1));
        assert_true(held.reached);
    }
    /* relaxed: a later turn will see it. */
    atomic_store_explicit(&busy.stop, true, memory_order_relaxed);
    mag_sched_destroy(sched);
    mag_topology_free(topology);
}

/* ------------------------------------------------------- a ring that overflows */

/* One of many jobs that a job posts at once, with the number of them that ran before
 * it. */
struct one {
    struct mag_job job;
    uint32_t place;
};

enum { MANY = 3000 };

struct crowd {
    struct mag_job job;
    struct mag_sched *sched;
    struct one ones[MANY];
    _Atomic(uint64_t) ran;
};

static struct crowd *crowd;

static void run_one(struct mag_job *job)
{
    struct one *one = (struct one *)(void *)job;

    /* release: seen by the test. */
    one->place =
        (uint32_t)atomic_fetch_add_explicit(&crowd->ran, 1, memory_order_release);
}

static void run_crowd(struct mag_job *job)
{
    (void)job;
    for (uint32_t i = 0; i < MANY; i++)
        (void)!mag_sched_post(crowd->sched, &crowd->ones[i].job);
}

/* The bound of docs/design/run-queue.md for a job that waits behind `before` other jobs
 * outside of the workers. */
static uint32_t bound_outside(uint32_t before)
{
    return 2 * MAG_SCHED_FAIR_TICKS * (before + 1);
}

static void jobs_beyond_the_ring_run_once_and_within_the_bound(void **state)
{
    (void)state;
    crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    crowd->job.run = run_crowd;
    for (uint32_t i = 0; i < MANY; i++)
        crowd->ones[i].job.run = run_one;
    crowd->sched = start_on(NULL, 1);
    assert_int_equal(mag_sched_post(crowd->sched, &crowd->job), 0);
    assert_true(test_wait_for(&crowd->ran, MANY));
    mag_sched_destroy(crowd->sched);

    uint32_t places[MANY] = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        places[crowd->ones[i].place]++;
        assert_true(crowd->ones[i].place <= bound_outside(i));
    }
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(places[i], 1);
    free(crowd);
}

/* ------------------------------------------------------------------- draining */

/* A job that hops from inbox to inbox; the drain has to see each hop. */
struct hopper {
    struct mag_job job;
    struct mag_sched *sched;
    uint32_t workers;
    uint32_t hops;
    bool ended;
};

static void run_hopper(struct mag_job *job)
{
    struct hopper *hopper = (struct hopper *)(void *)job;

    if (hopper->hops-- == 0)
        hopper->ended = true;
    else if (mag_sched_post_worker(hopper->sched, job, hopper->hops % hopper->workers) !=
             0)
        hopper->hops = 0;
}

static void count_handed_back(struct mag_job *job, void *arg)
{
    (void)job;
    ++*(unsigned *)arg;
}

static void a_drain_follows_a_job_through_the_inboxes(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < test_rounds(2000); round++) {
        struct hopper hopper = {
            .job = {.run = run_hopper}, .workers = 1 + round % 4, .hops = round % 50};
        unsigned handed_back = 0;

        hopper.sched = start_on(NULL, hopper.workers);
        assert_int_equal(mag_sched_post(hopper.sched, &hopper.job), 0);
        assert_int_equal(mag_sched_stop(hopper.sched, MAG_SCHED_DRAIN, -1,
                                        count_handed_back, &handed_back),
                         0);
        assert_int_equal(handed_back, 0);
        assert_true(hopper.ended);
        mag_sched_destroy(hopper.sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_has_its_lifo_slot_emptied_by_others),
        cmocka_unit_test(a_busy_pool_reaches_a_node_without_workers),
        cmocka_unit_test(a_busy_pool_reaches_a_node_whose_workers_are_held_up),
        cmocka_unit_test(jobs_beyond_the_ring_run_once_and_within_the_bound),
        cmocka_unit_test(a_drain_follows_a_job_through_the_inboxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
