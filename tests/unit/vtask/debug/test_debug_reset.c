/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/debug.h"

/* A reset drops a waiting continuation.  Debug builds report that (VT-75). */

static struct ear ear;

static NOT_INLINE void reset(struct mag_core *core, const void **ret_caller)
{
    mag_core_reset(core);
    *ret_caller = CALLER;
}

/* VT-75, VT-198 */
static void a_reset_that_drops_a_continuation_is_reported_with_its_sites(void **state)
{
    struct probe probe = probe_make();
    const void *created, *caller;
    struct mag_operation *operation = rent_noted(&created);
    mag_vtask task = mag_operation_task(operation);
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
    ear_open(&ear);
    reset(&operation->core, &caller);
#ifdef MAG_DEBUG_TASKS
    assert_int_equal(ear.told, 1);
    assert_int_equal(ear.last.code, MAG_E_CONTINUATION);
    assert_int_equal(ear.last.kind, MAG_DEBUG_OPERATION);
    assert_ptr_equal(ear.last.object, operation);
    assert_int_equal(ear.last.token, task.payload);
    assert_true(site_has(&ear.last.here, caller));
    assert_true(site_has(&ear.last.created, created));
    assert_int_equal(ear.last.consumed.count, 0);
#else
    assert_int_equal(ear.told, 0);
#endif
    (void)mag_debug_watch(NULL);
    /* It is reset nevertheless. */
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(core_status(&operation->core), MAG_PENDING);
    assert_int_equal(probe_runs(&probe), 0);
    mag_operation_return(operation);
}

/* VT-75 */
static void a_reset_that_drops_no_continuation_is_not_reported(void **state)
{
    struct probe probe = probe_make();
    struct mag_core core;
    const void *caller;
    (void)state;

    memset(&core, 0, sizeof(core));
    ear_open(&ear);
    reset(&core, &caller);
    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    reset(&core, &caller);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    reset(&core, &caller);
    assert_int_equal(mag_core_discard(&core, core_token(&core)), 0);
    reset(&core, &caller);
    assert_int_equal(ear.told, 0);
    (void)mag_debug_watch(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_that_drops_a_continuation_is_reported_with_its_sites),
        cmocka_unit_test(a_reset_that_drops_no_continuation_is_not_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
