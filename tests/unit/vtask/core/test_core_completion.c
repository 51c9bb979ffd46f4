/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/core.h"
#include "tests/support/vtask/probe.h"

#include <stdlib.h>

/* Completing a core, waiting for one, and what a continuation may do to it: groups J, L
 * and O. */

/* Completes `core` in one of three ways. */
static int complete(unsigned how)
{
    switch (how) {
    case 0:
        return mag_core_set_result(&core, 100);
    case 1:
        return mag_core_set_error(&core, -EIO, 101);
    default:
        return mag_core_set_error(&core, -ECANCELED, 102);
    }
}

/* ------------------------------------------------------------------ completing */

/* VT-78, VT-82 */
static void each_way_to_complete_stores_its_outcome(void **state)
{
    const int codes[] = {0, -EIO, -ECANCELED};
    const int statuses[] = {MAG_SUCCEEDED, MAG_FAULTED, MAG_CANCELED};
    (void)state;

    for (unsigned how = 0; how < 3; how++) {
        uint64_t result = 1, detail = 1;

        mag_core_reset(&core);
        assert_int_equal(complete(how), 0);
        assert_int_equal(core_status(&core), statuses[how]);
        assert_int_equal(mag_core_get(&core, core_token(&core), &result, 8, &detail),
                         codes[how]);
        assert_int_equal(how == 0 ? result : detail, 100 + how);
    }
}

/* VT-79, VT-80 */
static void a_second_completion_is_refused_and_the_outcome_stays(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 18; i++) {
        unsigned first = i % 3, second = i / 3 % 3;
        struct probe probe = probe_make();
        struct mag_core before;

        mag_core_reset(&core);
        if (i >= 9)
            assert_int_equal(core_register(&core, &probe, 0), 0);
        assert_int_equal(complete(first), 0);
        memcpy(&before, &core, sizeof(core));
        assert_int_equal(complete(second), MAG_E_DONE);
        assert_int_equal(mag_core_set_value(&core, NULL, 0), MAG_E_DONE);
        assert_memory_equal(&before, &core, sizeof(core));
        assert_int_equal(probe_runs(&probe), i >= 9);
    }
}

/* VT-81 */
static void no_error_and_misuse_are_no_errors_to_complete_with(void **state)
{
    const int codes[] = {0, MAG_E_TOKEN, MAG_E_SIZE, MAG_E_LAST};
    struct probe probe = probe_make();
    struct mag_core before;
    (void)state;

    assert_int_equal(core_register(&core, &probe, 0), 0);
    memcpy(&before, &core, sizeof(core));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(mag_core_set_error(&core, codes[i], 7), MAG_E_ARG);
    assert_memory_equal(&before, &core, sizeof(core));
    assert_int_equal(probe_runs(&probe), 0);
}

/* VT-85, VT-104 */
static void completing_returns_after_an_inline_continuation(void **state)
{
    struct probe probe = probe_make();
    struct shelf shelf = shelf_make();
    (void)state;

    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_true(probe_ran_here(&probe));

    mag_core_reset(&core);
    probe = probe_make();
    assert_int_equal(shelf_register(&shelf, &core, &probe), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 0);

    mag_core_reset(&core);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
}

/* ----------------------------------------------------------------- registering */

/* VT-59, VT-95, VT-96 */
static void no_continuation_is_told_before_a_wrong_token(void **state)
{
    struct mag_continuation empty = {.home = 0};
    struct mag_core before;
    (void)state;

    memcpy(&before, &core, sizeof(core));
    assert_int_equal(mag_core_on_completed(&core, 5, NULL, 0), MAG_E_ARG);
    assert_int_equal(mag_core_on_completed(&core, 5, &empty, 0), MAG_E_ARG);
    assert_int_equal(mag_core_on_completed(&core, 0, NULL, 0), MAG_E_ARG);
    assert_memory_equal(&before, &core, sizeof(core));
}

/* VT-96, VT-99 */
static void a_refused_continuation_is_left_as_it_was(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe first = probe_make(), second = probe_make();
    const uintptr_t mark = 0x1234560;
    (void)state;

    second.continuation.home = mark;
    struct mag_executor *before = mag_executor_enter(&shelf.executor);
    assert_int_equal(mag_core_on_completed(&core, 1, &second.continuation, 1),
                     MAG_E_TOKEN);
    assert_int_equal(core_register(&core, &first, 0), 0);
    assert_int_equal(core_register(&core, &second, MAG_AWAIT_CONTEXT),
                     MAG_E_CONTINUATION);
    (void)mag_executor_enter(before);
    assert_int_equal(second.continuation.home, mark);
    /* The first continuation is still inline: the second has not brought its executor
     * along. */
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&first), 1);
    assert_int_equal(shelf.posts, 0);
}

