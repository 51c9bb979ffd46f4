/*
 * magpie.hpp: loops, reductions, scans, sorts, filters and searches with lambdas.
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

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <pthread.h>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

static const std::size_t COUNTS[] = {0, 1, 2, 7, 1000, 30000};

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

static std::vector<long> random_items(std::size_t count, long below)
{
    std::mt19937_64 random(count);
    std::vector<long> items(count);

    for (long &item : items)
        item = static_cast<long>(random() % static_cast<unsigned long>(below));
    return items;
}

static void a_reduction_is_that_of_a_plain_loop(void **)
{
    magpie::scheduler sched(3);

    for (std::size_t count : COUNTS) {
        std::vector<long> items = random_items(count, 1000);
        long sum = std::accumulate(items.begin(), items.end(), 0L);
        auto leaf = [&](std::size_t i, long &total) { total += items[i]; };
        auto range_leaf = [&](mag_range range, std::uint32_t, long &total) {
            for (std::size_t i = range.begin; i < range.end; i++)
                total += items[i];
        };
        auto put_behind = [](long &total, long later) { total += later; };

        assert_int_equal(magpie::reduce(sched, {0, count}, 0L, range_leaf, std::plus<>()),
                         sum);
        assert_int_equal(magpie::reduce(nullptr, {0, count}, 0L, leaf, put_behind), sum);
        assert_int_equal(magpie::reduce_fixed(sched, {0, count}, 0L, leaf, std::plus<>()),
                         sum);
        assert_int_equal(sched.run([&](magpie::fork_stack w) {
            return magpie::reduce(w, {0, count}, 0L, leaf, std::plus<>());
        }),
                         sum);
    }
}

/* Texts are put together in their order, and own memory. */
static void a_reduction_may_be_to_a_type_that_owns_something(void **)
{
    magpie::scheduler sched(3);
    mag_for_options short_ranges{};

    short_ranges.grain = 3;
    for (std::size_t count : COUNTS) {
        std::string expected;
        for (std::size_t i = 0; i < count; i++)
            expected += std::to_string(i % 10);
        auto leaf = [](std::size_t i, std::string &text) {
            text += std::to_string(i % 10);
        };
        auto behind = [](std::string &text, std::string &&later) { text += later; };

        assert_true(magpie::reduce(sched, {0, count}, std::string(), leaf, behind,
                                   short_ranges) == expected);
        assert_true(magpie::reduce_fixed(sched, {0, count}, std::string(), leaf,
                                         std::plus<>()) == expected);
    }
    auto many = magpie::reduce(
        sched, {0, 1000}, std::map<std::size_t, int>(),
        [](std::size_t i, std::map<std::size_t, int> &counts) { counts[i % 7]++; },
        [](std::map<std::size_t, int> &counts, const std::map<std::size_t, int> &later) {
            for (const auto &[key, count] : later)
                counts[key] += count;
        });
    assert_int_equal(many.size(), 7);
    assert_int_equal(many[0], 143);
}

static void what_a_leaf_or_a_combine_throws_leaves_the_reduction(void **)
{
    magpie::scheduler sched(2);
    mag_for_options one_by_one{};
    auto add = [](std::size_t i, long &total) { total += static_cast<long>(i); };

    one_by_one.grain = 1;
    assert_string_equal(thrown_by([&] {
                            (void)magpie::reduce(
                                sched, {0, 100}, 0L,
                                [](std::size_t i, long &) {
                                    if (i >= 50)
                                        throw std::runtime_error(std::to_string(i));
                                },
                                std::plus<>(), one_by_one);
                        }).c_str(),
                        "50");
    /* A fixed reduction of several leaves calls its combine on one worker too. */
    assert_string_equal(
        thrown_by([&] {
            (void)magpie::reduce_fixed(
                sched, {0, 100}, 0L, add,
                [](long &, const long &) { throw std::runtime_error("combine"); },
                one_by_one);
        }).c_str(),
        "combine");
}

static void a_loop_that_is_stopped_throws_canceled(void **)
{
    magpie::scheduler sched(2);
    mag_for_stop stop{};
    mag_for_options options{};
    bool was_canceled = false;

    options.stop = &stop;
    mag_for_stop_ask(&stop);
    try {
        (void)magpie::find(
            sched, {0, 10}, [](std::size_t) { return false; }, options);
    } catch (const magpie::canceled &) {
        was_canceled = true;
    }
    assert_true(was_canceled);
}

