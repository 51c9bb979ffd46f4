/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>
#include <magpie/operation.h>
#include <magpie/when.h>

/* Results that own something: taken once, or destroyed once (VT-202). */

static unsigned destroyed;
static uint64_t last; /* the last destroyed result */

static void forget_all(void)
{
    destroyed = 0;
    last = 0;
}

static void assert_destroyed(unsigned times, uint64_t what)
{
    assert_int_equal(destroyed, times);
    assert_int_equal(last, what);
    forget_all();
}

/* --------------------------------------------------- a word, and a result of its own */

static void destroy_word(struct mag_core *core)
{
    destroyed++;
    last = core->value;
}

struct request {
    struct mag_operation operation; /* first */
    struct {
        uint64_t *memory;
        uint64_t bytes;
    } reply;
};

static void destroy_reply(struct mag_core *core)
{
    struct request *request = (struct request *)(void *)core;

    destroyed++;
    last = *request->reply.memory;
    request->reply.memory = NULL;
}

static struct mag_operation_type types[] = {
    MAG_OPERATION_TYPE(struct request, MAG_DESTROY(destroy_word)),
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(reply), MAG_DESTROY(destroy_reply)),
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static uint64_t memory;

static struct request *rent(unsigned type, mag_vtask *ret_task)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&types[type], &object), 0);
    *ret_task = mag_operation_task(&((struct request *)object)->operation);
    return object;
}

static void complete(struct request *request, unsigned type, uint64_t what)
{
    if (type == 0) {
        assert_int_equal(mag_core_set_result(&request->operation.core, what), 0);
        return;
    }
    memory = what;
    request->reply.memory = &memory;
    assert_int_equal(mag_operation_set_done(&request->operation), 0);
}

static void assert_is_back(struct request *request, unsigned type)
{
    mag_vtask task;
    struct request *next = rent(type, &task);

    assert_ptr_equal(next, request);
    mag_operation_return(&next->operation);
    assert_destroyed(0, 0);
}

/* VT-193, VT-202 */
static void what_is_discarded_is_destroyed_before_or_after_it_is_complete(void **state)
{
    (void)state;
    forget_all();
    for (unsigned type = 0; type < TYPES; type++) {
        mag_vtask task;
        struct request *request = rent(type, &task);

        assert_int_equal(mag_vtask_discard(task), 0);
        assert_destroyed(0, 0);
        complete(request, type, 7);
        assert_destroyed(1, 7);
        assert_is_back(request, type);
        request = rent(type, &task);
        complete(request, type, 8);
        assert_int_equal(mag_vtask_discard(task), 0);
        assert_destroyed(1, 8);
        assert_is_back(request, type);
    }
}

/* VT-202 */
static void what_is_read_without_a_result_is_destroyed(void **state)
{
    (void)state;
    forget_all();
    for (unsigned type = 0; type < TYPES; type++) {
        mag_vtask task;
        struct request *request = rent(type, &task);

        complete(request, type, 7);
        assert_int_equal(mag_vtask_get(task, NULL), 0);
        assert_destroyed(1, 7);
        assert_int_equal(mag_vtask_get(task, NULL), MAG_E_TOKEN);
        assert_is_back(request, type);
    }
}

MAG_ASYNC(mag_task, await_it, (mag_vtask, task), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->task));
    MAG_END(f);
}

/* VT-202 */
static void what_is_awaited_without_a_result_is_destroyed(void **state)
{
    (void)state;
    forget_all();
    for (unsigned type = 0; type < TYPES; type++) {
        mag_vtask task;
        struct request *request = rent(type, &task);
        mag_task waits = await_it(task);

        complete(request, type, 7);
        assert_int_equal(mag_task_get(waits), 0);
        assert_destroyed(1, 7);
        request = rent(type, &task);
        complete(request, type, 8);
        assert_int_equal(mag_task_get(await_it(task)), 0);
        assert_destroyed(1, 8);
        assert_is_back(request, type);
    }
}

/* VT-202 */
static void what_is_taken_is_the_takers(void **state)
{
    struct request *request;
    struct request taken;
    mag_vtask task;
    uint64_t word = 0;
    (void)state;

    forget_all();
    request = rent(0, &task);
    complete(request, 0, 7);
    assert_int_equal(mag_vtask_get(task, &word), 0);
    assert_is_back(request, 0);
    request = rent(0, &task);
    complete(request, 0, 7);
    assert_int_equal(mag_vtask_get_value(task, &word, 4, NULL), 0);
    assert_is_back(request, 0);
    request = rent(1, &task);
    complete(request, 1, 7);
    assert_int_equal(mag_vtask_get_value(task, &word, 4, NULL), MAG_E_SIZE);
    assert_int_equal(mag_vtask_get_value(task, &taken.reply, sizeof(taken.reply), NULL),
                     0);
    assert_ptr_equal(taken.reply.memory, &memory);
    assert_is_back(request, 1);
}

