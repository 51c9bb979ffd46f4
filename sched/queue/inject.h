/*
 * inject.h - an injection queue: jobs posted from outside, first in, first out.  Private
 * to sched/.
 *
 * Any thread pushes, without a lock and without a retry; one thread at a time pops, under
 * the consumers' lock.  The jobs are linked through their own `next`.  A job may be a
 * packet of calls (packet.h): those who take jobs get its calls instead.
 *
 * Ownership
 *   [A] any thread       [L] the holder of the consumers' lock, or the pusher that found
 *                        the queue empty (never both at once: see below)
 *
 * Edges: release end -> acquire end : what crosses
 *   pushed   push (first, or the last job's next) -> pop (first, next) : the job's fields
 *   last     push (last) -> push, pop (last) : the pusher links the job before its own
 *
 * Emptiness is decided by `last` alone: NULL means empty.  A push swaps its job into
 * `last`.  Then it links the job behind the one it found there, or as `first` if it found
 * NULL.  Between the two steps the queue is not empty, but the job cannot be reached yet:
 * pop returns NULL while mag_inject_waiting returns true.
 *
 * Two threads write `first`: a pusher that found `last` NULL, and the consumer.  The
 * consumer clears `first` before it swaps `last` from its job to NULL, so a pusher that
 * sees that NULL writes `first` later.  If the swap fails, no pusher found NULL, and only
 * the consumer writes `first`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_INJECT_H
#define SCHED_QUEUE_INJECT_H

#include "base/spin.h"
#include "sched/queue/packet.h"

#include <magpie/sched.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_inject {
    _Alignas(MAG_CACHE_LINE) _Atomic(struct mag_job *) last;  /* [A] NULL: empty */
    _Alignas(MAG_CACHE_LINE) _Atomic(struct mag_job *) first; /* [L] NULL: not linked */
    struct mag_spin consumers;                                /* [A] */
};

static inline void mag_inject_init(struct mag_inject *queue)
{
    atomic_init(&queue->last, NULL);
    atomic_init(&queue->first, NULL);
    mag_spin_init(&queue->consumers);
}

/* Any thread.  Pushes a chain, linked from `first` to `last` by relaxed stores.  Returns
 * whether older jobs were there. */
static inline bool mag_inject_push(struct mag_inject *queue, struct mag_job *first,
                                   struct mag_job *last)
{
    /* relaxed: published by the swap and the link below. */
    atomic_store_explicit(&last->next, NULL, memory_order_relaxed);
    /* Both halves, and a place in the single order that parking relies on (idle.h (1)):
     *   last, release: the chain's end is complete before the next pusher links to it;
     *   last, acquire: the job that this push links to is complete as well. */
    struct mag_job *before =
        atomic_exchange_explicit(&queue->last, last, memory_order_seq_cst);

    if (before == NULL) {
        /* pushed, release: the job's fields are written before the job can be reached. */
        atomic_store_explicit(&queue->first, first, memory_order_release);
    } else {
        /* pushed, release: as above. */
        atomic_store_explicit(&before->next, first, memory_order_release);
    }
    return before != NULL;
}

/* Any thread.  Whether a job is queued, or about to be linked. */
static inline bool mag_inject_waiting(struct mag_inject *queue)
{
    /* seq_cst: a parking worker's last look, see idle.h (4). */
    return atomic_load_explicit(&queue->last, memory_order_seq_cst) != NULL;
}

/* Under the consumers' lock, or by the only consumer.  NULL: empty, or the oldest job is
 * not linked yet. */
