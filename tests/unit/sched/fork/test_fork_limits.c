/*
 * The limits of fork-join: millions of waiting children, little address space, none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/maps.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include "sched/fork/deque.h"
#include "sched/fork/map.h"
#include "sched/settings/fit.h"

#include <errno.h>
#include <magpie/fork.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

/* More children than a stack is guaranteed to hold, and than its smallest mapping
 * holds. */
enum { MANY = MAG_FORK_WAITING_MAX / 2 * 3 };

/* The smallest stack of a worker, so that its fork stack is the smallest too. */
#define SMALL_STACK ((size_t)256 * 1024)

MAG_SPAWNABLE(counted, uint64_t *, counter)
static int counted(mag_fork w, uint64_t *counter)
{
    (void)w;
    ++*counter;
    return 0;
}

/* On one worker, so that a plain counter is enough. */
MAG_FORKABLE(int, crowd, uint64_t *, counter, uint64_t, children)
static int crowd(mag_fork w, uint64_t *counter, uint64_t children)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    for (uint64_t i = 0; i < children; i++)
        counted_spawn(&w, &scope, counter);
    return mag_scope_join(&w, &scope);
}

static struct mag_sched *start_with(uint32_t workers, size_t stack)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.stack_size = stack;
    config.spare = 0; /* children count without atomics on one worker */
    return test_sched_try_as(&config);
}

static void more_children_can_wait_than_are_promised(void **state)
{
    struct mag_sched *sched = test_sched_try(2);
    (void)state;

    assert_non_null(sched);
    assert_true(flat_sums_up(sched, MANY));
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- little address space */

/* In a child process: 0, or the check that failed. */
static int runs_in_little_space(void *arg)
{
    struct mag_sched *sched;
    uint64_t counter = 0;
    int error = 1;

    (void)arg;
    if (!test_limit_more(RLIMIT_AS, (size_t)1024 * MIB))
        return 1;
    sched = test_sched_try_alone(1);
    if (sched == NULL)
        return 2;
    if (!flat_sums_up(sched, 1000000))
        return 3;
    if (crowd_run(sched, &error, &counter, 2 * (uint64_t)MANY) != 0 || error != 0)
        return 4;
    mag_sched_destroy(sched);
    return counter == 2 * (uint64_t)MANY ? 0 : 5;
}

static int starts_nothing_in_less(void *arg)
{
    struct mag_sched *sched = NULL;
    struct mag_sched_config config = test_sched_config(1);

    (void)arg;
    if (!test_limit_more(RLIMIT_AS, MIB / 4))
        return 1;
    return mag_sched_start(&config, &sched) == -ENOMEM && sched == NULL ? 0 : 2;
}

static void with_little_address_space_stacks_hold_what_is_promised(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(runs_in_little_space, NULL), 0);
}

static void without_address_space_the_start_is_refused(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(starts_nothing_in_less, NULL), 0);
}

/* ----------------------------------------------------------- beyond the limit */

/* Exit codes of a child process that was not stopped. */
enum { NOT_LIMITED = 101, NOT_STARTED = 102, NOT_STOPPED = 103 };

static int forks_too_many(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct mag_sched *sched;

    /* Removes the handler of cmocka. */
    if (signal(SIGSEGV, SIG_DFL) == SIG_ERR || setrlimit(RLIMIT_CORE, &none) != 0 ||
        !test_limit_more(RLIMIT_AS, (size_t)1024 * MIB))
        return NOT_LIMITED;
    sched = start_with(1, SMALL_STACK);
    if (sched == NULL)
        return NOT_STARTED;
    (void)flat_sums_up(sched, MANY);
    return NOT_STOPPED;
}

static void children_beyond_the_room_stop_at_the_guard(void **state)
{
    int status = 0;
    (void)state;

    test_skip_without_child_threads();
    pid_t child = fork();
    if (child == 0)
        _exit(forks_too_many());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
#ifdef __SANITIZE_ADDRESS__
    /* The sanitizer catches the signal, and exits in its own way. */
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) < NOT_LIMITED);
#else
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
#endif
}

/* ------------------------------------------------------------------- recursion */

/* The bytes of a fork stack for one worker with a C stack of so many bytes; 0: there is
 * none. */
static size_t bytes_for(size_t c_stack)
{
    struct mag_settings settings = {.config = {.stack_size = c_stack}};

    return mag_settings_fit(&settings, 1) == 0 ? settings.fork_bytes : 0;
}

/* The depth of a recursion on such a C stack.  An empty function that calls takes 16
 * bytes, and every fork needs a call. */
static uint64_t recursion_on(size_t c_stack)
{
    return (uint64_t)c_stack / 16;
}

