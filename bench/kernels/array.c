/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/array.h"

#include <stdlib.h>

/* Numbers repeat after so many, and have these sums by then. */
enum { CYCLE = 16, CYCLE_SUM = 120, LANES = 8, CLEAR_STEP = 256 };

static double number(uint64_t i)
{
    return (double)(i * 7 % CYCLE);
}

uint64_t kernel_array_total(uint64_t count)
{
    uint64_t total = count / CYCLE * CYCLE_SUM;

    for (uint64_t i = count - count % CYCLE; i < count; i++)
        total += (uint64_t)number(i);
    return total;
}

struct kernel_array *kernel_array_new(uint64_t count, int with_sums)
{
    struct kernel_array *array = calloc(1, sizeof(*array));

    if (array == NULL)
        return NULL;
    array->count = count;
    array->in = malloc(count * sizeof(*array->in));
    if (with_sums)
        array->out = malloc(count * sizeof(*array->out));
    if (array->in == NULL || (with_sums && array->out == NULL)) {
        kernel_array_free(array);
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++)
        array->in[i] = number(i);
    for (uint64_t i = 0; i < count && with_sums; i++)
        array->out[i] = -1;
    return array;
}

void kernel_array_free(struct kernel_array *array)
{
    if (array == NULL)
        return;
    free(array->in);
    free(array->out);
    free(array);
}

/* Two numbers, wherever they lie. */
typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

/* Eight sums at a time, so that no addition waits for the one before. */
double kernel_array_sum(const struct kernel_array *array, size_t begin, size_t end,
                        double before)
{
    const double *in = array->in;
    pair a = {before, 0}, b = {0, 0}, c = {0, 0}, d = {0, 0};
    size_t i = begin;

    for (; end - i >= LANES; i += LANES) {
        const pair *row = (const void *)(in + i);

        a += row[0];
        b += row[1];
        c += row[2];
        d += row[3];
    }
    a = (a + b) + (c + d);
    double sum = a[0] + a[1];
    for (; i < end; i++)
        sum += in[i];
    return sum;
}

double kernel_array_scan(const struct kernel_array *array, size_t begin, size_t end,
                         double before)
{
    const double *in = array->in;
    double *out = array->out;
    double sum = before;

    for (size_t i = begin; i < end; i++) {
        sum += in[i];
        out[i] = sum;
    }
    return sum;
}

void kernel_array_clear(struct kernel_array *array)
{
    /* One number of each page is enough to find what was left out. */
    for (uint64_t i = 0; i < array->count; i += CLEAR_STEP)
        array->out[i] = -1;
}

uint64_t kernel_array_answer(const struct kernel_array *array)
{
    uint64_t right = 0;
    uint64_t sum = 0;

    for (uint64_t i = 0; i < array->count; i++) {
        sum += (uint64_t)array->in[i];
        right += (uint64_t)array->out[i] == sum;
    }
    return right;
}
