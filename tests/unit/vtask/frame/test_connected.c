/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/bell.h"

#include <magpie/magpie.h>

#include <string.h>

/* Connected operations, completed by hand.  Both definers of async functions make the
 * same function. */

struct triple {
    long a, b, c;
};
MAG_VTASK_DEFINE(triple_task, struct triple)

#define SUM(definer, name)                                                     \
    definer(long_task, name, (int, count), struct bell bell; int i; long item; \
            long total;)                                                       \
    {                                                                          \
        MAG_BEGIN(f);                                                          \
        for (f->i = 0; f->i < f->count; f->i++) {                              \
            MAG_CONNECT(f, f->item, bell, &f->bell);                           \
            f->total += f->item;                                               \
        }                                                                      \
        return long_task_result(f->total);                                     \
        MAG_END(f);                                                            \
    }
SUM(MAG_ASYNC, sum)
SUM(MAG_ASYNC_CONNECTED, placed_sum)

static long_task (*const sums[])(int) = {sum, placed_sum};

static void operations_that_answer_at_once_make_a_task_that_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bells_at_once = 3;
        long_task task = sums[i](3);
        assert_ptr_equal(task.task.backing, NULL);
        assert_int_equal(result_of_long(task), 3);
    }
    assert_int_equal(bells_begun, 6);
}

static void a_function_that_waits_has_an_ordinary_task(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        long_task task = sums[i](2);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        ring(20);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        ring(22);
        assert_int_equal(mag_vtask_status(task.task), MAG_SUCCEEDED);
        assert_int_equal(result_of_long(task), 42);
        assert_int_equal(mag_vtask_status(task.task), MAG_E_TOKEN);
    }
}

static void any_mix_of_waiting_and_answering_gives_the_right_sum(void **state)
{
    (void)state;
    for (unsigned mix = 0; mix < 2 * 8; mix++) {
        long_task task = sums[mix & 1](3);

        for (unsigned i = 1; bells_begun % 3 != 0 || i < 3; i++) {
            bells_at_once = mix >> i & 1;
            ring(1);
            if (mag_vtask_status(task.task) != MAG_PENDING)
                break;
        }
        while (mag_vtask_status(task.task) == MAG_PENDING)
            ring(1);
        assert_int_equal(result_of_long(task), 3);
        bells_at_once = 0;
        bells_begun = 0;
    }
}

/* The body then ends before the begin function has returned. */
static void an_operation_may_be_complete_before_its_begin_returns(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bells_inside = 5;
        assert_int_equal(result_of_long(sums[i](5)), 5);
    }
}

/* More than MAG_INLINE_DEPTH_MAX in one another: some are queued. */
static void a_long_chain_of_completions_inside_begin_needs_no_deep_stack(void **state)
{
    long value = 0;
    (void)state;
    for (int i = 0; i < 2; i++) {
        bells_inside = 100000;
        assert_int_equal(long_task_wait(sums[i](100000), &value), 0);
        assert_int_equal(value, 100000);
    }
}

/* ------------------------------------------------------------------------ children */

MAG_ASYNC_CONNECTED(long_task, middle, (int, count), struct sum_frame sum; long all;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->all, sum, &f->sum, f->count);
    return long_task_result(2 * f->all);
    MAG_END(f);
}

MAG_ASYNC(long_task, outer, (int, count), struct middle_frame middle;
          struct placed_sum_frame sum; long a; long b;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->a, middle, &f->middle, f->count);
    MAG_CONNECT(f, f->b, placed_sum, &f->sum, f->count);
    return long_task_result(f->a + f->b);
    MAG_END(f);
}

static void a_function_lies_in_the_frame_of_the_one_that_awaits_it(void **state)
{
    long_task task = outer(2);
    (void)state;

    for (int i = 0; i < 4; i++)
        ring(i);
    assert_int_equal(result_of_long(task), 2 * (0 + 1) + (2 + 3));
    bells_at_once = 4;
    assert_int_equal(result_of_long(outer(2)), 6);
}

static void call_outer(uint32_t times)
{
    for (uint32_t i = times; i != 0; i--) {
        long_task task = outer(2);

        for (int j = 0; j < 4; j++)
            ring(j);
        assert_int_equal(result_of_long(task), 7);
    }
}

