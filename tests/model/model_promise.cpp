/*
 * The protocol of a promise by three threads, in random schedules.  One completer wins.
 * Each continuation runs once and sees the outcome and everything before it.  A thread
 * that sees the promise done may read it.  The memory is given back once, after all uses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdalign.h>
#include <stdatomic.h>

#include <cstddef>
#include <cstring>

/* In C++ a struct cannot end with an array without a size, so there is only one
 * promise. */
#undef alignas
#define alignas(bytes) static

#include "vtask/promise/promise.c"

enum { THREADS = 3, ROOM = 16 };

unsigned char mag_promise::large[ROOM];

/* Only its address is used.  A variable would be constructed before Relacy is. */
__asm__(".bss\n.globl mag_promise_completed\nmag_promise_completed: .zero 256\n.text");

/* There is no watch. */
int mag_misuse_promise(int code, const mag_promise *, uint64_t)
{
    return code;
}

int mag_misuse_argument(int code)
{
    return code;
}

/* Queued continuations run in the end. */
static mag_continuation *queue[THREADS];
static int queued_count;

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    if (queued)
        queue[queued_count++] = continuation;
    else
        continuation->job.run(&continuation->job);
}

/* A continuation, or an observer, and its number. */
struct waiter {
    mag_continuation continuation; /* first */
    mag_observer observer;
    int ran;
};

/* The state that a model's threads share. */
struct object {
    mag_promise promise;
    waiter waiters[THREADS];
    rl::var<int> payload; /* written by each winning completer, before it completes */
    rl::var<int> uses[THREADS];
    int returned, won;
};

static object *of;

int mag_promise_rent(size_t, struct mag_promise **)
{
    return -ENOMEM;
}

/* The last use: all other uses come before it. */
void mag_promise_return(struct mag_promise *)
{
    for (int i = 0; i < THREADS; i++)
        of->uses[i]($) = of->uses[i]($) + 1;
    of->returned++;
}

static uint64_t read_it()
{
    uint64_t result = 0;

    RL_ASSERT(mag_promise_get_of(&of->promise, 0, &result, sizeof(result), NULL) == 0);
    return result;
}

static void run(mag_job *job)
{
    waiter *ran = (waiter *)job;

    ran->ran++;
    RL_ASSERT(job->payload($) == 7);
    RL_ASSERT(of->payload($) == 1);
    RL_ASSERT(mag_promise_status_of(&of->promise, 0) == MAG_SUCCEEDED);
    RL_ASSERT(read_it() == 42);
}

static void wait_as(int index)
{
    waiter *waits = &of->waiters[index];

    waits->continuation.job.run = run;
    waits->continuation.job.payload($) = 7;
    RL_ASSERT(mag_promise_on_completed_of(&of->promise, 0, &waits->continuation, 0) == 0);
}

static void notified(mag_observer *observer, bool)
{
    waiter *told = (waiter *)((char *)observer - offsetof(waiter, observer));

    told->ran++;
    RL_ASSERT(of->payload($) == 1);
}

template <typename Model> struct promise_model : rl::test_suite<Model, THREADS> {
    object shared;

    void begin(size_t size, uint32_t references)
    {
        mag_promise *promise = &shared.promise;

        of = &shared;
        queued_count = 0;
        promise->generation($).store(0, rl::mo_relaxed);
        promise->state($).store(0, rl::mo_relaxed);
        promise->references($).store(references, rl::mo_relaxed);
        promise->first = promise->last = NULL;
        promise->observers = NULL;
        promise->value = 0;
        promise->error = 0;
        promise->status = MAG_PENDING;
        promise->flags = 0;
        promise->size = (uint32_t)size;
        shared.payload($) = 0;
        for (int i = 0; i < THREADS; i++) {
            shared.waiters[i].ran = 0;
            shared.uses[i]($) = 0;
        }
        shared.returned = shared.won = 0;
    }

    void run_queue()
    {
        for (int i = 0; i < queued_count; i++)
            queue[i]->job.run(&queue[i]->job);
    }

    void complete()
    {
        shared.payload($) = 1;
        RL_ASSERT(mag_promise_set_result(&shared.promise, 42) == 0);
    }
};

