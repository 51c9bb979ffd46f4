/*
 * magpie.hpp: channels, locks and lazy values; with C++20 also awaited in coroutines.
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
#undef fail /* a channel has a function of this name */

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/* The code of the magpie::error that a call throws; 0: none. */
template <class C> static int code_of(C call)
{
    try {
        call();
    } catch (const magpie::error &thrown) {
        return thrown.code();
    }
    return 0;
}

/* Counts the objects of its kind that live. */
struct counted {
    explicit counted(int n) : number(n)
    {
        alive++;
    }
    counted(counted &&other) noexcept : number(other.number)
    {
        alive++;
    }
    counted &operator=(counted &&) noexcept = default;
    ~counted()
    {
        alive--;
    }
    static std::atomic<int> alive;
    int number;
};
std::atomic<int> counted::alive{0};

/* An operation that was dropped ends its item on a worker. */
static void wait_until_none_is_alive()
{
    while (counted::alive != 0)
        std::this_thread::yield();
}

template <class T> static void send_and_receive(T (*make)(int), int (*read)(const T &))
{
    magpie::channel<T> channel(4);
    std::thread sender([&] {
        for (int i = 0; i < 1000; i++)
            channel.send(make(i)).get();
        channel.close();
    });
    int expected = 0;

    while (auto got = channel.next().get())
        assert_int_equal(read(*got), expected++);
    assert_int_equal(expected, 1000);
    sender.join();
    assert_int_equal(code_of([&] { (void)channel.receive().get(); }), MAG_CHANNEL_END);
    assert_int_equal(code_of([&] { channel.send(make(1)).get(); }), MAG_CHANNEL_CLOSED);
}

static void items_of_any_movable_type_arrive_in_their_order(void **)
{
    send_and_receive<int>([](int i) { return i; }, [](const int &i) { return i; });
    send_and_receive<std::string>(
        [](int i) { return std::to_string(i); },
        [](const std::string &text) { return std::stoi(text); });
    send_and_receive<std::unique_ptr<int>>(
        [](int i) { return std::make_unique<int>(i); },
        [](const std::unique_ptr<int> &i) { return *i; });
}

static void no_item_is_lost_or_left(void **)
{
    {
        magpie::channel<counted> channel(2);

        channel.send(counted(1)).get();
        counted kept(2);
        assert_true(channel.try_send(std::move(kept)));
        assert_false(channel.try_send(counted(3)));
        {
            auto waits = channel.send(counted(4)); /* dropped while it waits */
            assert_false(waits.ready());
        }
        assert_int_equal(channel.try_receive()->number, 1);
        assert_int_equal(channel.query().items, 2);
        auto fails = channel.send(counted(5));
        channel.close();
        assert_int_equal(code_of([&] { fails.get(); }), MAG_CHANNEL_CLOSED);
        assert_int_equal(channel.try_receive()->number, 2);
        assert_int_equal(code_of([&] { channel.send(counted(6)).get(); }),
                         MAG_CHANNEL_CLOSED);
    } /* one item is left */
    wait_until_none_is_alive();
    {
        magpie::channel<counted> channel(MAG_CHANNEL_UNBOUNDED);
        {
            auto waits = channel.receive(); /* dropped: its item is dropped too */
            assert_false(waits.ready());
        }
        channel.send(counted(1)).get();
        channel.send(counted(2)).get();
        assert_int_equal(channel.receive().get().number, 2);
    }
    wait_until_none_is_alive();
}

static void a_channel_has_priorities_and_batches(void **)
{
    auto channel = magpie::channel<int>::ordered(8);
    const int some[] = {1, 2, 3};
    int got[8];

    channel.send_many(some, 3).get();
    channel.send_at(4, MAG_PRIORITY_HIGH).get();
    assert_int_equal(channel.receive_many(got, 8).get(), 4);
    assert_int_equal(got[0], 4);
    assert_int_equal(got[3], 3);
    assert_true(channel.fail(-EPROTO));
    assert_int_equal(code_of([&] { (void)channel.next().get(); }), -EPROTO);
}

