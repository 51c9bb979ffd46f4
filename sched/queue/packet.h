/*
 * packet.h - calls that one thread submits, in one job of an injection queue.  Private to
 * sched/.
 *
 * A packet is a job and an array of calls.  A thread from outside that submits a function
 * puts the call into a packet and pushes the packet's job.  As long as no worker has
 * begun with the packet, the thread's next calls go in behind the first one, and nothing
 * else is to be done: a packet that waits has all that a waiting job has, so that a
 * worker comes for it.  The worker closes the packet and takes the calls, which are jobs
 * themselves.  The packet's own job never runs.
 *
 *   open     in the queue; its thread adds calls
 *   closed   a worker has begun with it; calls may be left in it
 *   left     nothing uses it any more: it goes back to its pool
 *
 * Adding and closing are read-modify-writes of one word, so one comes after the other: a
 * call that is in by then is taken, and a thread that finds the word closed begins
 * another packet.  The call is written first.  So a thread writes into a packet that may
 * be closed already, and a packet must not be used again while a thread may do that.
 *
 * Holds.  Each call that is not over holds the packet, and so does the queue, and the
 * thread that adds to it.  The number of calls is not known before the packet is closed,
 * so it begins with holds for all places; those of the empty ones go with the queue's.
 *
 * Ownership
 *   [T] the thread that adds calls, until it adds the next   [L] the consumers' lock of
 *   the queue, once the packet is closed                     [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   added   mag_packet_add (word) -> mag_packet_close (word) : the calls
 *   over    mag_packet_release (holds) -> mag_packet_release (holds) : all that was read
 *           of the packet, before it is filled again
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_PACKET_H
#define SCHED_QUEUE_PACKET_H

#include <magpie/detail/base.h>
#include <magpie/sched.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Calls of a packet: as many as fit in 1,024 bytes.  A worker takes 32 jobs at once. */
#ifndef MAG_PACKET_CALLS
#    define MAG_PACKET_CALLS 31
#endif

/* A packet lies at a multiple of this, so that masking a call's address yields it. */
enum { MAG_PACKET_SIZE = 1024 };

/* So many places ahead of a call the lines are asked for. */
enum { MAG_PACKET_AHEAD = 6 };

struct mag_call {
    struct mag_job job; /* first */
    void (*function)(void *arg);
    void *arg;
};

struct mag_packet {
    struct mag_job job;                      /* first; its `run` is mag_packet_mark */
    _Atomic(uint32_t) word;                  /* [A] how many calls; MAG_PACKET_CLOSED */
    _Atomic(uint32_t) holds;                 /* [A] */
    uint32_t count;                          /* [L] calls in it; 0: still open */
    uint32_t taken;                          /* [L] so many of them were taken */
    struct mag_call calls[MAG_PACKET_CALLS]; /* [T] */
};

enum { MAG_PACKET_CLOSED = 1 << 16 };

/* The `run` of a packet's job, by which it is known.  Never called. */
void mag_packet_mark(struct mag_job *job);

/* Takes a packet from its pool.  0; -ENOMEM. */
int mag_packet_new(struct mag_packet **ret_packet);

/* Nothing uses the packet any more. */
void mag_packet_give(struct mag_packet *packet);

static inline bool mag_packet_is(const struct mag_job *job)
{
    return job->run == mag_packet_mark;
}

/* Writes call number `index`, the next one. */
static inline void mag_packet_write(struct mag_packet *packet, uint32_t index,
                                    void (*run)(struct mag_job *job),
                                    void (*function)(void *arg), void *arg)
{
    struct mag_call *call = &packet->calls[index];

    call->job.run = run;
    call->function = function;
    call->arg = arg;
    /* A later place, whose line the last worker has: adding must not wait for it. */
    __builtin_prefetch(call + MAG_PACKET_AHEAD, 1);
}

