/*
 * reduce.hpp - reductions and scans with lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_REDUCE_HPP
#define MAGPIE_CPP_REDUCE_HPP

#include <atomic>
#include <deque>
#include <functional>
#include <magpie/cpp/loop.hpp>
#include <magpie/reduce.h>
#include <magpie/scan.h>

namespace magpie
{
namespace detail
{

/* Puts `later` behind `value`: combine(value, later), or what that returns. */
template <class T, class Combine, class Later>
void combine_into(Combine &combine, T &value, Later &&later)
{
    if constexpr (std::is_invocable_r_v<T, Combine &, const T &, Later>)
        value = combine(std::as_const(value), std::forward<Later>(later));
    else
        combine(value, std::forward<Later>(later));
}

/* A lambda puts a range into a value.  A small one is copied to a local variable for the
 * call, so that the compiler keeps it in registers. */
template <class F, class T>
void call_leaf(F &function, mag_range range, std::uint32_t slot, T &value)
{
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= MAG_REDUCE_LOCAL) {
        T local = value;

        call_range(function, range, slot, local);
        value = local;
    } else {
        call_range(function, range, slot, value);
    }
}

/*
 * A value on its way through C code, which copies it byte by byte and gives a combine no
 * argument: so it says whose it is.  A T that cannot be copied like that is elsewhere;
 * `value` is then null while it is neutral.
 */
template <class T, class Owner> struct held {
    static constexpr bool is_direct = std::is_trivially_copyable_v<T>;

    Owner *owner;
    std::conditional_t<is_direct, T, T *> value;
};

/* The combine of a reduction or a scan, and what its lambdas have thrown. */
template <class T, class Combine> class combined
{
  public:
    using held_value = held<T, combined>;
    static_assert(alignof(held_value) <= alignof(std::max_align_t),
                  "the value's alignment");

    combined(Combine &combine, T &&neutral)
        : combine_(combine), neutral_(std::move(neutral))
    {
    }
    held_value begin()
    {
        if constexpr (held_value::is_direct)
            return {this, neutral_};
        else
            return {this, nullptr};
    }
    T &in(held_value &of)
    {
        if constexpr (held_value::is_direct) {
            return of.value;
        } else {
            if (of.value == nullptr)
                of.value = make();
            return *of.value;
        }
    }
    T end(held_value &result, int code)
    {
        thrown.finish(code);
        if constexpr (held_value::is_direct)
            return result.value;
        else
            return result.value != nullptr ? std::move(*result.value)
                                           : std::move(neutral_);
    }
    static void combine(void *value, const void *later)
    {
        auto &first = *static_cast<held_value *>(value);
        auto &second = *static_cast<const held_value *>(later);

        /* A combine cannot end a reduction: it is told of at the end. */
        int code = first.owner->thrown.guard([&] { first.owner->join(first, second); });
        if (code != 0)
            first.owner->failed_ = code;
    }
    /* An exception of a combine counts if no leaf has failed. */
    int with_combines(int code) const
    {
        return code != 0 ? code : failed_.load();
    }

    exceptions thrown;

  private:
    void join(held_value &first, const held_value &second)
    {
        if constexpr (held_value::is_direct) {
            combine_into(combine_, first.value, second.value);
        } else if (first.value == nullptr) {
            first.value = second.value;
        } else if (second.value != nullptr) {
            combine_into(combine_, *first.value, std::move(*second.value));
        }
    }
    /* One more value, which lives until the end. */
    T *make()
    {
        std::lock_guard<std::mutex> taken(lock_);

        return &values_.emplace_back(std::as_const(neutral_));
    }

    Combine &combine_;
    T neutral_;
    std::atomic<int> failed_{0};
    std::mutex lock_;
    std::deque<std::conditional_t<held_value::is_direct, char, T>> values_;
};

/* A reduction, for one call. */
template <class T, class Leaf, class Combine> struct reduced {
    using all = combined<T, Combine>;

    Leaf &leaf;
    all values;

    static int call(mag_range range, std::uint32_t slot, void *value, void *arg)
    {
        auto *self = static_cast<reduced *>(arg);
        auto &put_into = *static_cast<typename all::held_value *>(value);

        return self->values.thrown.guard(
            [&] { call_leaf(self->leaf, range, slot, self->values.in(put_into)); });
    }
    T run(where at, const mag_for_options &options, mag_range whole, bool fixed)
    {
        auto value = values.begin();
        const mag_reduction calls = {call, all::combine, sizeof(value), fixed};
        int code = at.call(mag_reduce_with, mag_reduce_in, &options, nullptr, &calls,
                           &value, whole.begin, whole.end, this);

        return values.end(value, values.with_combines(code));
    }
};

/* A scan, for one call. */
template <class T, class Scan, class Fold, class Combine> struct scanned {
    using all = combined<T, Combine>;

    Scan &scan;
    Fold &fold;
    all values;

    static int call_scan(mag_range range, std::uint32_t slot, void *value, void *arg)
    {
        auto *self = static_cast<scanned *>(arg);

        return self->call(self->scan, range, slot, value);
    }
    static int call_fold(mag_range range, std::uint32_t slot, void *value, void *arg)
    {
        auto *self = static_cast<scanned *>(arg);

        return self->call(self->fold, range, slot, value);
    }
    template <class F>
    int call(F &function, mag_range range, std::uint32_t slot, void *value)
    {
        auto &total = *static_cast<typename all::held_value *>(value);

        return values.thrown.guard(
            [&] { call_leaf(function, range, slot, values.in(total)); });
    }
    T run(where at, const mag_for_options &options, mag_range whole)
    {
        auto value = values.begin();
        const mag_scanner calls = {call_scan, call_fold, all::combine, sizeof(value)};
        int code = at.call(mag_scan_with, mag_scan_in, &options, nullptr, &calls, &value,
                           whole.begin, whole.end, this);

        return values.end(value, values.with_combines(code));
    }
};

} // namespace detail

