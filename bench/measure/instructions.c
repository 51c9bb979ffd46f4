/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/instructions.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* The sizes that are counted, and how often the larger one runs before. */
enum { SMALL_SIZE = 100, LARGE_SIZE = 200, WARM_UPS = 3 };

#ifdef __x86_64__

enum { TRAP_FLAG = 0x100 };

static volatile uint64_t steps;
static volatile sig_atomic_t stops;

/* After each instruction, and once to begin. */
static void count_step(int number, siginfo_t *info, void *context)
{
    greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
    (void)number;
    (void)info;

    if (stops != 0) {
        *flags &= ~(greg_t)TRAP_FLAG;
        return;
    }
    steps++;
    *flags |= TRAP_FLAG;
}

static int run_size(const struct bench_workload *workload, struct bench_run *run,
                    uint64_t size)
{
    int r = 0;

    run->size = size;
    if (workload->reset != NULL)
        r = workload->reset(run);
    return r == 0 ? workload->run_magpie(run) : r;
}

/* The instructions of one run, with those that turn the counting on and off. */
static int count_run(const struct bench_workload *workload, struct bench_run *run,
                     uint64_t size, uint64_t *ret_steps)
{
    int r;

    steps = 0;
    stops = 0;
    (void)raise(SIGTRAP);
    r = run_size(workload, run, size);
    stops = 1;
    *ret_steps = steps;
    if (r == 0 && workload->check != NULL)
        workload->check(run);
    return r == 0 && run->answer != bench_expected(workload, size) ? -EIO : r;
}

/* The child's side. */
static int count_both(const struct bench_workload *workload, double *ret_count)
{
    struct sigaction action = {.sa_sigaction = count_step, .sa_flags = SA_SIGINFO};
    struct bench_run run = {.size = LARGE_SIZE, .workers = 1};
    uint64_t few = 0, many = 0;
    int r = workload->prepare != NULL ? workload->prepare(&run) : 0;

    for (int i = 0; i < WARM_UPS && r == 0; i++)
        r = run_size(workload, &run, LARGE_SIZE);
    if (r == 0 && sigaction(SIGTRAP, &action, NULL) != 0)
        r = -errno;
    if (r == 0)
        r = count_run(workload, &run, SMALL_SIZE, &few);
    if (r == 0)
        r = count_run(workload, &run, LARGE_SIZE, &many);
    *ret_count = ((double)many - (double)few) / (LARGE_SIZE - SMALL_SIZE);
    return r;
}

const char *bench_instructions_absent(const struct bench_workload *workload)
{
    if (workload->threads != 1 || !workload->per_operation || workload->program != NULL)
        return "only rows of one thread, whose size counts operations, are counted";
    if (!bench_size_fits(workload, SMALL_SIZE) || !bench_size_fits(workload, LARGE_SIZE))
        return "its sizes are too large to be counted";
    return bench_absent(workload);
}

#else

static int count_both(const struct bench_workload *workload, double *ret_count)
{
    (void)workload;
    (void)ret_count;
    return -ENOTSUP;
}

const char *bench_instructions_absent(const struct bench_workload *workload)
{
    (void)workload;
    return "instructions are counted on x86-64 only";
}

#endif

/* What the child tells. */
struct told {
    double count;
    int error;
};

static int wait_for(pid_t child, int from, struct told *ret_told)
{
    ssize_t size = read(from, ret_told, sizeof(*ret_told));
    int status = 0;

    if (waitpid(child, &status, 0) != child || status != 0 ||
        size != (ssize_t)sizeof(*ret_told))
        return -EIO;
    return ret_told->error;
}

int bench_instructions(const struct bench_workload *workload, double *ret_count)
{
    struct told told = {0, 0};
    int ends[2];

    if (pipe(ends) != 0)
        return -errno;
    pid_t child = fork();
    if (child == 0) {
        told.error = count_both(workload, &told.count);
        _exit(write(ends[1], &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 1);
    }
    (void)close(ends[1]);
    int r = child > 0 ? wait_for(child, ends[0], &told) : -EAGAIN;
    (void)close(ends[0]);
    *ret_count = told.count;
    return r;
}
