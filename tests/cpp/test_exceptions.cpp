/*
 * Exceptions and forks in C++: what a guard drops, how a function goes on after a catch,
 * and where an exception ends the program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
#include <cmocka.h>
}

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <pthread.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

static constexpr long pattern = 0x1234;

struct notes {
    long magic;
};

static std::atomic<bool> caught;
static std::atomic<long> late, dead, begun, go_on;

struct large {
    long words[20];
};

MAG_FORKABLE(long, child, notes *, from, int, number)
static long child(mag_fork w, notes *from, int number)
{
    (void)w;
    begun++;
    late += caught;
    while (number == 0 && go_on == 0)
        std::this_thread::yield();
    dead += from->magic != pattern;
    return number;
}

MAG_FORKABLE(large, large_child, large, from)
static large large_child(mag_fork w, large from)
{
    (void)w;
    return from;
}

__attribute__((noinline)) static long parent(mag_fork w, bool throws, bool wait)
{
    notes own{pattern};
    mag_fork_guard guard(w);
    struct child_child children[8];
    large some{{1}};

    go_on = !wait;
    for (int i = 0; i < 8; i++)
        children[i] = child_fork(&w, &own, i);
    struct large_child_child block = large_child_fork(&w, some);
    while (wait && begun == 0)
        std::this_thread::yield();
    /* The thief of the first child goes on while the guard waits for it. */
    std::thread later([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        go_on = 1;
    });
    later.detach();
    if (throws)
        throw std::runtime_error("after the forks");
    long sum = large_child_join(&w, block).words[0];
    for (int i = 7; i >= 0; i--)
        sum += child_join(&w, children[i]);
    return sum;
}

__attribute__((noinline)) static void scribble()
{
    volatile char room[4096];

    for (auto &byte : room)
        byte = 0x5a;
}

MAG_FORKABLE(long, root, int, rounds, bool, wait)
static long root(mag_fork w, int rounds, bool wait)
{
    long wrong = 0;

    for (int i = 0; i < rounds; i++) {
        caught = false;
        begun = 0;
        try {
            (void)parent(w, true, wait);
            wrong++;
        } catch (const std::runtime_error &) {
            caught = true;
        }
        scribble();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        scribble();
        /* Works as before for the next fork. */
        caught = false;
        go_on = 1;
        notes mine{pattern};
        struct child_child one = child_fork(&w, &mine, 5);
        wrong += child_join(&w, one) != 5;
        wrong += parent(w, false, false) != 29;
    }
    return wrong;
}

static void a_guard_drops_what_an_exception_leaves(void **)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = nullptr;
        long wrong = -1;

        config.workers = workers;
        late = dead = 0;
        assert_int_equal(mag_sched_start(&config, &sched), 0);
        assert_int_equal(root_run(sched, &wrong, 50, workers > 1), 0);
        assert_int_equal(wrong, 0);
        assert_int_equal(late, 0);
        assert_int_equal(dead, 0);
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------------------- ranges */

MAG_FORKABLE_RANGE(long, ranged, notes *, from)
static long ranged(mag_fork w, std::size_t index, notes *from)
{
    return child(w, from, static_cast<int>(index) + 1);
}

static void ranged_combine(long *sum, const long *other)
{
    *sum += *other;
}

MAG_FORKABLE_RANGE_VOID(counted, std::atomic<long> *, count)
static void counted(mag_fork w, std::size_t index, std::atomic<long> *count)
{
    (void)w;
    *count += static_cast<long>(index);
}

__attribute__((noinline)) static long range_parent(mag_fork w, bool leaves)
{
    notes own{pattern};
    mag_fork_guard guard(w);
    struct ranged_range range = ranged_fork_range(&w, 0, 8, &own);

    if (leaves)
        throw std::runtime_error("after the fork");
    return ranged_join_range(&w, range);
}

MAG_FORKABLE(long, range_root, int, rounds)
static long range_root(mag_fork w, int rounds)
{
    long wrong = 0;

    for (int i = 0; i < rounds; i++) {
        std::atomic<long> count(0);

        caught = false;
        try {
            (void)range_parent(w, true);
            wrong++;
        } catch (const std::runtime_error &) {
            caught = true;
        }
        scribble();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        scribble();
        /* Works as before for the next fork. */
        caught = false;
        wrong += range_parent(w, false) != 36;
        struct counted_range range = counted_fork_range(&w, 0, 5, &count);
        counted_join_range(&w, range);
        wrong += count != 10;
    }
    return wrong;
}

