/*
 * soak.h - what a soak does to a scheduler, and how it counts.  Each kind of thing that
 * is handed to the scheduler is counted in before, and counted out when it runs or is
 * dropped; what is refused is taken back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_STRESS_WHOLE_SOAK_H
#define TESTS_STRESS_WHOLE_SOAK_H

#include <magpie/magpie.h>
#include <magpie/strand.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum soak_kind {
    SOAK_POST,
    SOAK_SUBMIT,
    SOAK_BULK,
    SOAK_FORK,
    SOAK_LOOP,
    SOAK_STRAND,
    SOAK_TIMER,
    SOAK_ASYNC,
    SOAK_TASK,
    SOAK_BLOCK,
    SOAK_END,
    SOAK_KINDS,
};

struct soak {
    struct mag_sched *sched;
    struct mag_strand strand;
    _Atomic(bool) over;
    _Atomic(uint64_t) in[SOAK_KINDS];
    _Atomic(uint64_t) out[SOAK_KINDS];
    _Atomic(uint64_t) wrong[SOAK_KINDS]; /* results that are not right */
};

void soak_init(struct soak *soak, struct mag_sched *sched);

/* Asks the producers to end; whether they were asked. */
void soak_end(struct soak *soak);
bool soak_is_over(struct soak *soak);

/* Does one thing, on a producer or inside a job. */
void soak_act(struct soak *soak, uint64_t *random);

/* For mag_sched_stop: counts out a job that never began, or lets an async function
 * continue. */
void soak_dropped(struct mag_job *job, void *soak);

/* Whether a small computation on a scheduler is right. */
bool soak_computes(struct mag_sched *sched);

/* Asserts that all that went in came out, once, and that all results were right. */
void soak_check(struct soak *soak);

/* Prints how often each thing was done, in all lives together. */
void soak_report(void);

#endif