/* Fills a packet that nobody else uses with its first call. */
static inline void mag_packet_begin(struct mag_packet *packet,
                                    void (*run)(struct mag_job *job),
                                    void (*function)(void *arg), void *arg)
{
    packet->job.run = mag_packet_mark;
    packet->count = packet->taken = 0;
    mag_packet_write(packet, 0, run, function, arg);
    /* relaxed, both: the push publishes the packet. */
    atomic_store_explicit(&packet->word, 1, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&packet->holds, MAG_PACKET_CALLS + 2, memory_order_relaxed);
}

/* Its thread only: adds call number `index`, the next one.  False: it is closed. */
static inline bool mag_packet_add(struct mag_packet *packet, uint32_t index,
                                  void (*run)(struct mag_job *job),
                                  void (*function)(void *arg), void *arg)
{
    mag_packet_write(packet, index, run, function, arg);
    /* added, release: the call is written. */
    return (atomic_fetch_add_explicit(&packet->word, 1, memory_order_release) &
            MAG_PACKET_CLOSED) == 0;
}

/* Gives up `count` holds. */
static inline void mag_packet_release(struct mag_packet *packet, uint32_t count)
{
    /* Both halves: over, release: the last touch precedes the end of the hold; acquire:
     * so do those of all others. */
    if (atomic_fetch_sub_explicit(&packet->holds, count, memory_order_acq_rel) == count)
        mag_packet_give(packet);
}

/* Under the lock: closes an open packet.  A full one gets no more calls, and its word is
 * only read: the line need not come to stay. */
static inline void mag_packet_close(struct mag_packet *packet)
{
    /* added, acquire: the calls are visible. */
    packet->count = atomic_load_explicit(&packet->word, memory_order_acquire);
    if (packet->count < MAG_PACKET_CALLS) {
        /* added, acquire: as above. */
        packet->count = atomic_fetch_or_explicit(&packet->word, MAG_PACKET_CLOSED,
                                                 memory_order_acquire);
    }
    /* The calls' lines come from another processor: all at once, not one by one. */
    for (uint32_t i = 1; i < packet->count; i += 2)
        __builtin_prefetch(&packet->calls[i]);
}

/* Under the lock: takes up to `room` calls, the oldest first. */
static inline uint32_t mag_packet_take(struct mag_packet *packet, struct mag_job **batch,
                                       uint32_t room)
{
    uint32_t count = 0;

    if (packet->count == 0)
        mag_packet_close(packet);
    while (count < room && packet->taken < packet->count)
        batch[count++] = &packet->calls[packet->taken++].job;
    return count;
}

/* Under the lock: whether no call is left to take. */
static inline bool mag_packet_is_empty(const struct mag_packet *packet)
{
    return packet->count != 0 && packet->taken == packet->count;
}

/* The queue has no use for an empty packet any more. */
static inline void mag_packet_release_queue(struct mag_packet *packet)
{
    mag_packet_release(packet, 1 + MAG_PACKET_CALLS - packet->count);
}

/* The packet that a call is in. */
static inline struct mag_packet *mag_packet_of(struct mag_call *call)
{
    return (struct mag_packet *)((uintptr_t)call & ~(uintptr_t)(MAG_PACKET_SIZE - 1));
}

/*
 * Calls of one packet that are over, and whose holds have not been given up: a worker
 * makes one step of what would be a read-modify-write for each call.
 */
struct mag_packet_tab {
    struct mag_packet *packet; /* or NULL */
    uint32_t calls;
};

/* Gives up the holds. */
static inline void mag_packet_settle(struct mag_packet_tab *tab)
{
    struct mag_packet *packet = tab->packet;

    tab->packet = NULL;
    if (packet != NULL)
        mag_packet_release(packet, tab->calls);
}

/* One call more is over. */
static inline void mag_packet_note(struct mag_packet_tab *tab, struct mag_packet *packet)
{
    if (tab->packet != packet) {
        mag_packet_settle(tab);
        tab->packet = packet;
        tab->calls = 0;
    }
    tab->calls++;
}

#endif
