/*
 * flat_routes.h - routes over one node on which all workers are equally near each other,
 * for tests and models of code that uses routes.  In C and in the C++ of the models.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_FLAT_ROUTES_H
#define TESTS_SUPPORT_SCHED_FLAT_ROUTES_H

#include "sched/policy/route.h"

enum { FLAT_WORKERS_MAX = 8, FLAT_QUEUES_MAX = 2 };

struct flat_routes {
    struct mag_routes routes;
    struct mag_spot spots[FLAT_WORKERS_MAX];
    struct mag_home home;
    uint32_t rank[FLAT_WORKERS_MAX];
    uint32_t queue_rank[FLAT_QUEUES_MAX];
    uint16_t node_queue[FLAT_QUEUES_MAX];
    uint32_t nearest;
};

/* Workers have their numbers as ranks; no CPU is known. */
static inline void flat_routes_make(struct flat_routes *flat, uint32_t workers,
                                    uint32_t queues)
{
    struct mag_span all;

    all.begin = 0;
    all.end = workers;
    for (uint32_t i = 0; i < workers; i++) {
        struct mag_spot *spot = &flat->spots[i];

        flat->rank[i] = i;
        spot->worker = spot->os_pu = spot->pu.begin = spot->core.begin = i;
        spot->pu.end = spot->core.end = i + 1;
        spot->home = 0;
        spot->cache = all;
    }
    for (uint32_t i = 0; i < queues; i++) {
        flat->queue_rank[i] = 0;
        flat->node_queue[i] = (uint16_t)i;
    }
    flat->home.ranks = all;
    flat->nearest = 0;
    flat->routes.cpu_count = 0;
    flat->routes.queue_count = queues;
    flat->routes.node_queue = flat->node_queue;
    flat->routes.queue_rank = flat->queue_rank;
    flat->routes.rank = flat->rank;
    flat->routes.spots = flat->spots;
    flat->routes.homes = &flat->home;
    flat->routes.nearest = &flat->nearest;
    flat->routes.workers = workers;
    flat->routes.home_count = 1;
}

#endif
