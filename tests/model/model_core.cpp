/*
 * The transitions of the core by two and three threads, in every schedule except where
 * search_all says otherwise.  Each continuation runs once and sees the outcome and
 * everything before it.  An outcome is read once.  And the next owner of the object finds
 * no other thread's marks in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

#include <stdatomic.h>

#include <cstring>

/* membarrier turns a compiler barrier into a full one: both sides use fences. */
#undef atomic_signal_fence
#define atomic_signal_fence(order) atomic_thread_fence(order)

#include "vtask/core/core.c"

#include "vtask/value/visit.c"

void mag_barrier_heavy()
{
    /* seq_cst: the side that is rarely taken. */
    atomic_thread_fence(memory_order_seq_cst);
}

uintptr_t mag_core_bias_slow()
{
    return MAG_SLOT_EMPTY;
}

void mag_core_bias_lost(uintptr_t)
{
}

/* There is no watch. */
int mag_misuse_core(int code, const mag_core *, uint64_t)
{
    return code;
}

int mag_misuse_completer(int code, mag_core *)
{
    return code;
}

/* The thread to which the operation is biased, or none. */
enum { NOBODY = -1, COMPLETER, CONSUMER };
static int biased_to;

/*
 * One thread tells another that it may go on.  A thread that looks too early does not
 * wait but ends, and its work is done at the end of the schedule: waiting would make the
 * schedules endless.  `raised` allows a look that is not a step of the search.
 */
struct signal {
    rl::atomic<int> word;
    int raised;

    void init()
    {
        word($).store(0, rl::mo_relaxed);
        raised = 0;
    }

    void raise()
    {
        word($).store(1, rl::mo_release);
        raised = 1;
    }

    /* True only once. */
    bool take()
    {
        if (raised == 0 || word($).load(rl::mo_acquire) == 0)
            return false;
        raised = 0;
        return true;
    }
};

/* The state that a model's threads share. */
struct object {
    mag_core core; /* first */
    mag_continuation waiter;
    rl::var<int> payload; /* written by the completer before it completes */
    mag_continuation *inbox;
    signal queued, freed, handed_over;
    int ran;      /* how often a continuation ran */
    int recycled; /* how often the object was handed back */
    int got[2];   /* the results of operations 0 and 1 */
};

static object *of;

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    RL_ASSERT(queued && of->inbox == NULL);
    of->inbox = continuation;
    of->queued.raise();
}

static void recycle(mag_core *)
{
    of->recycled++;
    of->freed.raise();
}

static const mag_core_type pooled = {0, 0, recycle};
static const mag_core_type bare = {0, 0, NULL};

static void run_queued()
{
    if (!of->queued.take())
        return;
    mag_continuation *continuation = of->inbox;
    of->inbox = NULL;
    continuation->job.run(&continuation->job);
}

static void complete(int payload, uint64_t result)
{
    of->payload($) = payload;
    RL_ASSERT(mag_core_set_result(&of->core, result) == 0);
}

/* Reads operation `token`, which is complete. */
static void take(uint64_t token)
{
    uint64_t result = 0;

    RL_ASSERT(mag_core_get(&of->core, token, &result, sizeof(result), NULL) == 0);
    RL_ASSERT(result == 42 + token);
    RL_ASSERT(of->got[token] == 0);
    of->got[token] = (int)result;
}

/* The same for a thread that may look at the payload too. */
static void look_and_take(uint64_t token)
{
    RL_ASSERT(of->payload($) == (int)token + 1);
    take(token);
}

/* The owner of the object begins its next operation: whatever the other threads still do,
 * the operation is pending and no longer theirs. */
static void own()
{
    RL_ASSERT(mag_core_status(&of->core, 0) == MAG_E_TOKEN);
    RL_ASSERT(mag_core_status(&of->core, 1) == MAG_PENDING);
    complete(2, 43);
    look_and_take(1);
}

static void own_when_freed()
{
    if (of->freed.take())
        own();
}

static void take_first(mag_job *job)
{
    RL_ASSERT(job->payload($) == 7);
    of->ran++;
    look_and_take(0);
}

static void wait_with(void (*run)(mag_job *))
{
    of->waiter.job.run = run;
    of->waiter.job.payload($) = 7;
    RL_ASSERT(mag_core_on_completed(&of->core, 0, &of->waiter, 0) == 0);
}

template <typename Model, int Threads>
struct core_model : rl::test_suite<Model, Threads> {
    object shared;

    void begin(const mag_core_type *type, uint8_t flags)
    {
        of = &shared;
        shared.core.token($).store(0, rl::mo_relaxed);
        mag_core_prepare(&shared.core, type);
        if (biased_to != NOBODY)
            shared.core.slot($).store(
                (uintptr_t)&mag_here_of[biased_to] | MAG_SLOT_BIASED, rl::mo_relaxed);
        shared.core.flags = flags;
        shared.core.value = 0;
        shared.payload($) = 0;
        shared.inbox = NULL;
        shared.queued.init();
        shared.freed.init();
        shared.handed_over.init();
        shared.ran = shared.recycled = shared.got[0] = shared.got[1] = 0;
    }

    void end(int ran, int recycled, int first, int second)
    {
        RL_ASSERT(shared.ran == ran && shared.recycled == recycled);
        RL_ASSERT(shared.got[0] == first && shared.got[1] == second);
    }
};

/* VT-128, VT-129, VT-130 */
struct register_model : core_model<register_model, 2> {
    void before()
    {
        begin(&bare, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
            RL_ASSERT(mag_core_set_result(&shared.core, 43) == MAG_E_DONE);
        } else {
            wait_with(take_first);
            run_queued();
        }
    }

