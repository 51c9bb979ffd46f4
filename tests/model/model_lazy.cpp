/*
 * A lazy value by three threads: two get it, one of them by a wait that is canceled, and
 * one resets it and peeks; all get it by a task, or the canceled thread alone, or all, in
 * the connected form.  Each flight's value is two words; whoever reads finds both of
 * one flight, sees what the flight did, and gets none from before a reset that came
 * before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/line_world.h"

/* In place of the header of that name.  No function fails here. */
#define VTASK_VALUE_KIND_H
static void mag_core_finish(mag_core *core, int error, uint64_t value)
{
    (void)!mag_operation_set_error((mag_operation *)(void *)core, error, value);
}

#include "vtask/sync/lazy.c"

enum { THREADS = 3, CANCELED_THREAD = 1, RESETTER = 2, FLIGHTS = 8, WORDS = 2 };

struct value {
    uint64_t flight, twice;
};

static mag_operation_type type;

/* CONNECTED: a bit for each thread that waits in the connected form. */
template <unsigned CONNECTED>
struct lazy_model : rl::test_suite<lazy_model<CONNECTED>, THREADS> {
    mag_lazy lazy;
    mag_lazy_state states[THREADS];
    mag_waiter connected_waiters[THREADS];
    rl::atomic<uint64_t> words[WORDS];
    mag_line_waiter waiters[THREADS];
    value values[THREADS];
    mag_cancel cancel;
    rl::atomic<uint64_t> flights;
    rl::var<int> work[FLIGHTS + 1]; /* plain: written by a flight, read by who has it */
    int canceled;

    void before()
    {
        mag_line_init(&lazy.line, MAG_LAZY_EMPTY);
        lazy.keeps = lazy.flight = 0;
        lazy.error = 0;
        begin_waiters(waiters, THREADS, &cancel);
        flights($).store(0, rl::mo_relaxed);
        words[0]($).store(0, rl::mo_relaxed);
        words[1]($).store(0, rl::mo_relaxed);
        canceled = 0;
    }

    void check(uint64_t flight, uint64_t least)
    {
        RL_ASSERT(flight >= least && flight <= FLIGHTS);
        RL_ASSERT((int)work[flight]($) == 7);
    }

    void fly()
    {
        value result;

        do {
            result.flight = flights($).fetch_add(1, rl::mo_relaxed) + 1;
            result.twice = 2 * result.flight;
            work[result.flight]($) = 7;
        } while (mag_lazy_land(&lazy, words, 0, 0, &result, sizeof(result)));
    }

    bool peek(uint64_t least)
    {
        value result;

        if (!mag_lazy_read(&lazy, words, &result, sizeof(result)))
            return false;
        RL_ASSERT(result.twice == 2 * result.flight);
        check(result.flight, least);
        return true;
    }

    static bool connects()
    {
        return (CONNECTED >> rl::thread_index() & 1) != 0;
    }

    mag_lazy_answer enter(mag_cancel *by, mag_vtask *ret_task)
    {
        unsigned me = rl::thread_index();

        if (!connects())
            return mag_lazy_enter(&lazy, &type, by, ret_task);
        arm(&states[me].wait, &connected_waiters[me]);
        states[me].value = &values[me];
        return mag_lazy_begin(&lazy, &states[me], by, ret_task);
    }

    /* Waits.  `*ret_flight` is that of the value, if there is one. */
    bool has_value(mag_vtask task, uint64_t *ret_flight)
    {
        unsigned me = rl::thread_index();

        if (connects() && await_connected(&states[me].wait, task) != HAS_IT)
            return false;
        if (connects()) {
            RL_ASSERT(connected_waiters[me].value == (uintptr_t)&values[me]);
            RL_ASSERT(values[me].twice == 2 * values[me].flight);
            *ret_flight = values[me].flight;
            return true;
        }
        if (await(task) != HAS_IT)
            return false;
        *ret_flight = ((mag_operation *)task.backing)->value;
        return true;
    }

    void get(mag_cancel *by, uint64_t least)
    {
        mag_lazy_answer answer = MAG_LAZY_AGAIN;
        mag_vtask task = {0, 0};
        uint64_t flight;

        while (answer == MAG_LAZY_AGAIN) {
            if (peek(least))
                return;
            answer = enter(by, &task);
        }
        if (answer == MAG_LAZY_FLIES)
            fly();
        if (has_value(task, &flight))
            check(flight, least);
        else
            canceled++;
    }

    void thread(unsigned index)
    {
        if (index == CANCELED_THREAD) {
            get(&cancel, 1);
            get(NULL, 1);
        } else if (index == RESETTER) {
            peek(1);
            uint64_t begun = flights($).load(rl::mo_relaxed);
            mag_lazy_reset(&lazy);
            fire(&cancel);
            get(NULL, begun + 1);
        } else {
            get(NULL, 1);
            peek(1);
        }
    }

    void after()
    {
        RL_ASSERT(canceled <= 1);
        RL_ASSERT(lazy.line.first == NULL && lazy.line.last == NULL);
        RL_ASSERT((mag_line_value(&lazy.line) & MAG_LAZY_PHASE) != MAG_LAZY_FLYING);
    }
};

/* A reader looks at a value while another thread resets it and computes the next. */
struct read_model : rl::test_suite<read_model, 2> {
    mag_lazy lazy;
    rl::atomic<uint64_t> words[WORDS];
    mag_line_waiter waiters[2];
    mag_cancel cancel;

    void before()
    {
        mag_line_init(&lazy.line, MAG_LAZY_READY);
        lazy.keeps = lazy.flight = 0;
        begin_waiters(waiters, 2, &cancel);
        words[0]($).store(1, rl::mo_relaxed);
        words[1]($).store(2, rl::mo_relaxed);
    }

    /* As a reset, an enter and a landing.  The checker remembers only the last few values
     * of a word, so the phase changes in one step. */
    void renew()
    {
        value result = {2, 4};

        lazy.line.state($).store(value_of(1, MAG_LAZY_FLYING) << MAG_LINE_SHIFT,
                                 rl::mo_relaxed);
        keep_value(words, (const char *)&result, sizeof(result));
        mag_line_unlock(&lazy.line, value_of(1, MAG_LAZY_READY));
    }

    void look()
    {
        value result;

        if (mag_lazy_read(&lazy, words, &result, sizeof(result)))
            RL_ASSERT(result.twice == 2 * result.flight);
    }

    void thread(unsigned index)
    {
        for (int i = 0; index == 0 && i < 2; i++)
            look();
        if (index == 1)
            renew();
    }
};

typedef lazy_model<0> tasks_model;
typedef lazy_model<1 << CANCELED_THREAD> canceled_model;
typedef lazy_model<7> connected_model;

int main()
{
    return run_model<tasks_model>(100000) | run_model<canceled_model>(50000) |
           run_model<connected_model>(50000) | run_model<read_model>(100000);
}
