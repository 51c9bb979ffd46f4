/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/probe.h"

#include <magpie/barrier.h>
#include <magpie/operation.h>

#include <stdlib.h>

/* An operation with a payload and a result of more than a word. */
struct reply {
    uint64_t first, second, third;
};

struct request {
    struct mag_operation operation;
    uint64_t number;
    struct reply reply;
};

static struct mag_operation_type request_type =
    MAG_OPERATION_TYPE(struct request, MAG_RESULT(reply));

MAG_VTASK_DEFINE(reply_task, struct reply)

static struct request *rent_request(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&request_type, &object), 0);
    return object;
}

static struct mag_operation *rent_word(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    return object;
}

/* ------------------------------------------------------------------ the table */

enum at { PENDING, WAITED, DONE, RAN, TAKEN, STATES };

struct bench {
    struct mag_operation *operation;
    struct mag_operation own;
    mag_vtask task; /* of the operation that was brought into the state */
    struct shelf shelf;
    struct probe first;
};

static int await_on_shelf(struct bench *bench, struct probe *probe)
{
    struct mag_executor *before = mag_executor_enter(&bench->shelf.executor);
    int r = mag_vtask_on_completed(bench->task, &probe->continuation, MAG_AWAIT_CONTEXT);

    (void)mag_executor_enter(before);
    return r;
}

static void bring(enum at at, bool owned, struct bench *bench)
{
    *bench = (struct bench){.shelf = shelf_make(), .first = probe_make()};
    if (owned) {
        mag_operation_own_init(&bench->own, &mag_operation_word);
        assert_true(mag_operation_try_own(&bench->own));
        bench->operation = &bench->own;
    } else {
        bench->operation = rent_word();
    }
    bench->task = mag_operation_task(bench->operation);
    if (at == WAITED || at == RAN)
        assert_int_equal(await_on_shelf(bench, &bench->first), 0);
    if (at >= DONE)
        assert_int_equal(mag_core_set_result(&bench->operation->core, 21), 0);
    if (at == RAN)
        shelf_run(&bench->shelf);
    if (at == TAKEN)
        assert_int_equal(mag_vtask_get(bench->task, NULL), 0);
}

/* Brings the operation back to its pool from any state. */
static void end(struct bench *bench)
{
    uint64_t result;

    if (mag_vtask_status(bench->task) == MAG_PENDING)
        assert_int_equal(mag_core_set_result(&bench->operation->core, 22), 0);
    shelf_run(&bench->shelf);
    (void)(mag_vtask_get(bench->task, &result) == 0);
}

struct row {
    int status, get, on_completed;
    unsigned posts;
};

static void assert_row(enum at at, bool owned, const struct row *row)
{
    struct bench bench;
    struct probe second = probe_make();
    uint64_t result = 0;

    bring(at, owned, &bench);
    assert_int_equal(mag_vtask_status(bench.task), row->status);
    if (owned) {
        bool mine = mag_operation_try_own(&bench.own);
        assert_int_equal(mine, at == TAKEN);
        if (mine)
            mag_operation_return(&bench.own);
    }
    assert_int_equal(mag_vtask_get(bench.task, &result), row->get);
    assert_int_equal(result, row->get == 0 ? 21 : 0);
    if (row->get == 0)
        assert_int_equal(mag_vtask_status(bench.task), MAG_E_TOKEN);
    else
        assert_int_equal(mag_vtask_status(bench.task), row->status);
    end(&bench);

    bring(at, owned, &bench);
    unsigned before = bench.shelf.posts;
    assert_int_equal(await_on_shelf(&bench, &second), row->on_completed);
    assert_int_equal(bench.shelf.posts - before, row->posts);
    assert_int_equal(probe_runs(&second), 0);
    end(&bench);
    assert_int_equal(probe_runs(&second), row->on_completed == 0);
    assert_int_equal(probe_runs(&bench.first), at == WAITED || at == RAN);
}

