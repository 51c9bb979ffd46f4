/*
 * loops.hpp - one parallel loop with oneTBB: a short one, an uneven one, or a small
 * region.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_LOOPS_HPP
#define BENCH_PEERS_TBB_LOOPS_HPP

#include "bench/kernels/loops.h"
#include "bench/kernels/regions.h"
#include "bench/kernels/uneven.h"

#include <cstdint>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

namespace loops
{

using range = oneapi::tbb::blocked_range<std::uint64_t>;

/* The sum of `part` over ranges of the numbers below `count`. */
template <std::uint64_t part(std::uint64_t, std::uint64_t), std::uint64_t count>
std::uint64_t part_by_part()
{
    return oneapi::tbb::parallel_reduce(
        range(0, count), UINT64_C(0),
        [](const range &of, std::uint64_t sum) {
            return sum + part(of.begin(), of.end());
        },
        [](std::uint64_t a, std::uint64_t b) { return a + b; });
}

/* The sum of `index` over the numbers below `count`. */
template <class F> std::uint64_t sum_over(std::uint64_t count, F index)
{
    return oneapi::tbb::parallel_reduce(
        range(0, count), UINT64_C(0),
        [=](const range &part, std::uint64_t sum) {
            for (std::uint64_t i = part.begin(); i != part.end(); i++)
                sum += index(i);
            return sum;
        },
        [](std::uint64_t a, std::uint64_t b) { return a + b; });
}

inline std::uint64_t pareto()
{
    return sum_over(KERNEL_PARETO, kernel_pareto);
}

inline std::uint64_t triangle()
{
    return sum_over(KERNEL_TRIANGLE, kernel_triangle);
}

inline std::uint64_t nested()
{
    return sum_over(KERNEL_OUTER, [](std::uint64_t outer) {
        return sum_over(KERNEL_INNER,
                        [=](std::uint64_t inner) { return kernel_nested(outer, inner); });
    });
}

/* A small region, as parallel code has many of. */
inline std::uint64_t region(std::uint64_t number)
{
    using leaves = oneapi::tbb::blocked_range<std::uint32_t>;

    return oneapi::tbb::parallel_reduce(
        leaves(0, KERNEL_REGION_LEAVES), UINT64_C(0),
        [=](const leaves &part, std::uint64_t sum) {
            for (std::uint32_t i = part.begin(); i != part.end(); i++)
                sum ^= kernel_region_leaf(number, i);
            return sum;
        },
        [](std::uint64_t a, std::uint64_t b) { return a ^ b; });
}

} // namespace loops

#endif
