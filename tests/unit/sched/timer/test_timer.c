/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/phase.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/strand.h>
#include <magpie/timer.h>
#include <stdlib.h>

static const int64_t HOUR_NS = 3600000000000;
static const int64_t MS_NS = 1000000;

struct bell {
    struct mag_timer timer;
    int64_t deadline_ns;
    int64_t rang_ns;
    uint64_t again; /* how often it will still start itself */
    struct mag_sched *sched;
    struct mag_strand *seen; /* the strand it rang in */
    int error;
    uint64_t *order; /* the bells of one strand count with this */
    uint64_t place;
    _Atomic(uint64_t) rung;
};

static void ring(struct mag_job *job)
{
    struct bell *bell = (struct bell *)(void *)job;

    bell->rang_ns = test_now_ns();
    bell->seen = mag_strand_self();
    if (bell->order != NULL)
        bell->place = (*bell->order)++;
    if (bell->again != 0) {
        bell->again--;
        bell->error |= mag_timer_start_in(bell->sched, &bell->timer, MS_NS);
    }
    (void)test_add(&bell->rung, 1);
}

#define A_BELL                           \
    {                                    \
        .timer = {.job = {.run = ring} } \
    }

static void a_timer_fires_once_and_not_before_its_deadline(void **state)
{
    enum { BELLS = 200 };
    struct mag_sched *sched = test_sched_start(2);
    struct bell *bells = calloc(BELLS, sizeof(*bells));
    uint64_t random = test_seed();
    unsigned early = 0;
    (void)state;

    assert_non_null(bells);
    for (unsigned i = 0; i < BELLS; i++) {
        bells[i].timer.job.run = ring;
        bells[i].deadline_ns =
            test_now_ns() + (int64_t)(test_random(&random) % (uint64_t)(50 * MS_NS));
        assert_int_equal(mag_timer_start(sched, &bells[i].timer, bells[i].deadline_ns),
                         0);
    }
    for (unsigned i = 0; i < BELLS; i++)
        assert_true(test_wait_for(&bells[i].rung, 1));
    mag_sched_destroy(sched);
    for (unsigned i = 0; i < BELLS; i++) {
        early += bells[i].rang_ns < bells[i].deadline_ns;
        assert_int_equal(test_read(&bells[i].rung), 1);
        assert_false(mag_timer_cancel(&bells[i].timer));
    }
    assert_int_equal(early, 0);
    free(bells);
}

static void deadlines_that_are_over_have_come(void **state)
{
    const int64_t deadlines[] = {INT64_MIN, -1, 0, 1, 1000000};
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    for (unsigned i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        struct bell bell = A_BELL;

        assert_int_equal(mag_timer_start(sched, &bell.timer, deadlines[i]), 0);
        assert_true(test_wait_for(&bell.rung, 1));
    }
    struct bell bell = A_BELL;
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, INT64_MIN), 0);
    assert_true(test_wait_for(&bell.rung, 1));
    mag_sched_destroy(sched);
}

static void deadlines_beyond_the_clock_stay_pending(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct bell last = A_BELL;
    struct bell beyond = A_BELL;
    struct bell soon = A_BELL;
    (void)state;

    assert_int_equal(mag_timer_start(sched, &last.timer, INT64_MAX), 0);
    assert_int_equal(mag_timer_start_in(sched, &beyond.timer, INT64_MAX), 0);
    assert_int_equal(mag_timer_start_in(sched, &soon.timer, 20 * MS_NS), 0);
    assert_true(test_wait_for(&soon.rung, 1));
    assert_true(mag_timer_cancel(&last.timer));
    assert_true(mag_timer_cancel(&beyond.timer));
    mag_sched_destroy(sched);
    assert_int_equal(test_read(&last.rung) + test_read(&beyond.rung), 0);
}

static void an_earlier_timer_is_not_slept_through(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct bell late = A_BELL;
    (void)state;

    assert_int_equal(mag_timer_start_in(sched, &late.timer, HOUR_NS), 0);
    for (uint32_t round = 0; round < test_rounds(200); round++) {
        struct bell soon = A_BELL;

        assert_int_equal(mag_timer_start_in(sched, &soon.timer, round * 10000), 0);
        assert_true(test_wait_for(&soon.rung, 1));
    }
    assert_true(mag_timer_cancel(&late.timer));
    mag_sched_destroy(sched);
}

