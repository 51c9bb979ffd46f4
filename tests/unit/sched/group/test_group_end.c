/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* A thread from outside that waits for a group. */
struct outsider {
    pthread_t thread;
    struct mag_group *group;
    int result;
};

static void *wait_outside(void *arg)
{
    struct outsider *outsider = arg;

    outsider->result = mag_group_wait(outsider->group, -1, NULL);
    return NULL;
}

/* A job that waits for another group. */
static int wait_inside(void *arg)
{
    struct outsider *outsider = arg;

    outsider->result = mag_group_wait(outsider->group, -1, NULL);
    return 0;
}

static void stop_canceled(struct mag_sched *sched, struct gate *gate)
{
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    gate_open(gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
}

static void count_withdrawn(void *job_arg, void *hook_arg)
{
    (void)job_arg;
    (void)test_add((_Atomic(uint64_t) *)hook_arg, 1);
}

static void a_canceled_scheduler_withdraws_jobs_and_ends_waits(void **state)
{
    (void)state;

    for (uint32_t limit = 0; limit <= 1; limit++) {
        struct mag_sched *sched = test_sched_start(1);
        struct mag_group_config config;
        _Atomic(uint64_t) runs = 0;
        _Atomic(uint64_t) withdrawn = 0;
        struct outsider outsider;
        struct gate gate;

        mag_group_config_init(&config);
        config.max_running = limit;
        config.on_withdrawn = count_withdrawn;
        config.hook_arg = &withdrawn;
        assert_int_equal(mag_group_create(sched, &config, &outsider.group), 0);
        group_hold_one(outsider.group, &gate);
        for (int i = 0; i < 100; i++)
            assert_int_equal(mag_group_add(outsider.group, group_count, &runs), 0);
        assert_int_equal(pthread_create(&outsider.thread, NULL, wait_outside, &outsider),
                         0);
        stop_canceled(sched, &gate);
        assert_int_equal(pthread_join(outsider.thread, NULL), 0);
        assert_int_equal(outsider.result, -ESHUTDOWN);
        assert_int_equal(mag_group_add(outsider.group, group_count, &runs), -ESHUTDOWN);
        assert_int_equal(test_read(&runs), 0);
        assert_int_equal(test_read(&withdrawn), 100);
        assert_true(mag_group_is_canceled(outsider.group));
        assert_int_equal(mag_group_wait(outsider.group, -1, NULL), -ESHUTDOWN);
        assert_int_equal(mag_group_destroy(outsider.group), 0);
        assert_int_equal(mag_sched_destroy(sched), 0);
    }
}

/* Holds its worker until the gate is open, then fills a group and waits for it. */
struct late {
    struct outsider outsider;
    struct gate gate;
    _Atomic(uint64_t) runs;
};

static int wait_late(void *arg)
{
    struct late *late = arg;

    gate_pass(&late->gate);
    return wait_inside(&late->outsider);
}

static void a_wait_on_a_worker_of_a_canceled_scheduler_ends(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct late late = {.outsider.group = test_group(sched, 0, MAG_GROUP_FIFO)};
    (void)state;

    assert_int_equal(mag_group_add(group, wait_late, &late), 0);
    assert_true(gate_is_reached(&late.gate));
    for (int i = 0; i < 100; i++)
        assert_int_equal(mag_group_add(late.outsider.group, group_count, &late.runs), 0);
    stop_canceled(sched, &late.gate);
    assert_int_equal(late.outsider.result, -ESHUTDOWN);
    assert_int_equal(test_read(&late.runs), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(late.outsider.group), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_drained_scheduler_runs_what_waits(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_group *group = test_group(sched, 1, MAG_GROUP_FIFO);
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    (void)state;

    group_hold_one(group, &gate);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mag_group_add(group, group_count, &runs), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 0, NULL, NULL), -ETIMEDOUT);
    gate_open(&gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(test_read(&runs), 100);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_group_is_destroyed_while_its_runner_waits(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *other = test_group(sched, 0, MAG_GROUP_FIFO);
    int64_t before = test_live_allocations();
    (void)state;

    for (int stop = 0; stop < 2; stop++) {
        struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
        _Atomic(uint64_t) runs = 0;
        struct mag_group_job job;
        struct gate gate;

        group_hold_one(other, &gate);
        assert_int_equal(mag_group_add_job(group, group_count, &runs, 0, &job), 0);
        assert_int_equal(mag_group_withdraw(group, job, NULL), 0);
        /* The runner that was posted for the job is in the scheduler's queue. */
        assert_int_equal(mag_group_destroy(group), 0);
        if (stop != 0)
            stop_canceled(sched, &gate);
        gate_open(&gate);
        assert_int_equal(mag_group_wait(other, -1, NULL), 0);
    }
    assert_int_equal(mag_group_destroy(other), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_true(test_live_allocations() < before);
}

/* ------------------------------------------------------------------------- faults */

static void a_group_is_refused_without_memory_and_leaves_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    struct mag_group *other = NULL;
    (void)state;

    assert_int_equal(mag_group_destroy(group), 0);
    int64_t before = test_live_allocations();
    test_fail_allocation(1);
    assert_int_equal(mag_group_create(sched, NULL, &other), -ENOMEM);
    assert_true(test_has_failed());
    assert_null(other);
    assert_int_equal(test_live_allocations(), before);
    mag_sched_destroy(sched);
}

/* In a child, whose pool of jobs is new. */
static int add_without_memory(void *arg)
{
    struct mag_sched *sched = test_sched_try(1);
    struct mag_group *group = NULL;
    static _Atomic(uint64_t) runs[2000];
    uint64_t added = 0;
    struct gate gate;
    int r = 0;

    (void)arg;
    if (sched == NULL)
        return 1;
    test_fail_allocation(1);
    if (mag_group_create(sched, NULL, &group) != -ENOMEM)
        return 2;
    for (uint32_t nth = 1; nth < 20 && group == NULL; nth++) {
        test_fail_allocation(nth);
        r = mag_group_create(sched, NULL, &group);
        if (r != 0 && r != -ENOMEM)
            return 3;
    }
    for (uint32_t nth = 1; nth < 4; nth++) {
        test_fail_allocation(nth);
        do {
            r = mag_group_add(group, group_count, &runs[0]);
            added += r == 0;
        } while (r == 0 && !test_has_failed());
        if (r != 0 && r != -ENOMEM)
            return 4;
    }
    /* While the worker is in a job, no other thread meets the failure. */
    gate_close(&gate);
    if (mag_group_add(group, group_hold, &gate) != 0 || !gate_is_reached(&gate))
        return 5;
    test_fail_allocation(1);
    r = mag_group_add_all(group, group_count, runs, 0, 500000);
    gate_open(&gate);
    if (r != -ENOMEM)
        return 9;
    test_fail_allocation(0);
    r = mag_group_add_all(group, group_count, runs, sizeof(runs[0]), 2000);
    if (r != 0 || mag_group_wait(group, -1, NULL) != 0)
        return 6;
    if (test_read(&runs[0]) != added + 1 || test_read(&runs[1999]) != 1)
        return 7;
    return mag_group_destroy(group) == 0 && mag_sched_destroy(sched) == 0 ? 0 : 8;
}

static void a_job_that_finds_no_memory_is_not_added(void **state)
{
    (void)state;
    test_step_in_child(add_without_memory);
}

/* --------------------------------------------------------------------------- fork() */

static struct mag_sched *parents_sched;
static struct mag_group *parents_group;
static struct mag_group_job parents_job;

static int use_parents_group(void *arg)
{
    struct mag_group_counts counts;
    struct mag_group_error error;
    struct mag_group *group = parents_group;

    if (mag_group_add(group, group_count, arg) != MAG_E_FORKED ||
        mag_group_wait(group, -1, NULL) != MAG_E_FORKED ||
        mag_group_cancel(group) != MAG_E_FORKED ||
        mag_group_counts(group, &counts) != MAG_E_FORKED ||
        mag_group_take_error(group, &error) != MAG_E_FORKED ||
        mag_group_limit(group, 1) != MAG_E_FORKED)
        return 1;
    if (mag_group_state(group, parents_job) != MAG_E_FORKED ||
        mag_group_withdraw(group, parents_job, NULL) != MAG_E_FORKED ||
        mag_group_move_to_front(group, parents_job) != MAG_E_FORKED ||
        mag_group_wait_job(group, parents_job, -1) != MAG_E_FORKED)
        return 2;
    return mag_group_destroy(group) == 0 && mag_sched_destroy(parents_sched) == 0 ? 0 : 3;
}

static void a_child_process_cannot_use_the_parents_group(void **state)
{
    _Atomic(uint64_t) runs = 0;
    struct gate gate;
    (void)state;

    parents_sched = test_sched_start(1);
    parents_group = test_group(parents_sched, 0, MAG_GROUP_FIFO);
    group_hold_one(parents_group, &gate);
    assert_int_equal(
        mag_group_add_job(parents_group, group_count, &runs, 0, &parents_job), 0);
    assert_int_equal(test_in_child(use_parents_group, &runs), 0);
    gate_open(&gate);
    assert_int_equal(mag_group_wait(parents_group, -1, NULL), 0);
    assert_int_equal(test_read(&runs), 1);
    assert_int_equal(mag_group_destroy(parents_group), 0);
    mag_sched_destroy(parents_sched);
}

static pid_t parent;

/* Ends the child once its thread has come back from the job, before LeakSanitizer looks
 * for what the threads of the parent held. */
static void end_child(uint32_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    if (getpid() != parent)
        _exit(7);
}

/* Forks; the child comes back from the job, and its thread ends like a worker's. */
static int fork_inside(void *arg)
{
    pid_t *child = arg;

    *child = fork();
    return *child == -1 ? -errno : 0;
}

static void a_job_that_forks_ends_in_the_parent_alone(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    pid_t child = 0;
    int status = 0;
    (void)state;

    test_skip_without_child_threads();
    parent = getpid();
    config.on_stop = end_child;
    struct mag_sched *sched = test_sched_start_as(&config);
    struct mag_group *group = test_group(sched, 0, MAG_GROUP_FIFO);
    assert_int_equal(mag_group_add(group, fork_inside, &child), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, while the pool of jobs does not exist. */
        cmocka_unit_test(a_job_that_finds_no_memory_is_not_added),
        cmocka_unit_test(a_canceled_scheduler_withdraws_jobs_and_ends_waits),
        cmocka_unit_test(a_wait_on_a_worker_of_a_canceled_scheduler_ends),
        cmocka_unit_test(a_drained_scheduler_runs_what_waits),
        cmocka_unit_test(a_group_is_destroyed_while_its_runner_waits),
        cmocka_unit_test(a_group_is_refused_without_memory_and_leaves_nothing),
        cmocka_unit_test(a_child_process_cannot_use_the_parents_group),
        cmocka_unit_test(a_job_that_forks_ends_in_the_parent_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
