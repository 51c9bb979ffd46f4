/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the event of base/ is compiled into this test, with the system's timed wait
 * replaced. */
#include "tests/support/cmocka.h"

#include "base/os.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static int wait_until(pthread_cond_t *changed, pthread_mutex_t *lock,
                      const struct timespec *end);

#define pthread_cond_timedwait wait_until
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "base/os/event.c"

static struct mag_os_event event;
static int results[2]; /* results of the waits */
static bool sets_it;   /* whether the last wait sets the event */
static struct timespec asked;
static unsigned waits;

static int wait_until(pthread_cond_t *changed, pthread_mutex_t *lock,
                      const struct timespec *end)
{
    assert_ptr_equal(changed, &event.changed);
    assert_ptr_equal(lock, &event.lock);
    asked = *end;
    event.is_set = sets_it && waits == 1;
    return results[waits++];
}

static int begin(void **state)
{
    (void)state;
    mag_os_event_init(&event);
    results[0] = results[1] = ETIMEDOUT;
    sets_it = false;
    waits = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    mag_os_event_fini(&event);
    return 0;
}

static void the_end_of_a_wait_is_the_timeout_from_now(void **state)
{
    static const int64_t timeouts[] = {0, 1, 999999999, 1000000000, 5999999999};
    (void)state;

    for (unsigned i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        int64_t before = mag_os_now_ns();
        waits = 0;
        assert_false(mag_os_event_wait(&event, mag_os_after_ns(timeouts[i])));
        int64_t after = mag_os_now_ns();
        int64_t until = (int64_t)asked.tv_sec * 1000000000 + asked.tv_nsec;

        assert_int_equal(waits, 1);
        assert_true(asked.tv_nsec >= 0 && asked.tv_nsec < 1000000000);
        assert_true(until >= before + timeouts[i] && until <= after + timeouts[i]);
    }
}

static void a_wait_goes_on_after_a_wake_for_no_reason(void **state)
{
    (void)state;

    results[0] = 0;
    results[1] = 0;
    sets_it = true;
    assert_true(mag_os_event_wait(&event, 1));
    assert_int_equal(waits, 2);
}

static void an_event_that_is_set_at_the_last_moment_is_seen(void **state)
{
    (void)state;

    results[0] = 0;
    sets_it = true;
    assert_true(mag_os_event_wait(&event, 1));
    assert_int_equal(waits, 2);
}

static void nobody_waits_for_an_event_that_is_set(void **state)
{
    (void)state;

    mag_os_event_set(&event);
    assert_true(mag_os_event_wait(&event, 0));
    assert_true(mag_os_event_wait(&event, INT64_MAX));
    assert_int_equal(waits, 0);
}

static void *set_event(void *arg)
{
    mag_os_event_set(arg);
    return NULL;
}

static void a_thread_wakes_one_that_waits_for_ever(void **state)
{
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, set_event, &event), 0);
    assert_true(mag_os_event_wait(&event, INT64_MAX));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_of_a_wait_is_the_timeout_from_now, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_wait_goes_on_after_a_wake_for_no_reason, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_event_that_is_set_at_the_last_moment_is_seen,
                                        begin, end),
        cmocka_unit_test_setup_teardown(nobody_waits_for_an_event_that_is_set, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_thread_wakes_one_that_waits_for_ever, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
