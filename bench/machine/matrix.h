/*
 * matrix.h - what each node pays for the memory of each node: bandwidth and latency.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MACHINE_MATRIX_H
#define BENCH_MACHINE_MATRIX_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_MATRIX_NODES = 256, BENCH_MATRIX_LINE = 64 };

/* From the PUs of one node to the memory of one.  0: not measured, since the one has no
 * PU, the other has no memory, or the system refuses to bind to it. */
struct bench_link {
    double gb_per_s;   /* all PUs of the node read together; 10^9 bytes a second */
    double latency_ns; /* of a read whose address the read before it has given */
};

struct bench_matrix {
    uint32_t nodes;           /* 0: there is no matrix */
    uint32_t *os_index;       /* the system's number of each node */
    struct bench_link *links; /* nodes x nodes, by the node of the PUs first */
    uint64_t bytes;           /* that were read */
};

/*
 * Measures this machine, with `bytes` of memory on each node; 0: twice the last-level
 * cache, at least 64 MiB and at most 1 GiB.  The best of three runs counts.
 *
 * With several nodes a thread that cannot be pinned, or memory that cannot be bound,
 * leaves its links unmeasured.
 *
 *   Returns    0; -ENOMEM; -EAGAIN; an error of loading the topology
 *   Release    bench_matrix_free
 */
int bench_matrix_measure(struct bench_matrix *matrix, uint64_t bytes);

/* Makes room for so many nodes.  0 or -ENOMEM. */
int bench_matrix_init(struct bench_matrix *matrix, uint32_t nodes);

void bench_matrix_free(struct bench_matrix *matrix);

static inline struct bench_link *bench_matrix_link(const struct bench_matrix *matrix,
                                                   uint32_t from, uint32_t to)
{
    return &matrix->links[(size_t)from * matrix->nodes + to];
}

#endif
