/*
 * measure.h - measures the costs of the model on this machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_MEASURE_H
#define BENCH_SIM_MEASURE_H

#include "bench/sim/costs.h"

#include <stdint.h>

/* Which costs were measured: those of distances that this machine does not have, and
 * those that need a quiet observer, keep their defaults. */
struct sim_measured {
    struct sim_costs costs;
    bool measured[SIM_COSTS];
};

/* Takes about two seconds.  0, or a negative errno. */
int sim_measure(struct sim_measured *ret_measured);

/* In the form that sim_costs_read takes; what was not measured is a comment. */
void sim_measured_write(FILE *out, const struct sim_measured *measured);

/* Sets one. */
static inline void sim_measured_set(struct sim_measured *measured, enum sim_cost cost,
                                    double ns)
{
    measured->costs.ns[cost] = ns;
    measured->measured[cost] = true;
}

/* measure_work.c: the work of the workloads, serially, and a fork. */
int sim_measure_work(struct sim_measured *measured);

/* Nanoseconds of a clock that goes on. */
int64_t sim_clock_ns(void);

#endif
