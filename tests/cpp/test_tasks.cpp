/*
 * magpie.hpp in C++17: schedulers, fork-join with lambdas, tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.hpp>

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#include <atomic>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

MAG_VTASK_DEFINE(int_task, int)
struct point {
    double x, y, z;
};
MAG_VTASK_DEFINE(point_task, point)

static long fib(magpie::fork_stack w, int n)
{
    long a = 0;
    long b = 0;

    if (n < 2)
        return n;
    magpie::invoke(
        w, [&](magpie::fork_stack v) { b = fib(v, n - 2); },
        [&](magpie::fork_stack v) { a = fib(v, n - 1); });
    return a + b;
}

static void lambdas_fork_and_join(void **)
{
    for (std::uint32_t workers = 1; workers <= 3; workers++) {
        magpie::scheduler sched(workers);

        assert_int_equal(sched.workers(), workers);
        assert_int_equal(sched.run([](mag_fork w) { return fib(w, 22); }), 17711);
    }
}

static void a_run_may_return_what_can_only_be_moved(void **)
{
    magpie::scheduler sched(1);
    auto text = sched.run([] { return std::make_unique<std::string>("moved"); });

    assert_string_equal(text->c_str(), "moved");
}

/* Which exception left a call that threw: 'f', 'g', or 0. */
template <class C> static char thrown_by(C call)
{
    try {
        call();
    } catch (const std::runtime_error &thrown) {
        return thrown.what()[0];
    }
    return 0;
}

static void an_exception_of_a_lambda_leaves_the_call(void **)
{
    magpie::scheduler sched(2);
    auto both = [&](bool f_throws, bool g_throws) {
        return thrown_by([&] {
            sched.run([&](mag_fork w) {
                magpie::invoke(
                    w,
                    [&] {
                        if (f_throws)
                            throw std::runtime_error("f");
                    },
                    [&] {
                        std::this_thread::yield();
                        if (g_throws)
                            throw std::runtime_error("g");
                    });
            });
        });
    };

    for (int i = 0; i < 200; i++) {
        assert_int_equal(both(false, false), 0);
        assert_int_equal(both(true, false), 'f');
        assert_int_equal(both(false, true), 'g');
        assert_int_equal(both(true, true), 'g');
    }
}

static void a_stolen_lambda_may_throw(void **)
{
    magpie::scheduler sched(2);
    std::atomic<bool> begun{false};

    assert_int_equal(thrown_by([&] {
                         sched.run([&](mag_fork w) {
                             magpie::invoke(
                                 w,
                                 [&] {
                                     begun = true;
                                     throw std::runtime_error("f");
                                 },
                                 [&] {
                                     while (!begun)
                                         std::this_thread::yield();
                                 });
                         });
                     }),
                     'f');
}

static void a_scheduler_can_be_moved(void **)
{
    magpie::scheduler first(1);
    mag_sched *raw = first.get();
    magpie::scheduler second(std::move(first));
    magpie::scheduler third(2);

    assert_ptr_equal(second.get(), raw);
    assert_null(first.get());
    third = std::move(second);
    assert_ptr_equal(third.get(), raw);
    assert_ptr_equal(magpie::scheduler::shared().get(),
                     magpie::scheduler::shared().get());
}

static void a_wrong_configuration_throws_its_code(void **)
{
    mag_sched_config config = magpie::scheduler::defaults();
    int code = 0;

    config.workers = MAG_SCHED_WORKERS_MAX + 1;
    try {
        magpie::scheduler sched(config);
    } catch (const magpie::error &error) {
        code = error.code();
        assert_string_equal(error.what(), mag_error_text(code));
    }
    assert_int_equal(code, -EINVAL);
}

static void a_value_is_a_task_that_is_complete(void **)
{
    magpie::task<int> number(42);
    magpie::task<std::string> text("some");
    auto none = magpie::task<>::done();

    assert_true(number.ready() && text.ready() && none.ready());
    assert_int_equal(number.get(), 42);
    assert_string_equal(text.get().c_str(), "some");
    none.get();
    assert_false(static_cast<bool>(number));
}

static void a_task_is_consumed_once(void **)
{
    magpie::task<int> number(42);
    int code = 0;

    assert_int_equal(number.get(), 42);
    try {
        (void)number.get();
    } catch (const magpie::error &error) {
        code = error.code();
    }
    assert_int_equal(code, MAG_E_TOKEN);
}

