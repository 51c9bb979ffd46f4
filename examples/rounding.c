/*
 * rounding.c - bounds of a sum, by two rounding modes that follow the computation to
 * every worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fenv.h>
#include <magpie/magpie.h>
#include <stdio.h>

MAG_FORKABLE(double, sum, const double *, values, size_t, count)

static double sum(mag_fork w, const double *values, size_t count)
{
    if (count <= 1000) {
        double total = 0;
        for (size_t i = 0; i < count; i++)
            total += values[i];
        return total;
    }
    struct sum_child high = sum_fork(&w, values + count / 2, count - count / 2);
    double low = sum(w, values, count / 2);

    return low + sum_join(&w, high);
}

/* The sum, with each addition rounded by `mode` on any worker. */
static int bound(struct mag_sched *sched, int mode, const double *values, size_t count,
                 double *ret_bound)
{
    int before = fegetround();

    (void)fesetround(mode);
    int error = sum_run(sched, ret_bound, values, count);
    (void)fesetround(before);
    return error;
}

int main(void)
{
    enum { COUNT = 1000000 };
    static double values[COUNT];
    struct mag_sched *sched;
    double lower = 0;
    double upper = 0;
    int error = mag_sched_default(&sched);

    for (int i = 0; i < COUNT; i++)
        values[i] = 0.1;
    if (error == 0)
        error = bound(sched, FE_DOWNWARD, values, COUNT, &lower);
    if (error == 0)
        error = bound(sched, FE_UPWARD, values, COUNT, &upper);
    if (error != 0) {
        (void)fprintf(stderr, "rounding: %s\n", mag_call_text(error));
        return 1;
    }
    printf("between %.12f and %.12f\n", lower, upper);
    return lower < 100000 && upper > 100000 ? 0 : 1;
}
