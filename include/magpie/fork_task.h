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
 * returned: no memory, no atomic operation.  One that was taken goes on where it is, and
 * the task is pending, with a pooled source behind it that the thief completes; await
 * it, wait for it, turn it into a promise, as any other (vtask.h).  The function that
 * forked may return meanwhile, and the computation end.
 *
 * The rules are those of <magpie/fork.h>: `count_task` takes the place of a join, in
 * reverse order of the forks, before the function returns.  What arguments point to must
 * stay valid until the task is complete.  A pending task is consumed once.
 *
 * Errors.  A child's error is that of its task, at once or later; a child that finds out
 * that it was canceled returns a task with -ECANCELED.  A child may also return the
 * pending task of something else: its own task then follows that one.
 *
 * Continuations of a child that was taken are queued: a join that waits and runs such a
 * child meanwhile never runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_FORK_TASK_H
#define MAGPIE_FORK_TASK_H

#include <magpie/async.h>
#include <magpie/fork.h>

MAG_EXTERN_C_BEGIN

/*
 * MAG_FORK_TASK(task type, name, type1, arg1, ...), up to six pairs, declares what a
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
 *   Blocks     until a thief has taken the source from its pool; where there was no
 *              memory for one until the child has ended
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

/* ------------------------------------------------- for the macros below only */

/*
 * By a body before it calls its function.  NULL: the child is answered when it has ended,
 * as it was not stolen, or there is no memory.  Else its owner has been answered by the
 * task of this frame, which mag_frame_finish is to complete.
 */
MAG_API struct mag_frame *mag_fork_task_begin(mag_fork w, const void *payload,
                                              void *block,
                                              const struct mag_frame_type *type);

/* A large result lies behind the frame. */
#define MAG_FORK_TASK_TYPE(result_task, name)                                          \
    struct name##_frame {                                                              \
        MAG_STRUCT(mag_frame) frame;                                                   \
        __extension__ result_task                                                      \
            mag_result[sizeof(result_task) > sizeof(mag_vtask) ? 1 : 0];               \
    };                                                                                 \
    static const MAG_STRUCT(mag_frame_type) name##_type = {                            \
        {sizeof(result_task) > sizeof(mag_vtask)                                       \
             ? MAG_CAST(uint32_t, offsetof(struct name##_frame, mag_result) +          \
                                      offsetof(result_task, large))                    \
             : 0,                                                                      \
         MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(result_task, large)), mag_frame_recycle, \
         MAG_NULL},                                                                    \
        MAG_NULL,                                                                      \
        MAG_CAST(uint32_t, sizeof(struct name##_frame))};                              \
    MAG_STATIC_ASSERT(sizeof(struct name##_frame) <= MAG_ASYNC_BYTES_MAX,              \
                      "the result of " #name " is too large");

#define MAG_FORK_TASK_STOLEN(result_task, name, ...)                             \
    static void name##_stolen(mag_fork mag_w, void *payload_)                    \
    {                                                                            \
        struct name##_args copy_, *args_ = &copy_;                               \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;    \
        memcpy(args_, block_, sizeof(*args_));                                   \
        MAG_POINTER(mag_frame)                                                   \
        frame_ = mag_fork_task_begin(mag_w, payload_, block_, &name##_type);     \
        MAG_FORK_TRY                                                             \
        {                                                                        \
            result_task value_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));        \
            MAG_FORK_CHECK_END(&mag_w, name);                                    \
            if (frame_ != MAG_NULL)                                              \
                mag_frame_finish(frame_, value_.task, value_.large);             \
            else                                                                 \
                memcpy(block_, MAG_CAST(const void *, &value_), sizeof(value_)); \
        }                                                                        \
        MAG_FORK_CATCH                                                           \
    }

MAG_EXTERN_C_END

#endif
