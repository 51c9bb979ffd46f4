/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: schedulers that follow the CPUs and the quota of the process.  The quota is
 * in files of the test's own; the CPUs are real. */
#include "sched/scheduler.h"
#include "tests/support/cmocka.h"
#include "tests/support/files.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "base/os.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/budget.h>
#include <magpie/counters.h>
#include <magpie/default.h>
#include <magpie/elastic.h>
#include <stdlib.h>

/* The linker sends the library's calls here. */
int __wrap_mag_budget_read(const struct mag_topology *topology,
                           enum mag_budget_rounding rounding, const char *root,
                           struct mag_budget **ret_budget);
int __real_mag_budget_read(const struct mag_topology *topology,
                           enum mag_budget_rounding rounding, const char *root,
                           struct mag_budget **ret_budget);

static _Atomic(uint64_t) reads;
static _Atomic(uint64_t) fails;

int __wrap_mag_budget_read(const struct mag_topology *topology,
                           enum mag_budget_rounding rounding, const char *root,
                           struct mag_budget **ret_budget)
{
    (void)root;
    (void)test_add(&reads, 1);
    if (test_read(&fails) != 0)
        return -ENOMEM;
    return __real_mag_budget_read(topology, rounding, test_root(), ret_budget);
}

/* The limit as in cpu.max of a control group. */
static void set_quota(const char *limit)
{
    test_root_put("/proc/thread-self/cgroup", "0::/\n");
    test_root_put("/proc/thread-self/mountinfo",
                  "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    test_root_put("/proc/self/cgroup", "0::/\n");
    test_root_put("/proc/self/mountinfo",
                  "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    test_root_put("/sys/fs/cgroup/cpu.max", limit);
}

static uint32_t cores(void)
{
    struct mag_topology *topology;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    uint32_t count = mag_topology_cores(topology);
    mag_topology_free(topology);
    return count;
}

static void skip_on_one_core(void)
{
    if (cores() < 2) {
        print_message("skipped: there is one core\n");
        skip();
    }
}

/* A scheduler that follows, with a job that lasts: an idle scheduler follows nobody. */
struct follower {
    struct mag_sched *sched;
    struct holder holder;
};

static void follow(struct follower *follower, uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.follow = MAG_FOLLOW_ALWAYS;
    config.pin = MAG_PIN_ALWAYS; /* others may be busy here */
    assert_int_equal(mag_sched_start(&config, &follower->sched), 0);
    follower->holder = (struct holder){.job = {.run = holder_run}};
    assert_int_equal(mag_sched_post_worker(follower->sched, &follower->holder.job, 0), 0);
    assert_true(gate_is_reached(&follower->holder.gate));
}

static void end(struct follower *follower)
{
    holder_let_go(&follower->holder);
    assert_true(test_wait_for(&follower->holder.over, 1));
    assert_int_equal(mag_sched_destroy(follower->sched), 0);
}

static void wait_for_workers(struct mag_sched *sched, uint32_t workers)
{
    double since = test_now();

    while (mag_sched_workers(sched) != workers) {
        assert_false(test_gives_up(since));
        test_sleep_ms(10);
    }
}

static void the_number_of_workers_follows_the_quota(void **state)
{
    struct follower follower;
    struct counted work = counted_make();
    (void)state;

    skip_on_one_core();
    set_quota("max 100000\n");
    follow(&follower, 0);
    assert_int_equal(mag_sched_workers(follower.sched), cores());
    set_quota("100000 100000\n");
    wait_for_workers(follower.sched, 1);
    /* What comes for a benched worker still runs there. */
    assert_int_equal(mag_sched_post_worker(follower.sched, &work.job, 1), 0);
    assert_true(test_wait_for(&work.runs, 1));
    set_quota("max 100000\n");
    wait_for_workers(follower.sched, cores());
    end(&follower);
}

static void a_scheduler_that_began_under_a_quota_grows_when_it_is_lifted(void **state)
{
    struct follower follower;
    (void)state;

    skip_on_one_core();
    set_quota("50000 100000\n");
    follow(&follower, 0);
    assert_int_equal(mag_sched_workers(follower.sched), 1);
    assert_int_equal(mag_sched_workers_max(follower.sched), cores());
    set_quota("max 100000\n");
    wait_for_workers(follower.sched, cores());
    end(&follower);
}

static void a_number_that_the_program_has_chosen_stays(void **state)
{
    struct follower follower;
    (void)state;

    skip_on_one_core();
    set_quota("max 100000\n");
    follow(&follower, 2);
    uint64_t before = test_read(&reads);
    test_sleep_ms(1500);
    assert_int_equal(test_read(&reads), before);
    assert_int_equal(mag_sched_workers(follower.sched), 2);
    assert_int_equal(mag_sched_resize(follower.sched, 0), -EINVAL);
    end(&follower);
    follow(&follower, 0);
    assert_int_equal(mag_sched_resize(follower.sched, 1), 0);
    assert_true(test_wait_for(&reads, test_read(&reads) + 2));
    assert_int_equal(mag_sched_workers(follower.sched), 1);
    /* Until it is told to follow again. */
    assert_int_equal(mag_sched_resize(follower.sched, 0), 0);
    wait_for_workers(follower.sched, cores());
    end(&follower);
}

static void while_the_budget_is_unknown_nothing_changes(void **state)
{
    struct follower follower;
    (void)state;

    skip_on_one_core();
    set_quota("max 100000\n");
    follow(&follower, 0);
    (void)test_add(&fails, 1);
    set_quota("100000 100000\n");
    assert_true(test_wait_for(&reads, test_read(&reads) + 2));
    assert_int_equal(mag_sched_workers(follower.sched), cores());
    (void)test_add(&fails, (uint64_t)-1);
    wait_for_workers(follower.sched, 1);
    end(&follower);
}

/* As taskset -ap does. */
static void set_all(const struct mag_affinity *mask)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;

    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        int32_t thread = (int32_t)strtol(entry->d_name, NULL, 10);

        if (thread != 0)
            (void)mag_affinity_set_of(thread, mask);
    }
    (void)closedir(tasks);
}

