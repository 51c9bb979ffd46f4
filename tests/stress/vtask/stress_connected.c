/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/magpie.h>

#include <pthread.h>
#include <stdatomic.h>

/* Connected operations that other threads complete or cancel, in functions that lie in
 * one another's frames and run on the workers of a scheduler. */

enum { COMPLETERS = 2, CALLERS = 2, WORKERS = 2 };

static struct mag_sched *sched;

/* ------------------------------------------------------------------- the operation */

/* A request that a completer answers with twice its value.  All but `waiter` and `value`
 * belongs to who has the lock of the mailbox. */
struct request {
    struct mag_waiter *waiter;
    long value;
    struct request *next, *prev;
    bool waits, canceled;
    struct mag_cancel *cancel; /* NULL: nobody cancels */
    struct mag_cancel_registration stop;
};

static struct {
    pthread_mutex_t lock;
    struct request first; /* of a ring */
    bool over;
} mailbox = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_out(struct request *request)
{
    request->next->prev = request->prev;
    request->prev->next = request->next;
    request->waits = false;
}

/* The callback of the cancel object. */
static void cancel_request(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct request *request = object;
    bool was_waiting;
    (void)key;

    (void)pthread_mutex_lock(&mailbox.lock);
    was_waiting = request->waits;
    request->canceled = true;
    if (was_waiting)
        take_out(request);
    (void)pthread_mutex_unlock(&mailbox.lock);
    if (was_waiting)
        (void)mag_waiter_post(request->waiter,
                              mag_vtask_failed(-ECANCELED, (uintptr_t)cancel));
}

static mag_vtask enter(struct request *request)
{
    mag_vtask answer = MAG_STARTED;

    (void)pthread_mutex_lock(&mailbox.lock);
    if (request->canceled) {
        answer = mag_vtask_failed(-ECANCELED, 0);
    } else {
        request->waits = true;
        request->next = &mailbox.first;
        request->prev = mailbox.first.prev;
        request->prev->next = request;
        mailbox.first.prev = request;
    }
    (void)pthread_mutex_unlock(&mailbox.lock);
    return answer;
}

static long_task request_begin(struct mag_waiter *waiter, struct request *request,
                               long value, struct mag_cancel *cancel)
{
    if (value % 7 == 0)
        return long_task_result(2 * value);
    request->waiter = waiter;
    request->value = value;
    request->waits = request->canceled = false;
    request->cancel = cancel;
    if (value % 7 == 1) {
        (void)mag_waiter_complete(waiter, (uint64_t)(2 * value));
        return long_task_of(MAG_STARTED);
    }
    if (cancel != NULL &&
        mag_cancel_register(cancel, &request->stop, cancel_request, request, 0) != 0)
        return long_task_of(mag_vtask_failed(-ECANCELED, 0));
    return long_task_of(enter(request));
}

/* NULL: there is none; `*ret_over`: and none will come. */
static struct request *next_request(bool *ret_over)
{
    struct request *request = NULL;

    (void)pthread_mutex_lock(&mailbox.lock);
    *ret_over = mailbox.over;
    if (mailbox.first.next != &mailbox.first) {
        request = mailbox.first.next;
        take_out(request);
    }
    (void)pthread_mutex_unlock(&mailbox.lock);
    return request;
}

static void *answer_all(void *unused)
{
    unsigned tries = 0;
    bool over = false;

    while (!over) {
        struct request *request = next_request(&over);

        test_turn(request != NULL ? tries = 0 : tries++);
        if (request == NULL)
            continue;
        over = false;
        /* Waits for a callback that runs: afterwards the state may be gone. */
        if (request->cancel != NULL)
            (void)mag_cancel_unregister(&request->stop, true);
        if (request->value % 2 == 0)
            (void)mag_waiter_complete(request->waiter, (uint64_t)(2 * request->value));
        else
            (void)mag_waiter_post(request->waiter,
                                  mag_vtask_result((uint64_t)(2 * request->value)));
    }
    return unused;
}

/* ------------------------------------------------------------------- the functions */

/* Awaits that did not come back to the scheduler. */
static _Atomic(uint64_t) strayed;

static void look_where(void)
{
    if (mag_sched_self() != sched)
        (void)test_add(&strayed, 1);
}

MAG_ASYNC_CONNECTED(long_task, leaf, (long, value, struct mag_cancel *, cancel),
                    struct request request;
                    int i; long item; long total;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < 3; f->i++) {
        MAG_CONNECT(f, f->item, request, &f->request, f->value + f->i, f->cancel);
        look_where();
        f->total += f->item;
    }
    return long_task_result(f->total);
    MAG_END(f);
}