/* Threads that other tests have left may allocate, or not, once. */
static void only_the_outermost_function_takes_a_frame_from_the_pool(void **state)
{
    uint64_t made = 1;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < 100; tries++) {
        uint64_t before = test_allocations();
        call_outer(1000);
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

/* ------------------------------------------------------------ a waiter of one's own */

struct listener {
    struct mag_waiter waiter; /* first */
    unsigned heard;
};

static void hear(struct mag_job *job)
{
    ((struct listener *)(void *)job)->heard++;
}

static void a_continuation_may_wait_in_place_of_a_function(void **state)
{
    struct listener listener = {.waiter.continuation.job.run = hear};
    struct placed_sum_frame frame;
    struct bell bell;
    (void)state;

    mag_waiter_arm(&listener.waiter);
    assert_true(mag_vtask_is_started(bell_begin(&listener.waiter, &bell).task));
    ring(42);
    assert_int_equal(listener.heard, 1);
    assert_ptr_equal(listener.waiter.outcome.backing, NULL);
    assert_int_equal(listener.waiter.outcome.payload, 42);
    mag_waiter_arm(&listener.waiter);
    assert_true(mag_vtask_is_started(placed_sum_begin(&listener.waiter, &frame, 2).task));
    ring(1);
    assert_int_equal(listener.heard, 1);
    ring(2);
    assert_int_equal(listener.heard, 2);
    assert_int_equal(listener.waiter.outcome.payload, 3);
}

/* -------------------------------------------------------------------- large results */

struct dictation {
    struct bell bell;
    struct triple told;
};

static triple_task dictation_begin(struct mag_waiter *waiter, struct dictation *state)
{
    bool at_once = bells_at_once != 0;

    (void)!mag_vtask_is_started(bell_begin(waiter, &state->bell).task);
    if (at_once)
        return triple_task_result((struct triple){1, 2, 3});
    state->told = (struct triple){4, 5, 6};
    return triple_task_of(MAG_STARTED);
}

#define LARGE(definer, name)                                                         \
    definer(triple_task, name, (void), struct dictation dictation; struct triple t;) \
    {                                                                                \
        MAG_BEGIN(f);                                                                \
        MAG_CONNECT(f, f->t, dictation, &f->dictation);                              \
        f->t.a *= 10;                                                                \
        return triple_task_result(f->t);                                             \
        MAG_END(f);                                                                  \
    }
/* NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): what waits is in a pool. */
LARGE(MAG_ASYNC, large)
LARGE(MAG_ASYNC_CONNECTED, placed_large)

#define LARGE_OUTER(definer, name, inner)                                            \
    definer(triple_task, name, (void), struct inner##_frame child; struct triple t;) \
    {                                                                                \
        MAG_BEGIN(f);                                                                \
        MAG_CONNECT(f, f->t, inner, &f->child);                                      \
        f->t.c++;                                                                    \
        return triple_task_result(f->t);                                             \
        MAG_END(f);                                                                  \
    }
LARGE_OUTER(MAG_ASYNC, large_outer, placed_large)
LARGE_OUTER(MAG_ASYNC_CONNECTED, placed_large_outer, large)

static void dictate(void)
{
    struct dictation *state = (struct dictation *)(void *)bell_pending;

    assert_int_equal(
        mag_waiter_complete_value(state->bell.waiter, &state->told, sizeof(state->told)),
        0);
}

MAG_VTASK_DEFINE(small_task, signed char)
MAG_VTASK_DEFINE(real_task, double)

static small_task letter_begin(struct mag_waiter *waiter, struct bell *bell)
{
    return small_task_of(bell_begin(waiter, bell).task);
}

static real_task weight_begin(struct mag_waiter *waiter, struct bell *bell)
{
    return real_task_of(bell_begin(waiter, bell).task);
}

/* NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): what waits is in a pool. */
MAG_ASYNC(real_task, weigh, (void), struct bell bell; signed char letter; double weight;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->letter, letter, &f->bell);
    MAG_CONNECT(f, f->weight, weight, &f->bell);
    return real_task_result(f->letter * f->weight);
    MAG_END(f);
}

static void a_result_of_at_most_a_word_needs_no_memory_of_its_own(void **state)
{
    real_task task = weigh();
    signed char letter = -4;
    double weight = 2.5, product = 0;
    (void)state;

    assert_int_equal(mag_waiter_complete_value(bell_pending->waiter, &letter, 1), 0);
    assert_int_equal(
        mag_waiter_complete_value(bell_pending->waiter, &weight, sizeof(weight)), 0);
    letter = 0;
    weight = 0;
    assert_int_equal(real_task_get(task, &product), 0);
    assert_true(product == -10.0);
}

static void a_result_larger_than_a_word_arrives_in_either_way(void **state)
{
    static triple_task (*const calls[])(void) = {large_outer, placed_large_outer};
    struct triple t = {0, 0, 0};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        triple_task task = calls[i]();
        dictate();
        assert_int_equal(triple_task_get(task, &t), 0);
        assert_int_equal(t.a, 40);
        assert_int_equal(t.b, 5);
        assert_int_equal(t.c, 7);
        bells_at_once = 1;
        assert_int_equal(triple_task_get(calls[i](), &t), 0);
        assert_int_equal(t.a, 10);
        assert_int_equal(t.c, 4);
    }
}

/* --------------------------------------------------------------------------- errors */

