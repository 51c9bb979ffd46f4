/*
 * mindex.c - examples/mindex on this machine's headers and documents, beside its serial
 * form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/files.h"
#include "bench/workloads/program.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct indexing {
    char program[KERNEL_PATH];
    char wanted[KERNEL_PATH + 8]; /* the index that the serial form makes */
    char made[KERNEL_PATH];
};

static int index_files(struct bench_run *run, const char *form, const char *number,
                       const char *out)
{
    const struct indexing *data = run->data;
    struct kernel_child child;
    char count[24];
    const char *const argv[] = {data->program, form,  number,         "-q",
                                "-n",          count, "/usr/include", "/usr/share/doc",
                                "/usr/lib",    NULL};
    int r;

    (void)snprintf(count, sizeof(count), "%" PRIu64, run->size);
    r = kernel_files_run(argv, out, &child);
    run->seconds = child.seconds;
    run->peak_kib = child.peak_kib;
    return r;
}

static int run_serial(struct bench_run *run)
{
    const struct indexing *data = run->data;

    return index_files(run, "-s", "-s", data->made);
}

static int run_parallel(struct bench_run *run)
{
    const struct indexing *data = run->data;
    char workers[16];

    (void)snprintf(workers, sizeof(workers), "%u", run->workers);
    return index_files(run, "-p", workers, data->made);
}

static int prepare(struct bench_run *run)
{
    struct indexing *data = calloc(1, sizeof(*data));
    int r = data != NULL ? bench_program_find("mindex", data->program) : -ENOMEM;

    run->data = data;
    if (r == 0)
        r = kernel_files_place("index", data->made);
    if (r != 0)
        return r;
    (void)snprintf(data->wanted, sizeof(data->wanted), "%s.wanted", data->made);
    return index_files(run, "-s", "-s", data->wanted);
}

static void check(struct bench_run *run)
{
    const struct indexing *data = run->data;

    run->answer = kernel_files_same(data->made, data->wanted) ? run->size : 0;
}

static void cleanup(struct bench_run *run)
{
    struct indexing *data = run->data;

    if (data != NULL && data->wanted[0] != '\0') {
        (void)unlink(data->made);
        (void)unlink(data->wanted);
    }
    free(data);
}

const struct bench_workload bench_mindex = {
    .group = "mindex",
    .name = "mindex",
    .summary = "the example mindex makes a sorted index of this machine's text files",
    .shows = "a pipeline of uneven files, and a reduction bucket by bucket",
    .size_is = "files",
    .sizes = {10000},
    .size_min = 1,
    .size_max = 10000000,
    .twin = "serial",
    .program = "mindex",
    .weight = 2,
    .prepare = prepare,
    .run_twin = run_serial,
    .run_magpie = run_parallel,
    .check = check,
    .cleanup = cleanup,
};
