/*
 * Jobs that end their thread: by pthread_exit, or by being canceled at a cancellation
 * point. Such a job counts as ended, another thread takes the place of its thread, and no
 * posted job is lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/sched/exit.h"
#include "tests/support/sched/start.h"

#include <magpie/strand.h>

static void cancel_thread(struct mag_job *job)
{
    (void)add(&ran, 1);
    (void)pthread_cancel(pthread_self());
    pthread_testcancel();
    job->run = NULL;
}

/* ------------------------------------------------------------------------- jobs */

static void a_job_that_ends_its_thread_is_counted_out(void **state)
{
    void (*const ends[])(struct mag_job *) = {end_thread, cancel_thread};
    (void)state;

    for (unsigned i = 0; i < 4; i++) {
        struct mag_job ending = {.run = ends[i / 2]};
        struct mag_job next = {.run = count};

        start(1);
        assert_int_equal(mag_sched_post(sched, &ending), 0);
        assert_int_equal(mag_sched_post(sched, &next), 0);
        assert_true(test_wait_for(&ran, 2));
        assert_int_equal(ended_threads(), 1);
        stop(i % 2 == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL);
        assert_non_null((void *)(uintptr_t)ending.run);
        mag_sched_destroy(sched);
    }
}

enum { LEFT_BEHIND = 400 };

static struct mag_job left_behind[LEFT_BEHIND];

/* Fills the LIFO slot, the ring, the node's queue and the inbox of its worker. */
static void leave_jobs_behind(struct mag_job *job)
{
    int r = 0;

    for (unsigned i = 0; i < LEFT_BEHIND && r == 0; i++) {
        left_behind[i] = (struct mag_job){.run = count};
        r = i % 4 == 0 ? mag_sched_post_worker(sched, &left_behind[i], mag_sched_worker())
                       : mag_sched_post(sched, &left_behind[i]);
    }
    if (r == 0)
        end_thread(job);
}

static void jobs_that_wait_at_a_worker_outlive_its_thread(void **state)
{
    struct mag_job job = {.run = leave_jobs_behind};
    (void)state;

    start(1);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&ran), LEFT_BEHIND + 1);
    assert_int_equal(ended_threads(), 1);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ threads */

static void end_thread_without_successor(struct mag_job *job)
{
    test_fail_thread(1);
    end_thread(job);
}

static void a_thread_that_has_no_successor_works_on(void **state)
{
    static struct mag_job jobs[20];
    (void)state;

    for (unsigned round = 0; round < 2; round++) {
        start(1);
        for (unsigned i = 0; i < 20; i++) {
            jobs[i].run = i % 3 == 0   ? end_thread_without_successor
                          : i % 3 == 1 ? end_thread
                                       : count;
            assert_int_equal(mag_sched_post(sched, &jobs[i]), 0);
        }
        assert_true(test_wait_for(&ran, 20));
        stop(round == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL);
        assert_int_equal(look(&ran), 20);
        assert_int_equal(ended_threads(), 14);
        mag_sched_destroy(sched);
    }
    test_fail_thread(0);
}

static shared starts, stops, hook_exits;
static _Thread_local bool attached;
static shared unattached;

static void on_start(uint32_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    attached = true;
    if (add(&starts, 1) < look(&hook_exits))
        pthread_exit(NULL);
}

static void on_stop(uint32_t worker, void *arg)
{
    (void)worker;
    (void)arg;
    if (!attached)
        (void)add(&unattached, 1);
    attached = false;
    if (add(&stops, 1) < look(&hook_exits))
        pthread_exit(NULL);
}

static void end_attached_thread(struct mag_job *job)
{
    if (!attached)
        (void)add(&unattached, 1);
    *(int *)mag_sched_local() += 1;
    end_thread(job);
}

static void keep_local(struct mag_job *job)
{
    (void)add(&begun, (uint64_t) * (int *)mag_sched_local());
    count(job);
}

static void start_with_hooks(uint64_t exits)
{
    struct mag_sched_config config = test_sched_config(1);

    config.local_size = sizeof(int);
    config.on_start = on_start;
    config.on_stop = on_stop;
    set(&starts, 0);
    set(&stops, 0);
    set(&unattached, 0);
    set(&ran, 0);
    set(&begun, 0);
    set(&hook_exits, exits);
    assert_int_equal(mag_sched_start(&config, &sched), 0);
}

static void hooks_run_on_each_thread_and_storage_stays(void **state)
{
    static struct mag_job jobs[6];
    (void)state;

    start_with_hooks(0);
    for (unsigned i = 0; i < 6; i++) {
        jobs[i].run = i < 5 ? end_attached_thread : keep_local;
        assert_int_equal(mag_sched_post(sched, &jobs[i]), 0);
    }
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&starts), 6);
    assert_int_equal(look(&stops), 6);
    assert_int_equal(look(&unattached), 0);
    assert_int_equal(look(&begun), 5);
    mag_sched_destroy(sched);
}

static void a_hook_that_ends_its_thread_ends_nothing_else(void **state)
{
    static struct mag_job jobs[10];
    (void)state;

    start_with_hooks(3);
    for (unsigned i = 0; i < 10; i++) {
        jobs[i].run = i % 2 == 0 ? end_thread : count;
        assert_int_equal(mag_sched_post(sched, &jobs[i]), 0);
    }
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&ran), 10);
    assert_int_equal(look(&starts), look(&stops));
    mag_sched_destroy(sched);
}

