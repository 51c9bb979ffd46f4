/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/scheduler.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/default.h>
#include <magpie/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mag_sched *start_named(uint32_t workers, const char *name)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.name = name;
    return test_sched_start_as(&config);
}

static __attribute__((unused)) struct mag_sched *start(uint32_t workers)
{
    return start_named(workers, "work");
}

static void the_default_scheduler_is_started_once(void **state)
{
    struct mag_sched *first;
    struct mag_sched *second;
    struct counted work = counted_make();
    (void)state;

    assert_int_equal(mag_sched_default(&first), 0);
    assert_int_equal(mag_sched_default(&second), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(mag_sched_post(first, &work.job), 0);
    assert_true(test_wait_for(&work.runs, 1));
}

/* In the child process: 0, or the number of the step that failed. */
static __attribute__((unused)) int use_after_fork(struct mag_sched *parents,
                                                  struct mag_sched *parents_default)
{
    struct counted work = counted_make();
    struct mag_sched *fresh = NULL;

    if (mag_sched_post(parents, &work.job) != MAG_E_FORKED)
        return 1;
    if (mag_sched_post(parents_default, &work.job) != MAG_E_FORKED)
        return 2;
    mag_sched_destroy(parents);
    if (mag_sched_default(&fresh) != 0 || mag_sched_post(fresh, &work.job) != 0)
        return 3;
    return test_wait_for(&work.runs, 1) ? 0 : 4;
}

static void a_forked_child_gets_a_fresh_default_scheduler(void **state)
{
#ifdef TEST_UNDER_TSAN
    (void)state;
    test_skip_without_child_threads();
#else
    struct mag_sched *parents = start(2);
    struct mag_sched *parents_default;
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
    struct counted work = counted_make();
    assert_int_equal(mag_sched_post(parents, &work.job), 0);
    assert_true(test_wait_for(&work.runs, 1));
    mag_sched_destroy(parents);
#endif
}

/* Waits until all workers are parked and none of them is the watcher. */
static void wait_until_idle(struct mag_sched *sched)
{
    double since = test_now();
    uint64_t state;

    do {
        test_sleep_ms(10);
        assert_false(test_gives_up(since));
        state = mag_idle_read(&sched->idle);
    } while (mag_idle_parked(state) != sched->worker_count || mag_idle_watched(state));
}

/* The threads of this process that have the names of a scheduler's threads, and how often
 * they were given the processor. */
struct switches {
    unsigned threads;
    unsigned long long count;
};

static unsigned long long field_of(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    assert_non_null(at);
    return strtoull(at + strlen(name), NULL, 10);
}

static void add_switches(struct switches *switches, const char *task)
{
    char path[64];
    char status[4096] = "";

    (void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", task);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    (void)!fread(status, 1, sizeof(status) - 1, file);
    (void)fclose(file);
    if (strstr(status, "Name:\tidle/") == NULL)
        return;
    switches->threads++;
    switches->count += field_of(status, "\nvoluntary_ctxt_switches:");
    switches->count += field_of(status, "\nnonvoluntary_ctxt_switches:");
}

static struct switches switches_of_others(void)
{
    struct switches switches = {0};
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");

    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL)
        add_switches(&switches, entry->d_name);
    (void)closedir(tasks);
    return switches;
}

static void an_idle_pool_is_never_given_the_processor(void **state)
{
    struct mag_sched *sched = start_named(4, "idle");
    struct mag_timer far = {.executor = NULL};
    (void)state;

    /* A pending timer costs nothing until its time. */
    assert_int_equal(mag_timer_start_in(sched, &far, INT64_MAX), 0);
    wait_until_idle(sched);
    struct switches before;
    struct switches after = switches_of_others();
    /* The threads may still be on their way to sleep. */
    for (double since = test_now(); !test_gives_up(since);) {
        before = after;
        test_sleep_ms(1000);
        after = switches_of_others();
        if (after.count == before.count)
            break;
    }
    assert_true(mag_timer_cancel(&far));
    mag_sched_destroy(sched);
    /* The workers, the clock and the monitor. */
    assert_int_equal(after.threads, 4 + 1 + 1);
    assert_int_equal(after.count, before.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_gets_a_fresh_default_scheduler),
        cmocka_unit_test(the_default_scheduler_is_started_once),
        cmocka_unit_test(an_idle_pool_is_never_given_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
