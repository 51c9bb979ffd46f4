/*
 * Posts from threads that are about to end.  And stops while threads do not end: a stop
 * keeps its deadline whatever the threads do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/timer/clock.h"
#include "sched/worker/self.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <glob.h>
#include <magpie/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t millisecond = 1000000;

static struct mag_sched *sched;
static shared ran;
static shared refused;

static void count(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
}

static void post(struct mag_job *job)
{
    *job = (struct mag_job){.run = count};
    if (mag_sched_post(sched, job) != 0)
        (void)add(&refused, 1);
}

static void start(uint32_t workers)
{
    set(&ran, 0);
    set(&refused, 0);
    sched = test_sched_start(workers);
}

static int stop_within(int64_t deadline_ns)
{
    return mag_sched_stop(sched, MAG_SCHED_DRAIN, deadline_ns, NULL, NULL);
}

/* ---------------------------------------- posts from thread-specific destructors */

/* The round after which no destructor is called again.  In the very last round
 * ThreadSanitizer no longer knows the thread. */
#ifdef TEST_UNDER_TSAN
#    define LAST_ROUND (PTHREAD_DESTRUCTOR_ITERATIONS - 1)
#else
#    define LAST_ROUND PTHREAD_DESTRUCTOR_ITERATIONS
#endif

enum { LATE_THREADS = 20 };

static pthread_key_t late_key;

struct late {
    struct mag_job first;
    struct mag_job jobs[LAST_ROUND];
    unsigned rounds;
    bool posts_early;
    bool posts_each_round;
};

static void post_late(void *value)
{
    struct late *late = value;
    struct mag_job *job = &late->jobs[late->rounds++];

    if (late->rounds < LAST_ROUND)
        (void)pthread_setspecific(late_key, late);
    if (late->posts_each_round || late->rounds == LAST_ROUND)
        post(job);
}

static void *end_with_late_posts(void *arg)
{
    struct late *late = arg;

    if (late->posts_early)
        post(&late->first);
    (void)pthread_setspecific(late_key, late);
    return NULL;
}

/* The threads run one after another and get the same storage. */
static uint64_t post_from_threads_that_end(struct late *late)
{
    uint64_t wanted = 0;

    for (unsigned i = 0; i < LATE_THREADS; i++) {
        pthread_t thread;

        late[i] =
            (struct late){.posts_early = i % 3 == 1, .posts_each_round = i % 2 == 1};
        wanted += (late[i].posts_early ? 1 : 0) +
                  (uint64_t)(late[i].posts_each_round ? LAST_ROUND : 1);
        assert_int_equal(pthread_create(&thread, NULL, end_with_late_posts, &late[i]), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    return wanted;
}

static void a_post_from_the_last_destructor_leaves_nothing_behind(void **state)
{
    static struct late late[LATE_THREADS];
    (void)state;

    /* First a key that is older than the library's, so that its destructor is called
     * before the library's in each round; then a newer one. */
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0)
            assert_int_equal(pthread_key_create(&late_key, post_late), 0);
        start(2);
        if (i == 1)
            assert_int_equal(pthread_key_create(&late_key, post_late), 0);
        uint64_t wanted = post_from_threads_that_end(late);
        assert_true(test_wait_for(&ran, wanted));
        assert_int_equal(stop_within(60000 * millisecond), 0);
        assert_int_equal(look(&ran), wanted);
        assert_int_equal(look(&refused), 0);
        mag_sched_destroy(sched);
        assert_int_equal(pthread_key_delete(late_key), 0);
    }
}

/* ------------------------------------------------------ more threads than records */

enum { MANY = MAG_POSTERS_MAX + 50, SMALL_STACK = 128 * 1024 };

static shared let_go;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

struct many {
    pthread_t thread;
    struct mag_job job;
};

static void *post_and_stay(void *arg)
{
    struct many *many = arg;

    post(&many->job);
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    return NULL;
}

static unsigned begin_many(struct many *many)
{
    pthread_attr_t attributes;
    unsigned begun = 0;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    while (begun < MANY && pthread_create(&many[begun].thread, &attributes, post_and_stay,
                                          &many[begun]) == 0)
        begun++;
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    return begun;
}

