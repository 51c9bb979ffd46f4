/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/core.h"
#include "tests/support/vtask/probe.h"

/* The core: its states, its token, and what each call does in each state: groups I and K,
 * and the table of the manual-reset core. */

/* VT-69 */
static void all_zeroes_is_a_pending_core_with_token_zero(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(core_token(&core), 0);
    assert_int_equal(mag_core_status(&core, 0), MAG_PENDING);
    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_true(probe_ran_here(&probe));
}

/* VT-70 */
static void only_a_reset_moves_the_token_and_by_one(void **state)
{
    struct probe probe = probe_make();
    uint64_t result;
    (void)state;

    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(core_token(&core), i);
        assert_int_equal(core_register(&core, &probe, 0), 0);
        assert_int_equal(mag_core_set_result(&core, i), 0);
        assert_int_equal(core_get(&core, &result), 0);
        assert_int_equal(core_token(&core), i);
        mag_core_reset(&core);
    }
}

static void assert_refused(uint64_t token)
{
    struct probe probe = probe_make();
    uint64_t result = 5, detail = 6;
    struct mag_core before;

    memcpy(&before, &core, sizeof(core));
    assert_int_equal(mag_core_status(&core, token), MAG_E_TOKEN);
    assert_int_equal(mag_core_get(&core, token, &result, 8, &detail), MAG_E_TOKEN);
    assert_int_equal(mag_core_on_completed(&core, token, &probe.continuation, 0),
                     MAG_E_TOKEN);
    assert_int_equal(mag_core_discard(&core, token), MAG_E_TOKEN);
    assert_memory_equal(&before, &core, sizeof(core));
    assert_int_equal(result, 5);
    assert_int_equal(detail, 6);
    assert_int_equal(probe_runs(&probe), 0);
}

/* VT-71 */
static void a_token_that_wraps_harms_no_live_operation(void **state)
{
    uint64_t result = 0;
    (void)state;

    /* relaxed: one thread. */
    atomic_store_explicit(&core.token, MAG_TOKEN_MASK - 1, memory_order_relaxed);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t token = (MAG_TOKEN_MASK - 1 + i) & MAG_TOKEN_MASK;

        assert_int_equal(core_token(&core), token);
        assert_refused(token - 1);
        assert_refused(token + 1);
        assert_refused(token | MAG_VISITOR_LEFT);
        assert_int_equal(mag_core_set_result(&core, i), 0);
        assert_int_equal(mag_core_get(&core, token, &result, 8, NULL), 0);
        assert_int_equal(result, i);
        mag_core_reset(&core);
    }
}

/* VT-72, VT-203, VT-204 */
static void another_token_is_refused_in_every_state_and_changes_nothing(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    for (unsigned at = 0; at < 5; at++) {
        core = (struct mag_core){0};
        mag_core_reset(&core);
        if (at == 1 || at == 3)
            assert_int_equal(core_register(&core, &probe, 0), 0);
        if (at == 2 || at == 3)
            assert_int_equal(mag_core_set_result(&core, 1), 0);
        if (at == 4)
            assert_int_equal(mag_core_set_error(&core, -EIO, 3), 0);
        assert_refused(0);
        assert_refused(2);
        assert_refused(UINT64_MAX);
        assert_refused(UINT64_C(1) + (UINT64_C(1) << 16));
        assert_refused(UINT64_C(1) + (UINT64_C(1) << 32));
    }
}

/* VT-73, VT-74 */
static void a_reset_clears_the_operation_and_keeps_the_setting(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe probe = probe_make();
    uint64_t result = 1;
    (void)state;

    core.flags = MAG_CORE_QUEUED;
    assert_int_equal(shelf_register(&shelf, &core, &probe), 0);
    mag_core_reset(&core);
    assert_int_equal(core_token(&core), 1);
    assert_int_equal(core_status(&core), MAG_PENDING);
    assert_int_equal(core_get(&core, &result), MAG_E_PENDING);
    assert_int_equal(mag_core_set_error(&core, -EIO, 9), 0);
    assert_int_equal(shelf.posts, 0);
    mag_core_reset(&core);
    assert_int_equal(core_status(&core), MAG_PENDING);
    assert_int_equal(mag_core_set_result(&core, 4), 0);
    assert_int_equal(core_get(&core, &result), 0);
    assert_int_equal(result, 4);
    assert_int_equal(core.flags, MAG_CORE_QUEUED);
    assert_int_equal(probe_runs(&probe), 0);
}

