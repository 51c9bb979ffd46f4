/*
 * promise.h - promises: outcomes that any number of threads may wait for and read; and
 * how any task becomes a promise.
 *
 *     #include <magpie/magpie.h>
 *     #include <pthread.h>
 *
 *     static void *load(void *promise)                 // some other thread
 *     {
 *         int r = mag_promise_set_result((struct mag_promise *)promise, 42);
 *
 *         return r == 0 ? promise : NULL;          // else somebody else completed it
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_promise *loading;
 *         uint64_t first = 0, second = 0;
 *         pthread_t loader;
 *
 *         if (mag_promise_create(0, 0, &loading) != 0)
 *             return 1;
 *         mag_vtask task = mag_promise_task(loading);  // for any number of readers
 *         if (pthread_create(&loader, NULL, load, loading) != 0)
 *             return 1;
 *         int r = mag_vtask_wait(task, &first, sizeof(first));
 *         if (r == 0)
 *             r = mag_vtask_get(task, &second);        // as often as you like
 *         (void)pthread_join(loader, NULL);
 *         mag_promise_release(loading);
 *         return r == 0 && first == 42 && second == 42 ? 0 : 1;
 *     }
 *
 * The model.  A promise is pending until it is completed, which happens once.  Any number
 * of threads may await, ask and read its task at the same time, any number of times; all
 * see the same outcome.  The promise lives as long as somebody holds a reference.
 *
 * References.  Each success of mag_promise_create, mag_promise_retain and
 * mag_vtask_as_promise yields one reference, which the receiver gives back by
 * mag_promise_release.  A preserved task holds a reference itself; mag_vtask_release
 * gives it back, once for all copies of that task.  The task of mag_promise_task holds no
 * reference: to keep it longer than you hold the promise, retain or preserve.  Completers
 * and awaiters must hold a reference until they are done, or be sure that somebody else
 * does.  With the last reference the tasks become stale: they yield MAG_E_TOKEN, never
 * another promise's outcome.
 *
 * Awaiting.  The completer dispatches the continuations of a promise in the order in
 * which they were registered, inline unless MAG_PROMISE_QUEUED is set.  A continuation
 * that is registered after completion is queued.
 *
 * After fork() the child must not use a promise that another thread may have been using:
 * if that thread held the promise's lock, nobody unlocks it in the child.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PROMISE_H
#define MAGPIE_PROMISE_H

#include <magpie/source.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_promise;

/* Bits of a promise's flags. */
enum { MAG_PROMISE_QUEUED = 1 }; /* no continuation runs inside the completing call */

/* Bytes that a promise's result may have. */
#define MAG_PROMISE_RESULT_MAX ((size_t)65536)

/* -------------------------------------------------------------- completing */

/*
 * Makes a pending promise, with one reference.
 *
 *   result_size  in bytes; 0 to 8: the result is a word
 *   flags        MAG_PROMISE_ bits; other bits are ignored
 *   Blocks       the first call for a size, while the machine is examined
 *   Allocates    from a pool: nothing after warm-up
 *   Returns      0; -ENOMEM; MAG_E_SIZE the size is above MAG_PROMISE_RESULT_MAX
 *   Release      mag_promise_release
 */
MAG_API MAG_MUST_CHECK int mag_promise_create(size_t result_size, unsigned flags,
                                              struct mag_promise **ret_promise);

/*
 * Takes another reference.
 */
MAG_API void mag_promise_retain(struct mag_promise *promise);

/*
 * Gives a reference back.  NULL is allowed.  With the last reference the promise is gone.
 * If it is pending then, nobody can complete it any more: its continuations are run or
 * queued, and find their task stale.
 *
 *   Blocks     while such continuations run, if inline
 */
MAG_API void mag_promise_release(struct mag_promise *promise);

/*
 * Completes the promise with a result of a word.  If several threads complete it, exactly
 * one wins.  A loser may return before the winner has published its outcome.
 *
 *   Blocks     while continuations run, if inline
 *   Returns    0; MAG_E_DONE somebody else completed it, or the promise follows a task
 *              (see mag_vtask_as_promise); MAG_E_SIZE the promise's result is larger than
 *              a word.  After an error nothing has changed
 */
MAG_API MAG_MUST_CHECK int mag_promise_set_result(struct mag_promise *promise,
                                                  uint64_t result);

/*
 * As mag_promise_set_result, with a result of any size.
 *
 *   Returns    as there; but MAG_E_SIZE if the promise was made for more than a word and
 *              `size` is another size, or for at most a word and `size` is more than one
 */
MAG_API MAG_MUST_CHECK int mag_promise_set_value(struct mag_promise *promise,
                                                 const void *value, size_t size);

/*
 * As mag_promise_set_result, with an error.  -ECANCELED means that it is canceled.
 *
 *   Returns    0; MAG_E_DONE; MAG_E_ARG `code` is 0 or a MAG_E code
 */
MAG_API MAG_MUST_CHECK int mag_promise_set_error(struct mag_promise *promise, int code,
                                                 uint64_t detail);

/*
 * Completes the promise as canceled.  Otherwise as mag_promise_set_result.
 *
 *   cancel     the cancel object, or NULL
 *   Returns    0; MAG_E_DONE
 */
