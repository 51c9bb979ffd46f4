/*
 * record.h - the packet to which a thread from outside adds its calls, which its record
 * names (struct mag_poster in self.h).  Private to sched/.
 *
 * The thread's hold on the packet is given up by the thread, or by the stop of the
 * packet's scheduler: by the one of them that clears `packet_in`.  A thread touches its
 * packet only inside of a post to that scheduler, and the stop waits for these posts.
 * When a thread ends, its record and the packet in it go to the next thread.
 *
 * The stop reads `packet` before it clears `packet_in`.  If it clears it, the packet that
 * it has read is the one in its scheduler: by edge `set`, a thread that has begun another
 * packet has cleared `packet_in` first.
 *
 * Edges: release end -> acquire end : what crosses
 *   set   mag_record_set (packet) -> let_go_if_in (packet) : the clearing of `packet_in`
 *         before that
 *
 * What else a thread wrote crosses to the stop by edge `left` of self.h, and to the next
 * thread by the lock of the records.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POST_RECORD_H
#define SCHED_POST_RECORD_H

#include "sched/worker/self.h"

/* A packet that is left with fewer calls than FEW makes the thread's next SINGLY
 * submissions go without one. */
enum { MAG_RECORD_FEW = 4, MAG_RECORD_SINGLY = 32 };

/* Whether the thread adds its calls to a packet in this scheduler. */
static inline bool mag_record_is_in(const struct mag_poster *poster,
                                    const struct mag_sched *sched)
{
    /* relaxed: see "Edges". */
    return atomic_load_explicit(&poster->packet_in, memory_order_relaxed) == sched;
}

/* Inside of a post to `sched`: the thread adds to this packet from now on. */
static inline void mag_record_set(struct mag_poster *poster, struct mag_packet *packet,
                                  struct mag_sched *sched)
{
    poster->added = 1;
    /* set, release: `packet_in` was cleared before. */
    atomic_store_explicit(&poster->packet, packet, memory_order_release);
    /* relaxed: see "Edges". */
    atomic_store_explicit(&poster->packet_in, sched, memory_order_relaxed);
}

/* The packet is closed, or full. */
void mag_record_let_go(struct mag_poster *poster);

/* The thread adds no more calls to its packet, which is open. */
void mag_record_end_packet(struct mag_poster *poster);

/* What the calling thread posts comes behind the calls that it has submitted, and before
 * those that it submits later. */
static inline void mag_record_end_own(void)
{
    struct mag_poster *poster = mag_self_get()->poster;

    if (poster != NULL && mag_poster_has_packet(poster))
        mag_record_end_packet(poster);
}

/* No thread adds calls to packets of this scheduler any more.  By the stop, when no posts
 * are accepted. */
void mag_record_end_all(struct mag_sched *sched);

#endif
