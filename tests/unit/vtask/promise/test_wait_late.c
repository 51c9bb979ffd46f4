/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test.  A thread plays a completer that has
 * begun to notify when the waiter's time is over. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include "vtask/promise/promise.h"

static bool forget_too_late(struct mag_promise *promise, struct mag_observer *observer);

#define mag_promise_forget forget_too_late
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "vtask/promise/wait.c"
#undef mag_promise_forget

static pthread_t completer;
static struct mag_promise *forgotten;
static _Atomic(uint64_t) notified;

static void *notify_late(void *arg)
{
    struct mag_observer *observer = arg;

    test_sleep_ms(50);
    /* release: visible to the waiter after it has returned. */
    (void)atomic_fetch_add_explicit(&notified, 1, memory_order_release);
    observer->notify(observer, false);
    return NULL;
}

static bool forget_too_late(struct mag_promise *promise, struct mag_observer *observer)
{
    assert_true(mag_promise_forget(promise, observer));
    forgotten = promise;
    assert_int_equal(pthread_create(&completer, NULL, notify_late, observer), 0);
    return false;
}

static void a_wait_that_timed_out_stays_until_its_completer_is_done(void **state)
{
    struct mag_promise *promise = NULL;
    (void)state;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    mag_vtask task = mag_promise_task(promise);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, 1), 0);
    /* acquire: pairs with the completer. */
    assert_int_equal(atomic_load_explicit(&notified, memory_order_acquire), 1);
    assert_int_equal(pthread_join(completer, NULL), 0);
    assert_ptr_equal(forgotten, promise);
    mag_promise_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_that_timed_out_stays_until_its_completer_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