static inline struct mag_job *mag_inject_pop(struct mag_inject *queue)
{
    /* pushed, acquire: the job's fields are visible. */
    struct mag_job *job = atomic_load_explicit(&queue->first, memory_order_acquire);
    if (job == NULL)
        return NULL;

    /* pushed, acquire: the next job's fields, for the pop that returns it. */
    struct mag_job *next = atomic_load_explicit(&job->next, memory_order_acquire);
    if (next == NULL) {
        struct mag_job *expected = job;

        /* relaxed: a pusher that reads `last` as NULL comes after this store by edge
         * last. */
        atomic_store_explicit(&queue->first, NULL, memory_order_relaxed);
        /* last, release: `first` is clear before a pusher can find the queue empty.
         * On failure relaxed: another push is under way; its link is read below. */
        if (atomic_compare_exchange_strong_explicit(&queue->last, &expected, NULL,
                                                    memory_order_release,
                                                    memory_order_relaxed))
            return job;
        /* pushed, acquire: as above. */
        next = atomic_load_explicit(&job->next, memory_order_acquire);
        if (next == NULL) {
            /* relaxed: restores the old value; the lock publishes it. */
            atomic_store_explicit(&queue->first, job, memory_order_relaxed);
            return NULL;
        }
    }
    /* relaxed: for the next holder of the lock. */
    atomic_store_explicit(&queue->first, next, memory_order_relaxed);
    return job;
}

/* Under the lock: takes up to `room` calls of a packet that is the oldest job. */
static inline uint32_t mag_inject_unpack(struct mag_inject *queue,
                                         struct mag_packet *packet,
                                         struct mag_job **batch, uint32_t room)
{
    uint32_t count = mag_packet_take(packet, batch, room);

    /* If it cannot be popped, because a push behind it is under way, it stays, empty. */
    if (mag_packet_is_empty(packet) && mag_inject_pop(queue) != NULL) {
        mag_packet_release_queue(packet);
        /* relaxed: the next job is not read here; its line comes while these calls
         * run. */
        __builtin_prefetch(atomic_load_explicit(&queue->first, memory_order_relaxed));
    }
    return count;
}

/* Under the lock: pops `job`, which has no next one so far.  Returns how many: 0 if a
 * push behind it is under way. */
static inline uint32_t mag_inject_end(struct mag_inject *queue, struct mag_job *job,
                                      struct mag_job **ret_job)
{
    /* relaxed: for the next holder of the lock; `last` is not NULL, so no pusher writes
     * it. */
    atomic_store_explicit(&queue->first, job, memory_order_relaxed);
    *ret_job = mag_inject_pop(queue);
    return *ret_job != NULL;
}

/* Under the lock.  Takes up to `room` jobs, at least 1.  A packet ends the batch: jobs
 * before it give its thread time to add calls. */
static inline uint32_t mag_inject_gather(struct mag_inject *queue, struct mag_job **batch,
                                         uint32_t room)
{
    /* pushed, acquire: the job's fields are visible. */
    struct mag_job *job = atomic_load_explicit(&queue->first, memory_order_acquire);
    struct mag_job **at = batch, **end = batch + room;

    if (job == NULL)
        return 0;
    if (mag_packet_is(job))
        return mag_inject_unpack(queue, (struct mag_packet *)(void *)job, batch, room);
    do {
        /* pushed, acquire: the next job's fields are visible. */
        struct mag_job *next = atomic_load_explicit(&job->next, memory_order_acquire);

        if (next == NULL)
            return (uint32_t)(at - batch) + mag_inject_end(queue, job, at);
        *at++ = job;
        job = next;
    } while (at != end && !mag_packet_is(job));
    /* relaxed: for the next holder of the lock; `last` is not NULL, so no pusher writes
     * it. */
    atomic_store_explicit(&queue->first, job, memory_order_relaxed);
    return (uint32_t)(at - batch);
}

/* Any thread.  Takes up to `room` jobs, at least 1, oldest first.  Returns 0 also if
 * another consumer holds the lock. */
static inline uint32_t mag_inject_take(struct mag_inject *queue, struct mag_job **batch,
                                       uint32_t room)
{
    if (!mag_inject_waiting(queue) || !mag_spin_try_lock(&queue->consumers))
        return 0;
    uint32_t count = mag_inject_gather(queue, batch, room);
    mag_spin_unlock(&queue->consumers);
    return count;
}

#endif
