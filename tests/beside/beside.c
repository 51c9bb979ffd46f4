/*
 * beside.c - what pinning costs and gains, alone and beside a process that is always
 * busy on the processor of worker 0.  tests/beside/run builds and runs it.
 *
 * Each line is one form of pinning.  The forms take turns, so that other load on the
 * machine meets all of them.  A round lasts a second: computations of fib(FIB), one after
 * the other, from a thread that is not a worker.  Printed are the medians over the rounds
 * of the mean time of a computation, and of that of the slowest of a hundred.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIB = 24, FIB_IS = 46368, ROUNDS = 9, RUNS_MAX = 100000, FORMS = 3 };

static long fib(mag_fork w, int n);
MAG_FORKABLE(long, fib, int, n)

static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 1);
    long second = fib(w, n - 2);

    return fib_join(&w, child) + second;
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

struct form {
    const char *name;
    enum mag_pin pin;
    struct mag_sched *sched;
    double mean[ROUNDS];
    double slow[ROUNDS];
};

static int run_round(struct form *form, int round)
{
    static double times[RUNS_MAX];
    double begin = now_us();
    int runs = 0;
    double before = begin;

    while (before - begin < 1e6 && runs < RUNS_MAX) {
        long result = 0;

        if (fib_run(form->sched, &result, FIB) != 0 || result != FIB_IS)
            return -1;
        double after = now_us();
        times[runs++] = after - before;
        before = after;
    }
    form->mean[round] = (before - begin) / runs;
    qsort(times, (size_t)runs, sizeof(times[0]), by_size);
    form->slow[round] = times[runs - 1 - runs / 100];
    return 0;
}

static pid_t start_burner(struct mag_sched *sched)
{
    cpu_set_t only;
    pid_t child = fork();

    if (child != 0)
        return child;
    CPU_ZERO(&only);
    CPU_SET(mag_plan_seat(mag_sched_plan(sched), 0)->os_pu, &only);
    (void)sched_setaffinity(0, sizeof(only), &only);
    for (;;) {
        /* Uses the processor. */
    }
}

static int run_all(struct form *forms, const char *where)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FORMS; i++) {
            if (run_round(&forms[i], round) != 0)
                return -1;
        }
    }
    for (int i = 0; i < FORMS; i++) {
        qsort(forms[i].mean, ROUNDS, sizeof(double), by_size);
        qsort(forms[i].slow, ROUNDS, sizeof(double), by_size);
        (void)printf("%-8s %-9s %10.1f us %10.1f us\n", where, forms[i].name,
                     forms[i].mean[ROUNDS / 2], forms[i].slow[ROUNDS / 2]);
    }
    return 0;
}

int main(void)
{
    struct form forms[FORMS] = {{.name = "always", .pin = MAG_PIN_ALWAYS},
                                {.name = "adaptive", .pin = MAG_PIN_ADAPTIVE},
                                {.name = "never", .pin = MAG_PIN_NEVER}};

    for (int i = 0; i < FORMS; i++) {
        struct mag_sched_config config;

        mag_sched_config_init(&config);
        config.pin = forms[i].pin;
        if (mag_sched_start(&config, &forms[i].sched) != 0)
            return 1;
    }
    (void)printf("%-8s %-9s %13s %13s\n", "where", "pin", "mean", "slowest of 100");
    int r = run_all(forms, "alone");
    pid_t burner = start_burner(forms[0].sched);
    if (r == 0)
        r = run_all(forms, "beside");
    if (burner > 0) {
        (void)kill(burner, SIGKILL);
        (void)waitpid(burner, NULL, 0);
    }
    for (int i = 0; i < FORMS; i++)
        (void)mag_sched_destroy(forms[i].sched);
    return r == 0 ? 0 : 1;
}
