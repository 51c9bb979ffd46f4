/*
 * watch.h - shows how a scheduler follows what the machine has for it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MACHINE_WATCH_H
#define BENCH_MACHINE_WATCH_H

#include <stdio.h>

/*
 * Starts a scheduler that follows its budget, keeps its workers a little busy, and shows
 * what happens to them: on a terminal as a table that changes, else a line for each
 * change.  Ends after so many seconds (0: never), or by SIGINT, SIGTERM or an error of
 * `out`.  Returns 0 or the error of mag_sched_start.
 */
int bench_watch(FILE *out, double seconds);

#endif
