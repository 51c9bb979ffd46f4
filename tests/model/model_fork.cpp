/*
 * An owner that forks and joins while a thief steals, and that helps with the children of
 * stolen children.  Each child runs once.  Its argument is visible to the thread that
 * runs it, and its result to the join, whether joins look at tags or use fences.  The
 * owner's fence models a thief's membarrier; the other form does not have this fence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

struct mag_sched;

/* Joins sleep early; in the model only a wake ends a sleep. */
#define MAG_FORK_JOIN_SPINS  1
#define MAG_FORK_JOIN_YIELDS 0

#include "sched/fork/stack.h"

#include "sched/fork/deque.c"
#include "sched/fork/join.c"

#include <new>
#include <sys/mman.h>

void mag_barrier_heavy()
{
    mag_asym_light(true);
}

enum { CHILDREN = 2, ROUNDS = 2, SLOTS = 8, RUNS = CHILDREN * ROUNDS };

/* The state for the bodies, which get only their payload. */
static struct fork_data *data;

/* The words of one child, or of a child forked by a stolen one.  Plain: races are
 * reported. */
struct fork_words {
    rl::var<int> argument;
    rl::var<int> result;
    rl::var<int> ran;
};

struct fork_data {
    fork_words child[RUNS];
    fork_words inner[RUNS]; /* forked by stolen children: their joiners may help */
    fork_words late[RUNS];  /* forked after an answer: no joiner may help */
};

static void run_words(fork_words *words)
{
    words->ran($) = words->ran($) + 1;
    words->result($) = words->argument($) + 1;
}

static void run_inner(mag_fork w, void *payload)
{
    run_words(&data->inner[*(int *)payload]);
}

static void run_late(mag_fork w, void *payload)
{
    run_words(&data->late[*(int *)payload]);
}

/* Forks one child and joins it.  Returns whether the child ran here. */
static bool fork_and_join(mag_fork w, mag_fork_body body, fork_words *words, int index)
{
    words->argument($) = index;
    mag_fork_push(&w, body, &index, sizeof(index));
    bool here = mag_fork_pop(&w);
    if (here)
        body(w, w.top->payload);
    RL_ASSERT(words->ran($) == 1);
    RL_ASSERT(words->result($) == index + 1);
    return here;
}

static void child(mag_fork w, void *payload)
{
    int index = *(int *)payload;
    bool stolen = mag_fork_is_stolen(w, payload);

    if (stolen)
        fork_and_join(w, run_inner, &data->inner[index], index);
    run_words(&data->child[index]);
    /* Half of the stolen children answer early, and go on for a while. */
    if (stolen && index % 2 != 0) {
        mag_fork_answer(w);
        RL_ASSERT(!mag_fork_is_stolen(w, payload));
        RL_ASSERT(fork_and_join(w, run_late, &data->late[index], index));
    }
}

/* A root inside a forked function: the children that wait below it stay where they
 * are. */
static void nested(mag_fork w, void *payload)
{
    *(int *)payload += 1;
}

