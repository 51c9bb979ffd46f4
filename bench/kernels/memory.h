/*
 * memory.h - loops that wait for memory and for nothing else: a stream, reads all over a
 * table, and chains in which each read says where the next one is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_MEMORY_H
#define BENCH_KERNELS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The triad of STREAM: a[i] = b[i] + 3 c[i], whose 24 bytes cross the memory bus once
 * each.  The numbers are small integers, so every result is exact. */
struct kernel_triad {
    double *a;
    double *b;
    double *c;
    uint64_t count;
};

void kernel_triad_fill(const struct kernel_triad *triad, size_t begin, size_t end);
void kernel_triad_run(const struct kernel_triad *triad, size_t begin, size_t end);

/* Forgets some results of each page, and counts those that are right. */
void kernel_triad_clear(const struct kernel_triad *triad);
uint64_t kernel_triad_answer(const struct kernel_triad *triad);

/* A table in which word i holds i; and reads `begin` to `end` - 1, each of a word that a
 * hash of its number names: how many found what belongs there.  `count` is below
 * 2^32. */
void kernel_words_fill(uint64_t *words, size_t begin, size_t end);
uint64_t kernel_words_read(const uint64_t *words, uint64_t count, size_t begin,
                           size_t end);

/* The sum of words, as fast as one thread can read. */
uint64_t kernel_words_sum(const uint64_t *words, size_t count);

/* One line of a chain. */
struct kernel_line {
    uint64_t next; /* index of the line to read next */
    uint64_t rest[7];
};

/* So many chains share the lines of the row "chase". */
enum { KERNEL_CHAINS = 64 };

/* Makes one ring of all lines, in an order that no prefetcher guesses. */
void kernel_chain_make(struct kernel_line *lines, uint64_t count);

/* Follows the ring for so many steps from a line, and returns where that ends. */
uint64_t kernel_chain_walk(const struct kernel_line *lines, uint64_t from,
                           uint64_t steps);

/* The steps of one lap: `count`, if the ring is whole. */
uint64_t kernel_chain_lap(const struct kernel_line *lines, uint64_t count);

#ifdef __cplusplus
}
#endif

#endif