/* VT-137, VT-138, VT-139, VT-140, VT-144 */
static void each_call_answers_by_the_table_in_each_state(void **state)
{
    const struct row rows[STATES] = {
        [PENDING] = {MAG_PENDING, MAG_E_PENDING, 0, 0},
        [WAITED] = {MAG_PENDING, MAG_E_PENDING, MAG_E_CONTINUATION, 0},
        [DONE] = {MAG_SUCCEEDED, 0, 0, 1},
        [RAN] = {MAG_SUCCEEDED, 0, MAG_E_CONTINUATION, 0},
        [TAKEN] = {MAG_E_TOKEN, MAG_E_TOKEN, MAG_E_TOKEN, 0},
    };
    (void)state;

    for (enum at at = PENDING; at < STATES; at++) {
        assert_row(at, false, &rows[at]);
        assert_row(at, true, &rows[at]);
    }
}

/* ------------------------------------------------------------------ the token */

/* VT-141, VT-150 */
static void only_consuming_moves_the_token(void **state)
{
    struct mag_operation *operation = rent_word();
    mag_vtask task = mag_operation_task(operation);
    uint64_t result;
    (void)state;

    assert_int_equal(mag_core_set_result(&operation->core, 1), 0);
    assert_true(mag_vtask_equal(task, mag_operation_task(operation)));
    assert_int_equal(mag_vtask_get(task, &result), 0);
    /* The operation is idle now: the last task is stale even before the operation is
     * rented again. */
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    struct mag_operation *again = rent_word();
    assert_ptr_equal(again, operation);
    mag_vtask next = mag_operation_task(again);
    assert_int_equal(next.payload, task.payload + 1);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_status(next), MAG_PENDING);
    mag_operation_return(again);
    assert_int_equal(mag_vtask_status(next), MAG_E_TOKEN);
}

/* VT-168, VT-204 */
static void a_refused_read_returns_nothing_to_the_pool(void **state)
{
    struct request *request = rent_request();
    mag_vtask task = mag_operation_task(&request->operation);
    struct reply reply = {1, 2, 3}, got;
    uint64_t word;
    (void)state;

    assert_int_equal(mag_vtask_get_value(task, &got, sizeof(got), NULL), MAG_E_PENDING);
    task.payload++;
    assert_int_equal(mag_vtask_get_value(task, &got, sizeof(got), NULL), MAG_E_TOKEN);
    task.payload--;
    assert_int_equal(mag_core_set_value(&request->operation.core, &reply, sizeof(reply)),
                     0);
    assert_int_equal(mag_vtask_get(task, &word), MAG_E_SIZE);
    struct request *other = rent_request();
    assert_ptr_not_equal(other, request);
    assert_int_equal(mag_vtask_get_value(task, &got, sizeof(got), NULL), 0);
    assert_int_equal(got.third, 3);
    struct request *again = rent_request();
    assert_ptr_equal(again, request);
    mag_operation_return(&again->operation);
    mag_operation_return(&other->operation);
}

/* VT-202 */
static void a_result_of_any_size_is_copied_out(void **state)
{
    struct request *request = rent_request();
    reply_task task = reply_task_of(mag_operation_task(&request->operation));
    struct reply got;
    (void)state;

    request->reply = (struct reply){4, 5, 6};
    assert_int_equal(mag_operation_set_done(&request->operation), 0);
    assert_int_equal(reply_task_get(task, &got), 0);
    assert_int_equal(got.first + got.second + got.third, 15);
    assert_int_equal(reply_task_get(task, &got), MAG_E_TOKEN);
}

/* VT-142, VT-145 */
static void a_queued_continuation_finds_it_complete_and_is_its_own_entry(void **state)
{
    struct bench bench;
    uint64_t result = 0;
    (void)state;

    bring(WAITED, false, &bench);
    uint64_t allocations = test_allocations();
    assert_int_equal(mag_core_set_result(&bench.operation->core, 7), 0);
    assert_int_equal(bench.shelf.waiting, 1);
    assert_ptr_equal(bench.shelf.jobs[0], &bench.first.continuation.job);
    assert_int_equal(test_allocations(), allocations);
    assert_int_equal(mag_vtask_status(bench.task), MAG_SUCCEEDED);
    assert_int_equal(mag_vtask_get(bench.task, &result), 0);
    shelf_run(&bench.shelf);
    assert_int_equal(probe_runs(&bench.first), 1);
}

/* VT-149 */
static void what_was_not_needed_is_returned(void **state)
{
    struct mag_operation *operation = rent_word();
    (void)state;

    mag_operation_return(operation);
    assert_ptr_equal(rent_word(), operation);
    mag_operation_return(operation);
}

