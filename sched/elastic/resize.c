/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/elastic/resize.h"

#include "base/os.h"
#include "sched/post/post.h"
#include "sched/worker/hire.h"
#include "sched/worker/wake.h"

#include <magpie/elastic.h>

#include <errno.h>

static void publish_active(struct mag_sched *sched, uint32_t workers)
{
    uint32_t pus = mag_seats_usable(&sched->seats);

    /* relaxed: nothing crosses. */
    atomic_store_explicit(&sched->crowded, workers > pus, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&sched->pus, pus, memory_order_relaxed);
    /* (3) in bench.h, seq_cst: before (4). */
    atomic_store_explicit(&sched->active, workers, memory_order_seq_cst);
}

/* Workers that are not active any more must find that out: they may be parked. */
static void wake_between(struct mag_sched *sched, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end && mag_sched_has_worker(sched, i); i++)
        mag_sched_wake_worker(sched, i);
}

int mag_sched_set_active(struct mag_sched *sched, uint32_t workers)
{
    uint32_t before = mag_sched_workers(sched);
    int r = 0;

    publish_active(sched, workers);
    while (r == 0 && sched->started < workers)
        r = mag_worker_hire(sched, true);
    if (r < 0) {
        publish_active(sched, before);
        wake_between(sched, before, workers);
        return r;
    }
    wake_between(sched, before < workers ? before : workers,
                 before < workers ? workers : before);
    return 0;
}

/* Returns whether the scheduler stays alive and may be resized: then it is locked. */
static int begin_resize(struct mag_sched *sched)
{
    int r = mag_sched_hold(sched);

    if (r == 0)
        (void)pthread_mutex_lock(&sched->resizing);
    return r;
}

static void end_resize(struct mag_sched *sched)
{
    (void)pthread_mutex_unlock(&sched->resizing);
    mag_sched_unhold(sched);
}

int mag_sched_follow(struct mag_sched *sched, uint32_t workers)
{
    int r = begin_resize(sched);

    if (r < 0)
        return r;
    if (!sched->by_hand && workers != mag_sched_workers(sched))
        r = mag_sched_set_active(sched, workers);
    end_resize(sched);
    return r;
}

/* Under the lock. */
static int resize_by_hand(struct mag_sched *sched, uint32_t workers)
{
    int r = workers != 0 ? mag_sched_set_active(sched, workers) : 0;

    if (r == 0)
        sched->by_hand = workers != 0;
    return r;
}

int mag_sched_resize(struct mag_sched *sched, uint32_t workers)
{
    bool follows = sched->settings.follows && sched->settings.counts;

    if (workers > sched->place_count || (workers == 0 && !follows))
        return -EINVAL;

    int cancel = mag_os_hold_cancel();
    int r = begin_resize(sched);
    if (r == 0) {
        r = resize_by_hand(sched, workers);
        end_resize(sched);
    }
    mag_os_let_cancel(cancel);
    return r;
}
