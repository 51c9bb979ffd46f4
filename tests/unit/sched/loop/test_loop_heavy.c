/*
 * White-box: loops with heavy indices, which wake workers at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/loop/walk.h"
#include "sched/scheduler.h"
#include "sched/worker/wake.h"
#include "tests/support/sched/fake.h"
#include "tests/support/sched/indices.h"

static struct indices indices;

static void each_index_is_given_to_one_body_once(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 8; workers = workers * 3 - 1) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t count = 1 + test_random_below(&random, 100);
            struct mag_for_affinity affinity = {0};
            struct mag_for_options options = {
                .grain = test_random_below(&random, 4),
                .limit = test_random_below(&random, 4),
                .heavy = true,
                .affinity = test_random_below(&random, 2) ? &affinity : NULL};

            indices_init(&indices, 0, count);
            assert_int_equal(
                mag_for_with(sched, &options, NULL, 0, count, indices_walk, &indices), 0);
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

static uint32_t wakes(struct mag_sched *sched)
{
    return (uint32_t)(mag_idle_read(&sched->idle) / MAG_IDLE_WAKE);
}

struct first_look {
    struct mag_sched *sched;
    uint32_t wakes; /* when the body was called for index 0 */
};

static int look_first(struct mag_range range, uint32_t slot, void *arg)
{
    struct first_look *look = arg;

    (void)slot;
    if (range.begin == 0)
        look->wakes = wakes(look->sched);
    return 0;
}

static void wait_until_all_are_parked(struct mag_sched *sched)
{
    double since = test_now();
    uint64_t state;

    do {
        assert_false(test_gives_up(since));
        test_sleep_ms(1);
        state = mag_idle_read(&sched->idle);
    } while (mag_idle_parked(state) != mag_idle_used(state));
}

/* One that watches, or that runs the loop, is woken anyway.  A woken worker wakes others,
 * and may be late: not each try sees them. */
static void workers_are_woken_before_the_first_body_is_called(void **state)
{
    struct mag_sched *sched = test_sched_start(4);
    struct mag_for_options options = {.grain = 1, .heavy = true};
    struct first_look look = {.sched = sched};
    (void)state;

    uint32_t seen = 0;
    for (int tries = 0; seen < 2 && tries < 200; tries++) {
        wait_until_all_are_parked(sched);
        uint32_t before = wakes(sched);
        assert_int_equal(mag_for_with(sched, &options, NULL, 0, 4, look_first, &look), 0);
        seen = look.wakes - before;
    }
    assert_true(seen >= 2);
    mag_sched_destroy(sched);
}

static uint32_t called(uint32_t limit, size_t ranges)
{
    struct mag_loop loop = {.limit = limit};
    uint32_t before;

    fake_begin(FAKE_WORKERS);
    for (uint32_t i = 1; i < FAKE_WORKERS; i++)
        fake_park(i);
    before = wakes(&fake.sched);
    mag_loop_call_workers(&loop, &fake.workers[0], ranges);
    /* Each that was woken wakes others. */
    for (uint32_t i = 1; i < FAKE_WORKERS; i++) {
        for (uint32_t k = 1; k < FAKE_WORKERS; k++) {
            if (fake_is_woken(k))
                mag_sched_pass_summons(&fake.sched, k);
        }
    }
    return wakes(&fake.sched) - before;
}

static void as_many_are_woken_as_there_are_other_ranges(void **state)
{
    (void)state;
    assert_int_equal(called(0, 1), 0);
    assert_int_equal(called(0, 2), 1);
    assert_int_equal(called(0, 5), 4);
    assert_int_equal(called(0, 100), FAKE_WORKERS - 1);
}

static void no_more_are_woken_than_the_limit_allows(void **state)
{
    (void)state;
    assert_int_equal(called(1, 100), 0);
    assert_int_equal(called(3, 100), 2);
    assert_int_equal(called(3, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_given_to_one_body_once),
        cmocka_unit_test(workers_are_woken_before_the_first_body_is_called),
        cmocka_unit_test(as_many_are_woken_as_there_are_other_ranges),
        cmocka_unit_test(no_more_are_woken_than_the_limit_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