static void each_stack_holds_what_a_recursion_can_fork(void **state)
{
    static const size_t c_stacks[] = {(size_t)64 << 10, (size_t)8 << 20, (size_t)64 << 20,
                                      (size_t)1 << 30};
    (void)state;

    for (unsigned i = 0; i < sizeof(c_stacks) / sizeof(c_stacks[0]); i++)
        assert_true(mag_fork_slots_in(bytes_for(c_stacks[i])) >=
                    MAG_FORK_WAITING_MAX + recursion_on(c_stacks[i]));
}

/* In a child process: 0, or the check that failed. */
static int keeps_room_for_a_recursion(void *arg)
{
    const size_t c_stack = (size_t)8 * MIB;
    struct mag_fork_stack *stack;
    void *memory;

    (void)arg;
    if (!test_limit_more(RLIMIT_AS, (size_t)1024 * MIB))
        return 1;
    size_t bytes = bytes_for(c_stack);
    if (bytes == 0 || mag_fork_stack_map(bytes, &bytes, &memory) != 0)
        return 2;
    stack = mag_fork_stack_init(memory, bytes, MAG_SCHED_FORKS_MAX, false);
    return (uint64_t)(stack->end - stack->most) >= recursion_on(c_stack) ? 0 : 3;
}

static void with_little_address_space_a_full_stack_has_room_for_a_recursion(void **state)
{
    (void)state;
    assert_int_equal(test_in_child(keeps_room_for_a_recursion, NULL), 0);
}

static void a_c_stack_beyond_all_fork_stacks_has_the_largest(void **state)
{
    (void)state;
    assert_true(bytes_for((size_t)4 << 30) == MAG_FORK_STACK_SPAN);
    assert_true(bytes_for(SIZE_MAX) == MAG_FORK_STACK_SPAN);
}

/* How far the deepest call has come: on the C stack, and on the fork stack. */
static uintptr_t c_top;
static uintptr_t fork_top;

MAG_FORKABLE(uint64_t, dive, uint64_t, depth)
static uint64_t dive(mag_fork w, uint64_t depth)
{
    if (depth == 0)
        return 1;
    c_top = (uintptr_t)__builtin_frame_address(0);
    fork_top = (uintptr_t)w.top;
    struct dive_child child = dive_fork(&w, 0);
    uint64_t sum = dive(w, depth - 1);
    return sum + dive_join(&w, child);
}

enum { ENDED_IN_C = 11, ENDED_IN_FORKS = 12 };

static uintptr_t distance(uintptr_t a, uintptr_t b)
{
    return a < b ? b - a : a - b;
}

static void tell_where(int signal, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;

    (void)signal;
    (void)context;
    _exit(distance(at, c_top) < distance(at, fork_top) ? ENDED_IN_C : ENDED_IN_FORKS);
}

/* A signal handler needs a stack of its own when the C stack is full. */
static void use_another_stack(uint32_t worker, void *arg)
{
    static char other[64 * 1024];
    const stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};

    (void)worker;
    (void)arg;
    (void)sigaltstack(&stack, NULL);
}

static int dives(void *arg)
{
    struct sigaction action = {.sa_sigaction = tell_where,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct mag_sched *sched = NULL;
    uint64_t result;
    struct mag_sched_config config = test_sched_config(1);

    (void)arg;
    config.stack_size = (size_t)128 * MIB;
    config.on_start = use_another_stack;
    if (!test_limit_more(RLIMIT_AS, (size_t)4096 * MIB) ||
        sigaction(SIGSEGV, &action, NULL) != 0 || mag_sched_start(&config, &sched) != 0)
        return 1;
    return dive_run(sched, &result, UINT64_MAX) == 0 ? 2 : 3;
}

static void a_recursion_without_end_ends_where_the_c_stack_does(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    assert_int_equal(test_in_child(dives, NULL), ENDED_IN_C);
}

static void a_scope_has_no_limit(void **state)
{
    struct mag_sched *sched = test_sched_try_alone(1);
    uint64_t counter = 0;
    int error = 1;
    (void)state;

    assert_non_null(sched);
    assert_int_equal(crowd_run(sched, &error, &counter, 20000000), 0);
    assert_int_equal(error, 0);
    assert_int_equal(counter, 20000000);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First the tests in child processes, while this process is small. */
        cmocka_unit_test(with_little_address_space_stacks_hold_what_is_promised),
        cmocka_unit_test(without_address_space_the_start_is_refused),
        cmocka_unit_test(children_beyond_the_room_stop_at_the_guard),
        cmocka_unit_test(each_stack_holds_what_a_recursion_can_fork),
        cmocka_unit_test(with_little_address_space_a_full_stack_has_room_for_a_recursion),
        cmocka_unit_test(a_c_stack_beyond_all_fork_stacks_has_the_largest),
        cmocka_unit_test(a_recursion_without_end_ends_where_the_c_stack_does),
        cmocka_unit_test(more_children_can_wait_than_are_promised),
        cmocka_unit_test(a_scope_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