/* -------------------------------------------------- what runs while a thread ends */

static pthread_key_t key;
static struct mag_job from_cleanup, from_destructor;
static shared worker_in_cleanup, worker_in_destructor, failures;

static void post_in_cleanup(void *arg)
{
    (void)arg;
    set(&worker_in_cleanup, mag_sched_worker());
    (void)add(&failures, mag_sched_post(sched, &from_cleanup) != 0);
}

static void post_in_destructor(void *value)
{
    (void)value;
    set(&worker_in_destructor, mag_sched_worker());
    (void)add(&failures, mag_sched_self() != NULL || mag_sched_local() != NULL);
    (void)add(&failures, mag_sched_post(sched, &from_destructor) != 0);
}

static void end_with_handlers(struct mag_job *job)
{
    (void)add(&failures, pthread_setspecific(key, job) != 0);
    pthread_cleanup_push(post_in_cleanup, NULL);
    end_thread(job);
    pthread_cleanup_pop(0);
}

static void an_ending_thread_may_post_until_the_end(void **state)
{
    struct mag_job job = {.run = end_with_handlers};
    (void)state;

    from_cleanup.run = count;
    from_destructor.run = count;
    set(&failures, 0);
    assert_int_equal(pthread_key_create(&key, post_in_destructor), 0);
    start(1);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    assert_true(test_wait_for(&ran, 3));
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&failures), 0);
    assert_int_equal(look(&worker_in_cleanup), 0);
    assert_int_equal(look(&worker_in_destructor), MAG_NONE);
    mag_sched_destroy(sched);
    assert_int_equal(pthread_key_delete(key), 0);
}

static shared stopped;

static void stop_in_destructor(void *value)
{
    (void)value;
    set(&stopped, mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL) == 0 ? 1 : 2);
}

static void end_and_stop(struct mag_job *job)
{
    (void)pthread_setspecific(key, job);
    end_thread(job);
}

static void a_destructor_of_an_ended_thread_may_stop_the_scheduler(void **state)
{
    struct mag_job job = {.run = end_and_stop};
    (void)state;

    set(&stopped, 0);
    assert_int_equal(pthread_key_create(&key, stop_in_destructor), 0);
    start(2);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    assert_true(test_wait_for(&stopped, 1));
    assert_int_equal(look(&stopped), 1);
    mag_sched_destroy(sched);
    assert_int_equal(pthread_key_delete(key), 0);
}

static shared ending, may_end;

static void end_when_told(struct mag_job *job)
{
    set(&ending, 1);
    wait_until(&may_end, 1);
    end_thread(job);
}

static void *tell_later(void *arg)
{
    (void)arg;
    test_sleep_ms(20);
    set(&may_end, 1);
    return NULL;
}

static void a_thread_that_ends_while_the_scheduler_stops_is_waited_for(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        enum mag_sched_stop mode = i == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
        struct mag_job job = {.run = end_when_told};
        struct mag_job next = {.run = count};
        pthread_t thread;

        set(&ending, 0);
        set(&may_end, 0);
        start(1);
        assert_int_equal(mag_sched_post(sched, &job), 0);
        assert_int_equal(mag_sched_post(sched, &next), 0);
        assert_true(test_wait_for(&ending, 1));
        assert_int_equal(mag_sched_stop(sched, mode, 1, NULL, NULL), -ETIMEDOUT);
        assert_int_equal(pthread_create(&thread, NULL, tell_later, NULL), 0);
        stop(mode);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(look(&ran), i == 0 ? 2 : 1);
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------------------ strands */

static shared in_strand;

static void end_thread_in_a_strand(struct mag_job *job)
{
    (void)add(&in_strand, mag_strand_self() != NULL);
    end_thread(job);
}

static void a_strand_goes_on_after_a_job_that_ended_its_thread(void **state)
{
    static struct mag_job jobs[30];
    struct mag_strand strand;
    (void)state;

    start(2);
    set(&in_strand, 0);
    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < 30; i++) {
        jobs[i].run = i % 3 == 0 ? end_thread_in_a_strand : count;
        assert_int_equal(mag_strand_post(&strand, &jobs[i]), 0);
    }
    assert_true(test_wait_for(&ran, 30));
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&in_strand), 10);
    assert_int_equal(mag_strand_fini(&strand), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_ends_its_thread_is_counted_out),
        cmocka_unit_test(jobs_that_wait_at_a_worker_outlive_its_thread),
        cmocka_unit_test(a_thread_that_has_no_successor_works_on),
        cmocka_unit_test(hooks_run_on_each_thread_and_storage_stays),
        cmocka_unit_test(a_hook_that_ends_its_thread_ends_nothing_else),
        cmocka_unit_test(an_ending_thread_may_post_until_the_end),
        cmocka_unit_test(a_destructor_of_an_ended_thread_may_stop_the_scheduler),
        cmocka_unit_test(a_thread_that_ends_while_the_scheduler_stops_is_waited_for),
        cmocka_unit_test(a_strand_goes_on_after_a_job_that_ended_its_thread),
    };

    return cmocka_run_group_tests_name("thread exit", tests, NULL, NULL);
}
