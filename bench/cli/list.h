/*
 * list.h - the list of workloads: printed, and chosen from.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_LIST_H
#define BENCH_CLI_LIST_H

#include "bench/workloads/workload.h"

/* Prints the workloads, what each shows, and its sizes. */
void bench_list_workloads(void);

/* Adds every workload that the name stands for to `count` of them, and none twice.
 * Returns how many there are then; ends the program if the name is none. */
uint32_t bench_choose(const char *name, const struct bench_workload **workloads,
                      uint32_t count);

/* All, or all that have figures to reach.  `by_group`: the time may not suffice, so the
 * first of each group come before the others.  Returns how many. */
uint32_t bench_choose_all(bool figures, bool by_group,
                          const struct bench_workload **workloads);

#endif
