/*
 * cilksort.c - the plain sort, the plain merge, the numbers, and the check of
 * their order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <common/peer.h>

#include <errno.h>
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

void peer_sort_plain(uint32_t *values, size_t count)
{
    while (count > INSERTION) {
        size_t low = part(values, count);

        peer_sort_plain(values, low);
        values += low;
        count -= low;
    }
    insertion_sort(values, count);
}

void peer_merge_plain(const uint32_t *a, size_t a_count, const uint32_t *b,
                      size_t b_count, uint32_t *into)
{
    const uint32_t *a_end = a + a_count;
    const uint32_t *b_end = b + b_count;

    while (a < a_end && b < b_end)
        *into++ = *a <= *b ? *a++ : *b++;
    memcpy(into, a, (size_t)(a_end - a) * sizeof(*a));
    memcpy(into + (a_end - a), b, (size_t)(b_end - b) * sizeof(*b));
}

size_t peer_count_below(const uint32_t *values, size_t count, uint32_t limit)
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

int peer_sort_prepare(struct peer_run *run)
{
    struct peer_sort *data = calloc(1, sizeof(*data));

    run->data = data;
    if (data == NULL)
        return ENOMEM;
    data->values = malloc(run->size * sizeof(*data->values));
    data->spare = malloc(run->size * sizeof(*data->spare));
    return data->values != NULL && data->spare != NULL ? 0 : ENOMEM;
}

void peer_sort_reset(struct peer_run *run)
{
    struct peer_sort *data = run->data;

    for (uint64_t i = 0; i < run->size; i++)
        data->values[i] = scramble((uint32_t)i);
}

/* Distinct values that rise and have the sum of the original ones are those values. */
void peer_sort_check(struct peer_run *run)
{
    const struct peer_sort *data = run->data;
    uint64_t difference = scramble(0) - (uint64_t)data->values[0];
    uint64_t in_order = 1;

    for (uint64_t i = 1; i < run->size; i++) {
        difference += scramble((uint32_t)i) - (uint64_t)data->values[i];
        in_order += data->values[i - 1] < data->values[i];
    }
    run->answer = difference == 0 ? in_order : 0;
}

void peer_sort_cleanup(struct peer_run *run)
{
    struct peer_sort *data = run->data;

    free(data->values);
    free(data->spare);
    free(data);
}
