/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/workloads/workload.h"

#include <inttypes.h>
#include <stdio.h>

const struct bench_workload *const bench_workloads[] = {
    &bench_fib,
    &bench_nqueens,
    &bench_skynet,
    &bench_matmul,
    &bench_uts,
    &bench_cilksort,
    &bench_sort_random,
    &bench_sort_sorted,
    &bench_sort_stable,
    &bench_heat,
    &bench_regions,
    &bench_fib_entry,
    &bench_for_empty,
    &bench_for_1us,
    &bench_for_10us,
    &bench_for_100us,
    &bench_for_1ms,
    &bench_reduce,
    &bench_scan,
    &bench_for_pareto,
    &bench_for_triangle,
    &bench_for_nested,
    &bench_triad,
    &bench_random,
    &bench_chase,
    &bench_fftw,
    &bench_mgzip,
    &bench_mgzip_libdeflate,
    &bench_mindex,
    &bench_post_chain,
    &bench_post_self,
    &bench_post_any,
    &bench_post_all,
    &bench_post_foreign,
    &bench_post_foreigns,
    &bench_post_across,
    &bench_post_wake,
    &bench_post_strand,
    &bench_bursts,
    &bench_trickle,
    &bench_blocking,
    &bench_team,
    &bench_barrier,
    &bench_pingpong,
    &bench_pingpong_parked,
    &bench_wake,
    &bench_wake_p99,
    &bench_run_here,
    &bench_tick,
    &bench_tick_p99,
    &bench_submit,
    &bench_submit_all,
    &bench_submit_bulk,
    &bench_timer_pair,
    &bench_pool_pair,
    &bench_pool_handoff,
    &bench_vtask_sync,
    &bench_vtask_inline,
    &bench_vtask_queued,
    &bench_vtask_async_now,
    &bench_vtask_async_1,
    &bench_vtask_async_10,
    &bench_vtask_pooled_1,
    &bench_vtask_pooled_10,
    &bench_vtask_pending,
    &bench_vtask_when_all,
    &bench_vtask_handoff,
    &bench_vtask_across,
    &bench_vtask_wake,
    &bench_connected_inline,
    &bench_connected_async_1,
    &bench_connected_async_10,
    &bench_connected_semaphore,
    &bench_connected_channel,
    &bench_semaphore,
    &bench_semaphore_2,
    &bench_mutex,
    &bench_mutex_2,
    &bench_semaphore_wait,
    &bench_channel_wait,
    &bench_channel_1_1,
    &bench_channel_4_1,
    &bench_channel_1_4,
    &bench_channel_4_4,
    &bench_channel_1_1_unbounded,
    &bench_channel_4_1_unbounded,
    &bench_channel_1_4_unbounded,
    &bench_channel_4_4_unbounded,
    &bench_pipeline,
    &bench_each,
    &bench_each_later,
    &bench_when_each,
    &bench_sequence,
    &bench_graph,
    &bench_metg_trivial,
    &bench_metg_no_comm,
    &bench_metg_stencil,
    &bench_metg_periodic,
    &bench_metg_sweep,
    &bench_metg_tree,
    &bench_metg_fft,
    &bench_metg_all,
    &bench_metg_nearest,
    &bench_metg_spread,
    &bench_metg_random_nearest,
    &bench_metg_random_spread,
    NULL,
};

struct bench_marks bench_marks;

bool bench_size_fits(const struct bench_workload *workload, uint64_t size)
{
    return size >= workload->size_min && size <= workload->size_max &&
           (workload->size_fits == NULL || workload->size_fits(size));
}

uint64_t bench_expected(const struct bench_workload *workload, uint64_t size)
{
    return workload->expected != NULL ? workload->expected(size) : size;
}

void bench_label(const struct bench_workload *workload, uint64_t size, char *buffer,
                 size_t capacity)
{
    uint64_t rest = size;
    int zeros = 0;

    for (; rest > 1 && rest % 10 == 0; zeros++)
        rest /= 10;

    if (workload->per_operation)
        (void)snprintf(buffer, capacity, "%s", workload->name);
    else if (workload->label != NULL)
        (void)snprintf(buffer, capacity, "%s(%s)", workload->name, workload->label(size));
    else if (rest == 1 && zeros >= 4)
        (void)snprintf(buffer, capacity, "%s(10^%d)", workload->name, zeros);
    else
        (void)snprintf(buffer, capacity, "%s(%" PRIu64 ")", workload->name, size);
}
