/*
 * lane.h - one measured configuration in a process of its own.
 *
 * The process is started, runs once each time it is told to, and ends; in between it
 * sleeps.  So several lanes can take turns, which is what makes their ratio mean
 * something on a noisy machine, and the peak memory of each is its own.
 *
 * The protocol is text, a line each way, so that a lane can be any program:
 *
 *     lane     ready | failed <why>             once, when it can run
 *     parent   run
 *     lane     done <seconds> <answer> [<KiB>] [workers <what they did>] | failed <why>
 *     parent   quit, or the end of the file
 *
 * <KiB> is the peak memory of another program that the lane has run; without it the
 * lane's own counts.  <what they did> is the time in seconds that all workers together
 * ran, searched, were parked and waited in joins in this run; the time that they would
 * have run, if each had run as long as the one that ran longest; their near and far
 * steals; and the far ones by distance, as many numbers as MAG_STEAL_RINGS says.
 *
 * A lane with a limit is killed when the time is over, and is `late` then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_LANE_H
#define BENCH_MEASURE_LANE_H

#include "bench/measure/row.h"
#include "bench/workloads/workload.h"

#include <stdio.h>
#include <sys/types.h>

struct bench_lane_spec {
    const struct bench_workload *workload;
    uint64_t size;
    uint32_t workers;
    bool twin;                  /* the workload's twin instead of Magpie */
    const char *const *command; /* a program that speaks the protocol; NULL: this one */
    const struct bench_seating *seating; /* of the workers; NULL: the usual one */
    double until; /* when it is killed, in the seconds of bench_now; 0: never */
};

struct bench_lane {
    pid_t pid; /* 0: not running */
    int to;
    FILE *from;
    double until;
    bool late;               /* it was killed because its time was over */
    uint64_t peak_kib;       /* of a program that it has run; 0: it runs none */
    struct bench_why why;    /* what its workers did in the last run, if it says so */
    char error[BENCH_ERROR]; /* "": none yet */
};

/* Starts a lane and waits until it is ready.  False: `error` says why not; the lane still
 * wants bench_lane_stop. */
bool bench_lane_start(struct bench_lane *lane, const struct bench_lane_spec *spec);

/* Runs once.  False: `error` says why not, and the lane will not run again. */
bool bench_lane_run(struct bench_lane *lane, double *ret_seconds, uint64_t *ret_answer);

/* Ends the process and returns the most memory that was resident in it, in KiB.  When it
 * ends badly, `error` says how. */
uint64_t bench_lane_stop(struct bench_lane *lane);

/* Monotonic seconds. */
double bench_now(void);

#endif