/* VT-146 */
static void an_object_falls_back_to_the_pool_while_its_own_is_busy(void **state)
{
    struct mag_operation own = {.claim = 0};
    uint64_t result = 0;
    (void)state;

    mag_operation_own_init(&own, &mag_operation_word);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(mag_operation_try_own(&own));
        assert_false(mag_operation_try_own(&own));
        struct mag_operation *other = rent_word();
        mag_vtask first = mag_operation_task(&own), second = mag_operation_task(other);
        assert_int_equal(mag_core_set_result(&own.core, 1), 0);
        assert_int_equal(mag_core_set_result(&other->core, 2), 0);
        assert_int_equal(mag_vtask_get(second, &result), 0);
        assert_int_equal(result, 2);
        assert_false(mag_operation_try_own(&own));
        assert_int_equal(mag_vtask_get(first, &result), 0);
        assert_int_equal(result, 1);
    }
}

static uintptr_t slot_of(struct mag_operation *operation)
{
    /* relaxed: only this thread uses it. */
    return atomic_load_explicit(&operation->core.slot, memory_order_relaxed);
}

/* An operation and the object that it is part of. */
struct connection {
    struct mag_operation reading;
    struct mag_continuation continuation;
    mag_vtask task;
    uint64_t *ret_result;
};

static void close_connection(struct mag_job *job)
{
    struct connection *connection =
        (struct connection *)(void *)((char *)job -
                                      offsetof(struct connection, continuation));

    (void)!mag_vtask_get(connection->task, connection->ret_result);
    free(connection);
}

/* VT-124, VT-199 */
static void a_continuation_may_free_the_object_of_its_operation(void **state)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    struct mag_operation *pooled = rent_word();
    uint64_t result = 0;
    (void)state;

    assert_non_null(connection);
    mag_operation_own_init(&connection->reading, &mag_operation_word);
    assert_true(mag_operation_try_own(&connection->reading));
    /* With a swap, the swap is the last touch of the registering thread.  After a plain
     * store, as at a biased operation, the thread would look at the operation again. */
    if (mag_barrier_is_asymmetric())
        assert_int_not_equal(slot_of(pooled), MAG_SLOT_EMPTY);
    assert_int_equal(slot_of(&connection->reading), MAG_SLOT_EMPTY);
    mag_operation_return(pooled);

    connection->continuation.job.run = close_connection;
    connection->task = mag_operation_task(&connection->reading);
    connection->ret_result = &result;
    assert_int_equal(
        mag_vtask_on_completed(connection->task, &connection->continuation, 0), 0);
    assert_int_equal(mag_core_set_result(&connection->reading.core, 6), 0);
    assert_int_equal(result, 6);
}

/* ------------------------------------------------------- several completers */

/* VT-148, VT-152 */
static void one_of_several_completers_wins_and_the_others_change_nothing(void **state)
{
    struct request *request = rent_request();
    struct mag_operation *operation = &request->operation;
    mag_vtask task = mag_operation_task(operation);
    uint64_t key = mag_operation_share(operation, NULL);
    struct reply reply = {1, 2, 3}, got;
    (void)state;

    assert_false(mag_operation_try_error(operation, key, 0, 0));
    assert_false(mag_operation_try_value(operation, key, &reply, 1));
    assert_true(mag_operation_try_value(operation, key, &reply, sizeof(reply)));
    reply.first = 9;
    assert_false(mag_operation_try_value(operation, key, &reply, sizeof(reply)));
    assert_false(mag_operation_try_error(operation, key, -EIO, 0));
    assert_false(mag_operation_claim(operation, key));
    assert_int_equal(mag_vtask_get_value(task, &got, sizeof(got), NULL), 0);
    assert_int_equal(got.first, 1);
}

