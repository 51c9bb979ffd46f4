/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: a thread gets the identity of a worker and loses it again.  The file that
 * answers for the calling thread's identity is compiled into this test and asks the
 * test. */
#include "tests/support/sched/fake.h"
#include "tests/support/sched/jobs.h"

#include "sched/worker/self.h"

#include <magpie/executor.h>

static struct mag_self *self_or_pretended(void);

#define mag_self_get self_or_pretended
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/life/query.c"
#undef mag_self_get

/* The identity that the calling thread has for that file; NULL: its own. */
static struct mag_self *pretended;

static struct mag_self *self_or_pretended(void)
{
    return pretended != NULL ? pretended : mag_self_get();
}

static void assert_is_outside(void)
{
    assert_null(mag_sched_self());
    assert_int_equal(mag_sched_worker(), MAG_NONE);
    assert_null(mag_sched_local());
    assert_int_equal(mag_here_get()->inside & ~(uintptr_t)MAG_HOME_TAGS, 0);
}

static void a_thread_posts_as_the_worker_that_it_has_become(void **state)
{
    struct counted own = counted_make();
    struct counted other = counted_make();
    (void)state;

    fake_begin(2);
    assert_int_equal(mag_poster_init(), 0);
    assert_is_outside();
    mag_self_become(&fake.workers[1]);
    assert_ptr_equal(mag_sched_self(), &fake.sched);
    assert_int_equal(mag_sched_worker(), 1);
    assert_int_equal(mag_here_get()->inside, (uintptr_t)&fake.sched | MAG_HOME_SCHED);
    assert_int_equal(mag_sched_post(&fake.sched, &own.job), 0);
    assert_false(mag_inject_waiting(&fake.queue));
    assert_ptr_equal(mag_hand_post(&fake.workers[1].hand, &other.job), &own.job);

    mag_self_become(NULL);
    assert_is_outside();
    assert_int_equal(mag_sched_post(&fake.sched, &own.job), 0);
    assert_true(mag_inject_waiting(&fake.queue));
}

static void a_file_sees_the_thread_that_a_test_pretends(void **state)
{
    struct mag_self as_worker = {.worker = &fake.workers[1]};
    (void)state;

    fake_begin(2);
    pretended = &as_worker;
    assert_ptr_equal(mag_sched_self(), &fake.sched);
    assert_int_equal(mag_sched_worker(), 1);
    assert_null(mag_self_get()->worker);
    pretended = NULL;
    assert_is_outside();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_posts_as_the_worker_that_it_has_become),
        cmocka_unit_test(a_file_sees_the_thread_that_a_test_pretends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
