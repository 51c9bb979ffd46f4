/*
 * graph.hpp - a graph of oneTBB's flow_graph that is built once: a node, 64 behind it,
 * and one behind these, as the manual has a dependency graph.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_GRAPH_HPP
#define BENCH_PEERS_TBB_GRAPH_HPP

#include "bench/peers/common/peer.h"

#include <array>
#include <cstdint>
#include <memory>
#include <oneapi/tbb/flow_graph.h>
#include <vector>

namespace graphs
{

using message = oneapi::tbb::flow::continue_msg;
using node = oneapi::tbb::flow::continue_node<message>;

constexpr unsigned wide = 64;
constexpr unsigned nodes = wide + 2;

struct count {
    alignas(64) uint64_t calls = 0; /* of one node */
};

struct fan {
    std::array<count, nodes> counts;
    oneapi::tbb::flow::graph graph;
    std::vector<std::unique_ptr<node>> all;

    fan()
    {
        for (unsigned i = 0; i < nodes; i++) {
            all.push_back(std::make_unique<node>(
                graph, [this, i](const message &) { counts[i].calls++; }));
        }
        for (unsigned i = 2; i < nodes; i++) {
            oneapi::tbb::flow::make_edge(*all[0], *all[i]);
            oneapi::tbb::flow::make_edge(*all[i], *all[1]);
        }
    }

    uint64_t run(uint64_t size)
    {
        uint64_t calls = 0;

        counts.fill(count());
        for (uint64_t i = 0; i < size / nodes; i++) {
            all[0]->try_put(message());
            graph.wait_for_all();
        }
        for (const count &one : counts)
            calls += one.calls;
        return calls;
    }
};

inline std::unique_ptr<fan> built;

inline void prepare()
{
    built = std::make_unique<fan>();
}

inline uint64_t run(uint64_t size)
{
    return built->run(size);
}

inline void cleanup(peer_run *)
{
    built.reset();
}

} // namespace graphs

#endif
