/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/diagnosis.h"
#include "tests/support/cmocka.h"
#include "tests/support/files.h"

#include <stdlib.h>
#include <string.h>

/* Puts the process into the group /a/b of a v2 hierarchy. */
static void put_group(void)
{
    test_root_put("/proc/self/cgroup", "0::/a/b\n");
    test_root_put("/proc/self/mountinfo",
                  "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
}

static void write_text(FILE *out, const struct bench_diagnosis *d)
{
    bench_diagnosis_print(out, d);
}

static void write_json(FILE *out, const struct bench_diagnosis *d)
{
    assert_int_equal(bench_diagnosis_json(out, d), 0);
}

/* The text that is written about a machine with those groups; to be freed. */
static char *said_by(void (*write)(FILE *out, const struct bench_diagnosis *d))
{
    struct bench_diagnosis d = {.load = -1};
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "core:8 pu:1", &d.topology), 0);
    assert_int_equal(mag_budget_read(d.topology, MAG_BUDGET_UP, test_root(), &d.budget),
                     0);
    write(out, &d);
    (void)fclose(out);
    bench_diagnosis_free(&d);
    return text;
}

static void expect_line(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("'%s' is not in %s", line, text);
}

static void the_own_group_is_named_also_where_it_has_no_controller(void **state)
{
    (void)state;
    put_group();
    test_root_put("/sys/fs/cgroup/a/b/cgroup.events", "populated 1\n");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    test_root_put("/sys/fs/cgroup/a/cpu.stat",
                  "nr_throttled 7\nthrottled_usec 2500000\n");
    char *text = said_by(write_text);

    expect_line(text, "3.00 CPUs, the smallest of these groups\n");
    expect_line(text, "/sys/fs/cgroup/a/b: no CPU controller, so no limit\n");
    assert_true(strstr(text, "its group") < strstr(text, "/a/b: no CPU controller"));
    assert_true(strstr(text, "above it") > strstr(text, "/a/b: no CPU controller"));
    expect_line(text, "/sys/fs/cgroup/a: 3.00 CPUs, 300.0 ms of every 100.0 ms\n");
    expect_line(text, "held back 7 times, for 2.50 s in all\n");
    free(text);
}

static void never_throttled_is_told_apart_from_unreadable(void **state)
{
    (void)state;
    put_group();
    test_root_put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    test_root_put("/sys/fs/cgroup/a/b/cpu.stat", "nr_throttled 0\nthrottled_usec 0\n");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    char *text = said_by(write_text);
    char *json = said_by(write_json);

    expect_line(text, "of every 100.0 ms\n                never held back so far\n");
    expect_line(text,
                "no limit\n                how often it was held back cannot be read\n");
    expect_line(json, "\"throttled\": 0,");
    expect_line(json, "\"throttled\": null,");
    free(text);
    free(json);
}

static void in_the_root_there_is_no_limit_and_there_are_groups(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/\n");
    test_root_put("/proc/self/mountinfo",
                  "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    test_root_put("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    char *text = said_by(write_text);

    expect_line(text, "quota         none: no control group sets a limit\n");
    assert_null(strstr(text, "its group"));
    free(text);
}

/* All warnings about eight idle PUs of this machine, except for what `d` says. */
static char *warned_of(struct bench_diagnosis d)
{
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "core:8 pu:1", &d.topology), 0);
    assert_int_equal(mag_budget_read(d.topology, MAG_BUDGET_UP, test_root(), &d.budget),
                     0);
    bench_diagnosis_warn(&d);
    for (uint32_t i = 0; i < d.warning_count; i++)
        (void)fprintf(out, "%s\n", d.warnings[i]);
    bench_diagnosis_print(out, &d);
    (void)fclose(out);
    bench_diagnosis_free(&d);
    return text;
}

static void where_others_are_busy_not_to_pin_always_is_suggested(void **state)
{
    char *text = warned_of((struct bench_diagnosis){.load = 27, .membarrier = true});
    (void)state;

    expect_line(text, "Other work keeps about 27.0 of 8 PUs busy");
    expect_line(text, "MAG_PIN_ALWAYS");
    free(text);
    text = warned_of((struct bench_diagnosis){.load = 0.1, .membarrier = true});
    assert_null(strstr(text, "MAG_PIN_ALWAYS"));
    free(text);
}

static void a_pin_that_is_lost_is_not_called_obtained(void **state)
{
    char *text = warned_of(
        (struct bench_diagnosis){.pinned = MAG_PIN_LOST, .membarrier = true, .load = -1});
    (void)state;

    expect_line(text, "pinning       lost\n");
    expect_line(text, "runs the thread elsewhere");
    free(text);
}

static void with_one_node_there_is_nothing_to_bind_and_nothing_to_warn_of(void **state)
{
    char *text = warned_of((struct bench_diagnosis){.membarrier = true, .load = -1});
    char *json = said_by(write_json);
    (void)state;

    expect_line(text, "memory        one node: nothing to bind\n");
    assert_null(strstr(text, "bind memory to nodes"));
    expect_line(json, "\"memory_binding\": null,");
    expect_line(json, "\"memory_preference\": null,");
    free(text);
    free(json);
}

#define IN_ROOT(test) \
    cmocka_unit_test_setup_teardown(test, test_root_make, test_root_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOT(the_own_group_is_named_also_where_it_has_no_controller),
        IN_ROOT(never_throttled_is_told_apart_from_unreadable),
        IN_ROOT(in_the_root_there_is_no_limit_and_there_are_groups),
        IN_ROOT(where_others_are_busy_not_to_pin_always_is_suggested),
        IN_ROOT(a_pin_that_is_lost_is_not_called_obtained),
        IN_ROOT(with_one_node_there_is_nothing_to_bind_and_nothing_to_warn_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
