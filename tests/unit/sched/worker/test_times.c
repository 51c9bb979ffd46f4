/* SPDX-License-Identifier: Apache-2.0 */
/* Where a worker's time goes. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/trace/times.h"

#include <magpie/fork.h>

#include <errno.h>
#include <pthread.h>

static struct mag_sched_counters read_worker(struct mag_sched *sched, uint32_t worker)
{
    struct mag_sched_counters counters;

    assert_int_equal(mag_sched_counters(sched, worker, &counters), 0);
    return counters;
}

/* ------------------------------------------------------------------- one word */

static uint64_t sum(struct mag_times *times, enum mag_time state, int64_t now)
{
    return mag_times_sum(mag_times_read(times, state), now);
}

static void a_time_grows_while_its_state_lasts_and_then_stands_still(void **state)
{
    struct mag_times times;
    (void)state;

    mag_times_init(&times);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 1000), 0);
    mag_times_enter(&times, MAG_TIME_RUN, 1000);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 1000), 0);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 1007), 7);
    mag_times_enter(&times, MAG_TIME_PARK, 1010);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 9999), 10);
    assert_int_equal(sum(&times, MAG_TIME_PARK, 1013), 3);
    mag_times_enter(&times, MAG_TIME_PARK, 1020);
    mag_times_enter(&times, MAG_TIME_RUN, 1030);
    assert_int_equal(sum(&times, MAG_TIME_PARK, 9999), 20);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 1035), 15);
    mag_times_enter(&times, MAG_TIME_NONE, 1040);
    assert_int_equal(sum(&times, MAG_TIME_RUN, 9999), 20);
}

/* --------------------------------------------------------------- what is read */

static void a_running_job_is_in_the_time_that_is_read(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct holder holder;
    (void)state;

    holder_begin(&holder, sched);
    struct mag_sched_counters before = read_worker(sched, 0);
    test_sleep_ms(2);
    struct mag_sched_counters after = read_worker(sched, 0);
    assert_true(after.run_ns >= before.run_ns + 2000000);
    assert_int_equal(after.search_ns, before.search_ns);
    assert_int_equal(after.park_ns, before.park_ns);
    holder_let_go(&holder);
    mag_sched_destroy(sched);
}

/* Whether the worker does nothing but sleep for a while. */
static bool sleeps_only(struct mag_sched *sched)
{
    struct mag_sched_counters before = read_worker(sched, 0);

    test_sleep_ms(1);
    struct mag_sched_counters after = read_worker(sched, 0);
    return after.park_ns >= before.park_ns + 1000000 && after.run_ns == before.run_ns &&
           after.search_ns == before.search_ns;
}

static bool is_parked(struct mag_sched *sched)
{
    double since = test_now();
    bool parked = sleeps_only(sched);

    while (!parked && !test_gives_up(since))
        parked = sleeps_only(sched);
    return parked;
}

static void a_worker_that_sleeps_is_parked_and_nothing_else(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_true(is_parked(sched));
    assert_int_equal(read_worker(sched, 0).blocked_ns, 0);
    mag_sched_destroy(sched);
}

