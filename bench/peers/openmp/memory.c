/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers/openmp/memory.h"

#include "bench/kernels/memory.h"
#include "bench/peers/common/pages.h"

#include <errno.h>

enum { BLOCK = 4096 };

/* Where block `i` ends. */
static uint64_t block_end(uint64_t i, uint64_t size)
{
    return i + BLOCK < size ? i + BLOCK : size;
}

/* ------------------------------------------------------------------------ triad */

int prepare_triad(struct peer_run *run)
{
    struct peer_memory *memory = peer_memory_map(run, 3, run->size * sizeof(double));
    uint64_t size = run->size;

    if (memory == NULL)
        return -ENOMEM;
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_triad_fill(&memory->triad, i, block_end(i, size));
    return 0;
}

void run_triad(struct peer_run *run)
{
    const struct peer_memory *memory = run->data;
    uint64_t size = run->size;

#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_triad_run(&memory->triad, i, block_end(i, size));
}

/* ----------------------------------------------------------------------- random */

int prepare_random(struct peer_run *run)
{
    struct peer_memory *memory = peer_memory_map(run, 1, run->size * sizeof(uint64_t));
    uint64_t size = run->size;

    if (memory == NULL)
        return -ENOMEM;
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_words_fill(memory->pages[0], i, block_end(i, size));
    return 0;
}

void run_random(struct peer_run *run)
{
    const struct peer_memory *memory = run->data;
    uint64_t size = run->size;
    uint64_t right = 0;

#pragma omp parallel for schedule(static) reduction(+ : right)
    for (uint64_t i = 0; i < size; i += BLOCK)
        right += kernel_words_read(memory->pages[0], size, i, block_end(i, size));
    run->answer = right;
}

/* ------------------------------------------------------------------------ chase */

int prepare_chase(struct peer_run *run)
{
    struct peer_memory *memory =
        peer_memory_map(run, 1, run->size * sizeof(struct kernel_line));
    uint64_t lines = run->size / KERNEL_CHAINS;

    if (memory == NULL)
        return -ENOMEM;
    struct kernel_line *first = memory->pages[0];
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < KERNEL_CHAINS; i++)
        kernel_chain_make(first + i * lines, lines);
    return 0;
}

void run_chase(struct peer_run *run)
{
    const struct peer_memory *memory = run->data;
    const struct kernel_line *first = memory->pages[0];
    uint64_t lines = run->size / KERNEL_CHAINS;
    uint64_t right = 0;

#pragma omp parallel for schedule(static) reduction(+ : right)
    for (uint64_t i = 0; i < KERNEL_CHAINS; i++)
        right += kernel_chain_lap(first + i * lines, lines);
    run->answer = right;
}