static void a_select_takes_one_item(void **)
{
    magpie::channel<int> numbers(4);
    magpie::channel<std::string> texts(4);

    texts.send("text").get();
    auto first = magpie::select(numbers, texts).get();
    assert_int_equal(first.index(), 1);
    assert_string_equal(std::get<1>(first)->c_str(), "text");

    std::thread sender([&] { numbers.send(7).get(); });
    auto second = magpie::select(numbers, texts).get();
    sender.join();
    assert_int_equal(second.index(), 0);
    assert_int_equal(*std::get<0>(second), 7);

    texts.close();
    auto third = magpie::select(numbers, texts).get();
    assert_int_equal(third.index(), 1);
    assert_false(std::get<1>(third).has_value());
}

static void a_wait_that_is_canceled_throws(void **)
{
    magpie::channel<int> channel(1);
    mag_cancel cancel{};

    auto waits = channel.receive(&cancel);
    mag_cancel_fire(&cancel);
    assert_int_equal(code_of([&] { (void)waits.get(); }), -ECANCELED);
}

static void guards_give_back_at_the_end_of_their_scope(void **)
{
    magpie::semaphore places(2);
    magpie::mutex mutex;
    magpie::rwlock lock;

    {
        auto one = places.acquire().get();
        auto two = places.try_acquire();
        assert_true(one && two);
        assert_false(bool(places.try_acquire()));
        two.release();
        assert_int_equal(places.available(), 1);
        auto held = mutex.lock().get();
        assert_false(bool(mutex.try_lock()));
        auto reader = lock.read_lock().get();
        assert_true(bool(lock.try_read_lock()));
        assert_false(bool(lock.try_write_lock()));
        magpie::semaphore::permit moved = std::move(one);
        assert_false(bool(one));
        assert_true(bool(moved));
    }
    assert_int_equal(places.available(), 2);
    assert_false(mutex.is_locked());
    assert_true(bool(lock.write_lock().get()));
}

static void a_lock_that_nobody_waits_for_any_more_is_given_back(void **)
{
    magpie::mutex mutex;
    auto held = mutex.lock().get();

    {
        auto waits = mutex.lock();
        assert_false(waits.ready());
    }
    held.release();
    assert_true(bool(mutex.lock().get()));
}

static void threads_take_turns_with_a_mutex(void **)
{
    magpie::mutex mutex;
    long count = 0;
    std::vector<std::thread> threads;

    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; i++) {
                auto held = mutex.lock().get();
                count++;
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    assert_int_equal(count, 4000);
}

static void events_and_latches_let_pass(void **)
{
    magpie::event event;
    magpie::event automatic(MAG_EVENT_AUTOMATIC, true);
    magpie::latch latch(2);

    assert_false(event.try_wait());
    auto waits = event.wait();
    event.set();
    waits.get();
    assert_true(event.is_set());
    event.reset();
    assert_false(event.is_set());
    assert_true(automatic.try_wait());
    assert_false(automatic.try_wait());
    latch.count_down();
    auto opens = latch.wait();
    assert_false(opens.ready());
    assert_int_equal(latch.left(), 1);
    latch.count_down();
    opens.get();
    assert_int_equal(code_of([&] { latch.count_down(); }), MAG_E_RELEASE);
}

static void a_lazy_value_is_computed_once_for_all(void **)
{
    magpie::scheduler sched(2);
    std::atomic<int> calls{0};
    magpie::lazy<long> value([&]() -> magpie::task<long> {
        calls++;
        return magpie::submit(sched, [] { return 42L; });
    });

    assert_false(value.peek().has_value());
    auto first = value.get();
    auto second = value.get();
    assert_int_equal(first.get(), 42);
    assert_int_equal(second.get(), 42);
    assert_int_equal(value.get().get(), 42);
    assert_int_equal(*value.peek(), 42);
    assert_int_equal(calls.load(), 1);
    value.reset();
    assert_int_equal(value.get().get(), 42);
    assert_int_equal(calls.load(), 2);
}

