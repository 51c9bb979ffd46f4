/*
 * why.h - where the time of a row went: what its workers did, and what the machine did
 * meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_WHY_H
#define BENCH_MEASURE_WHY_H

#include <magpie/counters.h>
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
    double even_s; /* that they had run, if each had run as long as the busiest one */
    uint64_t steals_near;
    uint64_t steals_far;
    uint64_t steals_ring[MAG_STEAL_RINGS]; /* those from far, by the node's distance */
    /* Time of all CPUs of the machine, in ticks of the kernel; and how much of it the
     * hypervisor gave to others. */
    double machine_s;
    double stolen_s;
    double mhz; /* of the fastest CPU, directly after each run; added up, too */
};

/* What each worker of a scheduler has done since it started.  All zeroes: there is no
 * scheduler, and the functions below do nothing. */
struct bench_why_workers {
    const struct mag_sched *sched;
    struct mag_sched_counters *counters; /* of each place */
    uint32_t count;
};

/* Makes room for a scheduler's workers.  0 or -ENOMEM. */
int bench_why_workers_init(struct bench_why_workers *workers,
                           const struct mag_sched *sched);
void bench_why_workers_fini(struct bench_why_workers *workers);

/* Reads the counters. */
void bench_why_workers_look(struct bench_why_workers *workers);

/* Adds what they did between two looks. */
void bench_why_workers_between(const struct bench_why_workers *before,
                               const struct bench_why_workers *after,
                               struct bench_why *why);

/* Adds the time of a thread that took the place of a worker, which slept meanwhile, and
 * takes away that worker's: `took_s`, of which it ran `run_s`, of so many `threads`. */
void bench_why_caller(struct bench_why *why, double took_s, double run_s,
                      uint32_t threads);

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
