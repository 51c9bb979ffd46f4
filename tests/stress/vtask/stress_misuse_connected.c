/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/rings.h"

#include <magpie/magpie.h>

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

/*
 * Random calls with connected operations, right and wrong ones: operations that answer at
 * once, start, or return another task, a stale one too; completions for those who wait,
 * second completions, completions for frames that have returned to their pool, outcomes
 * that are none, jobs that are called too early, tasks that are discarded while their
 * function waits.  No call crashes or waits.  Each misuse is answered by its code and
 * changes nothing; each function ends once, with the outcome that its operations gave it;
 * in the end every frame is back in its pool.
 *
 * The calls come from one thread whose executor keeps the continuations; then from plain
 * threads in turn, which have no executor.  There many completions come from another
 * thread than the begin, and the function continues inside them.
 *
 * A second completion is told by a library with MAG_DEBUG_TASKS alone; elsewhere it is
 * not tried.  Not tried, because it is not specified: a completion for a frame that waits
 * for something else meanwhile; two operations with one state at a time.
 */
enum { CONNECTED_CALLS = 12, HEARERS = 6 };
enum { PLAIN_THREADS = 3, CALLS_IN_TURN = 50 };

static struct call connected_calls[CONNECTED_CALLS];

/* ---------------------------------------------------------------- async functions */

/* NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): what waits is in a pool. */
MAG_ASYNC(word_task, sums, (struct call *, call, unsigned, rounds, bool, is_inner),
          struct ring ring;
          uint64_t word; uint64_t total; int error;)
{
    MAG_BEGIN(f);
    for (; f->rounds > 0; f->rounds--) {
        MAG_CONNECT_TRY(f, f->error, f->word, ring, &f->ring, f->call, f->is_inner);
        f->total += f->error == 0 ? f->word : PER_ERROR;
    }
    return word_task_result(f->total);
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(word_task, placed_sums,
                    (struct call *, call, unsigned, rounds, bool, is_inner),
                    struct ring ring;
                    uint64_t word; uint64_t total; int error;)
{
    MAG_BEGIN(f);
    for (; f->rounds > 0; f->rounds--) {
        MAG_CONNECT_TRY(f, f->error, f->word, ring, &f->ring, f->call, f->is_inner);
        f->total += f->error == 0 ? f->word : PER_ERROR;
    }
    return word_task_result(f->total);
    MAG_END(f);
}

/* Has the frames of two functions in its own, and awaits the task of a third. */
MAG_ASYNC(word_task, sums_of_sums, (struct call *, call, unsigned, rounds),
          struct sums_frame one;
          struct placed_sums_frame other; uint64_t a; uint64_t b; uint64_t c;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->a, sums, &f->one, f->call, f->rounds, true);
    MAG_CONNECT(f, f->b, placed_sums, &f->other, f->call, f->rounds, true);
    MAG_AWAIT(f, f->c, sums(f->call, f->rounds, false));
    return word_task_result(f->a + f->b + f->c);
    MAG_END(f);
}

/* Ends with the first error. */
MAG_ASYNC_CONNECTED(word_task, sum_or_error, (struct call *, call, unsigned, rounds),
                    struct ring ring;
                    uint64_t word; uint64_t total;)
{
    MAG_BEGIN(f);
    for (; f->rounds > 0; f->rounds--) {
        MAG_CONNECT(f, f->word, ring, &f->ring, f->call, false);
        f->total += f->word;
    }
    return word_task_result(f->total);
    MAG_END(f);
}

/* Takes what says that an operation has begun for a task. */
MAG_ASYNC(word_task, awaits_what_has_started, (struct call *, call), uint64_t word;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->word, word_task_of(MAG_STARTED));
    return word_task_result(f->word);
    MAG_END(f);
}

