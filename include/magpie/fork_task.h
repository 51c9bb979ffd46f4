/*
 * fork_task.h - where fork-join and await meet: a forked child whose result is handed out
 * as a value task, here now or still to come.
 *
 *     MAG_VTASK_DEFINE(long_task, long)
 *     MAG_FORK_TASK(long_task, count, struct node *, node)
 *
 *     static long_task count(mag_fork w, struct node *node)
 *     {
 *         if (node->broken)
 *             return long_task_of(mag_vtask_failed(-EIO, 0));
 *         return long_task_result(visit(w, node));     // may fork and join in turn
 *     }
 *
 *     struct count_child child = count_fork(&w, left); // others may take it
 *     long here = visit(w, right);
 *     long_task task = count_task(&w, child);          // does not wait for it
 *
 * The model.  A child that nobody took is called by `count_task`, and the task is what it
 * returned: no memory, no atomic operation.  A child that was taken runs on where it is,
 * and the task is pending, with a pooled source behind it that the thief completes.
 * Await it, wait for it or turn it into a promise, as any other task (vtask.h).  The
 * function that forked may return meanwhile, and the computation may end.
 *
 * The rules are those of <magpie/fork.h>: `count_task` takes the place of a join, in
 * reverse order of the forks, before the function returns.  What arguments point to must
 * stay valid until the task is complete.  A pending task is consumed once.
 *
 * Errors.  A child's error is that of its task, at once or later.  A child that finds out
 * that it was canceled returns a task with -ECANCELED.  A child may also return the
 * pending task of something else: its own task then has the outcome of that one.
 *
 * Continuations of a child that was taken are queued: a join that runs such a child while
 * it waits never runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_TASK_H
#define MAGPIE_FORK_TASK_H

#include <magpie/detail/fork_task.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_FORK_TASK(task type, name, type1, arg1, ...), up to eight pairs, declares what a
 * function needs that is to be forked and handed out.  The task type is one made by
 * MAG_VTASK_DEFINE, or mag_task for a function without result:
 *
 *   static task name(mag_fork w, type1 arg1, ...);              written by the user
 *   struct name_child name_fork(mag_fork *w, type1 arg1, ...)   pushes a child
 *   task name_task(mag_fork *w, struct name_child child)        pops it: its task
 *   int name_run(struct mag_sched *sched, task *ret_task, type1 arg1, ...)
 *
 * `name_task`
 *   Thread     the worker that pushed the child
 *   Blocks     until a thief has taken the source from its pool; if there was no memory
 *              for a source, until the child has ended
 *   Allocates  a stolen child's source, from a pool: nothing after warm-up
 *
 * `name_run` calls the function as the root of a computation, see MAG_FORKABLE; the task
 * is what the function returned.
 */
#define MAG_FORK_TASK(result_task, name, ...)                                 \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                        \
    MAG_CHECK_TASK_TYPE(result_task)                                          \
    MAG_FORK_DECLARE(MAG_MUST_CHECK, result_task, name, sizeof(result_task),  \
                     __VA_ARGS__)                                             \
    MAG_FORK_TASK_TYPE(result_task, name)                                     \
    MAG_FORK_TASK_STOLEN(result_task, name, __VA_ARGS__)                      \
    MAG_MUST_CHECK MAG_FORK_JOIN(result_task, name, name##_task, __VA_ARGS__) \
        MAG_FORK_ROOT(result_task, name, __VA_ARGS__)

MAG_EXTERN_C_END

#endif
