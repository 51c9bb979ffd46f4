/*
 * memory.hpp - the rows that wait for memory, as oneTBB's manual has loops on a machine
 * of several nodes: an arena for each node, bound to it by hwloc (libtbbbind), with a
 * part of the data that its threads touch first, and static_partitioner in each arena.
 * Without libtbbbind there is one arena.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_MEMORY_HPP
#define BENCH_PEERS_TBB_MEMORY_HPP

#include "bench/peers/common/pages.h"

#include <cerrno>
#include <cstdint>
#include <deque>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace memory
{

using range = oneapi::tbb::blocked_range<std::uint64_t>;

/* The workers of one node, from `first` to `end` - 1 of all. */
struct seat {
    oneapi::tbb::task_arena arena;
    oneapi::tbb::task_group group;
    std::uint64_t first;
    std::uint64_t end;
    std::uint64_t sum = 0; /* of the last loop */

    seat(oneapi::tbb::numa_node_id node, std::uint64_t from, std::uint64_t to)
        : arena(oneapi::tbb::task_arena::constraints(node, static_cast<int>(to - from)),
                from == 0 ? 1 : 0), /* the calling thread is the first worker */
          first(from), end(to)
    {
    }
};

inline std::deque<seat> seats;

/* Shares the workers out over the nodes. */
inline void sit(std::uint64_t workers)
{
    const auto nodes = oneapi::tbb::info::numa_nodes();
    std::uint64_t first = 0;

    seats.clear();
    for (std::uint64_t i = 0; i < nodes.size(); i++) {
        std::uint64_t end = ((i + 1) * workers + nodes.size() - 1) / nodes.size();

        if (end > first)
            seats.emplace_back(nodes[i], first, end);
        first = end;
    }
}

/* The sum of `part` over ranges of the numbers below `count`: each node has the same ones
 * in each loop. */
template <class F> std::uint64_t over_nodes(std::uint64_t count, F part)
{
    const std::uint64_t workers = seats.back().end;
    const auto loop = [=](seat &of) {
        of.sum = oneapi::tbb::parallel_reduce(
            range(count * of.first / workers, count * of.end / workers), UINT64_C(0),
            [=](const range &numbers, std::uint64_t sum) {
                return sum + part(numbers.begin(), numbers.end());
            },
            [](std::uint64_t a, std::uint64_t b) { return a + b; },
            oneapi::tbb::static_partitioner());
    };
    std::uint64_t sum = 0;

    for (std::size_t i = 1; i < seats.size(); i++) {
        seat &other = seats[i];

        other.arena.enqueue(other.group.defer([=, &other] { loop(other); }));
    }
    seats[0].arena.execute([=] { loop(seats[0]); });
    for (seat &each : seats) {
        each.arena.execute([&each] { each.group.wait(); });
        sum += each.sum;
    }
    return sum;
}

template <class F> void run_over_nodes(std::uint64_t count, F part)
{
    over_nodes(count, [=](std::uint64_t begin, std::uint64_t end) {
        part(begin, end);
        return UINT64_C(0);
    });
}

/* NULL if memory runs out. */
inline peer_memory *prepare(peer_run *run, int arrays, std::size_t bytes)
{
    sit(run->workers);
    return peer_memory_map(run, arrays, bytes);
}

inline void cleanup(peer_run *run)
{
    seats.clear();
    peer_memory_cleanup(run);
}

/* ------------------------------------------------------------------------ triad */

inline int prepare_triad(peer_run *run)
{
    const peer_memory *memory = prepare(run, PEER_ARRAYS, run->size * sizeof(double));

    if (memory == nullptr)
        return -ENOMEM;
    run_over_nodes(run->size, [=](std::uint64_t begin, std::uint64_t end) {
        kernel_triad_fill(&memory->triad, begin, end);
    });
    return 0;
}

inline void run_triad(peer_run *run)
{
    const auto *memory = static_cast<const peer_memory *>(run->data);

    run_over_nodes(run->size, [=](std::uint64_t begin, std::uint64_t end) {
        kernel_triad_run(&memory->triad, begin, end);
    });
}

/* ----------------------------------------------------------------------- random */

inline std::uint64_t *words_of(const peer_memory *memory)
{
    return static_cast<std::uint64_t *>(memory->pages[0]);
}

inline int prepare_random(peer_run *run)
{
    const peer_memory *memory = prepare(run, 1, run->size * sizeof(std::uint64_t));

    if (memory == nullptr)
        return -ENOMEM;
    run_over_nodes(run->size, [=](std::uint64_t begin, std::uint64_t end) {
        kernel_words_fill(words_of(memory), begin, end);
    });
    return 0;
}

inline void run_random(peer_run *run)
{
    const auto *memory = static_cast<const peer_memory *>(run->data);
    const std::uint64_t size = run->size;

    run->answer = over_nodes(size, [=](std::uint64_t begin, std::uint64_t end) {
        return kernel_words_read(words_of(memory), size, begin, end);
    });
}

/* ------------------------------------------------------------------------ chase */

inline int prepare_chase(peer_run *run)
{
    const peer_memory *memory = prepare(run, 1, run->size * sizeof(kernel_line));
    const std::uint64_t lines = run->size / KERNEL_CHAINS;

    if (memory == nullptr)
        return -ENOMEM;
    auto *first = static_cast<kernel_line *>(memory->pages[0]);
    run_over_nodes(KERNEL_CHAINS, [=](std::uint64_t begin, std::uint64_t end) {
        for (std::uint64_t i = begin; i < end; i++)
            kernel_chain_make(first + i * lines, lines);
    });
    return 0;
}

inline void run_chase(peer_run *run)
{
    const auto *memory = static_cast<const peer_memory *>(run->data);
    const auto *first = static_cast<const kernel_line *>(memory->pages[0]);
    const std::uint64_t lines = run->size / KERNEL_CHAINS;

    run->answer = over_nodes(KERNEL_CHAINS, [=](std::uint64_t begin, std::uint64_t end) {
        std::uint64_t right = 0;

        for (std::uint64_t i = begin; i < end; i++)
            right += kernel_chain_lap(first + i * lines, lines);
        return right;
    });
}

} // namespace memory

#endif
