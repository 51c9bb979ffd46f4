/*
 * Calls that threads from outside submit one by one: one thread's run in their order,
 * among what else it posts; those of a stopped scheduler are dropped; and what a thread
 * leaves behind serves the next one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include "sched/post/record.h"
#include "sched/worker/worker.h"

#include <magpie/counters.h>
#include <magpie/default.h>
#include <magpie/submit.h>

enum { MANY = 1000, FEW = 50, SINGLY = MAG_RECORD_SINGLY };

static struct mag_sched *sched; /* has one worker */
static struct holder holder;
static uint64_t numbers[MANY];
static uint64_t order[MANY]; /* the worker's */
static shared calls;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start_alone(1);
    set(&calls, 0);
    for (unsigned i = 0; i < MANY; i++)
        numbers[i] = i;
    holder_begin(&holder, sched);
    mag_self_get()->poster->singly = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    holder_let_go(&holder); /* of a test that was skipped */
    return mag_sched_destroy(sched);
}

static void note(void *arg)
{
    order[look(&calls)] = *(uint64_t *)arg;
    (void)add(&calls, 1);
}

struct numbered {
    struct mag_job job; /* first */
    uint64_t *number;
};

static void note_job(struct mag_job *job)
{
    note(((struct numbered *)(void *)job)->number);
}

static void let_all_run(void)
{
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
}

/* The first call.  The worker looks at its queue before its ring after
 * MAG_SCHED_FAIR_TICKS turns, and then not within the next FEW ones. */
static void begin_ticks(void *arg)
{
    (void)arg;
    mag_self_get()->worker->rest = MAG_SCHED_FAIR_TICKS;
}

static void assert_in_order(unsigned count)
{
    assert_int_equal(look(&calls), count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(order[i], i);
}

/* ----------------------------------------------------------------------- the order */

static void calls_of_one_thread_run_in_their_order(void **state)
{
    (void)state;

    assert_int_equal(mag_submit(sched, begin_ticks, NULL), 0);
    for (unsigned i = 0; i < FEW; i++)
        assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
    let_all_run();
    assert_in_order(FEW);
}

/* By turns a call, and something else that goes to the same queue. */
static void what_a_thread_posts_keeps_its_place_among_its_calls(void **state)
{
    static struct numbered jobs[FEW];
    struct mag_submit_options named = {.name = "named"};
    (void)state;

    assert_int_equal(mag_submit(sched, begin_ticks, NULL), 0);
    for (unsigned i = 0; i < FEW; i++) {
        jobs[i] = (struct numbered){{.run = note_job}, &numbers[i]};
        switch (i % 11) {
        case 3:
            assert_int_equal(mag_sched_post(sched, &jobs[i].job), 0);
            break;
        case 6:
            assert_int_equal(mag_sched_post_node(sched, &jobs[i].job, 0), 0);
            break;
        case 8:
            assert_int_equal(mag_submit_with(sched, &named, note, &numbers[i]), 0);
            break;
        case 10:
            assert_int_equal(mag_submit_all(sched, NULL, note, &numbers[i], 0, 1), 0);
            break;
        default:
            assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
        }
    }
    let_all_run();
    assert_in_order(FEW);
}

static void call_and_post(unsigned number)
{
    static struct numbered job;

    job = (struct numbered){{.run = note_job}, &numbers[number + 1]};
    assert_int_equal(mag_submit(sched, note, &numbers[number]), 0);
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
}

/* A packet takes the memory of many submissions, so those of a thread that fills none go
 * alone for a while. */
static void a_packet_left_early_makes_the_next_calls_go_alone(void **state)
{
    const struct mag_poster *poster;
    (void)state;

    assert_int_equal(mag_submit(sched, begin_ticks, NULL), 0);
    call_and_post(0);
    poster = mag_self_get()->poster;
    assert_non_null(poster);
    for (unsigned i = 0; i < SINGLY; i++) {
        assert_false(mag_poster_has_packet(poster));
        assert_int_equal(mag_submit(sched, note, &numbers[2 + i]), 0);
    }
    assert_false(mag_poster_has_packet(poster));
    for (unsigned i = 2 + SINGLY; i < 8 + SINGLY; i++)
        assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
    assert_true(mag_poster_has_packet(poster));
    let_all_run();
    assert_in_order(8 + SINGLY);
}

static void count(void *arg)
{
    (void)add(arg, 1);
}

static void two_schedulers_in_turn_get_their_calls(void **state)
{
    struct mag_sched *other = test_sched_start(1);
    static shared others;
    (void)state;

    set(&others, 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
        assert_int_equal(mag_submit(other, count, &others), 0);
    }
    assert_int_equal(mag_sched_destroy(other), 0);
    assert_int_equal(look(&others), MANY);
    let_all_run();
    assert_int_equal(look(&calls), MANY);
}

/* ------------------------------------------------------------------------- threads */

static void *submit_ten(void *arg)
{
    uint64_t *first = arg;

    for (unsigned i = 0; i < 10; i++) {
        if (mag_submit(sched, note, first + i) != 0)
            return first;
    }
    return NULL;
}

/* Each thread leaves its record, and in it an open packet. */
static void a_thread_that_ends_leaves_its_packet_to_the_next(void **state)
{
    (void)state;

    assert_int_equal(mag_submit(sched, begin_ticks, NULL), 0);
    for (unsigned i = 0; i < FEW; i += 10) {
        pthread_t thread;
        void *failed = &thread;

        assert_int_equal(pthread_create(&thread, NULL, submit_ten, &numbers[i]), 0);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
    }
    let_all_run();
    assert_in_order(FEW);
}

/* ------------------------------------------------------------------------- the end */

static void calls_that_never_began_are_dropped_by_a_stop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    assert_int_equal(mag_submit(sched, note, &numbers[0]), -ESHUTDOWN);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(look(&calls), 0);
}

