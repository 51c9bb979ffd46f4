/*
 * pipeline.hpp - items through a pipeline of oneTBB.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_TBB_PIPELINE_HPP
#define BENCH_PEERS_TBB_PIPELINE_HPP

#include <cstdint>
#include <oneapi/tbb.h>

/* Three stages that do nothing: in order, parallel, in order. */
static inline uint64_t peer_pass_items(uint64_t size)
{
    enum { TOKENS = 16 };
    uint64_t next = 0;
    uint64_t seen = 0;

    oneapi::tbb::parallel_pipeline(
        TOKENS, oneapi::tbb::make_filter<void, uint64_t>(
                    oneapi::tbb::filter_mode::serial_in_order,
                    [&](oneapi::tbb::flow_control &control) -> uint64_t {
                        if (next == size) {
                            control.stop();
                            return 0;
                        }
                        return next++;
                    }) &
                    oneapi::tbb::make_filter<uint64_t, uint64_t>(
                        oneapi::tbb::filter_mode::parallel,
                        [](uint64_t number) { return number + 1; }) &
                    oneapi::tbb::make_filter<uint64_t, void>(
                        oneapi::tbb::filter_mode::serial_in_order, [&](uint64_t number) {
                            if (number == seen + 1)
                                seen++;
                        }));
    return seen;
}

#endif
