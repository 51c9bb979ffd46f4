/* SPDX-License-Identifier: Apache-2.0 */
/*
 * White-box: two threads that read one task at the same moment, step by step.  Both have
 * seen the token and that the task is complete.  Debug builds report one of them.
 */
#include "tests/support/vtask/probe.h"

#include "vtask/core/core.h"

static unsigned recycled;
static struct mag_core core;

static void count_recycled(struct mag_core *of)
{
    (void)of;
    recycled++;
}

static const struct mag_core_type counted = {.recycle = count_recycled};

static void skip_without_checks(void)
{
#ifndef MAG_DEBUG_TASKS
    print_message("skipped: the library is built without MAG_DEBUG_TASKS\n");
    skip();
#endif
}

static int begin(void **state)
{
    (void)state;
    recycled = 0;
    memset((void *)&core, 0, sizeof(core));
    mag_core_prepare(&core, &counted);
    return 0;
}

/* VT-191 */
static void one_of_two_reads_at_once_is_refused(void **state)
{
    uint64_t result = 0;
    (void)state;

    skip_without_checks();
    assert_int_equal(mag_core_set_result(&core, 5), 0);
    assert_true(mag_core_is_ready(&core, 0));
    assert_int_equal(mag_core_consume(&core, 0, &result, sizeof(result), NULL), 0);
    assert_int_equal(result, 5);
    assert_int_equal(mag_core_consume(&core, 0, &result, sizeof(result), NULL),
                     MAG_E_TOKEN);
    assert_int_equal(recycled, 1);
    assert_int_equal(core_token(&core), 1);

    assert_int_equal(mag_core_set_error(&core, -EIO, 0), 0);
    assert_int_equal(mag_core_consume(&core, 1, &result, 0, NULL), -EIO);
    assert_int_equal(mag_core_consume(&core, 1, &result, 0, NULL), MAG_E_TOKEN);
    assert_int_equal(recycled, 2);
}

/* VT-191 */
static void a_read_while_another_consumes_is_refused(void **state)
{
    uint64_t result = 0;
    (void)state;

    skip_without_checks();
    assert_int_equal(mag_core_set_result(&core, 5), 0);
    /* The other thread is between its look and the end of the operation. */
    assert_true(mag_core_is_ours(&core, 0));
    assert_int_equal(mag_core_consume(&core, 0, &result, sizeof(result), NULL),
                     MAG_E_TOKEN);
    assert_int_equal(recycled, 0);
    mag_core_renew(&core);
    assert_int_equal(core_token(&core), 1);
    assert_int_equal(core_status(&core), MAG_PENDING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_of_two_reads_at_once_is_refused, begin),
        cmocka_unit_test_setup(a_read_while_another_consumes_is_refused, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
