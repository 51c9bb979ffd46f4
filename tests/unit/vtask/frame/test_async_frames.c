/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/magpie.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 4, CHAINS = 64 };

/* ---------------------------------------------------- one operation, by hand */

static struct mag_core source;

static long_task start_operation(void)
{
    mag_core_reset(&source);
    return long_task_of(mag_core_task(&source));
}

static void complete(long result)
{
    assert_int_equal(mag_core_set_result(&source, (uint64_t)result), 0);
}

MAG_ASYNC(long_task, add_one, (void), long item;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, start_operation());
    return long_task_result(f->item + 1);
    MAG_END(f);
}

MAG_ASYNC(long_task, add_ten, (void), int i; long item; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < 10; f->i++) {
        MAG_AWAIT(f, f->item, start_operation());
        f->sum += f->item;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

MAG_ASYNC(long_task, fails_with_nothing, (void), )
{
    MAG_BEGIN(f);
    MAG_FAIL(f, 0);
    MAG_END(f);
}

/* Against the rules: the line to resume at lies in a switch of the function's own. */
MAG_ASYNC(long_task, waits_in_a_switch, (int, kind), long item;)
{
    MAG_BEGIN(f);
    switch (f->kind) {
    case 1:
        MAG_AWAIT(f, f->item, start_operation());
        return long_task_result(f->item);
    default:
        return long_task_result(0);
    }
    MAG_END(f);
}

/* The detail of an error is still known after a wait that moves the frame. */
MAG_ASYNC(long_task, tries_and_waits, (mag_vtask, tried), int error; long item;
          uint64_t details[2];)
{
    MAG_BEGIN(f);
    f->details[0] = mag_async_detail(f);
    MAG_TRY_DONE(f, f->error, mag_task_of(f->tried));
    MAG_AWAIT(f, f->item, start_operation());
    f->details[1] = mag_async_detail(f);
    return long_task_result((long)(f->details[0] * 1000 + f->details[1]));
    MAG_END(f);
}

static struct mag_core *frame_of(long_task task)
{
    return (struct mag_core *)(task.task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
}

/* VT-164, VT-168, VT-204 */
static void a_stale_or_early_read_does_not_return_the_frame(void **state)
{
    long value = 0;
    (void)state;

    long_task first = add_one();
    assert_int_equal(long_task_get(first, &value), MAG_E_PENDING);
    assert_int_equal(mag_vtask_status(first.task), MAG_PENDING);
    complete(1);
    assert_int_equal(long_task_get(first, &value), 0);
    assert_int_equal(value, 2);

    /* The next call gets the same frame; the old task must not touch it. */
    long_task second = add_one();
    assert_ptr_equal(frame_of(first), frame_of(second));
    assert_int_equal(long_task_get(first, &value), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_status(second.task), MAG_PENDING);
    complete(2);
    assert_int_equal(long_task_get(first, &value), MAG_E_TOKEN);
    assert_int_equal(long_task_get(second, &value), 0);
    assert_int_equal(value, 3);
}

/* VT-165, VT-166 */
static void a_frame_is_given_back_and_rented_again_without_memory(void **state)
{
    long value = 0;
    uint64_t before;
    (void)state;

    long_task task = add_one();
    const struct mag_core *frame = frame_of(task);
    complete(0);
    assert_int_equal(long_task_get(task, &value), 0);
    before = test_allocations();
    for (int i = 0; i < 1000; i++) {
        task = add_one();
        assert_ptr_equal(frame_of(task), frame);
        complete(i);
        assert_int_equal(long_task_get(task, &value), 0);
        assert_int_equal(value, i + 1);
    }
    assert_int_equal(test_allocations(), before);
}

/* The frame whose continuation waits at the source. */
static const struct mag_core *who_waits(void)
{
    /* relaxed: written by this thread. */
    uintptr_t slot = atomic_load_explicit(&source.slot, memory_order_relaxed);

    return (struct mag_core *)(slot - offsetof(struct mag_frame, waiter));
}

/* VT-171 */
static void a_call_that_waits_ten_times_stays_in_its_one_frame(void **state)
{
    uint64_t before = 0;
    long value = 0;
    (void)state;

    for (unsigned round = 0; round < 100; round++) {
        long_task task = add_ten();
        const struct mag_core *frame = frame_of(task);

        for (int i = 0; i < 10; i++) {
            assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
            assert_ptr_equal(who_waits(), frame);
            complete(i);
        }
        assert_int_equal(long_task_get(task, &value), 0);
        assert_int_equal(value, 45);
        if (round == 0)
            before = test_allocations();
    }
    assert_int_equal(test_allocations(), before);
}

/* How many different frames there are. */
static unsigned distinct(const struct mag_core *const *frames, unsigned count)
{
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned j = 0;

        while (frames[j] != frames[i])
            j++;
        found += j == i;
    }
    return found;
}

enum { CALLS = 1000, OVERLAPPING = 8 };

static struct mag_core cores[CALLS];
static const struct mag_core *frames[CALLS];
static long_task pending[CALLS];

MAG_ASYNC(long_task, waits_for, (struct mag_core *, core), long item; long more[4];)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, long_task_of(mag_core_task(f->core)));
    return long_task_result(f->item + 42);
    MAG_END(f);
}

