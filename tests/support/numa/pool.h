/*
 * pool.h - what the tests of pools share: one topology, and taking and giving by the
 * dozen on the test's own thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_POOL_H
#define TESTS_SUPPORT_NUMA_POOL_H

#include "tests/support/cmocka.h"
#include "tests/support/numa/machine.h"

#include <magpie/pool.h>
#include <pthread.h>

static inline struct mag_pool_config config_of(size_t object_size)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = object_size;
    config.topology = machine;
    return config;
}

static inline struct mag_pool *make_pool(struct mag_pool_config config)
{
    struct mag_pool *pool = NULL;

    assert_int_equal(mag_pool_create(&config, &pool), 0);
    return pool;
}

static inline uint64_t objects_in(const struct mag_pool *pool)
{
    struct mag_pool_info info;

    mag_pool_query(pool, &info);
    return info.objects;
}

static inline void take_many(struct mag_pool *pool, void **objects, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(mag_pool_take(pool, &objects[i]), 0);
}

static inline void give_many(struct mag_pool *pool, void **objects, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        mag_pool_give(pool, objects[i]);
}

/* Runs `body` on a thread of its own, and waits until the thread has ended. */
static inline void on_another_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* What a thread does with a pool by itself: takes more objects than its magazines
 * hold. */
enum { USE_OBJECTS = 1000 };

struct use {
    struct mag_pool *pool;
    void *objects[USE_OBJECTS];
    unsigned failures;
};

static inline void use_many(struct use *use)
{
    for (unsigned i = 0; i < USE_OBJECTS; i++)
        use->failures += mag_pool_take(use->pool, &use->objects[i]) != 0;
    for (unsigned i = 0; i < USE_OBJECTS && use->failures == 0; i++)
        *(void **)use->objects[i] = use->objects[i];
    for (unsigned i = 0; i < USE_OBJECTS && use->failures == 0; i++)
        mag_pool_give(use->pool, use->objects[i]);
}

#endif
