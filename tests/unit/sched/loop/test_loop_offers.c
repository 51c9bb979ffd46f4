/*
 * White-box: when a loop begins to offer parts of its indices.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/fork/deque.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/loop.h>

/* What a thief would see in the calls of a loop's body. */
struct view {
    bool first;     /* whether there was an offer in the call with index 0 */
    bool ever;      /* whether there was one in any */
    bool sleeps;    /* the body */
    size_t largest; /* of the ranges */
};

static int look_for_offers(struct mag_range range, uint32_t slot, void *arg)
{
    struct view *view = arg;
    bool offered = mag_fork_stack_waiting(mag_worker_forks(mag_self_get()->worker));

    (void)slot;
    if (range.begin == 0)
        view->first = offered;
    view->ever |= offered;
    if (range.end - range.begin > view->largest)
        view->largest = range.end - range.begin;
    if (view->sleeps)
        test_sleep_ms(1);
    return 0;
}

/* On the only worker, so that nobody takes what is offered. */
static struct view view_loop(size_t count, size_t grain, bool sleeps)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct mag_for_options options = {.grain = grain};
    struct view view = {.sleeps = sleeps};

    assert_int_equal(
        mag_for_with(sched, &options, NULL, 0, count, look_for_offers, &view), 0);
    mag_sched_destroy(sched);
    return view;
}

static void a_few_indices_are_offered_before_the_first_is_run(void **state)
{
    (void)state;
    assert_true(view_loop(2, 0, false).first);
    assert_true(view_loop(MAG_GRAIN_OTHERS, 0, false).first);
}

static void of_many_indices_a_small_part_is_run_before_any_is_offered(void **state)
{
    (void)state;
    assert_false(view_loop(10 * MAG_GRAIN_OTHERS, 0, false).first);
    assert_false(view_loop(10 * MAG_GRAIN_OTHERS, 0, true).first);
}

static void what_takes_long_is_offered(void **state)
{
    (void)state;
    assert_true(view_loop(2 * MAG_GRAIN_OTHERS, 0, true).ever);
}

/* They may be those that a program has done already, and each of the others takes
 * long. */
static void first_indices_that_take_nothing_do_not_decide_for_all(void **state)
{
    enum { COUNT = 10 * MAG_GRAIN_OTHERS };
    (void)state;

    assert_in_range(view_loop(COUNT, 0, false).largest, 1, COUNT / 2);
}

static void with_a_given_grain_a_loop_offers_at_once(void **state)
{
    (void)state;
    assert_true(view_loop(10 * MAG_GRAIN_OTHERS, 1, false).first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_indices_are_offered_before_the_first_is_run),
        cmocka_unit_test(of_many_indices_a_small_part_is_run_before_any_is_offered),
        cmocka_unit_test(what_takes_long_is_offered),
        cmocka_unit_test(first_indices_that_take_nothing_do_not_decide_for_all),
        cmocka_unit_test(with_a_given_grain_a_loop_offers_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
