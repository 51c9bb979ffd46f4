/*
 * figure.h - what one figure compares.  Private to figures.c and figures_wanted.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_FIGURE_H
#define BENCH_REPORT_FIGURE_H

#include <stdint.h>

enum bench_figure_kind {
    BENCH_OVER_TWIN,  /* time over that of the twin, at most */
    BENCH_SCALING,    /* how many times faster than on one worker, at least */
    BENCH_SPEEDUP,    /* how many times faster than the twin, at least */
    BENCH_OVER_PEER,  /* how many times faster than the peer, at least */
    BENCH_OF_PEER,    /* time over that of the peer, at most */
    BENCH_OVER_BEST,  /* how many times faster than the fastest of all peers, at least */
    BENCH_OVER_FIRST, /* time over that of the workload's first size, at most */
    BENCH_COST,       /* ns of an operation, at most */
    BENCH_MEMORY,     /* MiB more than the twin has at its peak, at most */
    BENCH_BYTES,      /* bytes of each operation at the peak, at most */
    BENCH_MEMORY_OF_PEER, /* memory at the peak over that of the peer, at most */
};

struct bench_figure {
    const char *workload;
    enum bench_figure_kind kind;
    uint32_t workers;
    double limit;
    const char *peer;   /* of those that name a peer */
    double clang_limit; /* where clang built it; 0: the same */
};

/* figures_wanted.c - all of them, in their order; the last has no workload. */
extern const struct bench_figure bench_figures[];

#endif