static void *stack_memory(unsigned which)
{
    static char *memory =
        (char *)mmap(NULL, 4 * MAG_FORK_STACK_SPAN, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t first =
        ((uintptr_t)memory + MAG_FORK_STACK_SPAN - 1) & ~(MAG_FORK_STACK_SPAN - 1);

    return (void *)(first + which * MAG_FORK_STACK_SPAN);
}

template <typename Model, unsigned Threads, bool fenced>
struct stacks_model : rl::test_suite<Model, Threads> {
    mag_fork_stack *stacks[Threads];
    fork_data mine;

    stacks_model()
    {
        for (unsigned i = 0; i < Threads; i++) {
            stacks[i] = new (stack_memory(i)) mag_fork_stack;
            stacks[i]->slots =
                (mag_fork_slot *)((char *)stack_memory(i) + MAG_FORK_SLOTS_AT);
            for (int s = 0; s < SLOTS; s++)
                new (&stacks[i]->slots[s]) mag_fork_slot;
        }
    }

    ~stacks_model()
    {
        for (unsigned i = 0; i < Threads; i++) {
            for (int s = 0; s < SLOTS; s++)
                stacks[i]->slots[s].~mag_fork_slot();
            stacks[i]->~mag_fork_stack();
        }
    }

    void before()
    {
        data = &mine;
        for (unsigned i = 0; i < Threads; i++) {
            for (int s = 0; s < SLOTS; s++) {
                atomic_init(&stacks[i]->slots[s].body, (mag_fork_body)NULL);
                atomic_init(&stacks[i]->slots[s].tag, MAG_TAG_NONE);
            }
            mag_fork_stack_init(stack_memory(i), MAG_FORK_STACK_SPAN, SLOTS - 1, fenced);
        }
        mag_shim_membarrier = !fenced;
        for (int i = 0; i < RUNS; i++)
            mine.child[i].ran($) = mine.inner[i].ran($) = mine.late[i].ran($) = 0;
    }

    /* The thread with that number steals from `victim` and runs the stolen child. */
    bool steal(unsigned index, unsigned victim)
    {
        mag_fork_taken taken;

        if (mag_fork_stack_steal(stacks[victim], NULL, stacks[index]->slots, &taken) !=
            MAG_FORK_STOLEN)
            return false;
        mag_fork_stack_run(stacks[index], &taken, stacks[index]->slots);
        return true;
    }
};

template <bool fenced> struct fork_model : stacks_model<fork_model<fenced>, 2, fenced> {
    static void own(mag_fork w, mag_fork_stack *stack)
    {
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < CHILDREN; i++) {
                int index = round * CHILDREN + i;

                data->child[index].argument($) = index;
                mag_fork_push(&w, child, &index, sizeof(index));
            }
            if (round == 0) {
                int calls = 0;
                mag_fork_stack_root(stack, nested, &calls);
                RL_ASSERT(calls == 1);
            }
            for (int i = CHILDREN; i-- > 0;) {
                int index = round * CHILDREN + i;

                if (mag_fork_pop(&w))
                    child(w, w.top->payload);
                RL_ASSERT(data->child[index].result($) == index + 1);
                RL_ASSERT(data->child[index].ran($) == 1);
            }
        }
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            /* Does not run as a root, so that thieves find nothing shared at first. */
            own((mag_fork){this->stacks[0]->slots}, this->stacks[0]);
            return;
        }
        for (int i = 0; i < 3; i++)
            (void)this->steal(index, 0);
    }
};

/* An owner with two children, and two thieves.  One thief steals from the owner, the
 * other also from the first thief, so that it may run a child that a stolen child has
 * forked. `forced`: the owner goes on when its children have been taken, so that every
 * join waits, and the thieves try until they have a child. */
template <bool fenced, bool forced>
struct thieves_model : stacks_model<thieves_model<fenced, forced>, 3, fenced> {
    rl::atomic<int> taken;

    void before()
    {
        stacks_model<thieves_model, 3, fenced>::before();
        taken($).store(0, rl::mo_relaxed);
    }

    void own(mag_fork w)
    {
        for (int index = 0; index < CHILDREN; index++) {
            data->child[index].argument($) = index;
            mag_fork_push(&w, child, &index, sizeof(index));
        }
        while (forced && taken($).load(rl::mo_relaxed) != CHILDREN)
            rl::yield(1, $);
        for (int index = CHILDREN; index-- > 0;) {
            bool here = mag_fork_pop(&w);

            RL_ASSERT(!(here && forced));
            if (here)
                child(w, w.top->payload);
            RL_ASSERT(data->child[index].result($) == index + 1);
            RL_ASSERT(data->child[index].ran($) == 1);
        }
    }

    void take_one(unsigned index)
    {
        mag_fork_taken got;

        while (mag_fork_stack_steal(this->stacks[0], NULL, this->stacks[index]->slots,
                                    &got) != MAG_FORK_STOLEN)
            rl::yield(1, $);
        taken($).fetch_add(1, rl::mo_relaxed);
        mag_fork_stack_run(this->stacks[index], &got, this->stacks[index]->slots);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            own((mag_fork){this->stacks[0]->slots});
        } else if (forced) {
            take_one(index);
        } else {
            (void)this->steal(index, 0);
            (void)this->steal(index, index == 2 ? 1 : 0);
        }
    }
};

typedef fork_model<false> tags_model;
typedef fork_model<true> fences_model;

template <bool fenced> static int run_thieves()
{
    typedef thieves_model<fenced, false> free_model;
    typedef thieves_model<fenced, true> forced_model;

    return run_model<free_model>(50000) | run_model<forced_model>(50000);
}

/* Random schedules for rare cases, and all schedules with at most two switches away from
 * a thread that could go on: these include a joiner that sleeps, and one that helps. */
int main()
{
    int tags = run_model<tags_model>(100000) | search_model<tags_model>(2);
    int fences = run_model<fences_model>(100000) | search_model<fences_model>(2);

    return tags | fences | run_thieves<false>() | run_thieves<true>();
}
