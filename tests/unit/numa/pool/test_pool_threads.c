/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/numa/pool.h"
#include "tests/support/run.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 1000, THREADS = 3 };

/* These tests count the objects of one node: all threads stay on the node of the first
 * PU. test_pool_nodes.c tests objects of several nodes. */
static int load_machine_and_stay(void **state)
{
    cpu_set_t cpus;

    if (load_machine(state) != 0)
        return -1;
    CPU_ZERO(&cpus);
    for (uint32_t i = 0; i < mag_topology_pus(machine); i++) {
        const struct mag_pu *pu = mag_topology_pu(machine, i);

        if (pu->node == mag_topology_pu(machine, 0)->node && pu->os_index < CPU_SETSIZE)
            CPU_SET(pu->os_index, &cpus);
    }
    return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static void *use_and_exit(void *arg)
{
    use_many(arg);
    return NULL;
}

static void a_thread_that_exits_leaves_everything_behind(void **state)
{
    static struct use use;
    struct mag_pool_config config = config_of(32);
    (void)state;

    /* With this limit a single withheld object would be noticed. */
    config.limit = MANY;
    config.cache = 50;
    struct mag_pool *pool = make_pool(config);
    for (unsigned round = 0; round < 20; round++) {
        use = (struct use){.pool = pool};
        on_another_thread(use_and_exit, &use);
        assert_int_equal(use.failures, 0);
    }
    assert_int_equal(objects_in(pool), MANY);
    take_many(pool, use.objects, MANY);
    mag_pool_destroy(pool);
}

static void *take_one_and_exit(void *arg)
{
    struct use *use = arg;
    void *object;

    use->failures += mag_pool_take(use->pool, &object) != 0;
    if (use->failures == 0)
        mag_pool_give(use->pool, object);
    return NULL;
}

static void short_threads_do_not_make_a_pool_grow(void **state)
{
    struct use use = {.pool = make_pool(config_of(32))};
    (void)state;

    on_another_thread(take_one_and_exit, &use);
    uint64_t before = objects_in(use.pool);
    for (unsigned i = 0; i < MANY; i++)
        on_another_thread(take_one_and_exit, &use);
    assert_int_equal(use.failures, 0);
    assert_int_equal(objects_in(use.pool), before);
    mag_pool_destroy(use.pool);
}

static void *give_one_and_exit(void *arg)
{
    struct use *use = arg;

    mag_pool_give(use->pool, use->objects[--use->failures]);
    return NULL;
}

static void small_chains_are_gathered_into_full_batches(void **state)
{
    enum { SINGLES = 100 };
    static struct use use;
    void *object;
    (void)state;

    use.pool = make_pool(config_of(32));
    take_many(use.pool, use.objects, MANY);
    while (mag_magazine_rack.magazines[mag_pool_number(use.pool)]->count != 0)
        take_many(use.pool, &object, 1);
    for (use.failures = SINGLES; use.failures != 0;)
        on_another_thread(give_one_and_exit, &use);

    take_many(use.pool, &object, 1);
    const struct mag_magazine *magazine =
        mag_magazine_rack.magazines[mag_pool_number(use.pool)];
    assert_int_equal(magazine->count, magazine->batch - 1);
    mag_pool_destroy(use.pool);
}

/* ------------------------------------------------- gives after the thread's own end */

static pthread_key_t late_key;
static struct mag_pool *late_pool;

/* The round after which no destructor is called again, and the round in which a thread
 * first uses a pool.  In the very last round ThreadSanitizer no longer knows the thread,
 * and a destructor that is registered in the first use is called one round later. */
#ifdef TEST_UNDER_TSAN
#    define LAST_ROUND      (PTHREAD_DESTRUCTOR_ITERATIONS - 1)
#    define FIRST_USE_ROUND (LAST_ROUND - 1)
#else
#    define LAST_ROUND      PTHREAD_DESTRUCTOR_ITERATIONS
#    define FIRST_USE_ROUND LAST_ROUND
#endif

/* Comes back until the last round of destructors. */
static void give_late(void *value)
{
    static _Thread_local unsigned rounds;

    if (++rounds < LAST_ROUND)
        (void)pthread_setspecific(late_key, value);
    else
        mag_pool_give(late_pool, value);
}

static void *give_while_exiting(void *arg)
{
    struct use *use = arg;
    void *object;

    use->failures += mag_pool_take(use->pool, &object) != 0;
    use->failures += pthread_setspecific(late_key, object) != 0;
    return NULL;
}

static void destructors_of_a_thread_may_still_give(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(32);
    (void)state;

    config.limit = MANY;
    config.cache = 50;
    late_pool = make_pool(config);
    assert_int_equal(pthread_key_create(&late_key, give_late), 0);
    struct use use = {.pool = late_pool};
    for (unsigned i = 0; i < 20; i++)
        on_another_thread(give_while_exiting, &use);
    assert_int_equal(use.failures, 0);
    take_many(late_pool, objects, MANY);
    assert_int_equal(pthread_key_delete(late_key), 0);
    mag_pool_destroy(late_pool);
}

/* Takes in the last round, and gives the objects back. */
static void take_late(void *value)
{
    static _Thread_local unsigned rounds;
    void *object;

    if (++rounds < LAST_ROUND)
        (void)pthread_setspecific(late_key, value);
    else if (mag_pool_take(late_pool, &object) == 0)
        mag_pool_give(late_pool, object);
}

static void *take_while_exiting(void *arg)
{
    struct use *use = arg;

    (void)take_one_and_exit(arg);
    use->failures += pthread_setspecific(late_key, arg) != 0;
    return NULL;
}

static void destructors_of_a_thread_may_still_take(void **state)
{
    static void *objects[MANY];
    struct mag_pool_config config = config_of(32);
    (void)state;

    config.limit = MANY;
    config.cache = 50;
    late_pool = make_pool(config);
    assert_int_equal(pthread_key_create(&late_key, take_late), 0);
    struct use use = {.pool = late_pool};
    take_many(late_pool, objects, MANY);
    give_many(late_pool, objects, MANY);
    for (unsigned i = 0; i < 20; i++)
        on_another_thread(take_while_exiting, &use);
    assert_int_equal(use.failures, 0);
    /* None of the chains that the threads took from was lost. */
    take_many(late_pool, objects, MANY);
    assert_int_equal(pthread_key_delete(late_key), 0);
    mag_pool_destroy(late_pool);
}

/* The first use of any pool by its thread, after every end of the thread was reported. */
static void use_late(void *value)
{
    static _Thread_local unsigned rounds;
    struct use *use = value;
    void *object;

    if (++rounds < FIRST_USE_ROUND) {
        (void)pthread_setspecific(late_key, value);
        return;
    }
    use->failures += mag_pool_take(use->pool, &object) != 0;
    if (use->failures == 0)
        mag_pool_give(use->pool, object);
}

static void *use_only_while_exiting(void *arg)
{
    struct use *use = arg;

    use->failures += pthread_setspecific(late_key, use) != 0;
    return NULL;
}

static void objects_that_the_last_destructor_leaves_go_to_the_next_thread(void **state)
{
    struct mag_pool_config config = config_of(32);
    struct mag_pool_info info;
    (void)state;

    config.limit = MANY;
    config.cache = 50;
    late_pool = make_pool(config);
    assert_int_equal(pthread_key_create(&late_key, use_late), 0);
    struct use use = {.pool = late_pool};
    int64_t before = 0;
    /* The threads run one after another and get the same storage. */
    for (unsigned i = 0; i < 50; i++) {
        on_another_thread(use_only_while_exiting, &use);
        if (i == 1)
            before = test_live_allocations();
    }
    assert_int_equal(use.failures, 0);
    assert_int_equal(test_live_allocations(), before);
    mag_pool_query(late_pool, &info);
    assert_true(info.objects <= 2 * 50);
    assert_int_equal(pthread_key_delete(late_key), 0);
    mag_pool_destroy(late_pool);
}

/* ------------------------------------------------------ destroy with live magazines */

struct staged {
    pthread_barrier_t barrier;
    struct use uses[THREADS];
};

struct stage_hand {
    struct staged *staged;
    unsigned index;
};

/* Uses one pool, and after a pause another one, which has replaced the first and has its
 * number. */
static void *use_two_pools(void *arg)
{
    const struct stage_hand *hand = arg;
    struct staged *staged = hand->staged;

    use_many(&staged->uses[hand->index]);
    (void)pthread_barrier_wait(&staged->barrier);
    (void)pthread_barrier_wait(&staged->barrier);
    use_many(&staged->uses[hand->index]);
    (void)pthread_barrier_wait(&staged->barrier);
    (void)pthread_barrier_wait(&staged->barrier);
    return NULL;
}

static void set_pool(struct staged *staged, struct mag_pool *pool)
{
    for (unsigned i = 0; i < THREADS; i++)
        staged->uses[i].pool = pool;
}

static void a_pool_may_be_destroyed_while_threads_hold_magazines_of_it(void **state)
{
    static struct staged staged;
    struct stage_hand hands[THREADS];
    pthread_t threads[THREADS];
    (void)state;

    struct mag_pool *first = make_pool(config_of(16));
    set_pool(&staged, first);
    assert_int_equal(pthread_barrier_init(&staged.barrier, NULL, THREADS + 1), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        hands[i] = (struct stage_hand){&staged, i};
        assert_int_equal(pthread_create(&threads[i], NULL, use_two_pools, &hands[i]), 0);
    }
    (void)pthread_barrier_wait(&staged.barrier);
    mag_pool_destroy(first);
    struct mag_pool *second = make_pool(config_of(4096));
    assert_int_equal(mag_pool_number(second), 0);
    set_pool(&staged, second);
    (void)pthread_barrier_wait(&staged.barrier);
    (void)pthread_barrier_wait(&staged.barrier);
    /* Every object came from the second pool: no magazine of the first was used. */
    assert_in_range(objects_in(second), MANY, (uint64_t)THREADS * (MANY + 64));
    mag_pool_destroy(second);
    (void)pthread_barrier_wait(&staged.barrier);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(staged.uses[i].failures, 0);
    }
    (void)pthread_barrier_destroy(&staged.barrier);
}

