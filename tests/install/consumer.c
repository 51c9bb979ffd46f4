/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <string.h>

MAG_FORKABLE(long, fib, int, n)
static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 1);
    long b = fib(w, n - 2);
    return fib_join(&w, child) + b;
}

int main(void)
{
    struct mag_sched *sched;
    struct mag_strand strand;
    struct mag_timer timer = {.executor = NULL};
    long result = 0;

    if (strcmp(mag_version(), MAG_VERSION_STRING) != 0)
        return 1;
    if (mag_sched_start(NULL, &sched) != 0 || fib_run(sched, &result, 20) != 0)
        return 2;
    mag_strand_init(&strand, sched);
    if (mag_timer_cancel(&timer) || mag_strand_fini(&strand) != 0)
        return 4;
    mag_sched_destroy(sched);
    return result == 6765 ? 0 : 3;
}
