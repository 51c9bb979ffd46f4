/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/groups.h"
#include "tests/support/sched/start.h"
#include "tests/support/sched/trace_text.h"

#include <magpie/trace.h>

#include <stdlib.h>
#include <string.h>

static int count_inside(void *arg)
{
    struct mag_group *group = arg;
    static _Atomic(uint64_t) runs;
    int r = mag_group_add(group, group_count, &runs);

    return r != 0 ? r : mag_group_wait(group, -1, NULL);
}

static void jobs_of_a_group_appear_inside_it(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group_config config;
    struct mag_group *group;
    (void)state;

    mag_group_config_init(&config);
    config.name = "decoders";
    assert_int_equal(mag_group_create(sched, &config, &group), 0);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_group_add(group, count_inside, group), 0);
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    const char *group_line = strstr(text.bytes, "\"name\":\"decoders\"");
    assert_non_null(group_line);
    const char *outer = strstr(group_line, "\"name\":\"count_inside\"");
    assert_non_null(outer);
    /* The one that the waiting worker runs. */
    assert_non_null(strstr(outer, "\"name\":\"group_count\""));
    free(text.bytes);
    assert_int_equal(mag_group_destroy(group), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_a_group_appear_inside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
