/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/numa/pool.h"

#include <errno.h>

enum { MANY = 5000 };

static unsigned take_until_refused(struct mag_pool *pool, void **objects, unsigned most)
{
    unsigned count = 0;
    int r = 0;

    while (count < most && (r = mag_pool_take(pool, &objects[count])) == 0)
        count++;
    assert_true(count == most || r == -ENOSPC);
    return count;
}

static void one_thread_can_have_exactly_the_limit(void **state)
{
    static const uint64_t limits[] = {1, 2, 3, 31, 64, 1000, 4999};
    static void *objects[MANY];
    (void)state;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct mag_pool_config config = config_of(40);
        config.limit = limits[i];
        struct mag_pool *pool = make_pool(config);
        void *none = &none;

        for (unsigned round = 0; round < 2; round++) {
            assert_int_equal(take_until_refused(pool, objects, MANY), limits[i]);
            assert_int_equal(mag_pool_take(pool, &none), -ENOSPC);
            assert_ptr_equal(none, &none);
            give_many(pool, objects, (unsigned)limits[i]);
        }
        assert_int_equal(objects_in(pool), limits[i]);
        mag_pool_destroy(pool);
    }
}

static void small_limits_leave_nothing_in_magazines(void **state)
{
    uint32_t pus = mag_topology_pus(machine);
    struct mag_pool_info info;
    struct mag_pool_config config = config_of(40);
    (void)state;

    config.limit = 15 * (uint64_t)pus;
    struct mag_pool *pool = make_pool(config);
    mag_pool_query(pool, &info);
    assert_int_equal(info.cache, 0);
    mag_pool_destroy(pool);

    config.limit = 80 * (uint64_t)pus;
    pool = make_pool(config);
    mag_pool_query(pool, &info);
    assert_int_equal(info.cache, 10);
    mag_pool_destroy(pool);
}

struct ask {
    struct mag_pool *pool;
    void *objects[64];
    unsigned most;
    unsigned got;
    int result;
};

static void *take_and_keep(void *arg)
{
    struct ask *ask = arg;

    ask->result = 0;
    for (ask->got = 0; ask->got < ask->most && ask->result == 0;) {
        ask->result = mag_pool_take(ask->pool, &ask->objects[ask->got]);
        ask->got += ask->result == 0;
    }
    return NULL;
}

static void the_only_object_of_a_pool_goes_from_thread_to_thread(void **state)
{
    struct mag_pool_config config = config_of(40);
    void *object;
    (void)state;

    config.limit = 1;
    struct mag_pool *pool = make_pool(config);
    struct ask ask = {.pool = pool, .most = 1};

    assert_int_equal(mag_pool_take(pool, &object), 0);
    on_another_thread(take_and_keep, &ask);
    assert_int_equal(ask.result, -ENOSPC);

    mag_pool_give(pool, object);
    on_another_thread(take_and_keep, &ask);
    assert_int_equal(ask.result, 0);
    assert_ptr_equal(ask.objects[0], object);
    assert_int_equal(mag_pool_take(pool, &object), -ENOSPC);

    mag_pool_give(pool, ask.objects[0]);
    assert_int_equal(mag_pool_take(pool, &object), 0);
    mag_pool_destroy(pool);
}

static void a_thread_withholds_no_more_than_its_cache(void **state)
{
    struct mag_pool_config config = config_of(40);
    void *objects[60];
    (void)state;

    config.limit = 60;
    config.cache = 8;
    struct mag_pool *pool = make_pool(config);
    take_many(pool, objects, 60);
    give_many(pool, objects, 60);

    struct ask ask = {.pool = pool, .most = 64};
    on_another_thread(take_and_keep, &ask);
    assert_int_equal(ask.result, -ENOSPC);
    assert_in_range(ask.got, 60 - 8, 60);
    mag_pool_destroy(pool);
}

static void without_cache_every_free_object_is_within_reach(void **state)
{
    struct mag_pool_config config = config_of(40);
    void *objects[60];
    (void)state;

    config.limit = 60;
    config.cache = MAG_POOL_NO_CACHE;
    struct mag_pool *pool = make_pool(config);
    take_many(pool, objects, 60);
    give_many(pool, objects, 60);

    struct ask ask = {.pool = pool, .most = 60};
    on_another_thread(take_and_keep, &ask);
    assert_int_equal(ask.got, 60);
    mag_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_can_have_exactly_the_limit),
        cmocka_unit_test(small_limits_leave_nothing_in_magazines),
        cmocka_unit_test(the_only_object_of_a_pool_goes_from_thread_to_thread),
        cmocka_unit_test(a_thread_withholds_no_more_than_its_cache),
        cmocka_unit_test(without_cache_every_free_object_is_within_reach),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