static bool becomes_pinned(struct mag_sched *sched)
{
    struct mag_sched_counters counters;
    double since = test_now();

    do {
        if (test_gives_up(since))
            return false;
        test_sleep_ms(10);
        assert_int_equal(mag_sched_counters(sched, 0, &counters), 0);
    } while (counters.pinned != MAG_PINNED);
    return true;
}

/* Takes worker 0's processor away from the process, and gives it back. */
static void workers_move_to_the_processors_that_the_process_may_use(void **state)
{
    struct follower follower;
    struct mag_affinity all;
    struct mag_affinity others;
    (void)state;

    skip_on_one_core();
    set_quota("max 100000\n");
    assert_true(mag_affinity_read(&all));
    follow(&follower, 0);
    uint32_t before = mag_sched_workers(follower.sched);
    uint32_t home = mag_plan_seat(mag_sched_plan(follower.sched), 0)->os_pu;
    mag_affinity_clear(&others);
    for (uint32_t cpu = 0; cpu < MAG_AFFINITY_CPUS; cpu++) {
        if (cpu != home && mag_affinity_has(&all, cpu))
            mag_affinity_add(&others, cpu);
    }
    /* The monitor must have seen the mask before. */
    assert_true(test_wait_for(&reads, test_read(&reads) + 1));
    set_all(&others);
    uint32_t left = cores();
    wait_for_workers(follower.sched, left);
    assert_true(becomes_pinned(follower.sched));
    set_all(&all);
    wait_for_workers(follower.sched, before);
    assert_true(becomes_pinned(follower.sched));
    assert_int_equal(mag_seats_read(&follower.sched->seats, 0).pu,
                     mag_plan_seat(mag_sched_plan(follower.sched), 0)->pu);
    end(&follower);
}

static void the_default_scheduler_follows_and_others_do_so_if_asked(void **state)
{
    struct mag_sched_config config = test_sched_config(0);
    struct mag_sched *sched;
    (void)state;

    set_quota("max 100000\n");
    assert_int_equal(mag_sched_default(&sched), 0);
    assert_true(sched->settings.follows);
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    assert_false(sched->settings.follows);
    assert_int_equal(mag_sched_destroy(sched), 0);
    config.follow = (enum mag_follow_budget)3;
    assert_int_equal(mag_sched_start(&config, &sched), -EINVAL);
}

#define WITH_FILES(test) \
    cmocka_unit_test_setup_teardown(test, test_root_make, test_root_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(the_number_of_workers_follows_the_quota),
        WITH_FILES(a_scheduler_that_began_under_a_quota_grows_when_it_is_lifted),
        WITH_FILES(a_number_that_the_program_has_chosen_stays),
        WITH_FILES(while_the_budget_is_unknown_nothing_changes),
        WITH_FILES(workers_move_to_the_processors_that_the_process_may_use),
        WITH_FILES(the_default_scheduler_follows_and_others_do_so_if_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