/* The next scheduler may have the address of the last one. */
static void a_packet_of_a_scheduler_that_is_gone_is_not_used_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(mag_submit(sched, note, &numbers[0]), 0);
        let_all_run();
        assert_int_equal(mag_sched_destroy(sched), 0);
        assert_int_equal(look(&calls), 1);
        assert_false(mag_poster_has_packet(mag_self_get()->poster));
        (void)begin(NULL);
    }
}

static int submit_in_child(void *arg)
{
    struct mag_sched *mine = NULL;
    (void)arg;

    if (mag_submit(sched, note, &numbers[0]) != MAG_E_FORKED)
        return 1;
    if (mag_poster_has_packet(mag_self_get()->poster))
        return 2;
    if (mag_submit(NULL, note, &numbers[0]) != 0 || mag_sched_default(&mine) != 0)
        return 3;
    return test_wait_for(&calls, 1) ? 0 : 4;
}

static void the_child_of_a_fork_adds_nothing_to_a_packet_of_its_parent(void **state)
{
    (void)state;
    assert_int_equal(mag_submit(sched, note, &numbers[0]), 0);
    assert_true(mag_poster_has_packet(mag_self_get()->poster));
    test_step_in_child(submit_in_child);
    assert_int_equal(mag_submit(sched, note, &numbers[1]), 0);
    let_all_run();
    assert_in_order(2);
}

/* The worker gives the packet up when it goes to sleep, not only with its next one. */
static void a_worker_that_sleeps_keeps_no_packet(void **state)
{
    struct mag_packet *packet;
    double since = test_now();
    uint32_t holds;
    (void)state;

    assert_int_equal(mag_submit(sched, note, &numbers[0]), 0);
    /* relaxed: this thread's own. */
    packet = atomic_load_explicit(&mag_self_get()->poster->packet, memory_order_relaxed);
    mag_record_end_own();
    holder_let_go(&holder);
    do {
        /* relaxed: a number. */
        holds = atomic_load_explicit(&packet->holds, memory_order_relaxed);
        test_sleep_ms(1);
    } while (holds != 0 && !test_gives_up(since));
    assert_int_equal(holds, 0);
    let_all_run();
}

static void each_call_counts_as_a_job(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(mag_submit(sched, note, &numbers[i]), 0);
    let_all_run();
    assert_int_equal(test_sched_counters(sched).jobs, 101);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_of_one_thread_run_in_their_order),
        TEST(what_a_thread_posts_keeps_its_place_among_its_calls),
        TEST(a_packet_left_early_makes_the_next_calls_go_alone),
        TEST(two_schedulers_in_turn_get_their_calls),
        TEST(a_thread_that_ends_leaves_its_packet_to_the_next),
        TEST(calls_that_never_began_are_dropped_by_a_stop),
        TEST(a_packet_of_a_scheduler_that_is_gone_is_not_used_again),
        TEST(the_child_of_a_fork_adds_nothing_to_a_packet_of_its_parent),
        TEST(a_worker_that_sleeps_keeps_no_packet),
        TEST(each_call_counts_as_a_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
