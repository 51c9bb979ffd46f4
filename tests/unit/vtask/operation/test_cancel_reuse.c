/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/probe.h"

#include <magpie/operation.h>
#include <magpie/pool.h>
#include <magpie/timer.h>

/* Canceling pooled operations, and operations that wait in a list of the user's. */

struct reading {
    struct mag_operation operation; /* first */
    struct mag_cancel_registration registration;
    struct reading *next, **link; /* under the list's lock; link NULL: in no list */
};

static struct mag_operation_type reading_type =
    MAG_OPERATION_TYPE(struct reading, MAG_CANCELABLE(registration));

static struct reading *rent(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&reading_type, &object), 0);
    return object;
}

/* ------------------------------------------------- a callback that comes too late */

/* Stops a cancel between its choice of a callback and what the callback does. */
static struct {
    mag_cancel_fn run;
    _Atomic(uint64_t) chosen, go_on;
} held;

static void hold(void *object, struct mag_cancel *cancel, uint64_t key)
{
    /* release: the test goes on; the waits are acquires. */
    (void)atomic_fetch_add_explicit(&held.chosen, 1, memory_order_release);
    (void)test_wait_for(&held.go_on, 1);
    held.run(object, cancel, key);
}

static void *fire_there(void *cancel)
{
    return mag_cancel_fire(cancel) ? cancel : NULL;
}

/* VT-153 */
static void a_callback_in_flight_does_not_complete_the_objects_next_user(void **state)
{
    struct mag_cancel cancel = {0}, other = {0};
    struct reading *reading = rent();
    mag_vtask task = mag_operation_task(&reading->operation);
    uint64_t key = mag_operation_share(&reading->operation, &cancel);
    pthread_t thread;
    void *fired = NULL;
    uint64_t result = 0;
    (void)state;

    held.run = reading->registration.run;
    reading->registration.run = hold;
    assert_int_equal(pthread_create(&thread, NULL, fire_there, &cancel), 0);
    assert_true(test_wait_for(&held.chosen, 1));
    /* The cancel has chosen the callback, which has done nothing yet. */
    assert_true(mag_operation_try_result(&reading->operation, key, 1));
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 1);
    struct reading *next = rent();
    assert_ptr_equal(next, reading);
    mag_vtask next_task = mag_operation_task(&next->operation);
    uint64_t next_key = mag_operation_share(&next->operation, &other);
    /* release: pairs with the callback's wait. */
    atomic_store_explicit(&held.go_on, 1, memory_order_release);
    assert_int_equal(pthread_join(thread, &fired), 0);
    assert_ptr_equal(fired, &cancel);
    assert_int_equal(mag_vtask_status(next_task), MAG_PENDING);
    assert_ptr_equal(other.first, &next->registration);
    assert_true(mag_operation_try_result(&next->operation, next_key, 2));
    assert_int_equal(mag_vtask_get(next_task, &result), 0);
    assert_int_equal(result, 2);
    assert_null(other.first);
}

struct starter {
    struct mag_cancel_registration registration;
    struct reading *reading;
    uint64_t key;
};

static void begin_inside(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct starter *starter = object;

    (void)key;
    starter->key = mag_operation_share(&starter->reading->operation, cancel);
}

/* VT-155 */
static void registering_with_a_source_that_is_firing_cancels_once(void **state)
{
    struct mag_cancel cancel = {0};
    struct starter starter = {.reading = rent()};
    mag_vtask task = mag_operation_task(&starter.reading->operation);
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, 0), 0);
    assert_int_equal(
        mag_cancel_register(&cancel, &starter.registration, begin_inside, &starter, 0),
        0);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_status(task), MAG_CANCELED);
    assert_null(cancel.first);
    assert_false(mag_operation_try_result(&starter.reading->operation, starter.key, 1));
    /* The operation was made cancelable before: the continuation was queued. */
    probe_expect_one_run(&probe);
    assert_false(probe_ran_here(&probe));
    assert_int_equal(mag_vtask_get(task, NULL), -ECANCELED);
}

/* A thread that fires what it is shown, until it is shown itself. */
struct canceler {
    struct mag_cancel last; /* first */
    _Atomic(struct mag_cancel *) shown;
    _Atomic(uint64_t) fired;
};

static void *fire_what_is_shown(void *arg)
{
    struct canceler *canceler = arg;
    struct mag_cancel *cancel;

    do {
        /* acquire: the shown cancel was made before. */
        do
            cancel =
                atomic_exchange_explicit(&canceler->shown, NULL, memory_order_acquire);
        while (cancel == NULL);
        (void)mag_cancel_fire(cancel);
        /* release: the test may end the cancel's life. */
        (void)atomic_fetch_add_explicit(&canceler->fired, 1, memory_order_release);
    } while (cancel != &canceler->last);
    return NULL;
}

static void show(struct canceler *canceler, struct mag_cancel *cancel)
{
    /* release: the cancel was made before. */
    atomic_store_explicit(&canceler->shown, cancel, memory_order_release);
}

