/*
 * grid.hpp - the grids of Task Bench as dependency graphs of oneTBB's flow_graph, which
 * are built once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_GRID_HPP
#define BENCH_PEERS_TBB_GRID_HPP

#include "bench/peers/common/peer.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <oneapi/tbb/flow_graph.h>

namespace grids
{

using message = oneapi::tbb::flow::continue_msg;
using node = oneapi::tbb::flow::continue_node<message>;

struct network {
    kernel_grid *grid;
    oneapi::tbb::flow::graph graph;
    std::deque<node> nodes;

    explicit network(kernel_grid *of) : grid(of)
    {
        for (uint32_t task = 0; task < grid->tasks; task++) {
            nodes.emplace_back(
                graph, [this, task](const message &) { kernel_grid_task(grid, task); });
            for (uint32_t i = grid->first[task]; i < grid->first[task + 1]; i++)
                oneapi::tbb::flow::make_edge(nodes[grid->inputs[i]], nodes[task]);
        }
    }

    void run()
    {
        for (uint32_t task = 0; task < grid->tasks; task++) {
            if (grid->first[task] == grid->first[task + 1])
                nodes[task].try_put(message());
        }
        graph.wait_for_all();
    }
};

inline std::unique_ptr<network> built;

inline int run_all(void *)
{
    built->run();
    return 0;
}

inline void cleanup(peer_run *run)
{
    built.reset();
    peer_grid_cleanup(run);
}

} // namespace grids

#endif