MAG_ASYNC(long_task, branch, (long, value, struct mag_cancel *, cancel),
          struct leaf_frame leaf;
          int i; long item; long total;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < 2; f->i++) {
        MAG_CONNECT(f, f->item, leaf, &f->leaf, f->value + f->i, f->cancel);
        look_where();
        f->total += f->item;
    }
    /* The third time as a task of its own. */
    MAG_AWAIT(f, f->item, leaf(f->value, f->cancel));
    look_where();
    return long_task_result(f->total + f->item);
    MAG_END(f);
}

MAG_ASYNC(long_task, root, (long, value, struct mag_cancel *, cancel),
          struct branch_frame branch;
          long item;)
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, mag_sched_executor(sched));
    look_where();
    MAG_CONNECT(f, f->item, branch, &f->branch, f->value, f->cancel);
    look_where();
    return long_task_result(f->item);
    MAG_END(f);
}

static long expected(long value)
{
    return 2 * (3 * value + 3) * 2 + 2 * (3 * value + 3) + 6;
}

/* --------------------------------------------------------------------- the callers */

struct caller {
    pthread_t thread;
    uint64_t state; /* of its random numbers */
    uint32_t rounds;
    bool cancels;
    uint64_t ended, canceled, wrong;
};

static void call_once(struct caller *caller)
{
    struct mag_cancel cancel = {0};
    long value = (long)test_random_below(&caller->state, 1000), result = 0;
    long_task task = root(value, caller->cancels ? &cancel : NULL);

    if (caller->cancels && test_random_below(&caller->state, 2) == 0) {
        for (unsigned i = test_random_below(&caller->state, 200); i > 0; i--)
            test_pause();
        (void)mag_cancel_fire(&cancel);
    }
    int r = long_task_outcome(task, &result);
    caller->ended += r == 0;
    caller->canceled += r == -ECANCELED && caller->cancels;
    caller->wrong += r == 0 ? result != expected(value) : r != -ECANCELED;
}

static void *call_all(void *arg)
{
    struct caller *caller = arg;

    for (uint32_t i = 0; test_goes_on(i, caller->rounds); i++)
        call_once(caller);
    return NULL;
}

static void run(uint32_t rounds, bool cancels)
{
    struct caller callers[CALLERS];
    pthread_t completers[COMPLETERS];

    mailbox.first.next = mailbox.first.prev = &mailbox.first;
    mailbox.over = false;
    /* relaxed: no other thread runs yet. */
    atomic_store_explicit(&strayed, 0, memory_order_relaxed);
    sched = test_sched_start(WORKERS);
    for (unsigned i = 0; i < COMPLETERS; i++)
        assert_int_equal(pthread_create(&completers[i], NULL, answer_all, NULL), 0);
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){
            .state = test_seed() + i, .rounds = test_rounds(rounds), .cancels = cancels};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_all, &callers[i]),
                         0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
        assert_true(callers[i].ended > 0);
        if (!cancels)
            assert_int_equal(callers[i].canceled, 0);
    }
    (void)pthread_mutex_lock(&mailbox.lock);
    mailbox.over = true;
    (void)pthread_mutex_unlock(&mailbox.lock);
    for (unsigned i = 0; i < COMPLETERS; i++)
        assert_int_equal(pthread_join(completers[i], NULL), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(test_read(&strayed), 0);
}

static void operations_that_other_threads_complete_arrive_once_and_at_home(void **state)
{
    (void)state;
    run(20000, false);
}

static void operations_are_completed_or_canceled_and_never_both(void **state)
{
    (void)state;
    run(20000, true);
}

/* --------------------------------------------------------------- threads that end */

static long_task orphan;

MAG_ASYNC_CONNECTED(long_task, lonely, (long, value), struct request request; long item;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->item, request, &f->request, f->value, MAG_NULL);
    return long_task_result(f->item);
    MAG_END(f);
}

static void *begin_and_end(void *unused)
{
    (void)unused;
    orphan = lonely(2);
    pthread_exit(NULL);
}

static void *complete_and_end(void *arg)
{
    struct request *request = arg;

    (void)mag_waiter_complete(request->waiter, 42);
    pthread_exit(NULL);
}

/* Neither the thread that waits nor the one that completes need live on. */
static void an_operation_outlives_the_thread_that_has_begun_it(void **state)
{
    (void)state;
    mailbox.first.next = mailbox.first.prev = &mailbox.first;
    for (uint32_t i = 0; i < test_rounds(100); i++) {
        pthread_t thread;
        bool over;
        long value = 0;

        assert_int_equal(pthread_create(&thread, NULL, begin_and_end, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(mag_vtask_status(orphan.task), MAG_PENDING);
        struct request *request = next_request(&over);
        assert_non_null(request);
        assert_int_equal(pthread_create(&thread, NULL, complete_and_end, request), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(long_task_get(orphan, &value), 0);
        assert_int_equal(value, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_that_other_threads_complete_arrive_once_and_at_home),
        cmocka_unit_test(operations_are_completed_or_canceled_and_never_both),
        cmocka_unit_test(an_operation_outlives_the_thread_that_has_begun_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
