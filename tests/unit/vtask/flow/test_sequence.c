/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/sched/shared.h"
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

enum { ITEMS = 20, SUM = 190, TRIES_MAX = 20 };

MAG_SEQUENCE_DEFINE(numbers, int)

struct wide_item {
    long number;
    char text[40];
};
MAG_SEQUENCE_DEFINE(wides, struct wide_item)

/* Items of which every `step`th has to be waited for; then the end, or `error`. */
MAG_SEQUENCE(numbers, count_to, (int, count, int, step, int, error), int i;
             mag_vtask delay;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        if (f->step != 0 && f->i % f->step == 0 && mag_delay(NULL, 1, &f->delay) == 0)
            MAG_AWAIT_DONE(f, mag_task_of(f->delay));
        MAG_YIELD(f, f->i);
    }
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    MAG_END(f);
}

static int get(struct numbers *from)
{
    int number = -1;

    assert_int_equal(numbers_task_get(numbers_next(from), &number), 0);
    return number;
}

static int wait_for(struct numbers *from, int *ret_number)
{
    return numbers_task_wait(numbers_next(from), ret_number);
}

/* --------------------------------------------------------------------- values */

static void values_come_at_once_if_the_body_need_not_wait(void **state)
{
    struct numbers *from = count_to(ITEMS, 0, 0);
    int sum = 0;
    (void)state;

    for (int i = 0; i < ITEMS; i++)
        sum += get(from);
    assert_int_equal(sum, SUM);
    /* The end stays the end. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_vtask_get(numbers_next(from).task, NULL), MAG_SEQUENCE_END);
    numbers_end(from);
}

MAG_ASYNC(long_task, add_up, (struct numbers *, from), int error; int number; long sum;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->error, f->number, numbers_next(f->from));
        if (f->error != 0)
            break;
        f->sum += f->number;
    }
    numbers_end(f->from);
    if (f->error != MAG_SEQUENCE_END)
        MAG_FAIL_WITH(f, f->error, (uint64_t)f->sum);
    return long_task_result(f->sum);
    MAG_END(f);
}

static void values_are_waited_for_by_an_async_function(void **state)
{
    (void)state;
    for (int step = 0; step < 5; step++) {
        long sum = 0;

        assert_int_equal(long_task_wait(add_up(count_to(ITEMS, step, 0)), &sum), 0);
        assert_int_equal(sum, SUM);
    }
}

static void values_are_waited_for_by_a_thread(void **state)
{
    struct numbers *from = count_to(ITEMS, 1, 0);
    int number, sum = 0;
    (void)state;

    while (wait_for(from, &number) == 0)
        sum += number;
    assert_int_equal(sum, SUM);
    numbers_end(from);
}

MAG_SEQUENCE(wides, wide_numbers, (int, count), int i; mag_vtask delay;
             struct wide_item item;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        if (f->i % 2 == 0 && mag_delay(NULL, 1, &f->delay) == 0)
            MAG_AWAIT_DONE(f, mag_task_of(f->delay));
        f->item.number = f->i;
        memset(f->item.text, 'a' + f->i, sizeof(f->item.text));
        MAG_YIELD(f, f->item);
    }
    MAG_END(f);
}

static void values_may_be_larger_than_a_word(void **state)
{
    struct wides *from = wide_numbers(ITEMS);
    struct wide_item item;
    (void)state;

    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(wides_task_wait(wides_next(from), &item), 0);
        assert_int_equal(item.number, i);
        assert_int_equal(item.text[0], 'a' + i);
        assert_int_equal(item.text[39], 'a' + i);
    }
    assert_int_equal(wides_task_wait(wides_next(from), &item), MAG_SEQUENCE_END);
    wides_end(from);
}

MAG_SEQUENCE(numbers, even, (struct numbers *, from), int number;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->number, numbers_next(f->from));
        if (f->number % 2 == 0)
            MAG_YIELD(f, f->number);
    }
    MAG_END(f);
}

static void a_sequence_can_be_made_of_another(void **state)
{
    struct numbers *from = count_to(ITEMS, 3, 0);
    long sum = 0;
    (void)state;

    assert_int_equal(long_task_wait(add_up(even(from)), &sum), 0);
    assert_int_equal(sum, 90);
    numbers_end(from);
}

/* --------------------------------------------------------------------- errors */

static void an_error_of_the_body_is_told_once_and_is_the_end(void **state)
{
    struct numbers *from = count_to(2, 0, -EIO);
    uint64_t detail = 0;
    (void)state;

    assert_int_equal(get(from), 0);
    assert_int_equal(get(from), 1);
    assert_int_equal(mag_vtask_get(numbers_next(from).task, NULL), -EIO);
    assert_int_equal(mag_vtask_get(numbers_next(from).task, NULL), MAG_SEQUENCE_END);
    numbers_end(from);
    mag_vtask task = add_up(count_to(ITEMS, 4, -EIO)).task;
    assert_int_equal(mag_vtask_wait_completed(&task, sizeof(long), -1), 0);
    assert_int_equal(error_of(task, &detail), -EIO);
    assert_int_equal(detail, SUM);
    assert_int_equal(mag_vtask_release(task), 0);
}

static void no_sequence_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(mag_vtask_get(numbers_next(NULL).task, NULL), -ENOMEM);
    numbers_end(NULL);
}

/* ----------------------------------------------------------------- clean-up */

static shared begun, cleaned;

