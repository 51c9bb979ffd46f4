/*
 * Threads from outside that enter a scheduler, leave it, end inside or fork() there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <magpie/executor.h>
#include <magpie/guest.h>

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mag_sched *start(uint32_t workers, uint32_t spare)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.spare = spare;
    return test_sched_start_as(&config);
}

static void end(struct mag_sched *sched)
{
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static bool computes(struct mag_sched *sched)
{
    long result = 0;

    return fib_run(sched, &result, 15) == 0 && result == 610;
}

/* ------------------------------------------------------------ enter and leave */

static void a_guest_is_a_worker_until_it_leaves(void **state)
{
    struct mag_sched *sched = start(2, 1);
    struct mag_guest guest;
    (void)state;

    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    assert_ptr_equal(mag_sched_self(), sched);
    assert_int_equal(mag_sched_worker(), 2);
    assert_int_equal(mag_sched_capacity(sched), 3);
    assert_true(computes(sched));
    mag_guest_leave(&guest);
    assert_null(mag_sched_self());
    assert_int_equal(mag_sched_worker(), MAG_NONE);
    end(sched);
}

static void who_is_there_already_enters_and_leaves_for_nothing(void **state)
{
    struct mag_sched *sched = start(1, 1);
    struct mag_guest outer;
    struct mag_guest inner;
    (void)state;

    assert_int_equal(mag_guest_enter(sched, &outer), 0);
    assert_int_equal(mag_guest_enter(sched, &inner), 0);
    mag_guest_leave(&inner);
    assert_ptr_equal(mag_sched_self(), sched);
    mag_guest_leave(&outer);
    assert_null(mag_sched_self());
    end(sched);
}

struct enters {
    struct mag_job job;
    struct mag_sched *sched;
    int entered;
    uint32_t before, inside, after;
    bool computed;
    _Atomic(uint64_t) over;
};

static void enter_in_a_job(struct mag_job *job)
{
    struct enters *enters = (struct enters *)(void *)job;
    struct mag_guest guest;

    enters->before = mag_sched_worker();
    enters->entered = mag_guest_enter(enters->sched, &guest);
    enters->inside = mag_sched_worker();
    enters->computed = computes(enters->sched);
    mag_guest_leave(&guest);
    enters->after = mag_sched_worker();
    (void)test_add(&enters->over, 1);
}

static void a_worker_is_at_home_in_its_own_scheduler_and_a_guest_in_another(void **state)
{
    struct mag_sched *home = start(1, 1);
    struct mag_sched *away = start(3, 1);
    struct mag_sched *where[] = {home, away};
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct enters enters = {.job = {.run = enter_in_a_job}, .sched = where[i]};

        assert_int_equal(mag_sched_post(home, &enters.job), 0);
        assert_true(test_wait_for(&enters.over, 1));
        assert_int_equal(enters.entered, 0);
        assert_int_equal(enters.before, 0);
        assert_int_equal(enters.inside, i == 0 ? 0 : 3);
        assert_int_equal(enters.after, 0);
        assert_true(enters.computed);
    }
    end(home);
    end(away);
}

static void a_guest_of_two_schedulers_is_where_it_entered_last(void **state)
{
    struct mag_sched *first = start(1, 1);
    struct mag_sched *second = start(2, 1);
    struct mag_guest guests[2];
    (void)state;

    assert_int_equal(mag_guest_enter(first, &guests[0]), 0);
    assert_int_equal(mag_guest_enter(second, &guests[1]), 0);
    assert_ptr_equal(mag_sched_self(), second);
    assert_true(computes(first) && computes(second));
    mag_guest_leave(&guests[1]);
    assert_ptr_equal(mag_sched_self(), first);
    assert_true(computes(first) && computes(second));
    mag_guest_leave(&guests[0]);
    assert_null(mag_sched_self());
    end(first);
    end(second);
}

/* ----------------------------------------------------------------- refusals */

static void *try_to_enter(void *arg)
{
    struct mag_guest guest;
    int r = mag_guest_enter((struct mag_sched *)arg, &guest);

    if (r == 0)
        mag_guest_leave(&guest);
    return (void *)(intptr_t)r;
}

