/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers that write a trace of their whole life into a file. */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include <magpie/trace.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/magpie-trace-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* Whether the file has the text; removes it. */
static bool take_file(const char *path, const char *text)
{
    static char content[65536];
    FILE *file = fopen(path, "r");
    size_t length = 0;

    if (file == NULL)
        return false;
    length = fread(content, 1, sizeof(content) - 1, file);
    content[length] = '\0';
    (void)fclose(file);
    (void)unlink(path);
    return strstr(content, text) != NULL;
}

static void run_traced(const char *path, bool stop_first)
{
    struct mag_sched_config config = test_sched_config(1);
    struct counted job = counted_make();

    config.trace = path;
    struct mag_sched *sched = test_sched_start_as(&config);
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    if (stop_first)
        assert_int_equal(mag_trace_stop(sched), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_scheduler_leaves_the_trace_of_its_life(void **state)
{
    char path[128];
    (void)state;

    (void)snprintf(path, sizeof(path), "%s/trace.json", folder);
    run_traced(path, false);
    assert_true(take_file(path, "\"counted_run\""));
    run_traced(path, true);
    assert_true(take_file(path, "\"counted_run\""));
}

static void a_process_puts_its_number_into_the_name(void **state)
{
    char pattern[128];
    char path[128];
    (void)state;

    (void)snprintf(pattern, sizeof(pattern), "%s/%%p.%%p", folder);
    (void)snprintf(path, sizeof(path), "%s/%d.%%p", folder, (int)getpid());
    run_traced(pattern, false);
    assert_true(take_file(path, "\"counted_run\""));
}

static void a_file_that_cannot_be_created_is_an_error_and_leaves_nothing(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    int64_t live = test_live_allocations();
    struct mag_sched *sched = NULL;
    char path[128];
    (void)state;

    (void)snprintf(path, sizeof(path), "%s/absent/trace.json", folder);
    config.trace = path;
    assert_int_equal(mag_sched_start(&config, &sched), -ENOENT);
    config.trace = "";
    assert_int_equal(mag_sched_start(&config, &sched), -EINVAL);
    assert_null(sched);
    assert_int_equal(test_live_allocations(), live);
}

static void a_start_without_memory_for_the_trace_fails(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_sched *sched = NULL;
    char path[128];
    (void)state;

    (void)snprintf(path, sizeof(path), "%s/trace.json", folder);
    config.trace = path;
    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = mag_sched_start(&config, &sched);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (r == 0) {
            assert_int_equal(mag_sched_destroy(sched), 0);
            /* A failure that the scheduler can live with is not the last. */
            if (!failed)
                break;
        } else {
            assert_int_equal(r, -ENOMEM);
        }
    }
    assert_true(take_file(path, "traceEvents"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scheduler_leaves_the_trace_of_its_life),
        cmocka_unit_test(a_process_puts_its_number_into_the_name),
        cmocka_unit_test(a_file_that_cannot_be_created_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_start_without_memory_for_the_trace_fails),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
