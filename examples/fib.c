/*
 * fib.c - fork and join: a recursion whose halves may run on other workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>

MAG_FORKABLE(long, fib, int, n)

static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2); /* may run elsewhere */
    long a = fib(w, n - 1);
    return a + fib_join(&w, child);
}

int main(void)
{
    struct mag_sched *sched;
    long result = 0;
    int error = mag_sched_default(&sched);

    if (error == 0)
        error = fib_run(sched, &result, 30);
    if (error != 0) {
        (void)fprintf(stderr, "fib: %s\n", mag_call_text(error));
        return 1;
    }
    printf("%ld\n", result);
    return result == 832040 ? 0 : 1;
}
