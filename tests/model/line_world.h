/*
 * line_world.h - what the files of vtask/sync/ need of operations and cancel objects, for
 * models: each thread has one operation, which it uses again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_LINE_WORLD_H
#define TESTS_MODEL_LINE_WORLD_H

#include "tests/model/model.h"

#include <stdatomic.h>

#include <cstddef>

/* What line.c needs of cancel.h and operation.h. */
#define MAGPIE_CANCEL_H
#define MAGPIE_CONNECTED_H
#define MAGPIE_OPERATION_H

enum { PENDING, HAS_IT, LEFT };
enum { MAG_CORE_QUEUED = 1 };

struct mag_cancel;
typedef void (*mag_cancel_fn)(void *object, mag_cancel *cancel, uint64_t key);

struct mag_cancel_registration {
    mag_cancel_fn run;
    void *object;
    uint64_t key;
    bool is_waiting;
};

/* A cancel object, with a lock that every call takes. */
struct mag_cancel {
    rl::mutex lock;
    mag_cancel_registration *first;
    mag_cancel_registration *running; /* its callback runs */
    bool fired;
};

struct mag_core {
    unsigned flags;
};

struct mag_operation {
    mag_core core; /* first */
    rl::atomic<uint64_t> claim;
    rl::atomic<int> outcome;
    uint64_t token; /* its user's */
    uint64_t value; /* the completer's, then its user's */
};

struct mag_operation_type {
    int unused;
};
#define MAG_OPERATION_TYPE(struct_type) \
    {                                   \
        0                               \
    }

typedef struct mag_vtask {
    uintptr_t backing;
    uint64_t payload;
} mag_vtask;

static mag_vtask mag_vtask_failed(int, uint64_t)
{
    mag_vtask task = {3, 0};

    return task;
}

static mag_vtask mag_vtask_result(uint64_t result)
{
    mag_vtask task = {0, result};

    return task;
}

static const mag_vtask MAG_VTASK_COMPLETED = {0, 0};
static const mag_vtask MAG_STARTED = {2, 0};

/* A waiter of a connected operation. */
struct mag_waiter {
    rl::atomic<int> outcome;
    uint64_t value; /* the completer's, then its user's */
};

static int mag_waiter_post(mag_waiter *waiter, mag_vtask outcome)
{
    RL_ASSERT(waiter->outcome($).load(rl::mo_relaxed) == PENDING);
    waiter->value = outcome.payload;
    waiter->outcome($).store(outcome.backing == 0 ? HAS_IT : LEFT, rl::mo_release);
    return 0;
}

static int mag_operation_rent(mag_operation_type *, void **ret_object);

static mag_vtask mag_operation_task(mag_operation *operation)
{
    mag_vtask task = {(uintptr_t)operation, operation->token};

    return task;
}

static uint64_t mag_operation_share(mag_operation *operation, mag_cancel *);
static int mag_operation_set_done(mag_operation *operation);
static int mag_operation_set_error(mag_operation *operation, int, uint64_t);
static int mag_operation_set_value(mag_operation *operation, const void *value, size_t);

static void mag_operation_return(mag_operation *operation)
{
    operation->token++;
}

static mag_cancel *the_cancel;

static int mag_cancel_register(mag_cancel *cancel, mag_cancel_registration *registration,
                               mag_cancel_fn run, void *object, uint64_t key)
{
    cancel->lock.lock($);
    bool fired = cancel->fired;
    registration->is_waiting = false;
    if (!fired) {
        registration->run = run;
        registration->object = object;
        registration->key = key;
        registration->is_waiting = true;
        cancel->first = registration;
    }
    cancel->lock.unlock($);
    return fired ? -1 : 0;
}

static bool mag_cancel_unregister(mag_cancel_registration *registration, bool wait)
{
    bool was_waiting, is_running;

    for (;;) {
        the_cancel->lock.lock($);
        was_waiting = registration->is_waiting;
        is_running = the_cancel->running == registration;
        if (was_waiting) {
            registration->is_waiting = false;
            the_cancel->first = NULL;
        }
        the_cancel->lock.unlock($);
        if (!wait || !is_running)
            return was_waiting;
        rl::yield(1, $);
    }
}

