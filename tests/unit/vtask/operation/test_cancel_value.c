/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/probe.h"

#include <errno.h>
#include <magpie/operation.h>
#include <stdlib.h>

/* Operations that can be canceled, with results of any size, or given back unused: none
 * leaves a registration behind. */

struct reply {
    uint64_t words[3];
};

struct request {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
    struct reply reply;
};
static struct mag_operation_type request_type =
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(reply), MAG_CANCELABLE(registration));

static struct mag_operation *rent(mag_vtask *ret_task)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&request_type, &object), 0);
    *ret_task = mag_operation_task(object);
    return object;
}

static void assert_is_back(struct mag_operation *request)
{
    mag_vtask task;
    struct mag_operation *next = rent(&task);

    assert_ptr_equal(next, request);
    mag_operation_return(next);
}

static const struct reply reply = {{1, 2, 3}};

static void assert_reply(mag_vtask task)
{
    struct reply got = {{0}};

    assert_int_equal(mag_vtask_get_value(task, &got, sizeof(got), NULL), 0);
    assert_memory_equal(&got, &reply, sizeof(reply));
}

/* A cancel whose registrations are lists that the test can look at, and whose memory a
 * sanitizer watches. */
static struct mag_cancel *source_new(void)
{
    struct mag_cancel *cancel = calloc(1, sizeof(*cancel));

    assert_non_null(cancel);
    return cancel;
}

/* VT-152, VT-156 */
static void a_value_completes_the_operation_and_leaves_the_source(void **state)
{
    struct mag_cancel *cancel = source_new();
    mag_vtask task;
    struct mag_operation *request = rent(&task);
    uint64_t key = mag_operation_share(request, cancel);
    (void)state;

    assert_false(mag_operation_try_value(request, key, &reply, sizeof(reply) - 1));
    assert_non_null(cancel->first);
    assert_true(mag_operation_try_value(request, key, &reply, sizeof(reply)));
    assert_null(cancel->first);
    assert_false(mag_operation_try_value(request, key, &reply, sizeof(reply)));
    /* The cancel may be destroyed before the task is read. */
    free(cancel);
    assert_reply(task);
    assert_is_back(request);
}

/* VT-152, VT-158 */
static void a_value_that_comes_after_the_cancellation_loses(void **state)
{
    struct mag_cancel *cancel = source_new();
    mag_vtask task;
    struct mag_operation *request = rent(&task);
    uint64_t key = mag_operation_share(request, cancel);
    (void)state;

    assert_true(mag_cancel_fire(cancel));
    assert_false(mag_operation_try_value(request, key, &reply, sizeof(reply)));
    free(cancel);
    assert_int_equal(mag_vtask_get(task, NULL), -ECANCELED);
    assert_is_back(request);
}

/* VT-156 */
static void an_operation_completed_otherwise_leaves_when_it_is_consumed(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct mag_cancel *first = source_new(), *second = source_new();
        mag_vtask task;
        struct mag_operation *request = rent(&task);
        uint64_t key = mag_operation_share(request, first);

        if (way == 0)
            assert_int_equal(mag_operation_set_value(request, &reply, sizeof(reply)), 0);
        else if (way == 1)
            assert_true(mag_operation_claim(request, key) &&
                        mag_core_set_value(&request->core, &reply, sizeof(reply)) == 0);
        else
            mag_operation_return(request);
        if (way != 2)
            assert_reply(task);
        assert_null(first->first);
        /* The next use has another cancel, and the first one fires. */
        assert_ptr_equal(rent(&task), request);
        key = mag_operation_share(request, second);
        assert_true(mag_cancel_fire(first));
        assert_int_equal(mag_vtask_status(task), MAG_PENDING);
        assert_true(mag_operation_try_value(request, key, &reply, sizeof(reply)));
        assert_reply(task);
        free(first);
        free(second);
    }
}

/* VT-149, VT-156 */
static void an_operation_that_was_not_needed_is_returned(void **state)
{
    struct mag_cancel *cancel = source_new();
    mag_vtask task;
    struct mag_operation *request = rent(&task);
    (void)mag_operation_share(request, cancel);
    (void)state;

    mag_operation_return(request);
    assert_null(cancel->first);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_is_back(request);
    /* Without a cancel. */
    request = rent(&task);
    (void)mag_operation_share(request, NULL);
    mag_operation_return(request);
    assert_is_back(request);
    /* About to be canceled: the thread that has the claim gives it back. */
    request = rent(&task);
    uint64_t key = mag_operation_share(request, NULL);
    assert_true(mag_operation_claim(request, key));
    mag_operation_return(request);
    mag_vtask other_task;
    struct mag_operation *other = rent(&other_task);
    assert_ptr_not_equal(other, request);
    mag_operation_return(other);
    assert_int_equal(mag_operation_set_error(request, -ECANCELED, 0), 0);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_is_back(request);
    /* Canceled by then. */
    request = rent(&task);
    (void)mag_operation_share(request, cancel);
    assert_true(mag_cancel_fire(cancel));
    mag_operation_return(request);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_is_back(request);
    free(cancel);
}

/* VT-138, VT-156 */
static void an_operation_of_an_object_leaves_its_source_too(void **state)
{
    struct mag_cancel *cancel = source_new();
    struct request request;
    (void)state;

    memset(&request, 0, sizeof(request));
    memset(&request.registration, 0xff, sizeof(request.registration));
    mag_operation_own_init(&request.operation, &request_type);
    assert_true(mag_operation_try_own(&request.operation));
    mag_operation_return(&request.operation);
    for (unsigned keyless = 0; keyless < 2; keyless++) {
        struct mag_operation *own = &request.operation;

        assert_true(mag_operation_try_own(own));
        mag_vtask task = mag_operation_task(own);
        uint64_t key = mag_operation_share(own, cancel);
        if (keyless)
            assert_int_equal(mag_operation_set_value(own, &reply, sizeof(reply)), 0);
        else
            assert_true(mag_operation_try_value(own, key, &reply, sizeof(reply)));
        assert_reply(task);
        assert_null(cancel->first);
    }
    assert_true(mag_operation_try_own(&request.operation));
    mag_operation_return(&request.operation);
    free(cancel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_completes_the_operation_and_leaves_the_source),
        cmocka_unit_test(a_value_that_comes_after_the_cancellation_loses),
        cmocka_unit_test(an_operation_completed_otherwise_leaves_when_it_is_consumed),
        cmocka_unit_test(an_operation_that_was_not_needed_is_returned),
        cmocka_unit_test(an_operation_of_an_object_leaves_its_source_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
