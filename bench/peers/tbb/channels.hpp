/*
 * channels.hpp - numbers through a concurrent queue, from producers to consumers that are
 * threads: pop and push of oneTBB's bounded queue block.
 *
 * A producer that has ended says so to a consumer by a number of its own; the queue
 * itself has no end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_CHANNELS_HPP
#define BENCH_PEERS_TBB_CHANNELS_HPP

#include "bench/peers/common/peer.h"

#include <oneapi/tbb/concurrent_queue.h>
#include <thread>
#include <vector>

namespace channels
{

using queue = oneapi::tbb::concurrent_bounded_queue<uint64_t>;

constexpr uint64_t over = UINT64_MAX;

struct tally {
    uint64_t sum = 0;
    uint64_t count = 0;
};

inline void consume(queue &numbers, tally &result)
{
    tally mine;

    for (;;) {
        uint64_t item = 0;
        numbers.pop(item);
        if (item == over)
            break;
        mine.sum += item;
        mine.count++;
    }
    result = mine;
}

/* `room` 0: unbounded. */
inline void run(peer_run *run, unsigned senders, unsigned receivers, long room)
{
    queue numbers;
    std::vector<tally> tallies(receivers);
    std::vector<std::thread> producers, consumers;
    const uint64_t each = run->size / senders;
    tally all;

    if (room != 0)
        numbers.set_capacity(room);
    for (tally &one : tallies)
        consumers.emplace_back([&] { consume(numbers, one); });
    for (unsigned i = 0; i < senders; i++) {
        const uint64_t end = i + 1 < senders ? (i + 1) * each : run->size;
        producers.emplace_back([&numbers, each, i, end] {
            for (uint64_t item = i * each; item < end; item++)
                numbers.push(item);
        });
    }
    for (std::thread &one : producers)
        one.join();
    for (unsigned i = 0; i < receivers; i++)
        numbers.push(over);
    for (std::thread &one : consumers)
        one.join();
    for (const tally &one : tallies) {
        all.sum += one.sum;
        all.count += one.count;
    }
    run->answer = all.sum == run->size * (run->size - 1) / 2 ? all.count : 0;
}

template <unsigned senders, unsigned receivers, long room> void row(peer_run *it)
{
    run(it, senders, receivers, room);
}

} // namespace channels

#endif
