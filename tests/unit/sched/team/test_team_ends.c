/*
 * Teams whose members do not come to a usual end: a member ends its thread, the scheduler
 * stops, the process forks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/team.h>

#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3 };

static struct mag_sched *sched;
static shared ran;

/* ------------------------------------------------------------ ends of threads */

static void end_one(struct mag_team *team, uint32_t member, void *arg)
{
    const uint32_t *who = arg;

    mag_team_barrier(team);
    if (member == *who)
        pthread_exit(NULL);
    mag_team_barrier(team);
    mag_team_barrier(team);
    (void)add(&ran, 1);
}

static void barriers_do_not_wait_for_members_that_ended_their_thread(void **state)
{
    (void)state;

    sched = test_sched_start(WORKERS);
    for (uint32_t who = 1; who <= WORKERS; who++) {
        set(&ran, 0);
        assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, end_one, &who), -EOWNERDEAD);
        assert_int_equal(look(&ran), WORKERS);
    }
    assert_int_equal(test_sched_counters(sched).ended, WORKERS);
    /* The workers are members again, in new threads. */
    uint32_t nobody = MAG_NONE;
    set(&ran, 0);
    assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, end_one, &nobody), 0);
    assert_int_equal(look(&ran), WORKERS + 1);
    mag_sched_destroy(sched);
}

static void *run_and_end(void *arg)
{
    (void)!mag_team_run(sched, WORKERS, 0, end_one, arg);
    (void)add(&ran, 100);
    return NULL;
}

static void run_and_end_in_job(struct mag_job *job)
{
    uint32_t who = 0;

    (void)job;
    (void)run_and_end(&who);
}

static void a_caller_that_ends_its_thread_waits_for_the_others(void **state)
{
    struct mag_job job = {.run = run_and_end_in_job};
    uint32_t who = 0;
    pthread_t thread;
    (void)state;

    sched = test_sched_start(WORKERS);
    set(&ran, 0);
    assert_int_equal(pthread_create(&thread, NULL, run_and_end, &who), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(look(&ran), WORKERS - 1);

    set(&ran, 0);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    assert_true(test_wait_for(&ran, WORKERS - 1));
    /* Both have given their workers back. */
    who = MAG_NONE;
    assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, end_one, &who), 0);
    assert_int_equal(look(&ran), 2 * WORKERS);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ stops */

static struct gate gate;

static void wait_at_the_gate(struct mag_job *job)
{
    (void)job;
    gate_pass(&gate);
}

static void count_behind_a_barrier(struct mag_team *team, uint32_t member, void *arg)
{
    (void)member;
    (void)arg;
    mag_team_barrier(team);
    (void)add(&ran, 1);
}

static shared result;
static shared done;

static void *call(void *arg)
{
    (void)arg;
    set(&result,
        (uint64_t)mag_team_run(sched, WORKERS + 1, 0, count_behind_a_barrier, NULL));
    (void)add(&done, 1);
    return NULL;
}

/* All workers but one wait at the gate, and the team for them. */
static void call_beside_busy_workers(struct mag_job *jobs, pthread_t *ret_thread)
{
    sched = test_sched_start(WORKERS);
    set(&ran, 0);
    set(&done, 0);
    gate_close(&gate);
    for (uint32_t i = 0; i < WORKERS; i++) {
        jobs[i].run = wait_at_the_gate;
        assert_int_equal(mag_sched_post_worker(sched, &jobs[i], i), 0);
    }
    assert_true(test_wait_for(&gate.started, WORKERS));
    assert_int_equal(pthread_create(ret_thread, NULL, call, NULL), 0);
    test_sleep_ms(20);
    assert_int_equal(look(&done), 0);
}

static void a_canceled_scheduler_counts_out_members_that_have_not_begun(void **state)
{
    struct mag_job jobs[WORKERS];
    pthread_t thread;
    (void)state;

    call_beside_busy_workers(jobs, &thread);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    assert_true(test_wait_for(&done, 1));
    assert_int_equal((int)look(&result), -ESHUTDOWN);
    gate_open(&gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    mag_sched_destroy(sched);
}

static void a_drained_scheduler_lets_a_team_begin_and_end(void **state)
{
    struct mag_job jobs[WORKERS];
    pthread_t thread;
    (void)state;

    call_beside_busy_workers(jobs, &thread);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 0, NULL, NULL), -ETIMEDOUT);
    assert_int_equal(look(&done), 0);
    gate_open(&gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal((int)look(&result), 0);
    assert_int_equal(look(&ran), WORKERS + 1);
    mag_sched_destroy(sched);
}

