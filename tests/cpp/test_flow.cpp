/*
 * magpie.hpp: pipelines, graphs, loops whose bodies await, sequences, tickers and pipes;
 * with C++20 also awaited in coroutines.
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
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

/* What a call has thrown, as a text; "" if nothing. */
template <class C> static std::string thrown_by(C call)
{
    try {
        call();
    } catch (const std::exception &thrown) {
        return thrown.what();
    }
    return "";
}

/* An item that can only be moved, in a token that can be neither copied nor moved. */
struct page {
    page() = default;
    page(const page &) = delete;
    page &operator=(const page &) = delete;

    int number = 0;
    std::unique_ptr<std::string> text;
};

static void items_go_through_all_stages_in_order(void **)
{
    magpie::scheduler sched(2);
    magpie::pipeline<page> pages;
    std::string all;
    std::string expected;
    int next = 0;

    for (int i = 0; i < 500; i++)
        expected += i % 3 == 0 ? "" : std::to_string(i) + " ";
    pages
        .in_order([&](page &p) {
            p.number = next++;
            return p.number < 500;
        })
        .parallel([](page &p) { return p.number % 3 != 0; }, "skip")
        .parallel([](page &p) {
            p.text = std::make_unique<std::string>(std::to_string(p.number) + " ");
        })
        .parallel([&](page &p) { /* async; the token stays where it is */
                                 return magpie::submit(sched, [&p] { p.number++; });
        })
        .in_order([&](page &p) { all += *p.text; });
    for (int run = 0; run < 3; run++) {
        mag_pipeline_report report{};
        pages.options().report = &report;
        next = 0;
        all.clear();
        if (run < 2)
            pages.run(sched, 8);
        else
            pages.start(sched, 8).get();
        assert_true(all == expected);
        assert_string_equal(report.stages[1].name, "skip");
        assert_int_equal(report.items, 500);
    }
}

static void what_a_stage_throws_leaves_the_run(void **)
{
    magpie::scheduler sched(2);

    for (bool is_async : {false, true}) {
        magpie::pipeline<page> pages;
        std::atomic<int> dropped{0};
        int next = 0;
        int last = -1;
        auto check_page = [](page &p) {
            if (p.number >= 50)
                throw std::runtime_error("page " + std::to_string(p.number));
        };

        pages.in_order([&](page &p) {
            p.number = next++;
            return p.number < 1000;
        });
        if (is_async)
            pages.parallel(
                [&](page &p) { return magpie::submit(sched, [&] { check_page(p); }); });
        else
            pages.parallel(check_page);
        pages.in_order([&](page &p) { last = p.number; });
        pages.on_drop([&](page &) { dropped++; });
        assert_string_equal(thrown_by([&] { pages.run(sched, 8); }).c_str(), "page 50");
        assert_int_equal(last, 49);
    }
}

static void a_graph_runs_its_nodes_after_those_before_them(void **)
{
    magpie::scheduler sched(2);
    magpie::graph graph;
    int a = 0;
    int b = 0;
    int c = 0;
    bool skipped = true;

    auto left = graph.add([&] { a = 20; }, "left");
    auto right = graph.add(
        [&] {
            return magpie::submit(sched, [&] {
                b = 22;
                return 1;
            });
        },
        "right");
    auto sum = graph.add([&] { c = a + b; }, "sum");
    auto other = graph.add([&] { skipped = false; }, "other");
    graph.edge(left, sum);
    graph.edge_if(right, sum, 1);
    graph.edge_if(right, other, 2);
    graph.build();
    for (int i = 0; i < 3; i++) {
        c = 0;
        graph.run(sched).get();
        assert_int_equal(c, 42);
        assert_true(skipped);
    }
    assert_true(graph.text().find("left") != std::string::npos);
}

static void what_a_node_throws_leaves_the_run(void **)
{
    magpie::scheduler sched(2);
    magpie::graph graph;
    bool throws = true;

    auto node = graph.add(
        [&] {
            if (throws)
                throw std::runtime_error("node");
        },
        "thrower");
    graph.build();
    assert_string_equal(thrown_by([&] { graph.run(sched).get(); }).c_str(), "node");
    assert_string_equal(graph.failed(), "thrower");
    throws = false;
    graph.run(sched).get();
    graph.edge(node, node);
    assert_string_equal(thrown_by([&] { graph.build(); }).c_str(), "thrower -> thrower");
}

