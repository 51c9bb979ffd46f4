/*
 * bell.h - how the monitor (monitor.h) sleeps while all workers are parked, and how it is
 * woken.  Private to sched/.
 *
 * The monitor looks at running workers from time to time.  While none runs it sleeps
 * without a timeout, so an idle scheduler costs nothing.  A worker that has been woken
 * rings.  That is one load if the monitor is awake, as it is but for the first of many
 * wakes.
 *
 * Why no worker runs unseen.  Monitor and waking thread are Dekker's two sides:
 *
 *     monitor                                  thread that wakes a worker, and the worker
 *     (1) bell <- ASLEEP                       (3) idle word: parked - 1
 *     (2) read the idle word; sleep if all     (4) read bell
 *         are parked
 *
 * All four are seq_cst, and (3) comes before (4), because the worker runs when it has
 * been woken.  So the monitor sees the worker at (2), or the worker rings.
 *
 * Ownership
 *   [A] any thread
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_IDLE_BELL_H
#define SCHED_IDLE_BELL_H

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum mag_bell_word {
    MAG_BELL_AWAKE,  /* the monitor looks around, or naps until its next look */
    MAG_BELL_ASLEEP, /* it sleeps until somebody rings */
    MAG_BELL_OVER,   /* it ends, or there is none */
};

struct mag_bell {
    _Atomic(uint32_t) word; /* [A] enum mag_bell_word */
};

static inline void mag_bell_init(struct mag_bell *bell)
{
    atomic_init(&bell->word, MAG_BELL_AWAKE);
}

/* Wakes the monitor, which sleeps. */
MAG_COLD void mag_bell_pull(struct mag_bell *bell);

/* A thread that begins to run jobs, after (3). */
static inline void mag_bell_ring(struct mag_bell *bell)
{
    /* (4), seq_cst: after (3). */
    if (MAG_UNLIKELY(atomic_load_explicit(&bell->word, memory_order_seq_cst) ==
                     MAG_BELL_ASLEEP))
        mag_bell_pull(bell);
}

/* Any thread.  Tells the monitor to end. */
void mag_bell_end(struct mag_bell *bell);

bool mag_bell_is_over(struct mag_bell *bell);

/* The monitor.  Announces that it is going to sleep: (1).  The caller then looks at the
 * idle word (2), and calls one of the two functions below. */
void mag_bell_announce(struct mag_bell *bell);

/* The monitor sleeps until it is woken, or stays awake after all. */
void mag_bell_sleep(struct mag_bell *bell);
void mag_bell_stay(struct mag_bell *bell);

/* The monitor naps so long, or until it is told to end. */
void mag_bell_nap(struct mag_bell *bell, int64_t nap_ns);

#endif