static void any_number_of_threads_may_post(void **state)
{
    struct many *many = calloc(MANY, sizeof(*many));
    (void)state;

    assert_non_null(many);
    start(2);
    assert_int_equal(pthread_mutex_lock(&gate), 0);
    unsigned begun = begin_many(many);
    bool all_ran = test_wait_for(&ran, begun);
    int stopped = stop_within(-1);
    assert_int_equal(pthread_mutex_unlock(&gate), 0);
    for (unsigned i = 0; i < begun; i++)
        assert_int_equal(pthread_join(many[i].thread, NULL), 0);
    assert_true(all_ran);
    assert_int_equal(stopped, 0);
    assert_int_equal(look(&refused), 0);
    mag_sched_destroy(sched);
    free(many);
    if (begun < MANY) {
        print_message("skipped: the system refuses more than %u threads\n", begun);
        skip();
    }
}

/* ------------------------------------------------------------------ the deadline */

static void a_stop_keeps_its_deadline_while_a_post_is_under_way(void **state)
{
    (void)state;

    for (unsigned counted = 0; counted < 2; counted++) {
        start(1);
        if (counted)
            assert_int_equal(mag_poster_enter_counted(sched), 0);
        else
            assert_int_equal(mag_poster_enter(sched, &mag_self), 0);
        assert_int_equal(stop_within(0), -ETIMEDOUT);
        assert_int_equal(stop_within(5 * millisecond), -ETIMEDOUT);
        if (counted)
            (void)add(&sched->inflight, UINT64_MAX); /* one less */
        else
            mag_poster_leave(sched, &mag_self);
        assert_int_equal(stop_within(-1), 0);
        mag_sched_destroy(sched);
    }
}

/* How often the clock's thread has gone to sleep.  It naps again and again while it waits
 * for a lock, and sleeps only once elsewhere. */
static long sleeps_of_the_clock(void)
{
    glob_t threads;
    long sleeps = -1;

    assert_int_equal(glob("/proc/self/task/*/status", 0, NULL, &threads), 0);
    for (size_t i = 0; i < threads.gl_pathc; i++) {
        char text[4096] = "";
        FILE *file = fopen(threads.gl_pathv[i], "re");

        if (file == NULL)
            continue;
        (void)fread(text, 1, sizeof(text) - 1, file);
        (void)fclose(file);
        const char *count = strstr(text, "\nvoluntary_ctxt_switches:");
        if (strstr(text, "/clock\n") != NULL && count != NULL)
            sleeps = strtol(strchr(count, ':') + 1, NULL, 10);
    }
    globfree(&threads);
    return sleeps;
}

static void a_stop_keeps_its_deadline_while_the_clock_is_held_up(void **state)
{
    struct mag_timer timer = {.job = {.run = count}};
    (void)state;

    start(1);
    assert_int_equal(mag_timer_start_in(sched, &timer, 0), 0);
    assert_true(test_wait_for(&ran, 1));
    mag_spin_lock(&sched->clock->wheels[0].lock);
    /* The clock looks at the wheel, and waits for its lock. */
    set(&sched->clock->wheels[0].next, 1);
    mag_clock_alarm(sched->clock);
    for (long before = sleeps_of_the_clock(); sleeps_of_the_clock() < before + 10;)
        test_sleep_ms(1);
    assert_int_equal(stop_within(5 * millisecond), -ETIMEDOUT);
    mag_spin_unlock(&sched->clock->wheels[0].lock);
    assert_int_equal(stop_within(-1), 0);
    mag_sched_destroy(sched);
}

static pthread_key_t slow_key;

static void wait_until_let_go(void *value)
{
    (void)value;
    wait_until(&let_go, 1);
}

static void set_slow(struct mag_job *job)
{
    (void)pthread_setspecific(slow_key, job);
    count(job);
}

static void a_stop_keeps_its_deadline_while_a_worker_is_in_a_destructor(void **state)
{
    struct mag_job job = {.run = set_slow};
    (void)state;

    assert_int_equal(pthread_key_create(&slow_key, wait_until_let_go), 0);
    set(&let_go, 0);
    start(1);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    assert_true(test_wait_for(&ran, 1));
    assert_int_equal(stop_within(5 * millisecond), -ETIMEDOUT);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 5 * millisecond, NULL, NULL),
                     -ETIMEDOUT);
    set(&let_go, 1);
    assert_int_equal(stop_within(60000 * millisecond), 0);
    mag_sched_destroy(sched);
    assert_int_equal(pthread_key_delete(slow_key), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_from_the_last_destructor_leaves_nothing_behind),
        cmocka_unit_test(any_number_of_threads_may_post),
        cmocka_unit_test(a_stop_keeps_its_deadline_while_a_post_is_under_way),
        cmocka_unit_test(a_stop_keeps_its_deadline_while_the_clock_is_held_up),
        cmocka_unit_test(a_stop_keeps_its_deadline_while_a_worker_is_in_a_destructor),
    };

    return cmocka_run_group_tests_name("late posts", tests, NULL, NULL);
}
