/*
 * The threads of a scheduler and the rest of the program: which signals the threads take,
 * what they cost a process that locks its memory, and the answers to a wrong size or an
 * odd deadline.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/timer.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __has_feature
#    define TEST_HAS_FEATURE(name) __has_feature(name)
#else
#    define TEST_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || TEST_HAS_FEATURE(address_sanitizer)
#    define TEST_UNDER_ASAN 1
#endif

struct question {
    struct mag_job job;
    sigset_t blocked;
    char name[16];
    size_t stack;
    _Atomic(uint64_t) answered;
};

static void answer(struct mag_job *job)
{
    struct question *question = (struct question *)(void *)job;
    pthread_attr_t attributes;

    (void)pthread_sigmask(SIG_SETMASK, NULL, &question->blocked);
    (void)pthread_getname_np(pthread_self(), question->name, sizeof(question->name));
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        (void)pthread_attr_getstacksize(&attributes, &question->stack);
        (void)pthread_attr_destroy(&attributes);
    }
    /* release: the answers are written before it. */
    atomic_store_explicit(&question->answered, 1, memory_order_release);
}

static struct question ask(const struct mag_sched_config *config, uint32_t worker)
{
    struct question question = {.job = {.run = answer}};
    struct mag_sched *sched = NULL;

    assert_int_equal(mag_sched_start(config, &sched), 0);
    assert_int_equal(mag_sched_post_worker(sched, &question.job, worker), 0);
    assert_true(test_wait_for(&question.answered, 1));
    mag_sched_destroy(sched);
    return question;
}

static void a_worker_takes_no_signals_but_those_that_it_causes(void **state)
{
    const int taken[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                         SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    const int left[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGALRM};
    struct question question = ask(NULL, 0);
    (void)state;

    for (unsigned i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        assert_int_equal(sigismember(&question.blocked, taken[i]), 0);
    for (unsigned i = 0; i < sizeof(left) / sizeof(left[0]); i++)
        assert_int_equal(sigismember(&question.blocked, left[i]), 1);
}

static void a_worker_has_the_name_and_the_stack_that_were_asked_for(void **state)
{
    struct question question;
    struct mag_sched_config config = test_sched_config(2);

    (void)state;
    question = ask(&config, 1);
    assert_string_equal(question.name, "magpie/1");

    config.name = "a-name-that-is-too-long";
    config.stack_size = (size_t)40 << 20; /* more than the system's own */
    question = ask(&config, 1);
    assert_string_equal(question.name, "a-name-tha/1");
    assert_true(question.stack >= config.stack_size);
}

/* ------------------------------------------------- in a process of their own */

#ifndef TEST_UNDER_TSAN

static void leave(int signal)
{
    (void)signal;
    _exit(42);
}

static void fault(struct mag_job *job)
{
    (void)job;
    (void)raise(SIGSEGV);
}

static int fault_in_a_job(void)
{
    struct sigaction action = {.sa_handler = leave};
    struct mag_job job = {.run = fault};
    struct mag_sched *sched;

    if (sigaction(SIGSEGV, &action, NULL) != 0 || mag_sched_start(NULL, &sched) != 0 ||
        mag_sched_post(sched, &job) != 0)
        return 1;
    test_sleep_ms(1000 * test_limit_s(0));
    return 2;
}

static __attribute__((unused)) int lock_all_memory(void)
{
    struct mag_sched *sched;
    struct rusage usage;
    struct mag_sched_config config = test_sched_config(2);

    if (mlockall(MCL_FUTURE) != 0)
        return 77;
    if (mag_sched_start(&config, &sched) != 0)
        return 1;
    mag_sched_destroy(sched);
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 2;
    return usage.ru_maxrss < 200L * 1024 ? 42 : 3;
}

static int in_a_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(run());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#endif

static void a_handler_of_the_program_sees_a_fault_in_a_job(void **state)
{
    (void)state;
#ifdef TEST_UNDER_TSAN
    print_message("skipped: ThreadSanitizer allows no threads after fork()\n");
    skip();
#else
    assert_int_equal(in_a_child(fault_in_a_job), 42);
#endif
}

static void locked_memory_does_not_fill_what_is_only_reserved(void **state)
{
    (void)state;
#if defined(TEST_UNDER_TSAN) || defined(TEST_UNDER_ASAN)
    print_message("skipped: the sanitizers reserve more than may be locked\n");
    skip();
#else
    int status = in_a_child(lock_all_memory);

    if (status == 77) {
        print_message("skipped: this process may not lock its memory\n");
        skip();
    }
    assert_int_equal(status, 42);
#endif
}

/* ------------------------------------------------------------- odd arguments */

static void a_deadline_may_be_as_late_as_there_is(void **state)
{
    struct question question = {.job = {.run = answer}};
    struct mag_sched *sched = NULL;
    (void)state;

    assert_int_equal(mag_sched_start(NULL, &sched), 0);
    assert_int_equal(mag_sched_post(sched, &question.job), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, INT64_MAX, NULL, NULL), 0);
    /* acquire: names the other end. */
    assert_int_equal(atomic_load_explicit(&question.answered, memory_order_acquire), 1);
    mag_sched_destroy(sched);
}

static void more_local_storage_than_there_is_is_refused(void **state)
{
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - (1 << 20), SIZE_MAX / 2, SIZE_MAX / 4};
    struct mag_sched *sched = NULL;
    struct mag_sched_config config = test_sched_config(0);

    (void)state;
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        config.local_size = sizes[i];
        assert_int_equal(mag_sched_start(&config, &sched), i < 3 ? -EINVAL : -ENOMEM);
        assert_null(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_takes_no_signals_but_those_that_it_causes),
        cmocka_unit_test(a_worker_has_the_name_and_the_stack_that_were_asked_for),
        cmocka_unit_test(a_handler_of_the_program_sees_a_fault_in_a_job),
        cmocka_unit_test(locked_memory_does_not_fill_what_is_only_reserved),
        cmocka_unit_test(a_deadline_may_be_as_late_as_there_is),
        cmocka_unit_test(more_local_storage_than_there_is_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