static int enter_elsewhere(struct mag_sched *sched)
{
    pthread_t thread;
    void *result = NULL;

    assert_int_equal(pthread_create(&thread, NULL, try_to_enter, sched), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    return (int)(intptr_t)result;
}

static void a_guest_too_many_is_refused_until_another_one_leaves(void **state)
{
    struct mag_sched *sched = start(1, 1);
    struct mag_guest guest;
    (void)state;

    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    assert_int_equal(enter_elsewhere(sched), -EBUSY);
    mag_guest_leave(&guest);
    assert_int_equal(enter_elsewhere(sched), 0);
    end(sched);

    sched = start(1, 0);
    assert_int_equal(enter_elsewhere(sched), -EBUSY);
    assert_int_equal(mag_guest_enter(sched, &guest), -EBUSY);
    assert_null(mag_sched_self());
    assert_true(computes(sched));
    end(sched);
}

static void *stop_soon(void *arg)
{
    return (void *)(intptr_t)mag_sched_stop((struct mag_sched *)arg, MAG_SCHED_DRAIN,
                                            1000000, NULL, NULL);
}

static void a_stop_refuses_guests_and_waits_for_those_inside(void **state)
{
    struct mag_sched *sched = start(1, 2);
    struct mag_guest guest;
    pthread_t thread;
    void *result = NULL;
    (void)state;

    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, 0, NULL, NULL), -EDEADLK);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, sched), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((int)(intptr_t)result, -ETIMEDOUT);
    assert_int_equal(enter_elsewhere(sched), -ESHUTDOWN);
    assert_true(computes(sched));
    mag_guest_leave(&guest);
    assert_int_equal(mag_guest_enter(sched, &guest), -ESHUTDOWN);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    end(sched);
}

static void without_memory_a_thread_does_not_enter(void **state)
{
    struct mag_sched *sched = start(1, 1);
    struct mag_guest guest;
    (void)state;

    test_fail_allocation(1);
    assert_int_equal(mag_guest_enter(sched, &guest), -ENOMEM);
    test_fail_allocation(0);
    assert_null(mag_sched_self());
    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    mag_guest_leave(&guest);
    end(sched);
}

/* ------------------------------------------------------------------- posts */

struct work {
    struct mag_job job;
    uint32_t worker;
    _Atomic(uint64_t) done;
};

static void note_worker(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    work->worker = mag_sched_worker();
    (void)test_add(&work->done, 1);
}

static void what_a_guest_has_posted_runs_whether_it_stays_or_leaves(void **state)
{
    struct mag_sched *sched = start(1, 1);
    (void)state;

    for (int i = 0; i < 200; i++) {
        struct work works[2] = {{.job = {.run = note_worker}},
                                {.job = {.run = note_worker}}};
        struct mag_guest guest;

        assert_int_equal(mag_guest_enter(sched, &guest), 0);
        for (int j = 0; j < 2; j++)
            assert_int_equal(mag_sched_post(sched, &works[j].job), 0);
        if (i % 2 == 0)
            mag_guest_leave(&guest);
        for (int j = 0; j < 2; j++) {
            assert_true(test_wait_for(&works[j].done, 1));
            assert_int_equal(works[j].worker, 0);
        }
        if (i % 2 == 1)
            mag_guest_leave(&guest);
    }
    end(sched);
}

/* --------------------------------------------------------- what does not change */

static void modes_affinity_and_executor_of_a_guest_stay_as_they_were(void **state)
{
    struct mag_sched *sched = start(2, 1);
    struct mag_executor *executor = mag_executor_current();
    struct mag_guest guest;
    cpu_set_t before;
    cpu_set_t inside;
    (void)state;

    assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof(before), &before), 0);
    assert_int_equal(fesetround(FE_UPWARD), 0);
    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    assert_int_equal(fegetround(), FE_UPWARD);
    assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof(inside), &inside), 0);
    assert_true(CPU_EQUAL(&before, &inside));
    assert_true(computes(sched));
    assert_ptr_equal(mag_executor_current(), executor);
    mag_guest_leave(&guest);
    assert_int_equal(fegetround(), FE_UPWARD);
    assert_int_equal(fesetround(FE_TONEAREST), 0);
    assert_ptr_equal(mag_executor_current(), executor);
    end(sched);
}

/* ---------------------------------------------------------- threads that end */

