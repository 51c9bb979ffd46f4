/*
 * fork_task.h - a forked child whose result is handed out as a value task: fork-join and
 * await together.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_VTASK_DEFINE(long_task, long)
 *     MAG_FORK_TASK(long_task, square, long, n)
 *     MAG_FORKABLE(long_task, both, long, n)
 *
 *     static long_task square(mag_fork w, long n)
 *     {
 *         (void)w; // might fork and join in turn
 *         return long_task_result(n * n);
 *     }
 *
 *     static long_task both(mag_fork w, long n)
 *     {
 *         struct square_child child = square_fork(&w, n); // another worker may take it
 *         // work of one's own, meanwhile
 *         return square_task(&w, child);                  // does not wait for the child
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         long_task task;
 *         long result = 0;
 *
 *         if (mag_sched_default(&sched) != 0 || both_run(sched, &task, 7) != 0)
 *             return 1;
 *         return long_task_wait(task, &result) == 0 && result == 49 ? 0 : 1;
 *     }
 *
 * The model.  If nobody took the child, `square_task` calls it, and the task is what it
 * returned: no memory, no atomic operation.  If another worker took the child, it runs on
 * there, and the task is pending: a pooled source backs it, which that worker completes.
 * Await the task, wait for it or turn it into a promise, like any other task (vtask.h).
 * The function that forked may return meanwhile, and the computation may end.
 *
 * The rules are those of <magpie/fork.h>: `name_task` takes the place of a join, in
 * reverse order of the forks, before the function returns.  What arguments point to must
 * stay valid until the task is complete.  A pending task is consumed once.
 *
 * Errors.  A child's error is that of its task.  A child that finds out that it was
 * canceled returns a task with -ECANCELED.  A child may also return the pending task of
 * something else: its own task then has the outcome of that one.  A child that another
 * worker took, and that ends that worker's thread, has failed with -EOWNERDEAD.  A child
 * that nobody took ends the thread that has forked it.
 *
 * Continuations of a child that another worker took are queued: a join that runs such a
 * child while it waits never runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_TASK_H
#define MAGPIE_FORK_TASK_H

#include <magpie/detail/fork_task.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_FORK_TASK(task type, name, type1, arg1, ...) makes a function forkable whose result
 * is handed out as a task.  It takes up to eight pairs.  The task type is one made by
 * MAG_VTASK_DEFINE, or mag_task for a function without result.  It declares
 *
 *   static task name(mag_fork w, type1 arg1, ...);              you write its body
 *   struct name_child name_fork(mag_fork *w, type1 arg1, ...)   pushes a child
 *   task name_task(mag_fork *w, struct name_child child)        pops it: its task
 *   int name_run(struct mag_sched *sched, task *ret_task, type1 arg1, ...)
 *
 * `name_task`
 *   Thread     the worker that pushed the child
 *   Blocks     if a thief runs the child: until the thief has taken a source from its
 *              pool; if there is no memory for one, until the child has ended
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
