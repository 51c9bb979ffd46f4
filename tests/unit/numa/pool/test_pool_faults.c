/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/depot.h"
#include "tests/support/fault.h"
#include "tests/support/numa/pool.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOME = 10 };

/* ------------------------------------------------------------------- thread-exit keys */

/* In a child that has no pool yet: 0 if creation fails without a key and succeeds with
 * one. */
static int create_without_keys(void)
{
    struct mag_pool_config config = config_of(8);
    struct mag_pool *pool = NULL;
    pthread_key_t key;
    pthread_key_t last = 0;
    int64_t before = test_live_allocations();

    while (pthread_key_create(&key, NULL) == 0)
        last = key;
    if (mag_pool_create(&config, &pool) != -EAGAIN || pool != NULL)
        return 1;
    if (test_live_allocations() != before)
        return 2;
    (void)pthread_key_delete(last);
    return mag_pool_create(&config, &pool) == 0 ? 0 : 3;
}

static void creation_needs_a_thread_exit_key(void **state)
{
    int status = -1;
    (void)state;

    pid_t child = fork();
    if (child == 0)
        _exit(create_without_keys());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ------------------------------------------------------------------------ allocations */

static void creation_may_fail_anywhere_and_leaves_nothing_behind(void **state)
{
    unsigned failures = 0;
    (void)state;

    for (uint32_t nth = 1;; nth++) {
        struct mag_pool_config config = config_of(8);
        struct mag_pool *pool = NULL;
        int64_t before = test_live_allocations();

        config.topology = NULL;
        test_fail_allocation(nth);
        int r = mag_pool_create(&config, &pool);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (r == 0)
            mag_pool_destroy(pool);
        else
            assert_null(pool);
        assert_int_equal(test_live_allocations(), before);
        if (!failed) {
            assert_int_equal(r, 0);
            break;
        }
        assert_int_equal(r, -ENOMEM);
        failures++;
    }
    assert_true(failures >= 3);
}

struct errand {
    struct mag_pool *pool;
    uint32_t failing; /* the allocation that fails */
    void *objects[SOME];
    unsigned got;
    unsigned odd; /* results that no take may have */
    bool failed;
};

static void *take_some(void *arg)
{
    struct errand *errand = arg;

    test_fail_allocation(errand->failing);
    for (unsigned i = 0; i < SOME; i++) {
        int r = mag_pool_take(errand->pool, &errand->objects[errand->got]);
        errand->got += r == 0;
        errand->odd += r != 0 && r != -ENOMEM;
    }
    errand->failed = test_has_failed();
    test_fail_allocation(0);
    return NULL;
}

static void *give_some(void *arg)
{
    struct errand *errand = arg;

    test_fail_allocation(errand->failing);
    for (unsigned i = 0; i < errand->got; i++)
        mag_pool_give(errand->pool, errand->objects[i]);
    errand->failed = test_has_failed();
    test_fail_allocation(0);
    return NULL;
}

static void a_take_may_fail_anywhere_and_loses_nothing(void **state)
{
    unsigned failures = 0;
    unsigned refusals = 0;
    bool failed = true;
    (void)state;

    for (uint32_t nth = 1; failed; nth++) {
        int64_t before = test_live_allocations();
        struct errand errand = {make_pool(config_of(64)), nth, .got = 0};

        on_another_thread(take_some, &errand);
        failed = errand.failed;
        failures += failed;
        refusals += errand.got < SOME;
        assert_int_equal(errand.odd, 0);
        assert_in_range(errand.got, SOME - 1, SOME);
        assert_true(failed || errand.got == SOME);
        mag_pool_destroy(errand.pool);
        assert_int_equal(test_live_allocations(), before);
    }
    /* The record, the rack, the magazine and the slab.  A take fails only without the
     * slab. */
    assert_true(failures >= 4);
    assert_in_range(refusals, 1, 2);
}

static void a_give_never_needs_memory(void **state)
{
    struct mag_pool_config config = config_of(64);
    unsigned failures = 0;
    bool failed = true;
    (void)state;

    config.limit = SOME;
    config.cache = 4;
    for (uint32_t nth = 1; failed; nth++) {
        struct errand errand = {make_pool(config), nth, .got = SOME};

        take_many(errand.pool, errand.objects, SOME);
        on_another_thread(give_some, &errand);
        failed = errand.failed;
        failures += failed;
        take_many(errand.pool, errand.objects, SOME);
        mag_pool_destroy(errand.pool);
    }
    assert_true(failures >= 3);
}

static void *take_one_and_give_it(void *arg)
{
    struct errand *errand = arg;

    test_fail_allocation(errand->failing);
    errand->odd += mag_pool_take(errand->pool, &errand->objects[0]) != 0;
    errand->failed = test_has_failed();
    test_fail_allocation(0);
    if (errand->odd == 0)
        mag_pool_give(errand->pool, errand->objects[0]);
    return NULL;
}

static void a_take_without_magazine_leaves_the_rest_of_the_batch(void **state)
{
    enum { MANY = 64 };
    struct mag_pool_config config = config_of(64);
    struct mag_pool_info info;
    void *objects[MANY];
    (void)state;

    config.limit = MANY;
    config.cache = 16;
    for (uint32_t nth = 1; nth <= 3; nth++) {
        struct errand errand = {.pool = make_pool(config), .failing = nth};

        take_many(errand.pool, objects, MANY);
        give_many(errand.pool, objects, MANY);
        on_another_thread(take_one_and_give_it, &errand);
        assert_int_equal(errand.odd, 0);
        assert_true(errand.failed);
        take_many(errand.pool, objects, MANY);
        mag_pool_query(errand.pool, &info);
        assert_int_equal(info.objects, MANY);
        mag_pool_destroy(errand.pool);
    }
}

static void a_full_machine_yields_what_other_nodes_have(void **state)
{
    struct mag_topology *two;
    struct errand errand = {.got = SOME};
    (void)state;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:1 pu:1", &two), 0);
    struct mag_pool_config config = config_of(64);
    config.topology = two;
    config.cache = MAG_POOL_NO_CACHE;
    errand.pool = make_pool(config);

    mag_pool_place_pretend(0);
    take_many(errand.pool, errand.objects, SOME);
    give_many(errand.pool, errand.objects, SOME);
    mag_pool_place_pretend(1);
    test_fail_allocation(1);
    void *object = NULL;
    int r = mag_pool_take(errand.pool, &object);
    assert_true(test_has_failed());
    test_fail_allocation(0);
    assert_int_equal(r, 0);
    assert_int_equal(mag_pool_slab_of(&errand.pool->shape, object)->node, 0);

    mag_pool_place_pretend(MAG_NONE);
    mag_pool_destroy(errand.pool);
    mag_topology_free(two);
}

static void nothing_is_allocated_once_a_pool_is_warm(void **state)
{
    void *objects[SOME];
    struct mag_pool *pool = make_pool(config_of(64));
    (void)state;

    take_many(pool, objects, SOME);
    give_many(pool, objects, SOME);
    uint64_t before = test_allocations();
    for (unsigned i = 0; i < 10000; i++) {
        take_many(pool, objects, SOME);
        give_many(pool, objects, SOME);
    }
    assert_int_equal(test_allocations(), before);
    mag_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, because it needs a process in which there has been no pool. */
        cmocka_unit_test(creation_needs_a_thread_exit_key),
        cmocka_unit_test(creation_may_fail_anywhere_and_leaves_nothing_behind),
        cmocka_unit_test(a_take_may_fail_anywhere_and_loses_nothing),
        cmocka_unit_test(a_give_never_needs_memory),
        cmocka_unit_test(a_take_without_magazine_leaves_the_rest_of_the_batch),
        cmocka_unit_test(a_full_machine_yields_what_other_nodes_have),
        cmocka_unit_test(nothing_is_allocated_once_a_pool_is_warm),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
