/* SPDX-License-Identifier: Apache-2.0 */
/* The environment variables that set fields of the default scheduler's configuration. */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include "sched/settings/environment.h"

#include <magpie/default.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 14 };

/* The values that each variable accepts and refuses.  `@` stands for a PU of this
 * machine. */
static const struct {
    const char *name;
    const char *right[VALUES];
    const char *wrong[VALUES];
} values[] = {
    {"MAGPIE_WORKERS",
     {"0", "1", "3", "007", "4096"},
     {"4097", "-1", "+1", "1.5", "two", " 2", "2 ", "0x2", "4294967297",
      "18446744073709551617", "1,2"}},
    {"MAGPIE_PLACEMENT",
     {"per-core", "compact", "scatter", "per-pu", "@", "@,@", "@-@", "@,@-@,@"},
     {"list", "percore", "Compact", "@,", ",@", "@-", "@ ,@", "-@", "2-1", "4294967295",
      "0-4096", "@,4000000000"}},
    {"MAGPIE_PIN",
     {"yes", "no", "on", "off", "true", "false", "1", "0", "YES", "always", "never",
      "adaptive", "Adaptive"},
     {"2", "y", "maybe", "yes!", " no", "adapt", "always "}},
    {"MAGPIE_STACK_SIZE",
     {"0", "65536", "64K", "1M", "1G"},
     {"1", "65535", "63K", "64k", "1MB", "M", "-1", "1 M", "4294967296"}},
    {"MAGPIE_FORK_STACK",
     {"0", "524288", "512K", "64M", "16G"},
     {"1", "524287", "17G", "16385M", "512k", "-1"}},
    {"MAGPIE_FORK_DEPTH", {"64", "65", "8192"}, {"0", "63", "8193", "many"}},
    {"MAGPIE_SPIN_US", {"0", "50", "10000"}, {"10001", "-1", "50us", "0.5"}},
    {"MAGPIE_SPARE", {"auto", "0", "1", "4095"}, {"4096", "-1", "Auto", "auto ", "all"}},
    {"MAGPIE_FOLLOW", {"auto", "never", "always"}, {"yes", "Always", "follow", "0"}},
    {"MAGPIE_STAND_IN",
     {"auto", "announced", "all", "ALL"},
     {"none", "yes", "1", "all "}},
    {"MAGPIE_TRACE", {"trace.json", "/tmp/%p.json"}, {NULL}},
};

enum { VARIABLES = sizeof(values) / sizeof(values[0]) };

static uint32_t some_pu(void)
{
    struct mag_topology *topology;
    uint32_t os_index;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    os_index = mag_topology_pu(topology, 0)->os_index;
    mag_topology_free(topology);
    return os_index;
}

/* Sets a variable to one of the values above. */
static void set(const char *name, const char *value)
{
    uint32_t pu = some_pu();
    char text[200];
    size_t used = 0;

    text[0] = '\0';
    for (; *value != '\0'; value++) {
        used += (size_t)(*value == '@'
                             ? snprintf(text + used, sizeof(text) - used, "%u", pu)
                             : snprintf(text + used, sizeof(text) - used, "%c", *value));
    }
    assert_int_equal(setenv(name, text, 1), 0);
}

static void unset_all(void)
{
    for (uint32_t i = 0; i < VARIABLES; i++)
        assert_int_equal(unsetenv(values[i].name), 0);
}

static void each_variable_is_in_the_table_and_has_its_words(void **state)
{
    uint32_t count = 0;
    (void)state;

    for (const struct mag_sched_variable *one; (one = mag_sched_variable(count)) != NULL;
         count++) {
        assert_true(count < VARIABLES);
        assert_string_equal(one->name, values[count].name);
        assert_true(strlen(one->field) > 0 && strlen(one->allowed) > 0 &&
                    strlen(one->meaning) > 0);
    }
    assert_int_equal(count, VARIABLES);
    assert_null(mag_sched_variable(UINT32_MAX));
    assert_null(mag_sched_variable_value(count));
    assert_int_equal(mag_sched_variable_check(count), -EINVAL);
}

static void every_right_value_is_taken(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < VARIABLES; i++) {
        for (uint32_t j = 0; j < VALUES && values[i].right[j] != NULL; j++) {
            set(values[i].name, values[i].right[j]);
            if (mag_sched_variable_check(i) != 0)
                fail_msg("%s=%s is refused", values[i].name, values[i].right[j]);
        }
    }
    unset_all();
}

static void every_wrong_value_is_refused(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < VARIABLES; i++) {
        for (uint32_t j = 0; j < VALUES && values[i].wrong[j] != NULL; j++) {
            set(values[i].name, values[i].wrong[j]);
            if (mag_sched_variable_check(i) != MAG_E_ENVIRONMENT)
                fail_msg("%s=%s is taken", values[i].name, values[i].wrong[j]);
        }
    }
    unset_all();
}

static void the_limits_in_the_help_text_are_the_limits_that_hold(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < VARIABLES; i++) {
        const char *rest = strstr(mag_sched_variable(i)->allowed, " to ");
        char text[32];

        if (rest == NULL)
            continue;
        unsigned long long least = strtoull(mag_sched_variable(i)->allowed, NULL, 10);
        unsigned long long most = strtoull(rest + strlen(" to "), NULL, 10);
        for (int beyond = -1; beyond <= 1; beyond++) {
            (void)snprintf(text, sizeof(text), "%lld",
                           (long long)(beyond < 0 ? least : most) + beyond);
            set(values[i].name, text);
            assert_int_equal(mag_sched_variable_check(i),
                             beyond == 0 ? 0 : MAG_E_ENVIRONMENT);
        }
    }
    unset_all();
}

