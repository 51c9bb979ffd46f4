/*
 * rings.h - connected operations of a test that plays random calls: they answer at once,
 * start, or return another task, a stale one too; the test completes them, once more than
 * it should now and then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_RINGS_H
#define TESTS_SUPPORT_VTASK_RINGS_H

#include "tests/support/vtask/shelf.h"

#include <magpie/magpie.h>

enum { RINGS = 64, DEAD = 64, PER_ERROR = 7 };

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
    bool is_inner;   /* the waiter lies in a frame that lies in another one */
    unsigned thread; /* which began it */
};

/* A waiter whose operation is complete. */
struct dead {
    struct mag_waiter *waiter;
    struct call *call;
    uint64_t serial;
    bool is_inner;
};

static struct ring *rings[RINGS]; /* those that are under way */
static unsigned ring_count;
static struct dead dead[DEAD];
static uint64_t refused, started, elsewhere;
static bool has_shelf; /* an executor keeps the continuations */

static unsigned playing; /* the thread whose turn it is */

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
    *ring = (struct ring){waiter, NULL, call, is_inner, playing};
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

static struct dead *bury(const struct ring *ring, uint64_t serial)
{
    struct dead *one = &dead[below(DEAD)];

    *one = (struct dead){ring->waiter, ring->call, serial, ring->is_inner};
    return one;
}

/* Without an executor, a post goes to a thread of another scheduler. */
static int complete_waiter(struct mag_waiter *waiter, int error, uint64_t word)
{
    if (has_shelf && below(2) == 0)
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

/* Whether an operation of the call is under way. */
static bool is_awaited(const struct call *call)
{
    unsigned at = 0;

    while (at < ring_count && rings[at]->call != call)
        at++;
    return at < ring_count;
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

/* Completes an operation that is under way, and perhaps once more: with the shelf before
 * its awaiter has continued, without it when it may have ended. */
static void ring_complete(unsigned at)
{
    struct ring ring = *rings[at];
    int error = below(4) == 0 ? -EIO : 0;
    uint64_t word = below(1000);

    uint64_t serial = ring.call->serial;

    rings[at] = rings[--ring_count];
    elsewhere += ring.thread != playing;
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
    struct dead *one = bury(&ring, serial);
    if (below(4) != 0)
        return;
    if (has_shelf)
        complete_again(ring.waiter);
    else
        complete_dead(one);
}

#endif
