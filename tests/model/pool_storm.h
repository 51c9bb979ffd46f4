/*
 * pool_storm.h - the stack of a pool as numa/pool/stack.h has it, in the form that the
 * including model has chosen.  Three threads pop and push.  No thread holds a link that
 * another thread holds, or finds one half written.
 *
 * Relacy does not know the links' `next`, which is a plain word.  So this model shows
 * only the consequences of a wrong `next`; model_pool.cpp writes out both forms with
 * words that Relacy knows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_POOL_STORM_H
#define TESTS_MODEL_POOL_STORM_H

#include "tests/model/model.h"

#include <stdatomic.h>

#include <cstddef>

#include "numa/pool/stack.h"

enum { THREADS = 3, LINKS = 3 };

struct chain {
    mag_pool_link link; /* first */
    rl::var<int> uses;  /* plain: belongs to the holder */
    rl::atomic<int> holder;
};

struct storm_model : rl::test_suite<storm_model, THREADS> {
    mag_pool_stack stack;
    chain chains[LINKS];

    void before()
    {
        mag_pool_stack_init(&stack);
        for (int i = 0; i < LINKS; i++) {
            chains[i].uses($) = 0;
            chains[i].holder($).store(0, rl::mo_relaxed);
            mag_pool_stack_push(&stack, &chains[i].link);
        }
    }

    chain *take(unsigned thread)
    {
        chain *taken = (chain *)mag_pool_stack_pop(&stack);

        if (taken != NULL) {
            RL_ASSERT(taken->holder($).exchange((int)thread + 1, rl::mo_relaxed) == 0);
            taken->uses($) = taken->uses($) + 1;
        }
        return taken;
    }

    void give(chain *given)
    {
        if (given == NULL)
            return;
        given->uses($) = given->uses($) + 1;
        given->holder($).store(0, rl::mo_relaxed);
        mag_pool_stack_push(&stack, &given->link);
    }

    /* As in model_pool.cpp: one thread keeps both links, the others push them back as
     * they came. */
    void thread(unsigned thread)
    {
        chain *first = take(thread);
        chain *second = take(thread);

        if (thread == 0)
            return;
        give(first);
        give(second);
    }
};

#endif
