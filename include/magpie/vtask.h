/*
 * vtask.h - the value task: a result that is here now, or a claim on one that will come.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_VTASK_DEFINE(int_task, int)
 *
 *     MAG_ASYNC(int_task, load, (int, key), mag_vtask delay;)  // async.h
 *     {
 *         MAG_BEGIN(f);
 *         if (mag_delay(NULL, 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));        // for a millisecond
 *         return int_task_result(f->key * 10);
 *         MAG_END(f);
 *     }
 *
 *     static int_task get(int key)
 *     {
 *         if (key == 1)
 *             return int_task_result(10);  // known: costs what returning a struct costs
 *         return load(key);
 *     }
 *
 *     int main(void)
 *     {
 *         int here = 0, later = 0;
 *
 *         if (int_task_get(get(1), &here) != 0)                // complete: does not wait
 *             return 1;
 *         if (int_task_wait(get(2), &later) != 0)              // blocks until it is
 *             return 1;
 *         return here + later == 30 ? 0 : 1;
 *     }
 *
 * The model.  A value task is two words of 8 bytes, passed by value.  The first word
 * tells what backs the task: nothing (it has succeeded, and the second word is the
 * result), an error, a source (source.h) or a promise (promise.h).  {0} is a task that
 * has succeeded with the result 0.  A result of a word is one of at most 8 bytes.
 *
 * The rules for a function that receives a task (docs/guide/value-tasks.md explains them)
 *   - Consume it once: await it, or read it when it is complete, or turn it into a
 *     promise, or discard it.  Copies share this one right.
 *   - Never use it from two threads at once, and consume it before the next operation on
 *     the object that returned it.
 *   - A task that is backed by nothing, by an error or by a promise may be read as often
 *     as you like.
 * A call that breaks a rule returns a MAG_E code, in every build, and has no other
 * effect.  A source's memory remains a source, so a stale task is an error, not a crash.
 *
 * One breach is not always detected: two threads that use one task in the same instant.
 * Both calls may return 0.  The task's source may then be in its pool twice, so that two
 * later operations share it; or a continuation that was accepted never runs.  Debug
 * builds of the library detect the case that both threads read.
 *
 * Errors.  An operation's error is a negative errno or any code of your own outside the
 * MAG_E range; -ECANCELED means that the operation was canceled.  `detail` is a word of
 * your own that travels beside an error; for a cancellation it is the address of the
 * cancel object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_VTASK_H
#define MAGPIE_VTASK_H

#include <magpie/detail/vtask.h>
#include <magpie/error.h>

#include <errno.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

/* --------------------------------------------------------------- the states */

/* The states of an operation. */
enum mag_status {
    MAG_PENDING = 0,
    MAG_SUCCEEDED = 1,
    MAG_FAULTED = 2,
    MAG_CANCELED = 3,
};

/* --------------------------------------------------------------- the value */

/*
 * A value task.  Pass and return it by value; do not look inside.
 *
 * `backing` is 0 if the task has succeeded; otherwise an address or an error code, with a
 * kind in the low bits.  `payload` is the result, the source's token, or the detail of an
 * error.
 */
typedef struct MAG_NODISCARD mag_vtask {
    uintptr_t backing;
    uint64_t payload;
} mag_vtask;

struct mag_source;
struct mag_core;
struct mag_promise;
struct mag_cancel;

/*
 * A task that has succeeded.
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_vtask_result(uint64_t result)
{
    mag_vtask task = {0, result};

    return task;
}

/* The task that has succeeded without a result: all zeroes. */
#define MAG_VTASK_COMPLETED mag_vtask_result(0)

/*
 * A task that has failed.  It needs no memory, and may be read any number of times.
 *
 *   code, detail  see "Errors" above
 *   Returns       0; MAG_E_ARG `code` is 0 or a MAG_E code
 */
MAG_API MAG_MUST_CHECK int mag_vtask_from_error(int code, uint64_t detail,
                                                mag_vtask *ret_task);

/*
 * A task that was canceled by `cancel`.
 *
 *   Returns    0; MAG_E_ARG `cancel` is NULL or has not fired
 */
MAG_API MAG_MUST_CHECK int mag_vtask_from_canceled(struct mag_cancel *cancel,
                                                   mag_vtask *ret_task);

/*
 * A task that a source backs.  Calls no function of the source.
 *
 *   Returns    0; MAG_E_ARG `source` is NULL or not aligned to 8 bytes
 */
MAG_API MAG_MUST_CHECK int mag_vtask_from_source(struct mag_source *source,
                                                 uint64_t token, mag_vtask *ret_task);

/* ------------------------------------------------------ asking and reading */

