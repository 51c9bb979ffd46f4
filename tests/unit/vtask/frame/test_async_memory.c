/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>

/* An await that finds no memory for its frame, and what becomes of the awaited task. */

/* Each test has frames of a size of its own, so that their pool does not exist yet. */
#define RETRIES(name, bytes)                                                        \
    MAG_ASYNC(long_task, name, (mag_vtask, task, int *, errors), char large[bytes]; \
              int tries; long result;)                                              \
    {                                                                               \
        MAG_BEGIN(f);                                                               \
        f->large[0] = 1;                                                            \
        for (f->tries = 0; f->tries < 2; f->tries++)                                \
            MAG_TRY(f, f->errors[f->tries], f->result, long_task_of(f->task));      \
        return long_task_result(f->result);                                         \
        MAG_END(f);                                                                 \
    }
RETRIES(retries_a_starved_source, 9000)
RETRIES(retries_a_core, 20000)
RETRIES(retries_a_source, 40000)

/* ------------------------------------------------------------------ a starved source */

static unsigned starving; /* how many of the next calls run out of memory */

static int starved_status(struct mag_source *source, uint64_t token)
{
    test_fail_allocation(starving > 0 ? 1 : 0);
    starving -= starving > 0;
    return scripted_status(source, token);
}

static const struct mag_source_ops starved_ops = {starved_status, scripted_on_completed,
                                                  scripted_get};

/* VT-193, VT-204 */
static void a_source_that_cannot_be_discarded_either_is_as_it_was(void **state)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    int errors[2] = {1, 1};
    (void)state;

    /* The await asks the source, and so does the discard.  This test is the first, so
     * that the pool of sinks is still empty. */
    source.source.ops = &starved_ops;
    starving = 2;
    long_task waits = retries_a_starved_source(task, errors);
    assert_int_equal(starving, 0);
    assert_int_equal(errors[0], -ENOMEM);
    assert_int_equal(mag_vtask_status(waits.task), MAG_PENDING);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    assert_int_equal(result_of_long(waits), 42);
    assert_int_equal(errors[1], 0);
    assert_int_equal(source.registered, 1);
    assert_int_equal(source.taken, 1);
}

/* VT-193 */
static void a_source_is_discarded_and_to_await_it_again_is_misuse(void **state)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    int errors[2] = {1, 1};
    (void)state;

    test_fail_allocation(1);
    assert_int_equal(result_of_long(retries_a_source(task, errors)), 0);
    assert_true(test_has_failed());
    assert_int_equal(errors[0], -ENOMEM);
    assert_int_equal(errors[1], MAG_E_CONTINUATION);
    assert_int_equal(source.registered, 1);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    assert_int_equal(source.taken, 1);
}

/* ------------------------------------------------------------------------- a core */

static unsigned recycled;

static void recycle(struct mag_core *core)
{
    (void)core;
    recycled++;
}

static const struct mag_core_type pooled_type = {.recycle = recycle};

/* VT-193 */
static void a_core_is_discarded_and_to_await_it_again_is_misuse(void **state)
{
    struct mag_core core;
    int errors[2] = {1, 1};
    (void)state;

    recycled = 0;
    memset(&core, 0, sizeof(core));
    mag_core_prepare(&core, &pooled_type);
    test_fail_allocation(1);
    assert_int_equal(result_of_long(retries_a_core(mag_core_task(&core), errors)), 0);
    assert_true(test_has_failed());
    assert_int_equal(errors[0], -ENOMEM);
    assert_int_equal(errors[1], MAG_E_CONTINUATION);
    assert_int_equal(recycled, 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(recycled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_that_cannot_be_discarded_either_is_as_it_was),
        cmocka_unit_test(a_source_is_discarded_and_to_await_it_again_is_misuse),
        cmocka_unit_test(a_core_is_discarded_and_to_await_it_again_is_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