static void a_loop_whose_bodies_await_has_a_limit(void **)
{
    magpie::scheduler sched(2);
    std::atomic<int> in_flight{0};
    std::atomic<int> most{0};
    std::vector<int> seen(300);
    mag_each_options options{};
    auto body = [&](std::size_t i) {
        int now = ++in_flight;
        int before = most;

        while (before < now && !most.compare_exchange_weak(before, now))
            ;
        return magpie::submit(sched, [&, i] {
            seen[i]++;
            in_flight--;
        });
    };

    options.limit = 5;
    magpie::for_each_async(sched, 0, seen.size(), body, options).get();
    for (int n : seen)
        assert_int_equal(n, 1);
    assert_true(most <= 5);
    magpie::for_each_async(nullptr, 0, 10, [&](std::size_t i) { seen[i]++; }).get();
    assert_int_equal(seen[9], 2);
}

static void what_a_body_throws_leaves_the_loop(void **)
{
    magpie::scheduler sched(2);
    auto throws = [&](std::size_t i) {
        return magpie::submit(sched, [i] {
            if (i >= 20)
                throw std::runtime_error(std::to_string(i));
        });
    };
    auto loop = [&] { magpie::for_each_async(sched, 0, 100, throws).get(); };

    assert_string_equal(thrown_by(loop).c_str(), "20");
    assert_string_equal(
        thrown_by([&] { magpie::for_each_async(sched, 1, 0, throws).get(); }).c_str(),
        mag_error_text(-EINVAL));
    { /* dropped while it runs: the body lives as long as the loop */
        auto owned = std::make_shared<std::atomic<int>>(0);
        std::weak_ptr<std::atomic<int>> watched = owned;
        (void)magpie::for_each_async(
            sched, 0, 50,
            [owned = std::move(owned)](std::size_t) { return void(++*owned); });
        while (!watched.expired())
            std::this_thread::yield();
    }
}

static void tasks_are_handed_out_as_they_complete(void **)
{
    magpie::scheduler sched(2);

    for (mag_when_order order : {MAG_AS_COMPLETED, MAG_IN_ORDER}) {
        std::vector<magpie::task<std::string>> tasks;
        std::vector<int> seen(21);

        for (int i = 0; i < 20; i++)
            tasks.push_back(magpie::submit(sched, [i] { return std::to_string(i); }));
        tasks.emplace_back(std::string("20"));
        magpie::when_each<std::string> each(std::move(tasks), order);
        std::size_t expected = 0;
        while (auto next = each.next().get()) {
            if (order == MAG_IN_ORDER)
                assert_int_equal(next->index, expected++);
            assert_int_equal(std::stoi(next->task.get()), next->index);
            seen[next->index]++;
        }
        for (int n : seen)
            assert_int_equal(n, 1);
    }
    std::vector<magpie::task<int>> left; /* never handed out */
    for (int i = 0; i < 20; i++)
        left.push_back(magpie::submit(sched, [i] { return i; }));
    magpie::when_each<int> each(std::move(left));
    assert_true(each.next().get().has_value());
}

static void a_ticker_ticks(void **)
{
    magpie::scheduler sched(1);
    magpie::ticker ticker(sched, 1ms);

    for (int i = 0; i < 3; i++)
        assert_true(ticker.next().get() >= 1);
}

static void bytes_go_through_a_pipe(void **)
{
    magpie::pipe pipe(4096);
    std::thread writer([&] {
        for (int i = 0; i < 1000; i++) {
            mag_pipe_room room = pipe.make_room(6).get();
            std::memcpy(room.bytes, "hello\n", 6);
            pipe.commit(6);
        }
        pipe.end();
    });
    std::size_t bytes = 0;

    for (;;) {
        mag_pipe_bytes got = pipe.read().get();
        bytes += got.size;
        pipe.consume(got.size, got.size);
        if (got.ended)
            break;
    }
    writer.join();
    assert_int_equal(bytes, 6000);
}

/* A sequence of C: its tasks end as an empty optional. */
MAG_SEQUENCE_DEFINE(c_numbers, int)
MAG_SEQUENCE(c_numbers, c_count, (int, limit), int i;)
{
    MAG_BEGIN(f);
    for (f->i = 1; f->i <= f->limit; f->i++)
        MAG_YIELD(f, f->i);
    MAG_END(f);
}

static void the_end_of_a_c_sequence_is_an_empty_optional(void **)
{
    struct c_numbers *numbers = c_count(10);
    int sum = 0;

    while (auto number = magpie::or_end(c_numbers_next(numbers)).get())
        sum += *number;
    c_numbers_end(numbers);
    assert_int_equal(sum, 55);
}

#ifdef MAGPIE_HAS_COROUTINES
static std::atomic<int> bodies{0};

