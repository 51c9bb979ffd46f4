/*
 * walk.h - one call of a loop, and walking through a part of its indices.  Private to
 * sched/loop/.
 *
 * Ownership
 *   [I] immutable while bodies run   [A] any thread that takes part   [L] under `lock`
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LOOP_WALK_H
#define SCHED_LOOP_WALK_H

#include "base/spin.h"
#include "sched/loop/fold.h"

#include <assert.h>
#include <magpie/loop_affinity.h>
#include <stdatomic.h>

/* A loop without a limit: slots are the numbers of berths. */
enum { MAG_LOOP_UNLIMITED = 0 };

struct mag_worker;

struct mag_loop {
    mag_for_body body;                 /* [I] NULL: the one of `fold` */
    void *arg;                         /* [I] */
    const struct mag_fold *fold;       /* [I] or NULL: no values */
    const struct mag_for_stop *stop;   /* [I] or NULL */
    struct mag_for_affinity *affinity; /* [I] or NULL */
    size_t grain;                      /* [I] 0: chosen by each walk */
    uint32_t limit;                    /* [I] or MAG_LOOP_UNLIMITED */
    bool heavy;                        /* [I] whether to wake workers at once */
    /* [A] Indices from here on need not run: the `begin` of `failed`, or SIZE_MAX. */
    _Atomic(size_t) bound;
    struct mag_spin lock;         /* [A] */
    int error;                    /* [L] */
    struct mag_range failed;      /* [L] */
    struct mag_range range;       /* [I] all indices */
    _Atomic(uint64_t) free_slots; /* [A] if there is a limit */
};

/* The payload of a child: indices on offer.  Its words are written and read one by one,
 * in place: a vector of words that were just stored one by one waits for them. */
struct __attribute__((may_alias)) mag_loop_part {
    struct mag_loop *loop;
    struct mag_range range;
    size_t grain;  /* to begin with */
    uint32_t slot; /* if the loop has a limit, reserved for the thief */
    bool walked;   /* set by the thief at the end */
    void *value;   /* the thief's, if the loop has values */
};

static_assert(sizeof(struct mag_loop_part) <= MAG_FORK_PAYLOAD,
              "a part fits into a slot");

/* Walks through a part, whose indices no other thread has.  Returns the grain that it has
 * found. */
size_t mag_loop_walk(mag_fork w, const struct mag_loop_part *part);

/* Notes a failure: that with the smallest index counts. */
MAG_COLD void mag_loop_fail(struct mag_loop *loop, struct mag_range range, int error);

/* Walks through all of a loop that has an affinity, and neither a limit nor values. */
void mag_loop_spread(mag_fork w, struct mag_loop *loop);

/* Wakes workers for a loop with heavy indices, of which `ranges` are on offer, the
 * caller's own among them. */
MAG_COLD void mag_loop_call_workers(const struct mag_loop *loop,
                                    struct mag_worker *worker, size_t ranges);

/* Reserves a slot for one more thread.  False: the limit is reached. */
bool mag_loop_take_slot(struct mag_loop *loop, uint32_t *ret_slot);

#endif
