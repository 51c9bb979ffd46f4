/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/next.h"

#include "sched/scheduler.h"

#include <magpie/submit.h>

/* How many jobs to take at once from the injection queue of the worker's node: one to
 * run, the others to share; and from that of another node, whose workers are to run most
 * of what is posted there. */
enum { TAKE_MAX = 32, TAKE_FAR = 4 };

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

    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): a claim fills it. */
    struct mag_job *first = count != 0 ? batch[0] : job;
    for (uint32_t i = 0; i < count; i++) {
        /* relaxed: the chain is private until it is pushed. */
        atomic_store_explicit(&batch[i]->next, i + 1 < count ? batch[i + 1] : job,
                              memory_order_relaxed);
    }
    struct mag_sched *sched = worker->sched;
    uint32_t queue = mag_sched_inject(worker->queue, MAG_LEVEL_USUAL);
    mag_inject_push(&sched->queues[queue], first, job);
}

void mag_worker_queue(struct mag_worker *worker, struct mag_job *job)
{
    if (MAG_UNLIKELY(!mag_runq_push(&worker->ring, job)))
        spill(worker, job);
}

static uint32_t room_for_batch(struct mag_worker *worker, uint32_t queue)
{
    uint64_t room = mag_runq_room(&worker->ring);
    uint32_t most = queue == worker->queue ? TAKE_MAX : TAKE_FAR;

    return room < most ? (uint32_t)room : most;
}

static struct mag_job *take_level(struct mag_worker *worker, uint32_t queue,
                                  uint32_t level)
{
    struct mag_job *batch[TAKE_MAX];
    struct mag_inject *inject = &worker->sched->queues[mag_sched_inject(queue, level)];

    /* The usual case of a worker that has jobs of its own. */
    if (!mag_inject_waiting(inject))
        return NULL;
    uint32_t room = room_for_batch(worker, queue);
    uint32_t count = mag_inject_take(inject, batch, room != 0 ? room : 1);
    if (count == 0)
        return NULL;
    mag_runq_push_many(&worker->ring, batch + 1, count - 1);
    return batch[0];
}

/* ------------------------------------------------------------------------ levels */

/*
 * The rule of turns, for a worker of a scheduler that uses levels.
 *
 * Before each job the worker looks at its node's high level.  After HIGH_RUNS jobs from
 * there, it is the others' turn: a job of its own, or from outside.  Every
 * MAG_PRIORITY_TURNS turns that go to the node's queues begin with the low level.  So no
 * level starves; no clock is needed and no count of jobs; and a level that was never used
 * costs nothing.
 *
 * `high_runs` counts jobs of the high level in a row.  OTHERS_TURN: in this call of
 * mag_worker_next it is the others' turn, but a job of the high level runs if there is no
 * other.  OTHERS_ONLY: the worker looks outside, and jobs of its own may wait.
 */
enum { HIGH_RUNS = MAG_PRIORITY_TURNS - 1, OTHERS_TURN, OTHERS_ONLY };

/* Only one job: the others stay where all workers of the node can see what is urgent, and
 * do not wait behind the jobs of a ring or, if they are low, before later jobs. */
static struct mag_job *take_single(struct mag_worker *worker, uint32_t queue,
                                   uint32_t level)
{
    uint32_t inject = mag_sched_inject(queue, level);
    struct mag_job *job;

    return mag_inject_take(&worker->sched->queues[inject], &job, 1) != 0 ? job : NULL;
}

static struct mag_job *take_high(struct mag_worker *worker, uint32_t queue)
{
    struct mag_job *job = take_single(worker, queue, MAG_LEVEL_HIGH);

    worker->high_runs = job != NULL ? worker->high_runs + 1 : 0;
    return job;
}

static struct mag_job *take_others(struct mag_worker *worker, uint32_t queue)
{
    bool low_first = ++worker->takes % MAG_PRIORITY_TURNS == 0;
    struct mag_job *job = low_first ? take_single(worker, queue, MAG_LEVEL_LOW) : NULL;

    if (job == NULL)
        job = take_level(worker, queue, MAG_LEVEL_USUAL);
    if (job == NULL && !low_first)
        job = take_single(worker, queue, MAG_LEVEL_LOW);
    return job;
}

void mag_worker_note_levels(struct mag_worker *worker)
{
    if ((mag_sched_levels(worker->sched) & 1U << MAG_LEVEL_HIGH) == 0)
        return;
    worker->looks_up = true;
    worker->rest = 1;
}

static MAG_COLD struct mag_job *take_levels(struct mag_worker *worker, uint32_t queue)
{
    struct mag_job *job = NULL;

    mag_worker_note_levels(worker);
    if (worker->high_runs < HIGH_RUNS)
        job = take_high(worker, queue);
    if (job != NULL)
        return job;
    uint32_t runs = worker->high_runs;
    job = take_others(worker, queue);
    if (job == NULL && runs == OTHERS_ONLY)
        return NULL;
    worker->high_runs = 0;
    return job != NULL || runs == 0 ? job : take_high(worker, queue);
}

struct mag_job *mag_worker_take_queue(struct mag_worker *worker, uint32_t queue)
{
    if (MAG_UNLIKELY(mag_sched_levels(worker->sched) != 0))
        return take_levels(worker, queue);
    return take_level(worker, queue, MAG_LEVEL_USUAL);
}

