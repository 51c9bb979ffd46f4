/*
 * reduce.c - the mean and the spread of a million numbers, and the largest of them with
 * its place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

/* NOLINTBEGIN(readability-function-size): name_reduce_with has many parameters. */

enum { COUNT = 1000000, PEAK = 654321 };

struct moments {
    double sum;
    double squares;
};

/* #pragma omp parallel for reduction(+: sum, squares) */
MAG_REDUCE(add_up, struct moments, const double *, values)

static int add_up(struct mag_range range, uint32_t slot, struct moments *total,
                  const double *values)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        total->sum += values[i];
        total->squares += values[i] * values[i];
    }
    return 0;
}

static void add_up_combine(struct moments *total, const struct moments *later)
{
    total->sum += later->sum;
    total->squares += later->squares;
}

struct place {
    double value;
    size_t index;
};

/* Of equal values the first one is kept: later ones come later. */
MAG_REDUCE(find_peak, struct place, const double *, values)

static int find_peak(struct mag_range range, uint32_t slot, struct place *peak,
                     const double *values)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        if (values[i] > peak->value)
            *peak = (struct place){values[i], i};
    }
    return 0;
}

static void find_peak_combine(struct place *peak, const struct place *later)
{
    if (later->value > peak->value)
        *peak = *later;
}

/* The same bits for any number of workers. */
MAG_REDUCE_FIXED(add_floats, float, const float *, values)

static int add_floats(struct mag_range range, uint32_t slot, float *total,
                      const float *values)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        *total += values[i];
    return 0;
}

static void add_floats_combine(float *total, const float *later)
{
    *total += *later;
}

static int run(const double *values, const float *floats)
{
    struct moments total = {0, 0};
    struct place peak = {-1, 0};
    float first = 0;
    float again = 0;

    int error = add_up_reduce(NULL, &total, 0, COUNT, values);
    if (error == 0)
        error = find_peak_reduce(NULL, &peak, 0, COUNT, values);
    if (error == 0)
        error = add_floats_reduce(NULL, &first, 0, COUNT, floats);
    if (error == 0)
        error = add_floats_reduce(NULL, &again, 0, COUNT, floats);
    if (error != 0)
        return error;

    double mean = total.sum / COUNT;
    printf("mean %.3f, variance %.3f\n", mean, total.squares / COUNT - mean * mean);
    printf("the peak is %.0f at %zu\n", peak.value, peak.index);
    /* Sums of floats may differ in their last bits; these do not. */
    return peak.index == PEAK && first <= again && again <= first ? 0 : -1;
}

int main(void)
{
    static double values[COUNT];
    static float floats[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        values[i] = (double)(i % 10);
        floats[i] = 1.0F / (float)(i + 1);
    }
    values[PEAK] = 99;
    return run(values, floats) == 0 ? 0 : 1;
}
/* NOLINTEND(readability-function-size) */