static void callers_that_wait_are_refused_by_a_stop(void **state)
{
    struct mag_job jobs[WORKERS];
    pthread_t first;
    pthread_t second;
    (void)state;

    call_beside_busy_workers(jobs, &first);
    assert_int_equal(pthread_create(&second, NULL, call, NULL), 0);
    test_sleep_ms(20);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 0, NULL, NULL), -ETIMEDOUT);
    /* The second caller ends; the first one's team still waits for its workers. */
    assert_true(test_wait_for(&done, 1));
    assert_int_equal((int)look(&result), -ESHUTDOWN);
    gate_open(&gate);
    assert_int_equal(pthread_join(first, NULL), 0);
    assert_int_equal(pthread_join(second, NULL), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_team_run(sched, 2, 0, count_behind_a_barrier, NULL), -ESHUTDOWN);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- fork() */

struct forking {
    uint32_t who;
    int status;
};

/* The child goes on in the body, through a barrier. */
static void fork_in_body(struct mag_team *team, uint32_t member, void *arg)
{
    struct forking *forking = arg;
    pid_t child = 1;

    if (member == forking->who)
        child = fork();
    mag_team_barrier(team);
    if (child == 0 && member != 0)
        _exit(0);
    if (child > 1 && waitpid(child, &forking->status, 0) != child)
        forking->status = -1;
}

static void a_child_process_does_not_wait_for_members_of_its_parent(void **state)
{
    struct forking forking;
    (void)state;

    sched = test_sched_start(WORKERS);
    pid_t self = getpid();
    for (forking.who = 0; forking.who < WORKERS; forking.who++) {
        forking.status = -1;
        int r = mag_team_run(sched, WORKERS, 0, fork_in_body, &forking);

        if (getpid() != self)
            _exit(r == MAG_E_FORKED ? 0 : 1);
        assert_int_equal(r, 0);
        assert_int_equal(forking.status, 0);
    }
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------------------------- no memory */

static void a_scheduler_without_memory_for_teams_does_not_start(void **state)
{
    struct mag_sched_config config = test_sched_config(WORKERS);
    int64_t before = test_live_allocations();
    int r = -ENOMEM;
    (void)state;

    for (uint32_t nth = 1; r == -ENOMEM; nth++) {
        test_fail_allocation(nth);
        r = mag_sched_start(&config, &sched);
        if (r == -ENOMEM)
            assert_int_equal(test_live_allocations(), before);
    }
    test_fail_allocation(0);
    assert_int_equal(r, 0);
    mag_sched_destroy(sched);
}

static void a_team_allocates_nothing(void **state)
{
    (void)state;

    sched = test_sched_start(WORKERS);
    set(&ran, 0);
    assert_int_equal(mag_team_run(sched, WORKERS, 0, count_behind_a_barrier, NULL), 0);
    uint64_t before = test_allocations();
    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_team_run(sched, WORKERS, 0, count_behind_a_barrier, NULL),
                         0);
    assert_int_equal(test_allocations(), before);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barriers_do_not_wait_for_members_that_ended_their_thread),
        cmocka_unit_test(a_caller_that_ends_its_thread_waits_for_the_others),
        cmocka_unit_test(a_canceled_scheduler_counts_out_members_that_have_not_begun),
        cmocka_unit_test(a_drained_scheduler_lets_a_team_begin_and_end),
        cmocka_unit_test(callers_that_wait_are_refused_by_a_stop),
        cmocka_unit_test(a_child_process_does_not_wait_for_members_of_its_parent),
        cmocka_unit_test(a_scheduler_without_memory_for_teams_does_not_start),
        cmocka_unit_test(a_team_allocates_nothing),
    };

    return cmocka_run_group_tests_name("team ends", tests, NULL, NULL);
}
