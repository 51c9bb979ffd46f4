/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/post/post.h"

#include "base/os.h"
#include "sched/post/record.h"
#include "sched/worker/next.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* After so many posts a thread asks again on which CPU it runs. */
enum { CPU_AGE = 64 };

/* -------------------------------------------------------------------- posting */

/* The rare ends of a post by a worker are functions of their own, called last, so that
 * the usual way needs no stack. */
static MAG_COLD int wake_here(struct mag_worker *worker)
{
    mag_sched_wake_for_worker(worker->sched, worker->rank);
    return 0;
}

/* A job is where all workers see it.  Here and below, `sched` is the worker's scheduler:
 * the callers have it at hand. */
static inline int notify_here(struct mag_sched *sched, struct mag_worker *worker)
{
    if (MAG_UNLIKELY(mag_sched_wants_wake(sched)))
        return wake_here(worker);
    return 0;
}

/* A job is where the watcher sees it; no fence is needed, see (I2) in idle.h. */
static inline int notify_watcher_here(struct mag_sched *sched, struct mag_worker *worker)
{
    if (MAG_UNLIKELY(mag_sched_wants_watcher(sched)))
        return wake_here(worker);
    return 0;
}

static MAG_COLD int spill_here(struct mag_worker *worker, struct mag_job *job)
{
    mag_worker_queue(worker, job);
    return notify_here(worker->sched, worker);
}

/* Queues a job that is no longer next behind the other jobs, where all workers see it. */
static inline int post_behind(struct mag_sched *sched, struct mag_worker *worker,
                              struct mag_job *job)
{
    if (MAG_UNLIKELY(
            !mag_runq_push_known(&worker->ring, worker->slots, MAG_WORKER_RING - 1, job)))
        return spill_here(worker, job);
    return notify_here(sched, worker);
}

/* A job is in the LIFO slot; `before` was there before. */
static inline int follow(struct mag_sched *sched, struct mag_worker *worker,
                         struct mag_job *before)
{
    return before != NULL ? post_behind(sched, worker, before)
                          : notify_watcher_here(sched, worker);
}

/* A thief is in the hand, or owners must fence. */
static MAG_COLD int queue_slowly(struct mag_worker *worker, struct mag_job *job)
{
    return follow(worker->sched, worker, mag_hand_post(&worker->hand, job));
}

/* Whether a running job posts itself while other jobs wait here: it yields to them.  (A
 * new job at the address of the job that ran before is mistaken for it, and only goes to
 * the wrong end of the queue.) */
static inline bool yields(struct mag_worker *worker, const struct mag_job *job)
{
    return job == worker->running &&
           (mag_hand_waiting(&worker->hand) || mag_runq_length(&worker->ring) != 0);
}

/* Puts a job where its worker takes the next one from. */
MAG_INLINE_ALWAYS int queue_here(struct mag_sched *sched, struct mag_worker *worker,
                                 struct mag_job *job)
{
    struct mag_job *before;

    if (yields(worker, job))
        return post_behind(sched, worker, job);
    if (MAG_UNLIKELY(!mag_hand_try_post(&worker->hand, job, &before)))
        return queue_slowly(worker, job);
    return follow(sched, worker, before);
}

/* A post by a worker of the same scheduler. */
MAG_INLINE_ALWAYS int post_here(struct mag_sched *sched, struct mag_worker *worker,
                                struct mag_job *job)
{
    if (MAG_UNLIKELY(mag_sched_phase(sched) == MAG_PHASE_ENDING))
        return -ESHUTDOWN;
    mag_count(&worker->counts.posts);
    return queue_here(sched, worker, job);
}

static inline uint32_t cpu_here(const struct mag_sched *sched)
{
    uint32_t cpu = mag_os_cpu();

    return MAG_LIKELY(mag_route_knows_cpu(&sched->routes, cpu))
               ? cpu
               : mag_sched_cpu_beside(sched, cpu);
}

/* The queue nearest to a thread from outside, by a CPU number up to CPU_AGE posts old. */
static inline uint32_t queue_near(struct mag_sched *sched, struct mag_self *self)
{
    if (sched->queue_count == 1)
        return 0;
    if (self->cpu_age == 0)
        self->cpu = cpu_here(sched);
    self->cpu_age = (self->cpu_age + 1) % CPU_AGE;
    return mag_route_cpu_queue(&sched->routes, self->cpu);
}

