/*
 * An owner that forks and joins while a thief steals: each child runs once, its argument
 * is visible to whoever runs it and its result to the join, whether joins look at claims
 * or fence.  A thief's membarrier is modelled by the owner's fence.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/model/model.h"

struct mag_sched;

/* Joins that sleep soon; the model's sleep has no end but a wake. */
#define MAG_FORK_JOIN_SPINS 1

#include "sched/fork_stack.h"

#include "sched/fork_deque.c"
#include "sched/fork_join.c"

#include <new>
#include <sys/mman.h>

void mag_barrier_heavy()
{
    mag_asym_light(true);
}

enum { CHILDREN = 2, ROUNDS = 2, SLOTS = 8 };

/* What the bodies, which know nothing but their payload, run on. */
static struct fork_data *data;

struct fork_data {
    rl::var<int> argument[ROUNDS * CHILDREN]; /* plain: races are reported */
    rl::var<int> result[ROUNDS * CHILDREN];
    rl::var<int> ran[ROUNDS * CHILDREN];
    rl::var<int> after[ROUNDS * CHILDREN]; /* the thief's, after its answer */
};

static void child(mag_fork w, void *payload)
{
    int index = *(int *)payload;

    data->ran[index]($) = data->ran[index]($) + 1;
    data->result[index]($) = data->argument[index]($) + 1;
    /* Half of them answer early, and go on for a while. */
    if (index % 2 != 0 && mag_fork_is_stolen(w, payload)) {
        mag_fork_answer(w);
        data->after[index]($) = data->result[index]($);
    }
}

static void *stack_memory(unsigned which)
{
    static char *memory =
        (char *)mmap(NULL, 3 * MAG_FORK_STACK_SPAN, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uintptr_t first =
        ((uintptr_t)memory + MAG_FORK_STACK_SPAN - 1) & ~(MAG_FORK_STACK_SPAN - 1);

    return (void *)(first + which * MAG_FORK_STACK_SPAN);
}

template <bool fenced> struct fork_model : rl::test_suite<fork_model<fenced>, 2> {
    mag_fork_stack *stacks[2];
    fork_data mine;

    fork_model()
    {
        for (unsigned i = 0; i < 2; i++) {
            stacks[i] = new (stack_memory(i)) mag_fork_stack;
            stacks[i]->slots =
                (mag_fork_slot *)((char *)stack_memory(i) + MAG_FORK_SLOTS_AT);
            for (int s = 0; s < SLOTS; s++)
                new (&stacks[i]->slots[s]) mag_fork_slot;
        }
    }

    ~fork_model()
    {
        for (unsigned i = 0; i < 2; i++) {
            for (int s = 0; s < SLOTS; s++)
                stacks[i]->slots[s].~mag_fork_slot();
            stacks[i]->~mag_fork_stack();
        }
    }

    void before()
    {
        data = &mine;
        for (unsigned i = 0; i < 2; i++) {
            for (int s = 0; s < SLOTS; s++) {
                atomic_init(&stacks[i]->slots[s].body, (mag_fork_body)NULL);
                atomic_init(&stacks[i]->slots[s].claim, MAG_CLAIM_NONE);
            }
            mag_fork_stack_init(stack_memory(i), MAG_FORK_STACK_SPAN, SLOTS - 1, fenced);
        }
        for (int i = 0; i < ROUNDS * CHILDREN; i++)
            mine.ran[i]($) = 0;
    }

    void own()
    {
        mag_fork w = {stacks[0]->slots};

        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < CHILDREN; i++) {
                int index = round * CHILDREN + i;

                mine.argument[index]($) = index;
                mag_fork_push(&w, child, &index, sizeof(index));
            }
            for (int i = CHILDREN; i-- > 0;) {
                int index = round * CHILDREN + i;

                if (mag_fork_pop(&w))
                    child(w, w.top->payload);
                RL_ASSERT(mine.result[index]($) == index + 1);
                RL_ASSERT(mine.ran[index]($) == 1);
            }
        }
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            own();
            return;
        }
        for (int i = 0; i < 3; i++) {
            mag_fork_taken taken;

            if (mag_fork_stack_steal(stacks[0], NULL, stacks[1]->slots, &taken) ==
                MAG_FORK_STOLEN)
                mag_fork_stack_run(stacks[1], &taken, stacks[1]->slots);
        }
    }
};

typedef fork_model<false> claims_model;
typedef fork_model<true> fences_model;

int main()
{
    int claims = run_model<claims_model>(100000);
    int fences = run_model<fences_model>(100000);

    return claims | fences;
}
