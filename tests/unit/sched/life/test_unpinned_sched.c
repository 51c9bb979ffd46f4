/*
 * Schedulers that jobs start, with their threads and forked children; and the clock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/sched/masks.h"
#include "tests/support/sched/start.h"

#include <dirent.h>
#include <magpie/default.h>
#include <magpie/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ----------------------------------------------------------------- schedulers */

/* The number of workers of a scheduler that this thread starts. */
static uint32_t count_workers(void)
{
    struct mag_sched *inner;

    if (mag_sched_start(NULL, &inner) != 0)
        return 0;
    uint32_t workers = mag_sched_workers(inner);
    mag_sched_destroy(inner);
    return workers;
}

static void start_in_job(void *arg)
{
    *(uint32_t *)arg = count_workers();
}

static void *start_in_thread(void *arg)
{
    sigset_t none;

    /* The name must not matter: a thread may have its own. */
    (void)pthread_setname_np(pthread_self(), "another");
    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    *(uint32_t *)arg = count_workers();
    return NULL;
}

static void *start_in_grandchild(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, start_in_thread, arg) == 0)
        (void)pthread_join(thread, NULL);
    return NULL;
}

static void start_in_thread_of_job(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, start_in_thread, arg) == 0)
        (void)pthread_join(thread, NULL);
}

static void start_in_thread_of_thread_of_job(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, start_in_grandchild, arg) == 0)
        (void)pthread_join(thread, NULL);
}

static void
schedulers_that_jobs_and_their_threads_start_have_the_workers_of_the_first(void **state)
{
    void (*const steps[])(void *) = {start_in_job, start_in_thread_of_job,
                                     start_in_thread_of_thread_of_job};
    (void)state;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint32_t workers = 0;

        in_job(steps[i], &workers);
        assert_int_equal(workers, mag_sched_workers(sched));
    }
}

static void read_in_job_of_inner(void *arg)
{
    struct mag_sched *inner;
    struct task task = {.job = {.run = run_task}, .step = (void (*)(void *))read_masks};

    task.arg = arg;
    struct mag_sched_config config = test_sched_config(0);
    config.pin = MAG_PIN_NEVER;
    if (mag_sched_start(&config, &inner) != 0)
        return;
    if (mag_sched_post(inner, &task.job) == 0)
        (void)test_wait_for(&task.done, 1);
    mag_sched_destroy(inner);
}

static void workers_that_float_do_so_also_where_a_job_has_started_them(void **state)
{
    struct masks masks = {0};
    (void)state;

    in_job(read_in_job_of_inner, &masks);
    assert_true(CPU_EQUAL(&masks.cpus, &outside.cpus));
}

/* Narrows the thread to a processor that it has not inherited: that one alone looks as if
 * nothing had been done. */
static void *narrow_then_start(void *arg)
{
    int here = sched_getcpu();
    cpu_set_t other;
    int cpu = 0;

    while (!CPU_ISSET((size_t)cpu, &outside.cpus) || cpu == here)
        cpu++;
    CPU_ZERO(&other);
    CPU_SET((size_t)cpu, &other);
    if (sched_setaffinity(0, sizeof(other), &other) == 0)
        start_in_job(arg);
    return NULL;
}

static void narrow_in_thread(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, narrow_then_start, arg) == 0)
        (void)pthread_join(thread, NULL);
}

static void a_mask_that_a_thread_of_a_job_has_set_itself_counts(void **state)
{
    uint32_t workers = 0;
    (void)state;

    if (CPU_COUNT(&outside.cpus) < 2) {
        print_message("skipped: there is one processor\n");
        skip();
    }
    in_job(narrow_in_thread, &workers);
    assert_int_equal(workers, 1);
}

/* ----------------------------------------------------------------------- fork */

#ifndef TEST_UNDER_TSAN

/* In a child process: 0, or the number of what differs from outside. */
static int look_in_child(const struct mag_unpinned *before)
{
    struct mag_sched *fresh;
    struct masks masks;

    if (before != NULL)
        mag_unpinned_end(before);
    read_masks(&masks);
    if (!CPU_EQUAL(&masks.cpus, &outside.cpus))
        return 1;
    if (!same_signals(&masks, &outside))
        return 2;
    if (mag_sched_worker() != MAG_NONE)
        return 3;
    if (mag_sched_default(&fresh) != 0)
        return 4;
    return mag_sched_workers(fresh) == mag_sched_workers(sched) ? 0 : 5;
}

struct forked {
    bool in_between;
    int status;
    struct masks after; /* masks of the parent */
};

static void fork_in_job(void *arg)
{
    struct forked *forked = arg;
    struct mag_unpinned before;

    if (forked->in_between)
        mag_unpinned_begin(&before);
    pid_t child = fork();
    if (child == 0)
        _exit(look_in_child(forked->in_between ? &before : NULL));
    if (forked->in_between)
        mag_unpinned_end(&before);
    (void)waitpid(child, &forked->status, 0);
    read_masks(&forked->after);
}

