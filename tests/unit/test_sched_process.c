/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/timer.h>
#include <sys/wait.h>
#include <unistd.h>

struct work {
    struct mag_job job;
    _Atomic(uint64_t) *done;
};

static void count(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    /* release: seen by the thread that waits. */
    (void)atomic_fetch_add_explicit(work->done, 1, memory_order_release);
}

static struct mag_sched *start(uint32_t workers)
{
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;

    mag_sched_config_init(&config);
    config.workers = workers;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

static void the_default_scheduler_is_started_once(void **state)
{
    struct mag_sched *first;
    struct mag_sched *second;
    _Atomic(uint64_t) done;
    struct work work = {.job = {.run = count}, .done = &done};
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_sched_default(&first), 0);
    assert_int_equal(mag_sched_default(&second), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(mag_sched_post(first, &work.job), 0);
    assert_true(test_wait_for(&done, 1));
}

/* In the child: 0, or the number of the step that failed. */
static __attribute__((unused)) int use_after_fork(struct mag_sched *parents,
                                                  struct mag_sched *parents_default)
{
    _Atomic(uint64_t) done;
    struct work work = {.job = {.run = count}, .done = &done};
    struct mag_sched *fresh = NULL;

    atomic_init(&done, 0);
    if (mag_sched_post(parents, &work.job) != MAG_E_FORKED)
        return 1;
    if (mag_sched_post(parents_default, &work.job) != MAG_E_FORKED)
        return 2;
    mag_sched_destroy(parents);
    if (mag_sched_default(&fresh) != 0 || mag_sched_post(fresh, &work.job) != 0)
        return 3;
    return test_wait_for(&done, 1) ? 0 : 4;
}

static void a_forked_child_gets_a_fresh_default_scheduler(void **state)
{
#ifdef TEST_UNDER_TSAN
    (void)state;
    print_message("skipped: ThreadSanitizer cannot start threads after fork()\n");
    skip();
#else
    struct mag_sched *parents = start(2);
    struct mag_sched *parents_default;
    _Atomic(uint64_t) done;
    int status = -1;
    (void)state;

    assert_int_equal(mag_sched_default(&parents_default), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(use_after_fork(parents, parents_default));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct work work = {.job = {.run = count}, .done = &done};
    atomic_init(&done, 0);
    assert_int_equal(mag_sched_post(parents, &work.job), 0);
    assert_true(test_wait_for(&done, 1));
    mag_sched_destroy(parents);
#endif
}

static void an_idle_pool_uses_no_cpu_to_speak_of(void **state)
{
    struct mag_sched *sched = start(4);
    struct mag_timer far = {.strand = NULL};
    (void)state;

    /* A timer that is pending costs nothing until its time. */
    assert_int_equal(mag_timer_start_in(sched, &far, INT64_MAX), 0);
    test_sleep_ms(200);
    double before = test_cpu_seconds();
    test_sleep_ms(5000);
    double used = test_cpu_seconds() - before;
    assert_true(mag_timer_cancel(&far));
    mag_sched_destroy(sched);
    assert_true(used < 5.0 * 0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_gets_a_fresh_default_scheduler),
        cmocka_unit_test(the_default_scheduler_is_started_once),
        cmocka_unit_test(an_idle_pool_uses_no_cpu_to_speak_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
