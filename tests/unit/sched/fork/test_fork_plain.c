/*
 * The plain forms of fork-join, as generated code and other languages call them; their
 * answers to arguments that are too large, and loops that ask whether there is room.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/maps.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/barrier.h>
#include <magpie/fork.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------------------------- the symbols */

/* The library exports these under the names of the inline functions. */
int push_symbol(mag_fork *w, mag_fork_body body, const void *args,
                size_t size) __asm__("mag_fork_push");
bool pop_symbol(mag_fork *w) __asm__("mag_fork_pop");
bool is_full_symbol(mag_fork w) __asm__("mag_fork_is_full");

/* Reads n from the payload and stores fib(n) there. */
static void fib(mag_fork w, void *payload)
{
    uint64_t n;

    memcpy(&n, payload, sizeof(n));
    if (n < 2)
        return;
    uint64_t second = n - 2;
    uint64_t first = n - 1;
    int r = push_symbol(&w, fib, &second, sizeof(second));
    fib(w, &first);
    bool ours = r == 0 && pop_symbol(&w);
    memcpy(&second, w.top->payload, sizeof(second));
    if (ours)
        fib(w, &second);
    first += second;
    memcpy(payload, &first, sizeof(first));
}

static void forks_and_joins_can_be_called_as_functions(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_try(workers);

        assert_non_null(sched);
        for (uint32_t i = 0; i < test_rounds(50); i++) {
            uint64_t n = 18;

            assert_int_equal(mag_fork_run(sched, fib, &n), 0);
            assert_int_equal(n, 2584);
        }
        mag_sched_destroy(sched);
    }
}

/* ----------------------------------------------------------------- too large */

static void never(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
}

/* 0, or the push that was not refused. */
static int push_too_much(mag_fork w)
{
    const char args[MAG_FORK_PAYLOAD + 1] = {0};
    struct mag_fork_slot *top = w.top;
    struct mag_scope scope;
    int failed = 0;

    if (mag_fork_push(&w, never, args, sizeof(args)) != MAG_E_SIZE)
        failed = 1;
    if (push_symbol(&w, never, args, SIZE_MAX) != MAG_E_SIZE)
        failed = 2;
    mag_scope_open(&scope, w);
    if (mag_scope_spawn(&w, &scope, never, args, MAG_SCOPE_PAYLOAD + 1) != MAG_E_SIZE)
        failed = 3;
    if (w.top != top)
        failed = 4;
    if (mag_scope_spawn(&w, &scope, never, args, MAG_SCOPE_PAYLOAD) != 0)
        failed = 5;
    return mag_scope_join(&w, &scope) == 0 ? failed : 6;
}

MAG_FORKABLE(int, too_much, int, unused)
static int too_much(mag_fork w, int unused)
{
    (void)unused;
    return push_too_much(w);
}

static void arguments_that_are_too_large_are_refused(void **state)
{
    struct mag_sched *sched = test_sched_try_alone(1);
    int failed = -1;
    (void)state;

    assert_non_null(sched);
    assert_int_equal(too_much_run(sched, &failed, 0), 0);
    assert_int_equal(failed, 0);
    mag_sched_destroy(sched);
}

/* -------------------------------------------------- loops of unknown length */

MAG_FORKABLE(uint64_t, flat, uint64_t, number)
static uint64_t flat(mag_fork w, uint64_t number)
{
    (void)w;
    return number;
}

MAG_FORKABLE(uint64_t, any_number, uint64_t, items, uint64_t *, ret_forked)
static uint64_t any_number(mag_fork w, uint64_t items, uint64_t *ret_forked)
{
    struct flat_child child = {0};
    uint64_t forked = 0;
    uint64_t sum = 0;

    for (uint64_t i = 1; i <= items; i++) {
        if (mag_fork_is_full(w)) {
            sum += flat(w, i);
        } else {
            child = flat_fork(&w, i);
            forked++;
        }
    }
    if (mag_fork_is_full(w) != is_full_symbol(w))
        sum = 0;
    for (uint64_t i = 0; i < forked; i++)
        sum += flat_join(&w, child);
    *ret_forked = forked;
    return sum;
}

