/*
 * Pools under heavy use.  Each object has one owner at any time, objects that threads
 * pass to one another return to their node, and none is lost when threads come and go.
 *
 * Every object has its owner's stamp: set when it is taken, cleared when it is given
 * back. A word beside the stamp is not atomic, so that ThreadSanitizer checks the
 * hand-over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/pool/depot.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 64, HELD = 150, MAILBOXES = 4 };

struct object {
    _Atomic(uint32_t) owner; /* 0: free */
    uint32_t last;           /* the owner before; not atomic */
    uint64_t uses;
};

struct storm {
    const char *topology; /* NULL: this machine */
    uint64_t limit;
    uint32_t cache;
    uint32_t object_size;
    uint32_t operations;
};

struct arena {
    struct storm storm;
    struct mag_pool *pool;
    _Atomic(struct object *) mailboxes[MAILBOXES];
};

struct actor {
    struct arena *arena;
    uint32_t stamp;
    uint64_t random;
    uint64_t mistakes; /* objects with two owners, or with none */
    uint64_t odd;      /* results that a take must not have */
    uint64_t taken;
    uint32_t held_count;
    struct object *held[HELD];
};

static void begin_use(struct actor *actor, struct object *object)
{
    /* relaxed: the pool must order it, which is what this tests. */
    uint32_t before =
        atomic_exchange_explicit(&object->owner, actor->stamp, memory_order_relaxed);

    actor->mistakes += before != 0;
    object->last = actor->stamp;
    object->uses++;
}

static void end_use(struct actor *actor, struct object *object)
{
    actor->mistakes += object->last != actor->stamp;
    /* relaxed: as above. */
    uint32_t before = atomic_exchange_explicit(&object->owner, 0, memory_order_relaxed);
    actor->mistakes += before != actor->stamp;
}

static void take_one(struct actor *actor)
{
    void *object;
    int r = mag_pool_take(actor->arena->pool, &object);

    if (r == 0) {
        begin_use(actor, object);
        actor->held[actor->held_count++] = object;
        actor->taken++;
    }
    actor->odd += r != 0 && r != -ENOSPC;
}

static void give_one(struct actor *actor)
{
    uint32_t i = (uint32_t)(test_random(&actor->random) % actor->held_count);
    struct object *object = actor->held[i];

    actor->held[i] = actor->held[--actor->held_count];
    end_use(actor, object);
    mag_pool_give(actor->arena->pool, object);
}

/* Puts an object into a mailbox, and gives back the object that another thread had put
 * there. */
static void post_one(struct actor *actor)
{
    uint32_t box = (uint32_t)(test_random(&actor->random) % MAILBOXES);
    struct object *object = actor->held[--actor->held_count];

    end_use(actor, object);
    /* acq_rel: - release: this thread's use of its object is over;
     *          - acquire: the other thread's use of the object that comes out is over as
     *          well. */
    object = atomic_exchange_explicit(&actor->arena->mailboxes[box], object,
                                      memory_order_acq_rel);
    if (object == NULL)
        return;
    begin_use(actor, object);
    end_use(actor, object);
    mag_pool_give(actor->arena->pool, object);
}

/* Long runs of takes and of gives, so that magazines fill up and run empty. */
static void *act(void *arg)
{
    struct actor *actor = arg;
    uint32_t nodes = actor->arena->pool->place.nodes;
    bool taking = true;

    for (uint32_t i = 0; i < actor->arena->storm.operations; i++) {
        uint64_t dice = test_random(&actor->random);

        if (dice % 64 == 0)
            taking = !taking;
        if (nodes > 1 && dice % 256 == 1)
            mag_pool_place_pretend((uint32_t)(dice >> 32) % nodes);
        if (taking && actor->held_count < HELD)
            take_one(actor);
        else if (actor->held_count != 0 && dice % 8 == 2)
            post_one(actor);
        else if (actor->held_count != 0)
            give_one(actor);
    }
    while (actor->held_count != 0)
        give_one(actor);
    return NULL;
}

static void start_unowned(void *object, void *arg)
{
    (void)arg;
    atomic_init(&((struct object *)object)->owner, 0);
}

static uint32_t thread_count(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t threads = cpus > 2 ? 2 * (uint32_t)cpus : 4;

    return threads < THREADS_MAX ? threads : THREADS_MAX;
}

static struct mag_pool *make_pool(const struct storm *storm,
                                  const struct mag_topology *topology)
{
    struct mag_pool_config config;
    struct mag_pool *pool = NULL;

    mag_pool_config_init(&config);
    config.object_size = storm->object_size;
    config.limit = storm->limit;
    config.cache = storm->cache;
    config.topology = topology;
    config.prepare = start_unowned;
    assert_int_equal(mag_pool_create(&config, &pool), 0);
    return pool;
}

