/*
 * stack_storm.h - a pool's stack under heavy use, with so few links that each returns to
 * the top all the time.  A pop that suffers from ABA would hand one link to two threads.
 *
 * Included by one program for each form of the stack.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_STACK_STORM_H
#define TESTS_SUPPORT_NUMA_STACK_STORM_H

#include "numa/pool/stack.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <pthread.h>

enum { STORM_THREADS = 4, STORM_HELD = 2, STORM_LINKS_MAX = 16 };

struct storm_block {
    mag_pool_link link;
    _Atomic(uint32_t) owner; /* 0: on the stack */
    uint64_t uses;           /* plain: the stack orders its holders */
};

struct storm {
    struct mag_pool_stack stack;
    struct storm_block blocks[STORM_LINKS_MAX];
    uint32_t operations;
};

struct storm_actor {
    struct storm *storm;
    uint32_t stamp;
    uint64_t random;
    uint64_t mistakes;
    uint64_t pops;
    uint32_t held_count;
    struct storm_block *held[STORM_HELD];
};

static inline void storm_pop(struct storm_actor *actor)
{
    mag_pool_link *link = mag_pool_stack_pop(&actor->storm->stack);

    if (link == NULL)
        return;

    struct storm_block *block = (struct storm_block *)(void *)link;
    /* relaxed: the stack must order it, which is what this tests. */
    actor->mistakes +=
        atomic_exchange_explicit(&block->owner, actor->stamp, memory_order_relaxed) != 0;
    block->uses++;
    actor->pops++;
    actor->held[actor->held_count++] = block;
}

static inline void storm_push(struct storm_actor *actor)
{
    struct storm_block *block = actor->held[--actor->held_count];

    /* relaxed: as above. */
    actor->mistakes +=
        atomic_exchange_explicit(&block->owner, 0, memory_order_relaxed) != actor->stamp;
    mag_pool_stack_push(&actor->storm->stack, &block->link);
}

static inline void *storm_act(void *arg)
{
    struct storm_actor *actor = arg;

    for (uint32_t i = 0; i < actor->storm->operations; i++) {
        bool full = actor->held_count == STORM_HELD;

        if (actor->held_count == 0 || (!full && test_random(&actor->random) % 2 == 0))
            storm_pop(actor);
        else
            storm_push(actor);
    }
    while (actor->held_count != 0)
        storm_push(actor);
    return NULL;
}

/* Counts the links on the stack in the end; not atomic, because all threads are
 * joined. */
static inline uint64_t storm_drain(struct storm *storm, uint32_t *ret_links)
{
    uint64_t uses = 0;
    mag_pool_link *link;

    for (*ret_links = 0; (link = mag_pool_stack_pop(&storm->stack)) != NULL; ++*ret_links)
        uses += ((struct storm_block *)(void *)link)->uses;
    return uses;
}

static inline void storm_with(uint32_t links)
{
    static struct storm storm;
    static struct storm_actor actors[STORM_THREADS];
    pthread_t threads[STORM_THREADS];
    uint64_t random = test_seed();
    uint64_t pops = 0;
    uint32_t left;

    storm.operations = test_rounds(400000);
    mag_pool_stack_init(&storm.stack);
    for (uint32_t i = 0; i < links; i++) {
        atomic_init(&storm.blocks[i].owner, 0);
        storm.blocks[i].uses = 0;
        mag_pool_stack_push(&storm.stack, &storm.blocks[i].link);
    }
    for (uint32_t i = 0; i < STORM_THREADS; i++) {
        actors[i] = (struct storm_actor){
            .storm = &storm, .stamp = i + 1, .random = test_random(&random) | 1};
        assert_int_equal(pthread_create(&threads[i], NULL, storm_act, &actors[i]), 0);
    }
    for (uint32_t i = 0; i < STORM_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(actors[i].mistakes, 0);
        pops += actors[i].pops;
    }
    assert_int_equal(storm_drain(&storm, &left), pops);
    assert_int_equal(left, links);
}

static void one_link_has_one_owner(void **state)
{
    (void)state;
    storm_with(1);
}

static void two_links_have_one_owner_each(void **state)
{
    (void)state;
    storm_with(2);
}

static void a_few_links_have_one_owner_each(void **state)
{
    (void)state;
    storm_with(5);
}

static void more_links_than_are_held_have_one_owner_each(void **state)
{
    (void)state;
    storm_with(STORM_LINKS_MAX);
}

static inline int storm_run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_link_has_one_owner),
        cmocka_unit_test(two_links_have_one_owner_each),
        cmocka_unit_test(a_few_links_have_one_owner_each),
        cmocka_unit_test(more_links_than_are_held_have_one_owner_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
