/*
 * The line of those who wait for a permit, by three threads: one permit, a waiter that
 * another thread cancels, operations that are used again; all of them, the canceled one
 * alone, or the others alone wait in the connected form.  No two hold the permit at the
 * same time, what a holder did is visible to the next, each wait ends, and the permit is
 * free in the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/line_world.h"

enum { THREADS = 3, TURNS = 2, CANCELED_THREAD = 1, CANCELER = 2 };

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

/* CONNECTED: a bit for each thread that waits in the connected form. */
template <unsigned CONNECTED>
struct line_model : rl::test_suite<line_model<CONNECTED>, THREADS> {
    mag_line line;
    mag_line_waiter waiters[THREADS];
    connected states[THREADS];
    mag_cancel cancel;
    rl::var<int> held;   /* plain: used by who has the permit */
    rl::var<int> inside; /* plain: likewise */
    int canceled;

    void before()
    {
        mag_line_init(&line, 0);
        begin_waiters(waiters, THREADS, &cancel);
        locked = &inside;
        canceled = 0;
        held($) = 0;
        inside($) = 0;
    }

    /* Two of the threads know the value beforehand, as those who use a mutex do. */
    static bool steps()
    {
        return rl::thread_index() != CANCELED_THREAD;
    }

    /* True: this thread has the permit. */
    bool acquire(mag_cancel *by)
    {
        if (steps() && mag_line_step(&line, 0, 1))
            return true;
        if (mag_line_take(&line, take, 1) == MAG_LINE_YES)
            return true;
        unsigned me = rl::thread_index();
        if ((CONNECTED >> me & 1) != 0)
            return connect(&states[me], &line, &kind, by) == HAS_IT;
        return await(mag_line_wait(&line, &kind, 1, by)) == HAS_IT;
    }

    void release()
    {
        if (steps() && mag_line_step(&line, 1, 0))
            return;
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

/* The canceled thread alone waits in the connected form; the others do; all do. */
typedef line_model<0> tasks_model;
typedef line_model<1 << CANCELED_THREAD> canceled_model;
typedef line_model<7 & ~(1 << CANCELED_THREAD)> mixed_model;
typedef line_model<7> connected_model;

int main()
{
    int r = run_model<tasks_model>(200000);

    if (r == 0)
        r = run_model<canceled_model>(100000);
    if (r == 0)
        r = run_model<mixed_model>(50000);
    return r != 0 ? r : run_model<connected_model>(50000);
}