/* VT-202 */
static void what_has_failed_or_was_not_needed_has_nothing_to_destroy(void **state)
{
    (void)state;
    forget_all();
    for (unsigned type = 0; type < TYPES; type++) {
        mag_vtask task;
        struct request *request = rent(type, &task);

        assert_int_equal(mag_core_set_error(&request->operation.core, -EIO, 7), 0);
        assert_int_equal(mag_vtask_get(task, NULL), -EIO);
        assert_is_back(request, type);
        request = rent(type, &task);
        mag_operation_return(&request->operation);
        assert_is_back(request, type);
        /* Unless the operation was complete by then. */
        request = rent(type, &task);
        complete(request, type, 9);
        mag_operation_return(&request->operation);
        assert_destroyed(1, 9);
    }
}

/* VT-202 */
static void what_does_not_fit_into_a_promise_is_destroyed(void **state)
{
    struct mag_promise *promise = NULL;
    mag_vtask task;
    struct request *request = rent(1, &task);
    (void)state;

    forget_all();
    assert_int_equal(mag_vtask_as_promise_of(task, sizeof(uint64_t), &promise), 0);
    complete(request, 1, 7);
    assert_int_equal(mag_vtask_get(mag_promise_task(promise), NULL), MAG_E_SIZE);
    assert_destroyed(1, 7);
    mag_promise_release(promise);
}

/* ---------------------------------------------------------- owned, and reset by hand */

/* VT-202 */
static void an_operation_of_an_object_destroys_its_result_too(void **state)
{
    struct request request;
    (void)state;

    forget_all();
    memset(&request, 0, sizeof(request));
    mag_operation_own_init(&request.operation, &types[1]);
    assert_true(mag_operation_try_own(&request.operation));
    mag_vtask task = mag_operation_task(&request.operation);
    complete(&request, 1, 7);
    assert_int_equal(mag_vtask_discard(task), 0);
    assert_destroyed(1, 7);
    assert_true(mag_operation_try_own(&request.operation));
    mag_operation_return(&request.operation);
}

/* VT-202 */
static void a_reset_destroys_what_was_not_taken(void **state)
{
    static const struct mag_core_type type = {.destroy = destroy_word};
    struct mag_core core;
    uint64_t word = 0;
    uint32_t half = 0;
    (void)state;

    forget_all();
    memset(&core, 0, sizeof(core));
    mag_core_prepare(&core, &type);
    core.flags = MAG_CORE_QUEUED;
    mag_core_reset(&core);
    assert_destroyed(0, 0);
    assert_int_equal(mag_core_set_result(&core, 7), 0);
    assert_int_equal(mag_vtask_get(mag_core_task(&core), NULL), 0);
    assert_int_equal(mag_vtask_discard(mag_core_task(&core)), 0);
    mag_core_reset(&core);
    assert_destroyed(1, 7);
    /* Taken as a word, and in another way. */
    assert_int_equal(mag_core_set_result(&core, 8), 0);
    assert_int_equal(mag_vtask_get(mag_core_task(&core), &word), 0);
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_result(&core, 8), 0);
    assert_int_equal(mag_vtask_get_value(mag_core_task(&core), &half, sizeof(half), NULL),
                     0);
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_error(&core, -EIO, 1), 0);
    mag_core_reset(&core);
    assert_destroyed(0, 0);
    /* Taking one result does not change what happens to the next one. */
    assert_int_equal(mag_core_set_result(&core, 9), 0);
    mag_core_reset(&core);
    assert_destroyed(1, 9);
    assert_int_equal(core.flags, MAG_CORE_QUEUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_discarded_is_destroyed_before_or_after_it_is_complete),
        cmocka_unit_test(what_is_read_without_a_result_is_destroyed),
        cmocka_unit_test(what_is_awaited_without_a_result_is_destroyed),
        cmocka_unit_test(what_is_taken_is_the_takers),
        cmocka_unit_test(what_has_failed_or_was_not_needed_has_nothing_to_destroy),
        cmocka_unit_test(what_does_not_fit_into_a_promise_is_destroyed),
        cmocka_unit_test(an_operation_of_an_object_destroys_its_result_too),
        cmocka_unit_test(a_reset_destroys_what_was_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