static void *end_as_a_guest_of_two(void *arg)
{
    struct mag_sched **scheds = (struct mag_sched **)arg;
    struct mag_guest guests[2];

    for (int i = 0; i < 2; i++) {
        if (mag_guest_enter(scheds[i], &guests[i]) != 0)
            return (void *)(intptr_t)1;
    }
    pthread_exit(NULL);
}

static void a_thread_that_ends_leaves_its_places(void **state)
{
    struct mag_sched *scheds[2] = {start(1, 1), start(1, 1)};
    (void)state;

    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *failed = NULL;

        assert_int_equal(pthread_create(&thread, NULL, end_as_a_guest_of_two, scheds), 0);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
        for (int j = 0; j < 2; j++)
            assert_int_equal(enter_elsewhere(scheds[j]), 0);
    }
    end(scheds[0]);
    end(scheds[1]);
}

static void end_in_another_scheduler(struct mag_job *job)
{
    struct enters *enters = (struct enters *)(void *)job;
    struct mag_guest guest;

    enters->entered = mag_guest_enter(enters->sched, &guest);
    (void)test_add(&enters->over, 1);
    pthread_exit(NULL);
}

static void a_worker_whose_thread_ends_leaves_its_places_elsewhere(void **state)
{
    struct mag_sched *home = start(1, 0);
    struct mag_sched *away = start(1, 1);
    struct enters enters = {.job = {.run = end_in_another_scheduler}, .sched = away};
    struct work work = {.job = {.run = note_worker}};
    (void)state;

    assert_int_equal(mag_sched_post(home, &enters.job), 0);
    assert_true(test_wait_for(&enters.over, 1));
    assert_int_equal(enters.entered, 0);
    /* The worker goes on in another thread. */
    assert_int_equal(mag_sched_post(home, &work.job), 0);
    assert_true(test_wait_for(&work.done, 1));
    assert_int_equal(work.worker, 0);
    assert_int_equal(enter_elsewhere(away), 0);
    end(home);
    end(away);
}

/* ---------------------------------------------------------------------- fork() */

/* In the child of a fork() that a guest has called: 0, or the check that failed. */
static int go_on(struct mag_sched *sched, struct mag_guest *guest)
{
    struct mag_sched *fresh;
    struct mag_guest again;

    if (mag_sched_self() != NULL)
        return 1;
    mag_guest_leave(guest);
    if (mag_guest_enter(sched, &again) != MAG_E_FORKED)
        return 2;
    fresh = test_sched_try(1);
    if (fresh == NULL || mag_guest_enter(fresh, &again) != 0)
        return 3;
    bool right = computes(fresh);
    mag_guest_leave(&again);
    return right && mag_sched_destroy(fresh) == 0 ? 0 : 4;
}

static void in_a_child_process_a_guest_is_none(void **state)
{
    struct mag_sched *sched = start(1, 1);
    struct mag_guest guest;
    int status = -1;
    (void)state;

    test_skip_without_child_threads();
    assert_int_equal(mag_guest_enter(sched, &guest), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(go_on(sched, &guest));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ptr_equal(mag_sched_self(), sched);
    assert_true(computes(sched));
    mag_guest_leave(&guest);
    end(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guest_is_a_worker_until_it_leaves),
        cmocka_unit_test(who_is_there_already_enters_and_leaves_for_nothing),
        cmocka_unit_test(a_worker_is_at_home_in_its_own_scheduler_and_a_guest_in_another),
        cmocka_unit_test(a_guest_of_two_schedulers_is_where_it_entered_last),
        cmocka_unit_test(a_guest_too_many_is_refused_until_another_one_leaves),
        cmocka_unit_test(a_stop_refuses_guests_and_waits_for_those_inside),
        cmocka_unit_test(without_memory_a_thread_does_not_enter),
        cmocka_unit_test(what_a_guest_has_posted_runs_whether_it_stays_or_leaves),
        cmocka_unit_test(modes_affinity_and_executor_of_a_guest_stay_as_they_were),
        cmocka_unit_test(a_thread_that_ends_leaves_its_places),
        cmocka_unit_test(a_worker_whose_thread_ends_leaves_its_places_elsewhere),
        cmocka_unit_test(in_a_child_process_a_guest_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