static void a_canceled_timer_is_the_callers_again(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct bell bell = A_BELL;
    (void)state;

    assert_false(mag_timer_cancel(&bell.timer));
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(mag_timer_start_in(sched, &bell.timer, HOUR_NS), 0);
        assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), -EBUSY);
        assert_true(mag_timer_cancel(&bell.timer));
        assert_false(mag_timer_cancel(&bell.timer));
    }
    assert_int_equal(test_read(&bell.rung), 0);
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), 0);
    assert_true(test_wait_for(&bell.rung, 1));
    assert_false(mag_timer_cancel(&bell.timer));
    mag_sched_destroy(sched);
}

static void a_job_may_start_its_timer_again(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct bell bell = A_BELL;
    (void)state;

    bell.sched = sched;
    bell.again = 20;
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), 0);
    assert_true(test_wait_for(&bell.rung, 21));
    mag_sched_destroy(sched);
    assert_int_equal(bell.error, 0);
}

/* ------------------------------------------------------------------------ order */

enum { RINGERS = 4, EACH = 64 };

/* Starts its bells on a worker of its own, and so in another wheel. */
struct ringer {
    struct mag_job job;
    struct mag_sched *sched;
    struct bell bells[EACH];
    int error;
    _Atomic(uint64_t) done;
};

static void start_bells(struct mag_job *job)
{
    struct ringer *ringer = (struct ringer *)(void *)job;

    for (unsigned i = 0; i < EACH; i++)
        ringer->error |= mag_timer_start(ringer->sched, &ringer->bells[i].timer,
                                         ringer->bells[i].deadline_ns);
    (void)test_add(&ringer->done, 1);
}

/* The deadlines begin `lead_ns` from now.  False: the machine was busy, and some timers
 * were started after their deadline. */
static bool fire_in_order(int64_t lead_ns)
{
    struct mag_sched *sched = test_sched_start(RINGERS);
    struct ringer *ringers = calloc(RINGERS, sizeof(*ringers));
    struct mag_strand strand;
    uint64_t order = 0;
    int64_t begin = test_now_ns() + lead_ns;
    unsigned wrong = 0;

    assert_non_null(ringers);
    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < RINGERS * EACH; i++) {
        /* A permutation: every deadline once, two ticks apart. */
        unsigned turn = i * 77 % (RINGERS * EACH);
        struct bell *bell = &ringers[i % RINGERS].bells[i / RINGERS];

        *bell = (struct bell)A_BELL;
        bell->timer.executor = &strand.executor;
        bell->order = &order;
        bell->deadline_ns = begin + 2 * MAG_TIMER_TICK_NS * turn;
    }
    for (unsigned i = 0; i < RINGERS; i++) {
        ringers[i].sched = sched;
        ringers[i].job.run = start_bells;
        assert_int_equal(mag_sched_post_worker(sched, &ringers[i].job, i), 0);
    }
    for (unsigned i = 0; i < RINGERS; i++)
        assert_true(test_wait_for(&ringers[i].done, 1));
    bool in_time = test_now_ns() < begin;
    for (unsigned i = 0; i < RINGERS * EACH; i++)
        assert_true(test_wait_for(&ringers[i % RINGERS].bells[i / RINGERS].rung, 1));
    mag_sched_destroy(sched);
    for (unsigned i = 0; i < RINGERS * EACH; i++) {
        struct bell *bell = &ringers[i % RINGERS].bells[i / RINGERS];

        wrong += bell->place != i * 77 % (RINGERS * EACH);
        wrong += bell->seen != &strand;
    }
    if (in_time)
        assert_int_equal(wrong, 0);
    free(ringers);
    return in_time;
}

static void timers_of_all_wheels_fire_in_the_order_of_their_deadlines(void **state)
{
    int64_t lead_ns = 50 * MS_NS;
    (void)state;

    while (!fire_in_order(lead_ns))
        lead_ns *= 2;
}

