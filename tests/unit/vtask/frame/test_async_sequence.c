/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <magpie/magpie.h>

/* An async sequence on one core, as a user writes one: each step is an operation of the
 * same core.  Group U. */

enum { ITEMS = 20, SUM = 190, NEVER = -1 };

MAG_VTASK_DEFINE(more_task, bool)

/* ------------------------------------------------------------------ the sequence */

struct sequence {
    struct mag_core core;
    long next;     /* the next item */
    long fails_at; /* or NEVER */
    bool at_once;  /* every second step completes when it is requested */
    bool disposed;
    long sum; /* of the items that the consumer has received */
};

static struct sequence sequence_make(long fails_at, bool at_once)
{
    return (struct sequence){.fails_at = fails_at, .at_once = at_once};
}

/* Yields the items 0 to 19 and then the end; or a fault. */
static void sequence_step(struct sequence *sequence)
{
    if (sequence->next == sequence->fails_at)
        assert_int_equal(mag_core_set_error(&sequence->core, -EIO, ITEMS), 0);
    else
        assert_int_equal(mag_core_set_result(&sequence->core, sequence->next++ < ITEMS),
                         0);
}

/* The result of a successful step is returned as it is; a pending step, and a fault, go
 * through the source. */
static more_task sequence_move(struct sequence *sequence)
{
    uint64_t more = 0;

    if (sequence->disposed)
        return more_task_of(mag_vtask_failed(-EBADF, 0));
    mag_core_reset(&sequence->core);
    if (sequence->at_once && sequence->next % 2 == 0)
        sequence_step(sequence);
    mag_vtask task = mag_core_task(&sequence->core);
    if (mag_vtask_status(task) != MAG_SUCCEEDED)
        return more_task_of(task);
    assert_int_equal(mag_vtask_get(task, &more), 0);
    return more_task_result(more != 0);
}

static long sequence_item(const struct sequence *sequence)
{
    return sequence->next - 1;
}

static mag_task sequence_dispose(struct sequence *sequence)
{
    mag_core_reset(&sequence->core);
    sequence->disposed = true;
    return mag_task_done();
}

/* -------------------------------------------------- ways to consume the sequence */

/* Each of these functions adds all items to `sum`, and returns 0 or the error of a
 * step. */

MAG_ASYNC(mag_task, add_up, (struct sequence *, sequence), bool more;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_AWAIT(f, f->more, sequence_move(f->sequence));
        if (!f->more)
            break;
        f->sequence->sum += sequence_item(f->sequence);
    }
    MAG_END(f);
}

static int consume_by_await(struct sequence *sequence)
{
    mag_task task = add_up(sequence);

    while (mag_vtask_status(task.task) == MAG_PENDING)
        sequence_step(sequence);
    return mag_task_get(task);
}

/* Catches the error, and disposes of the sequence whatever happened. */
MAG_ASYNC(mag_task, add_up_and_dispose, (struct sequence *, sequence), bool more;
          int error;)
{
    MAG_BEGIN(f);
    for (;;) {
        MAG_TRY(f, f->error, f->more, sequence_move(f->sequence));
        if (f->error != 0 || !f->more)
            break;
        f->sequence->sum += sequence_item(f->sequence);
    }
    MAG_AWAIT_DONE(f, sequence_dispose(f->sequence));
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    MAG_END(f);
}

static int consume_and_dispose(struct sequence *sequence)
{
    mag_task task = add_up_and_dispose(sequence);

    while (mag_vtask_status(task.task) == MAG_PENDING)
        sequence_step(sequence);
    assert_true(sequence->disposed);
    sequence->disposed = false;
    return mag_task_get(task);
}

/* A continuation that is written by hand. */
struct hand {
    struct mag_continuation continuation; /* first */
    struct sequence *sequence;
    more_task task;
    int error;
    bool over;
};

static void hand_take(struct hand *hand)
{
    bool more = false;

    hand->error = more_task_get(hand->task, &more);
    hand->over = hand->error != 0 || !more;
    if (!hand->over)
        hand->sequence->sum += sequence_item(hand->sequence);
}

static void hand_move(struct hand *hand)
{
    while (!hand->over) {
        hand->task = sequence_move(hand->sequence);
        if (mag_vtask_status(hand->task.task) == MAG_PENDING) {
            assert_int_equal(
                mag_vtask_on_completed(hand->task.task, &hand->continuation, 0), 0);
            return;
        }
        hand_take(hand);
    }
}

static void hand_go_on(struct mag_job *job)
{
    struct hand *hand = (struct hand *)(void *)job;

    hand_take(hand);
    hand_move(hand);
}

static int consume_by_continuation(struct sequence *sequence)
{
    struct hand hand = {.continuation.job.run = hand_go_on, .sequence = sequence};

    hand_move(&hand);
    while (!hand.over)
        sequence_step(sequence);
    return hand.error;
}