static void scans_write_running_totals(void **)
{
    magpie::scheduler sched(3);

    for (std::size_t count : COUNTS) {
        std::vector<long> items = random_items(count, 1000);
        std::vector<long> expected(count), with(count), before(count);
        long total = 0;

        std::partial_sum(items.begin(), items.end(), expected.begin());
        total = count == 0 ? 0 : expected.back();
        assert_int_equal(magpie::inclusive_scan(sched, items.data(), count, with.data()),
                         total);
        assert_true(with == expected);
        assert_int_equal(
            magpie::exclusive_scan(nullptr, items.data(), count, before.data()), total);
        for (std::size_t i = 0; i < count; i++)
            assert_int_equal(before[i], expected[i] - items[i]);
        sched.run([&](magpie::fork_stack w) { /* in place */
                                              (void)magpie::inclusive_scan(
                                                  w, items.data(), count, items.data());
        });
        assert_true(items == expected);
    }
}

static void what_a_scan_throws_leaves_the_call(void **)
{
    magpie::scheduler sched(2);
    auto scan = [](std::size_t i, long &) {
        if (i == 700)
            throw std::runtime_error("700");
    };
    auto fold = [](std::size_t, long &) {};

    assert_string_equal(thrown_by([&] {
                            magpie::scan(sched, {0, 1000}, 0L,
                                         magpie::scan_by{scan, fold, std::plus<>()});
                        }).c_str(),
                        "700");
}

struct item {
    long key;
    std::size_t place;
};

static void sorts_are_those_of_the_standard_library(void **)
{
    magpie::scheduler sched(3);

    for (std::size_t count : COUNTS) {
        std::vector<long> items = random_items(count, 100000);
        std::vector<long> expected = items;
        std::vector<item> pairs(count);

        for (std::size_t i = 0; i < count; i++)
            pairs[i] = {items[i] % 100, i};
        std::sort(expected.begin(), expected.end(), std::greater<>());
        magpie::sort(sched, items, std::greater<>());
        assert_true(items == expected);

        magpie::stable_sort(nullptr, pairs.data(), count,
                            [](const item &a, const item &b) { return a.key < b.key; });
        for (std::size_t i = 1; i < count; i++)
            assert_true(pairs[i - 1].key < pairs[i].key ||
                        (pairs[i - 1].key == pairs[i].key &&
                         pairs[i - 1].place < pairs[i].place));
        sched.run([&](magpie::fork_stack w) { magpie::sort(w, items); });
        std::sort(expected.begin(), expected.end());
        assert_true(items == expected);
        magpie::stable_sort(sched, items);
        assert_true(items == expected);
    }
}

static void what_an_order_throws_leaves_the_sort(void **)
{
    magpie::scheduler sched(2);
    std::vector<long> items = random_items(30000, 1000);
    auto sort = [&] {
        magpie::sort(sched, items, [](long a, long b) {
            if (a == 0)
                throw std::runtime_error("zero");
            return a < b;
        });
    };

    items[12345] = 0;
    assert_string_equal(thrown_by(sort).c_str(), "zero");
}

static void filters_keep_items_in_their_order(void **)
{
    magpie::scheduler sched(3);

    for (std::size_t count : COUNTS) {
        std::vector<std::string> items(count), into(count), others(count), expected;
        auto keep = [](const std::string &text) { return text.back() == '7'; };

        for (std::size_t i = 0; i < count; i++)
            items[i] = "item " + std::to_string(i);
        std::copy_if(items.begin(), items.end(), std::back_inserter(expected), keep);
        std::size_t kept = magpie::filter(sched, items.data(), count, into.data(), keep);
        assert_int_equal(kept, expected.size());
        assert_true(std::equal(expected.begin(), expected.end(), into.begin()));

        kept = magpie::partition(nullptr, items.data(), count, into.data(), others.data(),
                                 keep);
        assert_int_equal(kept, expected.size());
        for (std::size_t i = 0, at = 0; i < count; i++)
            if (!keep(items[i]))
                assert_string_equal(others[at++].c_str(), items[i].c_str());
    }
}