enum { ITEMS = 10000000 };

/* Whether the sum is right, and at least one in `part` of the children was forked. */
static bool loops(struct mag_sched *sched, uint64_t part)
{
    uint64_t forked = 0;
    uint64_t sum = 0;
    struct mag_sched_config config = test_sched_config(0);

    uint64_t most =
        mag_barrier_is_asymmetric() ? MAG_FORK_WAITING_MAX : config.fork_depth;
    return any_number_run(sched, &sum, ITEMS, &forked) == 0 && forked <= most &&
           forked >= most / part && sum == (uint64_t)ITEMS * (ITEMS + 1) / 2;
}

static void a_loop_that_asks_for_room_has_no_limit(void **state)
{
    struct mag_sched *sched = test_sched_try(2);
    (void)state;

    assert_non_null(sched);
    assert_true(loops(sched, 1));
    mag_sched_destroy(sched);
}

/* In a child process: 0, or the check that failed. */
static int loops_in_little_space(void *arg)
{

    (void)arg;
    if (!test_limit_space((size_t)2 << 30))
        return 1;
    struct mag_sched *sched = test_sched_try(2);
    if (sched == NULL)
        return 2;
    bool right = loops(sched, 3);
    mag_sched_destroy(sched);
    return right ? 0 : 3;
}

static void a_loop_that_asks_for_room_has_no_limit_in_little_space(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(loops_in_little_space, NULL), 0);
}

/* ------------------------------------------------------------- the wrong child */

#if defined(MAG_DEBUG_TASKS) && !defined(NDEBUG)

MAG_FORKABLE(int, other, int, number)
static int other(mag_fork w, int number)
{
    (void)w;
    return number;
}

/* 1: joined in the order of the forks; 2: joined twice; 3: never forked. */
MAG_FORKABLE(uint64_t, mistake, int, kind)
static uint64_t mistake(mag_fork w, int kind)
{
    struct flat_child first = {0};
    struct other_child second = {0};

    if (kind != 3)
        first = flat_fork(&w, 1);
    if (kind == 1)
        second = other_fork(&w, 2);
    uint64_t sum = flat_join(&w, first);
    if (kind == 2)
        sum += flat_join(&w, first);
    return kind == 1 ? sum + (uint64_t)other_join(&w, second) : sum;
}

enum { NOT_STARTED = 101, NOT_STOPPED = 102 };

static int makes_mistake(int kind)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct mag_sched *sched = test_sched_try_alone(1);
    uint64_t result;

    if (sched == NULL || setrlimit(RLIMIT_CORE, &none) != 0 ||
        freopen("/dev/null", "w", stderr) == NULL || signal(SIGABRT, SIG_DFL) == SIG_ERR)
        return NOT_STARTED;
    return mistake_run(sched, &result, kind) == 0 ? NOT_STOPPED : NOT_STARTED;
}

static void a_join_of_the_wrong_child_is_found_in_debug_builds(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    for (int kind = 0; kind <= 3; kind++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0)
            _exit(makes_mistake(kind));
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (kind == 0)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == NOT_STOPPED);
        else
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

#else

static void a_join_of_the_wrong_child_is_found_in_debug_builds(void **state)
{
    (void)state;
    print_message("skipped: this is not a debug build\n");
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First the tests in child processes, while this process is small. */
        cmocka_unit_test(a_loop_that_asks_for_room_has_no_limit_in_little_space),
        cmocka_unit_test(a_join_of_the_wrong_child_is_found_in_debug_builds),
        cmocka_unit_test(forks_and_joins_can_be_called_as_functions),
        cmocka_unit_test(arguments_that_are_too_large_are_refused),
        cmocka_unit_test(a_loop_that_asks_for_room_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
