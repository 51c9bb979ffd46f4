/*
 * Children that are forked but not joined.  A debug build reports them with the name of
 * their function: at the next fork, at the next join, or when the surrounding forked
 * function returns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/debug.h>
#include <magpie/fork.h>
#include <magpie/fork_range.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(MAG_DEBUG_TASKS) && !defined(NDEBUG)

static shared begun;

/* What was reported first, and the number of reports. */
static struct {
    struct mag_misuse_watch watch;
    unsigned told;
    int code;
    char text[200];
} listener;

static void listen(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
{
    (void)watch;
    if (listener.told++ != 0)
        return;
    listener.code = misuse->code;
    if (misuse->text != NULL)
        (void)snprintf(listener.text, sizeof(listener.text), "%s", misuse->text);
}

MAG_FORKABLE(long, left, long, value)
static long left(mag_fork w, long value)
{
    (void)w;
    (void)add(&begun, 1);
    return value;
}

/* The most common mistake in C. */
MAG_FORKABLE(long, forgets, bool, forget)
static long forgets(mag_fork w, bool forget)
{
    struct left_child child = left_fork(&w, 1);

    if (forget)
        return -1;
    return left_join(&w, child);
}

/* The same, but only after a thief has taken the child, so that two workers take part. */
MAG_FORKABLE(long, forgets_taken, bool, forget)
static long forgets_taken(mag_fork w, bool forget)
{
    struct left_child child = left_fork(&w, 1);

    wait_until(&begun, 1);
    if (forget)
        return -1;
    return left_join(&w, child);
}

MAG_FORKABLE_VOID(quiet, bool, forget)
static void quiet(mag_fork w, bool forget)
{
    struct left_child child = left_fork(&w, 1);

    if (!forget)
        (void)left_join(&w, child);
}

struct shape {
    long words[20];
};

MAG_FORKABLE(struct shape, large, struct shape, shape)
static struct shape large(mag_fork w, struct shape shape)
{
    struct left_child child = left_fork(&w, 1);

    if (shape.words[0] == 0)
        (void)left_join(&w, child);
    return shape;
}

MAG_SPAWNABLE(spawned, bool, forget)
static int spawned(mag_fork w, bool forget)
{
    return forgets(w, forget) < 0 ? -EIO : 0;
}

MAG_FORKABLE_RANGE(long, many, bool, forget)
static long many(mag_fork w, size_t index, bool forget)
{
    return forgets(w, forget && index == 2);
}

static void many_combine(long *sum, const long *later)
{
    *sum += *later;
}

static long forgets_range(mag_fork w, bool forget)
{
    struct many_range range = many_fork_range(&w, 0, 4, false);

    if (forget)
        return -1;
    return many_join_range(&w, range);
}

enum place {
    AT_FORK,
    AT_FORK_STOLEN,
    AT_JOIN,
    AT_END,
    AT_INLINE_CHILD,
    AT_VOID_CHILD,
    AT_LARGE_CHILD,
    AT_SPAWNED,
    OLD_W,
    AT_RANGE_FORK,
    AT_RANGE_JOIN,
    IN_RANGE,
    RANGE_LEFT,
    PLACES,
};

static long in_child(mag_fork w, enum place place, bool forget)
{
    struct shape shape = {{forget}};

    if (place == AT_VOID_CHILD) {
        struct quiet_child child = quiet_fork(&w, forget);
        quiet_join(&w, child);
        return 0;
    }
    if (place == AT_LARGE_CHILD) {
        struct large_child child = large_fork(&w, shape);
        return large_join(&w, child).words[1];
    }
    struct forgets_child child = forgets_fork(&w, forget);
    return forgets_join(&w, child);
}

static long in_scope(mag_fork w, bool forget)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    spawned_spawn(&w, &scope, forget);
    return mag_scope_join(&w, &scope);
}

static long with_range(mag_fork w, enum place place, bool forget)
{
    struct many_range range;
    long sum = 0;

    if (place == RANGE_LEFT)
        return forgets_range(w, forget);
    if (place == AT_RANGE_FORK)
        sum = forgets(w, forget);
    range = many_fork_range(&w, 0, 4, place == IN_RANGE && forget);
    if (place == AT_RANGE_JOIN)
        sum = forgets(w, forget);
    return sum + many_join_range(&w, range);
}