static void a_guard_drops_the_range_that_an_exception_leaves(void **)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = nullptr;
        long wrong = -1;

        config.workers = workers;
        late = dead = 0;
        assert_int_equal(mag_sched_start(&config, &sched), 0);
        assert_int_equal(range_root_run(sched, &wrong, 50), 0);
        assert_int_equal(wrong, 0);
        assert_int_equal(late, 0);
        assert_int_equal(dead, 0);
        mag_sched_destroy(sched);
    }
}

/* --------------------------------------------- where an exception ends the program */

MAG_FORKABLE(long, throws, int, number)
static long throws(mag_fork w, int number)
{
    (void)w;
    if (number >= 0)
        throw std::runtime_error("out of a forked function");
    return number;
}

MAG_FORKABLE_VOID(throws_quietly, int, number)
static void throws_quietly(mag_fork w, int number)
{
    (void)throws(w, number);
}

enum place { AT_JOIN, AT_VOID_JOIN, AT_STEAL, AT_RUN, AT_JOB, PLACES };

MAG_FORKABLE(long, catches, int, place)
static long catches(mag_fork w, int place)
{
    try {
        if (place == AT_VOID_JOIN) {
            struct throws_quietly_child one = throws_quietly_fork(&w, 1);
            throws_quietly_join(&w, one);
        } else {
            struct throws_child one = throws_fork(&w, 1);
            if (place == AT_STEAL)
                std::this_thread::sleep_for(std::chrono::seconds(30));
            (void)throws_join(&w, one);
        }
    } catch (const std::exception &) {
        return 1;
    }
    return 0;
}

static void throwing_job(struct mag_job *)
{
    throw std::runtime_error("out of a job");
}

[[noreturn]] static void terminated()
{
    _exit(42);
}

static int run(int place)
{
    struct mag_sched_config config;
    struct mag_sched *sched = nullptr;
    static struct mag_job job = {};
    long result = 0;

    mag_sched_config_init(&config);
    config.workers = place == AT_STEAL ? 2 : 1;
    std::set_terminate(terminated);
    if (mag_sched_start(&config, &sched) != 0)
        return 1;
    job.run = throwing_job;
    try {
        if (place == AT_JOB && mag_sched_post(sched, &job) == 0)
            mag_sched_destroy(sched);
        else if (place == AT_RUN)
            (void)!throws_run(sched, &result, 1);
        else
            (void)!catches_run(sched, &result, place);
    } catch (...) {
        return 2;
    }
    return 3;
}

static void an_exception_out_of_a_forked_function_or_a_job_terminates(void **)
{
    for (int place = 0; place < PLACES; place++) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
            _exit(run(place));
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

/* --------------------------------------------------------------- threads that end */

struct unwound {
    ~unwound()
    {
        begun = 77;
    }
};

MAG_FORKABLE(long, ends, int, number)
static long ends(mag_fork w, int number)
{
    unwound witness;
    notes own{pattern};
    mag_fork_guard guard(w);

    go_on = 1;
    struct child_child one = child_fork(&w, &own, 1);
    if (number > 0)
        pthread_exit(nullptr);
    return child_join(&w, one);
}

MAG_FORKABLE(long, joins_ended, int, number)
static long joins_ended(mag_fork w, int number)
{
    struct ends_child one = ends_fork(&w, number);

    return ends_join(&w, one);
}

static void a_thread_ends_through_functions_of_cpp(void **)
{
    struct mag_sched *sched = nullptr;
    long result = 5;

    struct mag_sched_config config;
    mag_sched_config_init(&config);
    config.spare = 0; // a guest's thread would be this one
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    for (int i = 0; i < 20; i++) {
        begun = 0;
        assert_int_equal(ends_run(sched, &result, 1), -EOWNERDEAD);
        assert_int_equal(begun, 77);
        /* The thread that ends is the join's own, or the thief's. */
        int r = joins_ended_run(sched, &result, 1);
        assert_true(r == -EOWNERDEAD || (r == 0 && result == 0));
        result = 5;
        assert_int_equal(ends_run(sched, &result, 0), 0);
        assert_int_equal(result, 1);
    }
    mag_sched_destroy(sched);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exception_out_of_a_forked_function_or_a_job_terminates),
        cmocka_unit_test(a_guard_drops_what_an_exception_leaves),
        cmocka_unit_test(a_guard_drops_the_range_that_an_exception_leaves),
        cmocka_unit_test(a_thread_ends_through_functions_of_cpp),
    };

    return cmocka_run_group_tests_name("exceptions", tests, nullptr, nullptr);
}
