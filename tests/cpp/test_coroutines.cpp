/*
 * magpie.hpp in C++20: co_await on any value task, coroutines that are value tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/cpp/count_new.hpp"

#include <magpie/magpie.hpp>

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

MAG_VTASK_DEFINE(int_task, int)
struct point {
    double x, y, z;
};
MAG_VTASK_DEFINE(point_task, point)

/* ----------------------------------------------------------- what is awaited */

static std::atomic<long> alive{0};

/* Counts how many of it exist. */
struct counted {
    int number;

    explicit counted(int n) : number(n)
    {
        alive++;
    }
    counted(counted &&other) noexcept : number(other.number)
    {
        alive++;
    }
    counted(const counted &) = delete;
    ~counted()
    {
        alive--;
    }
};

static magpie::task<counted> make(mag_sched *sched, int number)
{
    co_await magpie::resume_on(sched);
    if (number % 7 == 3)
        throw std::runtime_error("seven");
    co_return counted(number);
}

static magpie::task<int> number_of(mag_sched *sched, int number)
{
    counted local(0);
    counted made = co_await make(sched, number);

    co_return made.number + local.number;
}

MAG_ASYNC(int_task, c_twice, (int_task, other), int n;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->n, f->other);
    return int_task_result(2 * f->n);
    MAG_END(f);
}

static magpie::task<double> await_c(mag_promise *promise)
{
    point where = co_await point_task_result(point{1, 2, 3});
    int small = co_await int_task_result(4);
    std::uint64_t word = co_await mag_promise_task(promise);

    co_await mag_task_done();
    co_return where.z + small + static_cast<double>(word);
}

static magpie::task<int> deep(int n)
{
    int below = 0;

    if (n > 0)
        below = 1 + co_await deep(n - 1);
    co_return below;
}

static magpie::task<> failing(int code)
{
    magpie::check(code);
    co_return;
}

/* ------------------------------------------------------------------- the tests */

static void results_and_exceptions_arrive_at_the_awaiter(void **)
{
    magpie::scheduler sched(2);
    long wrong = 0;

    for (int i = 0; i < 20000; i++) {
        auto number = number_of(sched, i);

        if (i % 5 == 0)
            continue; /* dropped, pending or not */
        try {
            wrong += number.get() != i || i % 7 == 3;
        } catch (const std::runtime_error &) {
            wrong += i % 7 != 3;
        }
    }
    assert_int_equal(wrong, 0);
    sched = magpie::scheduler(1); /* ends the first one: all have run */
    assert_int_equal(alive, 0);
}

static void a_coroutine_awaits_every_task_of_c_code(void **)
{
    mag_promise *promise = nullptr;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    auto sum = await_c(promise);
    assert_false(sum.ready());
    assert_int_equal(mag_promise_set_result(promise, 10), 0);
    assert_true(sum.get() == 17);
    mag_promise_release(promise);
}

static void c_code_awaits_a_coroutine(void **)
{
    magpie::scheduler sched(1);
    int value = 0;
    int_task inner = int_task_of(number_of(sched, 21).release());

    assert_int_equal(int_task_wait(c_twice(inner), &value), 0);
    assert_int_equal(value, 42);
    inner = int_task_of(number_of(sched, 3).release());
    assert_int_equal(int_task_wait(c_twice(inner), &value), -EIO);
}

static void a_code_crosses_as_itself(void **)
{
    int code = 0;

    try {
        failing(-EPIPE).get();
    } catch (const magpie::error &error) {
        code = error.code();
    }
    assert_int_equal(code, -EPIPE);
    assert_int_equal(mag_vtask_get(failing(-EPIPE).release(), nullptr), -EPIPE);
    assert_int_equal(mag_vtask_get(failing(-ECANCELED).release(), nullptr), -ECANCELED);
}

static void coroutines_nest_deeply(void **)
{
    assert_int_equal(deep(2000).get(), 2000);
}

static magpie::task<std::uint32_t> hop(mag_sched *first, mag_sched *second)
{
    co_await magpie::resume_on(first);
    bool there = mag_sched_self() == first;
    co_await magpie::resume_on(second);
    co_return there &&mag_sched_self() == second;
}

static void a_coroutine_moves_between_schedulers(void **)
{
    magpie::scheduler first(1);
    magpie::scheduler second(1);

    assert_int_equal(hop(first, second).get(), 1);
}

static void a_stopped_scheduler_refuses_with_an_exception(void **)
{
    magpie::scheduler sched(1);
    int code = 0;

    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, nullptr, nullptr), 0);
    try {
        (void)number_of(sched, 1).get();
    } catch (const magpie::error &error) {
        code = error.code();
    }
    assert_int_equal(code, -ESHUTDOWN);
}

static void nothing_is_allocated_after_warm_up(void **)
{
    magpie::scheduler sched(1);

    for (int i = 0; i < 100; i++)
        (void)number_of(sched, 7 * i).get();
    long before = allocations;
    for (int i = 0; i < 1000; i++)
        (void)number_of(sched, 7 * i).get();
    assert_int_equal(allocations - before, 0);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_exceptions_arrive_at_the_awaiter),
        cmocka_unit_test(a_coroutine_awaits_every_task_of_c_code),
        cmocka_unit_test(c_code_awaits_a_coroutine),
        cmocka_unit_test(a_code_crosses_as_itself),
        cmocka_unit_test(coroutines_nest_deeply),
        cmocka_unit_test(a_coroutine_moves_between_schedulers),
        cmocka_unit_test(a_stopped_scheduler_refuses_with_an_exception),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
