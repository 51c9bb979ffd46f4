/*
 * The line of those who wait for a permit, by three threads: one permit, a waiter that
 * another thread cancels, operations that are used again.  No two hold the permit at the
 * same time, what a holder did is visible to the next, each wait ends, and the permit is
 * free in the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdatomic.h>

#include <cstddef>

/* What line.c needs of cancel.h and operation.h. */
#define MAGPIE_CANCEL_H
#define MAGPIE_OPERATION_H

enum { THREADS = 3, TURNS = 2, CANCELED_THREAD = 1, CANCELER = 2 };
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
    bool fired;
};

struct mag_operation {
    struct {
        unsigned flags;
    } core;
    rl::atomic<uint64_t> claim;
    rl::atomic<int> outcome;
    uint64_t token; /* its user's */
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

static const mag_vtask MAG_VTASK_COMPLETED = {0, 0};

/* Each thread has one operation, which it uses again. */
static int mag_operation_rent(mag_operation_type *, void **ret_object);

static mag_vtask mag_operation_task(mag_operation *operation)
{
    mag_vtask task = {(uintptr_t)operation, operation->token};

    return task;
}

static uint64_t mag_operation_share(mag_operation *operation, mag_cancel *);
static int mag_operation_set_done(mag_operation *operation);
static int mag_operation_set_error(mag_operation *operation, int, uintptr_t);

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

static bool mag_cancel_unregister(mag_cancel_registration *registration, bool)
{
    the_cancel->lock.lock($);
    bool was_waiting = registration->is_waiting;
    if (was_waiting) {
        registration->is_waiting = false;
        the_cancel->first = NULL;
    }
    the_cancel->lock.unlock($);
    return was_waiting;
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
    }
    cancel->lock.unlock($);
    if (first != NULL)
        copy.run(copy.object, cancel, copy.key);
}

#include "vtask/sync/line.c"

static int mag_operation_set_done(mag_operation *operation)
{
    RL_ASSERT(operation->outcome($).load(rl::mo_relaxed) == PENDING);
    operation->outcome($).store(HAS_IT, rl::mo_release);
    return 0;
}

static int mag_operation_set_error(mag_operation *operation, int, uintptr_t)
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

/* The rules of one permit. */
static bool take(uint32_t *value, uint32_t)
{
    return *value == 0 && (*value = 1) == 1;
}

static bool give(uint32_t *value, uint32_t amount)
{
    bool was_taken = *value == amount;

    *value = 0;
    return was_taken;
}

/* Plain: used by each thread that has the line's lock. */
static rl::var<int> *locked;

static bool take_under_lock(uint32_t *value, uint32_t wants)
{
    (*locked)($) = (*locked)($) + 1;
    return take(value, wants);
}

static bool give_under_lock(uint32_t *value, uint32_t amount)
{
    (*locked)($) = (*locked)($) + 1;
    return give(value, amount);
}

static const mag_line_kind kind = {take_under_lock};

struct line_model : rl::test_suite<line_model, THREADS> {
    mag_line line;
    mag_line_waiter waiters[THREADS];
    mag_cancel cancel;
    rl::var<int> held;   /* plain: used by who has the permit */
    rl::var<int> inside; /* plain: likewise */
    int canceled;

    void before()
    {
        mag_line_init(&line, 0);
        for (int i = 0; i < THREADS; i++) {
            waiters[i].operation.claim($).store(0, rl::mo_relaxed);
            waiters[i].operation.outcome($).store(PENDING, rl::mo_relaxed);
            waiters[i].operation.token = 1;
            waiters[i].stop.is_waiting = false;
        }
        waiters_of = waiters;
        the_cancel = &cancel;
        locked = &inside;
        cancel.first = NULL;
        cancel.fired = false;
        canceled = 0;
        held($) = 0;
        inside($) = 0;
    }

    /* True: this thread has the permit. */
    bool acquire(mag_cancel *by)
    {
        if (mag_line_take(&line, take, 1) == MAG_LINE_YES)
            return true;
        mag_vtask task = mag_line_wait(&line, &kind, 1, by);
        if (task.backing == 0)
            return true;
        if (task.backing == 3)
            return false;
        mag_operation *operation = (mag_operation *)task.backing;
        int outcome;
        while ((outcome = operation->outcome($).load(rl::mo_acquire)) == PENDING)
            rl::yield(1, $);
        operation->token++;
        return outcome == HAS_IT;
    }

    void release()
    {
        if (mag_line_give(&line, give, 1) != MAG_LINE_YES)
            RL_ASSERT(mag_line_put(&line, &kind, give_under_lock, 1));
    }

    void turn(mag_cancel *by)
    {
        if (!acquire(by)) {
            canceled++;
            return;
        }
        held($) = held($) + 1;
        release();
    }

    void thread(unsigned index)
    {
        if (index == CANCELER)
            fire(&cancel);
        for (int i = 0; i < TURNS; i++)
            turn(index == CANCELED_THREAD ? &cancel : NULL);
    }

    void after()
    {
        RL_ASSERT(mag_line_value(&line) == 0);
        RL_ASSERT(line.first == NULL && line.last == NULL);
        RL_ASSERT((int)held($) == THREADS * TURNS - canceled);
    }
};

int main()
{
    return run_model<line_model>(200000);
}