static inline void push_usual(struct mag_sched *sched, struct mag_job *job,
                              uint32_t queue)
{
    mag_inject_push(mag_sched_usual(sched, queue), job, job);
    mag_sched_notify_queue(sched, queue);
}

/* Not inlined, because it would cost its callers registers. */
static MAG_NOINLINE void push(struct mag_sched *sched, struct mag_job *job,
                              uint32_t queue)
{
    mag_record_end_own();
    push_usual(sched, job, queue);
}

/* The same for a job whose poster asked for that node. */
static inline void push_there(struct mag_sched *sched, struct mag_job *job,
                              uint32_t queue)
{
    bool older = mag_inject_push(mag_sched_usual(sched, queue), job, job);

    mag_sched_notify_there(sched, queue, older);
}

/* By a worker of the scheduler: while it runs, the scheduler stays alive. */
static inline int inject_as_worker(struct mag_sched *sched, struct mag_worker *worker,
                                   struct mag_job *job, uint32_t queue)
{
    if (MAG_UNLIKELY(mag_sched_phase(sched) == MAG_PHASE_ENDING))
        return -ESHUTDOWN;
    mag_count(&worker->counts.posts);
    push_usual(sched, job, queue);
    return 0;
}

static int inject_from_outside(struct mag_sched *sched, struct mag_job *job,
                               uint32_t queue)
{
    struct mag_self *self = mag_self_get();
    int r = mag_poster_enter(sched, self);

    if (MAG_UNLIKELY(r < 0))
        return r;
    push(sched, job, queue);
    mag_poster_leave(sched, self);
    return 0;
}

static __attribute__((noinline)) int inject_near(struct mag_sched *sched,
                                                 struct mag_job *job)
{
    return inject_from_outside(sched, job, queue_near(sched, mag_self_get()));
}

/* Whether the calling thread is a worker of `sched`. */
static inline bool is_ours(const struct mag_self *self, const struct mag_sched *sched)
{
    return self->sched == sched;
}

int mag_sched_post(struct mag_sched *sched, struct mag_job *job)
{
    struct mag_self *self = mag_self_get();

    if (is_ours(self, sched))
        return post_here(sched, self->worker, job);
    return inject_near(sched, job);
}

int mag_sched_post_any(struct mag_sched *sched, struct mag_job *job)
{
    struct mag_self *self = mag_self_get();

    if (is_ours(self, sched))
        return inject_as_worker(sched, self->worker, job, self->worker->queue);
    return inject_near(sched, job);
}

int mag_sched_post_node(struct mag_sched *sched, struct mag_job *job, uint32_t node)
{
    struct mag_self *self = mag_self_get();

    if (node >= sched->queue_count)
        return -EINVAL;
    if (is_ours(self, sched)) {
        if (MAG_UNLIKELY(mag_sched_phase(sched) == MAG_PHASE_ENDING))
            return -ESHUTDOWN;
        mag_count(&self->worker->counts.posts);
        push_there(sched, job, sched->routes.node_queue[node]);
        return 0;
    }
    int r = mag_poster_enter(sched, self);
    if (MAG_UNLIKELY(r < 0))
        return r;
    mag_record_end_own();
    push_there(sched, job, sched->routes.node_queue[node]);
    mag_poster_leave(sched, self);
    return 0;
}

void mag_sched_post_worker_held(struct mag_sched *sched, struct mag_job *job,
                                uint32_t index)
{
    mag_inject_push(&mag_sched_at(sched, index)->inbox, job, job);
    mag_sched_wake_worker(sched, index);
}

int mag_sched_post_worker(struct mag_sched *sched, struct mag_job *job, uint32_t index)
{
    struct mag_self *self = mag_self_get();

    if (!mag_sched_has_worker(sched, index))
        return -EINVAL;
    if (is_ours(self, sched)) {
        if (MAG_UNLIKELY(mag_sched_phase(sched) == MAG_PHASE_ENDING))
            return -ESHUTDOWN;
        mag_count(&self->worker->counts.posts);
        mag_sched_post_worker_held(sched, job, index);
        return 0;
    }
    int r = mag_poster_enter(sched, self);
    if (MAG_UNLIKELY(r < 0))
        return r;
    mag_sched_post_worker_held(sched, job, index);
    mag_poster_leave(sched, self);
    return 0;
}