/* Whether the wait was canceled. */
static bool begin_while_it_fires(struct canceler *canceler, uint32_t round)
{
    struct mag_cancel cancel = {0};
    struct reading *reading = rent();
    mag_vtask task = mag_operation_task(&reading->operation);
    uint64_t result = 0;

    show(canceler, &cancel);
    for (uint32_t pause = round % 128; pause > 0; pause--)
        test_pause();
    uint64_t key = mag_operation_share(&reading->operation, &cancel);
    for (uint32_t pause = round / 128 % 128; pause > 0; pause--)
        test_pause();
    bool won = mag_operation_try_result(&reading->operation, key, 5);
    assert_false(mag_operation_try_result(&reading->operation, key, 6));
    assert_true(test_wait_for(&canceler->fired, round + 1));
    assert_int_equal(mag_vtask_get(task, &result), won ? 0 : -ECANCELED);
    assert_int_equal(result, won ? 5 : 0);
    assert_null(cancel.first);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    return !won;
}

/* VT-152, VT-155 */
static void firing_inside_the_registration_completes_once(void **state)
{
    struct canceler canceler = {.fired = 0};
    uint32_t rounds = test_rounds(20000), canceled = 0;
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, fire_what_is_shown, &canceler), 0);
    for (uint32_t i = 0; i < rounds; i++)
        canceled += begin_while_it_fires(&canceler, i);
    show(&canceler, &canceler.last);
    assert_int_equal(pthread_join(thread, NULL), 0);
    print_message("canceled %u of %u\n", canceled, rounds);
}

/* The object is back in its pool, whichever thread was faster. */
static void return_while_it_fires(struct canceler *canceler, uint32_t round)
{
    struct mag_cancel cancel = {0};
    struct reading *reading = rent();
    mag_vtask task = mag_operation_task(&reading->operation);

    show(canceler, &cancel);
    uint64_t key = mag_operation_share(&reading->operation, &cancel);
    for (uint32_t pause = round % 256; pause > 0; pause--)
        test_pause();
    mag_operation_return(&reading->operation);
    assert_true(test_wait_for(&canceler->fired, round + 1));
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_false(mag_operation_claim(&reading->operation, key));
    assert_null(cancel.first);
    assert_null(reading->registration.cancel);
}

/* VT-149, VT-156 */
static void returning_while_it_fires_gives_the_object_back_once(void **state)
{
    struct canceler canceler = {.fired = 0};
    uint32_t rounds = test_rounds(20000);
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, fire_what_is_shown, &canceler), 0);
    for (uint32_t i = 0; i < rounds; i++)
        return_while_it_fires(&canceler, i);
    show(&canceler, &canceler.last);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* ------------------------------------------------------------------ lists of yours */

/* Waiting readers, as cancel.h describes them: the links lie in the object, and the
 * awaiter takes the object out of the list before it consumes the task. */
static struct {
    pthread_mutex_t lock;
    struct reading *first;
} list = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void push(struct reading *reading)
{
    (void)pthread_mutex_lock(&list.lock);
    reading->next = list.first;
    reading->link = &list.first;
    if (reading->next != NULL)
        reading->next->link = &reading->next;
    list.first = reading;
    (void)pthread_mutex_unlock(&list.lock);
}

/* Returns whether the object was in the list; another thread may have taken it out
 * before. */
static bool unlink_reading(struct reading *reading)
{
    (void)pthread_mutex_lock(&list.lock);
    bool was_in = reading->link != NULL;
    if (was_in) {
        *reading->link = reading->next;
        if (reading->next != NULL)
            reading->next->link = reading->link;
        reading->link = NULL;
    }
    (void)pthread_mutex_unlock(&list.lock);
    return was_in;
}

static unsigned waiting(void)
{
    unsigned count = 0;

    (void)pthread_mutex_lock(&list.lock);
    for (struct reading *reading = list.first; reading != NULL; reading = reading->next)
        count++;
    (void)pthread_mutex_unlock(&list.lock);
    return count;
}

struct waiter {
    struct probe probe; /* first */
    struct reading *reading;
    mag_vtask task;
    uint64_t key;
    int outcome;
    bool was_in;
};

/* The awaiter resumes. */
static void go_on(struct probe *probe)
{
    struct waiter *waiter = (struct waiter *)(void *)probe;

    waiter->was_in = unlink_reading(waiter->reading);
    waiter->outcome = mag_vtask_get(waiter->task, NULL);
}

static void begin_wait(struct waiter *waiter, struct mag_cancel *cancel)
{
    *waiter = (struct waiter){.probe = probe_make(), .reading = rent()};
    waiter->probe.then = go_on;
    waiter->reading->link = NULL;
    waiter->task = mag_operation_task(&waiter->reading->operation);
    push(waiter->reading);
    waiter->key = mag_operation_share(&waiter->reading->operation, cancel);
    assert_int_equal(mag_vtask_on_completed(waiter->task, &waiter->probe.continuation, 0),
                     0);
}

