/*
 * mgzip.c - examples/mgzip on real files, beside pigz; by zlib, and by libdeflate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/files.h"
#include "bench/workloads/program.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct packing {
    char program[KERNEL_PATH];
    char plain[KERNEL_PATH];
    char packed[KERNEL_PATH];
    bool checked;
};

static int prepare(struct bench_run *run)
{
    struct packing *data = calloc(1, sizeof(*data));
    int r = data != NULL ? bench_program_find("mgzip", data->program) : -ENOMEM;

    if (r == 0)
        r = kernel_files_make(run->size, data->plain);
    if (r == 0)
        r = kernel_files_place("mgzip", data->packed);
    run->data = data;
    return r;
}

static int run_program(struct bench_run *run, const char *engine)
{
    struct packing *data = run->data;
    struct kernel_child child;
    char workers[16];
    const char *const argv[] = {data->program, "-6",    "-c",        "--engine", engine,
                                "-p",          workers, data->plain, NULL};
    int r;

    (void)snprintf(workers, sizeof(workers), "%u", run->workers);
    r = kernel_files_run(argv, data->packed, &child);
    run->answer = r == 0 ? run->size : 0;
    run->seconds = child.seconds;
    run->peak_kib = child.peak_kib;
    return r;
}

static int run_zlib(struct bench_run *run)
{
    return run_program(run, "zlib");
}

static int run_libdeflate(struct bench_run *run)
{
    return run_program(run, "libdeflate");
}

/* The first output: the others are the same. */
static void check(struct bench_run *run)
{
    struct packing *data = run->data;

    if (!data->checked && !kernel_files_unpacks(data->packed, data->plain))
        run->answer = 0;
    data->checked = true;
}

static void cleanup(struct bench_run *run)
{
    struct packing *data = run->data;

    if (data != NULL && data->packed[0] != '\0')
        (void)unlink(data->packed);
    free(data);
}

#define OF_MGZIP                                                                      \
    .group = "mgzip", .size_is = "megabytes of files", .sizes = {200}, .size_min = 1, \
    .size_max = 100000, .prepare = prepare, .check = check, .cleanup = cleanup,       \
    .program = "mgzip", .weight = 4

const struct bench_workload bench_mgzip = {
    .name = "mgzip",
    .summary = "the example mgzip compresses files of this machine, as gzip -6 does",
    .shows = "what a pipeline of a reader, compressors and a writer gains, beside pigz",
    .run_magpie = run_zlib,
    OF_MGZIP,
};

const struct bench_workload bench_mgzip_libdeflate = {
    .name = "mgzip-libdeflate",
    .summary = "the same by libdeflate, in members of 1 MiB",
    .shows = "the same pipeline with a faster compressor",
    .run_magpie = run_libdeflate,
    OF_MGZIP,
};