/*
 * Reduces the indices of `whole` to a value, and returns it (reduce.h).
 *
 *     double sum = magpie::reduce(
 *         nullptr, {0, values.size()}, 0.0,
 *         [&](std::size_t i, double &total) { total += values[i]; }, std::plus<>());
 *
 *   neutral    what a reduction of no index is.  A copy of it is where each thread begins
 *   leaf       puts indices into the value: takes an index and a T &; or a mag_range and
 *              a T &; or a mag_range, a slot number and a T &
 *   combine    takes a T & and a later value, and puts the second behind the first; or
 *              takes both and returns what they make.  Unless T can be copied byte by
 *              byte, the second one may be taken as T &&
 *   Allocates  as mag_reduce_with; a T that cannot be copied byte by byte, such as a
 *              vector, is allocated for each value
 *   Throws     what a lambda throws: of several leaves that of the smallest range, else
 *              that of a combine; canceled; error: as mag_reduce_with
 */
template <class T, class Leaf, class Combine>
T reduce(where at, mag_range whole, T neutral, Leaf &&leaf, Combine &&combine,
         const mag_for_options &options = {})
{
    detail::reduced<T, std::remove_reference_t<Leaf>, std::remove_reference_t<Combine>>
        call{leaf, {combine, std::move(neutral)}};

    return call.run(at, options, whole, false);
}

/* The same as MAG_REDUCE_FIXED: the result does not depend on the number of workers. */
template <class T, class Leaf, class Combine>
T reduce_fixed(where at, mag_range whole, T neutral, Leaf &&leaf, Combine &&combine,
               const mag_for_options &options = {})
{
    detail::reduced<T, std::remove_reference_t<Leaf>, std::remove_reference_t<Combine>>
        call{leaf, {combine, std::move(neutral)}};

    return call.run(at, options, whole, true);
}

/* The functions of a scan. */
template <class Scan, class Fold, class Combine> struct scan_by {
    Scan scan;
    Fold fold;
    Combine combine;
};
template <class Scan, class Fold, class Combine>
scan_by(Scan, Fold, Combine) -> scan_by<Scan, Fold, Combine>;

/*
 * Scans the indices of `whole`, and returns the total of all (scan.h).
 *
 *     magpie::scan(nullptr, {0, in.size()}, 0L,
 *                  magpie::scan_by{
 *                      [&](std::size_t i, long &total) { out[i] = total += in[i]; },
 *                      [&](std::size_t i, long &total) { total += in[i]; },
 *                      std::plus<>()});
 *
 *   neutral    the total of no index
 *   by.scan    writes what it wants to, and adds indices to the total; takes what the
 *              leaf of reduce takes
 *   by.fold    the same without writing
 *   by.combine as for reduce
 *   Throws     as reduce; error: as mag_scan_with
 */
template <class T, class Scan, class Fold, class Combine>
T scan(where at, mag_range whole, T neutral, scan_by<Scan, Fold, Combine> by,
       const mag_for_options &options = {})
{
    detail::scanned<T, Scan, Fold, Combine> call{
        by.scan, by.fold, {by.combine, std::move(neutral)}};

    return call.run(at, options, whole);
}

namespace detail
{

/* The running totals of an array, each with its element or before it. */
template <bool with_element, class In, class T, class Add>
T running_totals(where at, const In *in, std::size_t count, T *out, T neutral, Add &add)
{
    auto total_of = [&](std::size_t i, T &total) { combine_into(add, total, in[i]); };
    auto write = [&](std::size_t i, T &total) {
        if constexpr (with_element) {
            combine_into(add, total, in[i]);
            out[i] = total;
        } else {
            T before = total;

            combine_into(add, total, in[i]);
            out[i] = std::move(before);
        }
    };

    return scan(
        at, {0, count}, std::move(neutral),
        scan_by<decltype(write) &, decltype(total_of) &, Add &>{write, total_of, add});
}

} // namespace detail

/*
 * Writes running totals of in[0] to in[count - 1] to `out`, and returns the total of all:
 * out[i] is the total of the elements up to in[i] (inclusive), or of those before in[i]
 * (exclusive).  Input and output may be the same array.
 *
 *   neutral    the total of nothing
 *   add        takes a total and an element, or a later total, and returns or updates the
 *              total, as the combine of reduce does.  It must be associative
 *   Throws     as scan
 */
template <class In, class T, class Add = std::plus<>>
T inclusive_scan(where at, const In *in, std::size_t count, T *out, T neutral = {},
                 Add add = {})
{
    return detail::running_totals<true>(at, in, count, out, std::move(neutral), add);
}
template <class In, class T, class Add = std::plus<>>
T exclusive_scan(where at, const In *in, std::size_t count, T *out, T neutral = {},
                 Add add = {})
{
    return detail::running_totals<false>(at, in, count, out, std::move(neutral), add);
}

} // namespace magpie

#endif
