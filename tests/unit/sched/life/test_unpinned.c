/*
 * What processes and threads inherit that a job starts on a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/masks.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------------ processes */

/* The processors and signals of a process that this thread starts. */
static void read_status_of_process(char *text, size_t size)
{
    /* NOLINTNEXTLINE(cert-env33-c): what popen passes on is tested here. */
    FILE *process = popen("grep -E '^(Cpus_allowed|SigBlk):' /proc/self/status", "r");

    text[0] = '\0';
    if (process == NULL)
        return;
    text[fread(text, 1, size - 1, process)] = '\0';
    (void)pclose(process);
}

enum { STATUS = 2048 };

struct statuses {
    char plain[STATUS];
    char between[STATUS];
    char after[STATUS];
};

static void read_statuses(void *arg)
{
    struct statuses *statuses = arg;
    struct mag_unpinned before;

    read_status_of_process(statuses->plain, STATUS);
    mag_unpinned_begin(&before);
    read_status_of_process(statuses->between, STATUS);
    mag_unpinned_end(&before);
    read_status_of_process(statuses->after, STATUS);
}

static void
a_process_started_in_between_has_the_processors_and_signals_of_before(void **state)
{
    static struct statuses statuses;
    char wanted[STATUS];
    (void)state;

    read_status_of_process(wanted, sizeof(wanted));
    assert_non_null(strstr(wanted, "SigBlk"));
    in_job(read_statuses, &statuses);
    assert_string_equal(statuses.between, wanted);
    /* Without it a process inherits the same before and after. */
    assert_string_not_equal(statuses.plain, wanted);
    assert_string_equal(statuses.after, statuses.plain);
}

struct process {
    pid_t pid;
    int error;
};

static void spawn_sleep(void *arg)
{
    char *argv[] = {"sleep", "200", NULL};
    struct process *process = arg;
    struct mag_unpinned before;

    mag_unpinned_begin(&before);
    process->error = posix_spawnp(&process->pid, "sleep", NULL, NULL, argv, environ);
    mag_unpinned_end(&before);
}

static void sigterm_ends_a_process_that_a_job_has_spawned(void **state)
{
    struct process process = {.pid = -1};
    int status = 0;
    (void)state;

    in_job(spawn_sleep, &process);
    assert_int_equal(process.error, 0);
    assert_int_equal(kill(process.pid, SIGTERM), 0);
    assert_int_equal(waitpid(process.pid, &status, 0), process.pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* ------------------------------------------------------------ the worker itself */

struct seen {
    struct masks before;
    struct masks between;
    struct masks inner;
    struct masks nested;
    struct masks after;
    uint32_t worker;
};

static void look_around(void *arg)
{
    struct seen *seen = arg;
    struct mag_unpinned outer;
    struct mag_unpinned inner;

    seen->worker = mag_sched_worker();
    read_masks(&seen->before);
    mag_unpinned_begin(&outer);
    read_masks(&seen->between);
    mag_unpinned_begin(&inner);
    read_masks(&seen->inner);
    mag_unpinned_end(&inner);
    read_masks(&seen->nested);
    mag_unpinned_end(&outer);
    read_masks(&seen->after);
}

static void after_the_unpinned_part_a_worker_is_pinned_as_before(void **state)
{
    struct mag_sched_counters counters;
    struct seen seen;
    (void)state;

    in_job(look_around, &seen);
    assert_true(same(&seen.between, &outside));
    assert_true(same(&seen.inner, &outside));
    assert_true(same(&seen.nested, &outside));
    assert_true(same(&seen.after, &seen.before));
    assert_false(same(&seen.before, &outside));
    assert_int_equal(mag_sched_counters(sched, seen.worker, &counters), 0);
    assert_int_equal(counters.pinned, MAG_PINNED);
}

static void on_a_thread_that_is_no_worker_nothing_changes(void **state)
{
    struct seen seen;
    (void)state;

    look_around(&seen);
    assert_int_equal(seen.worker, MAG_NONE);
    assert_true(same(&seen.before, &outside));
    assert_true(same(&seen.between, &outside));
    assert_true(same(&seen.after, &outside));
}

/* -------------------------------------------------------------------- threads */

static void *read_in_thread(void *arg)
{
    read_masks(arg);
    return NULL;
}

static void create_in_between(void *arg)
{
    struct mag_unpinned before;
    pthread_t thread;

    mag_unpinned_begin(&before);
    int error = pthread_create(&thread, NULL, read_in_thread, arg);
    mag_unpinned_end(&before);
    if (error == 0)
        (void)pthread_join(thread, NULL);
}

static void a_thread_created_in_between_has_the_masks_of_before(void **state)
{
    struct masks masks = {0};
    (void)state;

    in_job(create_in_between, &masks);
    assert_true(same(&masks, &outside));
}

static void *look_around_in_thread(void *arg)
{
    look_around(arg);
    return NULL;
}

static void create_plainly(void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, look_around_in_thread, arg) == 0)
        (void)pthread_join(thread, NULL);
}

static void a_thread_that_a_job_has_created_may_say_so_itself(void **state)
{
    struct seen seen;
    (void)state;

    in_job(create_plainly, &seen);
    assert_int_equal(seen.worker, MAG_NONE);
    assert_true(same(&seen.between, &outside));
    assert_true(same(&seen.after, &seen.before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_process_started_in_between_has_the_processors_and_signals_of_before),
        cmocka_unit_test(sigterm_ends_a_process_that_a_job_has_spawned),
        cmocka_unit_test(after_the_unpinned_part_a_worker_is_pinned_as_before),
        cmocka_unit_test(on_a_thread_that_is_no_worker_nothing_changes),
        cmocka_unit_test(a_thread_created_in_between_has_the_masks_of_before),
        cmocka_unit_test(a_thread_that_a_job_has_created_may_say_so_itself),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
