/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/probe.h"

#include <magpie/operation.h>

/* Keys, and completing by a function that does not fit the type. */

struct wide {
    struct mag_operation operation;
    uint64_t result[3];
};

struct wide_read {
    struct mag_operation operation;
    struct mag_cancel_registration registration;
    uint64_t result[3];
};

static struct mag_operation_type wide_type =
    MAG_OPERATION_TYPE(struct wide, MAG_RESULT(result));
static struct mag_operation_type wide_read_type = MAG_OPERATION_TYPE(
    struct wide_read, MAG_RESULT(result), MAG_CANCELABLE(registration));

static void *rent(struct mag_operation_type *type)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(type, &object), 0);
    return object;
}

static void *complete(void *operation)
{
    struct mag_operation *completed = operation;

    return mag_core_set_result(&completed->core, 3) == 0 ? operation : NULL;
}

/* If another thread has completed the operation, the visitor's bits are beside the
 * token. */
static void a_key_is_the_token_whatever_a_visitor_has_left(void **state)
{
    void *completed = NULL;
    uint64_t result = 0;
    pthread_t thread;
    (void)state;

    struct mag_operation *operation = rent(&mag_operation_word);
    mag_vtask task = mag_operation_task(operation);
    /* relaxed, here and below: only this thread uses it. */
    atomic_store_explicit(&operation->core.slot, (uintptr_t)&mag_here | MAG_SLOT_BIASED,
                          memory_order_relaxed);
    assert_int_equal(pthread_create(&thread, NULL, complete, operation), 0);
    assert_int_equal(pthread_join(thread, &completed), 0);
    assert_ptr_equal(completed, operation);
    /* relaxed: as above. */
    uint64_t word = atomic_load_explicit(&operation->core.token, memory_order_relaxed);
    assert_int_equal(word & ~MAG_TOKEN_MASK, MAG_VISITOR_LEFT);
    assert_int_equal(mag_operation_share(operation, NULL), task.payload);
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 3);
}

static void a_key_opens_one_operation_and_completes_it_once(void **state)
{
    uint64_t keys[6], result = 0;
    (void)state;

    for (unsigned i = 0; i < 6; i++) {
        struct mag_operation *operation = rent(&mag_operation_word);
        mag_vtask task = mag_operation_task(operation);
        keys[i] = mag_operation_share(operation, NULL);
        for (unsigned j = 0; j < i; j++)
            assert_false(mag_operation_try_result(operation, keys[j], 90 + j));
        assert_true(mag_operation_try_result(operation, keys[i], i));
        assert_false(mag_operation_try_result(operation, keys[i], 99));
        assert_int_equal(mag_vtask_get(task, &result), 0);
        assert_int_equal(result, i);
    }
}

/* VT-204 */
static void a_word_is_refused_where_the_result_is_none(void **state)
{
    const uint64_t words[3] = {1, 2, 3};
    uint64_t got[3] = {0};
    (void)state;

    struct wide *wide = rent(&wide_type);
    struct mag_operation *operation = &wide->operation;
    mag_vtask task = mag_operation_task(operation);
    assert_int_equal(mag_core_set_result(&operation->core, 5), MAG_E_SIZE);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    uint64_t key = mag_operation_share(operation, NULL);
    assert_false(mag_operation_try_result(operation, key, 5));
    /* The refused call has not used up the claim. */
    assert_true(mag_operation_try_value(operation, key, words, sizeof(words)));
    assert_int_equal(mag_vtask_get_value(task, got, sizeof(got), NULL), 0);
    assert_memory_equal(got, words, sizeof(words));

    struct wide_read *read = rent(&wide_read_type);
    task = mag_operation_task(&read->operation);
    key = mag_operation_share(&read->operation, NULL);
    assert_false(mag_operation_try_result(&read->operation, key, 5));
    assert_true(mag_operation_claim(&read->operation, key));
    memcpy(read->result, words, sizeof(words));
    assert_int_equal(mag_operation_set_done(&read->operation), 0);
    assert_int_equal(mag_operation_set_done(&read->operation), MAG_E_DONE);
    assert_int_equal(mag_vtask_get_value(task, got, sizeof(got), NULL), 0);
}

/* VT-204 */
static void bytes_are_refused_where_the_result_is_a_word(void **state)
{
    uint64_t word = 7, got = 0;
    (void)state;

    struct mag_operation *operation = rent(&mag_operation_word);
    mag_vtask task = mag_operation_task(operation);
    assert_int_equal(mag_core_set_value(&operation->core, &word, sizeof(word)),
                     MAG_E_SIZE);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    mag_operation_return(operation);

    /* A completion without a result gives 0, not what the last user of the object has
     * left. */
    for (unsigned i = 0; i < 3; i++) {
        operation = rent(&mag_operation_word);
        task = mag_operation_task(operation);
        operation->core.value = 55;
        if (i == 0)
            assert_int_equal(mag_operation_set_done(operation), 0);
        else if (i == 1)
            assert_int_equal(mag_core_set_value(&operation->core, NULL, 0), 0);
        else
            assert_true(
                mag_operation_try_done(operation, mag_operation_share(operation, NULL)));
        assert_int_equal(mag_vtask_get(task, &got), 0);
        assert_int_equal(got, 0);
        got = 1;
    }
}

static void a_type_without_a_registration_has_nobody_cancel(void **state)
{
    struct mag_cancel cancel = {0};
    uint64_t result = 0;
    (void)state;

    struct mag_operation *operation = rent(&mag_operation_word);
    mag_vtask task = mag_operation_task(operation);
    uint64_t key = mag_operation_share(operation, &cancel);
    assert_null(cancel.first);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_true(mag_operation_try_result(operation, key, 5));
    assert_false(mag_operation_try_done(operation, key));
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_the_token_whatever_a_visitor_has_left),
        cmocka_unit_test(a_key_opens_one_operation_and_completes_it_once),
        cmocka_unit_test(a_word_is_refused_where_the_result_is_none),
        cmocka_unit_test(bytes_are_refused_where_the_result_is_a_word),
        cmocka_unit_test(a_type_without_a_registration_has_nobody_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
