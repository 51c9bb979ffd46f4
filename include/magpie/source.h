/*
 * source.h - sources, which back value tasks that are not complete, and the core, the
 * ready-made engine of a source.
 *
 * A source of your own, with a payload of your own, in a pool of your own:
 *
 *     #include <magpie/magpie.h>
 *
 *     struct request {
 *         struct mag_core core;                      // first
 *         uint64_t question;
 *     };
 *     static struct mag_pool *requests;
 *
 *     static void request_recycle(struct mag_core *core)
 *     {
 *         mag_pool_give(requests, core);
 *     }
 *
 *     static const struct mag_core_type request_type = {0, 0, request_recycle, NULL};
 *
 *     static mag_vtask ask(uint64_t question)
 *     {
 *         void *object;
 *         int r = mag_pool_take(requests, &object);
 *
 *         if (r < 0)
 *             return mag_vtask_failed(r, 0);
 *         struct request *request = (struct request *)object;
 *         mag_core_prepare(&request->core, &request_type);
 *         request->question = question;
 *         mag_vtask task = mag_core_task(&request->core);
 *         // in a real program another thread does this, later
 *         r = mag_core_set_result(&request->core, 2 * request->question);
 *         return r == 0 ? task : mag_vtask_failed(r, 0);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_pool_config config;
 *         uint64_t answer = 0;
 *
 *         mag_pool_config_init(&config);
 *         config.object_size = sizeof(struct request);
 *         if (mag_pool_create(&config, &requests) != 0)
 *             return 1;
 *         int r = mag_vtask_get(ask(21), &answer);   // the request is in its pool again
 *         mag_pool_destroy(requests);
 *         return r == 0 && answer == 42 ? 0 : 1;
 *     }
 *
 * operation.h has the same with a pool that the library makes; use that first.
 *
 * Consumer and completer.  A core has one completer and one consumer, which may be
 * different threads and run at the same time.  More of either is misuse; a second
 * completion is refused.  (operation.h has operations that several threads may try to
 * complete.)  The owner may reset the core: a thread is the owner while no other thread
 * is completer or consumer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SOURCE_H
#define MAGPIE_SOURCE_H

#include <magpie/detail/core.h>
#include <magpie/executor.h>
#include <magpie/sched.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* ----------------------------------------------------------- continuations */

/* How to await; unknown bits are ignored. */
enum {
    MAG_AWAIT_CONTEXT = 1, /* come back to the context, see executor.h */
    MAG_AWAIT_FLOW = 2,    /* accepted and ignored: there is no ambient state */
    MAG_AWAIT_HOME = 4,    /* `home` was set by the caller, see mag_continuation_home */
};

/*
 * A continuation: a job of the caller's that runs when an operation is complete.  Set
 * `job.run`; registering fills in the rest.  After a successful registration the
 * continuation belongs to the operation until its `run` is called, once.  Then it is the
 * caller's again.
 */
struct mag_continuation {
    struct mag_job job;
    uintptr_t home; /* where it runs: an executor, or a word with MAG_HOME_ tags */
};

/*
 * Sets where a continuation runs that is registered with MAG_AWAIT_HOME: under
 * `executor`.  NULL: on any worker of the calling worker's scheduler; if the calling
 * thread is not a worker, of the default scheduler.
 */
MAG_INLINE void mag_continuation_home(struct mag_continuation *continuation,
                                      struct mag_executor *executor)
{
    const struct mag_here *here = mag_here_get();
    uintptr_t sched = here->roaming & ~MAG_CAST(uintptr_t, MAG_HOME_TAGS);

    if (executor != MAG_NULL)
        continuation->home = MAG_RECAST(uintptr_t, executor);
    else if (sched != 0)
        continuation->home = sched | MAG_HOME_SCHED;
    else
        continuation->home = MAG_HOME_DEFAULT;
}

/*
 * Runs or queues a continuation whose operation is complete.  For sources that do not use
 * the core: call it once for each continuation that was registered, and do not touch the
 * source afterwards unless it is known to live.
 *
 *   queued     true: the continuation never runs inside this call.  False: it runs inside
 *              this call, if fewer than MAG_INLINE_DEPTH_MAX continuations run inside one
 *              another, and if the continuation belongs to the scheduler whose worker
 *              calls, or to no scheduler and no executor, or need not come back
 *
 * If its executor or scheduler refuses the continuation, because it is stopping, the
 * continuation runs inline: it is never lost.  So an executor, and the scheduler on whose
 * worker a continuation was registered, must stay alive until every operation awaited
 * under it has completed, canceled ones included: the completer posts to it
 * (mag_sched_destroy has the order in which to end them).
 *
 *   Thread     the completer
 *   Blocks     while it runs, if inline; the first time a scheduler is needed and there
 *              is none, as mag_sched_default
 */
MAG_API void mag_continuation_dispatch(struct mag_continuation *continuation,
                                       bool queued);