static void a_search_finds_the_first_index(void **)
{
    magpie::scheduler sched(3);

    for (std::size_t count : COUNTS) {
        auto is_late = [&](std::size_t i) { return i >= count / 2; };

        assert_int_equal(magpie::find(sched, {0, count}, is_late), count / 2);
        assert_int_equal(
            magpie::find(nullptr, {0, count}, [](std::size_t) { return false; }), count);
    }
}

static void an_exception_of_a_search_counts_unless_an_earlier_index_fits(void **)
{
    magpie::scheduler sched(2);
    auto throws_at_500 = [](std::size_t first) {
        return [first](std::size_t i) {
            if (i == 500)
                throw std::runtime_error("500");
            return i == first;
        };
    };

    assert_int_equal(magpie::find(sched, {0, 1000}, throws_at_500(499)), 499);
    assert_string_equal(thrown_by([&] {
                            (void)magpie::find(sched, {0, 1000}, throws_at_500(501));
                        }).c_str(),
                        "500");
}

static void a_loop_over_rows_and_columns_reaches_each_pair_once(void **)
{
    magpie::scheduler sched(3);
    enum { ROWS = 70, COLUMNS = 90 };
    std::vector<int> reached(ROWS * COLUMNS);
    auto count = [&](std::size_t row, std::size_t column) {
        reached[row * COLUMNS + column]++;
    };

    magpie::for_each_2d(sched, ROWS, COLUMNS, count);
    magpie::for_each_2d(
        nullptr, mag_block{{0, ROWS}, {0, COLUMNS}}, [&](mag_block block) {
            for (std::size_t row = block.rows.begin; row < block.rows.end; row++)
                for (std::size_t i = block.columns.begin; i < block.columns.end; i++)
                    count(row, i);
        });
    assert_true(
        std::all_of(reached.begin(), reached.end(), [](int n) { return n == 2; }));
    assert_string_equal(thrown_by([&] {
                            magpie::for_each_2d(sched, ROWS, COLUMNS,
                                                [](std::size_t row, std::size_t) {
                                                    if (row == 5)
                                                        throw std::runtime_error("row 5");
                                                });
                        }).c_str(),
                        "row 5");
}

static void functions_that_are_invoked_together_are_all_called(void **)
{
    magpie::scheduler sched(2);
    std::atomic<int> sum{0};

    magpie::invoke_all(
        sched, [&] { sum += 1; }, [&] { sum += 20; }, [&] { sum += 300; });
    sched.run([&](magpie::fork_stack w) {
        magpie::invoke_all(
            w, [&] { sum += 1; }, [&] { sum += 20; });
    });
    assert_int_equal(sum.load(), 342);
    assert_string_equal(thrown_by([&] {
                            magpie::invoke_all(
                                sched, [] { throw std::runtime_error("first"); },
                                [] { throw std::runtime_error("second"); });
                        }).c_str(),
                        "first");
}

static void errors_of_the_library_are_thrown(void **)
{
    magpie::scheduler sched(1);
    int code = 0;

    try {
        magpie::for_each(sched, 2, 1, [](std::size_t) {});
    } catch (const magpie::error &thrown) {
        code = thrown.code();
    }
    assert_int_equal(code, -EINVAL);
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_reduction_is_that_of_a_plain_loop),
        cmocka_unit_test(a_reduction_may_be_to_a_type_that_owns_something),
        cmocka_unit_test(what_a_leaf_or_a_combine_throws_leaves_the_reduction),
        cmocka_unit_test(a_loop_that_is_stopped_throws_canceled),
        cmocka_unit_test(scans_write_running_totals),
        cmocka_unit_test(what_a_scan_throws_leaves_the_call),
        cmocka_unit_test(sorts_are_those_of_the_standard_library),
        cmocka_unit_test(what_an_order_throws_leaves_the_sort),
        cmocka_unit_test(filters_keep_items_in_their_order),
        cmocka_unit_test(a_search_finds_the_first_index),
        cmocka_unit_test(an_exception_of_a_search_counts_unless_an_earlier_index_fits),
        cmocka_unit_test(a_loop_over_rows_and_columns_reaches_each_pair_once),
        cmocka_unit_test(functions_that_are_invoked_together_are_all_called),
        cmocka_unit_test(errors_of_the_library_are_thrown),
    };

    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
