/*
 * why.h - where the time of a row went: what its workers did, and what the machine did
 * meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_WHY_H
#define BENCH_MEASURE_WHY_H

#include <stdbool.h>
#include <stdint.h>

struct mag_sched;

/* Of the counted runs of a row, added up.  Zeroes are not known. */
struct bench_why {
    /* Times of all workers, as counters.h has them; `wait_s` is spent in joins.  Only of
     * rows that a scheduler of this program runs. */
    double run_s;
    double search_s;
    double park_s;
    double wait_s;
    uint64_t steals_near;
    uint64_t steals_far;
    /* Time of all CPUs of the machine, in ticks of the kernel; and how much of it the
     * hypervisor gave to others. */
    double machine_s;
    double stolen_s;
    double mhz; /* of the fastest CPU, directly after each run; added up, too */
};

/* Adds what the workers of `sched` have done since they started. */
void bench_why_workers(const struct mag_sched *sched, struct bench_why *why);

/* Adds what the CPUs have done since the machine started. */
void bench_why_machine(struct bench_why *why);

/* Adds the frequency of the fastest CPU now, if the kernel tells it. */
void bench_why_mhz(struct bench_why *why);

/* Adds `after` without `before`. */
void bench_why_add(struct bench_why *why, const struct bench_why *before,
                   const struct bench_why *after);

/* Whether anything is known. */
bool bench_why_any(const struct bench_why *why);

/* Whether the times of the workers are known; all of them together. */
bool bench_why_known(const struct bench_why *why);
double bench_why_workers_s(const struct bench_why *why);

/* The part of the machine's time that was taken away; negative: not known. */
double bench_why_stolen(const struct bench_why *why);

#endif