/* VT-61, VT-62, VT-97, VT-98 */
static void the_first_continuation_stays_and_runs_once(void **state)
{
    struct probe first = probe_make(), others[3];
    (void)state;

    assert_int_equal(core_register(&core, &first, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        others[i] = probe_make();
        assert_int_equal(core_register(&core, &others[i], i), MAG_E_CONTINUATION);
    }
    assert_int_equal(core_register(&core, &first, 0), MAG_E_CONTINUATION);
    assert_int_equal(probe_runs(&first), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&first), 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_runs(&others[i]), 0);
}

/* VT-63, VT-100, VT-101 */
static void late_continuations_are_each_queued_and_run_once(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe probes[4];
    (void)state;

    for (unsigned setting = 0; setting < 2; setting++) {
        mag_core_reset(&core);
        core.flags = setting != 0 ? MAG_CORE_QUEUED : 0;
        assert_int_equal(mag_core_set_result(&core, 1), 0);
        for (unsigned i = 0; i < 4; i++) {
            probes[i] = probe_make();
            assert_int_equal(shelf_register(&shelf, &core, &probes[i]), 0);
            assert_int_equal(shelf.waiting, i + 1);
            assert_int_equal(probe_runs(&probes[i]), 0);
        }
        shelf_run(&shelf);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(probe_runs(&probes[i]), 1);
    }
}

/* VT-102 */
static void waiting_again_after_a_continuation_ran_is_refused(void **state)
{
    struct probe first = probe_make(), second = probe_make();
    (void)state;

    assert_int_equal(core_register(&core, &first, 0), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(core_register(&core, &second, 0), MAG_E_CONTINUATION);
    assert_int_equal(core_register(&core, &first, 0), MAG_E_CONTINUATION);
    assert_int_equal(probe_runs(&first), 1);
    assert_int_equal(probe_runs(&second), 0);
}

/* VT-103, VT-135 */
static void what_is_queued_needs_the_core_no_more(void **state)
{
    struct shelf shelf = shelf_make();
    (void)state;

    for (unsigned late = 0; late < 2; late++) {
        struct probe old = probe_make(), new = probe_make();
        struct mag_core *heap = calloc(1, sizeof(*heap));

        assert_non_null(heap);
        if (late != 0)
            assert_int_equal(mag_core_set_result(heap, 1), 0);
        assert_int_equal(shelf_register(&shelf, heap, &old), 0);
        if (late == 0)
            assert_int_equal(mag_core_set_result(heap, 1), 0);
        assert_int_equal(shelf.waiting, 1);
        mag_core_reset(heap);
        assert_int_equal(core_register(heap, &new, 0), 0);
        memset((void *)heap, 0xff, sizeof(*heap));
        free(heap);
        shelf_run(&shelf);
        assert_int_equal(probe_runs(&old), 1);
        assert_int_equal(probe_runs(&new), 0);
    }
}

/* ---------------------------------------------------------------- re-entrancy */

static void free_core(struct probe *probe)
{
    memset(probe->arg, 0xff, sizeof(struct mag_core));
    free(probe->arg);
}

/* VT-123, VT-124 */
static void a_continuation_may_free_the_source(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 2; how++) {
        struct mag_core *heap = calloc(1, sizeof(*heap));
        struct probe probe = probe_make();

        assert_non_null(heap);
        probe.then = free_core;
        probe.arg = heap;
        assert_int_equal(core_register(heap, &probe, 0), 0);
        assert_int_equal(how == 0 ? mag_core_set_result(heap, 1)
                                  : mag_core_set_error(heap, -EIO, 1),
                         0);
        assert_int_equal(probe_runs(&probe), 1);
    }
}

/* What one step of the loop below sees inside its continuation. */
struct step {
    struct probe *next; /* awaits the operation after this one */
    uint64_t number, result;
    int old_status, old_get, new_status, registered;
};

static void begin_next(struct probe *probe)
{
    struct step *step = probe->arg;
    uint64_t old = core_token(&core), result = 0;

    if (core_get(&core, &step->result) != 0)
        step->result = UINT64_MAX;
    mag_core_reset(&core);
    step->old_status = mag_core_status(&core, old);
    step->old_get = mag_core_get(&core, old, &result, 8, NULL);
    step->new_status = core_status(&core);
    if (step->next != NULL)
        step->registered = core_register(&core, step->next, 0);
}

