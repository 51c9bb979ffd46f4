/*
 * configurations.h - which numbers of workers and which seatings are measured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_CONFIGURATIONS_H
#define BENCH_CLI_CONFIGURATIONS_H

#include "bench/machine/machine.h"
#include "bench/measure/sweep.h"

/* What the command line says.  All zeroes: nothing. */
struct bench_configurations {
    const char *workers; /* the text, for "max" is known later */
    enum mag_placement placements[BENCH_SEATINGS];
    uint32_t placement_count;
    enum mag_pin pins[BENCH_SEATINGS];
    uint32_t pin_count;
};

/* Each takes the value of its option; a wrong one ends the program.
 *
 *   workers     "1,2,4", "1..8", "1..max", "2,8..max"
 *   placements  "per-core,scatter"
 *   pins        "never,always,adaptive" */
void bench_take_workers(struct bench_configurations *wanted, const char *text);
void bench_take_placements(struct bench_configurations *wanted, const char *text);
void bench_take_pins(struct bench_configurations *wanted, const char *text);

/*
 * Sets the workers and the seatings of a sweep, those that nobody asked for to their
 * defaults: 1, 2, 4 ... and as many workers as the machine allows.  Says in `machine` how
 * the workers sit.  A range that ends before it begins ends the program.  Returns 0, or
 * the error of making a plan of the machine.
 */
int bench_configure(const struct bench_configurations *wanted, struct bench_sweep *sweep,
                    struct bench_machine *machine);

#endif
