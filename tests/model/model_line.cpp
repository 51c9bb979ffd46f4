/*
 * The line of those who wait for a permit, by three threads: one permit, a waiter that
 * another thread cancels, operations that are used again.  No two hold the permit at the
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

int main()
{
    return run_model<line_model>(200000);
}
