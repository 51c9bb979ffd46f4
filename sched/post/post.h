/*
 * post.h - posting by strands, timers, submissions and groups.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POST_POST_H
#define SCHED_POST_POST_H

#include "sched/scheduler.h"

#include <stdint.h>

/* Keeps the scheduler from being stopped until mag_sched_unhold.  0, or the error of a
 * post that is refused.  Only for a short time: call no user's function in between. */
int mag_sched_hold(struct mag_sched *sched);
void mag_sched_unhold(struct mag_sched *sched);

/* As mag_sched_post, by a worker of `sched` or by a thread that holds the scheduler: is
 * never refused.  If the scheduler is being canceled, the job will be dropped. */
void mag_sched_post_held(struct mag_sched *sched, struct mag_job *job);

/* As mag_sched_post_held by a worker of the scheduler, and not counted: the job goes on,
 * or was split off one that the worker runs. */
void mag_sched_post_again(struct mag_worker *worker, struct mag_job *job);

/* Posts to one worker, as mag_sched_post_worker, by a worker of `sched` or by a thread
 * that holds the scheduler. */
void mag_sched_post_worker_held(struct mag_sched *sched, struct mag_job *job,
                                uint32_t index);

/* The queue of the caller's node; and a post as mag_sched_post_held, to a queue. */
uint32_t mag_sched_queue_near(struct mag_sched *sched);
void mag_sched_post_queue_held(struct mag_sched *sched, struct mag_job *job,
                               uint32_t queue);

/* The same to the caller's node, by a thread that holds the scheduler, for a packet. */
void mag_sched_post_packet(struct mag_sched *sched, struct mag_job *job);

/* As mag_sched_post_queue_held, to the caller's node, on a level. */
void mag_sched_post_level_held(struct mag_sched *sched, struct mag_job *job,
                               uint32_t level);

/* The same by a worker whose job returns at once: it looks at its node's queues next, and
 * if it finds another job there the watcher sees this one.  So nobody is woken. */
void mag_sched_post_level_again(struct mag_worker *worker, struct mag_job *job,
                                uint32_t level);

/* Jobs that are linked from `first` to `last`, by relaxed stores to `next`.  `count` is
 * that of the pieces of work in them, which may be larger: for so many workers there is
 * something to do. */
struct mag_chain {
    struct mag_job *first;
    struct mag_job *last;
    uint64_t count;
};

/* Posts jobs to any worker, as mag_sched_post_any, or if `node` is not MAG_NONE as
 * mag_sched_post_node, on a level: all of them with one exchange. */
int mag_sched_post_chain(struct mag_sched *sched, const struct mag_chain *chain,
                         uint32_t node, uint32_t level);

/* For a thread on `cpu`, which came online after the start: a CPU of its node that the
 * routes know; `cpu` if there is none. */
uint32_t mag_sched_cpu_beside(const struct mag_sched *sched, uint32_t cpu);

#endif