/* VT-75, VT-76 */
static void a_reset_is_legal_in_every_state(void **state)
{
    struct probe probe = probe_make();
    uint64_t result;
    (void)state;

    mag_core_reset(&core);
    mag_core_reset(&core);
    assert_int_equal(core_token(&core), 2);
    assert_int_equal(core_register(&core, &probe, 0), 0);
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 0);
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(core_get(&core, &result), 0);
    mag_core_reset(&core);
    assert_int_equal(core_token(&core), 5);
    assert_int_equal(core_status(&core), MAG_PENDING);
}

/* VT-86, VT-88 */
static void the_status_is_that_of_the_outcome_and_stays(void **state)
{
    const struct {
        int error, status;
    } rows[] = {{0, MAG_SUCCEEDED},
                {-EIO, MAG_FAULTED},
                {7, MAG_FAULTED},
                {-ECANCELED, MAG_CANCELED}};
    (void)state;

    for (unsigned i = 0; i < 8; i++) {
        struct probe probe = probe_make();
        int error = rows[i / 2].error;

        mag_core_reset(&core);
        assert_int_equal(core_status(&core), MAG_PENDING);
        if ((i & 1) != 0)
            assert_int_equal(core_register(&core, &probe, 0), 0);
        assert_int_equal(core_status(&core), MAG_PENDING);
        assert_int_equal(error == 0 ? mag_core_set_result(&core, 1)
                                    : mag_core_set_error(&core, error, 0),
                         0);
        for (unsigned again = 0; again < 3; again++)
            assert_int_equal(core_status(&core), rows[i / 2].status);
    }
}

static void note_status(struct probe *probe)
{
    *(int *)probe->arg = core_status(&core);
}

/* VT-89 */
static void the_status_tells_completion_before_the_continuation_runs(void **state)
{
    struct probe probe = probe_make();
    int status = -1;
    (void)state;

    probe.then = note_status;
    probe.arg = &status;
    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(status, MAG_SUCCEEDED);
}

/* VT-90 */
static void a_read_looks_at_the_token_then_at_completion_then_at_the_error(void **state)
{
    uint64_t result = 9, detail = 9;
    (void)state;

    assert_int_equal(mag_core_get(&core, 1, &result, 8, &detail), MAG_E_TOKEN);
    assert_int_equal(mag_core_get(&core, 0, &result, 8, &detail), MAG_E_PENDING);
    assert_int_equal(mag_core_get(&core, 0, &result, 99, &detail), MAG_E_PENDING);
    assert_int_equal(mag_core_set_error(&core, -EIO, 3), 0);
    assert_int_equal(mag_core_get(&core, 1, &result, 8, &detail), MAG_E_TOKEN);
    assert_int_equal(detail, 9);
    assert_int_equal(mag_core_get(&core, 0, &result, 99, &detail), -EIO);
    assert_int_equal(detail, 3);
    assert_int_equal(result, 9);
}

/* VT-91, VT-92 */
static void a_bare_core_is_read_again_until_it_is_reset(void **state)
{
    uint64_t result = 0, detail = 0;
    (void)state;

    assert_int_equal(mag_core_set_result(&core, 11), 0);
    for (unsigned i = 0; i < 3; i++) {
        result = 0;
        assert_int_equal(core_get(&core, &result), 0);
        assert_int_equal(result, 11);
    }
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_error(&core, -EIO, 12), 0);
    for (unsigned i = 0; i < 3; i++) {
        detail = 0;
        assert_int_equal(mag_core_get(&core, 1, &result, 8, &detail), -EIO);
        assert_int_equal(detail, 12);
    }
    mag_core_reset(&core);
    assert_int_equal(mag_core_get(&core, 1, &result, 8, &detail), MAG_E_TOKEN);
}