MAG_API MAG_MUST_CHECK int mag_promise_set_canceled(struct mag_promise *promise,
                                                    struct mag_cancel *cancel);

/*
 * The task of a promise.  It holds no reference; somebody else must.
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_promise_task(const struct mag_promise *promise);

/*
 * As mag_promise_task.
 *
 *   Returns    0; MAG_E_ARG `promise` is NULL
 */
MAG_API MAG_MUST_CHECK int mag_vtask_from_promise(struct mag_promise *promise,
                                                  mag_vtask *ret_task);

/* -------------------------------------------------------------- converting */

/*
 * Makes any task a promise.
 *
 *   backed by            yields
 *   nothing, result 0    the one completed promise, the same each time
 *   nothing, an error    a promise that is complete
 *   a promise            that promise; the task is not consumed
 *   a source, complete   a promise with its outcome; the task is consumed.  The source's
 *                        status decides between faulted and canceled; a result that can
 *                        be read is a success whatever the status was
 *   a source, pending    a promise that follows the source, and that nothing else can
 *                        complete; the task is consumed.  The promise's continuations may
 *                        run inline in the source's completer
 *
 * The result of a core has the size that the core's type names; any other is a word.
 *
 *   Blocks     as mag_promise_create
 *   Allocates  as mag_promise_create
 *   Returns    0; -ENOMEM; MAG_E_TOKEN the task is stale; MAG_E_CONTINUATION it is
 *              awaited already; MAG_E_SIZE the result is larger.  After an error the task
 *              is as it was before.  For a pending source a larger result is detected
 *              only at completion: the promise then fails with MAG_E_SIZE, and the result
 *              is lost
 *   Release    mag_promise_release
 */
MAG_API MAG_MUST_CHECK int mag_vtask_as_promise(mag_vtask task,
                                                struct mag_promise **ret_promise);

/*
 * As mag_vtask_as_promise, for a result of `size` bytes.
 */
MAG_API MAG_MUST_CHECK int mag_vtask_as_promise_of(mag_vtask task, size_t size,
                                                   struct mag_promise **ret_promise);

/*
 * Makes any task one that may be awaited and read any number of times.  The new task is
 *   - the same one, if nothing or an error backs it;
 *   - for a promise's task, an equal one that holds a reference of its own;
 *   - else the task of a new promise, which holds the only reference.
 * Awaiting it comes back to the context again, unless nothing backs it.  Typed tasks have
 * name_preserve; for results of other sizes use mag_vtask_preserve_of.
 *
 *   Blocks, Allocates, Returns  as mag_vtask_as_promise
 *   Release                     mag_vtask_release
 */
MAG_API MAG_MUST_CHECK int mag_vtask_preserve(mag_vtask task, mag_vtask *ret_task);

/*
 * Gives back the reference that a preserved task holds: a task that mag_vtask_preserve
 * has made, or that mag_vtask_wait_completed, mag_when_any or mag_vtask_with_timeout has
 * put in the place of another.  Does nothing to other tasks, mag_promise_task's included,
 * so you may release every element of an array without looking.  Copies of a preserved
 * task share its one reference.
 *
 *   Blocks     as mag_promise_release
 *   Returns    0; MAG_E_TOKEN the promise is gone already
 */
MAG_API int mag_vtask_release(mag_vtask task);

/* ----------------------------------------------------- discarding, waiting */

/*
 * Consumes a task as soon as it is complete and forgets the outcome, even an error: for
 * fire and forget.  Returns at once.  Does nothing to a promise's task.
 *
 *   Blocks     as mag_promise_create, for a pending source that is not a core
 *   Allocates  from a pool, for a pending source that is not a core
 *   Returns    0; -ENOMEM; MAG_E_TOKEN the task is stale; MAG_E_CONTINUATION it is
 *              awaited.  After an error the task is as it was before
 */
MAG_API MAG_MUST_CHECK int mag_vtask_discard(mag_vtask task);

/*
 * Blocks until `*task` is complete, at most for `timeout_ns`.  Does not read it: to block
 * and read in one call use mag_vtask_wait.
 *
 * If a pending source backs the task, it is first preserved in its place, and `*task` is
 * the preserved task afterwards, after a timeout too: it can be awaited, waited for again
 * and read.  In the end release it by mag_vtask_release, which does nothing to a task
 * that was not preserved.  A promise's own task is neither preserved nor retained: its
 * reference stays with the holder.
 *
 *   size        bytes of its result, as for mag_vtask_as_promise_of; 0: not known
 *   timeout_ns  how long to wait, in nanoseconds; 0: not at all; -1: as long as it takes
 *   Thread      any that is not a worker; a worker may only ask for a task that is
 *               complete.  No cancellation point
 *   Blocks      yes
 *   Allocates   as mag_vtask_as_promise
 *   Returns     0 it is complete: read it with mag_vtask_get; -ETIMEDOUT the time is
 *               over.  After these errors the task is as it was before: -EDEADLK it is
 *               pending and the caller is a worker; an error of mag_vtask_as_promise
 */
MAG_API MAG_MUST_CHECK int mag_vtask_wait_completed(mag_vtask *task, size_t size,
                                                    int64_t timeout_ns);

MAG_EXTERN_C_END

#endif
