/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/scheduler.h"

#include <magpie/default.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A job that posts some jobs and begins the stop of its scheduler. */
struct stopper {
    struct mag_job job;
    struct mag_sched *sched;
    enum mag_sched_stop mode;
    struct counted *before; /* posted before the stop begins, as many as `count` */
    uint32_t count;
    int refused; /* the code of a post from another thread after that */
    int r;
};

static void begin_stop(struct mag_job *job)
{
    struct stopper *stopper = (struct stopper *)(void *)job;

    for (uint32_t i = 0; i < stopper->count; i++)
        if (mag_sched_post_any(stopper->sched, &stopper->before[i].job) < 0)
            stopper->refused++;
    stopper->r = mag_sched_stop_begin(stopper->sched, stopper->mode);
}

static void a_job_stops_its_scheduler_and_what_was_posted_runs(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        struct counted before[50];
        struct counted late = counted_make();
        struct stopper stopper = {.job = {.run = begin_stop},
                                  .sched = sched,
                                  .mode = MAG_SCHED_DRAIN,
                                  .before = before,
                                  .count = 50,
                                  .r = -1};

        for (int i = 0; i < 50; i++)
            before[i] = counted_make();
        assert_int_equal(mag_sched_post(sched, &stopper.job), 0);
        assert_int_equal(mag_sched_wait_stopped(sched, -1), 0);
        assert_int_equal(stopper.r, 0);
        assert_int_equal(stopper.refused, 0);
        for (int i = 0; i < 50; i++)
            assert_int_equal(test_read(&before[i].runs), 1);
        assert_int_equal(mag_sched_post(sched, &late.job), -ESHUTDOWN);
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

static void count_dropped(struct mag_job *job, void *arg)
{
    (void)job;
    ++*(uint32_t *)arg;
}

static void a_canceled_scheduler_hands_back_what_never_began(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted before[20];
    struct stopper stopper = {.job = {.run = begin_stop},
                              .sched = sched,
                              .mode = MAG_SCHED_CANCEL,
                              .before = before,
                              .count = 20,
                              .r = -1};
    uint32_t dropped = 0;
    (void)state;

    for (int i = 0; i < 20; i++)
        before[i] = counted_make();
    assert_int_equal(mag_sched_post(sched, &stopper.job), 0);
    assert_int_equal(mag_sched_wait_stopped(sched, -1), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, count_dropped, &dropped),
                     0);
    assert_int_equal(stopper.r, 0);
    assert_int_equal(dropped, 20);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_wait_ends_at_its_deadline_and_stops_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted work = counted_make();
    (void)state;

    assert_int_equal(mag_sched_wait_stopped(sched, 0), -ETIMEDOUT);
    assert_int_equal(mag_sched_wait_stopped(sched, 1000000), -ETIMEDOUT);
    assert_int_equal(mag_sched_post(sched, &work.job), 0);
    assert_true(test_wait_for(&work.runs, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stop_can_begin_twice_and_is_refused_for_the_default(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_sched *shared;
    (void)state;

    assert_int_equal(mag_sched_stop_begin(sched, (enum mag_sched_stop)7), -EINVAL);
    assert_int_equal(mag_sched_stop_begin(sched, MAG_SCHED_DRAIN), 0);
    assert_int_equal(mag_sched_stop_begin(sched, MAG_SCHED_CANCEL), 0);
    assert_int_equal(mag_sched_wait_stopped(sched, -1), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_sched_stop_begin(sched, MAG_SCHED_DRAIN), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(mag_sched_default(&shared), 0);
    assert_int_equal(mag_sched_stop_begin(shared, MAG_SCHED_DRAIN), -EPERM);
    assert_int_equal(mag_sched_wait_stopped(shared, 0), -EPERM);
}

static void *begin_as_thread(void *arg)
{
    struct stopper *stopper = arg;

    stopper->r = mag_sched_stop_begin(stopper->sched, stopper->mode);
    return NULL;
}

static void threads_and_jobs_may_begin_at_once_while_another_stops(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < test_rounds(200); round++) {
        struct mag_sched *sched = test_sched_start(2);
        struct stopper stoppers[3];
        pthread_t threads[2];

        for (int i = 0; i < 3; i++)
            stoppers[i] = (struct stopper){.job = {.run = begin_stop},
                                           .sched = sched,
                                           .mode = MAG_SCHED_DRAIN,
                                           .r = 1};
        assert_int_equal(mag_sched_post(sched, &stoppers[2].job), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, begin_as_thread, &stoppers[i]), 0);
        assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(stoppers[i].r, 0);
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

/* ------------------------------------------------------ exit() inside a job */

static struct mag_sched *at_exit_sched;
static int at_exit_codes[3];

static void stop_at_exit(void)
{
    at_exit_codes[0] = mag_sched_destroy(at_exit_sched);
    at_exit_codes[1] = mag_sched_stop_begin(at_exit_sched, MAG_SCHED_DRAIN);
    at_exit_codes[2] = mag_sched_wait_stopped(at_exit_sched, 0);
    _exit(at_exit_codes[0] == -EDEADLK && at_exit_codes[1] == 0 &&
                  at_exit_codes[2] == -EDEADLK
              ? 0
              : 1);
}

static void call_exit(struct mag_job *job)
{
    (void)job;
    exit(3); /* NOLINT(concurrency-mt-unsafe): that is what is tested */
}

static __attribute__((unused)) int exit_in_a_job(void)
{
    struct mag_job job = {.run = call_exit};

    if (mag_sched_start(NULL, &at_exit_sched) != 0 || atexit(stop_at_exit) != 0 ||
        mag_sched_post(at_exit_sched, &job) != 0)
        return 2;
    for (;;)
        (void)pause();
}

/* What a child process that `run` has ended with exit() or _exit() returned. */
static __attribute__((unused)) int status_of(int (*run)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(run());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_handler_of_exit_may_begin_the_stop_when_a_job_has_called_exit(void **state)
{
    (void)state;
#ifdef TEST_UNDER_TSAN
    test_skip_without_child_threads();
#else
    assert_int_equal(status_of(exit_in_a_job), 0);
#endif
}

/* -------------------------------------------------- exit() while jobs are posted */

enum { LAST_JOBS = 1000 };
static struct counted last_jobs[LAST_JOBS];

static void drain_at_exit(void)
{
    uint64_t sum = 0;
    int r = mag_sched_destroy(at_exit_sched);

    for (int i = 0; i < LAST_JOBS; i++)
        sum += test_read(&last_jobs[i].runs);
    _exit(r == 0 && sum == LAST_JOBS ? 0 : 1);
}

static __attribute__((unused)) int exit_beside_jobs(void)
{
    if (mag_sched_start(NULL, &at_exit_sched) != 0 || atexit(drain_at_exit) != 0)
        return 2;
    for (int i = 0; i < LAST_JOBS; i++) {
        last_jobs[i] = counted_make();
        if (mag_sched_post_any(at_exit_sched, &last_jobs[i].job) != 0)
            return 3;
    }
    exit(4); /* NOLINT(concurrency-mt-unsafe): that is what is tested */
}

static void a_handler_of_exit_may_drain_a_scheduler(void **state)
{
    (void)state;
#ifdef TEST_UNDER_TSAN
    test_skip_without_child_threads();
#else
    assert_int_equal(status_of(exit_beside_jobs), 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_stops_its_scheduler_and_what_was_posted_runs),
        cmocka_unit_test(a_canceled_scheduler_hands_back_what_never_began),
        cmocka_unit_test(a_wait_ends_at_its_deadline_and_stops_nothing),
        cmocka_unit_test(a_stop_can_begin_twice_and_is_refused_for_the_default),
        cmocka_unit_test(threads_and_jobs_may_begin_at_once_while_another_stops),
        cmocka_unit_test(a_handler_of_exit_may_begin_the_stop_when_a_job_has_called_exit),
        cmocka_unit_test(a_handler_of_exit_may_drain_a_scheduler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
