/*
 * cilksort.c - sorts by merging quarters, and merges in parallel: the sort that came with
 * Cilk.  Phases of different shape, and memory traffic.
 *
 * Values are a scrambled 0, 1, 2 ... without repetition, so that the answer can be
 * checked without a second sort.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>
#include <stdlib.h>
#include <string.h>

/* Below these a plain sort and a plain merge are faster; and insertion below a few. */
enum { SORT_GRAIN = 2048, MERGE_GRAIN = 2048, INSERTION = 20 };

struct sort_data {
    uint32_t *values;
    uint32_t *spare;
};

/* ------------------------------------------------------------- plain pieces */

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

static void quick_sort(uint32_t *values, size_t count)
{
    while (count > INSERTION) {
        size_t low = part(values, count);

        quick_sort(values, low);
        values += low;
        count -= low;
    }
    insertion_sort(values, count);
}

static void merge_serial(const uint32_t *a, size_t a_count, const uint32_t *b,
                         size_t b_count, uint32_t *into)
{
    const uint32_t *a_end = a + a_count;
    const uint32_t *b_end = b + b_count;

    while (a < a_end && b < b_end)
        *into++ = *a <= *b ? *a++ : *b++;
    memcpy(into, a, (size_t)(a_end - a) * sizeof(*a));
    memcpy(into + (a_end - a), b, (size_t)(b_end - b) * sizeof(*b));
}

/* How many of the sorted values are less than `limit`. */
static size_t count_below(const uint32_t *values, size_t count, uint32_t limit)
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

/* ---------------------------------------------------------- the serial twin */

static void sort_serial(uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= SORT_GRAIN) {
        quick_sort(values, count);
        return;
    }
    sort_serial(values, spare, quarter);
    sort_serial(values + quarter, spare + quarter, quarter);
    sort_serial(values + half, spare + half, quarter);
    sort_serial(values + half + quarter, spare + half + quarter, count - half - quarter);
    merge_serial(values, quarter, values + quarter, quarter, spare);
    merge_serial(values + half, quarter, values + half + quarter, count - half - quarter,
                 spare + half);
    merge_serial(spare, half, spare + half, count - half, values);
}

/* --------------------------------------------------------------- on Magpie */

MAG_FORKABLE_VOID(merge, const uint32_t *, a, size_t, a_count, const uint32_t *, b,
                  size_t, b_count, uint32_t *, into)
MAG_FORKABLE_VOID(sort, uint32_t *, values, uint32_t *, spare, size_t, count)

static void merge(mag_fork w, const uint32_t *a, size_t a_count, const uint32_t *b,
                  size_t b_count, uint32_t *into)
{
    if (a_count + b_count <= MERGE_GRAIN) {
        merge_serial(a, a_count, b, b_count, into);
        return;
    }
    if (a_count < b_count) {
        merge(w, b, b_count, a, a_count, into);
        return;
    }

    size_t a_low = a_count / 2;
    size_t b_low = count_below(b, b_count, a[a_low]);
    struct merge_child low = merge_fork(&w, a, a_low, b, b_low, into);

    merge(w, a + a_low, a_count - a_low, b + b_low, b_count - b_low,
          into + a_low + b_low);
    merge_join(&w, low);
}

static void sort(mag_fork w, uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= SORT_GRAIN) {
        quick_sort(values, count);
        return;
    }

    struct sort_child first = sort_fork(&w, values, spare, quarter);
    struct sort_child second = sort_fork(&w, values + quarter, spare + quarter, quarter);
    struct sort_child third = sort_fork(&w, values + half, spare + half, quarter);

    sort(w, values + half + quarter, spare + half + quarter, count - half - quarter);
    sort_join(&w, third);
    sort_join(&w, second);
    sort_join(&w, first);

    struct merge_child low =
        merge_fork(&w, values, quarter, values + quarter, quarter, spare);
    merge(w, values + half, quarter, values + half + quarter, count - half - quarter,
          spare + half);
    merge_join(&w, low);
    merge(w, spare, half, spare + half, count - half, values);
}

/* ------------------------------------------------------------ the workload */

static int prepare(struct bench_run *run)
{
    struct sort_data *data = calloc(1, sizeof(*data));

    run->data = data;
    if (data == NULL)
        return -ENOMEM;
    data->values = malloc(run->size * sizeof(*data->values));
    data->spare = malloc(run->size * sizeof(*data->spare));
    return data->values != NULL && data->spare != NULL ? 0 : -ENOMEM;
}

static int reset(struct bench_run *run)
{
    struct sort_data *data = run->data;

    for (uint64_t i = 0; i < run->size; i++)
        data->values[i] = scramble((uint32_t)i);
    return 0;
}

static int run_twin(struct bench_run *run)
{
    struct sort_data *data = run->data;

    sort_serial(data->values, data->spare, run->size);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    struct sort_data *data = run->data;

    return sort_run(run->sched, data->values, data->spare, run->size);
}

/* Distinct values that rise and have the sum of the original ones are those values. */
static void check(struct bench_run *run)
{
    const struct sort_data *data = run->data;
    uint64_t difference = scramble(0) - (uint64_t)data->values[0];
    uint64_t in_order = 1;

    for (uint64_t i = 1; i < run->size; i++) {
        difference += scramble((uint32_t)i) - (uint64_t)data->values[i];
        in_order += data->values[i - 1] < data->values[i];
    }
    run->answer = difference == 0 ? in_order : 0;
}

static void cleanup(struct bench_run *run)
{
    struct sort_data *data = run->data;

    if (data == NULL)
        return;
    free(data->values);
    free(data->spare);
    free(data);
}

const struct bench_workload bench_cilksort = {
    .group = "cilksort",
    .name = "cilksort",
    .summary = "merge sort with a parallel merge: phases, and memory traffic",
    .size_is = "32-bit numbers to sort",
    .sizes = {10000000},
    .size_min = 1,
    .size_max = UINT64_C(4000000000),
    .twin = "serial",
    .weight = 8,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};