/* --------------------------------------------------------- for strands and timers */

int mag_sched_hold(struct mag_sched *sched)
{
    struct mag_self *self = mag_self_get();

    if (is_ours(self, sched))
        return mag_sched_phase(sched) == MAG_PHASE_ENDING ? -ESHUTDOWN : 0;
    return mag_poster_enter(sched, self);
}

void mag_sched_unhold(struct mag_sched *sched)
{
    if (!is_ours(mag_self_get(), sched))
        mag_poster_leave(sched, mag_self_get());
}

void mag_sched_post_held(struct mag_sched *sched, struct mag_job *job)
{
    struct mag_self *self = mag_self_get();

    if (!is_ours(self, sched))
        push(sched, job, queue_near(sched, self));
    else if (post_here(sched, self->worker, job) < 0)
        push(sched, job, self->worker->queue);
}

void mag_sched_post_again(struct mag_worker *worker, struct mag_job *job)
{
    if (mag_sched_phase(worker->sched) != MAG_PHASE_ENDING)
        (void)queue_here(worker->sched, worker, job);
    else
        push(worker->sched, job, worker->queue);
}

uint32_t mag_sched_queue_near(struct mag_sched *sched)
{
    struct mag_self *self = mag_self_get();

    return is_ours(self, sched) ? self->worker->queue : queue_near(sched, self);
}

void mag_sched_post_queue_held(struct mag_sched *sched, struct mag_job *job,
                               uint32_t queue)
{
    push(sched, job, queue);
}

void mag_sched_post_packet(struct mag_sched *sched, struct mag_job *job)
{
    push_usual(sched, job, queue_near(sched, mag_self_get()));
}

/* -------------------------------------------------------- for submissions and groups */

static void push_chain_unseen(struct mag_sched *sched, const struct mag_chain *chain,
                              uint32_t queue, uint32_t level)
{
    uint32_t inject = mag_sched_inject(queue, level);

    mag_sched_use_level(sched, level);
    mag_inject_push(&sched->queues[inject], chain->first, chain->last);
}

static void push_chain(struct mag_sched *sched, const struct mag_chain *chain,
                       uint32_t queue, uint32_t level)
{
    mag_record_end_own();
    push_chain_unseen(sched, chain, queue, level);
    if (chain->count > 1)
        mag_sched_summon(sched, queue, chain->count);
    else
        mag_sched_notify_queue(sched, queue);
}

/* The same for jobs whose poster asked for that node. */
static MAG_NOINLINE void push_chain_there(struct mag_sched *sched,
                                          const struct mag_chain *chain, uint32_t queue,
                                          uint32_t level)
{
    struct mag_inject *inject = &sched->queues[mag_sched_inject(queue, level)];

    mag_record_end_own();
    mag_sched_use_level(sched, level);
    bool older = mag_inject_push(inject, chain->first, chain->last);
    if (chain->count > 1)
        mag_sched_summon(sched, queue, chain->count);
    else
        mag_sched_notify_there(sched, queue, older);
}

void mag_sched_post_level_held(struct mag_sched *sched, struct mag_job *job,
                               uint32_t level)
{
    struct mag_self *self = mag_self_get();
    const struct mag_chain chain = {.first = job, .last = job, .count = 1};

    push_chain(sched, &chain, mag_sched_queue_near(sched), level);
    if (is_ours(self, sched))
        mag_worker_note_levels(self->worker);
}

void mag_sched_post_level_again(struct mag_worker *worker, struct mag_job *job,
                                uint32_t level)
{
    const struct mag_chain chain = {.first = job, .last = job, .count = 1};

    push_chain_unseen(worker->sched, &chain, worker->queue, level);
    mag_worker_note_levels(worker);
}

int mag_sched_post_chain(struct mag_sched *sched, const struct mag_chain *chain,
                         uint32_t node, uint32_t level)
{
    struct mag_self *self = mag_self_get();
    int r = mag_sched_hold(sched);

    if (r < 0)
        return r;
    if (node == MAG_NONE)
        push_chain(sched, chain, mag_sched_queue_near(sched), level);
    else
        push_chain_there(sched, chain, sched->routes.node_queue[node], level);
    if (is_ours(self, sched)) {
        mag_count_more(&self->worker->counts.posts, chain->count);
        mag_worker_note_levels(self->worker);
    }
    mag_sched_unhold(sched);
    return 0;
}
