/*
 * bulk.h - many calls in one job.  Private to sched/.
 *
 * A bulk is a range of calls of one function: an object with a job.  A worker that runs
 * the job is a participant.  It posts the job again before its first call, and then makes
 * calls for a turn.  So while calls are left, the job waits where other workers find it,
 * and no call waits behind one that takes long, or that ends its thread.
 *
 *   job taken:  another worker ran it last?  yes: take the second half for a bulk of its
 *                                                 own, post the first one's job again
 *               nothing left?  give the bulk back: this was its job's last run
 *               else           post the job again, and call
 *
 * The object lives as long as its job is posted or taken.  A participant may come back
 * from a long call when the object has been given back and filled again.  It finds
 * another generation in the range, and goes: bulks come from a pool that is never
 * destroyed, so the word can be read at any time.
 *
 * Ownership
 *   [F] written by the thread that fills the bulk   [J] the thread that has the job
 *   [A] any participant
 *
 * Edges: none.  What participants read crosses with the job; a call is claimed by a swap
 * of the range, which is a number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SUBMIT_BULK_H
#define SCHED_SUBMIT_BULK_H

#include "sched/post/post.h"

#include <magpie/submit.h>

#include <stdatomic.h>

/* The most calls of one bulk.  Begin and end take eight bits each of the range, and 48
 * are left for the generation: it comes round after years of nothing but bulks. */
#define MAG_BULK_MAX 255

/* Calls of a function with the elements of an array. */
struct mag_calls {
    void (*function)(void *arg);
    void (*dropped)(void *arg); /* or NULL */
    char *args;                 /* of call 0 of the range */
    size_t stride;
};

struct mag_bulk {
    struct mag_job job;      /* first */
    _Atomic(uint64_t) range; /* [A] generation, end and begin of what is left */
    struct mag_calls calls;  /* [F] */
    const char *name;        /* [F] or NULL */
    uint32_t level;          /* [F] of the queue */
    uint32_t runner;         /* [J] who ran the job last, or MAG_NONE */
};

/* Makes bulks for `count` calls, linked.  0; -ENOMEM. */
int mag_bulk_make(const struct mag_submit_options *options, uint32_t level,
                  const struct mag_calls *calls, size_t count,
                  struct mag_chain *ret_chain);

/* Gives back bulks that were not posted. */
void mag_bulk_unmake(const struct mag_chain *chain);

#endif
