/* SPDX-License-Identifier: Apache-2.0 */
/* The default scheduler is shared: no caller can end it, and it is configured once. */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/default.h>
#include <magpie/timer.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------- no caller ends it */

/* A job that tries to end a scheduler, and the answers it gets. */
struct enemy {
    struct mag_job job;
    struct mag_sched *victim;
    int drain, cancel, destroy;
    _Atomic(uint64_t) done;
};

static void end_it(struct mag_job *job)
{
    struct enemy *enemy = (struct enemy *)(void *)job;

    enemy->drain = mag_sched_stop(enemy->victim, MAG_SCHED_DRAIN, -1, NULL, NULL);
    enemy->cancel = mag_sched_stop(enemy->victim, MAG_SCHED_CANCEL, 0, NULL, NULL);
    enemy->destroy = mag_sched_destroy(enemy->victim);
    /* release: the thread that waits reads the answers. */
    (void)atomic_fetch_add_explicit(&enemy->done, 1, memory_order_release);
}

/* True: the scheduler still accepts jobs and timers, and is still the default one. */
static bool lives(struct mag_sched *sched)
{
    struct enemy nobody = {.job = {.run = end_it}, .victim = NULL};
    struct mag_sched *again = NULL;

    nobody.victim = sched;
    return mag_sched_default(&again) == 0 && again == sched &&
           mag_sched_post(sched, &nobody.job) == 0 && test_wait_for(&nobody.done, 1);
}

static void the_default_scheduler_refuses_to_be_stopped_or_destroyed(void **state)
{
    struct mag_sched *sched;
    struct enemy here = {.job = {.run = end_it}};
    (void)state;

    assert_int_equal(mag_sched_default(&sched), 0);
    here.victim = sched;
    end_it(&here.job);
    assert_int_equal(here.drain, -EPERM);
    assert_int_equal(here.cancel, -EPERM);
    assert_int_equal(here.destroy, -EPERM);
    assert_true(lives(sched));
}

static void jobs_of_the_default_scheduler_cannot_end_it(void **state)
{
    struct mag_sched *sched;
    struct enemy inside = {.job = {.run = end_it}};
    (void)state;

    assert_int_equal(mag_sched_default(&sched), 0);
    inside.victim = sched;
    assert_int_equal(mag_sched_post(sched, &inside.job), 0);
    assert_true(test_wait_for(&inside.done, 1));
    assert_int_equal(inside.drain, -EPERM);
    assert_int_equal(inside.cancel, -EPERM);
    assert_int_equal(inside.destroy, -EPERM);
    assert_true(lives(sched));
}

static void jobs_of_another_scheduler_cannot_end_the_default_one(void **state)
{
    struct mag_sched *sched;
    struct mag_sched *other;
    struct enemy outside = {.job = {.run = end_it}};
    (void)state;

    assert_int_equal(mag_sched_default(&sched), 0);
    assert_int_equal(mag_sched_start(NULL, &other), 0);
    outside.victim = sched;
    assert_int_equal(mag_sched_post(other, &outside.job), 0);
    assert_true(test_wait_for(&outside.done, 1));
    assert_int_equal(mag_sched_destroy(other), 0);
    assert_int_equal(outside.drain, -EPERM);
    assert_int_equal(outside.cancel, -EPERM);
    assert_int_equal(outside.destroy, -EPERM);
    assert_true(lives(sched));
}

struct bell {
    struct mag_timer timer; /* first */
    _Atomic(uint64_t) rung;
};

static void ring(struct mag_job *job)
{
    struct bell *bell = (struct bell *)(void *)job;

    /* release: seen by the thread that waits. */
    (void)atomic_fetch_add_explicit(&bell->rung, 1, memory_order_release);
}

static void a_refused_stop_ends_no_timer(void **state)
{
    struct mag_sched *sched;
    struct bell bell = {.timer = {.job = {.run = ring}}};
    (void)state;

    assert_int_equal(mag_sched_default(&sched), 0);
    assert_int_equal(mag_timer_start_in(sched, &bell.timer, 20000000), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), -EPERM);
    assert_true(test_wait_for(&bell.rung, 1));
}

