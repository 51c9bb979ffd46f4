/*
 * program.h - workloads that are programs among the examples.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WORKLOADS_PROGRAM_H
#define BENCH_WORKLOADS_PROGRAM_H

#include "bench/kernels/files.h"
#include "bench/workloads/workload.h"

/* Finds an example in ../examples, as seen from this program.  0 or -ENOENT. */
int bench_program_find(const char *name, char ret_path[KERNEL_PATH]);

/* Removes the files of a workload's process that was killed. */
void bench_program_forget(intmax_t process);

#endif
