/*
 * workload.h - what a workload is to the `magpie` program.
 *
 * The model.  A workload is one algorithm written twice over the same data: plain and
 * serial, and on Magpie.  Both leave one number behind, the answer, and the answer that
 * is right is known beforehand; a run that does not reach it is reported as wrong, and
 * its time counts for nothing.
 *
 * Processes.  Every measured configuration - one workload, size, runtime and number of
 * workers - has a process of its own (lane.h): its peak memory is its own, and static
 * data of a workload is never shared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WORKLOADS_WORKLOAD_H
#define BENCH_WORKLOADS_WORKLOAD_H

#include <magpie/sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the workers of a configuration sit, and whether they are bound to it. */
struct bench_seating {
    enum mag_placement placement;
    enum mag_pin pin;
};

/* One configuration, as its process sees it. */
struct bench_run {
    uint64_t size;
    uint32_t workers;        /* of the scheduler; threads of a twin */
    struct mag_sched *sched; /* NULL for a twin */
    void *data;              /* the workload's, from prepare to cleanup */
    uint64_t answer;         /* left by the run, or by `check` */
    double seconds;          /* 0: the caller's clock counts; set by workloads that time
                              * only a part of what they do */
    uint64_t peak_kib;       /* 0: this process's own counts; set by workloads that run
                              * another program */
};

enum { BENCH_SIZES = 3 };

/* Functions return 0 or a negative errno value. */
struct bench_workload {
    const char *group;   /* what is named on the command line, such as "post" */
    const char *name;    /* the same, or one of the rows it stands for */
    const char *summary; /* what it does, in one line */
    const char *shows;   /* what its result shows, in one line */
    const char *size_is; /* what the size counts, such as "n of fib(n)" */

    uint64_t sizes[BENCH_SIZES]; /* defaults, 0 ends them */
    uint64_t size_min, size_max;
    bool (*size_fits)(uint64_t size);    /* what the range does not say; or NULL */
    const char *(*label)(uint64_t size); /* the size in words; NULL: as a number */

    const char *twin;   /* runtime that `run_twin` is: "serial", "malloc"; NULL: none */
    bool per_operation; /* size counts operations and the result is a time for each */
    bool workers_only;  /* the caller takes no part: as many threads as workers */
    bool caller_works;  /* in the place of a worker, and counted by nobody else */
    uint32_t threads;   /* not 0: uses this many and no scheduler; one row, no sweep */
    bool marks;         /* one worker alone can run it; it calls bench_marks then */

    const char *absent;  /* why this program cannot run it; NULL: it can */
    const char *program; /* the example that it runs, which has a scheduler of its own */

    uint32_t weight; /* its part of the time of a whole run; 0: 1 */

    uint64_t (*expected)(uint64_t size);   /* NULL: the size itself */
    int (*prepare)(struct bench_run *run); /* once, not timed; NULL: nothing to do */
    int (*reset)(struct bench_run *run);   /* before each run, not timed; or NULL */
    int (*run_twin)(struct bench_run *run);
    int (*run_magpie)(struct bench_run *run);
    void (*check)(struct bench_run *run);   /* computes the answer, not timed; or NULL */
    void (*cleanup)(struct bench_run *run); /* or NULL */
};

/* All workloads in the order of the report; NULL ends them. */
extern const struct bench_workload *const bench_workloads[];

/* Called, if they are not NULL, by the worker that runs the operations: before the first
 * one and after the last one. */
struct bench_marks {
    void (*first)(void);
    void (*last)(void);
};

extern struct bench_marks bench_marks;

static inline void bench_mark_first(void)
{
    if (bench_marks.first != NULL)
        bench_marks.first();
}

static inline void bench_mark_last(void)
{
    if (bench_marks.last != NULL)
        bench_marks.last();
}

/* Whether `size` is one that the workload can run. */
bool bench_size_fits(const struct bench_workload *workload, uint64_t size);

/* The label of a workload at a size, such as "skynet(10^8)". */
void bench_label(const struct bench_workload *workload, uint64_t size, char *buffer,
                 size_t capacity);

/* Why this program cannot run it, be it that an example was not built; NULL: it can. */
const char *bench_absent(const struct bench_workload *workload);

/* The answer that is right. */
uint64_t bench_expected(const struct bench_workload *workload, uint64_t size);

