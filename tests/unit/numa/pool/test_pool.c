/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/numa/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 5000 };

/* ------------------------------------------------------------------ what a pool is */

static void a_pool_tells_what_it_is(void **state)
{
    struct mag_pool_config config = config_of(100);
    struct mag_pool_info info;
    void *object;
    (void)state;

    config.alignment = 64;
    struct mag_pool *pool = make_pool(config);
    mag_pool_query(pool, &info);
    assert_int_equal(info.objects, 0);
    assert_int_equal(info.bytes, 0);
    assert_int_equal(info.stride, 128);
    assert_int_equal(info.limit, 0);
    assert_int_equal(info.cache, 64);
    assert_int_equal(info.nodes, mag_topology_nodes(machine));

    assert_int_equal(mag_pool_take(pool, &object), 0);
    mag_pool_query(pool, &info);
    assert_true(info.objects >= 1);
    assert_int_equal(info.slabs, 1);
    assert_true(info.bytes >= 128);
    assert_true(info.bytes_bound <= info.bytes);
    mag_pool_give(pool, object);
    mag_pool_destroy(pool);
}

static void a_pool_finds_the_machine_by_itself(void **state)
{
    struct mag_pool_config config = config_of(8);
    void *object;
    (void)state;

    config.topology = NULL;
    struct mag_pool *first = make_pool(config);
    struct mag_pool *second = make_pool(config);
    mag_pool_destroy(first);
    assert_int_equal(mag_pool_take(second, &object), 0);
    mag_pool_destroy(second);
}

static void bad_configurations_are_refused(void **state)
{
    static const struct {
        size_t size;
        size_t alignment;
        uint32_t cache;
    } bad[] = {
        {0, 0, 0},
        {MAG_POOL_OBJECT_MAX + 1, 0, 0},
        {SIZE_MAX, 0, 0},
        {16, 24, 0},
        {16, 2 * MAG_POOL_ALIGNMENT_MAX, 0},
        {16, 16, MAG_POOL_CACHE_MAX + 1},
    };
    struct mag_pool *pool = NULL;
    (void)state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct mag_pool_config config = config_of(bad[i].size);
        config.alignment = bad[i].alignment;
        config.cache = bad[i].cache;
        assert_int_equal(mag_pool_create(&config, &pool), -EINVAL);
    }

    struct mag_pool_config config = config_of(16);
    config.size = 8;
    assert_int_equal(mag_pool_create(&config, &pool), -EINVAL);
    assert_null(pool);
    mag_pool_destroy(pool);
}

static int by_address(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t) * (void *const *)a;
    uintptr_t right = (uintptr_t) * (void *const *)b;

    return left < right ? -1 : left > right;
}

static void objects_are_aligned_and_apart(void **state)
{
    static const struct {
        size_t size;
        size_t alignment; /* requested */
        size_t obtained;
        unsigned count;
    } shapes[] = {
        {1, 0, 16, 2000},     {1, 1, 1, 2000},
        {24, 8, 8, 2000},     {64, 64, 64, 2000},
        {65, 64, 64, 2000},   {200, 16, 16, 500},
        {4000, 0, 16, 100},   {70000, 4096, 4096, 20},
        {262144, 32, 32, 10}, {MAG_POOL_OBJECT_MAX, 4096, 4096, 9},
    };
    static void *objects[2000];
    (void)state;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct mag_pool_config config = config_of(shapes[i].size);
        unsigned count = shapes[i].count;
        config.alignment = shapes[i].alignment;
        struct mag_pool *pool = make_pool(config);

        take_many(pool, objects, count);
        for (unsigned j = 0; j < count; j++)
            memset(objects[j], 0x5a, shapes[i].size);
        qsort(objects, count, sizeof(objects[0]), by_address);
        for (unsigned j = 0; j < count; j++)
            assert_int_equal((uintptr_t)objects[j] % shapes[i].obtained, 0);
        for (unsigned j = 1; j < count; j++)
            assert_true((uintptr_t)objects[j] - (uintptr_t)objects[j - 1] >=
                        shapes[i].size);
        give_many(pool, objects, count);
        mag_pool_destroy(pool);
    }
}

/* -------------------------------------------------- what becomes of an object's bytes */

static void count_in_first_word(void *object, void *arg)
{
    ++*(unsigned *)object;
    ++*(unsigned *)arg;
}

static void each_object_is_prepared_once(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(48);
    unsigned prepared = 0;
    (void)state;

    config.prepare = count_in_first_word;
    config.prepare_arg = &prepared;
    struct mag_pool *pool = make_pool(config);
    for (unsigned round = 0; round < 3; round++) {
        take_many(pool, objects, MANY);
        for (unsigned i = 0; i < MANY; i++)
            assert_int_equal(*(unsigned *)objects[i], 1);
        give_many(pool, objects, MANY);
    }
    assert_int_equal(prepared, objects_in(pool));
    mag_pool_destroy(pool);
}

static void new_objects_are_zeroed(void **state)
{
    static const char zeroes[80];
    struct mag_pool *pool = make_pool(config_of(sizeof(zeroes)));
    (void)state;

    for (unsigned i = 0; i < MANY; i++) {
        void *object;
        assert_int_equal(mag_pool_take(pool, &object), 0);
        assert_memory_equal(object, zeroes, sizeof(zeroes));
    }
    mag_pool_destroy(pool);
}

/* An object is filled with its own address, over and over. */
enum { STAMPS = 5 };

static void stamp(void *object)
{
    void **words = object;

    for (unsigned i = 0; i < STAMPS; i++)
        words[i] = object;
}

