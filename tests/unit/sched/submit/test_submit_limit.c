/*
 * Limits: how many submissions wait is counted exactly; those that find no room do what
 * their options say; those that wait for room get it in order, or are refused.
 *
 * White-box: some functions play the limit without a scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/submit/limit.h"
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/strand.h>
#include <magpie/submit_limit.h>

enum { THREADS = 5 };

static struct mag_sched *sched;
static struct mag_submit_limit limit;
static struct mag_submit_options options;
static struct holder holder;
static shared calls;
static shared dropped;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(1);
    set(&calls, 0);
    set(&dropped, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static void drop(void *arg)
{
    (void)arg;
    (void)add(&dropped, 1);
}

/* Nothing begins on the scheduler until holder_let_go. */
static void hold(uint32_t most, enum mag_when_full when_full)
{
    mag_submit_limit_init(&limit, most);
    options = (struct mag_submit_options){
        .limit = &limit, .when_full = when_full, .dropped = drop};
    holder_begin(&holder, sched);
}

static void drain(void)
{
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
}

static void count_call(void *arg)
{
    (void)arg;
    (void)add(&calls, 1);
}

static int submit(void)
{
    return mag_submit_with(sched, &options, count_call, NULL);
}

static uint32_t in_queue(void)
{
    /* relaxed: a number of the moment. */
    return mag_limit_queue(atomic_load_explicit(&limit.state, memory_order_relaxed));
}

static bool comes_to_wait(uint32_t count)
{
    double since = test_now();

    while (in_queue() != count && !test_gives_up(since))
        test_sleep_ms(1);
    return in_queue() == count;
}

/* ------------------------------------------------------------------------- counts */

static void a_submission_is_counted_until_its_call_begins(void **state)
{
    (void)state;
    hold(3, MAG_FULL_REFUSE);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(mag_submit_limit_waiting(&limit), i);
        assert_int_equal(submit(), 0);
    }
    assert_int_equal(submit(), -EAGAIN);
    assert_int_equal(mag_submit_limit_waiting(&limit), 3);
    holder_let_go(&holder);
    assert_true(test_wait_for(&calls, 3));
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
    assert_int_equal(submit(), 0);
    drain();
    assert_int_equal(look(&calls), 4);
}

static void a_limit_of_zero_is_one_of_one(void **state)
{
    (void)state;
    hold(0, MAG_FULL_REFUSE);
    assert_int_equal(submit(), 0);
    assert_int_equal(submit(), -EAGAIN);
    holder_let_go(&holder);
}

