/*
 * pigz.c - the rows mgzip and mgzip-libdeflate on pigz: the same file, level and size of
 * the blocks, and as many threads that compress as there are workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/files.h"
#include "bench/peers/common/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct packing {
    char plain[KERNEL_PATH];
    char packed[KERNEL_PATH];
    bool checked;
};

void peer_start(unsigned workers)
{
    (void)workers;
}

static int prepare(struct peer_run *run)
{
    struct packing *data = calloc(1, sizeof(*data));
    int r = data != NULL ? kernel_files_make(run->size, data->plain) : -1;

    if (r == 0)
        r = kernel_files_place("pigz", data->packed);
    run->data = data;
    return r;
}

static void compress(struct peer_run *run)
{
    struct packing *data = run->data;
    struct kernel_child child;
    char workers[16];
    const char *const argv[] = {"pigz", "-6",    "-b",        "128", "-c",
                                "-p",   workers, data->plain, NULL};

    (void)snprintf(workers, sizeof(workers), "%u", run->workers);
    run->answer = 0;
    if (kernel_files_run(argv, data->packed, &child) != 0)
        return;
    run->answer = run->size;
    run->seconds = child.seconds;
    run->peak_kib = child.peak_kib;
}

/* The first output: the others are the same. */
static void check(struct peer_run *run)
{
    struct packing *data = run->data;

    if (!data->checked && !kernel_files_unpacks(data->packed, data->plain))
        run->answer = 0;
    data->checked = true;
}

static void cleanup(struct peer_run *run)
{
    struct packing *data = run->data;

    (void)unlink(data->packed);
    free(data);
}

const struct peer_workload peer_workloads[] = {
    {"mgzip", prepare, NULL, compress, check, cleanup},
    {"mgzip-libdeflate", prepare, NULL, compress, check, cleanup},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
