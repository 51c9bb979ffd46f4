/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/instructions.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* The sizes that are counted, and how often the larger one runs before.  A worker does
 * something else every few jobs: its sizes differ by a multiple of the two usual numbers,
 * looks after 64 jobs and turns of 5. */
enum { SMALL_SIZE = 100, LARGE_SIZE = 200, WARM_UPS = 3 };
enum { WORKER_SMALL_SIZE = 64, WORKER_LARGE_SIZE = 384 };

static uint64_t small_size(const struct bench_workload *workload)
{
    return workload->marks ? WORKER_SMALL_SIZE : SMALL_SIZE;
}

static uint64_t large_size(const struct bench_workload *workload)
{
    return workload->marks ? WORKER_LARGE_SIZE : LARGE_SIZE;
}

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

/* By the thread whose instructions count. */
static void begin_count(void)
{
    sigset_t trap;

    (void)sigemptyset(&trap);
    (void)sigaddset(&trap, SIGTRAP);
    (void)pthread_sigmask(SIG_UNBLOCK, &trap, NULL);
    steps = 0;
    stops = 0;
    (void)raise(SIGTRAP);
}

static void end_count(void)
{
    stops = 1;
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

    if (workload->marks)
        bench_marks = (struct bench_marks){begin_count, end_count};
    else
        begin_count();
    r = run_size(workload, run, size);
    if (!workload->marks)
        end_count();
    *ret_steps = steps;
    if (r == 0 && workload->check != NULL)
        workload->check(run);
    return r == 0 && run->answer != bench_expected(workload, size) ? -EIO : r;
}

/* One worker runs the operations of a row that marks them. */
static int set_up(const struct bench_workload *workload, struct bench_run *run)
{
    struct mag_sched_config config;
    int r = 0;

    mag_sched_config_init(&config);
    config.workers = 1;
    config.spare = 0;
    if (workload->marks)
        r = mag_sched_start(&config, &run->sched);
    if (r == 0 && workload->prepare != NULL)
        r = workload->prepare(run);
    return r;
}

/* The child's side. */
static int count_both(const struct bench_workload *workload, double *ret_count)
{
    struct sigaction action = {.sa_sigaction = count_step, .sa_flags = SA_SIGINFO};
    uint64_t small = small_size(workload), large = large_size(workload);
    struct bench_run run = {.size = large, .workers = 1};
    uint64_t few = 0, many = 0;
    int r = set_up(workload, &run);

    for (int i = 0; i < WARM_UPS && r == 0; i++)
        r = run_size(workload, &run, large);
    if (r == 0 && sigaction(SIGTRAP, &action, NULL) != 0)
        r = -errno;
    if (r == 0)
        r = count_run(workload, &run, small, &few);
    if (r == 0)
        r = count_run(workload, &run, large, &many);
    *ret_count = ((double)many - (double)few) / (double)(large - small);
    return r;
}

const char *bench_instructions_absent(const struct bench_workload *workload)
{
    if (!workload->marks &&
        (workload->threads != 1 || !workload->per_operation || workload->program != NULL))
        return "only rows of one thread, whose size counts operations, are counted";
    if (!bench_size_fits(workload, small_size(workload)) ||
        !bench_size_fits(workload, large_size(workload)))
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