/* Polls until it is complete. */
static int consume_by_polling(struct sequence *sequence)
{
    for (;;) {
        more_task task = sequence_move(sequence);
        bool more = false;

        while (mag_vtask_status(task.task) == MAG_PENDING)
            sequence_step(sequence);
        int error = more_task_get(task, &more);
        if (error != 0 || !more)
            return error;
        sequence->sum += sequence_item(sequence);
    }
}

/* Turns each step into a promise. */
static int consume_by_promise(struct sequence *sequence)
{
    for (;;) {
        struct mag_promise *promise = NULL;
        uint64_t more = 0;

        assert_int_equal(mag_vtask_as_promise(sequence_move(sequence).task, &promise), 0);
        while (mag_vtask_status(mag_promise_task(promise)) == MAG_PENDING)
            sequence_step(sequence);
        int error = mag_vtask_get(mag_promise_task(promise), &more);
        mag_promise_release(promise);
        if (error != 0 || more == 0)
            return error;
        sequence->sum += sequence_item(sequence);
    }
}

static int (*const consumers[])(struct sequence *) = {
    consume_by_await,   consume_and_dispose, consume_by_continuation,
    consume_by_polling, consume_by_promise,
};

enum { CONSUMERS = sizeof(consumers) / sizeof(consumers[0]) };

/* ------------------------------------------------------------------------- tests */

/* VT-187, VT-188 */
static void twenty_items_sum_up_on_one_core_however_they_are_consumed(void **state)
{
    (void)state;

    for (unsigned i = 0; i < CONSUMERS; i++) {
        uint64_t before = 0;

        for (unsigned round = 0; round < 100; round++) {
            struct sequence sequence = sequence_make(NEVER, round % 2 != 0);

            assert_int_equal(consumers[i](&sequence), 0);
            assert_int_equal(sequence.sum, SUM);
            assert_int_equal(sequence.next, ITEMS + 1);
            if (round == 1)
                before = test_allocations();
        }
        assert_int_equal(test_allocations(), before);
    }
}

/* VT-186 */
static void a_fault_at_any_step_ends_it_there_however_it_is_consumed(void **state)
{
    (void)state;

    for (unsigned i = 0; i < CONSUMERS; i++) {
        for (long at = 0; at <= ITEMS; at++) {
            for (unsigned way = 0; way < 2; way++) {
                struct sequence sequence = sequence_make(at, way != 0);

                assert_int_equal(consumers[i](&sequence), -EIO);
                assert_int_equal(sequence.sum, at * (at - 1) / 2);
                assert_int_equal(sequence.next, at);
            }
        }
    }
}

/* VT-186 */
static void a_step_returns_its_result_itself_and_a_fault_through_the_source(void **state)
{
    struct sequence sequence = sequence_make(2, true);
    uint64_t detail = 0;
    bool more = false;
    (void)state;

    more_task done = sequence_move(&sequence);
    assert_int_equal(done.task.backing, 0);
    assert_int_equal(more_task_get(done, &more), 0);
    assert_true(more);

    more_task pending = sequence_move(&sequence);
    assert_true(mag_vtask_equal(pending.task, mag_core_task(&sequence.core)));
    assert_int_equal(mag_vtask_status(pending.task), MAG_PENDING);
    sequence_step(&sequence);
    assert_int_equal(more_task_get(pending, &more), 0);

    more_task fault = sequence_move(&sequence);
    assert_true(mag_vtask_equal(fault.task, mag_core_task(&sequence.core)));
    assert_int_equal(mag_vtask_status(fault.task), MAG_FAULTED);
    assert_int_equal(mag_vtask_status(pending.task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get_value(fault.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, ITEMS);
}

/* VT-187 */
static void disposing_resets_the_core_and_marks_the_sequence(void **state)
{
    (void)state;

    for (unsigned steps = 0; steps < 4; steps++) {
        struct sequence sequence = sequence_make(NEVER, false);
        more_task last = sequence_move(&sequence);

        for (unsigned i = 0; i < steps; i++) {
            sequence_step(&sequence);
            last = sequence_move(&sequence);
        }
        assert_int_equal(mag_vtask_status(last.task), MAG_PENDING);
        assert_int_equal(mag_task_get(sequence_dispose(&sequence)), 0);
        assert_true(sequence.disposed);
        assert_int_equal(mag_vtask_status(last.task), MAG_E_TOKEN);
        for (unsigned i = 0; i < CONSUMERS; i++) {
            sequence.disposed = true;
            assert_int_equal(consumers[i](&sequence), -EBADF);
        }
        assert_int_equal(sequence.sum, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_items_sum_up_on_one_core_however_they_are_consumed),
        cmocka_unit_test(a_fault_at_any_step_ends_it_there_however_it_is_consumed),
        cmocka_unit_test(a_step_returns_its_result_itself_and_a_fault_through_the_source),
        cmocka_unit_test(disposing_resets_the_core_and_marks_the_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