/* Two threads wait, and one completes. */
/* VT-48, VT-78 */
struct wait_model : promise_model<wait_model> {
    void before()
    {
        begin(sizeof(uint64_t), 1);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete();
        else
            wait_as((int)index);
    }

    void after()
    {
        run_queue();
        RL_ASSERT(shared.waiters[1].ran == 1 && shared.waiters[2].ran == 1);
    }
};

/* Of two completers one wins; a third thread polls. */
struct race_model : promise_model<race_model> {
    void before()
    {
        begin(sizeof(uint64_t), 1);
    }

    void thread(unsigned index)
    {
        if (index == 2) {
            if (mag_promise_status_of(&shared.promise, 0) != MAG_PENDING)
                RL_ASSERT(read_it() >= 40);
            return;
        }
        if (mag_promise_set_result(&shared.promise, 40 + index) == 0)
            shared.won++;
    }

    void after()
    {
        RL_ASSERT(shared.won == 1);
        RL_ASSERT(read_it() >= 40);
    }
};

/* A poller that sees the promise done also sees what came before. */
struct poll_model : promise_model<poll_model> {
    void before()
    {
        begin(sizeof(uint64_t), 1);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete();
        else if (index == 1)
            wait_as(1);
        else if (mag_promise_status_of(&shared.promise, 0) != MAG_PENDING)
            RL_ASSERT(shared.payload($) == 1 && read_it() == 42);
    }

    void after()
    {
        run_queue();
        RL_ASSERT(shared.waiters[1].ran == 1);
    }
};

/* The completer that has the claim writes a large result; another completer loses
 * meanwhile. */
struct large_model : promise_model<large_model> {
    void before()
    {
        begin(ROOM, 1);
    }

    void thread(unsigned index)
    {
        char large[ROOM];

        if (index == 2) {
            wait_large();
            return;
        }
        memset(large, (int)index + 1, sizeof(large));
        if (mag_promise_set_value(&shared.promise, large, sizeof(large)) == 0)
            shared.won++;
    }

    static void run_large(mag_job *job)
    {
        char large[ROOM];

        ((waiter *)job)->ran++;
        RL_ASSERT(job->payload($) == 7);
        RL_ASSERT(mag_promise_get_of(&of->promise, 0, large, sizeof(large), NULL) == 0);
        RL_ASSERT(large[0] == large[ROOM - 1] && large[0] != 0);
    }

    void wait_large()
    {
        waiter *waits = &shared.waiters[2];

        waits->continuation.job.run = run_large;
        waits->continuation.job.payload($) = 7;
        RL_ASSERT(mag_promise_on_completed_of(&shared.promise, 0, &waits->continuation,
                                              0) == 0);
    }

    void after()
    {
        run_queue();
        RL_ASSERT(shared.won == 1 && shared.waiters[2].ran == 1);
    }
};

/* An observer is either taken back or told, and never both. */
struct observe_model : promise_model<observe_model> {
    int forgotten[THREADS];

    void before()
    {
        begin(sizeof(uint64_t), 1);
        memset(forgotten, 0, sizeof(forgotten));
    }

    void thread(unsigned index)
    {
        waiter *observes = &shared.waiters[index];

        if (index == 0) {
            complete();
            return;
        }
        observes->observer.notify = notified;
        if (!mag_promise_observe(&shared.promise, &observes->observer)) {
            RL_ASSERT(shared.payload($) == 1);
            forgotten[index] = 1;
        } else if (index == 1) {
            forgotten[index] = mag_promise_forget(&shared.promise, &observes->observer);
        }
    }

    void after()
    {
        for (int i = 1; i < THREADS; i++)
            RL_ASSERT(shared.waiters[i].ran + forgotten[i] == 1);
    }
};

/* Each thread uses the promise and gives back its reference; the last one gives back the
 * memory. */
struct release_model : promise_model<release_model> {
    void before()
    {
        begin(sizeof(uint64_t), THREADS);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete();
        shared.uses[index]($) = 1;
        mag_promise_release(&shared.promise);
    }

    void after()
    {
        RL_ASSERT(shared.returned == 1);
    }
};

int main()
{
    return run_model<wait_model>(100000) | run_model<race_model>(50000) |
           run_model<poll_model>(50000) | run_model<large_model>(50000) |
           run_model<observe_model>(50000) | run_model<release_model>(50000);
}