/* Stores in a continuation where it is to run.  A source of your own calls this when a
 * continuation is registered; a core does it itself. */
MAG_INLINE void mag_continuation_capture(struct mag_continuation *continuation,
                                         unsigned flags)
{
    const struct mag_here *here = mag_here_get();

    if (MAG_LIKELY(flags == MAG_AWAIT_CONTEXT))
        continuation->home = here->context;
    else if ((flags & MAG_AWAIT_HOME) == 0)
        continuation->home =
            (flags & MAG_AWAIT_CONTEXT) != 0 ? here->context : here->roaming;
}

/* How many continuations run inside one another; one more is queued. */
#define MAG_INLINE_DEPTH_MAX 32

/* --------------------------------------------------------------- any source */

/*
 * A source: an object that begins with this, aligned to 8 bytes.  Its three entry points
 * keep group H of docs/design/value-task-contract.md; in short: check token and
 * arguments before doing anything, never wait, never run a continuation inside
 * `on_completed`.
 * Most sources are better built on a core, below.
 */
struct mag_source {
    const struct mag_source_ops *ops;
};

struct mag_source_ops {
    /* An enum mag_status, or MAG_E_TOKEN. */
    int (*status)(struct mag_source *source, uint64_t token);

    /* 0: the continuation will be run once, later.  MAG_E_ARG, MAG_E_TOKEN,
     * MAG_E_CONTINUATION: it was not taken. */
    int (*on_completed)(struct mag_source *source, uint64_t token,
                        struct mag_continuation *continuation, unsigned flags);

    /* Reads the result.  0 and `size` bytes at `ret_result`; or the operation's error,
     * and its detail in `*ret_detail` if that is not NULL; or MAG_E_TOKEN, MAG_E_PENDING
     * or MAG_E_SIZE, and nothing has changed.  `size` 0 asks for no result.  A caller
     * that does not know the size asks for one word; smaller results are zero-extended.
     * Unless the source returns misuse it may recycle itself. */
    int (*get)(struct mag_source *source, uint64_t token, void *ret_result, size_t size,
               uint64_t *ret_detail);
};

/*
 * Registers the continuation of a pending task.  If the task is complete, queues the
 * continuation.  Never runs it inside the call.
 *
 *   flags      MAG_AWAIT_ bits.  MAG_AWAIT_CONTEXT is ignored if the task is configured
 *              not to come back (mag_vtask_configure)
 *   Returns    0; MAG_E_ARG no continuation or no function in it; MAG_E_TOKEN the task is
 *              stale; MAG_E_CONTINUATION another continuation is registered already
 */
MAG_API MAG_MUST_CHECK int mag_vtask_on_completed(mag_vtask task,
                                                  struct mag_continuation *continuation,
                                                  unsigned flags);

/* ----------------------------------------------------------------- the core */

/* What a kind of source does with its core.  NULL in the place of a type means one that
 * is all zeroes. */
struct mag_core_type {
    /* Where the result is, in bytes from the core, and its size in bytes.  0, 0: it is a
     * word, in the core itself. */
    uint32_t result_offset;
    uint32_t result_size;

    /* Called when the operation is consumed, after the result was copied out and the
     * token moved: the object may be used again.  Its memory must stay a core, as a
     * pool's does: stale tasks, and a thread that has just registered, may still read its
     * token.  NULL: the core is reset by hand, and may be read again until then; its
     * continuation may free it. */
    void (*recycle)(struct mag_core *core);

    /* For results that own something, such as memory: called once for each result that
     * nobody took, before the object is recycled or reset.  A result was not taken if the
     * task was discarded, or read with size 0, as MAG_AWAIT_DONE does; or if a core
     * without `recycle` is reset before the result was read.  The result is in its place.
     * Called on the thread that consumes; for a discarded task that is the completer's.
     * NULL: not called. */
    void (*destroy)(struct mag_core *core);
};

/* A bit of a core's `flags`, which the owner may set before the task is handed out. */
enum { MAG_CORE_QUEUED = 1 }; /* no continuation runs inside the completing call */

/*
 * The engine of a source, embedded in an object of the caller's.  It is used in place and
 * never copied.  Zeroed memory is a core that is ready: pending, token 0, type NULL.
 * <magpie/detail/core.h> has its members.
 */
struct mag_core;

/* For the functions below: what `easy` is of a core that has not failed. */
MAG_INLINE uint8_t mag_core_easy(const struct mag_core_type *type)
{
    return type != MAG_NULL && type->recycle != MAG_NULL && type->destroy == MAG_NULL &&
           type->result_size == 0;
}