extern const struct bench_workload bench_fib;
extern const struct bench_workload bench_nqueens;
extern const struct bench_workload bench_skynet;
extern const struct bench_workload bench_matmul;
extern const struct bench_workload bench_uts;
extern const struct bench_workload bench_cilksort;
extern const struct bench_workload bench_sort_random;
extern const struct bench_workload bench_sort_sorted;
extern const struct bench_workload bench_sort_stable;
extern const struct bench_workload bench_heat;
extern const struct bench_workload bench_regions;
extern const struct bench_workload bench_fib_entry;
extern const struct bench_workload bench_for_empty;
extern const struct bench_workload bench_for_1us;
extern const struct bench_workload bench_for_10us;
extern const struct bench_workload bench_for_100us;
extern const struct bench_workload bench_for_1ms;
extern const struct bench_workload bench_reduce;
extern const struct bench_workload bench_scan;
extern const struct bench_workload bench_for_pareto;
extern const struct bench_workload bench_for_triangle;
extern const struct bench_workload bench_for_nested;
extern const struct bench_workload bench_triad;
extern const struct bench_workload bench_random;
extern const struct bench_workload bench_chase;
extern const struct bench_workload bench_fftw;
extern const struct bench_workload bench_mgzip;
extern const struct bench_workload bench_mgzip_libdeflate;
extern const struct bench_workload bench_mindex;
extern const struct bench_workload bench_post_chain;
extern const struct bench_workload bench_post_self;
extern const struct bench_workload bench_post_any;
extern const struct bench_workload bench_post_all;
extern const struct bench_workload bench_post_foreign;
extern const struct bench_workload bench_post_foreigns;
extern const struct bench_workload bench_post_across;
extern const struct bench_workload bench_post_wake;
extern const struct bench_workload bench_post_strand;
extern const struct bench_workload bench_bursts;
extern const struct bench_workload bench_trickle;
extern const struct bench_workload bench_blocking;
extern const struct bench_workload bench_team;
extern const struct bench_workload bench_barrier;
extern const struct bench_workload bench_pingpong;
extern const struct bench_workload bench_pingpong_parked;
extern const struct bench_workload bench_wake;
extern const struct bench_workload bench_wake_p99;
extern const struct bench_workload bench_run_here;
extern const struct bench_workload bench_start;
extern const struct bench_workload bench_tick;
extern const struct bench_workload bench_tick_p99;
extern const struct bench_workload bench_submit;
extern const struct bench_workload bench_submit_all;
extern const struct bench_workload bench_submit_bulk;
extern const struct bench_workload bench_timer_pair;
extern const struct bench_workload bench_pool_pair;
extern const struct bench_workload bench_pool_handoff;
extern const struct bench_workload bench_vtask_sync;
extern const struct bench_workload bench_vtask_inline;
extern const struct bench_workload bench_vtask_queued;
extern const struct bench_workload bench_vtask_async_now;
extern const struct bench_workload bench_vtask_async_1;
extern const struct bench_workload bench_vtask_async_10;
extern const struct bench_workload bench_vtask_pooled_1;
extern const struct bench_workload bench_vtask_pooled_10;
extern const struct bench_workload bench_connected_inline;
extern const struct bench_workload bench_connected_async_1;
extern const struct bench_workload bench_connected_async_10;
extern const struct bench_workload bench_vtask_pending;
extern const struct bench_workload bench_vtask_when_all;
extern const struct bench_workload bench_vtask_handoff;
extern const struct bench_workload bench_vtask_across;
extern const struct bench_workload bench_vtask_wake;
extern const struct bench_workload bench_connected_semaphore;
extern const struct bench_workload bench_channel_wait;
extern const struct bench_workload bench_connected_channel;
extern const struct bench_workload bench_semaphore;
extern const struct bench_workload bench_semaphore_2;
extern const struct bench_workload bench_mutex;
extern const struct bench_workload bench_mutex_2;
extern const struct bench_workload bench_semaphore_wait;
extern const struct bench_workload bench_channel_1_1;
extern const struct bench_workload bench_channel_4_1;
extern const struct bench_workload bench_channel_1_4;
extern const struct bench_workload bench_channel_4_4;
extern const struct bench_workload bench_channel_1_1_unbounded;
extern const struct bench_workload bench_channel_4_1_unbounded;
extern const struct bench_workload bench_channel_1_4_unbounded;
extern const struct bench_workload bench_channel_4_4_unbounded;
extern const struct bench_workload bench_pipeline;
extern const struct bench_workload bench_each;
extern const struct bench_workload bench_each_later;
extern const struct bench_workload bench_when_each;
extern const struct bench_workload bench_sequence;
extern const struct bench_workload bench_graph;
extern const struct bench_workload bench_metg_trivial;
extern const struct bench_workload bench_metg_no_comm;
extern const struct bench_workload bench_metg_stencil;
extern const struct bench_workload bench_metg_periodic;
extern const struct bench_workload bench_metg_sweep;
extern const struct bench_workload bench_metg_tree;
extern const struct bench_workload bench_metg_fft;
extern const struct bench_workload bench_metg_all;
extern const struct bench_workload bench_metg_nearest;
extern const struct bench_workload bench_metg_spread;
extern const struct bench_workload bench_metg_random_nearest;
extern const struct bench_workload bench_metg_random_spread;

#endif