static void call_begin(struct call *call)
{
    unsigned kind = below(5), rounds = 1 + below(3);

    *call = (struct call){.runs = true,
                          .stops_at_error = kind > 2,
                          .error = kind == 4 ? MAG_E_TOKEN : 0,
                          .serial = call->serial + 1};
    call->task = kind == 0   ? sums(call, rounds, false)
                 : kind == 1 ? placed_sums(call, rounds, false)
                 : kind == 2 ? sums_of_sums(call, rounds)
                 : kind == 3 ? sum_or_error(call, rounds)
                             : awaits_what_has_started(call);
}

static void call_end(struct call *call)
{
    uint64_t total = 0;

    if (call->is_discarded) {
        call->runs = is_awaited(call) || posted_count != 0;
        return;
    }
    if (mag_vtask_status(call->task.task) == MAG_PENDING)
        return;
    assert_int_equal(word_task_get(call->task, &total), call->error);
    if (call->error == 0)
        assert_int_equal(total, call->total);
    call->runs = false;
}

static void call_discard(struct call *call)
{
    if (!call->runs || call->is_discarded ||
        mag_vtask_status(call->task.task) != MAG_PENDING)
        return;
    assert_int_equal(mag_vtask_discard(call->task.task), 0);
    assert_int_not_equal(mag_vtask_status(call->task.task), MAG_SUCCEEDED);
    call->is_discarded = true;
}

static void renew_call(struct call *call)
{
    if (call->runs)
        call_end(call);
    if (!call->runs)
        call_begin(call);
}

/* ---------------------------------------------------------------- waiters by hand */

struct hearer {
    struct mag_waiter waiter; /* first */
    struct ring ring;
    struct call call;
    bool waits;
};

static struct hearer hearers[HEARERS];

static void hear(struct mag_job *job)
{
    struct hearer *hearer = (struct hearer *)(void *)job;

    assert_true(hearer->waits);
    assert_false(mag_vtask_is_started(hearer->waiter.outcome));
    hearer->waits = false;
}

static void hearer_begin(struct hearer *hearer)
{
    if (hearer->waits)
        return;
    hearer->call.is_by_hand = true;
    hearer->waiter.continuation.job.run = hear;
    mag_waiter_arm(&hearer->waiter);
    hearer->waits = true;
    word_task task = ring_begin(&hearer->waiter, &hearer->ring, &hearer->call, false);
    if (mag_vtask_is_started(task.task))
        return;
    /* Nobody waits: the operation has answered. */
    hearer->waits = false;
    hearer->waiter.outcome = MAG_VTASK_COMPLETED;
    (void)mag_vtask_get(task.task, NULL);
}

/* ------------------------------------------------------------------------ the calls */

static struct ring *any_ring(void)
{
    struct ring *ring = ring_count == 0 ? NULL : rings[below(ring_count)];

    return ring == NULL || ring->operation != NULL ? NULL : ring;
}

/* An outcome that is none, for somebody who waits. */
static void give_what_is_no_outcome(struct mag_waiter *waiter)
{
    static const int no_errors[] = {0, MAG_E_TOKEN, MAG_E_DONE};
    mag_vtask task = mag_vtask_configure(MAG_STARTED, below(2) == 0);
    int r = below(2) == 0 ? mag_waiter_fail(waiter, no_errors[below(3)], 1)
                          : mag_waiter_post(waiter, task);

    assert_int_equal(r, MAG_E_ARG);
    assert_true(mag_vtask_is_started(waiter->outcome));
    refused++;
}

/* VT-32: the frame waits on. */
static void call_too_early(struct mag_waiter *waiter)
{
    struct mag_job *job = &waiter->continuation.job;

    if (job->run == hear)
        return;
    job->run(job);
    assert_true(mag_vtask_is_started(waiter->outcome));
}