/*
 * Which one do I need?  "status" looks and consumes nothing.  "get" reads a task that is
 * complete.  "wait" blocks until it is complete, and reads.  Reading consumes.
 *
 *   I want                     mag_vtask                  typed tasks, mag_task
 *   to know its state          mag_vtask_status(task)     on name.task
 *   its result, of a word      mag_vtask_get(task, &word) name_get(task, &value)
 *   only whether it succeeded  mag_vtask_get(task, NULL)  mag_task_get(task)
 *   its result, of any size,   mag_vtask_get_value        name_get; on name.task for the
 *   or the error's detail                                 detail
 *   to block, then read        mag_vtask_wait             name_wait, mag_task_wait
 *   to block for a time, and   mag_vtask_wait_completed   on name.task
 *   read later, or not at all  (promise.h)
 *
 * Inside an async function use MAG_AWAIT (async.h), which reads as well.
 */

/*
 * The state of the task's operation.  Consumes nothing.
 *
 *   Returns    an enum mag_status; MAG_E_TOKEN the task is stale
 */
MAG_INLINE int mag_vtask_status(mag_vtask task)
{
    return MAG_LIKELY(task.backing == 0) ? MAG_SUCCEEDED : mag_vtask_status_slow(task);
}

/*
 * Whether the task is complete, and how it ended.  The answer is in `*ret_is`.
 *
 *   Returns    0; MAG_E_TOKEN the task is stale
 */
MAG_API MAG_MUST_CHECK int mag_vtask_is_completed(mag_vtask task, bool *ret_is);
MAG_API MAG_MUST_CHECK int mag_vtask_is_succeeded(mag_vtask task, bool *ret_is);
MAG_API MAG_MUST_CHECK int mag_vtask_is_faulted(mag_vtask task, bool *ret_is);
MAG_API MAG_MUST_CHECK int mag_vtask_is_canceled(mag_vtask task, bool *ret_is);

/*
 * The result of a completed task; consumes the task if a source backs it.  Never waits.
 *
 *   ret_result  a result smaller than a word is extended with zeroes.  NULL: the result
 *               does not matter, and may have any size
 *   Returns     0; the operation's error; MAG_E_TOKEN the task is stale; MAG_E_PENDING it
 *               is not complete: await it, or use mag_vtask_wait; MAG_E_SIZE the result
 *               is larger than a word, and still there: use the typed task or
 *               mag_vtask_get_value
 */
MAG_INLINE int mag_vtask_get(mag_vtask task, uint64_t *ret_result)
{
    if (MAG_LIKELY(task.backing == 0)) {
        if (ret_result != MAG_NULL)
            *ret_result = task.payload;
        return 0;
    }
    return mag_vtask_get_slow(task, ret_result,
                              ret_result != MAG_NULL ? sizeof(*ret_result) : 0, MAG_NULL);
}

/*
 * As mag_vtask_get, for a result of any size, and with the detail of an error.  `size`
 * bytes are written, on success only; 0 bytes if the result does not matter.
 *
 *   ret_detail  may be NULL; written only when the operation's error is returned
 *   Returns     as mag_vtask_get; MAG_E_SIZE the result is larger than `size`, or it is
 *               larger than a word and smaller than `size`; it is still there
 */
MAG_INLINE int mag_vtask_get_value(mag_vtask task, void *ret_result, size_t size,
                                   uint64_t *ret_detail)
{
    if (MAG_LIKELY(task.backing == 0 && size <= sizeof(task.payload))) {
        if (size != 0)
            memcpy(ret_result, &task.payload, size);
        return 0;
    }
    return mag_vtask_get_slow(task, ret_result, size, ret_detail);
}

/*
 * Blocks until the task is complete, reads its result and leaves nothing to release.  For
 * main and other threads that may block; never for a worker.  Typed tasks have
 * `name_wait`.
 *
 *   ret_result, size  as for mag_vtask_get_value; size 0: the result does not matter
 *   Thread, Blocks, Allocates  as mag_vtask_wait_completed (promise.h)
 *   Returns           as mag_vtask_get_value.  After these errors the task is as it was
 *                     before: -EDEADLK it is pending and the caller is a worker; an error
 *                     of mag_vtask_as_promise
 */
MAG_API MAG_MUST_CHECK int mag_vtask_wait(mag_vtask task, void *ret_result, size_t size);

/*
 * The same task, configured for its await.  `come_back` true, the default: the awaiter
 * comes back to its context (executor.h).  False: it continues in the thread that
 * completes the operation.  A task that nothing backs is returned unchanged: it is
 * complete, so an await of it never leaves the thread.
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_vtask_configure(mag_vtask task, bool come_back)
{
    if (task.backing != 0) {
        task.backing &= ~MAG_CAST(uintptr_t, MAG_VTASK_NO_CONTEXT);
        task.backing |= come_back ? 0 : MAG_CAST(uintptr_t, MAG_VTASK_NO_CONTEXT);
    }
    return task;
}

/*
 * As mag_vtask_from_error, without a check of `code`.  For a code that is known to be
 * right, or that another call has returned, a MAG_E code included.
 *
 *   code       must not be 0
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_vtask_failed(int code, uint64_t detail)
{
    mag_vtask task;

    task.backing =
        (MAG_CAST(uintptr_t, MAG_CAST(uint32_t, code)) << 32) | MAG_VTASK_ERROR;
    task.payload = detail;
    return task;
}

/* The error code of a task that an error backs.  Meaningless for any other task. */
MAG_INLINE int mag_vtask_code(mag_vtask task)
{
    return MAG_CAST(int, MAG_CAST(uint32_t, task.backing >> 32));
}