/* VT-93 */
static void completing_first_leaves_the_continuation_to_run_later(void **state)
{
    struct shelf shelf = shelf_make();
    struct probe probe = probe_make();
    uint64_t result = 0;
    (void)state;

    assert_int_equal(mag_core_set_result(&core, 3), 0);
    assert_int_equal(core_status(&core), MAG_SUCCEEDED);
    assert_int_equal(core_get(&core, &result), 0);
    assert_int_equal(shelf_register(&shelf, &core, &probe), 0);
    assert_int_equal(probe_runs(&probe), 0);
    shelf_run(&shelf);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(core_token(&core), 0);
}

/* VT-94 */
static void registering_first_keeps_it_pending_until_it_is_completed(void **state)
{
    struct probe probe = probe_make();
    uint64_t result = 0;
    (void)state;

    assert_int_equal(core_register(&core, &probe, 0), 0);
    assert_int_equal(core_status(&core), MAG_PENDING);
    assert_int_equal(core_get(&core, &result), MAG_E_PENDING);
    assert_int_equal(probe_runs(&probe), 0);
    assert_int_equal(mag_core_set_result(&core, 3), 0);
    assert_int_equal(core_status(&core), MAG_SUCCEEDED);
    assert_int_equal(core_get(&core, &result), 0);
    assert_int_equal(result, 3);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(core_token(&core), 0);
}

/* ------------------------------------------------------------------ the table */

enum at { PENDING, WAITED, DONE, RAN, STATES };

/* Brings the core into a state.  `first` waits in two of the states. */
static void bring(enum at at, struct shelf *shelf, struct probe *first)
{
    core = (struct mag_core){0};
    *shelf = shelf_make();
    *first = probe_make();
    if (at == WAITED || at == RAN)
        assert_int_equal(shelf_register(shelf, &core, first), 0);
    if (at == DONE || at == RAN)
        assert_int_equal(mag_core_set_result(&core, 21), 0);
    if (at == RAN)
        shelf_run(shelf);
    assert_int_equal(probe_runs(first), at == RAN);
}

/* VT-72, VT-79, VT-86, VT-90, VT-95, VT-98, VT-102 */
static void each_call_answers_by_the_table_in_each_state(void **state)
{
    const struct {
        int status, get, on_completed, set;
        unsigned posts_of_register, posts_of_set;
    } rows[STATES] = {
        [PENDING] = {MAG_PENDING, MAG_E_PENDING, 0, 0, 0, 0},
        [WAITED] = {MAG_PENDING, MAG_E_PENDING, MAG_E_CONTINUATION, 0, 0, 1},
        [DONE] = {MAG_SUCCEEDED, 0, 0, MAG_E_DONE, 1, 0},
        [RAN] = {MAG_SUCCEEDED, 0, MAG_E_CONTINUATION, MAG_E_DONE, 0, 0},
    };
    struct shelf shelf;
    struct probe first, second;
    uint64_t result;
    (void)state;

    for (enum at at = PENDING; at < STATES; at++) {
        bring(at, &shelf, &first);
        assert_refused(1);
        for (unsigned again = 0; again < 2; again++) {
            assert_int_equal(core_status(&core), rows[at].status);
            assert_int_equal(core_get(&core, &result), rows[at].get);
        }

        unsigned before = shelf.posts;
        second = probe_make();
        assert_int_equal(shelf_register(&shelf, &core, &second), rows[at].on_completed);
        assert_int_equal(shelf.posts - before, rows[at].posts_of_register);
        assert_int_equal(probe_runs(&second), 0);

        bring(at, &shelf, &first);
        before = shelf.posts;
        assert_int_equal(mag_core_set_result(&core, 22), rows[at].set);
        assert_int_equal(shelf.posts - before, rows[at].posts_of_set);
        bring(at, &shelf, &first);
        before = shelf.posts;
        assert_int_equal(mag_core_set_error(&core, -EIO, 0), rows[at].set);
        assert_int_equal(shelf.posts - before, rows[at].posts_of_set);

        bring(at, &shelf, &first);
        before = shelf.posts;
        mag_core_reset(&core);
        assert_int_equal(core_token(&core), 1);
        assert_int_equal(core_status(&core), MAG_PENDING);
        assert_int_equal(mag_core_set_result(&core, 23), 0);
        assert_int_equal(shelf.posts, before);
    }
}

