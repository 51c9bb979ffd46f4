/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs go and come back, the cpuset and the quota change, between jobs and while they
 * run. */
#include "tests/support/cmocka.h"
#include "tests/support/numa/guest.h"
#include "tests/support/numa/machine.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/counters.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/magpie-test"

enum { JOBS = 512, RUNS = 100000 };

/* A job that is posted again when it has run. */
struct turn {
    struct mag_job job; /* first */
    uint64_t posted;
    _Atomic(uint64_t) ran;
};

static struct turn turns[JOBS];

static void turn_run(struct mag_job *job)
{
    (void)test_add(&((struct turn *)(void *)job)->ran, 1);
}

/* The last CPU, which can be switched off; MAG_NONE: there is one alone. */
static uint32_t last_cpu(void)
{
    uint32_t pus = mag_topology_pus(machine);

    return pus > 1 ? mag_topology_pu(machine, pus - 1)->os_index : MAG_NONE;
}

static void skip_elsewhere(void)
{
    guest_or_skip();
    if (last_cpu() == MAG_NONE) {
        print_message("skipped: there is one CPU\n");
        skip();
    }
}

/* In a group of its own, since changes of its cpuset reset the masks of its threads. */
static void enter_group(void)
{
    (void)mkdir(GROUP, 0755);
    assert_true(guest_write(GROUP "/cgroup.procs", "0"));
}

static struct mag_sched *begin(void)
{
    struct mag_sched_config config = test_sched_config(0);

    config.workers = mag_topology_pus(machine);
    config.placement = MAG_PLACE_COMPACT;
    config.pin = MAG_PIN_ALWAYS;
    for (int i = 0; i < JOBS; i++)
        turns[i] = (struct turn){.job = {.run = turn_run}};
    return test_sched_start_as(&config);
}

/* Every job runs `rounds` times more. */
static void run_rounds(struct mag_sched *sched, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < JOBS; i++) {
            turns[i].posted++;
            assert_int_equal(mag_sched_post(sched, &turns[i].job), 0);
        }
        for (int i = 0; i < JOBS; i++)
            assert_true(test_wait_for(&turns[i].ran, turns[i].posted));
    }
}

static uint32_t some_rounds(void)
{
    return test_rounds(RUNS) / JOBS / 4 + 1;
}

static void end(struct mag_sched *sched)
{
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(test_read(&turns[i].ran), turns[i].posted);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* Runs jobs until the kernel says that all workers are pinned to their seats. */
static void wait_until_pinned(struct mag_sched *sched)
{
    double since = test_now();
    uint32_t pinned = 0;

    while (pinned != mag_sched_workers(sched)) {
        assert_false(test_gives_up(since));
        run_rounds(sched, 1);
        pinned = 0;
        for (uint32_t i = 0; i < mag_sched_workers(sched); i++) {
            struct mag_sched_counters counters;

            assert_int_equal(mag_sched_counters(sched, i, &counters), 0);
            pinned += counters.pinned == MAG_PINNED &&
                      counters.os_pu == mag_plan_seat(mag_sched_plan(sched), i)->os_pu;
        }
    }
}

static void a_cpu_goes_and_comes_back(void **state)
{
    static const unsigned pauses[] = {0, 3000}; /* ms; the monitor looks each second */
    (void)state;

    skip_elsewhere();
    enter_group();
    struct mag_sched *sched = begin();
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        run_rounds(sched, some_rounds());
        assert_true(guest_switch_cpu(last_cpu(), false));
        run_rounds(sched, some_rounds());
        test_sleep_ms(pauses[i]);
        run_rounds(sched, some_rounds());
        assert_true(guest_switch_cpu(last_cpu(), true));
        wait_until_pinned(sched);
    }
    end(sched);
}

static void a_cpuset_changes_and_changes_back(void **state)
{
    static const unsigned pauses[] = {0, 3000};
    char all[32];
    (void)state;

    skip_elsewhere();
    (void)snprintf(all, sizeof(all), "0-%u", last_cpu());
    enter_group();
    assert_true(guest_write(GROUP "/cpuset.cpus", all));
    struct mag_sched *sched = begin();
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        run_rounds(sched, some_rounds());
        assert_true(guest_write(GROUP "/cpuset.cpus", "0"));
        run_rounds(sched, some_rounds());
        test_sleep_ms(pauses[i]);
        assert_true(guest_write(GROUP "/cpuset.cpus", all));
        wait_until_pinned(sched);
    }
    end(sched);
}

static void a_quota_changes(void **state)
{
    (void)state;

    skip_elsewhere();
    enter_group();
    struct mag_sched *sched = begin();
    run_rounds(sched, some_rounds());
    assert_true(guest_write(GROUP "/cpu.max", "50000 100000"));
    run_rounds(sched, some_rounds());
    assert_true(guest_write(GROUP "/cpu.max", "max"));
    run_rounds(sched, some_rounds());
    end(sched);
}

/* ---------------------------------------------------------------- all while jobs run */

enum { CHANGES = 6, CYCLES = 3 };

/* A thread that changes the CPUs of the process, from one of six states to the next. */
struct changer {
    char all[32];
    _Atomic(uint64_t) steps, over, failures;
};

static bool change(const struct changer *changer, uint64_t step)
{
    switch (step % CHANGES) {
    case 0:
        return guest_switch_cpu(last_cpu(), false);
    case 1:
        return guest_switch_cpu(last_cpu(), true);
    case 2:
        return guest_write(GROUP "/cpuset.cpus", "0");
    case 3:
        return guest_write(GROUP "/cpuset.cpus", changer->all);
    case 4:
        return guest_write(GROUP "/cpu.max", "50000 100000");
    default:
        return guest_write(GROUP "/cpu.max", "max");
    }
}

/* Ends in the state in which it began. */
static void *keep_changing(void *arg)
{
    struct changer *changer = arg;

    for (uint64_t step = 0; test_read(&changer->over) == 0 || step % CHANGES != 0;
         step++) {
        if (!change(changer, step))
            (void)test_add(&changer->failures, 1);
        (void)test_add(&changer->steps, 1);
        test_sleep_ms(20);
    }
    return NULL;
}

static void whatever_changes_while_jobs_run_each_runs_and_workers_return(void **state)
{
    struct changer changer = {.steps = 0};
    pthread_t thread;
    (void)state;

    skip_elsewhere();
    (void)snprintf(changer.all, sizeof(changer.all), "0-%u", last_cpu());
    enter_group();
    struct mag_sched *sched = begin();
    assert_int_equal(pthread_create(&thread, NULL, keep_changing, &changer), 0);
    uint64_t jobs = 0;
    for (; jobs < RUNS || test_read(&changer.steps) < (uint64_t)CHANGES * CYCLES;
         jobs += JOBS)
        run_rounds(sched, 1);
    (void)test_add(&changer.over, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    print_message("%llu jobs, %llu changes\n", (unsigned long long)jobs,
                  (unsigned long long)test_read(&changer.steps));
    assert_int_equal(test_read(&changer.failures), 0);
    wait_until_pinned(sched);
    end(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_goes_and_comes_back),
        cmocka_unit_test(a_cpuset_changes_and_changes_back),
        cmocka_unit_test(a_quota_changes),
        cmocka_unit_test(whatever_changes_while_jobs_run_each_runs_and_workers_return),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
