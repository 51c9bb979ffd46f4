/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/grid.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

enum {
    RADIX = 5, /* inputs of NEAREST and SPREAD */
    NEAR = RADIX / 2,
    LEAST_TASKS = 64,
    LEAST_WIDTH = 16,
    LEAST_STEPS = 4,
    CALIBRATIONS = 5,
    CALIBRATE = 20000,
};

static const uint64_t most_tasks = UINT64_C(1) << 24;
static const double begin_s = 50e-9; /* of arithmetic in a task */
static const double end_s = 100e-6;

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t hash(uint64_t i)
{
    uint64_t x = i + UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ------------------------------------------------------------------- arithmetic */

/* As the compute kernel of the paper a chain of multiplications and additions. */
static void work(uint64_t iterations)
{
    uint64_t x = iterations;

    for (uint64_t i = 0; i < iterations; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
        __asm__ volatile("" : "+r"(x));
    }
}

/* The least of several measurements. */
static double measure_iteration(void)
{
    double least = 1;

    for (int i = 0; i < CALIBRATIONS; i++) {
        double from = now_s();

        work(CALIBRATE);
        double took = (now_s() - from) / CALIBRATE;
        least = took < least ? took : least;
    }
    return least > 0 ? least : 1e-9;
}

/* --------------------------------------------------------------------- patterns */

/* The inputs of one task, while they are collected. */
struct inputs {
    uint32_t columns[LEAST_WIDTH]; /* none twice */
    uint32_t count;
};

/* Adds a column that is inside and not there yet. */
static void add(struct inputs *inputs, int64_t column, uint32_t width)
{
    if (column < 0 || column >= width)
        return;
    for (uint32_t i = 0; i < inputs->count; i++) {
        if (inputs->columns[i] == (uint32_t)column)
            return;
    }
    inputs->columns[inputs->count++] = (uint32_t)column;
}

static void add_near(struct inputs *inputs, int64_t i, int64_t reach, uint32_t width)
{
    for (int64_t column = i - reach; column <= i + reach; column++)
        add(inputs, column, width);
}

static void add_butterfly(struct inputs *inputs, uint32_t t, int64_t i, uint32_t width)
{
    uint32_t levels = 1; /* a grid has 16 columns or more */

    while ((width >> (levels + 1)) != 0)
        levels++;
    int64_t far = INT64_C(1) << ((t - 1) % levels);
    add(inputs, i - far, width);
    add(inputs, i, width);
    add(inputs, i + far, width);
}

static void add_spread(struct inputs *inputs, uint32_t t, int64_t i, uint32_t width)
{
    add(inputs, i, width);
    for (int64_t k = 1; k < RADIX; k++)
        add(inputs, (i + k * width / RADIX + t) % width, width);
}

static void add_random(struct inputs *inputs, uint32_t t, int64_t i, uint32_t width,
                       int near)
{
    uint64_t chance = hash((uint64_t)t * width + (uint64_t)i);

    add(inputs, i, width);
    for (int64_t k = -NEAR; k <= NEAR && near; k++) {
        if (((chance >> (k + NEAR)) & 1) != 0)
            add(inputs, i + k, width);
    }
    for (int k = 1; k < RADIX && !near; k++)
        add(inputs, (int64_t)(hash(chance + (uint64_t)k) % width), width);
}

/* Of task i of step t, which is not 0; ALL is the caller's. */
static void collect(enum kernel_pattern pattern, uint32_t t, int64_t i, uint32_t width,
                    struct inputs *inputs)
{
    switch (pattern) {
    case KERNEL_GRID_NO_COMM:
        add(inputs, i, width);
        break;
    case KERNEL_GRID_STENCIL:
        add_near(inputs, i, 1, width);
        break;
    case KERNEL_GRID_PERIODIC:
        add(inputs, (i + width - 1) % width, width);
        add(inputs, i, width);
        add(inputs, (i + 1) % width, width);
        break;
    case KERNEL_GRID_SWEEP:
        add(inputs, i - 1, width);
        add(inputs, i, width);
        break;
    case KERNEL_GRID_TREE:
        add(inputs, i / 2, width);
        break;
    case KERNEL_GRID_FFT:
        add_butterfly(inputs, t, i, width);
        break;
    case KERNEL_GRID_NEAREST:
        add_near(inputs, i, NEAR, width);
        break;
    case KERNEL_GRID_SPREAD:
        add_spread(inputs, t, i, width);
        break;
    case KERNEL_GRID_RANDOM_NEAREST:
        add_random(inputs, t, i, width, 1);
        break;
    case KERNEL_GRID_RANDOM_SPREAD:
        add_random(inputs, t, i, width, 0);
        break;
    default:
        break;
    }
}

/* Sets the inputs of all tasks. */
static void connect(struct kernel_grid *grid, enum kernel_pattern pattern)
{
    uint32_t used = 0;

    for (uint32_t task = 0; task < grid->tasks; task++) {
        uint32_t t = task / grid->width;
        uint32_t above = (t - 1) * grid->width;
        struct inputs inputs = {.count = 0};

        grid->first[task] = used;
        if (t == 0)
            continue;
        for (uint32_t i = 0; i < grid->width && pattern == KERNEL_GRID_ALL; i++)
            grid->inputs[used++] = above + i;
        collect(pattern, t, task % grid->width, grid->width, &inputs);
        for (uint32_t i = 0; i < inputs.count; i++)
            grid->inputs[used++] = above + inputs.columns[i];
    }
    grid->first[grid->tasks] = used;
}

/* ------------------------------------------------------------------------- grids */

int kernel_grid_fits(uint64_t tasks)
{
    return tasks >= LEAST_TASKS && tasks <= most_tasks && (tasks & (tasks - 1)) == 0;
}

/* Workers beyond the processors add no arithmetic. */
static uint32_t processors(uint32_t workers)
{
    cpu_set_t set;
    int count;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return workers;
    count = CPU_COUNT(&set);
    return (uint32_t)count < workers ? (uint32_t)count : workers;
}

struct kernel_grid *kernel_grid_new(enum kernel_pattern pattern, uint32_t tasks,
                                    uint32_t workers)
{
    struct kernel_grid *grid = calloc(1, sizeof(*grid));
    uint64_t inputs;

    if (grid == NULL)
        return NULL;
    grid->tasks = tasks;
    grid->width = LEAST_WIDTH;
    while (grid->width < 4 * workers && grid->width < tasks / LEAST_STEPS)
        grid->width *= 2;
    grid->steps = tasks / grid->width;
    grid->workers = processors(workers);
    inputs = (uint64_t)tasks * (pattern == KERNEL_GRID_ALL ? grid->width : RADIX);
    grid->first = calloc((size_t)tasks + 1, sizeof(*grid->first));
    grid->inputs = calloc(inputs, sizeof(*grid->inputs));
    grid->output = calloc(tasks, sizeof(*grid->output));
    if (grid->first == NULL || grid->inputs == NULL || grid->output == NULL) {
        kernel_grid_free(grid);
        return NULL;
    }
    connect(grid, pattern);
    grid->iteration_s = measure_iteration();
    return grid;
}

void kernel_grid_free(struct kernel_grid *grid)
{
    if (grid == NULL)
        return;
    free(grid->first);
    free(grid->inputs);
    free(grid->output);
    free(grid);
}

void kernel_grid_task(struct kernel_grid *grid, uint32_t task)
{
    int whole = 1;

    for (uint32_t i = grid->first[task]; i < grid->first[task + 1]; i++)
        whole &= grid->output[grid->inputs[i]] == grid->epoch;
    work(grid->iterations);
    if (whole)
        grid->output[task] = grid->epoch;
}

static void count_right(struct kernel_grid *grid)
{
    uint32_t right = 0;

    for (uint32_t i = 0; i < grid->tasks; i++)
        right += grid->output[i] == grid->epoch;
    grid->right = right < grid->right ? right : grid->right;
}

/* The time that a worker has for a task, and how much of it is arithmetic. */
struct sample {
    double granularity_s;
    double efficiency;
};

/* The better of two runs: the first one may warm up. */
static int take(struct kernel_grid *grid, int (*run)(void *arg), void *arg,
                struct sample *sample)
{
    double least = 0;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        double from = now_s();

        grid->epoch++;
        r = run(arg);
        double took = now_s() - from;
        least = i == 0 || took < least ? took : least;
        count_right(grid);
    }
    sample->granularity_s = least * grid->workers / grid->tasks;
    sample->efficiency =
        (double)grid->iterations * grid->iteration_s / sample->granularity_s;
    return r;
}

int kernel_grid_metg(struct kernel_grid *grid, int (*run)(void *arg), void *arg,
                     double *ret_seconds)
{
    struct sample below = {0};
    struct sample now;
    double work_s = begin_s;
    double part;

    grid->right = grid->tasks;
    for (;;) {
        grid->iterations = (uint64_t)(work_s / grid->iteration_s) + 1;
        int r = take(grid, run, arg, &now);

        if (r != 0)
            return r;
        if (now.efficiency >= 0.5 || work_s >= end_s)
            break;
        below = now;
        work_s *= 2;
    }
    /* Between the last two, as if there were a straight line. */
    part = 1;
    if (now.efficiency > 0.5 && below.granularity_s > 0)
        part = (0.5 - below.efficiency) / (now.efficiency - below.efficiency);
    *ret_seconds = below.granularity_s + part * (now.granularity_s - below.granularity_s);
    return 0;
}
