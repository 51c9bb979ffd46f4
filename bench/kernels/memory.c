/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/memory.h"

enum { CYCLE = 16, CLEAR_STEP = 256 };

static const double factor = 3;

/* The finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t hash(uint64_t i)
{
    uint64_t x = i + UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* A number below `count`, which is below 2^32, as good as random. */
static uint64_t pick(uint64_t i, uint64_t count)
{
    return ((hash(i) >> 32) * count) >> 32;
}

/* ------------------------------------------------------------------------ triad */

static double number_b(uint64_t i)
{
    return (double)(i % CYCLE);
}

static double number_c(uint64_t i)
{
    return (double)(i * 7 % CYCLE);
}

void kernel_triad_fill(const struct kernel_triad *triad, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        triad->a[i] = -1;
        triad->b[i] = number_b(i);
        triad->c[i] = number_c(i);
    }
}

void kernel_triad_run(const struct kernel_triad *triad, size_t begin, size_t end)
{
    double *restrict a = triad->a;
    const double *restrict b = triad->b;
    const double *restrict c = triad->c;

    for (size_t i = begin; i < end; i++)
        a[i] = b[i] + factor * c[i];
}

void kernel_triad_clear(const struct kernel_triad *triad)
{
    for (uint64_t i = 0; i < triad->count; i += CLEAR_STEP)
        triad->a[i] = -1;
}

uint64_t kernel_triad_answer(const struct kernel_triad *triad)
{
    uint64_t right = 0;

    for (uint64_t i = 0; i < triad->count; i++)
        right += triad->a[i] == number_b(i) + factor * number_c(i);
    return right;
}

/* ------------------------------------------------------------------------ words */

void kernel_words_fill(uint64_t *words, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        words[i] = i;
}

uint64_t kernel_words_read(const uint64_t *words, uint64_t count, size_t begin,
                           size_t end)
{
    uint64_t right = 0;

    for (size_t i = begin; i < end; i++) {
        uint64_t where = pick(i, count);

        right += words[where] == where;
    }
    return right;
}

/* Four sums at a time, so that no addition waits for the one before. */
uint64_t kernel_words_sum(const uint64_t *words, size_t count)
{
    uint64_t sums[4] = {0};
    size_t i = 0;

    for (; count - i >= 4; i += 4) {
        sums[0] += words[i];
        sums[1] += words[i + 1];
        sums[2] += words[i + 2];
        sums[3] += words[i + 3];
    }
    for (; i < count; i++)
        sums[0] += words[i];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

/* ----------------------------------------------------------------------- chains */

/* Sattolo's shuffle, which makes one ring of the whole. */
void kernel_chain_make(struct kernel_line *lines, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        lines[i].next = i;
    for (uint64_t i = count; i > 1; i--) {
        uint64_t other = pick(i, i - 1);
        uint64_t next = lines[i - 1].next;

        lines[i - 1].next = lines[other].next;
        lines[other].next = next;
    }
}

uint64_t kernel_chain_walk(const struct kernel_line *lines, uint64_t from, uint64_t steps)
{
    uint64_t at = from;

    for (uint64_t i = 0; i < steps; i++)
        at = lines[at].next;
    return at;
}

uint64_t kernel_chain_lap(const struct kernel_line *lines, uint64_t count)
{
    uint64_t at = 0;
    uint64_t steps = 0;

    do {
        at = lines[at].next;
        steps++;
    } while (at != 0 && steps < count);
    return at == 0 ? steps : 0;
}