static void a_task_of_c_code_is_read(void **)
{
    auto small = magpie::task<int>::from_typed(int_task_result(7));
    auto large = magpie::task<point>::from_typed(point_task_result(point{1, 2, 3}));
    auto failed = magpie::task<int>::from(mag_vtask_failed(-EIO, 0));
    auto gone = magpie::task<int>::from(mag_vtask_failed(-ECANCELED, 0));
    int code = 0;
    bool was_canceled = false;

    assert_int_equal(small.get(), 7);
    assert_true(large.get().z == 3);
    try {
        (void)failed.get();
    } catch (const magpie::error &error) {
        code = error.code();
    }
    assert_int_equal(code, -EIO);
    try {
        (void)gone.get();
    } catch (const magpie::canceled &) {
        was_canceled = true;
    }
    assert_true(was_canceled);
}

static void a_task_is_given_to_c_code(void **)
{
    int value = 0;

    assert_int_equal(int_task_wait(int_task_of(magpie::task<int>(9).release()), &value),
                     0);
    assert_int_equal(value, 9);
}

static void a_wait_blocks_until_another_thread_completes(void **)
{
    mag_promise *promise = nullptr;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    auto pending = magpie::task<int>::from(mag_promise_task(promise));
    int r = -1;
    std::thread completer([&] { r = mag_promise_set_result(promise, 5); });

    assert_int_equal(pending.get(), 5);
    completer.join();
    assert_int_equal(r, 0);
    mag_promise_release(promise);
}

static void a_wait_on_a_worker_is_an_error(void **)
{
    magpie::scheduler sched(1);
    mag_promise *promise = nullptr;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    int code = sched.run([&] {
        auto pending = magpie::task<int>::from(mag_promise_task(promise));

        try {
            (void)pending.get();
        } catch (const magpie::error &error) {
            return error.code();
        }
        return 0;
    });
    assert_int_equal(code, -EDEADLK);
    mag_promise_release(promise);
}

/* ------------------------------------------------------------------------ loops */

static void a_loop_calls_its_lambda_for_each_index(void **)
{
    magpie::scheduler sched(2);
    std::vector<int> count(10007);
    std::vector<long> sums(mag_sched_capacity(sched));
    long sum = 0;

    magpie::for_each(sched, 0, count.size(), [&](std::size_t i) { count[i]++; });
    magpie::for_each(sched, 0, count.size(), [&](mag_range range) {
        for (std::size_t i = range.begin; i < range.end; i++)
            count[i]++;
    });
    magpie::for_each(sched, 0, count.size(),
                     [&](mag_range range, std::uint32_t slot) {
                         for (std::size_t i = range.begin; i < range.end; i++)
                             sums[slot] += ++count[i];
                     },
                     {});
    sched.run([&](mag_fork w) {
        magpie::for_each(w, 0, count.size(), [&](std::size_t i) { count[i]++; });
    });
    for (int one : count)
        assert_int_equal(one, 4);
    for (long one : sums)
        sum += one;
    assert_int_equal(sum, 3 * 10007);
}

static void the_first_exception_in_order_leaves_a_loop(void **)
{
    magpie::scheduler sched(2);

    for (int i = 0; i < 100; i++)
        assert_int_equal(thrown_by([&] {
                             magpie::for_each(sched, 0, 1000, [](std::size_t n) {
                                 if (n == 300)
                                     throw std::runtime_error("first");
                                 if (n > 300)
                                     throw std::runtime_error("later");
                             });
                         }),
                         'f');
}

/* ------------------------------------------------------------------- submitting */

static void a_lambda_is_submitted_and_its_result_is_a_task(void **)
{
    magpie::scheduler sched(2);
    auto owned = std::make_unique<int>(20);
    auto number = magpie::submit(sched, [p = std::move(owned)] { return *p + 1; });
    auto text = magpie::submit(sched, [] { return std::make_unique<std::string>("t"); });
    auto nothing = magpie::submit(sched, [] {});
    auto failed = magpie::submit(sched, []() -> int { throw std::runtime_error("f"); });

    assert_int_equal(number.get(), 21);
    assert_string_equal(text.get()->c_str(), "t");
    nothing.get();
    assert_int_equal(thrown_by([&] { (void)failed.get(); }), 'f');
}

static std::atomic<long> alive{0};

struct counted {
    counted()
    {
        alive++;
    }
    counted(const counted &)
    {
        alive++;
    }
    ~counted()
    {
        alive--;
    }
};

static void what_a_lambda_owns_is_destroyed_whatever_becomes_of_it(void **)
{
    int refused = 0;

    {
        magpie::scheduler sched(1);

        for (int i = 0; i < 1000; i++) {
            auto task = magpie::submit(sched, [own = counted()] { return own; });

            if (i % 2 == 0)
                (void)task.get();
        }
        assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, nullptr, nullptr), 0);
        try {
            (void)magpie::submit(sched, [own = counted()] { return own; });
        } catch (const magpie::error &error) {
            refused = error.code();
        }
    }
    assert_int_equal(refused, -ESHUTDOWN);
    assert_int_equal(alive, 0);
}

