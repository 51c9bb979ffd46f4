/*
 * filter.c - of a million measurements: those that are valid, the others, and the first
 * one that is beyond a limit; then three figures of them at the same time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

/* NOLINTBEGIN(readability-function-size): the forms with options have many parameters. */

enum { COUNT = 1000000, PEAK = 654321 };

struct measurement {
    long time;
    double value;
};

/* Keeps the order. */
MAG_FILTER(is_valid, struct measurement, void)

static bool is_valid(const struct measurement *measurement)
{
    return measurement->value >= 0;
}

/* The first index, as a plain loop would find it. */
MAG_FIND(is_beyond, const struct measurement *, measurements, double, limit)

static bool is_beyond(size_t index, const struct measurement *measurements, double limit)
{
    return measurements[index].value > limit;
}

/* The figures of some measurements. */
struct summary {
    const struct measurement *of;
    size_t count;
    double least;
    double most;
    double sum;
};

static int find_least(struct summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        if (i == 0 || summary->of[i].value < summary->least)
            summary->least = summary->of[i].value;
    }
    return 0;
}

static int find_most(struct summary *summary)
{
    for (size_t i = 0; i < summary->count; i++) {
        if (i == 0 || summary->of[i].value > summary->most)
            summary->most = summary->of[i].value;
    }
    return 0;
}

static int add_up(struct summary *summary)
{
    for (size_t i = 0; i < summary->count; i++)
        summary->sum += summary->of[i].value;
    return 0;
}

/* Each function is called once, on whatever thread is free. */
MAG_INVOKE(summarize, struct summary *, summary, find_least, find_most, add_up)

static int run(const struct measurement *all, struct measurement *valid,
               struct measurement *others)
{
    size_t count = 0;
    size_t peak = 0;

    int error = is_valid_partition(NULL, valid, others, &count, all, COUNT);
    if (error == 0)
        error = is_beyond_find(NULL, &peak, 0, count, valid, 100);
    if (error != 0)
        return error;

    struct summary summary = {.of = valid, .count = count};
    error = summarize_invoke(NULL, &summary);
    if (error != 0)
        return error;
    printf("%zu are valid, from %.0f to %.0f, their mean is %.2f\n", count, summary.least,
           summary.most, summary.sum / (double)count);
    printf("the first invalid one was at %ld, the first peak at %ld\n", others[0].time,
           valid[peak].time);
    return valid[peak].time == PEAK && others[0].time == 0 ? 0 : -1;
}

int main(void)
{
    static struct measurement all[COUNT];
    static struct measurement valid[COUNT];
    static struct measurement others[COUNT];

    for (long i = 0; i < COUNT; i++)
        all[i] = (struct measurement){i, i % 100 == 0 ? -1 : (double)(i % 10)};
    all[PEAK].value = 1000;
    return run(all, valid, others) == 0 ? 0 : 1;
}
/* NOLINTEND(readability-function-size) */