/* ------------------------------------------------------------------- many, and costs */

static void a_million_timers_may_be_pending(void **state)
{
    uint32_t count = test_rounds(1000000);
    struct mag_sched *sched = test_sched_start(2);
    struct bell *bells = calloc(count, sizeof(*bells));
    uint64_t random = test_seed();
    struct bell soon = A_BELL;
    uint32_t not_canceled = 0;
    (void)state;

    assert_non_null(bells);
    for (uint32_t i = 0; i < count; i++) {
        bells[i].timer.job.run = ring;
        assert_int_equal(
            mag_timer_start_in(sched, &bells[i].timer,
                               HOUR_NS + (int64_t)(test_random(&random) % (1U << 31))),
            0);
    }
    assert_int_equal(mag_timer_start_in(sched, &soon.timer, MS_NS), 0);
    assert_true(test_wait_for(&soon.rung, 1));
    for (uint32_t i = 0; i < count; i++)
        not_canceled += !mag_timer_cancel(&bells[i].timer);
    mag_sched_destroy(sched);
    assert_int_equal(not_canceled, 0);
    free(bells);
}

static void a_hundred_thousand_timers_fire_once_each(void **state)
{
    uint32_t count = test_rounds(100000);
    struct mag_sched *sched = test_sched_start(2);
    struct bell *bells = calloc(count, sizeof(*bells));
    uint64_t random = test_seed();
    uint32_t wrong = 0;
    (void)state;

    assert_non_null(bells);
    int64_t begin = test_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        bells[i].timer.job.run = ring;
        bells[i].deadline_ns =
            begin + (int64_t)(test_random(&random) % (uint64_t)(400 * MS_NS));
        assert_int_equal(mag_timer_start(sched, &bells[i].timer, bells[i].deadline_ns),
                         0);
    }
    for (uint32_t i = 0; i < count; i++)
        assert_true(test_wait_for(&bells[i].rung, 1));
    mag_sched_destroy(sched);
    for (uint32_t i = 0; i < count; i++)
        wrong +=
            test_read(&bells[i].rung) != 1 || bells[i].rang_ns < bells[i].deadline_ns;
    assert_int_equal(wrong, 0);
    free(bells);
}

static void starts_and_cancels_allocate_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct bell bell = A_BELL;
    (void)state;

    uint64_t before = test_allocations();
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(mag_timer_start_in(sched, &bell.timer, HOUR_NS), 0);
        assert_true(mag_timer_cancel(&bell.timer));
    }
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), 0);
    assert_true(test_wait_for(&bell.rung, 1));
    assert_int_equal(test_allocations(), before);
    mag_sched_destroy(sched);
}

static void a_thread_that_is_refused_is_asked_for_again(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct bell bell = A_BELL;
    (void)state;

    test_fail_thread(1);
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), -EAGAIN);
    assert_true(test_has_failed());
    assert_false(mag_timer_cancel(&bell.timer));
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), 0);
    assert_true(test_wait_for(&bell.rung, 1));
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ stopping */

static void take_back(struct mag_job *job, void *arg)
{
    struct bell *bell = (struct bell *)(void *)job;
    uint64_t *count = arg;

    bell->place++;
    (*count)++;
}

static void a_stop_hands_back_every_pending_timer_once(void **state)
{
    enum { BELLS = 300 };
    const enum mag_sched_stop modes[] = {MAG_SCHED_DRAIN, MAG_SCHED_CANCEL};
    (void)state;

    for (unsigned mode = 0; mode < 2; mode++) {
        struct mag_sched *sched = test_sched_start(2);
        struct bell bells[BELLS];
        uint64_t count = 0;

        for (unsigned i = 0; i < BELLS; i++) {
            bells[i] = (struct bell)A_BELL;
            assert_int_equal(
                mag_timer_start_in(sched, &bells[i].timer, HOUR_NS << i % 20), 0);
        }
        assert_int_equal(mag_sched_stop(sched, modes[mode], -1, take_back, &count), 0);
        assert_int_equal(count, BELLS);
        for (unsigned i = 0; i < BELLS; i++) {
            assert_int_equal(bells[i].place, 1);
            assert_int_equal(test_read(&bells[i].rung), 0);
            assert_false(mag_timer_cancel(&bells[i].timer));
        }
        assert_int_equal(mag_timer_start_in(sched, &bells[0].timer, 0), -ESHUTDOWN);
        mag_sched_destroy(sched);
        sched = test_sched_start(1);
        assert_int_equal(mag_timer_start_in(sched, &bells[0].timer, 0), 0);
        assert_true(test_wait_for(&bells[0].rung, 1));
        mag_sched_destroy(sched);
    }
}