struct leaver {
    struct mag_pool *pool;
    _Atomic(uint64_t) *left;
};

static void *use_and_say_so(void *arg)
{
    const struct leaver *leaver = arg;
    void *object;

    if (mag_pool_take(leaver->pool, &object) == 0)
        mag_pool_give(leaver->pool, object);
    /* release: this thread's use of the pool is over. */
    (void)atomic_fetch_add_explicit(leaver->left, 1, memory_order_release);
    return NULL;
}

static void threads_may_exit_while_a_pool_is_destroyed(void **state)
{
    (void)state;

    for (unsigned round = 0; round < test_rounds(200); round++) {
        pthread_t threads[THREADS];
        _Atomic(uint64_t) left;
        struct leaver leaver = {make_pool(config_of(64)), &left};

        atomic_init(&left, 0);
        for (unsigned i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, use_and_say_so, &leaver),
                             0);
        assert_true(test_wait_for(&left, THREADS));
        mag_pool_destroy(leaver.pool);
        for (unsigned i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_exits_leaves_everything_behind),
        cmocka_unit_test(short_threads_do_not_make_a_pool_grow),
        cmocka_unit_test(small_chains_are_gathered_into_full_batches),
        cmocka_unit_test(destructors_of_a_thread_may_still_give),
        cmocka_unit_test(objects_that_the_last_destructor_leaves_go_to_the_next_thread),
        cmocka_unit_test(destructors_of_a_thread_may_still_take),
        cmocka_unit_test(a_pool_may_be_destroyed_while_threads_hold_magazines_of_it),
        cmocka_unit_test(threads_may_exit_while_a_pool_is_destroyed),
    };

    return cmocka_run_group_tests(tests, load_machine_and_stay, free_machine);
}