static void expect_exit_0(int status)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_child_of_fork_in_a_job_is_no_worker_and_has_the_masks_of_before(void **state)
{
    struct forked forked = {.in_between = false};
    (void)state;

    in_job(fork_in_job, &forked);
    expect_exit_0(forked.status);
    assert_false(same(&forked.after, &outside)); /* the parent is still a worker */
    forked.in_between = true;
    in_job(fork_in_job, &forked);
    expect_exit_0(forked.status);
    assert_false(same(&forked.after, &outside));
}

static void fork_with_own_signals(void *arg)
{
    struct masks masks;
    sigset_t own;
    sigset_t before;

    (void)sigfillset(&own);
    (void)pthread_sigmask(SIG_SETMASK, &own, &before);
    pid_t child = fork();
    if (child == 0) {
        read_masks(&masks);
        _exit(sigismember(&masks.signals, SIGTERM) == 1 &&
                      sigismember(&masks.signals, SIGPROF) == 1
                  ? 0
                  : 1);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)waitpid(child, arg, 0);
}

static void a_signal_mask_that_the_job_has_set_stays_in_the_child(void **state)
{
    int status = -1;
    (void)state;

    in_job(fork_with_own_signals, &status);
    expect_exit_0(status);
}

/* The number of workers of the default scheduler in a child. */
static void *fork_in_thread(void *arg)
{
    struct mag_sched *fresh;
    pid_t child = fork();

    if (child == 0)
        _exit(mag_sched_default(&fresh) == 0 ? (int)mag_sched_workers(fresh) : 0);
    (void)waitpid(child, arg, 0);
    return NULL;
}

static void fork_in_thread_of_job(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, fork_in_thread, arg) == 0)
        (void)pthread_join(thread, NULL);
}

static void a_child_forked_by_a_thread_of_a_job_has_all_workers(void **state)
{
    int status = -1;
    (void)state;

    in_job(fork_in_thread_of_job, &status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), mag_sched_workers(sched) & 0xff);
}

#else

static void
a_child_of_fork_in_a_job_is_no_worker_and_has_the_masks_of_before(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

static void a_signal_mask_that_the_job_has_set_stays_in_the_child(void **state)
{
    (void)state;
    print_message("skipped: ThreadSanitizer cannot fork() beside other threads\n");
    skip();
}

static void a_child_forked_by_a_thread_of_a_job_has_all_workers(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

#endif

/* ---------------------------------------------------------------------- clock */

struct started {
    struct mag_timer timer;
    int error;
};

static void start_timer(void *arg)
{
    struct started *started = arg;

    started->error = mag_timer_start_in(mag_sched_self(), &started->timer, INT64_MAX);
}

/* The number of this process's thread with that name; -1: there is none. */
static int find_thread(const char *name)
{
    DIR *threads = opendir("/proc/self/task");
    int found = -1;

    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) {
        char path[512];
        char comm[32] = "";
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(comm, sizeof(comm), file) != NULL &&
            strncmp(comm, name, strlen(name)) == 0)
            found = (int)strtol(entry->d_name, NULL, 10);
        (void)fclose(file);
    }
    if (threads != NULL)
        (void)closedir(threads);
    return found;
}

static void the_clock_that_a_job_has_started_is_not_pinned(void **state)
{
    struct started started = {.timer = {.executor = NULL}};
    cpu_set_t cpus;
    int thread = -1;
    (void)state;

    in_job(start_timer, &started);
    assert_int_equal(started.error, 0);
    /* The clock's thread names itself. */
    for (unsigned tries = 0; thread < 0 && tries < 60000; tries++) {
        thread = find_thread("magpie/clock");
        if (thread < 0)
            test_sleep_ms(1);
    }
    assert_true(mag_timer_cancel(&started.timer));
    assert_true(thread >= 0);
    assert_int_equal(sched_getaffinity(thread, sizeof(cpus), &cpus), 0);
    assert_true(CPU_EQUAL(&cpus, &outside.cpus));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            schedulers_that_jobs_and_their_threads_start_have_the_workers_of_the_first),
        cmocka_unit_test(workers_that_float_do_so_also_where_a_job_has_started_them),
        cmocka_unit_test(a_mask_that_a_thread_of_a_job_has_set_itself_counts),
        cmocka_unit_test(
            a_child_of_fork_in_a_job_is_no_worker_and_has_the_masks_of_before),
        cmocka_unit_test(a_signal_mask_that_the_job_has_set_stays_in_the_child),
        cmocka_unit_test(a_child_forked_by_a_thread_of_a_job_has_all_workers),
        cmocka_unit_test(the_clock_that_a_job_has_started_is_not_pinned),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