/*
 * Whether two tasks are the same: the same result, error or promise, or the same
 * operation of the same source.  Calls no function of a source.
 */
MAG_API bool mag_vtask_equal(mag_vtask a, mag_vtask b);

/*
 * A hash: tasks that mag_vtask_equal finds equal have the same one.  That of {0} is 0.
 */
MAG_API uint64_t mag_vtask_hash(mag_vtask task);

/*
 * As mag_vtask_preserve of promise.h, for a result of `size` bytes.
 *
 *   Blocks, Allocates, Returns, Release  as there
 */
MAG_API MAG_MUST_CHECK int mag_vtask_preserve_of(mag_vtask task, size_t size,
                                                 mag_vtask *ret_task);

/* ------------------------------------------------------------- typed tasks */

/*
 * MAG_VTASK_DEFINE(name, T) defines the value task of a result type T.  T is a type that
 * a name can follow (a function pointer or an array needs a typedef), and is copied byte
 * by byte.  The compiler warns where a call drops the task of a function of these
 * headers, of MAG_ASYNC or of MAG_FORK_TASK; in C++17 or with clang, of any function.
 *
 *   name                                     the type: 16 bytes, and a T if T is larger
 *                                            than a word
 *   name name_result(T value)                a task that has succeeded
 *   name name_of(mag_vtask task)             a task made from an untyped one, which is
 *                                            backed by an error, or by a source or
 *                                            promise with a result of type T; or by
 *                                            nothing, if T is at most a word (a larger
 *                                            result would be all zeroes: use name_result)
 *   int name_get(name task, T *ret_value)    as mag_vtask_get
 *   int name_wait(name task, T *ret_value)   as mag_vtask_wait
 *   name name_configure(name task, bool)     as mag_vtask_configure
 *   bool name_equal(name a, name b)          as mag_vtask_equal; results in the tasks
 *                                            themselves are compared byte by byte
 *   uint64_t name_hash(name task)            as mag_vtask_hash, goes with name_equal
 *   int name_preserve(name task, name *ret)  as mag_vtask_preserve, see promise.h
 *
 * `name.task` is the untyped task, for mag_vtask_status and the like.
 *
 * name_get reads the two words of its task one by one.  They were often written one by
 * one a moment ago, and a load of both at once would wait until both stores have left the
 * processor's buffer.
 */
#define MAG_VTASK_DEFINE(name, ...)                                                   \
    MAG_CHECK_TYPE(name, "for an operation without result use mag_task", __VA_ARGS__) \
    typedef __VA_ARGS__ name##_value;                                                 \
    typedef struct MAG_NODISCARD name {                                               \
        mag_vtask task;                                                               \
        __extension__ name##_value                                                    \
            large[sizeof(name##_value) > sizeof(uint64_t) ? 1 : 0];                   \
    } name;                                                                           \
    MAG_VTASK_MAKERS(name, name##_value)                                              \
    MAG_VTASK_READERS(name, name##_value)

/*
 * The value task of an operation without result.
 */
typedef struct MAG_NODISCARD mag_task {
    mag_vtask task;
    __extension__ char large[0];
} mag_task;

/* A mag_task made from any untyped task. */
MAG_MUST_CHECK MAG_INLINE mag_task mag_task_of(mag_vtask task)
{
    mag_task made;

    made.task = task;
    return made;
}

/* A mag_task that has succeeded. */
MAG_MUST_CHECK MAG_INLINE mag_task mag_task_done(void)
{
    return mag_task_of(mag_vtask_result(0));
}

/* As mag_vtask_get; there is no result. */
MAG_MUST_CHECK MAG_INLINE int mag_task_get(mag_task task)
{
    return mag_vtask_get(task.task, MAG_NULL);
}

/* As mag_vtask_wait. */
MAG_MUST_CHECK MAG_INLINE int mag_task_wait(mag_task task)
{
    return mag_vtask_wait(task.task, MAG_NULL, 0);
}

/* As mag_vtask_configure. */
MAG_MUST_CHECK MAG_INLINE mag_task mag_task_configure(mag_task task, bool come_back)
{
    return mag_task_of(mag_vtask_configure(task.task, come_back));
}

MAG_EXTERN_C_END

#endif
