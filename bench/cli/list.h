/*
 * list.h - `magpie bench --list`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_LIST_H
#define BENCH_CLI_LIST_H

/* Prints the workloads, what each shows, and its sizes. */
void bench_list_workloads(void);

#endif