MAG_SEQUENCE_WITH_CLEANUP(numbers, holds, (struct mag_operation **, ret_waits), int held;
                          int i; void *object; int error;)
{
    MAG_BEGIN(f);
    (void)add(&begun, 1);
    f->held = 7;
    MAG_YIELD(f, 0);
    if (f->ret_waits != NULL) {
        f->error = mag_operation_rent(&mag_operation_word, &f->object);
        if (f->error != 0)
            MAG_FAIL(f, f->error);
        *f->ret_waits = f->object;
        MAG_AWAIT_DONE(f, mag_task_of(mag_operation_task(f->object)));
    }
    for (f->i = 1; f->i < 5; f->i++)
        MAG_YIELD(f, f->i);
    MAG_FAIL(f, -EIO);
    MAG_END(f);
}

static void holds_cleanup(struct holds_frame *f)
{
    (void)add(&cleaned, f->held == 7);
}

static int clear(void **state)
{
    (void)state;
    set(&begun, 0);
    set(&cleaned, 0);
    return 0;
}

static void clean_up_runs_when_the_body_ends(void **state)
{
    struct numbers *from = holds(NULL);
    (void)state;

    for (int i = 0; i < 5; i++)
        assert_int_equal(get(from), i);
    assert_int_equal(look(&cleaned), 0);
    assert_int_equal(mag_vtask_get(numbers_next(from).task, NULL), -EIO);
    assert_int_equal(look(&cleaned), 1);
    numbers_end(from);
    assert_int_equal(look(&cleaned), 1);
}

static void clean_up_runs_when_the_holder_ends_early(void **state)
{
    (void)state;
    for (int taken = 1; taken < 5; taken++) {
        struct numbers *from = holds(NULL);

        (void)clear(NULL);
        for (int i = 0; i < taken; i++)
            assert_int_equal(get(from), i);
        numbers_end(from);
        assert_int_equal(look(&cleaned), 1);
    }
}

static void a_body_that_has_not_begun_needs_no_clean_up(void **state)
{
    (void)state;
    numbers_end(holds(NULL));
    assert_int_equal(look(&begun), 0);
    assert_int_equal(look(&cleaned), 0);
}

static void a_sequence_whose_task_is_pending_ends_with_the_task(void **state)
{
    (void)state;
    for (int discards = 0; discards < 2; discards++) {
        struct mag_operation *waits = NULL;
        struct numbers *from = holds(&waits);

        (void)clear(NULL);
        assert_int_equal(get(from), 0);
        mag_vtask task = numbers_next(from).task;
        assert_int_equal(mag_vtask_status(task), MAG_PENDING);
        assert_int_equal(mag_vtask_get(numbers_next(from).task, NULL),
                         MAG_E_CONTINUATION);
        if (discards == 1)
            assert_int_equal(mag_vtask_discard(task), 0);
        numbers_end(from);
        assert_int_equal(look(&cleaned), 0);
        assert_int_equal(mag_operation_set_done(waits), 0);
        if (discards == 0) {
            assert_int_equal(look(&cleaned), 0);
            assert_int_equal(result_of(task), 1);
        }
        assert_int_equal(look(&cleaned), 1);
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    }
}

/* ------------------------------------------------------------------------ memory */

static void without_memory_there_is_no_sequence(void **state)
{
    enum { COUNT = 3000 };
    static struct numbers *kept[COUNT];
    unsigned refused = 0;
    (void)state;

    for (unsigned i = 0; i < COUNT; i++) {
        test_fail_allocation(1);
        kept[i] = count_to(1, 0, 0);
        test_fail_allocation(0);
        refused += kept[i] == NULL;
    }
    assert_true(refused != 0);
    for (unsigned i = 0; i < COUNT; i++)
        numbers_end(kept[i]);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    uint64_t made = 1;
    long sum;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(2000); i != 0; i--)
            assert_int_equal(long_task_wait(add_up(count_to(ITEMS, 5, 0)), &sum), 0);
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

/* The body continues on a worker while the consumer ends the sequence. */
static void an_end_may_come_while_the_body_runs_elsewhere(void **state)
{
    (void)state;
    for (uint32_t i = test_rounds(5000); i != 0; i--) {
        struct numbers *from = count_to(3, 1, 0);
        int number = -1;

        if (i % 2 == 0) {
            assert_int_equal(wait_for(from, &number), 0);
            assert_int_equal(number, 0);
        }
        assert_int_equal(mag_vtask_discard(numbers_next(from).task), 0);
        numbers_end(from);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_at_once_if_the_body_need_not_wait),
        cmocka_unit_test(values_are_waited_for_by_an_async_function),
        cmocka_unit_test(values_are_waited_for_by_a_thread),
        cmocka_unit_test(values_may_be_larger_than_a_word),
        cmocka_unit_test(a_sequence_can_be_made_of_another),
        cmocka_unit_test(an_error_of_the_body_is_told_once_and_is_the_end),
        cmocka_unit_test(no_sequence_is_an_error),
        cmocka_unit_test_setup(clean_up_runs_when_the_body_ends, clear),
        cmocka_unit_test_setup(clean_up_runs_when_the_holder_ends_early, clear),
        cmocka_unit_test_setup(a_body_that_has_not_begun_needs_no_clean_up, clear),
        cmocka_unit_test_setup(a_sequence_whose_task_is_pending_ends_with_the_task,
                               clear),
        cmocka_unit_test(without_memory_there_is_no_sequence),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
        cmocka_unit_test(an_end_may_come_while_the_body_runs_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
