/*
 * loop.c - three loops over an array: change each element, count with a counter for each
 * slot number, and find the first bad one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

/* NOLINTBEGIN(readability-function-size): name_for_with has many parameters. */

enum { COUNT = 1000000, DIGITS = 10, BAD = 654321 };

/* #pragma omp parallel for */
MAG_LOOP(scale, double *, values, double, factor)

static int scale(struct mag_range range, uint32_t slot, double *values, double factor)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        values[i] *= factor;
    return 0;
}

/* What the calls with one slot number have counted; in cache lines of their own. */
struct tally {
    uint64_t digits[DIGITS];
} __attribute__((aligned(128)));

/* No two calls at a time have the same slot number, so no lock is needed. */
MAG_LOOP(tally_up, const double *, values, struct tally *, tallies)

static int tally_up(struct mag_range range, uint32_t slot, const double *values,
                    struct tally *tallies)
{
    for (size_t i = range.begin; i < range.end; i++)
        tallies[slot].digits[(size_t)values[i] % DIGITS]++;
    return 0;
}

/* Any value but 0 ends the loop: below 0 for an error, above for a discovery. */
MAG_LOOP(find_bad, const double *, values)

static int find_bad(struct mag_range range, uint32_t slot, const double *values)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        if (values[i] < 0)
            return 1;
    }
    return 0;
}

static int run(double *values)
{
    static struct tally tallies[MAG_FOR_LIMIT_MAX];
    struct mag_for_options limited = {.limit = MAG_FOR_LIMIT_MAX};
    struct mag_for_options one_by_one = {.grain = 1000};
    struct mag_range found = {0, 0};
    uint64_t nines = 0;

    int error = scale_for(NULL, 0, COUNT, values, 3);
    if (error == 0)
        error = tally_up_for_with(NULL, &limited, NULL, 0, COUNT, values, tallies);
    if (error != 0)
        return error;
    for (uint32_t slot = 0; slot < MAG_FOR_LIMIT_MAX; slot++)
        nines += tallies[slot].digits[9];
    printf("%llu nines\n", (unsigned long long)nines);

    values[BAD] = -1;
    if (find_bad_for_with(NULL, &one_by_one, &found, 0, COUNT, values) != 1)
        return -1;
    printf("the first bad value is among %zu to %zu\n", found.begin, found.end - 1);
    return nines == COUNT / 10 && found.begin <= BAD && BAD < found.end ? 0 : -1;
}

int main(void)
{
    static double values[COUNT];

    for (size_t i = 0; i < COUNT; i++)
        values[i] = (double)(i % 10);
    return run(values) == 0 ? 0 : 1;
}
/* NOLINTEND(readability-function-size) */