MAG_FORKABLE(long, around, int, place, bool, forget)
static long around(mag_fork w, int place, bool forget)
{
    mag_fork old = w;
    struct left_child first;
    long sum = 0;

    switch (place) {
    case AT_FORK:
    case AT_FORK_STOLEN:
        sum = place == AT_FORK ? forgets(w, forget) : forgets_taken(w, forget);
        first = left_fork(&w, 10);
        return sum + left_join(&w, first);
    case AT_JOIN:
        first = left_fork(&w, 10);
        sum = forgets(w, forget);
        return sum + left_join(&w, first);
    case AT_END:
        return forgets(w, forget);
    case AT_SPAWNED:
        return in_scope(w, forget);
    case OLD_W:
        first = left_fork(&w, 10);
        sum = forgets(forget ? old : w, false);
        return sum + left_join(&w, first);
    case AT_RANGE_FORK:
    case AT_RANGE_JOIN:
    case IN_RANGE:
    case RANGE_LEFT:
        return with_range(w, (enum place)place, forget);
    default:
        return in_child(w, (enum place)place, forget);
    }
}

static const struct {
    const char *text;
    uint32_t workers;
} expected[PLACES] = {
    [AT_FORK] = {"fork of left: a child of left ", 1},
    [AT_FORK_STOLEN] = {"fork of left: a child of left ", 2},
    [AT_JOIN] = {"join of left: a child of left ", 1},
    [AT_END] = {"return of around: a child of left ", 1},
    [AT_INLINE_CHILD] = {"return of forgets: a child of left ", 1},
    [AT_VOID_CHILD] = {"return of quiet: a child of left ", 1},
    [AT_LARGE_CHILD] = {"return of large: a child of left ", 1},
    [AT_SPAWNED] = {"return of spawned: a child of left ", 1},
    [OLD_W] = {"fork of left: a child of left ", 1},
    [AT_RANGE_FORK] = {"fork of many: a child of left ", 1},
    [AT_RANGE_JOIN] = {"join of many: a child of left ", 1},
    [IN_RANGE] = {"return of many: a child of left ", 1},
    [RANGE_LEFT] = {"return of around: a child of many ", 1},
};

static int run(enum place place, bool forget)
{
    struct mag_sched *sched;
    long result;
    struct mag_sched_config config = test_sched_config(expected[place].workers);

    set(&begun, 0);
    int r = mag_sched_start(&config, &sched);
    if (r == 0) {
        r = around_run(sched, &result, (int)place, forget);
        mag_sched_destroy(sched);
    }
    return r;
}

static void a_forgotten_join_is_reported_with_names(void **state)
{
    (void)state;
    listener.watch.told = listen;
    (void)mag_debug_watch(&listener.watch);
    for (unsigned place = 0; place < PLACES; place++) {
        listener.told = 0;
        assert_int_equal(run((enum place)place, false), 0);
        assert_int_equal(listener.told, 0);
        assert_int_equal(run((enum place)place, true), 0);
        assert_true(listener.told >= 1);
        assert_int_equal(listener.code, MAG_E_JOIN);
        assert_int_equal(
            strncmp(listener.text, expected[place].text, strlen(expected[place].text)),
            0);
    }
    (void)mag_debug_watch(NULL);
}

enum { NOT_STOPPED = 102 };

static int runs_without_watch(enum place place)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || freopen("/dev/null", "w", stderr) == NULL ||
        signal(SIGABRT, SIG_DFL) == SIG_ERR)
        return 1;
    return run(place, true) == 0 ? NOT_STOPPED : 1;
}

static void without_a_watch_a_forgotten_join_fails_an_assertion(void **state)
{
    (void)state;
    for (unsigned place = 0; place < PLACES; place++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0)
            _exit(runs_without_watch((enum place)place));
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

/* ------------------------------------------------------------- a thread that ends */

static void end_thread(struct mag_job *job)
{
    (void)job;
    pthread_exit(NULL);
}

static void a_job_that_ends_its_thread_is_reported(void **state)
{
    struct mag_job job = {.run = end_thread};
    struct mag_sched *sched;
    (void)state;

    listener.told = 0;
    listener.watch.told = listen;
    (void)mag_debug_watch(&listener.watch);
    assert_int_equal(mag_sched_start(NULL, &sched), 0);
    assert_int_equal(mag_sched_post(sched, &job), 0);
    mag_sched_destroy(sched);
    (void)mag_debug_watch(NULL);
    assert_int_equal(listener.told, 1);
    assert_int_equal(listener.code, MAG_E_THREAD);
    assert_true(mag_is_misuse(listener.code));
}

#else

static void skip_this(void **state)
{
    (void)state;
    print_message("skipped: this is not a debug build\n");
    skip();
}

static void without_a_watch_a_forgotten_join_fails_an_assertion(void **state)
{
    skip_this(state);
}

static void a_forgotten_join_is_reported_with_names(void **state)
{
    skip_this(state);
}

static void a_job_that_ends_its_thread_is_reported(void **state)
{
    skip_this(state);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_watch_a_forgotten_join_fails_an_assertion),
        cmocka_unit_test(a_forgotten_join_is_reported_with_names),
        cmocka_unit_test(a_job_that_ends_its_thread_is_reported),
    };

    return cmocka_run_group_tests_name("forgotten joins", tests, NULL, NULL);
}