static void all_who_share_a_flight_get_its_exception(void **)
{
    magpie::scheduler sched(2);

    for (bool keep : {false, true}) {
        std::atomic<int> calls{0};
        std::atomic<bool> may_go{false};
        magpie::lazy<int> value(
            [&] {
                return magpie::submit(sched, [&]() -> int {
                    while (!may_go)
                        std::this_thread::yield();
                    if (++calls == 1)
                        throw std::runtime_error("flown");
                    return 7;
                });
            },
            keep);
        auto first = value.get();
        auto second = value.get();
        std::vector<std::string> texts;
        may_go = true;
        for (auto *get : {&first, &second}) {
            try {
                (void)get->get();
            } catch (const std::runtime_error &thrown) {
                texts.emplace_back(thrown.what());
            }
        }
        assert_int_equal(texts.size(), 2);
        bool thrown_again = false;
        try {
            assert_int_equal(value.get().get(), 7);
        } catch (const std::runtime_error &) {
            thrown_again = true;
        }
        assert_int_equal(thrown_again, keep);
    }
    /* A function that throws at once. */
    magpie::lazy<int> throws([]() -> int { throw std::runtime_error("at once"); });
    bool was_thrown = false;
    try {
        (void)throws.get().get();
    } catch (const std::runtime_error &) {
        was_thrown = true;
    }
    assert_true(was_thrown);
}

/* Sends, receives, waits and locks; items travel in objects from pools. */
static void use_all(magpie::channel<std::unique_ptr<int>> &channel, magpie::mutex &mutex,
                    magpie::lazy<int> &value)
{
    auto waits = channel.receive();
    channel.send(nullptr).get();
    assert_true(waits.get() == nullptr);
    auto held = mutex.lock().get();
    auto next = mutex.lock();
    held.release();
    (void)next.get();
    value.reset();
    assert_int_equal(value.get().get(), 7);
}

static void nothing_is_allocated_after_warm_up(void **)
{
    magpie::channel<std::unique_ptr<int>> channel(4);
    magpie::mutex mutex;
    magpie::lazy<int> value([] { return 7; });

    for (int i = 0; i < 100; i++)
        use_all(channel, mutex, value);
    long before = allocations;
    for (int i = 0; i < 1000; i++)
        use_all(channel, mutex, value);
    assert_int_equal(allocations - before, 0);
}

#ifdef MAGPIE_HAS_COROUTINES
static magpie::task<> produce(mag_sched *sched, magpie::channel<std::string> &out,
                              magpie::semaphore &places)
{
    co_await magpie::resume_on(sched);
    for (int i = 0; i < 200; i++) {
        auto permit = co_await places.acquire();
        co_await out.send(std::to_string(i));
    }
    out.close();
}

static magpie::task<int> consume(mag_sched *sched, magpie::channel<std::string> &in,
                                 magpie::channel<int> &other, magpie::mutex &mutex)
{
    int sum = 0;

    co_await magpie::resume_on(sched);
    for (;;) {
        auto got = co_await magpie::select(in, other);
        auto held = co_await mutex.lock();
        if (got.index() == 1)
            sum += 1000000;
        else if (std::get<0>(got))
            sum += std::stoi(*std::get<0>(got));
        else
            co_return sum;
    }
}

static magpie::task<long> read_twice(mag_sched *sched, magpie::lazy<long> &value)
{
    co_await magpie::resume_on(sched);
    long first = co_await value.get();
    long second = co_await value.get();
    co_return first + second;
}

static void coroutines_await_all_of_them(void **)
{
    magpie::scheduler sched(2);
    magpie::channel<std::string> texts(3);
    magpie::channel<int> numbers(3);
    magpie::semaphore places(1);
    magpie::mutex mutex;
    magpie::lazy<long> value([] { return 21L; });

    auto producer = produce(sched, texts, places);
    auto consumer = consume(sched, texts, numbers, mutex);
    numbers.send(1).get();
    assert_int_equal(consumer.get() % 1000000, 199 * 200 / 2);
    producer.get();
    assert_int_equal(read_twice(sched, value).get(), 42);
}
#endif

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(items_of_any_movable_type_arrive_in_their_order),
        cmocka_unit_test(no_item_is_lost_or_left),
        cmocka_unit_test(a_channel_has_priorities_and_batches),
        cmocka_unit_test(a_select_takes_one_item),
        cmocka_unit_test(a_wait_that_is_canceled_throws),
        cmocka_unit_test(guards_give_back_at_the_end_of_their_scope),
        cmocka_unit_test(a_lock_that_nobody_waits_for_any_more_is_given_back),
        cmocka_unit_test(threads_take_turns_with_a_mutex),
        cmocka_unit_test(events_and_latches_let_pass),
        cmocka_unit_test(a_lazy_value_is_computed_once_for_all),
        cmocka_unit_test(all_who_share_a_flight_get_its_exception),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
#ifdef MAGPIE_HAS_COROUTINES
        cmocka_unit_test(coroutines_await_all_of_them),
#endif
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