/* VT-160 */
static void a_canceled_waiter_is_unlinked_by_the_pool_not_the_canceler(void **state)
{
    struct mag_cancel cancels[3] = {0};
    struct waiter waiters[3];
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        begin_wait(&waiters[i], &cancels[i]);
    assert_int_equal(waiting(), 3);
    /* The list's lock is held while the cancel fires: a callback that needed it would
     * never return. */
    (void)pthread_mutex_lock(&list.lock);
    assert_true(mag_cancel_fire(&cancels[1]));
    assert_int_equal(probe_runs(&waiters[1].probe), 0);
    (void)pthread_mutex_unlock(&list.lock);
    probe_expect_one_run(&waiters[1].probe);
    assert_false(probe_ran_here(&waiters[1].probe));
    assert_non_null(waiters[1].probe.sched);
    assert_true(waiters[1].was_in);
    assert_int_equal(waiters[1].outcome, -ECANCELED);
    assert_int_equal(waiting(), 2);

    /* One reader is taken out of the list and then canceled; the completer goes on to the
     * next. */
    assert_true(unlink_reading(waiters[2].reading));
    struct reading *taken = waiters[2].reading;
    assert_true(mag_cancel_fire(&cancels[2]));
    assert_false(mag_operation_try_result(&taken->operation, waiters[2].key, 1));
    probe_expect_one_run(&waiters[2].probe);
    assert_false(waiters[2].was_in);
    assert_int_equal(waiters[2].outcome, -ECANCELED);

    /* The list is emptied before the last reader is completed. */
    assert_true(unlink_reading(waiters[0].reading));
    assert_int_equal(waiting(), 0);
    assert_true(
        mag_operation_try_result(&waiters[0].reading->operation, waiters[0].key, 1));
    probe_expect_one_run(&waiters[0].probe);
    assert_false(waiters[0].was_in);
    assert_int_equal(waiters[0].outcome, 0);
}

struct alarm {
    struct mag_timer timer; /* first */
    struct mag_cancel *cancel;
};

static void ring(struct mag_job *job)
{
    (void)mag_cancel_fire(((struct alarm *)(void *)job)->cancel);
}

/* A wait that is never completed and ends by a timeout. */
static void wait_until_timeout(struct mag_sched *sched, struct mag_cancel *shutdown)
{
    struct mag_cancel cancel = {0};
    struct mag_cancel_link link = {.child = NULL};
    struct alarm alarm = {.timer = {.job = {.run = ring}}, .cancel = &cancel};
    struct waiter waiter;

    mag_cancel_link(&link, &cancel, shutdown);
    begin_wait(&waiter, &cancel);
    assert_int_equal(mag_timer_start_in(sched, &alarm.timer, 1), 0);
    probe_expect_one_run(&waiter.probe);
    assert_int_equal(waiter.outcome, -ECANCELED);
    assert_true(waiter.was_in);
    assert_null(cancel.first);
    mag_cancel_unlink(&link);
}

static uint64_t objects(void)
{
    struct mag_pool_info info;

    /* relaxed: made before by this thread. */
    mag_pool_query(atomic_load_explicit(&reading_type.pool, memory_order_relaxed), &info);
    return info.objects;
}

/* VT-161 */
static void waits_that_end_by_timeout_leave_nothing_behind(void **state)
{
    uint32_t rounds = test_rounds(400);
    struct mag_cancel shutdown = {0};
    struct mag_sched *sched = test_sched_start(1);
    struct mag_pool_info info;
    (void)state;

    wait_until_timeout(sched, &shutdown);
    /* relaxed: made before by this thread. */
    mag_pool_query(atomic_load_explicit(&reading_type.pool, memory_order_relaxed), &info);
    for (uint32_t i = 0; i < rounds; i++) {
        wait_until_timeout(sched, &shutdown);
        assert_null(shutdown.first);
        assert_int_equal(waiting(), 0);
    }
    /* One object is in use at a time; two threads may keep the others to themselves. */
    assert_true(objects() <= info.objects + 2 * ((uint64_t)info.cache + 64));
    mag_sched_destroy(sched);
}

/* From then on the cancel may be destroyed, whenever the task is read. */
static void a_completed_operation_is_no_longer_registered(void **state)
{
    struct mag_cancel cancel = {0};
    struct reading *reading = rent();
    mag_vtask task = mag_operation_task(&reading->operation);
    uint64_t key = mag_operation_share(&reading->operation, &cancel);
    uint64_t result = 0;
    (void)state;

    assert_non_null(cancel.first);
    assert_true(mag_operation_try_result(&reading->operation, key, 42));
    assert_null(cancel.first);
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_in_flight_does_not_complete_the_objects_next_user),
        cmocka_unit_test(registering_with_a_source_that_is_firing_cancels_once),
        cmocka_unit_test(firing_inside_the_registration_completes_once),
        cmocka_unit_test(returning_while_it_fires_gives_the_object_back_once),
        cmocka_unit_test(a_canceled_waiter_is_unlinked_by_the_pool_not_the_canceler),
        cmocka_unit_test(waits_that_end_by_timeout_leave_nothing_behind),
        cmocka_unit_test(a_completed_operation_is_no_longer_registered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