/* VT-148 */
static void a_late_completer_cannot_complete_a_later_operation(void **state)
{
    struct mag_operation own = {.claim = 0};
    uint64_t late[8] = {0};
    (void)state;

    mag_operation_own_init(&own, &mag_operation_word);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(mag_operation_try_own(&own));
        mag_vtask task = mag_operation_task(&own);
        /* Every other operation has only one completer. */
        late[i] = i % 2 == 0 ? mag_operation_share(&own, NULL) : late[i - 1];
        for (unsigned j = 0; j < i; j++)
            assert_false(mag_operation_try_result(&own, late[j], 99));
        if (i % 2 == 0)
            assert_true(mag_operation_try_error(&own, late[i], -EIO, 5));
        else
            assert_int_equal(mag_core_set_error(&own.core, -EIO, 5), 0);
        for (unsigned j = 0; j <= i; j++)
            assert_false(mag_operation_try_result(&own, late[j], 99));
        uint64_t detail = 0;
        assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -EIO);
        assert_int_equal(detail, 5);
        for (unsigned j = 0; j <= i; j++)
            assert_false(mag_operation_try_result(&own, late[j], 99));
    }
}

/* ------------------------------------------------------------------ memory */

struct bare {
    struct mag_operation operation;
};
static struct mag_operation_type few_type = MAG_OPERATION_TYPE(struct bare, MAG_LIMIT(2));

static void an_exhausted_type_says_so_and_recovers(void **state)
{
    void *objects[2] = {NULL, NULL}, *none = NULL;
    (void)state;

    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mag_operation_rent(&few_type, &objects[i]), 0);
    assert_int_equal(mag_operation_rent(&few_type, &none), -ENOSPC);
    assert_null(none);
    struct mag_operation *operation = objects[0];
    mag_vtask task = mag_operation_task(operation);
    assert_int_equal(mag_core_set_result(&operation->core, 1), 0);
    assert_int_equal(mag_vtask_get(task, NULL), 0);
    assert_int_equal(mag_operation_rent(&few_type, &none), 0);
    assert_ptr_equal(none, operation);
    mag_operation_return(operation);
    mag_operation_return(objects[1]);
}

static struct mag_operation_type cold_type = MAG_OPERATION_TYPE(struct bare);

static void a_rent_without_memory_says_so_and_loses_nothing(void **state)
{
    void *object = NULL;
    uint32_t refused = 0;
    (void)state;

    /* Each allocation for the first rent of a type fails once. */
    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = mag_operation_rent(&cold_type, &object);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (r == 0 && !failed)
            break;
        if (r != 0) {
            assert_int_equal(r, -ENOMEM);
            assert_null(object);
            refused++;
        } else {
            mag_operation_return(object);
            object = NULL;
        }
    }
    assert_true(refused > 0);
    assert_int_equal(mag_vtask_status(mag_operation_task(object)), MAG_PENDING);
    mag_operation_return(object);
}

/* VT-138 */
static void nothing_is_allocated_after_the_first_round(void **state)
{
    uint64_t allocations = 0, result = 0;
    (void)state;

    for (uint64_t i = 0; i < 1000; i++) {
        struct probe probe = probe_make();
        struct mag_operation *operation = rent_word();
        mag_vtask task = mag_operation_task(operation);
        assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
        assert_int_equal(mag_core_set_result(&operation->core, 42 + i), 0);
        assert_int_equal(probe_runs(&probe), 1);
        assert_int_equal(mag_vtask_get(task, &result), 0);
        assert_int_equal(result, 42 + i);
        if (i == 0)
            allocations = test_allocations();
    }
    assert_int_equal(test_allocations(), allocations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rent_without_memory_says_so_and_loses_nothing),
        cmocka_unit_test(each_call_answers_by_the_table_in_each_state),
        cmocka_unit_test(only_consuming_moves_the_token),
        cmocka_unit_test(a_refused_read_returns_nothing_to_the_pool),
        cmocka_unit_test(a_result_of_any_size_is_copied_out),
        cmocka_unit_test(a_queued_continuation_finds_it_complete_and_is_its_own_entry),
        cmocka_unit_test(what_was_not_needed_is_returned),
        cmocka_unit_test(an_object_falls_back_to_the_pool_while_its_own_is_busy),
        cmocka_unit_test(a_continuation_may_free_the_object_of_its_operation),
        cmocka_unit_test(one_of_several_completers_wins_and_the_others_change_nothing),
        cmocka_unit_test(a_late_completer_cannot_complete_a_later_operation),
        cmocka_unit_test(an_exhausted_type_says_so_and_recovers),
        cmocka_unit_test(nothing_is_allocated_after_the_first_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
