/*
 * packet.c - the pool of packets.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (packets) -> mag_packet_new (packets) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/queue/packet.h"

#include <magpie/pool.h>

#include <errno.h>

static _Atomic(struct mag_pool *) packets; /* [A] NULL: not made yet */

static MAG_COLD struct mag_pool *make_packet_pool(void)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = sizeof(struct mag_packet);
    config.alignment = MAG_PACKET_SIZE;
    return mag_pool_publish(&packets, &config);
}

int mag_packet_new(struct mag_packet **ret_packet)
{
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&packets, memory_order_acquire);
    void *object;

    if (MAG_UNLIKELY(pool == NULL))
        pool = make_packet_pool();
    if (MAG_UNLIKELY(pool == NULL || mag_pool_take(pool, &object) != 0))
        return -ENOMEM;
    *ret_packet = object;
    return 0;
}

void mag_packet_give(struct mag_packet *packet)
{
    /* relaxed: the packet came from the pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&packets, memory_order_relaxed), packet);
}

/* Not reached: a queue gives the calls to its workers.  Not empty, or a linker might
 * merge it with a program's empty job. */
void mag_packet_mark(struct mag_job *job)
{
    mag_packet_give((struct mag_packet *)(void *)job);
}
