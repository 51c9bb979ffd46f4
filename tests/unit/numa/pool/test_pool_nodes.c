/*
 * Pools on machines with several nodes.  This machine may have only one: the threads here
 * pretend to be on nodes of a synthetic topology.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/pool/depot.h"
#include "tests/support/numa/pool.h"

#include <errno.h>

enum { MANY = 300, TWO_NODE_OUTBOX = 16 };

static int two_nodes(void **state)
{
    (void)state;
    return mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:2 pu:1", &machine);
}

static int many_nodes(void **state)
{
    (void)state;
    return mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:24 core:1 pu:2", &machine);
}

static int more_nodes_than_a_magazine_has_room(void **state)
{
    (void)state;
    return mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:80 core:1 pu:1", &machine);
}

static int forget(void **state)
{
    mag_pool_place_pretend(MAG_NONE);
    return free_machine(state);
}

static uint32_t home_of(const struct mag_pool *pool, const void *object)
{
    return mag_pool_slab_of(&pool->shape, object)->node;
}

static unsigned count_of_node(const struct mag_pool *pool, void **objects, uint32_t node)
{
    unsigned count = 0;

    for (unsigned i = 0; i < MANY; i++)
        count += home_of(pool, objects[i]) == node;
    return count;
}

/* What a thread is to do: pretend to be on a node, then give objects, then take some. */
struct errand {
    struct mag_pool *pool;
    uint32_t node;
    unsigned gives;
    unsigned takes;
    void **objects;
    unsigned got;
    int result;
};

static void *run_errand(void *arg)
{
    struct errand *errand = arg;

    mag_pool_place_pretend(errand->node);
    for (unsigned i = 0; i < errand->gives; i++)
        mag_pool_give(errand->pool, errand->objects[i]);
    errand->result = 0;
    for (errand->got = 0; errand->got < errand->takes && errand->result == 0;) {
        errand->result = mag_pool_take(errand->pool, &errand->objects[errand->got]);
        errand->got += errand->result == 0;
    }
    return NULL;
}

static void objects_come_from_the_node_of_the_taker(void **state)
{
    static void *objects[MANY];
    struct mag_pool *pool = make_pool(config_of(64));
    (void)state;

    for (uint32_t node = 0; node < pool->place.nodes; node++) {
        struct errand errand = {pool, node, .takes = MANY, .objects = objects};
        on_another_thread(run_errand, &errand);
        assert_int_equal(errand.got, MANY);
        assert_int_equal(count_of_node(pool, objects, node), MANY);
        errand = (struct errand){pool, node, .gives = MANY, .objects = objects};
        on_another_thread(run_errand, &errand);
    }
    mag_pool_destroy(pool);
}

static void objects_return_to_the_node_that_owns_them(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(64);
    (void)state;

    /* With this limit a single missing object would be noticed. */
    config.limit = MANY;
    config.cache = 64;
    struct mag_pool *pool = make_pool(config);
    mag_pool_place_pretend(0);
    take_many(pool, objects, MANY);
    struct errand giver = {pool, 1, .gives = MANY, .objects = objects};
    on_another_thread(run_errand, &giver);

    take_many(pool, objects, MANY);
    assert_int_equal(count_of_node(pool, objects, 0), MANY);
    mag_pool_destroy(pool);
}

static void a_foreign_object_is_not_reused_where_it_was_given(void **state)
{
    static void *objects[MANY];
    struct mag_pool *pool = make_pool(config_of(64));
    (void)state;

    mag_pool_place_pretend(0);
    take_many(pool, objects, MANY);
    struct errand both = {pool, 1, .gives = MANY, .takes = MANY, .objects = objects};
    on_another_thread(run_errand, &both);
    assert_int_equal(both.got, MANY);
    assert_int_equal(count_of_node(pool, objects, 1), MANY);
    mag_pool_destroy(pool);
}