static void fire(mag_cancel *cancel)
{
    mag_cancel_registration copy;

    cancel->lock.lock($);
    cancel->fired = true;
    mag_cancel_registration *first = cancel->first;
    if (first != NULL) {
        copy = *first;
        first->is_waiting = false;
        cancel->first = NULL;
        cancel->running = first;
    }
    cancel->lock.unlock($);
    if (first == NULL)
        return;
    copy.run(copy.object, cancel, copy.key);
    cancel->lock.lock($);
    cancel->running = NULL;
    cancel->lock.unlock($);
}

#include "vtask/sync/line.c"

static int mag_operation_set_done(mag_operation *operation)
{
    RL_ASSERT(operation->outcome($).load(rl::mo_relaxed) == PENDING);
    operation->outcome($).store(HAS_IT, rl::mo_release);
    return 0;
}

/* The value is one word. */
static int mag_operation_set_value(mag_operation *operation, const void *value, size_t)
{
    operation->value = *(const uint64_t *)value;
    return mag_operation_set_done(operation);
}

static int mag_operation_set_error(mag_operation *operation, int, uint64_t)
{
    RL_ASSERT(operation->outcome($).load(rl::mo_relaxed) == PENDING);
    operation->outcome($).store(LEFT, rl::mo_release);
    return 0;
}

static uint64_t mag_operation_share(mag_operation *operation, mag_cancel *)
{
    mag_claim_open(&operation->claim, operation->token);
    return operation->token;
}

static struct mag_line_waiter *waiters_of;

static int mag_operation_rent(mag_operation_type *, void **ret_object)
{
    mag_line_waiter *waiter = &waiters_of[rl::thread_index()];

    waiter->operation.core.flags = 0;
    waiter->operation.outcome($).store(PENDING, rl::mo_relaxed);
    *ret_object = waiter;
    return 0;
}

static void begin_waiters(mag_line_waiter *waiters, int count, mag_cancel *cancel)
{
    for (int i = 0; i < count; i++) {
        waiters[i].operation.claim($).store(0, rl::mo_relaxed);
        waiters[i].operation.outcome($).store(PENDING, rl::mo_relaxed);
        waiters[i].operation.token = 1;
        waiters[i].place.stop.is_waiting = false;
    }
    waiters_of = waiters;
    the_cancel = cancel;
    cancel->first = cancel->running = NULL;
    cancel->fired = false;
}

/* The state of a thread's connected waits, which is its own again after each. */
struct connected {
    mag_wait_state state;
    mag_waiter waiter;
};

/* Makes a state ready for one wait. */
static void arm(mag_wait_state *state, mag_waiter *waiter)
{
    waiter->outcome($).store(PENDING, rl::mo_relaxed);
    state->waiter = waiter;
}

/* The outcome of a connected wait whose begin has answered `task`: HAS_IT or LEFT.
 * Afterwards nobody touches the state. */
static int await_connected(mag_wait_state *state, mag_vtask task)
{
    int outcome = task.backing == 0 ? HAS_IT : LEFT;

    if (task.backing == MAG_STARTED.backing) {
        while ((outcome = state->waiter->outcome($).load(rl::mo_acquire)) == PENDING)
            rl::yield(1, $);
    }
    /* A callback that comes late would take it out of the line once more. */
    state->place.next = state->place.prev = NULL;
    state->place.is_in_line = true;
    return outcome;
}

/* A wait in its connected form. */
static int connect(connected *mine, mag_line *line, const mag_line_kind *kind,
                   mag_cancel *by)
{
    arm(&mine->state, &mine->waiter);
    return await_connected(&mine->state, mag_line_begin(line, kind, 1, by, &mine->state));
}

/* Waits for a task: HAS_IT, or LEFT, or the same of a task without an operation. */
static int await(mag_vtask task)
{
    if (task.backing == 0 || task.backing == 3)
        return task.backing == 0 ? HAS_IT : LEFT;
    mag_operation *operation = (mag_operation *)task.backing;
    int outcome;
    while ((outcome = operation->outcome($).load(rl::mo_acquire)) == PENDING)
        rl::yield(1, $);
    operation->token++;
    return outcome;
}

#endif
