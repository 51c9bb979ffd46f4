/*
 * loop.hpp - parallel loops with lambdas.  Include <magpie/magpie.hpp>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CPP_LOOP_HPP
#define MAGPIE_CPP_LOOP_HPP

#include <magpie/cpp/where.hpp>
#include <magpie/loop.h>
#include <magpie/loop_2d.h>

namespace magpie
{
namespace detail
{

/* Calls a lambda for a range: with the range and a slot, the range, or each index. */
template <class F, class... A>
void call_range(F &function, mag_range range, std::uint32_t slot, A &...args)
{
    if constexpr (std::is_invocable_v<F &, mag_range, std::uint32_t, A &...>) {
        function(range, slot, args...);
    } else if constexpr (std::is_invocable_v<F &, mag_range, A &...>) {
        function(range, args...);
    } else {
        for (std::size_t i = range.begin; i < range.end; i++)
            function(i, args...);
    }
}

/* A loop's lambda, and what its calls have thrown. */
template <class F> struct looped {
    F &function;
    exceptions thrown{};

    static int body(mag_range range, std::uint32_t slot, void *arg)
    {
        auto *self = static_cast<looped *>(arg);

        return self->thrown.guard([&] { call_range(self->function, range, slot); });
    }
    static int block_body(mag_block block, std::uint32_t slot, void *arg)
    {
        auto *self = static_cast<looped *>(arg);

        return self->thrown.guard([&] { self->call_block(block, slot); });
    }
    void call_block(mag_block block, std::uint32_t slot)
    {
        if constexpr (std::is_invocable_v<F &, mag_block, std::uint32_t>) {
            function(block, slot);
        } else if constexpr (std::is_invocable_v<F &, mag_block>) {
            function(block);
        } else {
            for (std::size_t row = block.rows.begin; row < block.rows.end; row++)
                for (std::size_t column = block.columns.begin; column < block.columns.end;
                     column++)
                    function(row, column);
        }
    }
};

/* Calls the function with this number among several. */
template <class F, class... More>
void call_number(std::size_t number, F &function, More &...more)
{
    if (number == 0)
        function();
    else if constexpr (sizeof...(More) != 0)
        call_number(number - 1, more...);
}

} // namespace detail

/*
 * Calls f for the indices from begin to end - 1, in parallel, and returns when all calls
 * have returned.  f takes an index; or a mag_range, to loop over it itself; or a
 * mag_range and a slot number (loop.h).  If calls throw, the exception of the smallest
 * range leaves this call, and not all indices have run.
 *
 *   at         see class where
 *   options    grain, limit, heavy, stop (loop.h)
 *   Throws     what f throws; canceled: the loop was stopped; error: as mag_for_with
 */
template <class F>
void for_each(where at, std::size_t begin, std::size_t end, F &&f,
              const mag_for_options &options = {})
{
    using loop = detail::looped<std::remove_reference_t<F>>;
    loop all{f};

    all.thrown.finish(at.call(mag_for_with, mag_for_in, &options, nullptr, begin, end,
                              loop::body, &all));
}

/*
 * Calls f for the pairs of a row and a column, in parallel, block by block (loop_2d.h).
 * f takes a row and a column; or a mag_block, to loop over it itself; or a mag_block and
 * a slot number.
 *
 *   whole      the rows and columns
 *   Throws     what f throws; canceled: the loop was stopped; error: as mag_for_2d
 */
template <class F>
void for_each_2d(where at, mag_block whole, F &&f, const mag_for_options &options = {})
{
    using loop = detail::looped<std::remove_reference_t<F>>;
    loop all{f};

    all.thrown.finish(
        at.call(mag_for_2d, mag_for_2d_in, &options, whole, loop::block_body, &all));
}

/* The same for rows and columns from 0. */
template <class F>
void for_each_2d(where at, std::size_t rows, std::size_t columns, F &&f)
{
    for_each_2d(at, mag_block{{0, rows}, {0, columns}}, std::forward<F>(f));
}

/*
 * Calls two or more lambdas, in parallel, and returns when all have returned (invoke.h).
 * If several throw, the exception of the first one in the list leaves this call; those
 * behind it may not have been called.
 */
template <class F, class G, class... More>
void invoke_all(where at, F &&f, G &&g, More &&...more)
{
    mag_for_options one_by_one{};

    one_by_one.grain = 1;
    for_each(
        at, 0, sizeof...(More) + 2,
        [&](std::size_t number) { detail::call_number(number, f, g, more...); },
        one_by_one);
}

} // namespace magpie

#endif
