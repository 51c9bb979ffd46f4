/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/figure.h"

#include "bench/report/figures.h"

#include <string.h>

const struct bench_figure bench_figures[] = {
    {"fib", BENCH_OVER_TWIN, 1, 1.35, NULL, 2},
    {"fib", BENCH_OVER_TWIN, 2, 0.72, NULL, 0},
    {"fib", BENCH_SCALING, 2, 1.85, NULL, 0},
    {"nqueens", BENCH_SCALING, 2, 1.85, NULL, 0},
    {"skynet", BENCH_SCALING, 2, 1.85, NULL, 0},
    {"uts", BENCH_SCALING, 2, 1.85, NULL, 0},
    {"cilksort", BENCH_SCALING, 2, 1.85, NULL, 0},
    {"fib", BENCH_OVER_PEER, 1, 15, "tbb", 0},
    {"fib", BENCH_OVER_PEER, 2, 15, "tbb", 0},
    {"fib", BENCH_OVER_PEER, 1, 15, "openmp", 0},
    {"fib", BENCH_OVER_PEER, 2, 15, "openmp", 0},
    {"skynet", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"skynet", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"nqueens", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"nqueens", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"matmul", BENCH_OVER_BEST, 1, 1, NULL, 0},
    {"matmul", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"matmul", BENCH_OVER_PEER, 1, 0.5, "openblas", 0},
    {"heat", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"regions", BENCH_SPEEDUP, 2, 1.5, NULL, 0},
    {"regions", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"fib", BENCH_MEMORY, 1, 3, NULL, 0},
    {"fib", BENCH_MEMORY, 2, 4, NULL, 0},
    {"fib-entry", BENCH_OVER_FIRST, 1, 1.1, NULL, 0},
    {"fib-entry", BENCH_OVER_FIRST, 2, 1.1, NULL, 0},
    {"reduce", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"scan", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-empty", BENCH_OVER_BEST, 2, 1 / 0.7, NULL, 0},
    {"for-1us", BENCH_SPEEDUP, 1, 0.9, NULL, 0},
    {"for-1us", BENCH_SPEEDUP, 2, 0.9, NULL, 0},
    {"for-1us", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-10us", BENCH_SPEEDUP, 1, 0.9, NULL, 0},
    {"for-10us", BENCH_SPEEDUP, 2, 0.9, NULL, 0},
    {"for-10us", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-100us", BENCH_SPEEDUP, 1, 0.9, NULL, 0},
    {"for-100us", BENCH_SPEEDUP, 2, 0.9, NULL, 0},
    {"for-100us", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-1ms", BENCH_SPEEDUP, 1, 0.9, NULL, 0},
    {"for-1ms", BENCH_SPEEDUP, 2, 0.9, NULL, 0},
    {"for-1ms", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-pareto", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-triangle", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"for-nested", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"heat", BENCH_OVER_PEER, 2, 1, "openmp", 0},
    {"sort-random", BENCH_OVER_BEST, 1, 1, NULL, 0},
    {"sort-random", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"sort-sorted", BENCH_OVER_BEST, 1, 1, NULL, 0},
    {"sort-sorted", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"post-chain", BENCH_COST, 1, 10, NULL, 0},
    {"post-self", BENCH_COST, 1, 10, NULL, 0},
    {"post-any", BENCH_COST, 1, 20, NULL, 0},
    {"post-foreign", BENCH_COST, 1, 25, NULL, 0},
    {"post-wake", BENCH_OVER_TWIN, 1, 1.3, NULL, 0},
    {"submit", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"submit-all", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"submit-bulk", BENCH_OVER_TWIN, 1, 0.25, NULL, 0},
    {"run-here", BENCH_COST, 1, 1000, NULL, 0},
    {"run-here", BENCH_COST, 2, 1000, NULL, 0},
    {"team", BENCH_OF_PEER, 2, 1, "openmp", 0},
    {"team", BENCH_OF_PEER, 2, 1, "libomp", 0},
    {"barrier", BENCH_OF_PEER, 2, 1, "openmp", 0},
    {"barrier", BENCH_OF_PEER, 2, 1, "libomp", 0},
    {"pingpong-parked", BENCH_OVER_TWIN, 2, 1.5, NULL, 0},
    {"trickle", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"bursts", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"blocking", BENCH_OVER_TWIN, 2, 1.1, NULL, 0},
    {"fftw", BENCH_OVER_TWIN, 2, 1.05, NULL, 0},
    {"tick", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"tick-p99", BENCH_OVER_BEST, 2, 1, NULL, 0},
    {"channel-1-1", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-4-1", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-1-4", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-4-4", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-1-1-unbounded", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-4-1-unbounded", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-1-4-unbounded", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"channel-4-4-unbounded", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"pipeline", BENCH_OVER_PEER, 1, 2, "tbb", 0},
    {"pipeline", BENCH_OVER_PEER, 2, 2, "tbb", 0},
    {"mgzip", BENCH_OVER_PEER, 1, 1, "pigz", 0},
    {"mgzip", BENCH_OVER_PEER, 2, 1, "pigz", 0},
    {"mgzip", BENCH_MEMORY_OF_PEER, 1, 1, "pigz", 0},
    {"mgzip", BENCH_MEMORY_OF_PEER, 2, 1, "pigz", 0},
    {"mgzip-libdeflate", BENCH_OVER_PEER, 1, 2, "pigz", 0},
    {"mgzip-libdeflate", BENCH_OVER_PEER, 2, 2, "pigz", 0},
    {"mindex", BENCH_SCALING, 2, 1.8, NULL, 0},
    {"vtask-sync", BENCH_OVER_TWIN, 1, 1.2, NULL, 0},
    {"vtask-async-now", BENCH_OF_PEER, 1, 0.4, "dotnet", 0},
    {"vtask-inline", BENCH_OF_PEER, 1, 0.45, "dotnet", 0},
    {"vtask-queued", BENCH_OF_PEER, 1, 0.25, "dotnet", 0},
    {"vtask-async-1", BENCH_OF_PEER, 1, 0.25, "dotnet", 0},
    {"vtask-async-10", BENCH_OF_PEER, 1, 0.16, "dotnet", 0},
    {"vtask-when-all", BENCH_OF_PEER, 1, 0.4, "dotnet", 0},
    {"vtask-handoff", BENCH_OF_PEER, 1, 0.5, "dotnet", 0},
    {"vtask-wake", BENCH_OVER_TWIN, 1, 1.3, NULL, 0},
    {"semaphore", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"semaphore-2", BENCH_OVER_BEST, 2, 2, NULL, 0},
    {"mutex", BENCH_OVER_BEST, 1, 2, NULL, 0},
    {"mutex-2", BENCH_OVER_BEST, 2, 2, NULL, 0},
    /* 128 and a word of locals; and a word for the source and a task, the row's own. */
    {"vtask-pending", BENCH_BYTES, 1, 128 + 8 + 24, NULL, 0},
    {NULL, BENCH_COST, 0, 0, NULL, 0},
};

const uint64_t *bench_figures_sizes(const struct bench_workload *workload)
{
    /* Only sizes that differ from the workload's own. */
    static const struct {
        const char *workload;
        uint64_t sizes[BENCH_SIZES];
    } special[] = {
        {"fib", {39}}, {"nqueens", {14}}, {"skynet", {100000000}}, {"matmul", {2048}}};

    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (strcmp(special[i].workload, workload->name) == 0)
            return special[i].sizes;
    }
    for (const struct bench_figure *figure = bench_figures; figure->workload; figure++) {
        if (strcmp(figure->workload, workload->name) == 0)
            return workload->sizes;
    }
    return NULL;
}
