/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/fork.h>
#include <magpie/sched.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3 };

static unsigned count_threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    unsigned count = 0;

    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        (void)closedir(directory);
    return count;
}

static int start(struct mag_sched **ret_sched)
{
    struct mag_sched_config config = test_sched_config(WORKERS);

    config.spare = 0; /* a guest's first computation allocates its place */
    return mag_sched_start(&config, ret_sched);
}

static int warm_up(void **state)
{
    struct mag_sched *sched;
    (void)state;

    if (start(&sched) != 0)
        return -1;
    mag_sched_destroy(sched);
    return 0;
}

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    int64_t before = test_live_allocations();
    unsigned threads = count_threads();
    uint32_t failures = 0;
    (void)state;

    for (uint32_t nth = 1;; nth++) {
        struct mag_sched *sched = NULL;

        test_fail_allocation(nth);
        int r = start(&sched);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (!failed) {
            assert_int_equal(r, 0);
            mag_sched_destroy(sched);
            break;
        }
        failures++;
        if (r == 0) {
            /* The call that failed was not essential. */
            mag_sched_destroy(sched);
        } else {
            assert_int_equal(r, -ENOMEM);
            assert_null(sched);
        }
        assert_int_equal(test_live_allocations(), before);
        assert_int_equal(count_threads(), threads);
    }
    assert_true(failures >= 10);
}

static void every_thread_may_fail_to_start_and_leaves_nothing_behind(void **state)
{
    int64_t before = test_live_allocations();
    unsigned threads = count_threads();
    (void)state;

    for (uint32_t nth = 1; nth <= WORKERS; nth++) {
        struct mag_sched *sched = NULL;

        test_fail_thread(nth);
        assert_int_equal(start(&sched), -EAGAIN);
        assert_true(test_has_failed());
        assert_null(sched);
        assert_int_equal(test_live_allocations(), before);
        assert_int_equal(count_threads(), threads);
    }
    test_fail_thread(0);
}

static void no_hook_runs(uint32_t worker, void *arg)
{
    _Atomic(uint64_t) *runs = arg;

    (void)worker;
    /* relaxed: read after the threads are joined. */
    (void)atomic_fetch_add_explicit(runs, 1, memory_order_relaxed);
}

static void a_start_that_fails_runs_no_hook(void **state)
{
    struct mag_sched *sched = NULL;
    _Atomic(uint64_t) runs;
    (void)state;

    atomic_init(&runs, 0);
    struct mag_sched_config config = test_sched_config(WORKERS);
    config.on_start = no_hook_runs;
    config.on_stop = no_hook_runs;
    config.hook_arg = &runs;
    test_fail_thread(WORKERS);
    assert_int_equal(mag_sched_start(&config, &sched), -EAGAIN);
    test_fail_thread(0);
    /* relaxed: the threads are joined. */
    assert_int_equal(atomic_load_explicit(&runs, memory_order_relaxed), 0);
}

/* In the child process: root is exempt from the limit, so it becomes the user nobody
 * first. */
static int start_beyond_the_limit(void)
{
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = 1};
    struct mag_sched *sched = NULL;

    if (setrlimit(RLIMIT_NPROC, &none) != 0)
        return 1;
    if (getuid() == 0 && setuid(65534) != 0)
        return 2;
    int r = start(&sched);
    return r == -EAGAIN && sched == NULL ? 0 : 3;
}

static void a_process_at_its_thread_limit_gets_an_error(void **state)
{
    int status = -1;
    (void)state;

    test_skip_without_child_threads();
    pid_t child = fork();
    if (child == 0)
        _exit(start_beyond_the_limit());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

struct again {
    struct mag_job job;
    struct mag_sched *sched;
    uint32_t left;
    int refused;
    _Atomic(uint64_t) done;
};

static int post_by_turns(struct mag_sched *sched, struct mag_job *job, uint32_t turn)
{
    if (turn % 3 == 0)
        return mag_sched_post(sched, job);
    if (turn % 3 == 1)
        return mag_sched_post_any(sched, job);
    return mag_sched_post_worker(sched, job, turn % WORKERS);
}

static void post_again(struct mag_job *job)
{
    struct again *again = (struct again *)(void *)job;

    if (--again->left == 0) {
        /* release: the fields are visible to the thread that waits. */
        (void)atomic_fetch_add_explicit(&again->done, 1, memory_order_release);
        return;
    }
    /* Once posted the job may be running already, so it is not touched after that. */
    if (post_by_turns(again->sched, job, again->left) != 0)
        again->refused = 1;
}

static void posting_and_forking_allocate_nothing(void **state)
{
    struct again again = {.job = {.run = post_again}, .left = 10000};
    long result = 0;
    (void)state;

    atomic_init(&again.done, 0);
    assert_int_equal(start(&again.sched), 0);
    uint64_t before = test_allocations();
    assert_int_equal(mag_sched_post(again.sched, &again.job), 0);
    assert_true(test_wait_for(&again.done, 1));
    assert_int_equal(fib_run(again.sched, &result, 20), 0);
    assert_int_equal(result, 6765);
    assert_int_equal(test_allocations(), before);
    assert_int_equal(again.refused, 0);
    mag_sched_destroy(again.sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_and_leaves_nothing_behind),
        cmocka_unit_test(every_thread_may_fail_to_start_and_leaves_nothing_behind),
        cmocka_unit_test(a_start_that_fails_runs_no_hook),
        cmocka_unit_test(a_process_at_its_thread_limit_gets_an_error),
        cmocka_unit_test(posting_and_forking_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
