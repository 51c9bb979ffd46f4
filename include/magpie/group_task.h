/*
 * group_task.h - the end of a group's jobs as a value task, for async functions.
 *
 *     #include <magpie/magpie.h>
 *     #include <errno.h>
 *
 *     MAG_VTASK_DEFINE(count_task, int)
 *
 *     static int halve(void *arg)
 *     {
 *         int *number = (int *)arg;
 *
 *         *number /= 2;
 *         return *number == 0 ? -EDOM : 0;
 *     }
 *
 *     MAG_ASYNC(count_task, halve_all, (struct mag_group *, group, int *, numbers),
 *               mag_vtask ended; int failed; int r;)
 *     {
 *         MAG_BEGIN(f);
 *         f->r = mag_group_add_all(f->group, halve, f->numbers, sizeof(int), 10);
 *         if (f->r == 0)
 *             f->r = mag_group_task(f->group, &f->ended);
 *         if (f->r < 0)
 *             return count_task_of(mag_vtask_failed(f->r, 0));
 *         MAG_AWAIT(f, f->failed, count_task_of(f->ended)); // holds no thread
 *         return count_task_result(f->failed);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         int numbers[10];
 *         int failed = 0;
 *         struct mag_sched *sched;
 *         struct mag_group *group;
 *
 *         for (int i = 0; i < 10; i++)
 *             numbers[i] = i;
 *         if (mag_sched_default(&sched) != 0 ||
 *             mag_group_create(sched, NULL, &group) != 0)
 *             return 1;
 *         if (count_task_wait(halve_all(group, numbers), &failed) != 0)
 *             return 1;
 *         return mag_group_destroy(group) == 0 && failed == 2 ? 0 : 1;
 *     }
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_GROUP_TASK_H
#define MAGPIE_GROUP_TASK_H

#include <magpie/group.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/*
 * A task that completes when all jobs of the group have ended, and jobs that are added
 * meanwhile too.  Its result is the number of jobs that have failed, as an int: use it by
 * a type of MAG_VTASK_DEFINE(name, int).  It fails with -ECANCELED or -ESHUTDOWN where
 * mag_group_wait returns these.  The errors of jobs are read by mag_group_take_error.
 *
 *   Thread     any, also inside a job of the group
 *   Blocks     as mag_operation_rent (operation.h)
 *   Allocates  as mag_operation_rent: nothing after warm-up
 *   Returns    0; -ENOMEM; MAG_E_FORKED
 */
MAG_API MAG_MUST_CHECK int mag_group_task(struct mag_group *group, mag_vtask *ret_task);

MAG_EXTERN_C_END

#endif