MAG_ASYNC(long_task, catches, (int *, errors, uint64_t *, detail), struct sum_frame sum;
          struct bell bell; long value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_TRY(f, f->errors[0], f->value, bell, &f->bell);
    *f->detail = mag_async_detail(f);
    MAG_CONNECT_TRY_DONE(f, f->errors[1], sum, &f->sum, 1);
    MAG_CONNECT_DONE(f, sum, &f->sum, 1);
    MAG_CONNECT(f, f->value, sum, &f->sum, 1);
    return long_task_result(f->value);
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(long_task, placed_catches, (int *, errors, uint64_t *, detail),
                    struct placed_sum_frame sum;
                    struct bell bell; long value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_TRY(f, f->errors[0], f->value, bell, &f->bell);
    *f->detail = mag_async_detail(f);
    MAG_CONNECT_TRY_DONE(f, f->errors[1], placed_sum, &f->sum, 1);
    MAG_CONNECT_DONE(f, placed_sum, &f->sum, 1);
    MAG_CONNECT(f, f->value, placed_sum, &f->sum, 1);
    return long_task_result(f->value);
    MAG_END(f);
}

static void an_error_ends_the_function_or_is_caught(void **state)
{
    static long_task (*const calls[])(int *, uint64_t *) = {catches, placed_catches};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        int errors[2] = {1, 1};
        uint64_t detail = 0, last = 0;
        long_task task = calls[i](errors, &detail);

        assert_int_equal(mag_waiter_fail(bell_pending->waiter, -EIO, 11), 0);
        assert_int_equal(errors[0], -EIO);
        assert_int_equal(detail, 11);
        assert_int_equal(mag_waiter_fail(bell_pending->waiter, -ECANCELED, 12), 0);
        assert_int_equal(errors[1], -ECANCELED);
        ring(9);
        assert_int_equal(mag_waiter_fail(bell_pending->waiter, -EPIPE, 13), 0);
        assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &last), -EPIPE);
        assert_int_equal(last, 13);
    }
}

static void an_error_that_is_answered_at_once_does_the_same(void **state)
{
    static long_task (*const calls[])(int *, uint64_t *) = {catches, placed_catches};
    int errors[2] = {1, 1};
    uint64_t detail = 0;
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        bell_error = -EIO;
        bells_at_once = 1;
        long_task task = calls[i](errors, &detail);
        assert_int_equal(errors[0], -EIO);
        assert_int_equal(errors[1], 0);
        assert_int_equal(detail, 7);
        ring(4);
        ring(5);
        assert_int_equal(result_of_long(task), 5);
        bell_error = -EPIPE;
        assert_int_equal(long_task_get(sums[i](1), &(long){0}), -EPIPE);
    }
}

/* Frames of sizes of their own, so that their pools do not exist yet. */
/* NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): what waits is in a pool. */
MAG_ASYNC(long_task, starved, (void), char large[10000]; struct bell bell; int error;
          long value;)
{
    MAG_BEGIN(f);
    f->large[0] = 1;
    MAG_CONNECT_TRY(f, f->error, f->value, bell, &f->bell);
    return long_task_result(f->value);
    MAG_END(f);
}
MAG_ASYNC_CONNECTED(long_task, placed_starved, (void), char large[20000];
                    struct bell bell; long value;)
{
    MAG_BEGIN(f);
    f->large[0] = 1;
    MAG_CONNECT(f, f->value, bell, &f->bell);
    return long_task_result(f->value);
    MAG_END(f);
}

static void without_memory_for_a_frame_nothing_is_begun(void **state)
{
    static long_task (*const calls[])(void) = {starved, placed_starved};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        test_fail_allocation(1);
        assert_int_equal(long_task_get(calls[i](), &(long){0}), -ENOMEM);
        assert_true(test_has_failed());
        assert_int_equal(bells_begun, i);
        long_task task = calls[i]();
        ring(42);
        assert_int_equal(result_of_long(task), 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            operations_that_answer_at_once_make_a_task_that_is_complete, reset_bells),
        cmocka_unit_test_setup(a_function_that_waits_has_an_ordinary_task, reset_bells),
        cmocka_unit_test_setup(any_mix_of_waiting_and_answering_gives_the_right_sum,
                               reset_bells),
        cmocka_unit_test_setup(an_operation_may_be_complete_before_its_begin_returns,
                               reset_bells),
        cmocka_unit_test_setup(
            a_long_chain_of_completions_inside_begin_needs_no_deep_stack, reset_bells),
        cmocka_unit_test_setup(a_function_lies_in_the_frame_of_the_one_that_awaits_it,
                               reset_bells),
        cmocka_unit_test_setup(only_the_outermost_function_takes_a_frame_from_the_pool,
                               reset_bells),
        cmocka_unit_test_setup(a_continuation_may_wait_in_place_of_a_function,
                               reset_bells),
        cmocka_unit_test_setup(a_result_of_at_most_a_word_needs_no_memory_of_its_own,
                               reset_bells),
        cmocka_unit_test_setup(a_result_larger_than_a_word_arrives_in_either_way,
                               reset_bells),
        cmocka_unit_test_setup(an_error_ends_the_function_or_is_caught, reset_bells),
        cmocka_unit_test_setup(an_error_that_is_answered_at_once_does_the_same,
                               reset_bells),
        cmocka_unit_test_setup(without_memory_for_a_frame_nothing_is_begun, reset_bells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
