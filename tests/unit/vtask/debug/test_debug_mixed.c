/* SPDX-License-Identifier: Apache-2.0 */

/* A program that was compiled for the other kind of library (debug or not) than the one
 * it runs with. */
#ifdef MAG_DEBUG_TASKS
#    undef MAG_DEBUG_TASKS
#    define LIBRARY_WRITES_DOWN 1
#else
#    define MAG_DEBUG_TASKS     1
#    define LIBRARY_WRITES_DOWN 0
#endif

#include "tests/support/vtask/probe.h"

#include <magpie/async.h>
#include <magpie/debug.h>
#include <magpie/operation.h>
#include <magpie/promise.h>

static size_t unconsumed(void)
{
    size_t count = 0;
    int r = mag_debug_unconsumed(NULL, NULL, &count);

    assert_int_equal(r, LIBRARY_WRITES_DOWN ? 0 : -ENOTSUP);
    return count;
}

static struct mag_operation *rent(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    return object;
}

/* VT-198 */
static void operations_work_and_are_not_listed(void **state)
{
    uint64_t result = 0;
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        struct mag_operation *operation = rent();
        mag_vtask task = mag_operation_task(operation);

        assert_int_equal(unconsumed(), 0);
        assert_int_equal(mag_core_set_result(&operation->core, i), 0);
        assert_int_equal(mag_vtask_get(task, &result), 0);
        assert_int_equal(result, i);
        assert_int_equal(mag_vtask_get(task, &result), MAG_E_TOKEN);
    }
}

MAG_ASYNC(mag_task, wait_for, (mag_vtask, task), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->task));
    MAG_END(f);
}

/* VT-198 */
static void what_the_library_hands_out_itself_is_listed(void **state)
{
    struct mag_promise *promise = NULL;
    (void)state;

    struct mag_operation *operation = rent();
    mag_task waiting = wait_for(mag_operation_task(operation));
    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    assert_int_equal(unconsumed(), LIBRARY_WRITES_DOWN ? 2 : 0);
    assert_int_equal(mag_core_set_result(&operation->core, 1), 0);
    assert_int_equal(mag_task_get(waiting), 0);
    mag_promise_release(promise);
    assert_int_equal(unconsumed(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_work_and_are_not_listed),
        cmocka_unit_test(what_the_library_hands_out_itself_is_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
