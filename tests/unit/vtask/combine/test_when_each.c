/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

enum { MANY = 40, TRIES_MAX = 20 };

static struct mag_when_each *begin(mag_vtask *tasks, size_t count,
                                   enum mag_when_order order)
{
    struct mag_when_each *each = NULL;

    assert_int_equal(mag_when_each_begin(tasks, count, order, &each), 0);
    assert_non_null(each);
    return each;
}

/* The next index, which must be there. */
static size_t next(struct mag_when_each *each)
{
    size_t index = SIZE_MAX;

    assert_int_equal(mag_index_task_get(mag_when_each_next(each, NULL), &index), 0);
    return index;
}

static mag_vtask rent(struct mag_operation **ret_operation)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    *ret_operation = object;
    return mag_operation_task(object);
}

static void rent_all(mag_vtask *tasks, struct mag_operation **operations, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tasks[i] = rent(&operations[i]);
}

static void complete(struct mag_operation *operation, uint64_t result)
{
    assert_int_equal(mag_operation_set_result(operation, result), 0);
}

/* A random order of 0 to `count` - 1. */
static void shuffle(unsigned *order, unsigned count, uint64_t *random)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned at = test_random_below(random, i + 1);

        order[i] = order[at];
        order[at] = i;
    }
}

/* ------------------------------------------------------------------------- the order */

static void no_tasks_are_over_at_once(void **state)
{
    struct mag_when_each *each = begin(NULL, 0, MAG_AS_COMPLETED);
    (void)state;

    assert_int_equal(next(each), 0);
    assert_int_equal(next(each), 0);
    mag_when_each_end(each);
    mag_when_each_end(NULL);
}

static void tasks_come_in_the_order_of_their_completion(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned round = 0; round < 200; round++) {
        struct mag_operation *operations[MANY];
        unsigned order[MANY] = {0};
        mag_vtask tasks[MANY];
        unsigned count = 1 + test_random_below(&random, MANY);
        unsigned batch = 1 + test_random_below(&random, 5);

        shuffle(order, count, &random);
        rent_all(tasks, operations, count);
        struct mag_when_each *each = begin(tasks, count, MAG_AS_COMPLETED);
        for (unsigned done = 0; done < count;) {
            unsigned from = done;
            for (; done < count && done < from + batch; done++)
                complete(operations[order[done]], order[done] * 10);
            for (; from < done; from++) {
                size_t index = next(each);
                assert_int_equal(index, order[from]);
                assert_int_equal(result_of(tasks[index]), index * 10);
            }
        }
        assert_int_equal(next(each), count);
        mag_when_each_end(each);
    }
}

static void tasks_can_come_in_their_own_order(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned round = 0; round < 200; round++) {
        struct mag_operation *operations[MANY];
        unsigned order[MANY] = {0};
        bool done[MANY] = {false};
        mag_vtask tasks[MANY];
        unsigned count = 1 + test_random_below(&random, MANY);
        unsigned turn = 0;

        shuffle(order, count, &random);
        rent_all(tasks, operations, count);
        struct mag_when_each *each = begin(tasks, count, MAG_IN_ORDER);
        for (unsigned i = 0; i < count; i++) {
            complete(operations[order[i]], order[i] * 10);
            done[order[i]] = true;
            for (; turn < count && done[turn]; turn++) {
                assert_int_equal(next(each), turn);
                assert_int_equal(result_of(tasks[turn]), turn * 10);
            }
        }
        assert_int_equal(turn, count);
        assert_int_equal(next(each), count);
        mag_when_each_end(each);
    }
}

static void every_kind_of_task_can_be_one_of_them(void **state)
{
    struct scripted source;
    struct mag_core core = {0};
    struct mag_promise *promise = promise_of(0);
    mag_vtask tasks[5] = {scripted_begin(&source, MAG_PENDING, 0, 0),
                          mag_promise_task(promise), mag_vtask_result(3),
                          mag_core_task(&core), failed(-EIO, 7)};
    struct mag_when_each *each = begin(tasks, 5, MAG_AS_COMPLETED);
    uint64_t detail;
    (void)state;

    assert_int_equal(next(each), 2);
    assert_int_equal(next(each), 4);
    assert_int_equal(error_of(tasks[4], &detail), -EIO);
    assert_int_equal(detail, 7);
    assert_int_equal(mag_core_set_result(&core, 4), 0);
    assert_int_equal(mag_promise_set_result(promise, 2), 0);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 1);
    assert_int_equal(next(each), 3);
    assert_int_equal(next(each), 1);
    assert_int_equal(next(each), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(result_of(tasks[i]), i + 1);
    assert_int_equal(next(each), 5);
    mag_when_each_end(each);
    mag_promise_release(promise);
}

