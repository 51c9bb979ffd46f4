/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/sort.h"

#include <stdlib.h>
#include <string.h>

/* Insertion is faster below this. */
enum { INSERTION = 20 };

/* A bijection on 32 bits that leaves no order. */
static uint32_t scramble(uint32_t x)
{
    x ^= x >> 16;
    x *= UINT32_C(0x85ebca6b);
    x ^= x >> 13;
    x *= UINT32_C(0xc2b2ae35);
    x ^= x >> 16;
    return x;
}

static void insertion_sort(uint32_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        size_t j = i;

        for (; j > 0 && values[j - 1] > value; j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

static uint32_t middle_of(uint32_t a, uint32_t b, uint32_t c)
{
    if (a > b) {
        uint32_t t = a;
        a = b;
        b = t;
    }
    return c < a ? a : c > b ? b : c;
}

/* Parts the values so that those before the returned index are at most the pivot and
 * those from it on at least the pivot; neither part is empty. */
static size_t part(uint32_t *values, size_t count)
{
    uint32_t pivot = middle_of(values[0], values[count / 2], values[count - 1]);
    size_t low = 0;
    size_t high = count - 1;

    for (;; low++, high--) {
        while (values[low] < pivot)
            low++;
        while (values[high] > pivot)
            high--;
        if (low >= high)
            return low == 0 ? 1 : low;

        uint32_t t = values[low];
        values[low] = values[high];
        values[high] = t;
    }
}

void kernel_sort_plain(uint32_t *values, size_t count)
{
    while (count > INSERTION) {
        size_t low = part(values, count);

        kernel_sort_plain(values, low);
        values += low;
        count -= low;
    }
    insertion_sort(values, count);
}

void kernel_merge_plain(const uint32_t *a, size_t a_count, const uint32_t *b,
                        size_t b_count, uint32_t *into)
{
    const uint32_t *a_end = a + a_count;
    const uint32_t *b_end = b + b_count;

    while (a < a_end && b < b_end)
        *into++ = *a <= *b ? *a++ : *b++;
    memcpy(into, a, (size_t)(a_end - a) * sizeof(*a));
    memcpy(into + (a_end - a), b, (size_t)(b_end - b) * sizeof(*b));
}

size_t kernel_count_below(const uint32_t *values, size_t count, uint32_t limit)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (values[middle] < limit)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

void kernel_sort_serial(uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= KERNEL_SORT_GRAIN) {
        kernel_sort_plain(values, count);
        return;
    }
    kernel_sort_serial(values, spare, quarter);
    kernel_sort_serial(values + quarter, spare + quarter, quarter);
    kernel_sort_serial(values + half, spare + half, quarter);
    kernel_sort_serial(values + half + quarter, spare + half + quarter,
                       count - half - quarter);
    kernel_merge_plain(values, quarter, values + quarter, quarter, spare);
    kernel_merge_plain(values + half, quarter, values + half + quarter,
                       count - half - quarter, spare + half);
    kernel_merge_plain(spare, half, spare + half, count - half, values);
}

struct kernel_sort *kernel_sort_new(uint64_t count)
{
    struct kernel_sort *sort = calloc(1, sizeof(*sort));

    if (sort == NULL)
        return NULL;
    sort->count = count;
    sort->values = malloc(count * sizeof(*sort->values));
    sort->spare = malloc(count * sizeof(*sort->spare));
    if (sort->values != NULL && sort->spare != NULL)
        return sort;
    kernel_sort_free(sort);
    return NULL;
}

void kernel_sort_free(struct kernel_sort *sort)
{
    if (sort == NULL)
        return;
    free(sort->values);
    free(sort->spare);
    free(sort);
}

void kernel_sort_fill(struct kernel_sort *sort)
{
    for (uint64_t i = 0; i < sort->count; i++)
        sort->values[i] = scramble((uint32_t)i);
}

/* Distinct values that rise and have the sum of the original ones are those values. */
uint64_t kernel_sort_answer(const struct kernel_sort *sort)
{
    uint64_t difference = scramble(0) - (uint64_t)sort->values[0];
    uint64_t in_order = 1;

    for (uint64_t i = 1; i < sort->count; i++) {
        difference += scramble((uint32_t)i) - (uint64_t)sort->values[i];
        in_order += sort->values[i - 1] < sort->values[i];
    }
    return difference == 0 ? in_order : 0;
}

void kernel_sort_fill_nearly(struct kernel_sort *sort)
{
    uint32_t *values = sort->values;

    for (uint64_t i = 0; i < sort->count; i++)
        values[i] = (uint32_t)i;
    for (uint64_t i = 0; i < sort->count / 100; i++) {
        uint64_t a = scramble((uint32_t)(2 * i)) % sort->count;
        uint64_t b = scramble((uint32_t)(2 * i + 1)) % sort->count;
        uint32_t value = values[a];

        values[a] = values[b];
        values[b] = value;
    }
}

uint64_t kernel_sort_answer_nearly(const struct kernel_sort *sort)
{
    uint64_t in_order = 0;

    for (uint64_t i = 0; i < sort->count; i++)
        in_order += sort->values[i] == i;
    return in_order;
}