static void begin_call(unsigned i)
{
    mag_core_reset(&cores[i]);
    pending[i] = waits_for(&cores[i]);
    frames[i] = frame_of(pending[i]);
}

static void end_call(unsigned i)
{
    long value = 0;

    assert_int_equal(mag_core_set_result(&cores[i], i), 0);
    assert_int_equal(long_task_get(pending[i], &value), 0);
    assert_int_equal(value, 42 + i);
}

/* VT-167 */
static void a_thousand_calls_may_be_pending_and_a_second_thousand_is_free(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < CALLS; i++)
            begin_call(i);
        assert_int_equal(distinct(frames, CALLS), CALLS);
        /* In another order: 7 and 1000 have no common divisor. */
        for (unsigned i = 0; i < CALLS; i++)
            end_call(i * 7 % CALLS);
        if (round == 0)
            before = test_allocations();
    }
    assert_int_equal(test_allocations(), before);
}

/* VT-174 */
static void overlapping_calls_use_few_frames_again_and_again(void **state)
{
    (void)state;

    for (unsigned i = 0; i < CALLS; i++) {
        begin_call(i);
        if (i >= OVERLAPPING - 1)
            end_call(i - (OVERLAPPING - 1));
        if (i + 1 >= OVERLAPPING)
            assert_int_equal(distinct(&frames[i + 1 - OVERLAPPING], OVERLAPPING),
                             OVERLAPPING);
    }
    for (unsigned i = CALLS - (OVERLAPPING - 1); i < CALLS; i++)
        end_call(i);
    assert_true(distinct(frames, CALLS) < 2 * OVERLAPPING);
}

/* VT-180 */
static void failing_with_no_error_is_an_error(void **state)
{
    long value;
    (void)state;

    assert_int_equal(long_task_get(fails_with_nothing(), &value), MAG_E_ARG);
}

static void an_await_in_a_switch_ends_with_an_error(void **state)
{
    long value = 7;
    (void)state;

    long_task task = waits_in_a_switch(1);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    complete(5);
    assert_int_equal(long_task_get(task, &value), MAG_E_STATE);
    assert_int_equal(value, 7);
}

static void the_detail_of_an_error_survives_the_first_wait(void **state)
{
    long detail = 7;
    (void)state;

    /* The pooled frame has held another word before. */
    long_task task = add_one();
    complete(4);
    assert_int_equal(long_task_get(task, &detail), 0);

    task = tries_and_waits(mag_vtask_failed(-EIO, 55));
    complete(5);
    assert_int_equal(long_task_get(task, &detail), 0);
    assert_int_equal(detail, 55);

    task = tries_and_waits(MAG_VTASK_COMPLETED);
    complete(6);
    assert_int_equal(long_task_get(task, &detail), 0);
    assert_int_equal(detail, 0);
}

/* VT-185 */
static void a_function_that_has_ended_cannot_be_completed_again(void **state)
{
    long value = 0;
    (void)state;

    long_task task = add_one();
    complete(1);
    assert_int_equal(mag_core_set_result(frame_of(task), 5), MAG_E_DONE);
    assert_int_equal(mag_core_set_error(frame_of(task), -EIO, 0), MAG_E_DONE);
    assert_int_equal(long_task_get(task, &value), 0);
    assert_int_equal(value, 2);
}

