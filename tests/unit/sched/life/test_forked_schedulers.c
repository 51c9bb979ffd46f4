/* SPDX-License-Identifier: Apache-2.0 */
/* What the schedulers, strands and timers of the parent answer in the child of a
 * fork(). */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/default.h>
#include <magpie/executor.h>
#include <magpie/fork.h>
#include <magpie/strand.h>
#include <magpie/timer.h>
#include <magpie/when.h>
#include <string.h>

MAG_FORKABLE(long, twice, long, number)
static long twice(mag_fork w, long number)
{
    (void)w;
    return 2 * number;
}

/* The objects of the parent that its child inherits. */
struct inheritance {
    struct mag_sched *own;
    struct mag_sched *everybodys;
    struct mag_strand strand;       /* idle */
    struct mag_strand busy;         /* with a job that waits until the child has ended */
    struct mag_timer pending;       /* started in the parent */
    struct mag_timer never_started; /* to be started in the child */
    struct mag_job job;
    struct mag_job gate;
    _Atomic(uint64_t) entered;
    _Atomic(uint64_t) open;
};

static void run_nothing(struct mag_job *job)
{
    (void)job;
}

static void wait_at_gate(struct mag_job *job)
{
    struct inheritance *in =
        (struct inheritance *)(void *)((char *)job - offsetof(struct inheritance, gate));

    /* release: the waiting thread goes on. */
    (void)atomic_fetch_add_explicit(&in->entered, 1, memory_order_release);
    (void)test_wait_for(&in->open, 1);
}

/* In the child process: 0, or the number of the step that failed. */
#define CHECK(step, condition) \
    do {                       \
        if (!(condition))      \
            return (step);     \
    } while (0)

static int post_everywhere(struct inheritance *in, struct mag_sched *sched)
{
    struct mag_bound_executor place;

    CHECK(1, mag_sched_post(sched, &in->job) == MAG_E_FORKED);
    CHECK(2, mag_sched_post_any(sched, &in->job) == MAG_E_FORKED);
    CHECK(3, mag_sched_post_node(sched, &in->job, 0) == MAG_E_FORKED);
    CHECK(4, mag_sched_post_worker(sched, &in->job, 0) == MAG_E_FORKED);
    CHECK(5, mag_executor_bind_worker(&place, sched, 0) == 0);
    CHECK(6, place.executor.post(&place.executor, &in->job) == MAG_E_FORKED);
    CHECK(7, mag_executor_bind_node(&place, sched, 0) == 0);
    CHECK(8, place.executor.post(&place.executor, &in->job) == MAG_E_FORKED);
    return 0;
}

static int ask(const struct mag_sched *sched)
{
    struct mag_sched_counters counters;

    CHECK(11, mag_sched_self() == NULL && mag_sched_worker() == MAG_NONE);
    CHECK(12, mag_sched_workers(sched) >= 1);
    CHECK(13, mag_plan_workers(mag_sched_plan(sched)) == mag_sched_workers(sched));
    CHECK(14, mag_sched_counters(sched, 0, &counters) == 0);
    return 0;
}

static int compute(struct mag_sched *sched)
{
    long result = 7;

    CHECK(21, twice_run(sched, &result, 4) == MAG_E_FORKED && result == 7);
    return 0;
}

static int use_timers(struct inheritance *in, struct mag_sched *sched)
{
    mag_vtask task;

    CHECK(31, mag_timer_start_in(sched, &in->never_started, 0) == MAG_E_FORKED);
    CHECK(32, !mag_timer_cancel(&in->never_started));
    CHECK(33, mag_delay(sched, 1, &task) == MAG_E_FORKED);
    return 0;
}

static int use_all(void *arg)
{
    struct inheritance *in = arg;
    struct mag_sched *scheds[] = {in->own, in->everybodys};
    int r = 0;

    for (unsigned i = 0; r == 0 && i < 2; i++) {
        r = post_everywhere(in, scheds[i]);
        if (r == 0)
            r = ask(scheds[i]);
        if (r == 0)
            r = compute(scheds[i]);
        if (r == 0)
            r = use_timers(in, scheds[i]);
        r = r != 0 ? r + 100 * (int)i : 0;
    }
    return r;
}

static int use_strands(void *arg)
{
    struct inheritance *in = arg;

    CHECK(1, mag_strand_post(&in->strand, &in->job) == MAG_E_FORKED);
    CHECK(2, in->busy.executor.post(&in->busy.executor, &in->job) == MAG_E_FORKED);
    CHECK(3, mag_strand_fini(&in->strand) == 0);
    /* No thread will run the waiting job. */
    CHECK(4, mag_strand_fini(&in->busy) == 0);
    return 0;
}

