/*
 * elastic.h - changing the number of a scheduler's workers while they run.
 *
 *     #include <magpie/elastic.h>
 *     #include <magpie/sched.h>
 *
 *     int main(void)
 *     {
 *         struct mag_sched_config config;
 *         struct mag_sched *sched;
 *
 *         mag_sched_config_init(&config);
 *         config.workers = 1;     // at first
 *         config.workers_max = 4; // at most
 *         if (mag_sched_start(&config, &sched) != 0)
 *             return 1;
 *         if (mag_sched_resize(sched, 3) != 0) // more work has come
 *             return 1;
 *         if (mag_sched_resize(sched, 2) != 0) // and less
 *             return 1;
 *         return mag_sched_workers(sched) == 2 ? mag_sched_destroy(sched) : 1;
 *     }
 *
 * The model.  A scheduler has places for `workers_max` workers.  The first
 * mag_sched_workers of them are *active*: they take jobs.  The others are *benched*, or
 * have not been started yet.  A benched worker is a thread that sleeps.  It keeps its
 * number, its thread and its local storage, and `on_start` and `on_stop` are not called
 * again.
 *
 * What becomes of jobs.  No job is lost or delayed.  A worker that is to be benched ends
 * the job that it is running; a job never moves in the middle.  The jobs that wait on it
 * move to the queue of its node.  A job that was posted to this worker alone still runs
 * there, even if it is posted while the worker is benched: the worker wakes up for it,
 * and sleeps again.
 *
 * docs/design/elastic.md says how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ELASTIC_H
#define MAGPIE_ELASTIC_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

struct mag_sched;

/*
 * Changes the number of active workers.  The call returns at once: a worker that is to be
 * benched may still run its job for as long as that lasts.
 *
 *   workers    1 to mag_sched_workers_max.  From then on a scheduler that follows its
 *              budget (`follow` of the configuration) keeps this number; 0: it follows
 *              again
 *   Thread     any, also inside a job; no cancellation point
 *   Blocks     while another thread resizes the same scheduler, and while threads start
 *   Allocates  the memory of workers that are started for the first time
 *   Returns    0; -EINVAL no such number, or 0 for a scheduler that does not follow;
 *              -EAGAIN the system refuses a thread; -ENOMEM;
 *              -ESHUTDOWN, MAG_E_FORKED as for a post.  After an error the number is what
 *              it was
 */
MAG_API MAG_MUST_CHECK int mag_sched_resize(struct mag_sched *sched, uint32_t workers);

/* How many workers there can be: `workers_max` of the configuration. */
MAG_API uint32_t mag_sched_workers_max(const struct mag_sched *sched);

MAG_EXTERN_C_END

#endif
