/*
 * Any of two promises: one thread registers, and one thread completes each promise.  The
 * thread that has seen both the end and the task consumes the task at once.  In every
 * schedule the end comes once, from a winner that is complete.  Every reference to a
 * promise, and the combined object itself, are given back once and after the last use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdatomic.h>

#include <cstring>

#include <magpie/promise.h>

/* Replaces pools and promises by what the modeled file needs of them. */
#define VTASK_CORE_POOLED_H
#define VTASK_PROMISE_PROMISE_H

struct mag_pooled {
    size_t size;
};

struct mag_observer {
    void (*notify)(struct mag_observer *observer, bool queued);
};

struct mag_promise {
    rl::mutex lock;
    rl::var<int> done;
    rl::var<mag_observer *> observer;
    rl::var<int> retained; /* plain: used by the registering thread, then by the end */
    rl::atomic<int> references;
} __attribute__((aligned(16))); /* a bit of the address belongs to the task */

static int mag_pooled_take(mag_pooled *pooled, void **ret_object);
static void mag_pooled_give(mag_pooled *pooled, void *object);
static bool mag_promise_observe(mag_promise *promise, mag_observer *observer);
static bool mag_promise_forget(mag_promise *promise, mag_observer *observer);

#include "vtask/combine/when_any.c"

enum { MANY = 2 };

/* The state that the threads share. */
struct scene {
    mag_promise promises[MANY];
    any whole;
    chunk entries;
    rl::var<int> used;      /* plain: the memory of the combined object */
    rl::var<int> chunked;   /* plain: the memory of the entries */
    rl::atomic<int> passes; /* one when the task was handed out, one at the end */
    size_t winner;
    int ends, wholes, chunks;
};

static scene *of;

static int mag_pooled_take(mag_pooled *pooled, void **ret_object)
{
    bool whole = pooled == &anys;

    (whole ? of->wholes : of->chunks)++;
    (whole ? of->used : of->chunked)($) = 1;
    *ret_object = whole ? (void *)&of->whole : (void *)&of->entries;
    return 0;
}

static void mag_pooled_give(mag_pooled *pooled, void *object)
{
    bool whole = pooled == &anys;

    RL_ASSERT(object == (whole ? (void *)&of->whole : (void *)&of->entries));
    (whole ? of->wholes : of->chunks)--;
    (whole ? of->used : of->chunked)($) = 0;
}

static bool mag_promise_observe(mag_promise *promise, mag_observer *observer)
{
    promise->lock.lock($);
    bool open = promise->done($) == 0;
    if (open)
        promise->observer($) = observer;
    promise->lock.unlock($);
    return open;
}

static bool mag_promise_forget(mag_promise *promise, mag_observer *observer)
{
    RL_ASSERT(of->chunked($) == 1 && promise->retained($) == 1);
    promise->lock.lock($);
    bool open = promise->done($) == 0;
    if (open)
        promise->observer($) = NULL;
    promise->lock.unlock($);
    return open;
}

void mag_promise_retain(mag_promise *promise)
{
    promise->retained($) = 1;
    promise->references($).fetch_add(1, rl::mo_relaxed);
}

void mag_promise_release(mag_promise *promise)
{
    promise->references($).fetch_sub(1, rl::mo_relaxed);
}

static void complete(mag_promise *promise)
{
    promise->lock.lock($);
    promise->done($) = 1;
    mag_observer *observer = promise->observer($);
    promise->lock.unlock($);
    if (observer != NULL)
        observer->notify(observer, false);
}

/* The second call consumes the task. */
static void pass()
{
    if (of->passes($).fetch_add(1, rl::mo_acq_rel) == 1)
        of->whole.core.type->recycle(&of->whole.core);
}

void mag_core_finish(mag_core *core, int error, uint64_t value)
{
    RL_ASSERT(core == &of->whole.core && error == 0 && of->used($) == 1);
    of->winner = value;
    of->ends++;
    pass();
}

int mag_vtask_status_slow(mag_vtask task)
{
    mag_promise *promise = mag_promise_of(task);

    promise->lock.lock($);
    bool done = promise->done($) != 0;
    promise->lock.unlock($);
    return done ? MAG_SUCCEEDED : MAG_PENDING;
}

int mag_vtask_preserve(mag_vtask, mag_vtask *)
{
    RL_ASSERT(false);
    return 0;
}

int mag_misuse_argument(int code)
{
    RL_ASSERT(false);
    return code;
}

uintptr_t mag_core_bias_slow()
{
    return MAG_SLOT_EMPTY;
}

struct any_model : rl::test_suite<any_model, MANY + 1> {
    scene shared;
    mag_vtask task;

    void before()
    {
        of = &shared;
        for (int i = 0; i < MANY; i++) {
            shared.promises[i].done($) = 0;
            shared.promises[i].observer($) = NULL;
            shared.promises[i].retained($) = 0;
            shared.promises[i].references($).store(1, rl::mo_relaxed);
        }
        shared.whole.core.token($).store(0, rl::mo_relaxed);
        shared.used($) = shared.chunked($) = 0;
        shared.passes($).store(0, rl::mo_relaxed);
        shared.winner = MANY;
        shared.ends = shared.wholes = shared.chunks = 0;
    }

    void thread(unsigned index)
    {
        if (index != 0) {
            complete(&shared.promises[index - 1]);
            return;
        }
        mag_vtask tasks[MANY];
        for (int i = 0; i < MANY; i++) {
            tasks[i].backing = (uintptr_t)&shared.promises[i] | MAG_VTASK_PROMISE;
            tasks[i].payload = 0;
        }
        RL_ASSERT(mag_when_any(tasks, MANY, &task) == 0);
        if (task.backing != 0)
            pass();
    }

    void after()
    {
        size_t winner = task.backing != 0 ? shared.winner : (size_t)task.payload;

        RL_ASSERT(winner < MANY);
        RL_ASSERT(shared.ends == (task.backing != 0 ? 1 : 0));
        RL_ASSERT(shared.wholes == 0 && shared.chunks == 0);
        for (int i = 0; i < MANY; i++)
            RL_ASSERT(shared.promises[i].references($).load(rl::mo_relaxed) == 1);
    }
};

int main()
{
    return search_model<any_model>(3) | run_model<any_model>(100000);
}