/* VT-123, VT-125, VT-126, VT-127 */
static void a_continuation_may_begin_the_next_operation_on_the_core(void **state)
{
    enum { STEPS = 1000 };
    static struct probe probes[STEPS];
    static struct step steps[STEPS];
    (void)state;

    for (uint64_t i = 0; i < STEPS; i++) {
        probes[i] = probe_make();
        probes[i].then = begin_next;
        probes[i].arg = &steps[i];
        steps[i] = (struct step){.number = i, .registered = 1};
        steps[i].next = i + 1 < STEPS ? &probes[i + 1] : NULL;
    }
    assert_int_equal(core_register(&core, &probes[0], 0), 0);
    for (uint64_t i = 0; i < STEPS; i++) {
        assert_int_equal(core_token(&core), i);
        assert_int_equal(mag_core_set_result(&core, i + 5), 0);
        assert_int_equal(probe_runs(&probes[i]), 1);
        assert_int_equal(steps[i].result, i + 5);
        assert_int_equal(steps[i].old_status, MAG_E_TOKEN);
        assert_int_equal(steps[i].old_get, MAG_E_TOKEN);
        assert_int_equal(steps[i].new_status, MAG_PENDING);
        assert_int_equal(steps[i].registered, i + 1 < STEPS ? 0 : 1);
    }
}

/* Completes the next operation from inside the completion of this one. */
static void nest(struct probe *probe)
{
    uint64_t *left = probe->arg, result = 0;

    if (core_get(&core, &result) != 0 || result != *left)
        return;
    mag_core_reset(&core);
    if (--*left == 0)
        return;
    if (core_register(&core, probe, 0) == 0 && mag_core_set_result(&core, *left) == 0)
        return;
    *left = UINT64_MAX;
}

/* VT-123, VT-125 */
static void operations_may_complete_inside_one_another(void **state)
{
    uint64_t left = MAG_INLINE_DEPTH_MAX - 1;
    struct probe probe = probe_make();
    (void)state;

    probe.then = nest;
    probe.arg = &left;
    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(mag_core_set_result(&core, left), 0);
    assert_int_equal(left, 0);
    assert_int_equal(probe_runs(&probe), MAG_INLINE_DEPTH_MAX - 1);
    assert_int_equal(core_token(&core), MAG_INLINE_DEPTH_MAX - 1);
    assert_int_equal(core_status(&core), MAG_PENDING);
}

/* VT-133, VT-205 */
static void no_mark_of_the_slot_is_a_continuation_or_outlives_its_operation(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    assert_true(MAG_SLOT_RAN < _Alignof(struct mag_continuation));
    for (unsigned i = 0; i < 3; i++) {
        if (i == 1)
            assert_int_equal(core_register(&core, &probe, 0), 0);
        if (i == 2)
            assert_int_equal(mag_core_discard(&core, core_token(&core)), 0);
        assert_int_equal(mag_core_set_result(&core, 1), 0);
        mag_core_reset(&core);
        /* relaxed: one thread. */
        assert_int_equal(atomic_load_explicit(&core.slot, memory_order_relaxed),
                         MAG_SLOT_EMPTY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_way_to_complete_stores_its_outcome, core_clear),
        cmocka_unit_test_setup(a_second_completion_is_refused_and_the_outcome_stays,
                               core_clear),
        cmocka_unit_test_setup(no_error_and_misuse_are_no_errors_to_complete_with,
                               core_clear),
        cmocka_unit_test_setup(completing_returns_after_an_inline_continuation,
                               core_clear),
        cmocka_unit_test_setup(no_continuation_is_told_before_a_wrong_token, core_clear),
        cmocka_unit_test_setup(a_refused_continuation_is_left_as_it_was, core_clear),
        cmocka_unit_test_setup(the_first_continuation_stays_and_runs_once, core_clear),
        cmocka_unit_test_setup(late_continuations_are_each_queued_and_run_once,
                               core_clear),
        cmocka_unit_test_setup(waiting_again_after_a_continuation_ran_is_refused,
                               core_clear),
        cmocka_unit_test_setup(what_is_queued_needs_the_core_no_more, core_clear),
        cmocka_unit_test_setup(a_continuation_may_free_the_source, core_clear),
        cmocka_unit_test_setup(a_continuation_may_begin_the_next_operation_on_the_core,
                               core_clear),
        cmocka_unit_test_setup(operations_may_complete_inside_one_another, core_clear),
        cmocka_unit_test_setup(
            no_mark_of_the_slot_is_a_continuation_or_outlives_its_operation, core_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
