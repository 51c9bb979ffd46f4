/*
 * runq.h - a worker's run queue: a bounded ring of jobs, first in, first out.  Private to
 * sched/.
 *
 * The owner pushes at the tail; the owner and thieves claim batches at the head.
 *
 * Ownership
 *   [I] immutable once shared   [W] written by the owner, read by all   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   pushed    mag_runq_push (tail) -> mag_runq_claim_so (tail) : the slots and the jobs
 *   vacated   mag_runq_claim_so (head) -> mag_runq_push (head) : the claimer's reads of
 *             the slots, before the owner overwrites them
 *
 * Why one compare-and-swap is enough for a batch.  Positions are 64 bits wide and only
 * grow, so `head` never returns to an old value.  A claimer first copies the slots of
 * [head, head + n) and then swings `head` forward.  If that succeeds, no other thread
 * claimed in between.  Nor did the owner overwrite the slots: it writes a slot again only
 * after `head` has passed it.
 *
 * Invariant: 0 <= tail - head <= capacity, and limit - tail <= capacity: the owner stops
 * where tail is limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_RUNQ_H
#define SCHED_QUEUE_RUNQ_H

#include <magpie/detail/base.h>
#include <magpie/sched.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mag_runq {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) head; /* [A] the next position to claim */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) tail; /* [W] the next position to write */
    uint64_t limit;                   /* owner only, plain: it may write up to here, by
                                       * an earlier value of `head` */
    uint64_t mask;                    /* [I] capacity - 1 */
    _Atomic(struct mag_job *) *slots; /* [I] the array; slots are [W] */
};

/* `capacity` is a power of two.  Positions start at `start`, so that tests can begin near
 * the wrap. */
static inline void mag_runq_init(struct mag_runq *ring, _Atomic(struct mag_job *) *slots,
                                 uint64_t capacity, uint64_t start)
{
    atomic_init(&ring->head, start);
    atomic_init(&ring->tail, start);
    ring->limit = start + capacity;
    ring->mask = capacity - 1;
    ring->slots = slots;
    for (uint64_t i = 0; i < capacity; i++)
        atomic_init(&slots[i], NULL);
}

/* As mag_runq_push, for a caller that knows the ring's array and mask without reading
 * them. */
static inline bool mag_runq_push_known(struct mag_runq *ring,
                                       _Atomic(struct mag_job *) *slots, uint64_t mask,
                                       struct mag_job *job)
{
    /* relaxed: only the owner writes it. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (MAG_UNLIKELY(tail == ring->limit)) {
        /* vacated, acquire: the claimers have read what is overwritten below. */
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

        ring->limit = head + mask + 1;
        if (tail == ring->limit)
            return false;
    }
    /* relaxed: published by the tail. */
    atomic_store_explicit(&slots[tail & mask], job, memory_order_relaxed);
    /* pushed, release: the slot, and the job's fields, precede the new tail. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

/* Owner only.  False: the ring is full, and the job was not queued. */
static inline bool mag_runq_push(struct mag_runq *ring, struct mag_job *job)
{
    return mag_runq_push_known(ring, ring->slots, ring->mask, job);
}

/* Owner only.  For so many jobs there is room. */
static inline uint64_t mag_runq_room(struct mag_runq *ring)
{
    /* vacated, acquire: the claimers have read what the caller will overwrite. */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

    ring->limit = head + ring->mask + 1;
    /* relaxed: only the owner writes it. */
    return ring->limit - atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

/* Owner only.  Queues `count` jobs, for which there is room. */
static inline void mag_runq_push_many(struct mag_runq *ring, struct mag_job *const *jobs,
                                      uint32_t count)
{
    /* relaxed: only the owner writes it. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    _Atomic(struct mag_job *) *slots = ring->slots;
    uint64_t mask = ring->mask;

    uint64_t end = tail + count;

    if ((count & 1) != 0) {
        /* relaxed: published by the tail. */
        atomic_store_explicit(&slots[tail++ & mask], *jobs++, memory_order_relaxed);
    }
    for (; tail != end; tail += 2, jobs += 2) {
        /* relaxed, both: as above. */
        atomic_store_explicit(&slots[tail & mask], jobs[0], memory_order_relaxed);
        /* relaxed: as above. */
        atomic_store_explicit(&slots[(tail + 1) & mask], jobs[1], memory_order_relaxed);
    }
    /* pushed, release: as in mag_runq_push. */
    atomic_store_explicit(&ring->tail, end, memory_order_release);
}

