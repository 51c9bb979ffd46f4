/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/shelf.h"

#include <magpie/magpie.h>

#include <inttypes.h>

/*
 * Random calls with connected operations, right and wrong ones: operations that answer at
 * once, start, or return another task, a stale one too; completions for those who wait,
 * second completions, completions for frames that have returned to their pool, outcomes
 * that are none, jobs that are called too early, tasks that are discarded while their
 * function waits.  No call crashes or waits.  Each misuse is answered by its code and
 * changes nothing; each function ends once, with the outcome that its operations gave it;
 * in the end every frame is back in its pool.
 *
 * A second completion is told by a library with MAG_DEBUG_TASKS alone; elsewhere it is
 * not tried.  Not tried, because it is not specified: a completion for a frame that waits
 * for something else meanwhile; two operations with one state at a time.
 */
enum { CONNECTED_CALLS = 12, HEARERS = 6, RINGS = 64, DEAD = 64, PER_ERROR = 7 };

MAG_VTASK_DEFINE(word_task, uint64_t)

/* ------------------------------------------------------------------ the operations */

/* A call of an operation: its caller, and the outcome that it should have. */
struct call {
    word_task task;
    bool runs, is_discarded;
    bool stops_at_error;
    bool is_by_hand; /* no function asks, but a hearer */
    int error;       /* with which the function ends, or 0 */
    uint64_t total;  /* which it returns */
    uint64_t serial;
};

/* The state of an operation; it lies in a frame or in a hearer. */
struct ring {
    struct mag_waiter *waiter;
    struct mag_operation *operation; /* whose task is awaited instead, or NULL */
    struct call *call;
    bool is_inner; /* the waiter lies in a frame that lies in another one */
};

/* A waiter whose operation is complete. */
struct dead {
    struct mag_waiter *waiter;
    struct call *call;
    uint64_t serial;
    bool is_inner;
};

static struct call connected_calls[CONNECTED_CALLS];
static struct ring *rings[RINGS]; /* those that are under way */
static unsigned ring_count;
static struct dead dead[DEAD];
static uint64_t refused, started;

static void tell_result(struct call *call, uint64_t word)
{
    call->total += word;
}

static void tell_error(struct call *call, int error)
{
    if (call->stops_at_error)
        call->error = error;
    call->total += PER_ERROR;
}

static word_task answer_at_once(struct call *call)
{
    uint64_t word = below(1000);

    if (below(3) != 0) {
        tell_result(call, word);
        return word_task_result(word);
    }
    tell_error(call, -EIO);
    return word_task_of(mag_vtask_failed(-EIO, word));
}

/* A task that was consumed. */
static word_task stale_task(struct call *call)
{
    struct mag_promise *promise;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    mag_vtask task = mag_promise_task(promise);
    mag_promise_release(promise);
    tell_error(call, MAG_E_TOKEN);
    return word_task_of(task);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a begin function has this form. */
static word_task ring_begin(struct mag_waiter *waiter, struct ring *ring,
                            struct call *call, bool is_inner)
{
    unsigned what = below(8);

    if (what < 2)
        return answer_at_once(call);
    if (what == 2)
        return stale_task(call);
    *ring = (struct ring){waiter, NULL, call, is_inner};
    assert_true(ring_count < RINGS);
    rings[ring_count++] = ring;
    if (what > 3 || call->is_by_hand) {
        started++;
        return word_task_of(MAG_STARTED);
    }
    void *object = NULL;
    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    ring->operation = object;
    return word_task_of(mag_operation_task(ring->operation));
}

static void bury(const struct ring *ring)
{
    dead[below(DEAD)] =
        (struct dead){ring->waiter, ring->call, ring->call->serial, ring->is_inner};
}

static int complete_waiter(struct mag_waiter *waiter, int error, uint64_t word)
{
    if (below(2) == 0)
        return mag_waiter_post(waiter, error == 0 ? mag_vtask_result(word)
                                                  : mag_vtask_failed(error, word));
    return error == 0 ? mag_waiter_complete(waiter, word)
                      : mag_waiter_fail(waiter, error, word);
}

/* The waiter has its outcome, or waits for nothing: this must change nothing. */
static void complete_again(struct mag_waiter *waiter)
{
#ifdef MAG_DEBUG_TASKS
    mag_vtask before = waiter->outcome;

    if (mag_vtask_is_started(before))
        return;
    assert_int_equal(complete_waiter(waiter, below(2) == 0 ? 0 : -EPIPE, 1), MAG_E_DONE);
    assert_int_equal(waiter->outcome.backing, before.backing);
    assert_int_equal(waiter->outcome.payload, before.payload);
    refused++;
#else
    (void)waiter;
#endif
}

/* Completes an operation that is under way, and perhaps once more, before its awaiter has
 * continued: that is a job on the shelf. */
static void ring_complete(unsigned at)
{
    struct ring ring = *rings[at];
    int error = below(4) == 0 ? -EIO : 0;
    uint64_t word = below(1000);

    rings[at] = rings[--ring_count];
    if (error == 0)
        tell_result(ring.call, word);
    else
        tell_error(ring.call, error);
    if (ring.operation != NULL) {
        assert_int_equal(error == 0
                             ? mag_operation_set_result(ring.operation, word)
                             : mag_operation_set_error(ring.operation, error, word),
                         0);
        return;
    }
    assert_int_equal(complete_waiter(ring.waiter, error, word), 0);
    bury(&ring);
    if (below(4) == 0)
        complete_again(ring.waiter);
}

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

/* Whether an operation of the call is under way. */
static bool is_awaited(const struct call *call)
{
    unsigned at = 0;

    while (at < ring_count && rings[at]->call != call)
        at++;
    return at < ring_count;
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

/* A completion for a frame that has ended or gone on.  An inner frame is one only while
 * the outer one is there. */
static void complete_dead(const struct dead *one)
{
    if (one->waiter == NULL)
        return;
    if (one->is_inner && (one->serial != one->call->serial || !one->call->runs ||
                          one->call->is_discarded || !is_awaited(one->call)))
        return;
    complete_again(one->waiter);
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

/* VT-32, VT-85, VT-203, VT-204 */
static void no_call_for_a_connected_operation_does_harm(void **state)
{
    uint32_t rounds = test_rounds(2000000);
    struct mag_executor *before = mag_executor_enter(&shelf);
    (void)state;

    random_state = test_seed();
    for (uint32_t i = 0; i < 200000; i++)
        one_connected_call();
    uint64_t allocations = test_allocations();
    for (uint32_t i = 0; test_goes_on(i, rounds); i++)
        one_connected_call();
    complete_every_ring();
    assert_int_equal(test_allocations(), allocations);
    print_message("%" PRIu64 " operations started, %" PRIu64 " calls were refused\n",
                  started, refused);
    (void)mag_executor_enter(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_for_a_connected_operation_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
