/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/next.h"

#include "sched/scheduler.h"

/* How many jobs to take from an injection queue at once: one to run, the others to
 * share. */
enum { TAKE_MAX = 32 };

/* Every so many looks at jobs from outside, one begins with the queue of another node. */
enum { FAR_LOOKS = 4 };

/* Moves the older half of a full ring to the node's queue, where there is always room. */
static void spill(struct mag_worker *worker, struct mag_job *job)
{
    struct mag_job *batch[MAG_WORKER_RING / 2];
    uint32_t count = 0;

    /* If the claim fails, thieves have made room.  The job goes to the node's queue
     * anyway. */
    if (mag_runq_claim(&worker->ring, batch, MAG_WORKER_RING / 2, &count) !=
        MAG_RUNQ_CLAIMED)
        count = 0;

    struct mag_job *first = count != 0 ? batch[0] : job;
    for (uint32_t i = 0; i < count; i++) {
        /* relaxed: the chain is private until it is pushed. */
        atomic_store_explicit(&batch[i]->next, i + 1 < count ? batch[i + 1] : job,
                              memory_order_relaxed);
    }
    struct mag_sched *sched = worker->sched;
    uint32_t queue = mag_sched_inject(sched, worker->queue, MAG_LEVEL_USUAL);
    mag_inject_push(&sched->queues[queue], first, job);
}

void mag_worker_queue(struct mag_worker *worker, struct mag_job *job)
{
    if (MAG_UNLIKELY(!mag_runq_push(&worker->ring, job)))
        spill(worker, job);
}

static uint32_t room_for_batch(struct mag_worker *worker)
{
    uint64_t room = MAG_WORKER_RING - mag_runq_length(&worker->ring);

    return room < TAKE_MAX ? (uint32_t)room : TAKE_MAX;
}

static struct mag_job *take_level(struct mag_worker *worker, uint32_t queue,
                                  uint32_t level)
{
    struct mag_job *batch[TAKE_MAX];
    uint32_t room = room_for_batch(worker);
    uint32_t inject = mag_sched_inject(worker->sched, queue, level);
    uint32_t count =
        mag_inject_take(&worker->sched->queues[inject], batch, room != 0 ? room : 1);

    for (uint32_t i = 1; i < count; i++)
        mag_worker_queue(worker, batch[i]);
    return count != 0 ? batch[0] : NULL;
}

/* Takes from the highest level down, so that urgent jobs come first.  Every
 * MAG_LEVEL_TURNS takes it goes from the lowest level up, so that no level is starved.
 * Turns are better than shares: they need no clock and no count of jobs, and an empty
 * level costs the other levels nothing. */
static MAG_COLD struct mag_job *take_levels(struct mag_worker *worker, uint32_t queue)
{
    uint32_t levels = worker->sched->level_count;
    bool upwards = ++worker->takes % MAG_LEVEL_TURNS == 0;
    struct mag_job *job = NULL;

    for (uint32_t i = 0; i < levels && job == NULL; i++)
        job = take_level(worker, queue, upwards ? i : levels - 1 - i);
    return job;
}

struct mag_job *mag_worker_take_queue(struct mag_worker *worker, uint32_t queue)
{
    if (MAG_UNLIKELY(worker->sched->level_count != 1))
        return take_levels(worker, queue);
    return take_level(worker, queue, MAG_LEVEL_USUAL);
}

static struct mag_job *take_inbox(struct mag_worker *worker)
{
    return mag_inject_waiting(&worker->inbox) ? mag_inject_pop(&worker->inbox) : NULL;
}

/* Takes from the inbox and from the node's queue in turn, so that neither can hold up the
 * other. */
struct mag_job *mag_worker_outside(struct mag_worker *worker)
{
    struct mag_job *job;

    worker->inbox_first = !worker->inbox_first;
    if (worker->inbox_first) {
        job = take_inbox(worker);
        return job != NULL ? job : mag_worker_take_queue(worker, worker->queue);
    }
    job = mag_worker_take_queue(worker, worker->queue);
    return job != NULL ? job : take_inbox(worker);
}

/* Looks at one queue of another node, each time the next: its workers may be busy with
 * long jobs. */
static struct mag_job *take_far(struct mag_worker *worker, uint32_t turn)
{
    const struct mag_paths *paths = &worker->paths;
    uint32_t others = paths->queue_count - 1;

    return others == 0 ? NULL
                       : mag_worker_take_queue(worker, paths->queues[1 + turn % others]);
}

/* Looks for a job from outside after MAG_SCHED_FAIR_TICKS jobs, all of which may have
 * been the worker's own. */
static struct mag_job *look_out(struct mag_worker *worker)
{
    uint32_t looks = ++worker->looks_out;
    struct mag_job *job = NULL;

    if (looks % FAR_LOOKS == 0)
        job = take_far(worker, looks / FAR_LOOKS);
    return job != NULL ? job : mag_worker_outside(worker);
}

struct mag_job *mag_worker_own(struct mag_worker *worker)
{
    struct mag_job *job = mag_hand_take(&worker->hand, &worker->ring);

    /* The LIFO slot has used its turns, but no other job waits. */
    return job != NULL ? job : mag_hand_take(&worker->hand, &worker->ring);
}

struct mag_job *mag_worker_next(struct mag_worker *worker)
{
    struct mag_job *job = NULL;

    if (++worker->tick >= MAG_SCHED_FAIR_TICKS) {
        worker->tick = 0;
        job = look_out(worker);
    }
    if (job == NULL)
        job = mag_hand_take(&worker->hand, &worker->ring);
    if (job == NULL)
        job = mag_worker_outside(worker);
    /* The LIFO slot has used its turns, but no other job waits. */
    if (job == NULL)
        job = mag_hand_take(&worker->hand, &worker->ring);
    return job;
}