static void a_value_that_is_empty_is_none(void **state)
{
    (void)state;

    for (uint32_t i = 0; i < VARIABLES; i++) {
        set(values[i].name, "");
        assert_null(mag_sched_variable_value(i));
        assert_int_equal(mag_sched_variable_check(i), 0);
        set(values[i].name, "wrong");
        assert_string_equal(mag_sched_variable_value(i), "wrong");
    }
    unset_all();
}

static void each_variable_sets_its_field_and_no_other(void **state)
{
    struct mag_sched_config config;
    uint32_t *os_pus = NULL;
    uint32_t pu = some_pu();
    (void)state;

    mag_sched_config_init(&config);
    config.local_size = 77;
    set("MAGPIE_WORKERS", "5");
    set("MAGPIE_PLACEMENT", "@,@-@");
    set("MAGPIE_PIN", "off");
    set("MAGPIE_STACK_SIZE", "2M");
    set("MAGPIE_FORK_DEPTH", "100");
    set("MAGPIE_SPIN_US", "7");
    assert_int_equal(mag_environment_apply(&config, &os_pus), 0);
    assert_int_equal(config.workers, 5);
    assert_int_equal(config.placement, MAG_PLACE_LIST);
    assert_ptr_equal(config.os_pus, os_pus);
    assert_int_equal(config.os_pu_count, 2);
    assert_int_equal(os_pus[0], pu);
    assert_int_equal(os_pus[1], pu);
    assert_int_equal(config.pin, MAG_PIN_NEVER);
    assert_int_equal(config.stack_size, 2 * 1024 * 1024);
    assert_int_equal(config.fork_depth, 128);
    assert_int_equal(config.spin_us, 7);
    assert_int_equal(config.local_size, 77);
    free(os_pus);
    unset_all();
}

static void nothing_is_left_when_a_variable_is_wrong_or_memory_is_short(void **state)
{
    struct mag_sched_config config;
    uint32_t *os_pus = NULL;
    int64_t before = test_live_allocations();
    (void)state;

    mag_sched_config_init(&config);
    set("MAGPIE_PLACEMENT", "@,@");
    test_fail_allocation(1);
    assert_int_equal(mag_environment_apply(&config, &os_pus), -ENOMEM);
    test_fail_allocation(1);
    assert_int_equal(mag_sched_variable_check(1), -ENOMEM);
    set("MAGPIE_SPIN_US", "wrong");
    assert_int_equal(mag_environment_apply(&config, &os_pus), MAG_E_ENVIRONMENT);
    assert_null(os_pus);
    assert_int_equal(test_live_allocations(), before);
    unset_all();
}

/* ---------------------------------------------------------- the default scheduler */

/* In a child process: 0, or the number of the step that failed. */
#define CHECK(step, condition) \
    do {                       \
        if (!(condition))      \
            return (step);     \
    } while (0)

static __attribute__((unused)) int overrule(void *arg)
{
    struct mag_sched_config config;
    struct mag_sched *sched;
    struct mag_sched *own;
    (void)arg;

    mag_sched_config_init(&config);
    config.workers = 3;
    config.spin_us = 0;
    config.local_size = 64;
    CHECK(1, setenv("MAGPIE_WORKERS", "2", 1) == 0);
    CHECK(2, mag_sched_default_configure(&config) == 0);
    CHECK(3, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 2);
    CHECK(4, mag_sched_start(&config, &own) == 0 && mag_sched_workers(own) == 3);
    CHECK(5, mag_sched_destroy(own) == 0);
    return 0;
}

static __attribute__((unused)) int correct(void *arg)
{
    struct mag_sched *sched = NULL;
    (void)arg;

    CHECK(1, setenv("MAGPIE_WORKERS", "several", 1) == 0);
    CHECK(2, mag_sched_default(&sched) == MAG_E_ENVIRONMENT && sched == NULL);
    CHECK(3, setenv("MAGPIE_WORKERS", "1", 1) == 0);
    /* A list with PUs that no machine has is refused when the workers are placed. */
    CHECK(4, setenv("MAGPIE_PLACEMENT", "4000000000", 1) == 0);
    CHECK(5, mag_sched_default(&sched) == MAG_E_ENVIRONMENT && sched == NULL);
    CHECK(6, unsetenv("MAGPIE_PLACEMENT") == 0);
    CHECK(7, mag_sched_default(&sched) == 0 && mag_sched_workers(sched) == 1);
    /* The variables are read once. */
    CHECK(8, setenv("MAGPIE_WORKERS", "several", 1) == 0);
    CHECK(9, mag_sched_default(&sched) == 0);
    return 0;
}

static void
the_environment_overrules_the_program_and_own_schedulers_ignore_it(void **state)
{
    (void)state;
    test_step_in_child(overrule);
}

static void a_wrong_value_is_an_error_with_a_text_until_it_is_put_right(void **state)
{
    (void)state;
    assert_non_null(strstr(mag_error_text(MAG_E_ENVIRONMENT), "environment"));
    test_step_in_child(correct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_variable_is_in_the_table_and_has_its_words),
        cmocka_unit_test(every_right_value_is_taken),
        cmocka_unit_test(every_wrong_value_is_refused),
        cmocka_unit_test(the_limits_in_the_help_text_are_the_limits_that_hold),
        cmocka_unit_test(a_value_that_is_empty_is_none),
        cmocka_unit_test(each_variable_sets_its_field_and_no_other),
        cmocka_unit_test(nothing_is_left_when_a_variable_is_wrong_or_memory_is_short),
        cmocka_unit_test(
            the_environment_overrules_the_program_and_own_schedulers_ignore_it),
        cmocka_unit_test(a_wrong_value_is_an_error_with_a_text_until_it_is_put_right),
    };

    unset_all();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