/* A job that is still running when its scheduler is stopped, and starts a timer then. */
struct tardy {
    struct mag_job job;
    struct mag_sched *sched;
    struct bell bell;
    int error;
    _Atomic(uint64_t) begun;
};

static void start_too_late(struct mag_job *job)
{
    struct tardy *tardy = (struct tardy *)(void *)job;

    (void)test_add(&tardy->begun, 1);
    stay_until(tardy->sched, MAG_PHASE_DRAINING);
    tardy->error = mag_timer_start_in(tardy->sched, &tardy->bell.timer, 0);
}

static void a_scheduler_that_drains_takes_no_more_timers(void **state)
{
    struct tardy tardy = {.job = {.run = start_too_late}, .bell = A_BELL};
    struct bell first = A_BELL;
    (void)state;

    for (unsigned with_clock = 0; with_clock < 2; with_clock++) {
        tardy.sched = test_sched_start(1);
        atomic_init(&tardy.begun, 0);
        if (with_clock) {
            assert_int_equal(mag_timer_start_in(tardy.sched, &first.timer, 0), 0);
            assert_true(test_wait_for(&first.rung, 1));
        }
        assert_int_equal(mag_sched_post(tardy.sched, &tardy.job), 0);
        assert_true(test_wait_for(&tardy.begun, 1));
        mag_sched_destroy(tardy.sched);
        assert_int_equal(tardy.error, -ESHUTDOWN);
        assert_int_equal(test_read(&tardy.bell.rung), 0);
    }
}

/* In the child of a fork(): 0, or the number of the step that failed. */
static int use_after_fork(void *arg)
{
    struct bell *bell = arg;
    struct bell fresh = A_BELL;

    if (mag_timer_start_in(bell->sched, &fresh.timer, 0) != MAG_E_FORKED)
        return 1;
    if (!mag_timer_cancel(&bell->timer) || mag_timer_cancel(&bell->timer))
        return 2;
    mag_sched_destroy(bell->sched);
    return 0;
}

static void a_forked_child_may_cancel_what_was_pending(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct bell bell = A_BELL;
    (void)state;

    bell.sched = sched;
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, HOUR_NS), 0);
    assert_int_equal(test_in_child(use_after_fork, &bell), 0);
    assert_true(mag_timer_cancel(&bell.timer));
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 0), 0);
    assert_true(test_wait_for(&bell.rung, 1));
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_before_its_deadline),
        cmocka_unit_test(deadlines_that_are_over_have_come),
        cmocka_unit_test(deadlines_beyond_the_clock_stay_pending),
        cmocka_unit_test(an_earlier_timer_is_not_slept_through),
        cmocka_unit_test(a_canceled_timer_is_the_callers_again),
        cmocka_unit_test(a_job_may_start_its_timer_again),
        cmocka_unit_test(timers_of_all_wheels_fire_in_the_order_of_their_deadlines),
        cmocka_unit_test(a_million_timers_may_be_pending),
        cmocka_unit_test(a_hundred_thousand_timers_fire_once_each),
        cmocka_unit_test(starts_and_cancels_allocate_nothing),
        cmocka_unit_test(a_thread_that_is_refused_is_asked_for_again),
        cmocka_unit_test(a_stop_hands_back_every_pending_timer_once),
        cmocka_unit_test(a_scheduler_that_drains_takes_no_more_timers),
        cmocka_unit_test(a_forked_child_may_cancel_what_was_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
