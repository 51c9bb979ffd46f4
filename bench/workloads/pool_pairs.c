/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/workloads/pool_pairs.h"

#include <magpie/pool.h>

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/*
 * The ring.  Each side has its own line: its index, and how far it knows the other one.
 * Indices are published once in BURST objects, so that the ring's own cost, a cache line
 * that goes back and forth, does not hide what is measured.
 *
 * Edges: release end -> acquire end : what crosses
 *   filled   produce (in) -> consume (in) : the slot, and the object
 *   emptied  consume (out) -> produce (out) : the slot may be written again
 */
enum { RING = 1024, BURST = 16, SPINS = 64 };

enum { OBJECT_BYTES = 64 };

/* Where objects come from: a pool, or malloc when it is NULL. */
struct handoff {
    struct mag_pool *pool;
    uint64_t objects;
    uint64_t sum;    /* of what the consumer read */
    bool is_starved; /* the producer could not have an object */
    void *slots[RING];
    alignas(MAG_CACHE_LINE) _Atomic(uint64_t) in;
    uint64_t out_seen;
    alignas(MAG_CACHE_LINE) _Atomic(uint64_t) out;
    uint64_t in_seen;
};

static double now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Keeps the compiler from dropping an object that is not read again. */
static inline void look_at(void *object)
{
    __asm__ volatile("" : : "r"(object) : "memory");
}

static struct mag_pool *make_pool(void)
{
    struct mag_pool_config config;
    struct mag_pool *pool;

    mag_pool_config_init(&config);
    config.object_size = OBJECT_BYTES;
    config.alignment = MAG_CACHE_LINE;
    return mag_pool_create(&config, &pool) == 0 ? pool : NULL;
}

double bench_pool_pair_ns(uint64_t pairs)
{
    struct mag_pool *pool = make_pool();
    double begin = now_ns();

    if (pool == NULL)
        return -1;
    for (uint64_t i = 0; i < pairs; i++) {
        void *object;

        if (mag_pool_take(pool, &object) != 0) {
            mag_pool_destroy(pool);
            return -1;
        }
        *(uint64_t *)object = i;
        look_at(object);
        mag_pool_give(pool, object);
    }
    double end = now_ns();
    mag_pool_destroy(pool);
    return (end - begin) / (double)pairs;
}

double bench_malloc_pair_ns(uint64_t pairs)
{
    double begin = now_ns();

    for (uint64_t i = 0; i < pairs; i++) {
        void *object = malloc(OBJECT_BYTES);

        if (object == NULL)
            return -1;
        *(uint64_t *)object = i;
        look_at(object);
        free(object);
    }
    return (now_ns() - begin) / (double)pairs;
}

static inline void *take(struct mag_pool *pool)
{
    void *object;

    if (pool == NULL)
        return malloc(OBJECT_BYTES);
    return mag_pool_take(pool, &object) == 0 ? object : NULL;
}

static inline void give(struct mag_pool *pool, void *object)
{
    if (pool == NULL)
        free(object);
    else
        mag_pool_give(pool, object);
}

static void wait_a_little(unsigned *spins)
{
    if (++*spins % SPINS == 0)
        (void)sched_yield();
}

static bool is_published(const struct handoff *handoff, uint64_t index)
{
    return index % BURST == 0 || index == handoff->objects;
}

static void produce(struct handoff *handoff, uint64_t i)
{
    unsigned spins = 0;

    while (i - handoff->out_seen == RING) {
        /* emptied, acquire: the consumer's read of the slot is over. */
        handoff->out_seen = atomic_load_explicit(&handoff->out, memory_order_acquire);
        wait_a_little(&spins);
    }

    uint64_t *object = take(handoff->pool);
    if (object != NULL)
        *object = i;
    handoff->is_starved |= object == NULL;
    handoff->slots[i % RING] = object;
    if (!is_published(handoff, i + 1))
        return;
    /* filled, release: the slots and the objects are written. */
    atomic_store_explicit(&handoff->in, i + 1, memory_order_release);
}

static void consume(struct handoff *handoff, uint64_t i)
{
    unsigned spins = 0;

    while (i == handoff->in_seen) {
        /* filled, acquire: slot and object are visible. */
        handoff->in_seen = atomic_load_explicit(&handoff->in, memory_order_acquire);
        wait_a_little(&spins);
    }

    uint64_t *object = handoff->slots[i % RING];
    if (object != NULL) {
        handoff->sum += *object;
        give(handoff->pool, object);
    }
    if (!is_published(handoff, i + 1))
        return;
    /* emptied, release: the slots have been read. */
    atomic_store_explicit(&handoff->out, i + 1, memory_order_release);
}

static void *consume_all(void *arg)
{
    struct handoff *handoff = arg;

    for (uint64_t i = 0; i < handoff->objects; i++)
        consume(handoff, i);
    return NULL;
}

/* The first quarter warms up both sides' caches and is not counted. */
static double run_handoff(struct handoff *handoff)
{
    pthread_t consumer;
    uint64_t warm = handoff->objects / 4;
    double begin = 0;

    if (pthread_create(&consumer, NULL, consume_all, handoff) != 0)
        return -1;
    for (uint64_t i = 0; i < handoff->objects; i++) {
        if (i == warm)
            begin = now_ns();
        produce(handoff, i);
    }
    (void)pthread_join(consumer, NULL);
    double end = now_ns();

    uint64_t expected = handoff->objects * (handoff->objects - 1) / 2;
    if (handoff->is_starved || handoff->sum != expected)
        return -1;
    return (end - begin) / (double)(handoff->objects - warm);
}

static double handoff_ns(struct mag_pool *pool, uint64_t objects)
{
    struct handoff *handoff = aligned_alloc(MAG_CACHE_LINE, sizeof(*handoff));

    if (handoff == NULL)
        return -1;
    *handoff = (struct handoff){.pool = pool, .objects = objects};
    atomic_init(&handoff->in, 0);
    atomic_init(&handoff->out, 0);
    double ns = run_handoff(handoff);
    free(handoff);
    return ns;
}

double bench_pool_handoff_ns(uint64_t objects)
{
    struct mag_pool *pool = make_pool();
    double ns = pool != NULL ? handoff_ns(pool, objects) : -1;

    mag_pool_destroy(pool);
    return ns;
}

double bench_malloc_handoff_ns(uint64_t objects)
{
    return handoff_ns(NULL, objects);
}