static void a_task_that_cannot_be_awaited_has_failed(void **state)
{
    struct mag_operation *stale, *awaited;
    struct probe probe;
    mag_vtask tasks[2];
    uint64_t detail;
    (void)state;

    rent_all(tasks, (struct mag_operation *[2]){NULL, NULL}, 0);
    tasks[0] = rent(&stale);
    complete(stale, 1);
    assert_int_equal(result_of(tasks[0]), 1);
    tasks[1] = rent(&awaited);
    mag_vtask kept = tasks[1];
    assert_int_equal(mag_vtask_on_completed(kept, probe_begin(&probe, NULL), 0), 0);
    struct mag_when_each *each = begin(tasks, 2, MAG_AS_COMPLETED);
    assert_int_equal(next(each), 0);
    assert_int_equal(next(each), 1);
    assert_int_equal(error_of(tasks[0], &detail), MAG_E_TOKEN);
    assert_int_equal(error_of(tasks[1], &detail), MAG_E_CONTINUATION);
    mag_when_each_end(each);
    complete(awaited, 2);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(result_of(kept), 2);
}

/* ------------------------------------------------------------------------- waiting */

static void a_wait_ends_when_the_next_task_does(void **state)
{
    struct mag_operation *operations[3];
    mag_vtask tasks[3];
    size_t index = 9;
    (void)state;

    rent_all(tasks, operations, 3);
    struct mag_when_each *each = begin(tasks, 3, MAG_IN_ORDER);
    mag_index_task waits = mag_when_each_next(each, NULL);
    assert_int_equal(mag_vtask_status(waits.task), MAG_PENDING);
    assert_int_equal(mag_vtask_get(mag_when_each_next_of(each, NULL), NULL),
                     MAG_E_CONTINUATION);
    complete(operations[1], 1);
    assert_int_equal(mag_vtask_status(waits.task), MAG_PENDING);
    complete(operations[0], 1);
    assert_int_equal(mag_index_task_get(waits, &index), 0);
    assert_int_equal(index, 0);
    assert_int_equal(next(each), 1);
    waits = mag_when_each_next(each, NULL);
    complete(operations[2], 1);
    assert_int_equal(mag_index_task_get(waits, &index), 0);
    assert_int_equal(index, 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(result_of(tasks[i]), 1);
    mag_when_each_end(each);
}

static void a_canceled_wait_takes_no_task(void **state)
{
    struct mag_operation *operations[2];
    struct mag_cancel cancel = {0};
    mag_vtask tasks[2];
    uint64_t detail;
    (void)state;

    rent_all(tasks, operations, 2);
    struct mag_when_each *each = begin(tasks, 2, MAG_AS_COMPLETED);
    mag_index_task waits = mag_when_each_next(each, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(error_of(waits.task, &detail), -ECANCELED);
    assert_int_equal(detail, (uintptr_t)&cancel);
    assert_int_equal(error_of(mag_when_each_next(each, &cancel).task, &detail),
                     -ECANCELED);
    complete(operations[1], 1);
    complete(operations[0], 1);
    assert_int_equal(next(each), 1);
    assert_int_equal(next(each), 0);
    assert_int_equal(result_of(tasks[0]) + result_of(tasks[1]), 2);
    mag_when_each_end(each);
}

/* --------------------------------------------------------------------- the early end */

static void an_end_in_the_middle_discards_the_rest(void **state)
{
    (void)state;
    for (enum mag_when_order order = MAG_AS_COMPLETED; order <= MAG_IN_ORDER; order++) {
        struct scripted sources[4];
        mag_vtask tasks[4];
        uint64_t detail;

        for (unsigned i = 0; i < 4; i++)
            tasks[i] = scripted_begin(&sources[i], MAG_PENDING, 0, 0);
        struct mag_when_each *each = begin(tasks, 4, order);
        scripted_complete(&sources[0], MAG_SUCCEEDED, 0, 1);
        scripted_complete(&sources[2], MAG_SUCCEEDED, 0, 1);
        assert_int_equal(next(each), 0);
        mag_index_task waits = {.task = {0, 0}};
        if (order == MAG_IN_ORDER)
            waits = mag_when_each_next(each, NULL);
        mag_when_each_end(each);
        if (order == MAG_IN_ORDER)
            assert_int_equal(error_of(waits.task, &detail), -ECANCELED);
        assert_int_equal(sources[0].taken, 0); /* it is the caller's */
        assert_int_equal(sources[2].taken, 1);
        scripted_complete(&sources[1], MAG_SUCCEEDED, 0, 1);
        scripted_complete(&sources[3], MAG_FAULTED, -EIO, 0);
        assert_int_equal(sources[1].taken, 1);
        assert_int_equal(sources[3].taken, 1);
        assert_int_equal(result_of(tasks[0]), 1);
    }
}

/* ------------------------------------------------------------------ memory, arguments */

static void wrong_arguments_are_refused(void **state)
{
    struct mag_when_each *each = NULL;
    mag_vtask task = mag_vtask_result(1);
    (void)state;

    assert_int_equal(mag_when_each_begin(NULL, 1, MAG_IN_ORDER, &each), MAG_E_ARG);
    assert_int_equal(mag_when_each_begin(&task, UINT32_MAX, MAG_IN_ORDER, &each),
                     MAG_E_ARG);
    assert_int_equal(mag_when_each_begin(&task, 1, (enum mag_when_order)2, &each),
                     MAG_E_ARG);
    assert_null(each);
}

/* Fails each allocation in turn until none is left to fail. */
static void without_memory_nothing_has_changed(void **state)
{
    enum { COUNT = 4000 };
    static struct mag_when_each *kept[64];
    static mag_vtask tasks[COUNT];
    unsigned failures = 0;
    (void)state;

    for (unsigned i = 0; i < COUNT; i++)
        tasks[i] = mag_vtask_result(i);
    /* Keeping all of them makes the pools grow, which is what fails. */
    for (unsigned i = 0; i < 64; i++) {
        test_fail_allocation(1);
        int r = mag_when_each_begin(tasks, COUNT, MAG_IN_ORDER, &kept[i]);
        test_fail_allocation(0);
        if (r != 0) {
            assert_int_equal(r, -ENOMEM);
            failures++;
            kept[i] = begin(tasks, COUNT, MAG_IN_ORDER);
        }
        assert_int_equal(next(kept[i]), 0);
    }
    assert_true(failures != 0);
    for (unsigned i = 0; i < 64; i++)
        mag_when_each_end(kept[i]);
}

static void wait_for_all_of_them(void)
{
    struct mag_operation *operations[MANY];
    mag_vtask tasks[MANY];
    size_t index;

    rent_all(tasks, operations, MANY);
    struct mag_when_each *each = begin(tasks, MANY, MAG_AS_COMPLETED);
    for (unsigned i = 0; i < MANY; i++) {
        mag_index_task waits = mag_when_each_next(each, NULL);
        complete(operations[i], i);
        assert_int_equal(mag_index_task_get(waits, &index), 0);
        assert_int_equal(result_of(tasks[index]), i);
    }
    mag_when_each_end(each);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    uint64_t made = 1;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(1000); i != 0; i--)
            wait_for_all_of_them();
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

/* ------------------------------------------------------------------ async functions */

MAG_ASYNC(long_task, waits, (long, i), mag_vtask delay;)
{
    MAG_BEGIN(f);
    if (mag_delay(NULL, (MANY - f->i) * 50000, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    return long_task_result(f->i);
    MAG_END(f);
}

MAG_ASYNC(long_task, add_each, (mag_vtask *, tasks, size_t, count),
          struct mag_when_each *each;
          size_t i; int error; long sum; uint64_t one;)
{
    MAG_BEGIN(f);
    f->error = mag_when_each_begin(f->tasks, f->count, MAG_AS_COMPLETED, &f->each);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    for (;;) {
        MAG_AWAIT(f, f->i, mag_when_each_next(f->each, NULL));
        if (f->i == f->count)
            break;
        f->error = mag_vtask_get(f->tasks[f->i], &f->one);
        f->sum += f->error == 0 ? (long)f->one : -1000;
    }
    mag_when_each_end(f->each);
    return long_task_result(f->sum);
    MAG_END(f);
}

static void an_async_function_awaits_one_after_the_other(void **state)
{
    mag_vtask tasks[MANY];
    long sum = 0;
    (void)state;

    for (long i = 0; i < MANY; i++)
        tasks[i] = waits(i).task;
    assert_int_equal(long_task_wait(add_each(tasks, MANY), &sum), 0);
    assert_int_equal(sum, MANY * (MANY - 1) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tasks_are_over_at_once),
        cmocka_unit_test(tasks_come_in_the_order_of_their_completion),
        cmocka_unit_test(tasks_can_come_in_their_own_order),
        cmocka_unit_test(every_kind_of_task_can_be_one_of_them),
        cmocka_unit_test(a_task_that_cannot_be_awaited_has_failed),
        cmocka_unit_test(a_wait_ends_when_the_next_task_does),
        cmocka_unit_test(a_canceled_wait_takes_no_task),
        cmocka_unit_test(an_end_in_the_middle_discards_the_rest),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(without_memory_nothing_has_changed),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
        cmocka_unit_test(an_async_function_awaits_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