static void a_worker_that_looks_for_work_for_a_while_is_searching(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    (void)state;

    config.spin_us = 10000;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_true(is_parked(sched));
    assert_true(read_worker(sched, 0).search_ns >= 1000000);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------- waiting for a stolen child */

static struct gate child_gate;
static _Atomic(uint64_t) joiner; /* one more than the number of the worker that joins */

MAG_FORKABLE(int, held, int, number)
MAG_FORKABLE(int, wait_for_held, int, number)

static int held(mag_fork w, int number)
{
    (void)w;
    gate_pass(&child_gate);
    return number;
}

static int wait_for_held(mag_fork w, int number)
{
    struct held_child child = held_fork(&w, number);

    /* The thief has the child before this worker joins it. */
    (void)gate_is_reached(&child_gate);
    (void)test_add(&joiner, 1 + mag_sched_worker());
    return held_join(&w, child);
}

struct root {
    struct mag_sched *sched;
    int error;
    int result;
};

static void *run_root(void *arg)
{
    struct root *root = arg;

    root->error = wait_for_held_run(root->sched, &root->result, 42);
    return NULL;
}

static void a_join_that_sleeps_counts_as_blocked(void **state)
{
    struct root root = {.sched = test_sched_start(2)};
    double since = test_now();
    pthread_t thread;
    (void)state;

    gate_close(&child_gate);
    atomic_init(&joiner, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_root, &root), 0);
    assert_true(test_wait_for(&joiner, 1));
    uint32_t worker = (uint32_t)test_read(&joiner) - 1;
    while (read_worker(root.sched, worker).blocked_ns < 1000000 && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(read_worker(root.sched, worker).blocked_ns >= 1000000);
    gate_open(&child_gate);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(root.error, 0);
    assert_int_equal(root.result, 42);
    mag_sched_destroy(root.sched);
}

/* ------------------------------------------------------------------- the whole */

static uint64_t all_times(const struct mag_sched_counters *counters)
{
    return counters->run_ns + counters->search_ns + counters->park_ns +
           counters->blocked_ns;
}

static void the_times_of_a_life_add_up_and_stand_still_after_it(void **state)
{
    struct counted job = counted_make();
    int64_t begin = test_now_ns();
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    int64_t begun = test_now_ns();
    test_sleep_ms(5);
    int64_t end = test_now_ns();
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    int64_t ended = test_now_ns();
    struct mag_sched_counters counters = read_worker(sched, 0);
    assert_true(all_times(&counters) <= (uint64_t)(ended - begin));
    assert_true(all_times(&counters) >= (uint64_t)(end - begun));
    test_sleep_ms(1);
    struct mag_sched_counters later = read_worker(sched, 0);
    assert_int_equal(all_times(&later), all_times(&counters));
    mag_sched_destroy(sched);
}

/* Reads while jobs begin and end. */
static void no_time_goes_back_while_it_is_read(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_sched_counters before[2] = {{0}, {0}};
    struct counted job = counted_make();
    uint32_t rounds = test_rounds(2000);
    (void)state;

    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        assert_int_equal(mag_sched_post(sched, &job.job), 0);
        for (uint32_t worker = 0; worker < 2; worker++) {
            struct mag_sched_counters now = read_worker(sched, worker);

            assert_true(now.run_ns >= before[worker].run_ns);
            assert_true(now.search_ns >= before[worker].search_ns);
            assert_true(now.park_ns >= before[worker].park_ns);
            before[worker] = now;
        }
        assert_true(test_wait_for(&job.runs, i + 1));
    }
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------- other versions */

static void a_program_that_knows_fewer_fields_gets_those(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_sched_counters counters = {.run_ns = 12345};
    (void)state;

    assert_int_equal(mag_sched_counters_read(sched, 0, &counters,
                                             offsetof(struct mag_sched_counters, run_ns)),
                     0);
    assert_int_equal(counters.pinned, read_worker(sched, 0).pinned);
    assert_int_equal(counters.run_ns, 12345);
    mag_sched_destroy(sched);
}

static void a_program_that_knows_more_fields_finds_zeroes_there(void **state)
{
    struct {
        struct mag_sched_counters known;
        uint64_t unknown;
    } counters = {.unknown = 12345};
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_int_equal(mag_sched_counters_read(sched, 0, &counters.known, sizeof(counters)),
                     0);
    assert_int_equal(counters.unknown, 0);
    assert_int_equal(mag_sched_counters_read(sched, MAG_NONE, &counters.known, 0),
                     -EINVAL);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_grows_while_its_state_lasts_and_then_stands_still),
        cmocka_unit_test(a_running_job_is_in_the_time_that_is_read),
        cmocka_unit_test(a_worker_that_sleeps_is_parked_and_nothing_else),
        cmocka_unit_test(a_worker_that_looks_for_work_for_a_while_is_searching),
        cmocka_unit_test(a_join_that_sleeps_counts_as_blocked),
        cmocka_unit_test(the_times_of_a_life_add_up_and_stand_still_after_it),
        cmocka_unit_test(no_time_goes_back_while_it_is_read),
        cmocka_unit_test(a_program_that_knows_fewer_fields_gets_those),
        cmocka_unit_test(a_program_that_knows_more_fields_finds_zeroes_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