static void a_refused_post_takes_no_room(void **state)
{
    (void)state;
    hold(1, MAG_FULL_BLOCK);
    holder_let_go(&holder);
    drain();
    for (int i = 0; i < 3; i++)
        assert_int_equal(submit(), -ESHUTDOWN);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

static void options_that_a_limit_contradicts_are_refused(void **state)
{
    struct mag_strand strand;
    struct counted job = counted_make();
    (void)state;

    hold(1, MAG_FULL_RUN);
    mag_strand_init(&strand, sched);
    options.executor = &strand.executor;
    assert_int_equal(submit(), -EINVAL);
    options.executor = NULL;
    options.where = MAG_SUBMIT_TO_WORKER;
    assert_int_equal(submit(), -EINVAL);
    options.where = MAG_SUBMIT_ANYWHERE;
    assert_int_equal(mag_submit_all(sched, &options, count_call, NULL, 0, 1), -EINVAL);
    options.dropped = NULL;
    assert_int_equal(mag_submit_job(sched, &options, &job.job), -EINVAL);
    options.when_full = (enum mag_when_full)(MAG_FULL_RUN + 1);
    assert_int_equal(submit(), -EINVAL);
    options.limit = NULL;
    options.when_full = MAG_FULL_REFUSE;
    struct mag_submit_waiter waiter = {.told = NULL};
    assert_int_equal(
        mag_submit_waiting(sched, &options, sizeof(options), count_call, NULL, &waiter),
        -EINVAL);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
    holder_let_go(&holder);
}

/* ------------------------------------------------------------------- run and block */

static void note_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

static void a_caller_without_room_may_call_the_function_itself(void **state)
{
    pthread_t where;
    (void)state;

    hold(1, MAG_FULL_RUN);
    assert_int_equal(submit(), 0);
    assert_int_equal(mag_submit_with(sched, &options, note_thread, &where), 0);
    assert_true(pthread_equal(where, pthread_self()));
    assert_int_equal(mag_submit_limit_waiting(&limit), 1);
    holder_let_go(&holder);
}

static void submit_on_worker(void *arg)
{
    *(int *)arg = submit();
    (void)add(&calls, 1);
}

static void a_worker_may_not_wait_for_room(void **state)
{
    int r = 0;
    (void)state;

    hold(1, MAG_FULL_BLOCK);
    assert_int_equal(mag_submit(sched, submit_on_worker, &r), 0);
    assert_int_equal(submit(), 0);
    holder_let_go(&holder);
    assert_true(test_wait_for(&calls, 2));
    assert_int_equal(r, -EDEADLK);
}

static shared numbers[THREADS];
static uint64_t order[THREADS];

static void note_number(void *arg)
{
    order[look(&calls)] = (uint64_t)((shared *)arg - numbers);
    (void)add(&calls, 1);
}

/* Stores the outcome + 1000. */
static void *submit_and_wait(void *arg)
{
    int r = mag_submit_with(sched, &options, note_number, arg);

    set(arg, (uint64_t)r + 1000);
    return NULL;
}

/* Threads that wait for room, one behind the other. */
static void begin_waiting(pthread_t *threads)
{
    for (uint32_t i = 0; i < THREADS; i++) {
        set(&numbers[i], 0);
        assert_int_equal(pthread_create(&threads[i], NULL, submit_and_wait, &numbers[i]),
                         0);
        assert_true(comes_to_wait(i + 1));
    }
}

static void join_all(const pthread_t *threads)
{
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void callers_get_room_in_the_order_in_which_they_came(void **state)
{
    pthread_t threads[THREADS];
    (void)state;

    hold(1, MAG_FULL_BLOCK);
    assert_int_equal(mag_submit_with(sched, &options, drop, NULL), 0);
    begin_waiting(threads);
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(look(&numbers[i]), 0);
    holder_let_go(&holder);
    join_all(threads);
    drain();
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(look(&numbers[i]), 1000);
        assert_int_equal(order[i], i);
    }
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

static void a_canceled_scheduler_refuses_callers_that_wait_for_room(void **state)
{
    pthread_t threads[THREADS];
    (void)state;

    hold(2, MAG_FULL_BLOCK);
    assert_int_equal(submit(), 0);
    assert_int_equal(submit(), 0);
    begin_waiting(threads);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    join_all(threads);
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(look(&numbers[i]), (uint64_t)(1000 - ESHUTDOWN));
    assert_int_equal(look(&dropped), 2);
    assert_int_equal(look(&calls), 0);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

static shared told;

static void note_told(struct mag_submit_waiter *waiter, int result)
{
    (void)waiter;
    (void)add(&told, result == 0 ? 1 : 1000);
}

static void a_library_is_told_when_there_was_room(void **state)
{
    struct mag_submit_waiter waiters[2] = {{.told = note_told}, {.told = note_told}};
    (void)state;

    set(&told, 0);
    hold(1, MAG_FULL_RUN);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mag_submit_waiting(sched, &options, sizeof(options), count_call,
                                            NULL, &waiters[i]),
                         i == 0 ? 0 : -EINPROGRESS);
    assert_int_equal(look(&told), 0);
    holder_let_go(&holder);
    drain();
    assert_int_equal(look(&told), 1);
    assert_int_equal(look(&calls), 2);
}

/* -------------------------------------------------------------------------- places */

/* A waiter that notes its turn, and uses the place or not. */
struct taker {
    struct mag_limit_waiter waiter; /* first */
    bool uses;
    uint32_t turn; /* from 1; 0: it had none */
};

static uint32_t turns;

static bool take_turn(struct mag_limit_waiter *waiter)
{
    struct taker *taker = (struct taker *)(void *)waiter;

    taker->turn = ++turns;
    return taker->uses;
}

static struct taker taker_make(bool uses)
{
    return (struct taker){.waiter = {.grant = take_turn}, .uses = uses};
}

static void a_place_that_is_not_used_goes_to_the_next(void **state)
{
    struct taker takers[] = {taker_make(false), taker_make(false), taker_make(true),
                             taker_make(true)};
    (void)state;

    turns = 0;
    mag_submit_limit_init(&limit, 1);
    assert_true(mag_limit_try(&limit));
    for (int i = 0; i < 4; i++)
        assert_false(mag_limit_enter(&limit, &takers[i].waiter));
    mag_limit_leave(&limit);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(takers[i].turn, i < 3 ? i + 1 : 0);
    /* The place is taken, and one waits. */
    assert_false(mag_limit_try(&limit));
    assert_int_equal(mag_submit_limit_waiting(&limit), 1);
    mag_limit_leave(&limit);
    assert_int_equal(takers[3].turn, 4);
    mag_limit_leave(&limit);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
    assert_true(mag_limit_enter(&limit, &takers[0].waiter));
}

/* Tries to overtake, from inside a grant: the place is free at no moment. */
static bool overtaken;

static bool try_to_overtake(struct mag_limit_waiter *waiter)
{
    (void)waiter;
    overtaken = mag_limit_try(&limit);
    return false;
}

static void nobody_overtakes_those_that_wait(void **state)
{
    struct mag_limit_waiter first = {.grant = try_to_overtake};
    struct taker second = taker_make(true);
    (void)state;

    mag_submit_limit_init(&limit, 1);
    assert_true(mag_limit_try(&limit));
    assert_false(mag_limit_enter(&limit, &first));
    assert_false(mag_limit_enter(&limit, &second.waiter));
    mag_limit_leave(&limit);
    assert_false(overtaken);
    assert_int_not_equal(second.turn, 0);
}

/* -------------------------------------------------------------------------- memory */

static void *submit_without_memory(void *arg)
{
    unsigned *failures = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = submit();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        *failures += r == -ENOMEM;
        if (!failed || (r != 0 && r != -ENOMEM))
            return NULL;
    }
}

static void a_submission_without_memory_takes_no_room(void **state)
{
    pthread_t thread;
    unsigned failures = 0;
    (void)state;

    hold(1000, MAG_FULL_REFUSE);
    assert_int_equal(pthread_create(&thread, NULL, submit_without_memory, &failures), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(failures >= 1);
    holder_let_go(&holder);
    drain();
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_submission_without_memory_takes_no_room),
        TEST(a_submission_is_counted_until_its_call_begins),
        TEST(a_limit_of_zero_is_one_of_one),
        TEST(a_refused_post_takes_no_room),
        TEST(options_that_a_limit_contradicts_are_refused),
        TEST(a_caller_without_room_may_call_the_function_itself),
        TEST(a_worker_may_not_wait_for_room),
        TEST(callers_get_room_in_the_order_in_which_they_came),
        TEST(a_canceled_scheduler_refuses_callers_that_wait_for_room),
        TEST(a_library_is_told_when_there_was_room),
        TEST(a_place_that_is_not_used_goes_to_the_next),
        TEST(nobody_overtakes_those_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