/* ------------------------------------------------------------- other threads */

static void *read_there(void *arg)
{
    long value = 0;

    return long_task_get(*(long_task *)arg, &value) == 0 && value == 8 ? arg : NULL;
}

/* VT-170, VT-175 */
static void a_frame_may_be_returned_by_a_thread_that_ends(void **state)
{
    (void)state;

    for (unsigned i = 0; i < CALLS; i++) {
        pthread_t thread;
        void *right = NULL;
        long_task task = add_one();

        frames[i] = frame_of(task);
        complete(7);
        assert_int_equal(pthread_create(&thread, NULL, read_there, &task), 0);
        assert_int_equal(pthread_join(thread, &right), 0);
        assert_non_null(right);
    }
    /* When a thread ended, it gave back the frames that it had kept to itself. */
    assert_true(distinct(frames, CALLS) < CALLS / 4);
}

MAG_ASYNC(long_task, hop_and_add, (long, base), int i; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < 3; f->i++) {
        MAG_CONTINUE_ON(f, NULL);
        f->sum += f->base;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

struct chain {
    struct mag_continuation continuation;
    struct mag_job start;
    long_task task;
    long number;
    uint32_t rest;
    _Atomic(uint64_t) *done;
    _Atomic(uint64_t) *wrong;
};

static void chain_next(struct chain *chain)
{
    chain->number++;
    chain->task = hop_and_add(chain->number);
    if (mag_vtask_on_completed(chain->task.task, &chain->continuation, 0) != 0) {
        /* relaxed: read when all calls have ended. */
        atomic_fetch_add_explicit(chain->wrong, 1, memory_order_relaxed);
    }
}

static void chain_go_on(struct mag_job *job)
{
    struct chain *chain = (struct chain *)(void *)job;
    long value = 0;

    if (long_task_get(chain->task, &value) != 0 || value != 3 * chain->number) {
        /* relaxed: as above. */
        atomic_fetch_add_explicit(chain->wrong, 1, memory_order_relaxed);
    }
    if (--chain->rest != 0)
        chain_next(chain);
    else {
        /* release: the count of wrong results comes before it. */
        atomic_fetch_add_explicit(chain->done, 1, memory_order_release);
    }
}

static void chain_start(struct mag_job *job)
{
    chain_next((struct chain *)(void *)((char *)job - offsetof(struct chain, start)));
}

/* VT-173 */
static void results_never_cross_between_calls_that_hop_between_threads(void **state)
{
    static struct chain chains[CHAINS];
    static _Atomic(uint64_t) done;
    static _Atomic(uint64_t) wrong;
    struct mag_sched *sched;
    struct mag_sched_config config = test_sched_config(THREADS);

    (void)state;
    config.pin = MAG_PIN_NEVER;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    for (uint32_t i = 0; i < CHAINS; i++) {
        chains[i] = (struct chain){.continuation = {.job = {.run = chain_go_on}},
                                   .start = {.run = chain_start},
                                   .number = (long)i << 20,
                                   .rest = test_rounds(2000),
                                   .done = &done,
                                   .wrong = &wrong};
        assert_int_equal(mag_sched_post(sched, &chains[i].start), 0);
    }
    assert_true(test_wait_for(&done, CHAINS));
    mag_sched_destroy(sched);
    /* relaxed: the workers are joined. */
    assert_int_equal(atomic_load_explicit(&wrong, memory_order_relaxed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_or_early_read_does_not_return_the_frame),
        cmocka_unit_test(a_frame_is_given_back_and_rented_again_without_memory),
        cmocka_unit_test(a_call_that_waits_ten_times_stays_in_its_one_frame),
        cmocka_unit_test(a_thousand_calls_may_be_pending_and_a_second_thousand_is_free),
        cmocka_unit_test(overlapping_calls_use_few_frames_again_and_again),
        cmocka_unit_test(failing_with_no_error_is_an_error),
        cmocka_unit_test(an_await_in_a_switch_ends_with_an_error),
        cmocka_unit_test(the_detail_of_an_error_survives_the_first_wait),
        cmocka_unit_test(a_function_that_has_ended_cannot_be_completed_again),
        cmocka_unit_test(a_frame_may_be_returned_by_a_thread_that_ends),
        cmocka_unit_test(results_never_cross_between_calls_that_hop_between_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