static void few_foreign_objects_wait_for_company(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(64);
    (void)state;

    config.limit = MANY;
    config.cache = 32;
    struct mag_pool *pool = make_pool(config);
    assert_int_equal(pool->outbox, TWO_NODE_OUTBOX);
    mag_pool_place_pretend(0);
    take_many(pool, objects, MANY);
    mag_pool_place_pretend(1);
    give_many(pool, objects, MANY);

    struct errand taker = {pool, 0, .takes = MANY, .objects = objects};
    on_another_thread(run_errand, &taker);
    /* This thread's magazine keeps some objects too: it was on node 0 when it got
     * them. */
    assert_in_range(taker.got, MANY - 32 - TWO_NODE_OUTBOX, MANY);
    mag_pool_destroy(pool);
}

static void a_thread_that_moves_takes_its_magazine_for_foreign(void **state)
{
    static void *old[MANY];
    static void *objects[MANY];
    struct mag_pool *pool = make_pool(config_of(64));
    (void)state;

    struct errand other = {pool, 1, .takes = MANY, .objects = objects};
    on_another_thread(run_errand, &other);

    mag_pool_place_pretend(0);
    take_many(pool, old, MANY);
    give_many(pool, old, MANY);
    mag_pool_place_pretend(1);
    /* The magazine is emptied on the way.  After that this thread is at home on node
     * 1. */
    take_many(pool, old, MANY);
    give_many(pool, objects, MANY);
    take_many(pool, objects, MANY);
    assert_int_equal(count_of_node(pool, objects, 1), MANY);
    mag_pool_destroy(pool);
}

static void a_giver_that_moves_sends_its_magazine_home(void **state)
{
    static void *theirs[MANY];
    static void *ours[MANY];
    struct mag_pool_config config = config_of(64);
    (void)state;

    config.cache = 64;
    struct mag_pool *pool = make_pool(config);
    struct errand other = {pool, 1, .takes = MANY, .objects = theirs};
    on_another_thread(run_errand, &other);
    mag_pool_place_pretend(0);
    take_many(pool, ours, MANY);

    /* The thread only gives, first at home, so that the magazine fills up.  Then it
     * moves. */
    give_many(pool, ours, 64);
    mag_pool_place_pretend(1);
    give_many(pool, ours + 64, 64);
    uint64_t before = objects_in(pool);

    /* The thread is at home on node 1 now, and keeps objects of that node. */
    void *again = NULL;
    mag_pool_give(pool, theirs[0]);
    assert_int_equal(mag_pool_take(pool, &again), 0);
    assert_ptr_equal(again, theirs[0]);

    /* The objects of node 0 that it gave are there again. */
    other = (struct errand){pool, 0, .takes = 64, .objects = ours};
    on_another_thread(run_errand, &other);
    assert_int_equal(other.got, 64);
    assert_true(objects_in(pool) - before <= 64 + TWO_NODE_OUTBOX);
    mag_pool_destroy(pool);
}

static void at_the_limit_other_nodes_help_out(void **state)
{
    static const uint32_t caches[] = {MAG_POOL_NO_CACHE, 1, 8, 64};
    static void *objects[MANY + 1];
    (void)state;

    for (unsigned i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        struct mag_pool_config config = config_of(64);
        config.limit = MANY;
        config.cache = caches[i];
        struct mag_pool *pool = make_pool(config);
        struct errand errand = {pool, 0, .takes = MANY, .objects = objects};

        on_another_thread(run_errand, &errand);
        assert_int_equal(errand.got, MANY);
        errand.gives = MANY;
        errand.takes = 0;
        on_another_thread(run_errand, &errand);

        /* All objects lie on node 0 now, and a thread of node 1 gets each of them. */
        errand = (struct errand){pool, 1, .takes = MANY + 1, .objects = objects};
        on_another_thread(run_errand, &errand);
        assert_int_equal(errand.got, MANY);
        assert_int_equal(errand.result, -ENOSPC);

        /* Objects in the thread's own outbox are among them. */
        errand.gives = MANY;
        on_another_thread(run_errand, &errand);
        assert_int_equal(errand.got, MANY);
        mag_pool_destroy(pool);
    }
}

static void without_magazines_objects_go_home_at_once(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(64);
    (void)state;

    config.cache = MAG_POOL_NO_CACHE;
    struct mag_pool *pool = make_pool(config);
    mag_pool_place_pretend(0);
    take_many(pool, objects, MANY);
    mag_pool_place_pretend(1);
    give_many(pool, objects, MANY);
    take_many(pool, objects, 1);
    assert_int_equal(home_of(pool, objects[0]), 1);
    mag_pool_place_pretend(0);
    take_many(pool, objects, MANY);
    assert_int_equal(count_of_node(pool, objects, 0), MANY);
    assert_int_equal(objects_in(pool), MANY + 1);
    mag_pool_destroy(pool);
}

