/*
 * stress_soak.c - everything at once: threads from outside and jobs use all that a
 * scheduler offers, in a random order, while it is stopped and started, while the process
 * forks and its processors change.  Whatever was accepted comes out once: it runs, or it
 * is dropped.
 *
 * MAG_SOAK_SECONDS   how long; 30, scaled by MAG_TEST_SCALE, if it is not set
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/stress/whole/soak.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/default.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PRODUCERS = 3, MAX_WORKERS = 4 };

/* ---------------------------------------------------------------- the producers */

struct producer {
    struct soak *soak;
    uint64_t random;
    pthread_t thread;
};

static void *produce(void *arg)
{
    struct producer *producer = arg;

    while (!soak_is_over(producer->soak))
        soak_act(producer->soak, &producer->random);
    return NULL;
}

/* --------------------------------------------------- what happens to the process */

/* ThreadSanitizer starts no threads in a child of fork(), and AddressSanitizer's malloc
 * may be locked there by a thread that the child has not. */
#if !defined(TEST_UNDER_TSAN) && !defined(TEST_UNDER_ASAN)
#    define SOAK_FORKS 1
#endif

#ifdef SOAK_FORKS
/* In a child process: a fresh scheduler, and the parent's that refuses. */
static int live_as_child(struct soak *soak)
{
    struct mag_job job = {.run = NULL};
    struct mag_sched *fresh = NULL;

    if (mag_sched_post(soak->sched, &job) != MAG_E_FORKED)
        return 1;
    if (mag_sched_default(&fresh) != 0)
        return 2;
    return soak_computes(fresh) ? 0 : 3;
}

static int fork_a_child(struct soak *soak)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(live_as_child(soak));
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}
#endif

/* Takes processors from the calling thread, and gives them back. */
static void change_processors(uint64_t *random)
{
    cpu_set_t all;
    cpu_set_t one;

    if (sched_getaffinity(0, sizeof(all), &all) != 0)
        return;
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &all) &&
            (CPU_COUNT(&one) == 0 || test_random_below(random, 2) == 0)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
        }
    }
    (void)sched_setaffinity(0, sizeof(one), &one);
    test_sleep_ms(1);
    (void)sched_setaffinity(0, sizeof(all), &all);
}

static void disturb(struct soak *soak, uint64_t *random)
{
    switch (test_random_below(random, 8)) {
    case 0:
        change_processors(random);
        break;
#ifdef SOAK_FORKS
    case 1:
        if (test_random_below(random, 4) == 0)
            assert_int_equal(fork_a_child(soak), 0);
        break;
#endif
    default:
        test_sleep_ms(test_random_below(random, 10));
        break;
    }
    (void)soak;
}

/* ------------------------------------------------------------------- one life */

static struct mag_sched *start(uint64_t *random)
{
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;

    mag_sched_config_init(&config);
    config.workers = 1 + test_random_below(random, MAX_WORKERS);
    config.workers_max = MAX_WORKERS;
    config.spin_us = test_random_below(random, 2) * 50;
    config.name = "soak";
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

/* Stops the scheduler in one of the ways there are. */
static void stop(struct soak *soak, uint64_t *random)
{
    bool cancel = test_random_below(random, 2) == 0;
    enum mag_sched_stop mode = cancel ? MAG_SCHED_CANCEL : MAG_SCHED_DRAIN;

    if (test_random_below(random, 3) == 0) {
        assert_int_equal(mag_sched_stop_begin(soak->sched, mode), 0);
        assert_int_equal(mag_sched_wait_stopped(soak->sched, -1), 0);
    }
    while (mag_sched_stop(soak->sched, mode, 1000000, soak_dropped, soak) == -ETIMEDOUT) {
        /* A deadline may come at any time; the stop goes on. */
    }
}

static void live(uint64_t *random)
{
    struct producer producers[PRODUCERS];
    struct soak soak;

    soak_init(&soak, start(random));
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.soak = &soak, .random = test_random(random)};
        assert_int_equal(
            pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    for (unsigned i = test_random_below(random, 4); i > 0; i--)
        disturb(&soak, random);
    if (test_random_below(random, 2) == 0)
        soak_end(&soak); /* else the stop comes in the midst of it */
    stop(&soak, random);
    soak_end(&soak);
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i].thread, NULL), 0);
    soak_fini(&soak);
    assert_int_equal(mag_sched_destroy(soak.sched), 0);
    soak_check(&soak);
}

static double seconds_to_soak(void)
{
    const char *text = getenv("MAG_SOAK_SECONDS"); /* NOLINT(concurrency-mt-unsafe) */

    return text != NULL ? strtod(text, NULL) : (double)test_rounds(3000) / 100;
}

static void whatever_was_accepted_comes_out_once(void **state)
{
    uint64_t random = test_seed();
    double until = test_now() + seconds_to_soak();
    uint64_t lives = 0;
    (void)state;

    for (; lives == 0 || test_now() < until; lives++)
        live(&random);
    printf("%llu lives\n", (unsigned long long)lives);
    soak_report();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_accepted_comes_out_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