static void a_canceled_submission_throws_at_whoever_waits(void **)
{
    magpie::scheduler sched(1);
    std::atomic<bool> begun{false};
    std::atomic<bool> go_on{false};
    bool was_canceled = false;
    auto first = magpie::submit(sched, [&] {
        begun = true;
        while (!go_on)
            std::this_thread::yield();
    });

    while (!begun)
        std::this_thread::yield();
    auto second = magpie::submit(sched, [] { return 1; });
    assert_int_equal(mag_sched_stop_begin(sched, MAG_SCHED_CANCEL), 0);
    go_on = true;
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, nullptr, nullptr), 0);
    first.get();
    try {
        (void)second.get();
    } catch (const magpie::canceled &) {
        was_canceled = true;
    }
    assert_true(was_canceled);
}

static void a_lambda_may_end_its_thread(void **)
{
    magpie::scheduler sched(1);
    int code = 0;

    try {
        magpie::submit(sched, [] { pthread_exit(nullptr); }).get();
    } catch (const magpie::error &error) {
        code = error.code();
    }
    assert_int_equal(code, -EOWNERDEAD);
    assert_int_equal(magpie::submit(sched, [] { return 5; }).get(), 5);
}

/* --------------------------------------------------------------- groups, teams */

static void a_group_waits_for_its_lambdas_and_throws_what_the_first_threw(void **)
{
    magpie::scheduler sched(2);
    std::atomic<int> runs{0};
    magpie::group group(sched, 1);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++)
            group.add([&runs, own = counted()] {
                (void)own;
                runs++;
            });
        group.wait();
    }
    assert_int_equal(runs, 300);
    group.add([] { throw std::runtime_error("first"); });
    group.add([] { throw std::logic_error("never seen"); });
    assert_int_equal(thrown_by([&] { group.wait(); }), 'f');
    group.add([&] { runs++; });
    group.wait();
    assert_int_equal(runs, 301);
    assert_int_equal(alive, 0);
}

static void a_group_that_is_destroyed_withdraws_what_has_not_begun(void **)
{
    magpie::scheduler sched(1);
    std::atomic<bool> begun{false};
    std::atomic<bool> go_on{false};

    {
        magpie::group group(sched);

        group.add([&] {
            begun = true;
            while (!go_on)
                std::this_thread::yield();
        });
        while (!begun)
            std::this_thread::yield();
        for (int i = 0; i < 100; i++)
            group.add([own = counted()] { (void)own; });
        group.cancel();
        assert_true(group.is_canceled());
        go_on = true;
    }
    assert_int_equal(alive, 0);
}

static void a_team_runs_a_lambda_and_throws_what_a_member_threw(void **)
{
    magpie::scheduler sched(2);
    std::atomic<int> arrived{0};

    magpie::run_team(sched, 2, [&](mag_team *team, std::uint32_t) {
        arrived++;
        mag_team_barrier(team);
        if (arrived != 2)
            throw std::logic_error("alone");
    });
    assert_int_equal(thrown_by([&] {
                         magpie::run_team(sched, 2, [](std::uint32_t member) {
                             if (member == 1)
                                 throw std::runtime_error("one");
                         });
                     }),
                     'o');
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lambdas_fork_and_join),
        cmocka_unit_test(a_run_may_return_what_can_only_be_moved),
        cmocka_unit_test(an_exception_of_a_lambda_leaves_the_call),
        cmocka_unit_test(a_stolen_lambda_may_throw),
        cmocka_unit_test(a_scheduler_can_be_moved),
        cmocka_unit_test(a_wrong_configuration_throws_its_code),
        cmocka_unit_test(a_value_is_a_task_that_is_complete),
        cmocka_unit_test(a_task_is_consumed_once),
        cmocka_unit_test(a_task_of_c_code_is_read),
        cmocka_unit_test(a_task_is_given_to_c_code),
        cmocka_unit_test(a_wait_blocks_until_another_thread_completes),
        cmocka_unit_test(a_wait_on_a_worker_is_an_error),
        cmocka_unit_test(a_loop_calls_its_lambda_for_each_index),
        cmocka_unit_test(the_first_exception_in_order_leaves_a_loop),
        cmocka_unit_test(a_lambda_is_submitted_and_its_result_is_a_task),
        cmocka_unit_test(what_a_lambda_owns_is_destroyed_whatever_becomes_of_it),
        cmocka_unit_test(a_canceled_submission_throws_at_whoever_waits),
        cmocka_unit_test(a_lambda_may_end_its_thread),
        cmocka_unit_test(a_group_waits_for_its_lambdas_and_throws_what_the_first_threw),
        cmocka_unit_test(a_group_that_is_destroyed_withdraws_what_has_not_begun),
        cmocka_unit_test(a_team_runs_a_lambda_and_throws_what_a_member_threw),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
