/*
 * soak.h - what a soak does to a scheduler, and how it counts.  Each kind of thing that
 * is handed to the scheduler is counted in before, and counted out when it runs or is
 * dropped; what is refused is taken back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_STRESS_WHOLE_SOAK_H
#define TESTS_STRESS_WHOLE_SOAK_H

#include <magpie/group.h>
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
    SOAK_GROUP,
    SOAK_TEAM,
    SOAK_GUEST,
    SOAK_RESIZE,
    SOAK_OFFLOAD,
    SOAK_END,
    SOAK_KINDS,
};

struct soak {
    struct mag_sched *sched;
    struct mag_strand strand;
    struct mag_group *group;
    _Atomic(bool) over;
    _Atomic(uint64_t) in[SOAK_KINDS];
    _Atomic(uint64_t) out[SOAK_KINDS];
    _Atomic(uint64_t) wrong[SOAK_KINDS]; /* results that are not right */
};

/* ------------------------------------------------------------------ counting */

void soak_count_in(struct soak *soak, enum soak_kind kind, uint64_t count);
void soak_count_out(struct soak *soak, enum soak_kind kind);

/* Takes counted calls back: they were not accepted. */
void soak_take_back(struct soak *soak, enum soak_kind kind, uint64_t count);

/* Whether a call was accepted; an error that no stop explains is wrong. */
bool soak_accepted(struct soak *soak, enum soak_kind kind, int r);

/* Words that are read after the threads that add were joined. */
void soak_add(_Atomic(uint64_t) *word, uint64_t value);
uint64_t soak_read(_Atomic(uint64_t) *word);

/* ------------------------------------------------------------- what can be done */

/* soak_jobs.c */
void soak_post(struct soak *soak, enum soak_kind kind, uint64_t *random, unsigned depth);
void soak_start_timer(struct soak *soak, uint64_t *random, unsigned depth);

/* soak_calls.c */
void soak_submit(struct soak *soak, uint64_t *random);
void soak_use_group(struct soak *soak, uint64_t *random);
void soak_withdrawn(void *arg, void *hook_arg);

/* soak_results.c */
void soak_compute(struct soak *soak);
void soak_loop(struct soak *soak);
void soak_await(struct soak *soak);
void soak_ask(struct soak *soak);

/* soak_places.c */
void soak_team(struct soak *soak, uint64_t *random);
void soak_visit(struct soak *soak, uint64_t *random, unsigned depth);
void soak_resize(struct soak *soak, uint64_t *random);
void soak_offload(struct soak *soak, uint64_t *random);

/* One of these; a job that it makes may do others, `depth` deep. */
void soak_act_at(struct soak *soak, uint64_t *random, unsigned depth);

/* -------------------------------------------------------------------- one life */

void soak_init(struct soak *soak, struct mag_sched *sched);

/* Asks the producers to end; whether they were asked. */
void soak_end(struct soak *soak);
bool soak_is_over(struct soak *soak);

/* Does one thing, on a producer or inside a job. */
void soak_act(struct soak *soak, uint64_t *random);

/* For mag_sched_stop: counts out a job that never began, or lets an async function
 * continue. */
void soak_dropped(struct mag_job *job, void *arg);

/* Whether a small computation on a scheduler is right. */
bool soak_computes(struct mag_sched *sched);

/* Once the scheduler is stopped: frees what soak_init has made. */
void soak_fini(struct soak *soak);

/* Asserts that all that went in came out, once, and that all results were right. */
void soak_check(struct soak *soak);

/* Prints how often each thing was done, in all lives together. */
void soak_report(void);

#endif
