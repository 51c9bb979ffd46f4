/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>
#include <magpie/operation.h>
#include <magpie/when.h>

/* A result that is smaller than a word and lies in its operation. */

struct request {
    struct mag_operation operation; /* first */
    unsigned char before[3];
    int result;
    unsigned char behind[3];
};
static struct mag_operation_type request_type =
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(result));
MAG_VTASK_DEFINE(int_task, int)

static struct request *rent(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&request_type, &object), 0);
    memset(((struct request *)object)->before, 0xff, 3);
    memset(((struct request *)object)->behind, 0xff, 3);
    return object;
}

static mag_vtask begin(struct request **ret_request)
{
    *ret_request = rent();
    return mag_operation_task(&(*ret_request)->operation);
}

static void answer(struct request *request, int result)
{
    request->result = result;
    assert_int_equal(mag_operation_set_done(&request->operation), 0);
}

/* The request is back in the pool if it is the next one that is rented here. */
static void assert_is_back(struct request *request)
{
    struct request *next = rent();

    assert_ptr_equal(next, request);
    mag_operation_return(&next->operation);
}

/* ------------------------------------------------------------------------- reading */

/* VT-202 */
static void a_small_result_is_read_at_its_own_size_and_as_a_word(void **state)
{
    struct request *request;
    mag_vtask task = begin(&request);
    unsigned char bytes[16];
    short too_short = 5;
    int result = 0;
    (void)state;

    answer(request, 42);
    assert_int_equal(mag_vtask_get_value(task, &too_short, sizeof(too_short), NULL),
                     MAG_E_SIZE);
    assert_int_equal(too_short, 5);
    assert_int_equal(mag_vtask_get_value(task, bytes, 9, NULL), MAG_E_SIZE);
    assert_int_equal(mag_vtask_get_value(task, &result, sizeof(result), NULL), 0);
    assert_int_equal(result, 42);
    task = begin(&request);
    answer(request, 43);
    /* The rest of the word is zero, whatever was there before. */
    uint64_t word = UINT64_MAX;
    assert_int_equal(mag_vtask_get_value(task, &word, sizeof(word), NULL), 0);
    assert_int_equal(word, 43);
    assert_is_back(request);
}

/* VT-42 */
static void a_small_result_becomes_a_promise_of_a_word(void **state)
{
    struct request *request;
    mag_vtask task = begin(&request);
    struct mag_promise *promise = NULL;
    (void)state;

    assert_int_equal(mag_vtask_as_promise_of(task, sizeof(uint64_t), &promise), 0);
    answer(request, 42);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
    assert_is_back(request);
}

/* VT-196 */
static void each_task_of_when_all_keeps_its_small_result(void **state)
{
    struct request *requests[2];
    mag_vtask tasks[2] = {begin(&requests[0]), begin(&requests[1])};
    mag_vtask all = {0, 0};
    (void)state;

    answer(requests[1], 2);
    assert_int_equal(mag_when_all(tasks, 2, &all), 0);
    answer(requests[0], 1);
    assert_int_equal(result_of(all), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(result_of(tasks[i]), i + 1);
        assert_int_equal(result_of(tasks[i]), i + 1);
    }
}

/* ---------------------------------------------------------------------- handing on */

MAG_ASYNC(int_task, hands_on, (struct mag_core *, gate, mag_vtask, other), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(mag_core_task(f->gate)));
    return int_task_of(f->other);
    MAG_END(f);
}

/* VT-183 */
static void a_small_result_is_handed_on_before_and_after_a_wait(void **state)
{
    (void)state;

    for (int waits = 0; waits < 2; waits++) {
        struct mag_core gate;
        struct request *request;
        mag_vtask other = begin(&request);
        int result = 0;

        memset(&gate, 0, sizeof(gate));
        if (waits == 0)
            assert_int_equal(mag_core_set_result(&gate, 0), 0);
        int_task task = hands_on(&gate, other);
        if (waits == 1)
            assert_int_equal(mag_core_set_result(&gate, 0), 0);
        answer(request, 42);
        assert_int_equal(int_task_get(task, &result), 0);
        assert_int_equal(result, 42);
        assert_is_back(request);
    }
}

/* VT-183, VT-193 */
static void a_result_that_cannot_be_handed_on_is_consumed(void **state)
{
    struct mag_core gate;
    struct scripted scripted;
    int result = 0;
    (void)state;

    memset(&gate, 0, sizeof(gate));
    int_task task = hands_on(&gate, scripted_begin(&scripted, MAG_PENDING, 0, 0));
    scripted.size = sizeof(scripted.large);
    assert_int_equal(mag_core_set_result(&gate, 0), 0);
    scripted_complete(&scripted, MAG_SUCCEEDED, 0, 0);
    assert_int_equal(int_task_get(task, &result), MAG_E_SIZE);
    assert_int_equal(scripted.taken, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_result_is_read_at_its_own_size_and_as_a_word),
        cmocka_unit_test(a_small_result_becomes_a_promise_of_a_word),
        cmocka_unit_test(each_task_of_when_all_keeps_its_small_result),
        cmocka_unit_test(a_small_result_is_handed_on_before_and_after_a_wait),
        cmocka_unit_test(a_result_that_cannot_be_handed_on_is_consumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
