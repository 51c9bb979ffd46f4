/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/post/record.h"

#include "sched/queue/packet.h"

void mag_record_let_go(struct mag_poster *poster)
{
    /* relaxed: the thread's own. */
    struct mag_packet *packet =
        atomic_load_explicit(&poster->packet, memory_order_relaxed);

    /* relaxed: whoever clears it gives up the hold. */
    if (atomic_exchange_explicit(&poster->packet_in, NULL, memory_order_relaxed) != NULL)
        mag_packet_release(packet, 1);
}

void mag_record_end_packet(struct mag_poster *poster)
{
    if (poster->added < MAG_RECORD_FEW)
        poster->singly = MAG_RECORD_SINGLY;
    mag_record_let_go(poster);
}

static void let_go_if_in(struct mag_poster *poster, void *arg)
{
    /* set, acquire: if this is a later packet, `packet_in` is cleared. */
    struct mag_packet *packet =
        atomic_load_explicit(&poster->packet, memory_order_acquire);
    struct mag_sched *sched = arg;

    /* relaxed, both: as in mag_record_let_go. */
    if (atomic_compare_exchange_strong_explicit(
            &poster->packet_in, &sched, NULL, memory_order_relaxed, memory_order_relaxed))
        mag_packet_release(packet, 1);
}

void mag_record_end_all(struct mag_sched *sched)
{
    mag_poster_each(let_go_if_in, sched);
}
