/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fork handlers of a program that use pools and schedulers, registered before the program
 * has used the library.  The library's own handlers lock what the child needs in a
 * consistent state.  A handler that ran inside of them would wait for ever.
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/pool.h>
#include <magpie/sched.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OBJECTS = 200 };

static unsigned failures;
static unsigned prepared, continued;
static struct mag_pool *pool;

/* More than a magazine holds, so that the node's stack is needed. */
static void use_pool(void)
{
    void *objects[OBJECTS];
    unsigned count = 0;

    while (count < OBJECTS && mag_pool_take(pool, &objects[count]) == 0)
        count++;
    failures += count != OBJECTS;
    while (count != 0)
        mag_pool_give(pool, objects[--count]);
}

static __attribute__((unused)) void use_sched(void)
{
    struct mag_sched *sched;
    struct mag_sched_config config = test_sched_config(1);

    if (mag_sched_start(&config, &sched) == 0)
        mag_sched_destroy(sched);
    else
        failures++;
}

static void use_all(void)
{
    use_pool();
#ifndef TEST_UNDER_TSAN /* It cannot start threads after fork(). */
    use_sched();
#endif
}

static void in_prepare(void)
{
    if (pool != NULL)
        use_all();
    prepared++;
}

static void in_parent(void)
{
    use_all();
    continued++;
}

static void in_child(void)
{
    /* So that the failed test does not hang. */
    (void)alarm(test_limit_s(0));
    use_all();
    continued++;
}

static void handlers_that_came_first_may_use_pools_and_schedulers(void **state)
{
    struct mag_pool_config config;
    int status = -1;
    (void)state;

    mag_pool_config_init(&config);
    config.object_size = 64;
    assert_int_equal(mag_pool_create(&config, &pool), 0);
    use_all();
    (void)alarm(test_limit_s(0));
    pid_t child = fork();
    if (child == 0) {
        use_all();
        _exit(failures == 0 && continued == 1 ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)alarm(0);
    assert_int_equal(status, 0);
    assert_int_equal(prepared, 1);
    assert_int_equal(continued, 1);
    assert_int_equal(failures, 0);
    mag_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handlers_that_came_first_may_use_pools_and_schedulers),
    };

    if (pthread_atfork(in_prepare, in_parent, in_child) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
