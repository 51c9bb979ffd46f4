/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the monitor, with a duty of the test's own. */
#include "sched/monitor/monitor.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "base/os.h"

static _Atomic(uint64_t) looks;

static int64_t look(void *state)
{
    (void)test_add(state, 1);
    return 1000000;
}

/* A scheduler whose only monitor is the test's. */
static struct mag_sched *start(struct mag_monitor *monitor, uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.pin = MAG_PIN_NEVER;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(sched->monitor->count, 0);
    mag_monitor_init(monitor, sched);
    mag_monitor_add(
        monitor, (struct mag_duty){.look = look, .state = &looks, .first_ns = 1000000});
    return sched;
}

static void end(struct mag_monitor *monitor, struct mag_sched *sched)
{
    assert_true(mag_monitor_end(monitor, INT64_MAX));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static bool is_asleep(struct mag_sched *sched)
{
    /* relaxed: the word is all there is. */
    return atomic_load_explicit(&sched->bell.word, memory_order_relaxed) ==
           MAG_BELL_ASLEEP;
}

static void wait_until_asleep(struct mag_sched *sched)
{
    double since = test_now();

    while (!is_asleep(sched)) {
        assert_false(test_gives_up(since));
        test_sleep_ms(1);
    }
}

static void a_duty_is_called_again_and_again_while_a_worker_runs(void **state)
{
    struct mag_monitor monitor;
    struct mag_sched *sched = start(&monitor, 2);
    struct holder holder;
    (void)state;

    holder_begin(&holder, sched);
    mag_monitor_start(&monitor);
    assert_true(test_wait_for(&looks, test_read(&looks) + 5));
    holder_let_go(&holder);
    assert_true(test_wait_for(&holder.over, 1));
    end(&monitor, sched);
}

static void a_monitor_of_an_idle_scheduler_sleeps_until_a_worker_runs(void **state)
{
    struct mag_monitor monitor;
    struct mag_sched *sched = start(&monitor, 2);
    struct holder holder;
    (void)state;

    mag_monitor_start(&monitor);
    for (int i = 0; i < 20; i++) {
        wait_until_asleep(sched);
        uint64_t before = test_read(&looks);
        holder_begin(&holder, sched);
        assert_true(test_wait_for(&looks, before + 2));
        holder_let_go(&holder);
        assert_true(test_wait_for(&holder.over, 1));
    }
    end(&monitor, sched);
}

/* Jobs that end long before the monitor comes to look. */
static void many_short_jobs_wake_a_monitor_once_between_two_looks(void **state)
{
    const double period = 0.1;
    struct mag_monitor monitor;
    struct mag_sched *sched = start(&monitor, 1);
    unsigned rings = 0;
    (void)state;

    monitor.duties[0].first_ns = 100000000;
    mag_monitor_start(&monitor);
    wait_until_asleep(sched);
    double since = test_now();
    for (int i = 0; i < 100; i++) {
        struct counted work = counted_make();

        rings += is_asleep(sched);
        assert_int_equal(mag_sched_post(sched, &work.job), 0);
        assert_true(test_wait_for(&work.runs, 1));
        test_sleep_ms(1);
    }
    assert_true(rings <= (test_now() - since) / period + 1);
    end(&monitor, sched);
}

static int64_t look_rarely(void *state)
{
    (void)test_add(state, 1);
    return 200000000;
}

/* Jobs that end at once, so that the monitor rests between two looks of the other
 * duty. */
static void a_rare_duty_has_its_turn_although_workers_often_rest(void **state)
{
    static _Atomic(uint64_t) rare;
    struct mag_monitor monitor;
    struct mag_sched *sched = start(&monitor, 1);
    double since = test_now();
    (void)state;

    mag_monitor_add(
        &monitor,
        (struct mag_duty){.look = look_rarely, .state = &rare, .first_ns = 200000000});
    mag_monitor_start(&monitor);
    while (test_read(&rare) < 3) {
        struct counted work = counted_make();

        assert_false(test_gives_up(since));
        assert_int_equal(mag_sched_post(sched, &work.job), 0);
        assert_true(test_wait_for(&work.runs, 1));
        test_sleep_ms(10);
    }
    end(&monitor, sched);
}

static void a_monitor_ends_whether_it_sleeps_or_naps(void **state)
{
    struct holder holder;
    (void)state;

    for (int i = 0; i < 20; i++) {
        struct mag_monitor monitor;
        struct mag_sched *sched = start(&monitor, 1);

        if (i % 2 == 0)
            holder_begin(&holder, sched);
        mag_monitor_start(&monitor);
        if (i % 2 == 0)
            assert_true(test_wait_for(&looks, test_read(&looks) + 1));
        else
            wait_until_asleep(sched);
        assert_true(mag_monitor_end(&monitor, INT64_MAX));
        if (i % 2 == 0) {
            holder_let_go(&holder);
            assert_true(test_wait_for(&holder.over, 1));
        }
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

static void a_scheduler_works_without_a_thread_for_its_monitor(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    struct counted work = counted_make();
    (void)state;

    /* The third thread is the monitor's. */
    test_fail_thread(3);
    struct mag_sched *sched = test_sched_start_as(&config);
    if (config.pin != MAG_PIN_NEVER && sched->monitor->count != 0) {
        assert_true(test_has_failed());
        assert_false(sched->monitor->started);
    }
    test_fail_thread(0);
    assert_int_equal(mag_sched_post(sched, &work.job), 0);
    assert_true(test_wait_for(&work.runs, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duty_is_called_again_and_again_while_a_worker_runs),
        cmocka_unit_test(a_monitor_of_an_idle_scheduler_sleeps_until_a_worker_runs),
        cmocka_unit_test(many_short_jobs_wake_a_monitor_once_between_two_looks),
        cmocka_unit_test(a_rare_duty_has_its_turn_although_workers_often_rest),
        cmocka_unit_test(a_monitor_ends_whether_it_sleeps_or_naps),
        cmocka_unit_test(a_scheduler_works_without_a_thread_for_its_monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