/* Any thread.  An estimate of how many jobs wait. */
static inline uint64_t mag_runq_length(struct mag_runq *ring)
{
    /* relaxed: a hint; stronger orders would not make the two reads one snapshot
     * either. */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    /* relaxed: a hint too.  The owner publishes the tail by a release store alone, so a
     * parking worker may miss a new tail whatever the order here: rings fall under (I2)
     * in idle.h. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    return (int64_t)(tail - head) > 0 ? tail - head : 0;
}

enum mag_runq_claim { MAG_RUNQ_CLAIMED, MAG_RUNQ_EMPTY, MAG_RUNQ_LOST };

/* For mag_runq_claim_so: copies `count` slots, two at a time. */
static inline void mag_runq_copy(const struct mag_runq *ring, uint64_t head,
                                 struct mag_job **batch, uint64_t count, bool oldest_last)
{
    _Atomic(struct mag_job *) *slots = ring->slots;
    uint64_t mask = ring->mask;
    uint64_t end = head + count;
    ptrdiff_t step = oldest_last ? -1 : 1;
    struct mag_job **to = oldest_last ? batch + count - 1 : batch;

    if ((count & 1) != 0) {
        /* relaxed: the swap of the head proves that this value is current. */
        *to = atomic_load_explicit(&slots[head++ & mask], memory_order_relaxed);
        to += step;
    }
    for (; head != end; head += 2, to += 2 * step) {
        /* relaxed, both: as above. */
        to[0] = atomic_load_explicit(&slots[head & mask], memory_order_relaxed);
        /* relaxed: as above. */
        to[step] = atomic_load_explicit(&slots[(head + 1) & mask], memory_order_relaxed);
    }
}

/* As mag_runq_claim; `oldest_last`: the other way round. */
static inline enum mag_runq_claim mag_runq_claim_so(struct mag_runq *ring,
                                                    struct mag_job **batch, uint32_t room,
                                                    bool oldest_last, uint32_t *ret_count)
{
    /* acquire: the tail is read after the head, so that a stale tail cannot lie behind
     * it. */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    /* pushed, acquire: the slots up to the tail, and their jobs, are visible. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t waiting = tail - head;

    if (waiting == 0)
        return MAG_RUNQ_EMPTY;
    /* The head is so old that the tail has lapped it: other threads are claiming. */
    if (waiting > ring->mask + 1)
        return MAG_RUNQ_LOST;

    uint64_t count = (waiting + 1) / 2;
    if (count > room)
        count = room;
    mag_runq_copy(ring, head, batch, count, oldest_last);
    /* vacated, release: the reads above precede the owner's overwriting.
     * On failure relaxed: the batch is dropped. */
    if (!atomic_compare_exchange_strong_explicit(
            &ring->head, &head, head + count, memory_order_release, memory_order_relaxed))
        return MAG_RUNQ_LOST;
    *ret_count = (uint32_t)count;
    return MAG_RUNQ_CLAIMED;
}

/*
 * Any thread.  Claims the older half of the waiting jobs, at least one and at most
 * `room`, into `batch`, oldest first.
 */
static inline enum mag_runq_claim mag_runq_claim(struct mag_runq *ring,
                                                 struct mag_job **batch, uint32_t room,
                                                 uint32_t *ret_count)
{
    return mag_runq_claim_so(ring, batch, room, false, ret_count);
}

#endif
