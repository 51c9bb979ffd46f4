/*
 * sort.c - sorts records by two orders, in place and stable, and indices of an array that
 * stays as it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 200000, DAYS = 365 };

struct visit {
    unsigned day;
    unsigned number; /* of the visit: 0, 1, 2 ... */
    double seconds;
};

/* std::sort(visits, visits + count, [](auto &a, auto &b) { return a.day < b.day; }) */
MAG_SORT(by_day, struct visit, void)

static bool by_day(const struct visit *a, const struct visit *b)
{
    return a->day < b->day;
}

/* An order may have arguments: here it sorts indices of an array. */
MAG_SORT(by_length, unsigned, const struct visit *, visits)

static bool by_length(const unsigned *a, const unsigned *b, const struct visit *visits)
{
    return visits[*a].seconds > visits[*b].seconds;
}

/* Whether the visits are sorted by day, and those of a day by number. */
static bool is_sorted(const struct visit *visits)
{
    for (size_t i = 1; i < COUNT; i++) {
        const struct visit *a = &visits[i - 1];
        const struct visit *b = &visits[i];

        if (a->day > b->day || (a->day == b->day && a->number > b->number))
            return false;
    }
    return true;
}

static int sort_all(struct visit *visits, unsigned *longest)
{
    /* Visits of the same day keep their order. */
    int error = by_day_sort_stable(NULL, visits, COUNT);

    if (error == 0)
        error = by_length_sort(NULL, longest, COUNT, visits);
    return error;
}

int main(void)
{
    struct visit *visits = (struct visit *)calloc(COUNT, sizeof(*visits));
    unsigned *longest = (unsigned *)calloc(COUNT, sizeof(*longest));
    int failed = 1;

    for (unsigned i = 0; visits != NULL && longest != NULL && i < COUNT; i++) {
        visits[i].day = i * 2654435761U % DAYS;
        visits[i].number = i;
        visits[i].seconds = (double)(i * 40503U % 1009U);
        longest[i] = i;
    }

    int error = visits != NULL && longest != NULL ? sort_all(visits, longest) : -1;

    if (error != 0) {
        (void)fprintf(stderr, "sort: %s\n", mag_error_text(error));
    } else {
        printf("the longest visit took %.0f s\n", visits[longest[0]].seconds);
        failed = !is_sorted(visits) || visits[longest[0]].seconds != 1008 ||
                 visits[longest[COUNT - 1]].seconds != 0;
    }
    free(visits);
    free(longest);
    return failed;
}
