/*
 * diagnosis.h - everything that decides how many workers run, where, and how well; and
 * what the user could change about it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MACHINE_DIAGNOSIS_H
#define BENCH_MACHINE_DIAGNOSIS_H

#include <magpie/budget.h>
#include <magpie/pin.h>
#include <stdio.h>

enum { BENCH_WARNINGS = 24, BENCH_WARNING = 400, BENCH_PU_LIST = 1024 };

struct bench_diagnosis {
    int error; /* from loading the topology; then nothing else is set */
    struct mag_topology *topology;
    struct mag_budget *budget;
    uint32_t packages;
    uint32_t caches;
    char allowed[BENCH_PU_LIST];  /* the usable PUs, such as "0-7,16-23" */
    char decision[BENCH_WARNING]; /* how many workers and why, as a sentence */
    bool memory_binding;          /* false if there is one node: not asked for */
    bool memory_preference;       /* likewise */
    bool membarrier;
    enum mag_pinned pinned; /* what happened to a thread that asked for a PU */
    double load;            /* average of the last minute; negative: unknown */
    char warnings[BENCH_WARNINGS][BENCH_WARNING];
    uint32_t warning_count;
};

/* Fills in everything.  Binds the calling thread, to see whether the kernel allows it. */
void bench_diagnosis_read(struct bench_diagnosis *diagnosis);
/* Writes the warnings; the last step of bench_diagnosis_read. */
void bench_diagnosis_warn(struct bench_diagnosis *diagnosis);
void bench_diagnosis_free(struct bench_diagnosis *diagnosis);

void bench_diagnosis_print(FILE *out, const struct bench_diagnosis *diagnosis);

/* Returns 0 or -ENOMEM.  The caller checks `out` for write errors. */
int bench_diagnosis_json(FILE *out, const struct bench_diagnosis *diagnosis);

#endif