static int end_all(void *arg)
{
    struct inheritance *in = arg;

    CHECK(1, mag_sched_stop(in->own, MAG_SCHED_DRAIN, -1, NULL, NULL) == 0);
    CHECK(2, mag_sched_stop(in->own, MAG_SCHED_CANCEL, 0, NULL, NULL) == 0);
    CHECK(3, mag_sched_post(in->own, &in->job) == MAG_E_FORKED);
    CHECK(4, mag_sched_destroy(in->own) == 0);
    /* Other code of the child may use it too. */
    CHECK(5, mag_sched_stop(in->everybodys, MAG_SCHED_DRAIN, -1, NULL, NULL) == -EPERM);
    CHECK(6, mag_sched_destroy(in->everybodys) == -EPERM);
    CHECK(7, mag_sched_post(in->everybodys, &in->job) == MAG_E_FORKED);
    return 0;
}

static int cancel_timers(void *arg)
{
    struct inheritance *in = arg;

    CHECK(1, mag_sched_destroy(in->own) == 0);
    CHECK(2, mag_timer_cancel(&in->pending));
    CHECK(3, !mag_timer_cancel(&in->pending));
    return 0;
}

static int start_afresh(void *arg)
{
    struct inheritance *in = arg;
    struct mag_sched *fresh;
    struct mag_sched *own;
    long result = 0;

    CHECK(1, mag_sched_default(&fresh) == 0 && fresh != in->everybodys);
    CHECK(2, twice_run(fresh, &result, 4) == 0 && result == 8);
    CHECK(3, mag_sched_start(NULL, &own) == 0);
    CHECK(4, twice_run(own, &result, 5) == 0 && result == 10);
    CHECK(5, mag_timer_cancel(&in->pending));
    CHECK(6, mag_sched_destroy(own) == 0);
    /* Now a child of the child. */
    in->own = in->everybodys;
    in->everybodys = fresh;
    CHECK(7, test_in_child(use_all, in) == 0);
    return 0;
}

static void inherit(struct inheritance *in)
{
    *in = (struct inheritance){.job = {.run = run_nothing},
                               .gate = {.run = wait_at_gate},
                               .pending = {.job = {.run = run_nothing}},
                               .never_started = {.job = {.run = run_nothing}}};
    assert_int_equal(mag_sched_start(NULL, &in->own), 0);
    assert_int_equal(mag_sched_default(&in->everybodys), 0);
    mag_strand_init(&in->strand, in->own);
    mag_strand_init(&in->busy, in->own);
    assert_int_equal(mag_strand_post(&in->busy, &in->gate), 0);
    assert_true(test_wait_for(&in->entered, 1));
    assert_int_equal(mag_timer_start_in(in->own, &in->pending, INT64_MAX), 0);
}

static void check_in_child(int (*step)(void *))
{
    struct inheritance in;

    inherit(&in);
    int failed = test_in_child(step, &in);
    /* release: opens the gate. */
    (void)atomic_fetch_add_explicit(&in.open, 1, memory_order_release);
    assert_true(mag_timer_cancel(&in.pending));
    /* The parent's schedulers go on. */
    long result = 0;
    assert_int_equal(twice_run(in.own, &result, 4), 0);
    assert_int_equal(twice_run(in.everybodys, &result, 4), 0);
    assert_int_equal(mag_sched_destroy(in.own), 0);
    assert_int_equal(failed, 0);
}

static void each_use_of_a_parents_scheduler_says_whose_it_is(void **state)
{
    (void)state;
    assert_non_null(strstr(mag_error_text(MAG_E_FORKED), "parent process"));
    check_in_child(use_all);
}

static void a_parents_strand_says_whose_it_is_and_can_be_let_go(void **state)
{
    (void)state;
    check_in_child(use_strands);
}

static void a_parents_scheduler_is_stopped_and_destroyed_but_for_the_default(void **state)
{
    (void)state;
    check_in_child(end_all);
}

static void a_parents_timer_is_canceled_also_when_its_scheduler_is_gone(void **state)
{
    (void)state;
    check_in_child(cancel_timers);
}

static void a_child_starts_afresh_and_so_does_its_child(void **state)
{
    (void)state;
#ifdef TEST_UNDER_TSAN
    (void)start_afresh;
    test_skip_without_child_threads();
#else
    check_in_child(start_afresh);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_use_of_a_parents_scheduler_says_whose_it_is),
        cmocka_unit_test(a_parents_strand_says_whose_it_is_and_can_be_let_go),
        cmocka_unit_test(
            a_parents_scheduler_is_stopped_and_destroyed_but_for_the_default),
        cmocka_unit_test(a_parents_timer_is_canceled_also_when_its_scheduler_is_gone),
        cmocka_unit_test(a_child_starts_afresh_and_so_does_its_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
