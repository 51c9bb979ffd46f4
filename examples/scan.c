/*
 * scan.c - running totals of a million amounts; and texts of different lengths, put one
 * after the other into one buffer, each by whatever thread is free.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

/* NOLINTBEGIN(readability-function-size,readability-non-const-parameter): name_scan_with
 * has many parameters, and a fold has those of its scan. */

enum { COUNT = 1000000, DIGITS_MAX = 7 };

/* #pragma omp parallel for reduction(inscan, +: total) */
MAG_SCAN(add_up, long, const long *, amounts, long *, totals)

static int add_up(struct mag_range range, uint32_t slot, long *total, const long *amounts,
                  long *totals)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        totals[i] = *total += amounts[i];
    return 0;
}

static int add_up_fold(struct mag_range range, uint32_t slot, long *total,
                       const long *amounts, long *totals)
{
    (void)slot;
    (void)totals;
    for (size_t i = range.begin; i < range.end; i++)
        *total += amounts[i];
    return 0;
}

static void add_up_combine(long *total, const long *later)
{
    *total += *later;
}

static size_t digits(long number)
{
    size_t count = 1;

    for (; number >= 10; number /= 10)
        count++;
    return count;
}

/* The total before a text is the place where it goes. */
MAG_SCAN(print, size_t, const long *, amounts, char *, text)

static int print(struct mag_range range, uint32_t slot, size_t *place,
                 const long *amounts, char *text)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        long rest = amounts[i];
        size_t end = *place + digits(rest);

        for (size_t at = end; at > *place; rest /= 10)
            text[--at] = (char)('0' + rest % 10);
        text[end] = '\n';
        *place = end + 1;
    }
    return 0;
}

static int print_fold(struct mag_range range, uint32_t slot, size_t *place,
                      const long *amounts, char *text)
{
    (void)slot;
    (void)text;
    for (size_t i = range.begin; i < range.end; i++)
        *place += digits(amounts[i]) + 1;
    return 0;
}

static void print_combine(size_t *place, const size_t *later)
{
    *place += *later;
}

static int run(const long *amounts, long *totals, char *text)
{
    long total = 0;
    size_t size = 0;

    int error = add_up_scan(NULL, &total, 0, COUNT, amounts, totals);
    if (error == 0)
        error = print_scan(NULL, &size, 0, COUNT, amounts, text);
    if (error != 0)
        return error;
    printf("the first thousand: %ld, all: %ld; %zu bytes of text\n", totals[999], total,
           size);
    return total == totals[COUNT - 1] && text[size - 1] == '\n' ? 0 : -1;
}

int main(void)
{
    static long amounts[COUNT];
    static long totals[COUNT];
    static char text[(size_t)COUNT * (DIGITS_MAX + 1)];

    for (long i = 0; i < COUNT; i++)
        amounts[i] = i * 7919 % 100003;
    return run(amounts, totals, text) == 0 ? 0 : 1;
}
/* NOLINTEND(readability-function-size,readability-non-const-parameter) */