struct body_count {
    body_count()
    {
        bodies++;
    }
    ~body_count()
    {
        bodies--;
    }
};

static magpie::task<> pause_on(mag_sched *sched)
{
    mag_vtask delay;

    magpie::check(mag_delay(sched, 100000, &delay));
    co_await mag_task_of(delay);
}

static magpie::sequence<std::string> count_to(mag_sched *sched, int limit, int throws_at)
{
    body_count alive;

    for (int i = 1; i <= limit; i++) {
        if (i % 10 == 0)
            co_await pause_on(sched);
        if (i == throws_at)
            throw std::runtime_error("yield");
        co_yield std::to_string(i);
    }
}

static magpie::task<int> add_up(magpie::sequence<std::string> &numbers)
{
    int sum = 0;

    while (auto number = co_await numbers.next())
        sum += std::stoi(*number);
    co_return sum;
}

static void a_sequence_yields_its_values_one_by_one(void **)
{
    magpie::scheduler sched(2);
    {
        auto numbers = count_to(sched, 100, 0);
        assert_int_equal(bodies.load(), 0); /* nobody has asked */
        assert_int_equal(add_up(numbers).get(), 5050);
        assert_false(numbers.next().get().has_value());
    }
    {
        auto fails = count_to(sched, 100, 25);
        assert_string_equal(thrown_by([&] { (void)add_up(fails).get(); }).c_str(),
                            "yield");
        assert_false(fails.next().get().has_value());
        auto left = count_to(sched, 100, 0); /* dropped at a yield */
        assert_string_equal(left.next().get()->c_str(), "1");
        assert_int_equal(bodies.load(), 1);
    }
    assert_int_equal(bodies.load(), 0);
    {
        auto numbers = count_to(sched, 10, 0); /* dropped while it awaits */
        for (int i = 1; i < 10; i++)
            assert_true(numbers.next().get().has_value());
        auto pending = numbers.next();
    }
    while (bodies != 0)
        std::this_thread::yield();
}

static magpie::task<> fetch(mag_sched *sched, std::size_t i, std::vector<int> &seen)
{
    co_await pause_on(sched);
    if (i == 77)
        throw std::runtime_error("fetch");
    seen[i]++;
}

static magpie::task<std::string> all_of_it(mag_sched *sched, std::vector<int> &seen)
{
    mag_each_options options{};
    magpie::graph graph;
    magpie::pipeline<page> pages;
    int next = 0;

    options.limit = 10;
    co_await magpie::resume_on(sched);
    co_await magpie::for_each_async(
        sched, 0, 50, [&](std::size_t i) { return fetch(sched, i, seen); }, options);
    graph.add([&]() { return fetch(sched, 60, seen); });
    graph.build();
    co_await graph.run(sched);
    pages.in_order([&](page &p) { return (p.number = next++) < 20; })
        .parallel([&](page &p) {
            return fetch(sched, static_cast<std::size_t>(p.number), seen);
        });
    co_await pages.start(sched, 4);
    try {
        co_await magpie::for_each_async(
            sched, 70, 90, [&](std::size_t i) { return fetch(sched, i, seen); });
    } catch (const std::runtime_error &thrown) {
        co_return thrown.what();
    }
    co_return "";
}

static void coroutines_await_loops_graphs_and_pipelines(void **)
{
    magpie::scheduler sched(2);
    std::vector<int> seen(100);

    assert_string_equal(all_of_it(sched, seen).get().c_str(), "fetch");
    assert_int_equal(seen[0], 2);
    assert_int_equal(seen[49], 1);
    assert_int_equal(seen[60], 1);
}
#endif

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(items_go_through_all_stages_in_order),
        cmocka_unit_test(what_a_stage_throws_leaves_the_run),
        cmocka_unit_test(a_graph_runs_its_nodes_after_those_before_them),
        cmocka_unit_test(what_a_node_throws_leaves_the_run),
        cmocka_unit_test(a_loop_whose_bodies_await_has_a_limit),
        cmocka_unit_test(what_a_body_throws_leaves_the_loop),
        cmocka_unit_test(tasks_are_handed_out_as_they_complete),
        cmocka_unit_test(a_ticker_ticks),
        cmocka_unit_test(bytes_go_through_a_pipe),
        cmocka_unit_test(the_end_of_a_c_sequence_is_an_empty_optional),
#ifdef MAGPIE_HAS_COROUTINES
        cmocka_unit_test(a_sequence_yields_its_values_one_by_one),
        cmocka_unit_test(coroutines_await_loops_graphs_and_pipelines),
#endif
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
