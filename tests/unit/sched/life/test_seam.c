/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: a system that refuses threads, and one that ends sleeps for no reason.  The
 * test replaces the functions of base/os.h that the library calls. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include "base/os.h"

#include <magpie/sched.h>

#include <errno.h>
#include <stdatomic.h>

/* The linker sends the library's calls to the first two functions, and calls of the
 * others to the library's functions. */
void __wrap_mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);
int __wrap_mag_os_create(pthread_t *ret_thread, size_t stack_size,
                         void *(*run)(void *arg), void *arg);
void __real_mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);
int __real_mag_os_create(pthread_t *ret_thread, size_t stack_size,
                         void *(*run)(void *arg), void *arg);

/* How many sleeps in a row end at once, before one really sleeps. */
static _Atomic(uint32_t) false_ends;
static _Atomic(uint64_t) sleeps;
static _Atomic(bool) refuses_threads;

void __wrap_mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    /* relaxed, both: a counter, and a number that does not change meanwhile. */
    uint64_t sleep = atomic_fetch_add_explicit(&sleeps, 1, memory_order_relaxed);
    /* relaxed: as above. */
    uint32_t ends = atomic_load_explicit(&false_ends, memory_order_relaxed);

    if (sleep % (ends + 1) == ends)
        __real_mag_os_wait(word, expected, timeout_ns);
}

int __wrap_mag_os_create(pthread_t *ret_thread, size_t stack_size,
                         void *(*run)(void *arg), void *arg)
{
    /* relaxed: set by the calling thread. */
    if (atomic_load_explicit(&refuses_threads, memory_order_relaxed))
        return -EAGAIN;
    return __real_mag_os_create(ret_thread, stack_size, run, arg);
}

static void refuse_threads(bool refuses)
{
    /* relaxed: read by this thread. */
    atomic_store_explicit(&refuses_threads, refuses, memory_order_relaxed);
}

struct work {
    struct mag_job job;
    _Atomic(uint64_t) done;
};

static void count(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;

    /* release: seen by the thread that waits. */
    (void)atomic_fetch_add_explicit(&work->done, 1, memory_order_release);
}

static void sleeps_that_end_for_no_reason_lose_no_job(void **state)
{
    enum { POSTS = 200 };
    struct work work = {.job = {.run = count}};
    (void)state;

    /* relaxed: before any thread is started. */
    atomic_store_explicit(&false_ends, 3, memory_order_relaxed);
    struct mag_sched *sched = test_sched_start(2);
    for (uint64_t i = 1; i <= POSTS; i++) {
        assert_int_equal(mag_sched_post(sched, &work.job), 0);
        assert_true(test_wait_for(&work.done, i));
    }
    mag_sched_destroy(sched);
    /* relaxed: no other thread is left. */
    assert_true(atomic_load_explicit(&sleeps, memory_order_relaxed) > 0);
    /* relaxed: as above. */
    atomic_store_explicit(&false_ends, 0, memory_order_relaxed);
}

static void a_scheduler_that_gets_no_thread_does_not_start(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    struct mag_sched *sched = NULL;
    (void)state;

    refuse_threads(true);
    assert_int_equal(mag_sched_start(&config, &sched), -EAGAIN);
    refuse_threads(false);
    assert_null(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleeps_that_end_for_no_reason_lose_no_job),
        cmocka_unit_test(a_scheduler_that_gets_no_thread_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