static unsigned recycled;

static void count_recycle(struct mag_core *used)
{
    assert_ptr_equal(used, &core);
    recycled++;
}

/* What a pool does whose objects are prepared once. */
static void a_core_that_was_prepared_once_only_begins_for_each_operation(void **state)
{
    static const struct mag_core_type type = {0, 0, count_recycle, NULL};
    mag_vtask last = mag_vtask_result(0);
    (void)state;

    recycled = 0;
    mag_core_init(&core, &type);
    for (uint64_t i = 0; i < 6; i++) {
        struct probe probe = probe_make();
        uint64_t result = 0, detail = 0;

        mag_core_begin(&core);
        assert_int_equal(core.flags, 0);
        assert_int_equal(core.easy, 1);
        assert_int_equal(core_token(&core), i);
        assert_int_equal(core_register(&core, &probe, 0), 0);
        if (i > 0)
            assert_int_equal(mag_vtask_status(last), MAG_E_TOKEN);
        last = mag_core_task(&core);
        if (i % 2 == 0)
            assert_int_equal(mag_core_set_result(&core, i), 0);
        else
            assert_int_equal(mag_core_set_error(&core, -EIO, i), 0);
        assert_int_equal(probe_runs(&probe), 1);
        assert_int_equal(mag_core_get(&core, i, &result, 8, &detail),
                         i % 2 == 0 ? 0 : -EIO);
        assert_int_equal(i % 2 == 0 ? result : detail, i);
        assert_int_equal(recycled, i + 1);
        core.flags = MAG_CORE_QUEUED;
    }
}

/* Where it is 0 the slower way of reading looks at the type. */
static void a_core_is_easy_if_its_result_is_a_word_that_owns_nothing(void **state)
{
    const struct mag_core_type easy = {0, 0, count_recycle, NULL};
    const struct mag_core_type bare = {0, 0, NULL, NULL};
    const struct mag_core_type sized = {sizeof(core), 4, count_recycle, NULL};
    const struct mag_core_type owning = {0, 0, count_recycle, count_recycle};
    (void)state;

    assert_int_equal(mag_core_easy(&easy), 1);
    assert_int_equal(mag_core_easy(NULL), 0);
    assert_int_equal(mag_core_easy(&bare), 0);
    assert_int_equal(mag_core_easy(&sized), 0);
    assert_int_equal(mag_core_easy(&owning), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_zeroes_is_a_pending_core_with_token_zero, core_clear),
        cmocka_unit_test_setup(only_a_reset_moves_the_token_and_by_one, core_clear),
        cmocka_unit_test_setup(a_token_that_wraps_harms_no_live_operation, core_clear),
        cmocka_unit_test_setup(
            another_token_is_refused_in_every_state_and_changes_nothing, core_clear),
        cmocka_unit_test_setup(a_reset_clears_the_operation_and_keeps_the_setting,
                               core_clear),
        cmocka_unit_test_setup(a_reset_is_legal_in_every_state, core_clear),
        cmocka_unit_test_setup(the_status_is_that_of_the_outcome_and_stays, core_clear),
        cmocka_unit_test_setup(the_status_tells_completion_before_the_continuation_runs,
                               core_clear),
        cmocka_unit_test_setup(
            a_read_looks_at_the_token_then_at_completion_then_at_the_error, core_clear),
        cmocka_unit_test_setup(a_bare_core_is_read_again_until_it_is_reset, core_clear),
        cmocka_unit_test_setup(completing_first_leaves_the_continuation_to_run_later,
                               core_clear),
        cmocka_unit_test_setup(registering_first_keeps_it_pending_until_it_is_completed,
                               core_clear),
        cmocka_unit_test_setup(each_call_answers_by_the_table_in_each_state, core_clear),
        cmocka_unit_test(a_core_is_easy_if_its_result_is_a_word_that_owns_nothing),
        cmocka_unit_test_setup(
            a_core_that_was_prepared_once_only_begins_for_each_operation, core_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
