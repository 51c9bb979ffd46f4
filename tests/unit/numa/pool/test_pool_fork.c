/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/numa/pool.h"
#include "tests/support/run.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ----------------------------------------------------------------------------- fork */

enum { GROWTH = 50000, FORK_THREADS = 2 };

/* What goes on while the process forks, so that every lock is held at some time. */
struct background {
    struct mag_pool *pool;
    const _Atomic(bool) *stop;
    unsigned failures;
};

static bool is_stopped(const struct background *background)
{
    /* relaxed: a request to end. */
    return atomic_load_explicit(background->stop, memory_order_relaxed);
}

/* Takes new objects, then takes and gives back more objects than a magazine holds. */
static void *grow_and_exchange(void *arg)
{
    struct background *background = arg;
    void *objects[200];

    for (unsigned i = 0; i < GROWTH && !is_stopped(background); i++)
        background->failures += mag_pool_take(background->pool, &objects[0]) != 0;
    while (!is_stopped(background) && background->failures == 0) {
        for (unsigned i = 0; i < 200; i++)
            background->failures += mag_pool_take(background->pool, &objects[i]) != 0;
        for (unsigned i = 0; i < 200 && background->failures == 0; i++)
            mag_pool_give(background->pool, objects[i]);
    }
    return NULL;
}

static void *create_and_destroy(void *arg)
{
    struct background *background = arg;
    struct mag_pool_config config = config_of(64);

    while (!is_stopped(background) && background->failures == 0) {
        struct mag_pool *pool = NULL;
        void *object;

        background->failures +=
            mag_pool_create(&config, &pool) != 0 || mag_pool_take(pool, &object) != 0;
        mag_pool_destroy(pool);
    }
    return NULL;
}

/* In a forked child: 0 if the pool still works. */
static int use_in_child(struct mag_pool *pool)
{
    static struct use use;

    (void)alarm(test_limit_s(0));
    use.pool = pool;
    for (unsigned i = 0; i < 3; i++)
        use_many(&use);
    mag_pool_destroy(pool);
    return use.failures != 0;
}

static int fork_and_use(struct mag_pool *pool)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(use_in_child(pool));
    return waitpid(child, &status, 0) == child ? status : -1;
}

/* Forks in the middle of everything.  The child's exit status. */
static int fork_while_pools_are_busy(void *(*busy)(void *), uint64_t *random)
{
    struct background backgrounds[FORK_THREADS];
    struct mag_pool *pool = make_pool(config_of(64));
    pthread_t threads[FORK_THREADS];
    const struct timespec pause = {.tv_nsec = (long)(test_random(random) % 1000000)};
    _Atomic(bool) stop;
    void *object;

    atomic_init(&stop, false);
    take_many(pool, &object, 1);
    for (unsigned i = 0; i < FORK_THREADS; i++) {
        backgrounds[i] = (struct background){.pool = pool, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, busy, &backgrounds[i]), 0);
    }
    (void)nanosleep(&pause, NULL);
    int status = fork_and_use(pool);
    /* relaxed: a request to end. */
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    for (unsigned i = 0; i < FORK_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(backgrounds[i].failures, 0);
    }
    mag_pool_destroy(pool);
    return status;
}

static void a_forked_child_may_go_on_using_pools(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned i = 0; i < test_rounds(60); i++) {
        assert_int_equal(fork_while_pools_are_busy(grow_and_exchange, &random), 0);
        assert_int_equal(fork_while_pools_are_busy(create_and_destroy, &random), 0);
    }
}

/* A thread that holds a magazine until the test goes on. */
struct keeper {
    struct mag_pool *pool;
    _Atomic(uint64_t) begun, stop;
};

static void *keep_a_magazine(void *arg)
{
    struct keeper *keeper = arg;
    void *object;

    if (mag_pool_take(keeper->pool, &object) == 0)
        mag_pool_give(keeper->pool, object);
    /* release: the magazine is there. */
    (void)atomic_fetch_add_explicit(&keeper->begun, 1, memory_order_release);
    (void)test_wait_for(&keeper->stop, 1);
    return NULL;
}

static void a_forked_child_keeps_no_records_of_other_threads(void **state)
{
    struct keeper keeper = {.pool = make_pool(config_of(64))};
    pthread_t thread;
    int status = -1;
    void *object;
    (void)state;

    take_many(keeper.pool, &object, 1);
    int64_t before = test_live_allocations();
    assert_int_equal(pthread_create(&thread, NULL, keep_a_magazine, &keeper), 0);
    assert_true(test_wait_for(&keeper.begun, 1));
    assert_true(test_live_allocations() > before);
    pid_t child = fork();
    if (child == 0)
        _exit(test_live_allocations() != before);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    /* release: nothing crosses. */
    atomic_store_explicit(&keeper.stop, 1, memory_order_release);
    assert_int_equal(pthread_join(thread, NULL), 0);
    mag_pool_destroy(keeper.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_may_go_on_using_pools),
        cmocka_unit_test(a_forked_child_keeps_no_records_of_other_threads),
    };

    return cmocka_run_group_tests(tests, load_machine, free_machine);
}