/* ------------------------------------------------------------- batches, many nodes */

enum { OUTBOX = 16, CACHE = 64 };

/* Takes all chains off a node's stack.  Returns their number. */
static unsigned count_chains(struct mag_pool *pool, uint32_t node, unsigned *ret_longest)
{
    void *objects[POOL_CHAIN_MAX];
    unsigned chains = 0;
    unsigned count;

    for (*ret_longest = 0; (count = mag_pool_fetch(pool, node, objects)) != 0; chains++)
        *ret_longest = count > *ret_longest ? count : *ret_longest;
    return chains;
}

static void objects_of_one_other_node_travel_in_full_batches(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(64);
    unsigned longest;
    (void)state;

    config.cache = CACHE;
    struct mag_pool *pool = make_pool(config);
    struct errand taker = {pool, 1, .takes = 4 * OUTBOX, .objects = objects};
    on_another_thread(run_errand, &taker);
    assert_int_equal(taker.got, 4 * OUTBOX);
    (void)count_chains(pool, 1, &longest);

    mag_pool_place_pretend(2);
    give_many(pool, objects, 4 * OUTBOX);
    assert_int_equal(count_chains(pool, 1, &longest), 4);
    assert_int_equal(longest, OUTBOX);
    mag_pool_destroy(pool);
}

static void outboxes_together_hold_no_more_than_a_magazine(void **state)
{
    static void *objects[2 * CACHE];
    struct mag_pool_config config = config_of(64);
    uint32_t nodes = mag_topology_nodes(machine);
    unsigned sent = 0;
    (void)state;

    config.cache = CACHE;
    struct mag_pool *pool = make_pool(config);
    for (uint32_t i = 0; i < 2 * CACHE; i++) {
        struct errand taker = {pool, 1 + i % (nodes - 1), .takes = 1,
                               .objects = &objects[i]};

        on_another_thread(run_errand, &taker);
        assert_int_equal(taker.got, 1);
    }
    for (uint32_t node = 0; node < nodes; node++) {
        unsigned longest;

        (void)count_chains(pool, node, &longest);
    }
    mag_pool_place_pretend(0);
    give_many(pool, objects, 2 * CACHE);
    for (uint32_t node = 0; node < nodes; node++) {
        void *chain[POOL_CHAIN_MAX];
        unsigned count;

        while ((count = mag_pool_fetch(pool, node, chain)) != 0)
            sent += count;
    }
    assert_true(sent >= 2 * CACHE - CACHE);
    mag_pool_destroy(pool);
}

#define on_two(test)  cmocka_unit_test_setup_teardown(test, two_nodes, forget)
#define on_many(test) cmocka_unit_test_setup_teardown(test, many_nodes, forget)
#define on_most(test) \
    cmocka_unit_test_setup_teardown(test, more_nodes_than_a_magazine_has_room, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_two(objects_come_from_the_node_of_the_taker),
        on_many(objects_come_from_the_node_of_the_taker),
        on_two(objects_return_to_the_node_that_owns_them),
        on_many(objects_return_to_the_node_that_owns_them),
        on_two(a_foreign_object_is_not_reused_where_it_was_given),
        on_many(a_foreign_object_is_not_reused_where_it_was_given),
        on_two(few_foreign_objects_wait_for_company),
        on_two(a_thread_that_moves_takes_its_magazine_for_foreign),
        on_two(a_giver_that_moves_sends_its_magazine_home),
        on_two(at_the_limit_other_nodes_help_out),
        on_many(at_the_limit_other_nodes_help_out),
        on_two(without_magazines_objects_go_home_at_once),
        on_many(objects_of_one_other_node_travel_in_full_batches),
        on_most(objects_of_one_other_node_travel_in_full_batches),
        on_many(outboxes_together_hold_no_more_than_a_magazine),
        on_most(outboxes_together_hold_no_more_than_a_magazine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