/*
 * Makes memory that was a core before, or is all zeroes, a pending core.  Keeps the
 * token, which only ever grows, so tasks of earlier users are stale.
 *
 *   type       must stay valid as long as the core is used; NULL: all zeroes
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_INLINE void mag_core_prepare(struct mag_core *core, const struct mag_core_type *type)
{
    core->type = type;
    core->error = 0;
    core->flags = 0;
    core->easy = mag_core_easy(type);
    /* relaxed, here and below: the core is handed out later, which publishes it. */
    uint64_t token = MAG_LOAD(&core->token, relaxed);
    /* relaxed: as above. */
    MAG_STORE(&core->token, token & MAG_TOKEN_MASK, relaxed);
    uintptr_t slot = MAG_SLOT_EMPTY;

    if (type != MAG_NULL && type->recycle != MAG_NULL)
        slot = mag_core_bias();
    /* relaxed: as above. */
    MAG_STORE(&core->slot, slot, relaxed);
    if (type != MAG_NULL && type->recycle != MAG_NULL)
        mag_debug_core_began(core);
}

/*
 * Makes memory that is all zeroes a core that has not begun, for a pool that prepares its
 * objects once: call this in the pool's `prepare` (pool.h), and mag_core_begin for each
 * object that is taken.  That is faster than mag_core_prepare each time.
 *
 *   type       as in mag_core_prepare; it has `recycle`
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_INLINE void mag_core_init(struct mag_core *core, const struct mag_core_type *type)
{
    core->type = type;
    core->easy = mag_core_easy(type);
}

/*
 * Begins the next operation of a core from mag_core_init: it is new, or its last
 * operation was consumed.
 *
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_INLINE void mag_core_begin(struct mag_core *core)
{
    core->flags = 0;
    /* relaxed: the core is handed out later, which publishes it. */
    MAG_STORE(&core->slot, mag_core_bias(), relaxed);
    mag_debug_core_began(core);
}

/*
 * The task of the present operation.  Take it before anybody may complete the operation:
 * afterwards a pooled core may be another's.
 *
 *   Thread     the owner of the core
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_core_task(struct mag_core *core)
{
    mag_vtask task;

    task.backing = MAG_RECAST(uintptr_t, core) | MAG_VTASK_CORE;
    /* relaxed: only the owner moves it, and hands out tasks. */
    task.payload = MAG_LOAD(&core->token, relaxed) & MAG_TOKEN_MASK;
    return task;
}

/*
 * Makes the core pending again.  Tasks of the last operation are stale from then on.
 * MAG_CORE_QUEUED stays set.  A result that nobody took is destroyed, if the type has
 * `destroy`.  A continuation that is registered is dropped: it never runs.  If the
 * library was built with MAG_DEBUG_TASKS the watch is then told MAG_E_CONTINUATION.
 *
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_API void mag_core_reset(struct mag_core *core);

/*
 * Completes the operation with a result of a word, and runs or queues its continuation.
 * An inline continuation runs before the call returns, and may reset, reuse or free the
 * core.
 *
 *   Thread     the completer
 *   Blocks     while the continuation runs, if inline
 *   Returns    0; MAG_E_DONE it is complete: nothing has changed; MAG_E_SIZE the core's
 *              type names a size, so the result is not a word
 */
MAG_API MAG_MUST_CHECK int mag_core_set_result(struct mag_core *core, uint64_t result);

/*
 * As mag_core_set_result, with the result that is in its place already.  A result of a
 * word is 0.
 *
 *   Returns    0; MAG_E_DONE
 */
MAG_API MAG_MUST_CHECK int mag_core_set_done(struct mag_core *core);

/*
 * As mag_core_set_result, with as many bytes as the core's type names.  If it names none,
 * `size` must be 0, and the call is mag_core_set_done.
 *
 *   Returns    as mag_core_set_result; MAG_E_SIZE `size` is not the type's
 */
MAG_API MAG_MUST_CHECK int mag_core_set_value(struct mag_core *core, const void *value,
                                              size_t size);

/*
 * Completes the operation with an error.  -ECANCELED means that it is canceled.
 *
 *   Returns    as mag_core_set_result; MAG_E_ARG `code` is 0 or a MAG_E code
 */
MAG_API MAG_MUST_CHECK int mag_core_set_error(struct mag_core *core, int code,
                                              uint64_t detail);

/*
 * The three entry points of a source, as in struct mag_source_ops, for sources of your
 * own that have a core inside.
 */
MAG_API int mag_core_status(struct mag_core *core, uint64_t token);
MAG_API MAG_MUST_CHECK int mag_core_on_completed(struct mag_core *core, uint64_t token,
                                                 struct mag_continuation *continuation,
                                                 unsigned flags);
MAG_API MAG_MUST_CHECK int mag_core_get(struct mag_core *core, uint64_t token,
                                        void *ret_result, size_t size,
                                        uint64_t *ret_detail);

/*
 * Consumes the operation as soon as it is complete, and forgets its outcome.  The result
 * is destroyed, if the type has `destroy`.
 *
 *   Thread     the consumer
 *   Returns    0; MAG_E_TOKEN the token is stale; MAG_E_CONTINUATION it is awaited
 */
MAG_API MAG_MUST_CHECK int mag_core_discard(struct mag_core *core, uint64_t token);

MAG_EXTERN_C_END

#endif