static void empty_mailboxes(struct arena *arena)
{
    for (unsigned i = 0; i < MAILBOXES; i++) {
        /* relaxed: the other threads are joined. */
        struct object *object =
            atomic_load_explicit(&arena->mailboxes[i], memory_order_relaxed);

        if (object != NULL)
            mag_pool_give(arena->pool, object);
        atomic_init(&arena->mailboxes[i], NULL);
    }
}

/* Runs one generation of threads. */
static uint64_t run_threads(struct arena *arena, uint64_t *random)
{
    static struct actor actors[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    uint32_t count = thread_count();
    uint64_t taken = 0;

    for (uint32_t i = 0; i < count; i++) {
        actors[i] = (struct actor){
            .arena = arena, .stamp = i + 1, .random = test_random(random) | 1};
        assert_int_equal(pthread_create(&threads[i], NULL, act, &actors[i]), 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(actors[i].mistakes, 0);
        assert_int_equal(actors[i].odd, 0);
        taken += actors[i].taken;
    }
    empty_mailboxes(arena);
    return taken;
}

/* Takes one of the objects, all of which are free now, and keeps it. */
static void keep_one(struct mag_pool *pool)
{
    void *object;

    assert_int_equal(mag_pool_take(pool, &object), 0);
    /* relaxed: the other threads are joined. */
    assert_int_equal(atomic_exchange_explicit(&((struct object *)object)->owner,
                                              UINT32_MAX, memory_order_relaxed),
                     0);
}

/* Checks that this thread can take each existing object once more before new ones are
 * made. */
static void check_that_none_is_lost(struct mag_pool *pool)
{
    struct mag_pool_info before;
    struct mag_pool_info after;
    void *object;

    mag_pool_query(pool, &before);
    /* With several nodes, a thread uses the objects of other nodes only because of the
     * limit. */
    if (before.nodes > 1 && before.objects != before.limit)
        return;
    for (uint64_t i = 0; i < before.objects; i++)
        keep_one(pool);
    mag_pool_query(pool, &after);
    assert_int_equal(after.objects, before.objects);
    if (before.objects == before.limit)
        assert_int_equal(mag_pool_take(pool, &object), -ENOSPC);
}

static void blow(const struct storm *storm)
{
    struct mag_topology *topology = NULL;
    struct arena arena = {.storm = *storm};
    uint64_t random = test_seed();
    uint64_t taken = 0;

    arena.storm.operations = test_rounds(storm->operations);
    if (storm->topology != NULL)
        assert_int_equal(
            mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, storm->topology, &topology), 0);
    arena.pool = make_pool(storm, topology);
    for (unsigned i = 0; i < MAILBOXES; i++)
        atomic_init(&arena.mailboxes[i], NULL);
    for (unsigned generation = 0; generation < 5; generation++)
        taken += run_threads(&arena, &random);
    assert_true(taken > 0);
    check_that_none_is_lost(arena.pool);
    mag_pool_destroy(arena.pool);
    mag_topology_free(topology);
}

static void every_object_has_one_owner_with_magazines(void **state)
{
    (void)state;
    blow(&(struct storm){.object_size = 64, .operations = 200000});
}

static void every_object_has_one_owner_with_tiny_magazines(void **state)
{
    (void)state;
    blow(&(struct storm){.object_size = 24, .cache = 3, .operations = 200000});
}

static void every_object_has_one_owner_when_three_go_round(void **state)
{
    (void)state;
    blow(&(struct storm){.object_size = 16, .limit = 3, .operations = 200000});
}

static void every_object_has_one_owner_at_the_limit(void **state)
{
    (void)state;
    blow(&(struct storm){
        .object_size = 40, .limit = 200, .cache = 8, .operations = 200000});
}

static void every_object_has_one_owner_across_nodes(void **state)
{
    (void)state;
    blow(&(struct storm){
        .topology = "node:4 core:2 pu:1", .object_size = 64, .operations = 200000});
}

static void every_object_has_one_owner_across_nodes_at_the_limit(void **state)
{
    (void)state;
    blow(&(struct storm){.topology = "node:4 core:2 pu:1",
                         .object_size = 32,
                         .limit = 300,
                         .cache = 8,
                         .operations = 200000});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_has_one_owner_with_magazines),
        cmocka_unit_test(every_object_has_one_owner_with_tiny_magazines),
        cmocka_unit_test(every_object_has_one_owner_when_three_go_round),
        cmocka_unit_test(every_object_has_one_owner_at_the_limit),
        cmocka_unit_test(every_object_has_one_owner_across_nodes),
        cmocka_unit_test(every_object_has_one_owner_across_nodes_at_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