    void after()
    {
        run_queued();
        end(1, 0, 42, 0);
    }
};

/* VT-65, VT-128 */
struct queued_model : core_model<queued_model, 3> {
    void before()
    {
        begin(&pooled, MAG_CORE_QUEUED);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete(1, 42);
        else if (index == 1)
            wait_with(take_first);
        else
            run_queued();
    }

    void after()
    {
        run_queued();
        end(1, 1, 42, 0);
    }
};

/* VT-87, VT-131, VT-132, VT-133, VT-134 */
struct poll_model : core_model<poll_model, 2> {
    void before()
    {
        begin(&pooled, 0);
    }

    void poll()
    {
        if (mag_core_status(&shared.core, 0) == MAG_PENDING)
            return;
        look_and_take(0);
        own();
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
            return;
        }
        for (int i = 0; i < 3 && shared.got[0] == 0; i++)
            poll();
    }

    void after()
    {
        if (shared.got[0] == 0)
            poll();
        end(0, 2, 42, 43);
    }
};

/* VT-124, VT-132, VT-136, VT-200 */
struct reuse_model : core_model<reuse_model, 3> {
    void before()
    {
        begin(&pooled, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
        } else if (index == 1) {
            wait_with(take_first);
            run_queued();
        } else {
            own_when_freed();
        }
    }

    void after()
    {
        run_queued();
        if (shared.got[1] == 0)
            own_when_freed();
        end(1, 2, 42, 43);
    }
};

static void take_second(mag_job *)
{
    of->ran++, look_and_take(1);
}
/* Resets the core and waits for its next operation, which a third thread completes. */
static void wait_again(mag_job *job)
{
    of->ran++;
    look_and_take(0);
    mag_core_reset(&of->core);
    job->run = take_second;
    of->handed_over.raise();
    RL_ASSERT(mag_core_on_completed(&of->core, 1, &of->waiter, 0) == 0);
}

/* VT-103, VT-123, VT-127 */
struct reset_model : core_model<reset_model, 3> {
    void before()
    {
        begin(&bare, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
        } else if (index == 1) {
            wait_with(wait_again);
            run_queued();
        } else if (shared.handed_over.take()) {
            complete(2, 43);
        }
    }

    void after()
    {
        run_queued();
        if (shared.handed_over.take())
            complete(2, 43);
        run_queued();
        end(2, 0, 42, 43);
    }
};

/* The object's next operation begins here, biased to the completer of the first one. */
static void begin_again(mag_job *)
{
    of->ran++;
    look_and_take(0);
    mag_core_reset(&of->core);
    of->core.slot($).store((uintptr_t)&mag_here_of[COMPLETER] | MAG_SLOT_BIASED,
                           rl::mo_relaxed);
    of->handed_over.raise();
}

/* VT-128: a thread that meets the visitor of the first operation may find that of the
 * second. */
struct visits_model : core_model<visits_model, 3> {
    void before()
    {
        begin(&bare, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
        } else if (index == 1) {
            wait_with(begin_again);
            run_queued();
        } else if (shared.handed_over.take()) {
            complete(2, 43);
        }
    }

    void after()
    {
        run_queued();
        if (shared.handed_over.take())
            complete(2, 43);
        look_and_take(1);
        end(1, 0, 42, 43);
    }
};

/* VT-193 */
struct discard_model : core_model<discard_model, 3> {
    void before()
    {
        begin(&pooled, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete(1, 42);
        else if (index == 1)
            RL_ASSERT(mag_core_discard(&shared.core, 0) == 0);
        else
            own_when_freed();
    }

    void after()
    {
        if (shared.got[1] == 0)
            own_when_freed();
        end(0, 2, 0, 43);
    }
};

/* A copy of a discarded task may still be asked for its status. */
struct discard_watch_model : core_model<discard_watch_model, 3> {
    void before()
    {
        begin(&bare, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0)
            complete(1, 42);
        else if (index == 1)
            RL_ASSERT(mag_core_discard(&shared.core, 0) == 0);
        else if (mag_core_status(&shared.core, 0) == MAG_SUCCEEDED)
            RL_ASSERT(shared.payload($) == 1);
    }

    void after()
    {
        RL_ASSERT(mag_core_status(&shared.core, 0) == MAG_SUCCEEDED);
        end(0, 0, 0, 0);
    }
};

/* VT-131 */
struct watch_model : core_model<watch_model, 3> {
    void before()
    {
        begin(&bare, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            complete(1, 42);
        } else if (index == 1) {
            wait_with(take_first);
            run_queued();
        } else if (mag_core_status(&shared.core, 0) != MAG_PENDING) {
            RL_ASSERT(shared.payload($) == 1);
        }
    }

    void after()
    {
        run_queued();
        end(1, 0, 42, 0);
    }
};

/*
 * If the operation is biased to the consumer, a completer visits, in many steps.  Three
 * models are searched completely nevertheless; of the others only the schedules with a
 * few forced switches.  A complete search of queued_model takes 22 seconds, too long for
 * a search that is repeated for each weakened order; that of discard_watch_model takes
 * days.
 */
static int search_all(int thread)
{
    unsigned switches = thread == CONSUMER ? 4 : 0;

    biased_to = thread;
    return search_model<register_model>(0) | search_model<poll_model>(0) |
           search_model<discard_model>(0) | search_model<queued_model>(switches) |
           search_model<reuse_model>(switches) | search_model<reset_model>(switches) |
           search_model<discard_watch_model>(switches) |
           search_model<visits_model>(switches != 0 ? 3 : 0) |
           search_model<watch_model>(thread == CONSUMER ? 3 : 0);
}

int main()
{
    return search_all(NOBODY) | search_all(COMPLETER) | search_all(CONSUMER);
}
