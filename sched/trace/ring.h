/*
 * ring.h - the last events of one berth: written by its tenant, read by any thread
 * meanwhile.  Private to sched/.
 *
 * The tenant overwrites the oldest event with the newest.  A reader copies an event and
 * then looks how many there are: if the tenant has come round to that event's place, the
 * copy may be mixed up, and is thrown away.  The tenant never waits for a reader.
 *
 *     tenant, event n                     reader, event i
 *     (1) words of place n <- event       (3) read the words of place i
 *     (2) count <- n + 1                  (4) read count: i is whole if count < i + size
 *
 * If (3) has read a word of event i + size, then (4) sees at least the count that the
 * tenant stored before it, i + size.
 *
 * Ownership
 *   [W] the tenant   [I] immutable while the scheduler lives
 *
 * Edges: release end -> acquire end : what crosses
 *   event   mag_trace_ring_put (count) -> mag_trace_ring_count (count) : the words of
 *           the events
 *   over    mag_trace_ring_put (words) -> mag_trace_ring_read (words) : the count before
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_RING_H
#define SCHED_TRACE_RING_H

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What happened.  `object` and `value` are for the kind to say. */
enum mag_trace_kind {
    MAG_TRACE_BEGIN, /* a job or child: its function, its name or NULL */
    MAG_TRACE_END,   /* of the job or child that began last */
    MAG_TRACE_LOST,  /* the thread ended; nothing that has begun will end */
    MAG_TRACE_STATE, /* `detail`: enum mag_time */
    MAG_TRACE_STEAL, /* `detail`: from which worker */
    MAG_TRACE_MARK,  /* `name`; `object`, and `detail` as a number */
};

struct mag_trace_event {
    int64_t time_ns;
    enum mag_trace_kind kind;
    uint32_t detail;
    uintptr_t object;
    const char *name;
};

enum { MAG_TRACE_WORDS = 4 };

struct mag_trace_ring {
    /* [W] how many events there have been */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) count;
    _Atomic(uint64_t) *words; /* [I] MAG_TRACE_WORDS for each place, each [W] */
    uint64_t size;            /* [I] places, a power of two */
};

static inline _Atomic(uint64_t) *mag_trace_ring_place(struct mag_trace_ring *ring,
                                                      uint64_t number)
{
    return &ring->words[(number & (ring->size - 1)) * MAG_TRACE_WORDS];
}

static inline void mag_trace_ring_put(struct mag_trace_ring *ring,
                                      const struct mag_trace_event *event)
{
    /* relaxed: the tenant wrote it. */
    uint64_t count = atomic_load_explicit(&ring->count, memory_order_relaxed);
    _Atomic(uint64_t) *place = mag_trace_ring_place(ring, count);
    const uint64_t words[MAG_TRACE_WORDS] = {
        (uint64_t)event->time_ns,
        (uint64_t)event->kind | (uint64_t)event->detail << 32,
        (uint64_t)event->object,
        (uint64_t)(uintptr_t)event->name,
    };

    for (uint32_t i = 0; i < MAG_TRACE_WORDS; i++) {
        /* (1); over, release: the count was stored before. */
        atomic_store_explicit(&place[i], words[i], memory_order_release);
    }
    /* (2); event, release: the words are complete. */
    atomic_store_explicit(&ring->count, count + 1, memory_order_release);
}

/* Any thread: how many events there have been. */
static inline uint64_t mag_trace_ring_count(struct mag_trace_ring *ring)
{
    /* (4); event, acquire: the words of these events are visible. */
    return atomic_load_explicit(&ring->count, memory_order_acquire);
}

/* Any thread: copies an event.  False: it was overwritten. */
static inline bool mag_trace_ring_read(struct mag_trace_ring *ring, uint64_t number,
                                       struct mag_trace_event *ret_event)
{
    _Atomic(uint64_t) *place = mag_trace_ring_place(ring, number);
    uint64_t words[MAG_TRACE_WORDS];

    for (uint32_t i = 0; i < MAG_TRACE_WORDS; i++) {
        /* (3); over, acquire: the count of that time is visible. */
        words[i] = atomic_load_explicit(&place[i], memory_order_acquire);
    }
    if (mag_trace_ring_count(ring) >= number + ring->size)
        return false;
    *ret_event = (struct mag_trace_event){
        .time_ns = (int64_t)words[0],
        .kind = (enum mag_trace_kind)(words[1] & UINT32_MAX),
        .detail = (uint32_t)(words[1] >> 32),
        .object = (uintptr_t)words[2],
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): a pointer, as stored above. */
        .name = (const char *)(uintptr_t)words[3],
    };
    return true;
}

#endif
