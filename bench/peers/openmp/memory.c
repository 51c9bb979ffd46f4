/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers/openmp/memory.h"

#include "bench/kernels/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ARRAYS = 3, BLOCK = 4096 };

/* Whole pages, which nobody has touched yet: the system gives a page to the node of the
 * thread that writes it first. */
struct placed {
    void *pages[ARRAYS];
    size_t bytes; /* of each */
    struct kernel_triad triad;
};

void cleanup_memory(struct peer_run *run)
{
    struct placed *placed = run->data;

    for (int i = 0; placed != NULL && i < ARRAYS; i++) {
        if (placed->pages[i] != NULL)
            (void)munmap(placed->pages[i], placed->bytes);
    }
    free(placed);
}

static struct placed *map(struct peer_run *run, int arrays, size_t bytes)
{
    struct placed *placed = calloc(1, sizeof(*placed));

    run->data = placed;
    if (placed == NULL)
        return NULL;
    placed->bytes = bytes;
    for (int i = 0; i < arrays; i++) {
        void *pages =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (pages == MAP_FAILED) {
            cleanup_memory(run);
            run->data = NULL;
            return NULL;
        }
        placed->pages[i] = pages;
    }
    return placed;
}

/* Where block `i` ends. */
static uint64_t block_end(uint64_t i, uint64_t size)
{
    return i + BLOCK < size ? i + BLOCK : size;
}

/* ------------------------------------------------------------------------ triad */

int prepare_triad(struct peer_run *run)
{
    struct placed *placed = map(run, ARRAYS, run->size * sizeof(double));
    uint64_t size = run->size;

    if (placed == NULL)
        return -ENOMEM;
    placed->triad =
        (struct kernel_triad){placed->pages[0], placed->pages[1], placed->pages[2], size};
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_triad_fill(&placed->triad, i, block_end(i, size));
    return 0;
}

void reset_triad(struct peer_run *run)
{
    struct placed *placed = run->data;

    kernel_triad_clear(&placed->triad);
}

void run_triad(struct peer_run *run)
{
    const struct placed *placed = run->data;
    uint64_t size = run->size;

#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_triad_run(&placed->triad, i, block_end(i, size));
}

void check_triad(struct peer_run *run)
{
    struct placed *placed = run->data;

    run->answer = kernel_triad_answer(&placed->triad);
}

/* ----------------------------------------------------------------------- random */

int prepare_random(struct peer_run *run)
{
    struct placed *placed = map(run, 1, run->size * sizeof(uint64_t));
    uint64_t size = run->size;

    if (placed == NULL)
        return -ENOMEM;
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < size; i += BLOCK)
        kernel_words_fill(placed->pages[0], i, block_end(i, size));
    return 0;
}

void run_random(struct peer_run *run)
{
    const struct placed *placed = run->data;
    uint64_t size = run->size;
    uint64_t right = 0;

#pragma omp parallel for schedule(static) reduction(+ : right)
    for (uint64_t i = 0; i < size; i += BLOCK)
        right += kernel_words_read(placed->pages[0], size, i, block_end(i, size));
    run->answer = right;
}

/* ------------------------------------------------------------------------ chase */

int prepare_chase(struct peer_run *run)
{
    struct placed *placed = map(run, 1, run->size * sizeof(struct kernel_line));
    uint64_t lines = run->size / KERNEL_CHAINS;

    if (placed == NULL)
        return -ENOMEM;
    struct kernel_line *first = placed->pages[0];
#pragma omp parallel for schedule(static)
    for (uint64_t i = 0; i < KERNEL_CHAINS; i++)
        kernel_chain_make(first + i * lines, lines);
    return 0;
}

void run_chase(struct peer_run *run)
{
    const struct placed *placed = run->data;
    const struct kernel_line *first = placed->pages[0];
    uint64_t lines = run->size / KERNEL_CHAINS;
    uint64_t right = 0;

#pragma omp parallel for schedule(static) reduction(+ : right)
    for (uint64_t i = 0; i < KERNEL_CHAINS; i++)
        right += kernel_chain_lap(first + i * lines, lines);
    run->answer = right;
}
