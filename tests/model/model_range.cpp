/*
 * The owner of a range of children and two thieves: each child runs once, sees the
 * argument, and its result is part of the join's, whether claims look at tags or use
 * fences.  A thief divides what it takes, and the other thief, or the owner while it
 * waits, takes a half of that.  The owner's fence models a thief's membarrier; the other
 * form does not have this fence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

struct mag_sched;
struct mag_fork_range;

/* Joins sleep early; in the model only a wake ends a sleep. */
#define MAG_FORK_JOIN_SPINS  1
#define MAG_FORK_JOIN_YIELDS 0

/* The words of a range lie beside the slots, because the checker's atomics are larger. */
static mag_fork_range *range_at(const void *payload);
#define MAG_FORK_RANGE_AT(payload) range_at(payload)

#include "sched/fork/stack.h"

#include "sched/fork/deque.c"
#include "sched/fork/join.c"
#include "sched/fork/range.c"

#include <new>
#include <sys/mman.h>

void mag_barrier_heavy()
{
    mag_asym_light(true);
}

enum { THREADS = 3, SLOTS = 8, CHILDREN = 4 };

/* Beside each slot. */
struct range_words {
    mag_fork_range range;
    rl::var<int> result; /* plain: races are reported */
};

struct range_data {
    range_words words[THREADS][SLOTS];
    rl::var<int> argument;
    rl::var<int> ran[CHILDREN];
};

static range_data *data;

static char *stack_memory(unsigned which)
{
    static char *memory =
        (char *)mmap(NULL, 4 * MAG_FORK_STACK_SPAN, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t first =
        ((uintptr_t)memory + MAG_FORK_STACK_SPAN - 1) & ~(MAG_FORK_STACK_SPAN - 1);

    return (char *)first + which * MAG_FORK_STACK_SPAN;
}

static range_words *words_of(const void *payload)
{
    uintptr_t at = (uintptr_t)payload - (uintptr_t)stack_memory(0);
    uintptr_t slot =
        (at % MAG_FORK_STACK_SPAN - MAG_FORK_SLOTS_AT) / sizeof(mag_fork_slot);

    return &data->words[at / MAG_FORK_STACK_SPAN][slot];
}

static mag_fork_range *range_at(const void *payload)
{
    return &words_of(payload)->range;
}

/* ------------------------------------------------------ what the macros expand to */

static int child(size_t index)
{
    data->ran[index]($) = data->ran[index]($) + 1;
    return data->argument($) + (int)index;
}

static void stolen(mag_fork w, void *payload);

static void fork_range(mag_fork *w, size_t begin, size_t end)
{
    mag_fork_range_fill(*w, begin, end);
    mag_fork_publish(w, stolen);
}

static int join_range(mag_fork *w, size_t begin, size_t end)
{
    mag_fork_slot *slot = w->top - 1;
    mag_fork above = *w;
    size_t index = begin;
    int sum = 0;

    w->top--;
    for (; index + 1 < end; index++) {
        if (!mag_fork_range_claim(slot, index))
            return sum + words_of(slot->payload)->result($);
        sum += child(index);
    }
    if (!mag_fork_pop(&above))
        return sum + words_of(slot->payload)->result($);
    return begin < end ? sum + child(index) : sum;
}

static void stolen(mag_fork w, void *payload)
{
    mag_fork_part part = mag_fork_range_cut(w, payload);
    size_t middle = part.begin + (part.end - part.begin + 1) / 2;

    RL_ASSERT(part.begin < part.end);
    if (part.begin + 1 == part.end) {
        words_of(payload)->result($) = child(part.begin);
        return;
    }
    fork_range(&w, middle, part.end);
    fork_range(&w, part.begin, middle);
    int sum = join_range(&w, part.begin, middle);
    sum += join_range(&w, middle, part.end);
    words_of(payload)->result($) = sum;
}

/* ----------------------------------------------------------------------- the model */

/* `forced`: the owner joins when a thief has taken the range, so that it waits for all of
 * the children, or meets a thief that has not cut the range yet. */
template <bool fenced, bool forced>
struct range_model : rl::test_suite<range_model<fenced, forced>, THREADS> {
    mag_fork_stack *stacks[THREADS];
    range_data mine;
    rl::atomic<int> taken;

    range_model()
    {
        for (unsigned i = 0; i < THREADS; i++) {
            stacks[i] = new (stack_memory(i)) mag_fork_stack;
            stacks[i]->slots =
                (mag_fork_slot *)(void *)(stack_memory(i) + MAG_FORK_SLOTS_AT);
            for (int s = 0; s < SLOTS; s++)
                new (&stacks[i]->slots[s]) mag_fork_slot;
        }
    }

    ~range_model()
    {
        for (unsigned i = 0; i < THREADS; i++) {
            for (int s = 0; s < SLOTS; s++)
                stacks[i]->slots[s].~mag_fork_slot();
            stacks[i]->~mag_fork_stack();
        }
    }

    void before()
    {
        data = &mine;
        for (unsigned i = 0; i < THREADS; i++) {
            for (int s = 0; s < SLOTS; s++) {
                atomic_init(&stacks[i]->slots[s].body, (mag_fork_body)NULL);
                atomic_init(&stacks[i]->slots[s].tag, MAG_TAG_NONE);
            }
            mag_fork_stack_init(stack_memory(i), MAG_FORK_STACK_SPAN, SLOTS - 1, fenced);
        }
        mag_shim_membarrier = !fenced;
        for (int i = 0; i < CHILDREN; i++)
            mine.ran[i]($) = 0;
        taken($).store(0, rl::mo_relaxed);
    }

    void own()
    {
        mag_fork w = {stacks[0]->slots};

        mine.argument($) = 1;
        fork_range(&w, 0, CHILDREN);
        while (forced && taken($).load(rl::mo_relaxed) == 0)
            rl::yield(1, $);
        int sum = join_range(&w, 0, CHILDREN);
        RL_ASSERT(w.top == stacks[0]->slots);
        RL_ASSERT(sum == CHILDREN + CHILDREN * (CHILDREN - 1) / 2);
        for (int i = 0; i < CHILDREN; i++)
            RL_ASSERT(mine.ran[i]($) == 1);
    }

    bool steal(unsigned index, unsigned victim)
    {
        mag_fork_taken got;

        if (mag_fork_stack_steal(stacks[victim], NULL, stacks[index]->slots, &got) !=
            MAG_FORK_STOLEN)
            return false;
        taken($).store(1, rl::mo_relaxed);
        mag_fork_stack_run(stacks[index], &got, stacks[index]->slots);
        return true;
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            own();
            return;
        }
        if (index == 1) {
            while (!steal(1, 0) && forced)
                rl::yield(1, $);
        }
        if (index == 2 && !forced)
            (void)steal(2, 0);
        (void)steal(index, index == 2 ? 1 : 0);
    }
};

template <bool fenced> static int run_ranges()
{
    typedef range_model<fenced, false> free_model;
    typedef range_model<fenced, true> forced_model;

    return run_model<free_model>(100000) | run_model<forced_model>(50000);
}

int main()
{
    return run_ranges<false>() | run_ranges<true>();
}