static void an_own_scheduler_tells_whether_it_was_destroyed(void **state)
{
    struct mag_sched *own;
    struct enemy inside = {.job = {.run = end_it}};
    (void)state;

    assert_int_equal(mag_sched_start(NULL, &own), 0);
    inside.victim = own;
    assert_int_equal(mag_sched_post(own, &inside.job), 0);
    assert_true(test_wait_for(&inside.done, 1));
    assert_int_equal(inside.destroy, -EDEADLK);
    assert_int_equal(mag_sched_destroy(own), 0);
    assert_int_equal(mag_sched_destroy(NULL), 0);
}

/* ------------------------------------------------------------- a scheduler's name */

static bool is_named(const char *thread, const char *name)
{
    char path[300];
    char found[32] = "";

    (void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    (void)fgets(found, sizeof(found), file);
    (void)fclose(file);
    found[strcspn(found, "\n")] = '\0';
    return strcmp(found, name) == 0;
}

static bool has_thread_named(const char *name)
{
    DIR *threads = opendir("/proc/self/task");
    bool found = false;

    if (threads == NULL)
        return false;
    for (const struct dirent *one; !found && (one = readdir(threads)) != NULL;)
        found = is_named(one->d_name, name);
    (void)closedir(threads);
    return found;
}

/* ------------------------------------------------------------------ configuration */

/* The steps run in child processes, where the default scheduler is not started yet. */
#define CHECK(step, condition) \
    do {                       \
        if (!(condition))      \
            return (step);     \
    } while (0)

static struct mag_sched_config three_workers(void)
{
    struct mag_sched_config config = test_sched_config(3);

    config.pin = MAG_PIN_NEVER;
    return config;
}

static int use_what_was_configured(void *arg)
{
    struct mag_sched_config config = three_workers();
    struct mag_sched_counters counters;
    struct mag_sched *sched;
    (void)arg;

    CHECK(1, mag_sched_default_configure(&config) == 0);
    CHECK(2, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 3);
    CHECK(3, mag_sched_counters(sched, 2, &counters) == 0);
    CHECK(4, counters.pinned == MAG_PIN_FOREIGN);
    CHECK(5, lives(sched));
    return 0;
}

static int configure_too_late(void *arg)
{
    struct mag_sched_config config = three_workers();
    struct mag_sched *sched;
    uint32_t workers;
    (void)arg;

    CHECK(1, mag_sched_default(&sched) == 0);
    workers = mag_sched_workers(sched);
    CHECK(2, mag_sched_default_configure(&config) == -EBUSY);
    CHECK(3, mag_sched_default_configure(NULL) == -EBUSY);
    config.placement = MAG_PLACE_LIST;
    config.os_pus = &workers;
    config.os_pu_count = 1;
    CHECK(4, mag_sched_default_configure(&config) == -EBUSY);
    CHECK(5, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == workers);
    return 0;
}

static int configure_again(void *arg)
{
    struct mag_sched_config config = three_workers();
    struct mag_sched *sched;
    (void)arg;

    CHECK(1, mag_sched_default_configure(&config) == 0);
    config.workers = MAG_SCHED_WORKERS_MAX + 1;
    CHECK(2, mag_sched_default_configure(&config) == -EINVAL);
    config.workers = 2;
    CHECK(3, mag_sched_default_configure(&config) == 0);
    CHECK(4, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 2);
    return 0;
}

static int configure_wrongly(void *arg)
{
    static uint32_t some[MAG_SCHED_WORKERS_MAX + 1];
    struct mag_sched_config config = three_workers();
    (void)arg;

    config.spin_us = 10001;
    CHECK(1, mag_sched_default_configure(&config) == -EINVAL);
    config = three_workers();
    config.placement = (enum mag_placement)99;
    CHECK(2, mag_sched_default_configure(&config) == -EINVAL);
    config.placement = MAG_PLACE_LIST;
    CHECK(3, mag_sched_default_configure(&config) == -EINVAL);
    config.os_pus = some;
    CHECK(4, mag_sched_default_configure(&config) == -EINVAL);
    config.os_pu_count = MAG_SCHED_WORKERS_MAX + 1;
    CHECK(5, mag_sched_default_configure(&config) == -EINVAL);
    config.size = 1;
    CHECK(6, mag_sched_default_configure(&config) == -EINVAL);
    return 0;
}

static int forget_what_was_copied(void *arg)
{
    char name[] = "mine";
    struct mag_topology *topology;
    struct mag_sched_config config = three_workers();
    struct mag_sched *sched;
    struct bell bell = {.timer = {.job = {.run = ring}}};
    uint32_t list[2];
    (void)arg;

    CHECK(1, mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) == 0);
    list[0] = list[1] = mag_topology_pu(topology, 0)->os_index;
    config.placement = MAG_PLACE_LIST;
    config.os_pus = list;
    config.os_pu_count = 2;
    config.name = name;
    test_fail_allocation(1);
    CHECK(2, mag_sched_default_configure(&config) == -ENOMEM);
    CHECK(3, mag_sched_default_configure(&config) == 0);
    list[0] = list[1] = UINT32_MAX;
    memset(name, 'x', sizeof(name) - 1);
    memset(&config, 0xff, sizeof(config));
    CHECK(4, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 3);
    CHECK(5, mag_timer_start_in(sched, &bell.timer, 0) == 0);
    CHECK(6, test_wait_for(&bell.rung, 1));
    CHECK(7, has_thread_named("mine/2") && has_thread_named("mine/clock"));
    mag_topology_free(topology);
    return 0;
}