/* ------------------------------------------------------------------- from outside */

static struct mag_job *take_inbox(struct mag_worker *worker)
{
    return mag_inject_waiting(&worker->inbox) ? mag_inject_pop(&worker->inbox) : NULL;
}

/* Takes from the inbox and from the node's queue in turn, so that neither can hold up the
 * other.  A worker that is not active takes nothing. */
struct mag_job *mag_worker_outside(struct mag_worker *worker)
{
    struct mag_job *job;

    if (MAG_UNLIKELY(mag_worker_is_over(worker)))
        return NULL;
    worker->inbox_first = !worker->inbox_first;
    if (worker->inbox_first) {
        job = take_inbox(worker);
        return job != NULL ? job : mag_worker_take_queue(worker, worker->queue);
    }
    job = mag_worker_take_queue(worker, worker->queue);
    return job != NULL ? job : take_inbox(worker);
}

/* Looks at one queue of another node, each time the next: its workers may be busy with
 * long jobs.  A job of the high level there is one more in a row, and the last. */
static struct mag_job *take_far(struct mag_worker *worker, uint32_t turn)
{
    const struct mag_paths *paths = &worker->paths;
    uint32_t others = paths->queue_count - 1;

    if (others == 0)
        return NULL;
    worker->high_runs = 0;
    struct mag_job *job = mag_worker_take_queue(worker, paths->queues[1 + turn % others]);
    if (worker->high_runs != 0)
        worker->high_runs = HIGH_RUNS;
    return job;
}

/* Looks for a job from outside after MAG_SCHED_FAIR_TICKS jobs, all of which may have
 * been the worker's own, or of the high level. */
static struct mag_job *look_out(struct mag_worker *worker)
{
    uint32_t looks = ++worker->looks_out;
    struct mag_job *job = NULL;

    worker->tick = 0;
    worker->rest = MAG_SCHED_FAIR_TICKS;
    mag_worker_note_levels(worker);
    if (looks % FAR_LOOKS == 0)
        job = take_far(worker, looks / FAR_LOOKS);
    if (job != NULL)
        return job;
    worker->high_runs = OTHERS_ONLY;
    job = mag_worker_outside(worker);
    if (job == NULL)
        worker->high_runs = OTHERS_TURN;
    return job;
}

/* Looks at the high level of the worker's node, before each job. */
static struct mag_job *look_up(struct mag_worker *worker)
{
    if (worker->high_runs == HIGH_RUNS) {
        worker->high_runs = OTHERS_TURN;
        return NULL;
    }
    if (worker->high_runs > HIGH_RUNS)
        worker->high_runs = 0;
    return take_high(worker, worker->queue);
}

/* After `rest` jobs. */
static struct mag_job *look_beyond(struct mag_worker *worker)
{
    worker->rest = 1;
    if (MAG_UNLIKELY(mag_worker_is_over(worker))) {
        (void)mag_worker_shed(worker);
        return NULL;
    }
    if (worker->looks_up && ++worker->tick < MAG_SCHED_FAIR_TICKS)
        return look_up(worker);
    return look_out(worker);
}

bool mag_worker_shed(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    uint32_t queue = mag_sched_inject(worker->queue, MAG_LEVEL_USUAL);
    struct mag_job *first = mag_worker_own(worker);

    for (struct mag_job *job = first; job != NULL; job = mag_worker_own(worker))
        mag_inject_push(&sched->queues[queue], job, job);
    return first != NULL;
}

struct mag_job *mag_worker_own(struct mag_worker *worker)
{
    struct mag_job *job = mag_hand_take(&worker->hand, &worker->ring);

    /* The LIFO slot has used its turns, but no other job waits. */
    return job != NULL ? job : mag_hand_take(&worker->hand, &worker->ring);
}

/* The usual case of a worker that has jobs of its own. */
static inline bool is_nothing_outside(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    return !mag_inject_waiting(&worker->inbox) &&
           !mag_inject_waiting(mag_sched_usual(sched, worker->queue)) &&
           mag_sched_levels(sched) == 0;
}

/* The whole order. */
static MAG_NOINLINE struct mag_job *next_of_all(struct mag_worker *worker)
{
    struct mag_job *job = NULL;

    if (worker->rest == 0)
        job = look_beyond(worker);
    if (job == NULL)
        job = mag_hand_take(&worker->hand, &worker->ring);
    if (job == NULL)
        job = mag_worker_outside(worker);
    /* The LIFO slot has used its turns, but no other job waits. */
    if (job == NULL)
        job = mag_hand_take(&worker->hand, &worker->ring);
    return job;
}

struct mag_job *mag_worker_next_slow(struct mag_worker *worker)
{
    struct mag_job *job = NULL;

    /* A job that posts itself again and again comes here: the same, found sooner. */
    if (worker->rest != 0 && mag_hand_is_used_up(&worker->hand, &worker->ring) &&
        is_nothing_outside(worker)) {
        mag_hand_begin_again(&worker->hand);
        job = mag_hand_try_take(&worker->hand);
    }
    return MAG_LIKELY(job != NULL) ? job : next_of_all(worker);
}