static void one_connected_call(void)
{
    unsigned what = below(16);
    struct ring *ring = any_ring();

    if (what < 4 && ring_count != 0)
        ring_complete(below(ring_count));
    else if (what < 7)
        renew_call(&connected_calls[below(CONNECTED_CALLS)]);
    else if (what < 9)
        hearer_begin(&hearers[below(HEARERS)]);
    else if (what < 11)
        complete_dead(&dead[below(DEAD)]);
    else if (what == 11 && ring != NULL)
        give_what_is_no_outcome(ring->waiter);
    else if (what == 12 && ring != NULL)
        call_too_early(ring->waiter);
    else if (what == 13)
        call_discard(&connected_calls[below(CONNECTED_CALLS)]);
    else if (what == 14)
        assert_int_equal(mag_vtask_get(MAG_STARTED, NULL), MAG_E_TOKEN);
    else
        run_posted();
}

static void complete_every_ring(void)
{
    while (ring_count != 0 || posted_count != 0) {
        if (ring_count != 0)
            ring_complete(below(ring_count));
        run_posted();
    }
    for (unsigned i = 0; i < CONNECTED_CALLS; i++) {
        if (connected_calls[i].runs)
            call_end(&connected_calls[i]);
        assert_false(connected_calls[i].runs);
    }
    for (unsigned i = 0; i < HEARERS; i++)
        assert_false(hearers[i].waits);
    for (unsigned i = 0; i < DEAD; i++) {
        if (dead[i].waiter != NULL && !dead[i].is_inner)
            complete_again(dead[i].waiter);
    }
}

static void begin_calls(bool with_shelf)
{
    random_state = test_seed();
    has_shelf = with_shelf;
    started = refused = elsewhere = 0;
    memset((void *)dead, 0, sizeof(dead));
}

static void tell_calls(void)
{
    print_message("%" PRIu64 " operations started, %" PRIu64
                  " completed on another thread; %" PRIu64 " calls were refused\n",
                  started, elsewhere, refused);
}

/* VT-32, VT-85, VT-203, VT-204 */
static void no_call_for_a_connected_operation_does_harm(void **state)
{
    uint32_t rounds = test_rounds(2000000);
    struct mag_executor *before = mag_executor_enter(&shelf);
    (void)state;

    begin_calls(true);
    for (uint32_t i = 0; i < 200000; i++)
        one_connected_call();
    uint64_t allocations = test_allocations();
    for (uint32_t i = 0; test_goes_on(i, rounds); i++)
        one_connected_call();
    complete_every_ring();
    assert_int_equal(test_allocations(), allocations);
    tell_calls();
    (void)mag_executor_enter(before);
}

/* -------------------------------------------------------------- without an executor */

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_passed = PTHREAD_COND_INITIALIZER;
static unsigned turn; /* under the lock */
static uint32_t turns;

/* The threads take turns in a fixed order, so that a seed says what happens.  Whoever has
 * the lock may assert: a failure ends the program. */
static void *play_in_turn(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;

    (void)pthread_mutex_lock(&turn_lock);
    for (;;) {
        while (turn % PLAIN_THREADS != me && turn < turns)
            (void)pthread_cond_wait(&turn_passed, &turn_lock);
        if (turn >= turns)
            break;
        playing = me;
        for (unsigned i = 0; i < CALLS_IN_TURN; i++)
            one_connected_call();
        turn++;
        (void)pthread_cond_broadcast(&turn_passed);
    }
    (void)pthread_mutex_unlock(&turn_lock);
    return NULL;
}

/* VT-32, VT-85, VT-203, VT-204 */
static void no_call_of_a_plain_thread_does_harm(void **state)
{
    pthread_t threads[PLAIN_THREADS];
    (void)state;

    begin_calls(false);
    turn = 0;
    turns = test_rounds(6000);
    for (uintptr_t i = 0; i < PLAIN_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play_in_turn, (void *)i), 0);
    for (int i = 0; i < PLAIN_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    /* A thread that began none of the operations completes those that are left. */
    playing = PLAIN_THREADS;
    complete_every_ring();
    assert_int_equal(posted_count, 0);
    assert_true(elsewhere != 0);
    tell_calls();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_for_a_connected_operation_does_harm),
        cmocka_unit_test(no_call_of_a_plain_thread_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