static int fork_with_a_configuration(void *arg)
{
    struct mag_sched_config config = three_workers();
    struct mag_sched *sched;

    CHECK(1, arg != NULL || mag_sched_default_configure(&config) == 0);
    CHECK(2, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 3);
    if (arg != NULL)
        return 0;
    CHECK(3, test_in_child(fork_with_a_configuration, &config) == 0);
    return 0;
}

static int fail_once(void *arg)
{
    struct mag_sched_config config = three_workers();
    struct mag_sched *sched = NULL;
    (void)arg;

    CHECK(1, mag_sched_default_configure(&config) == 0);
    test_fail_thread(2);
    CHECK(2, mag_sched_default(&sched) == -EAGAIN && sched == NULL);
    config.workers = 2;
    CHECK(3, mag_sched_default_configure(&config) == 0);
    CHECK(4, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 2);
    return 0;
}

static void the_default_scheduler_is_made_as_configured(void **state)
{
    (void)state;
    test_step_in_child(use_what_was_configured);
}

static void the_default_scheduler_cannot_be_configured_once_it_runs(void **state)
{
    (void)state;
    test_step_in_child(configure_too_late);
}

static void the_last_configuration_counts_and_a_wrong_one_changes_nothing(void **state)
{
    (void)state;
    test_step_in_child(configure_again);
}

static void a_wrong_configuration_is_refused_when_it_is_given(void **state)
{
    (void)state;
    test_step_in_child(configure_wrongly);
}

static void the_configured_name_and_list_are_copied(void **state)
{
    (void)state;
    test_step_in_child(forget_what_was_copied);
}

static void a_forked_child_keeps_the_configuration(void **state)
{
    (void)state;
    test_step_in_child(fork_with_a_configuration);
}

static void after_a_failed_start_it_can_be_configured_and_started_again(void **state)
{
    (void)state;
    test_step_in_child(fail_once);
}

int main(void)
{
    /* First the tests in child processes: their parent has no default scheduler yet. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_scheduler_is_made_as_configured),
        cmocka_unit_test(the_default_scheduler_cannot_be_configured_once_it_runs),
        cmocka_unit_test(the_last_configuration_counts_and_a_wrong_one_changes_nothing),
        cmocka_unit_test(a_wrong_configuration_is_refused_when_it_is_given),
        cmocka_unit_test(the_configured_name_and_list_are_copied),
        cmocka_unit_test(a_forked_child_keeps_the_configuration),
        cmocka_unit_test(after_a_failed_start_it_can_be_configured_and_started_again),
        cmocka_unit_test(the_default_scheduler_refuses_to_be_stopped_or_destroyed),
        cmocka_unit_test(jobs_of_the_default_scheduler_cannot_end_it),
        cmocka_unit_test(jobs_of_another_scheduler_cannot_end_the_default_one),
        cmocka_unit_test(a_refused_stop_ends_no_timer),
        cmocka_unit_test(an_own_scheduler_tells_whether_it_was_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