static bool is_stamped(void *object)
{
    void **words = object;
    bool stamped = true;

    for (unsigned i = 0; i < STAMPS; i++)
        stamped &= words[i] == object;
    return stamped;
}

static void a_free_objects_bytes_are_never_touched(void **state)
{
    static void *objects[MANY];
    struct mag_pool *pool = make_pool(config_of(STAMPS * sizeof(void *)));
    (void)state;

    take_many(pool, objects, MANY);
    for (unsigned i = 0; i < MANY; i++)
        stamp(objects[i]);
    give_many(pool, objects, MANY);
    /* The objects are free, in magazines and on the stack: their addresses are still
     * valid. */
    for (unsigned i = 0; i < MANY; i++)
        assert_true(is_stamped(objects[i]));

    uint64_t before = objects_in(pool);
    take_many(pool, objects, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(is_stamped(objects[i]));
    assert_int_equal(objects_in(pool), before);
    mag_pool_destroy(pool);
}

static void the_object_given_last_is_taken_first(void **state)
{
    struct mag_pool *pool = make_pool(config_of(16));
    void *objects[3];
    void *again;
    (void)state;

    take_many(pool, objects, 3);
    give_many(pool, objects, 3);
    for (unsigned i = 3; i-- > 0;) {
        assert_int_equal(mag_pool_take(pool, &again), 0);
        assert_ptr_equal(again, objects[i]);
    }
    mag_pool_destroy(pool);
}

static void an_object_of_another_pool_is_not_taken_in(void **state)
{
    struct mag_pool_config config = config_of(64);
    void *foreign, *object;
    (void)state;

    /* Without a cache, every give looks at the slab. */
    config.cache = MAG_POOL_NO_CACHE;
    struct mag_pool *pool = make_pool(config), *other = make_pool(config);
    assert_int_equal(mag_pool_take(other, &foreign), 0);
    mag_pool_give(pool, foreign);
    assert_int_equal(objects_in(pool), 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(mag_pool_take(pool, &object), 0);
        assert_ptr_not_equal(object, foreign);
    }
    mag_pool_destroy(pool);
    mag_pool_destroy(other);
}

/* ----------------------------------------------------------- many pools, large caches */

static void a_thousand_pools_may_live_and_die(void **state)
{
    enum { POOLS = 1000 };
    static struct mag_pool *pools[POOLS];
    static void *objects[POOLS];
    (void)state;

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < POOLS; i++) {
            pools[i] = make_pool(config_of(64));
            assert_int_equal(mag_pool_take(pools[i], &objects[i]), 0);
            *(unsigned *)objects[i] = i;
        }
        for (unsigned i = 0; i < POOLS; i++)
            assert_int_equal(*(unsigned *)objects[i], i);
        for (unsigned i = 0; i < POOLS; i++) {
            /* 7 and 1000 have no common divisor, so this order differs from the order of
             * creation. */
            unsigned j = i * 7 % POOLS;
            mag_pool_give(pools[j], objects[j]);
            mag_pool_destroy(pools[j]);
        }
    }
}

static void every_cache_size_works(void **state)
{
    static void *objects[MANY];
    (void)state;

    for (uint32_t cache = 1; cache <= MAG_POOL_CACHE_MAX; cache += cache < 5 ? 1 : 51) {
        struct mag_pool_config config = config_of(16);
        config.cache = cache;
        struct mag_pool *pool = make_pool(config);

        take_many(pool, objects, MANY);
        uint64_t before = objects_in(pool);
        give_many(pool, objects, MANY);
        memset(objects, 0, sizeof(objects));
        take_many(pool, objects, MANY);
        qsort(objects, MANY, sizeof(objects[0]), by_address);
        for (unsigned i = 1; i < MANY; i++)
            assert_ptr_not_equal(objects[i], objects[i - 1]);
        assert_int_equal(objects_in(pool), before);
        mag_pool_destroy(pool);
    }
}

/* The number of mapped pages. */
static unsigned long mapped_pages(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    char line[256] = "";

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    (void)fclose(file);
    return strtoul(line, NULL, 10);
}

static void a_destroyed_pool_leaves_no_memory_mapped(void **state)
{
    enum { POOLS = 200 };
    unsigned long before = 0;
    struct mag_pool_info info = {0};
    void *object;
    (void)state;

    for (unsigned i = 0; i < POOLS; i++) {
        struct mag_pool *pool = make_pool(config_of(4096));

        take_many(pool, &object, 1);
        mag_pool_query(pool, &info);
        mag_pool_destroy(pool);
        if (i == 9)
            before = mapped_pages();
    }
    unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
    assert_true(mapped_pages() < before + POOLS / 2 * (info.bytes / page));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_tells_what_it_is),
        cmocka_unit_test(a_pool_finds_the_machine_by_itself),
        cmocka_unit_test(bad_configurations_are_refused),
        cmocka_unit_test(objects_are_aligned_and_apart),
        cmocka_unit_test(each_object_is_prepared_once),
        cmocka_unit_test(new_objects_are_zeroed),
        cmocka_unit_test(a_free_objects_bytes_are_never_touched),
        cmocka_unit_test(the_object_given_last_is_taken_first),
        cmocka_unit_test(a_thousand_pools_may_live_and_die),
        cmocka_unit_test(an_object_of_another_pool_is_not_taken_in),
        cmocka_unit_test(every_cache_size_works),
        cmocka_unit_test(a_destroyed_pool_leaves_no_memory_mapped),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
