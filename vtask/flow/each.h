/*
 * each.h - what loops over indices and loops over values share.  Private to vtask/flow/.
 *
 * Ownership
 *   [I] immutable after the start   [A] any lane   [L] under the lock
 *   [N] of indices, the lane that was opened last; of values, the one that has the turn
 *
 * Edges: release end -> acquire end : what crosses
 *   closed   mag_each_leave (lanes) -> the last mag_each_leave (lanes) : what the lanes'
 *            bodies and completers did
 *   opened   the post of a lane : what is [N]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_EACH_H
#define VTASK_FLOW_EACH_H

#include "base/spin.h"

#include <magpie/each.h>

#include <stdatomic.h>

/* Bodies in a row that need not wait, before a lane goes behind other jobs. */
#define MAG_EACH_BATCH 64

struct mag_each_state {
    struct mag_each_run *run;  /* [I] */
    struct mag_sched *sched;   /* [I] */
    struct mag_cancel *cancel; /* [I] or NULL */
    size_t *ret_failed;        /* [I] or NULL */
    size_t begin;              /* [I] */
    size_t count;              /* [I] of values: SIZE_MAX */
    uint32_t limit;            /* [I] of lanes */
    uint32_t opened;           /* [N] lanes */
    struct mag_spin lock;
    int error;               /* [L] 0: no body has failed */
    size_t failed;           /* [L] and which one */
    bool lost_thread;        /* [L] a body has ended its thread */
    _Atomic(uint32_t) lanes; /* [A] that are open */
    _Atomic(bool) stopped;   /* [A] no body is to begin */
    _Atomic(bool) canceled;  /* [A] by the cancel object or the scheduler */

    /* On a line of its own, because every body changes it. */
    char apart_before[MAG_CACHE_LINE];
    _Atomic(size_t) next; /* [A] bodies that were begun, or up to `limit` more */
    char apart_behind[MAG_CACHE_LINE];

    /* Of loops over values. */
    struct mag_sequence *items; /* [I] NULL: this is a loop over indices */
    struct mag_each_lane *idle; /* [L] lanes that wait for the turn */
    bool is_pulled;             /* [L] a lane has the turn */
    bool over;                  /* [L] there are no more values */
};

/* each.c - a loop with one lane; NULL: there is no memory.  mag_each_give gives back one
 * that has not begun. */
struct mag_each_state *mag_each_make(struct mag_each_run *run, struct mag_sched *sched,
                                     const struct mag_each_options *options);
void mag_each_give(struct mag_each_state *state);

/* each.c - no further body begins: because the cancel object or the scheduler says so; or
 * because the one with this number has failed. */
void mag_each_cancel(struct mag_each_state *state);
void mag_each_fail(struct mag_each_state *state, size_t index, int error);

/* each.c - as mag_each_fail, by a thread that ends in a body: no continuation runs on
 * it. */
void mag_each_lose_thread(struct mag_each_state *state, size_t index);

/* each.c - whether no further body is to begin. */
bool mag_each_is_stopped(struct mag_each_state *state);

/* each.c - a lane is about to be opened, by one that is open; or has closed.  The last
 * one to close completes the loop. */
void mag_each_enter(struct mag_each_state *state);
void mag_each_leave(struct mag_each_state *state);

#endif
