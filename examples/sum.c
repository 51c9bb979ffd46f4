/*
 * sum.c - the sum of an array, by halves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

MAG_FORKABLE(double, sum, const double *, values, size_t, count)

static double sum(mag_fork w, const double *values, size_t count)
{
    if (count <= 10000) {
        double total = 0;
        for (size_t i = 0; i < count; i++)
            total += values[i];
        return total;
    }
    struct sum_child high = sum_fork(&w, values + count / 2, count - count / 2);
    double low = sum(w, values, count / 2);

    return low + sum_join(&w, high);
}

int main(void)
{
    size_t count = 10000000;
    double *values = (double *)calloc(count, sizeof(*values));
    struct mag_sched *sched;
    double total = 0;
    int error;

    if (values == NULL)
        return 1;
    for (size_t i = 0; i < count; i++)
        values[i] = (double)(i % 10);

    error = mag_sched_default(&sched);
    if (error == 0)
        error = sum_run(sched, &total, values, count);
    free(values);
    if (error != 0) {
        (void)fprintf(stderr, "sum: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%.0f\n", total);
    return total == 45000000 ? 0 : 1;
}
