/*
 * Two workers park while the end is announced, as in sched/phase.h.  No worker sleeps
 * through the end, whichever worker's bit a wake is given to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/idle/idle.h"

#include "sched/idle/idle.c"
#include "sched/idle/sleeper.c"

#include "tests/support/sched/flat_routes.h"

#include <assert.h>
#include <pthread.h>

enum { WORKERS = 2 };

static struct mag_idle idle;
static struct flat_routes flat;
static struct mag_sleeper sleepers[WORKERS];
static _Atomic(int) ended;

static void wake_all(void)
{
    uint32_t rank;

    while ((rank = mag_idle_claim(&idle, &flat.routes, mag_wake_any(), true)) !=
           UINT32_MAX)
        mag_sleeper_wake(&sleepers[rank]);
}

static void *park(void *arg)
{
    uint32_t self = (uint32_t)((struct mag_sleeper *)arg - sleepers);
    bool watcher;

    mag_sleeper_reset(&sleepers[self]);
    (void)mag_idle_announce(&idle, self, false, &watcher);
    /* (4), as in phase.h. */
    if (atomic_load_explicit(&ended, memory_order_seq_cst) != 0)
        wake_all();
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];

    flat_routes_make(&flat, WORKERS, 1);
    atomic_init(&idle.state, 0);
    atomic_init(&idle.parked[0], 0);
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&threads[i], NULL, park, &sleepers[i]);
    /* (1), seq_cst: as in phase.h. */
    atomic_store_explicit(&ended, 1, memory_order_seq_cst);
    wake_all();
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    /* relaxed: all threads have ended. */
    for (int i = 0; i < WORKERS; i++)
        assert(atomic_load_explicit(&sleepers[i].woken, memory_order_relaxed) == 1);
    return 0;
}
