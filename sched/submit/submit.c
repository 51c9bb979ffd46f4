/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/default.h>
#include <magpie/submit.h>

#include "sched/post/call.h"
#include "sched/post/post.h"
#include "sched/submit/bulk.h"
#include "sched/submit/limit.h"
#include "sched/submit/submission.h"
#include "sched/worker/worker.h"

#include "base/os.h"

#include <errno.h>
#include <string.h>

/* The size of mag_submit_options in the first version of the library. */
static const size_t options_size_min =
    offsetof(struct mag_submit_options, dropped) + sizeof(void (*)(void *arg));

/* ------------------------------------------------------------------------ where */

/* NULL stands for the calling worker's scheduler, else for the default one. */
static int find_sched(struct mag_sched **sched)
{
    if (MAG_LIKELY(*sched != NULL))
        return 0;
    *sched = mag_sched_self();
    return *sched != NULL ? 0 : mag_sched_default(sched);
}

static bool options_are_sane(const struct mag_submit_options *options)
{
    bool levels =
        options->priority >= MAG_PRIORITY_LOW && options->priority <= MAG_PRIORITY_HIGH;
    bool orders = options->where == MAG_SUBMIT_TO_WORKER || options->executor != NULL;
    bool runs = options->when_full == MAG_FULL_RUN;

    return levels && (unsigned)options->when_full <= MAG_FULL_RUN && !(orders && runs) &&
           (unsigned)options->where <= MAG_SUBMIT_TO_WORKER &&
           (!orders || options->priority == MAG_PRIORITY_NORMAL) &&
           (options->executor == NULL || options->where == MAG_SUBMIT_ANYWHERE);
}

/* Copies what the caller knows of the options; the rest has its default. */
static int read_options(const struct mag_submit_options *options, size_t size,
                        struct mag_submit_options *ret_options)
{
    memset(ret_options, 0, sizeof(*ret_options));
    if (options == NULL)
        return 0;
    if (size < options_size_min)
        return -EINVAL;
    memcpy(ret_options, options,
           size < sizeof(*ret_options) ? size : sizeof(*ret_options));
    return options_are_sane(ret_options) ? 0 : -EINVAL;
}

static uint32_t submit_level(const struct mag_submit_options *options)
{
    static const uint32_t levels[] = {MAG_LEVEL_LOW, MAG_LEVEL_USUAL, MAG_LEVEL_HIGH};

    return levels[options->priority - MAG_PRIORITY_LOW];
}

/* Posts to the queue of a node, that of the options or the nearest. */
static int post_to_queue(struct mag_sched *sched,
                         const struct mag_submit_options *options,
                         const struct mag_chain *chain)
{
    uint32_t node = MAG_NONE;

    if (options->where == MAG_SUBMIT_TO_NODE) {
        node = options->index;
        if (node >= sched->queue_count)
            return -EINVAL;
    }
    return mag_sched_post_chain(sched, chain, node, submit_level(options));
}

static int post_submission(struct mag_sched *sched,
                           const struct mag_submit_options *options, struct mag_job *job)
{
    struct mag_chain chain = {job, job, 1};

    if (options->executor != NULL)
        return options->executor->post(options->executor, job);
    int r = find_sched(&sched);
    if (r < 0)
        return r;
    if (options->where == MAG_SUBMIT_TO_WORKER)
        return mag_sched_post_worker(sched, job, options->index);
    if (options->where == MAG_SUBMIT_ANYWHERE && options->priority == MAG_PRIORITY_NORMAL)
        return mag_sched_post(sched, job);
    return post_to_queue(sched, options, &chain);
}

/* ----------------------------------------------------------------------- one call */

static inline int take_submission(void (*function)(void *arg), void *arg,
                                  struct mag_submission **ret_submission)
{
    int r = mag_submission_take(ret_submission);

    if (MAG_UNLIKELY(r < 0))
        return r;
    (*ret_submission)->function = function;
    (*ret_submission)->arg = arg;
    return 0;
}

/* A submission without options, as an object of its own. */
static int submit_plain(struct mag_sched *sched, void (*function)(void *arg), void *arg)
{
    struct mag_submission *submission;
    int r = take_submission(function, arg, &submission);

    if (MAG_UNLIKELY(r < 0))
        return r;
    submission->dropped = NULL;
    submission->name = NULL;
    submission->limit = NULL;
    r = mag_sched_post(sched, &submission->job);
    if (MAG_UNLIKELY(r < 0))
        mag_submission_give(submission);
    return r;
}

int mag_submit(struct mag_sched *sched, void (*function)(void *arg), void *arg)
{
    if (MAG_UNLIKELY(function == NULL))
        return -EINVAL;
    int r = find_sched(&sched);
    if (MAG_UNLIKELY(r < 0))
        return r;
    struct mag_self *self = mag_self_get();
    if (self->worker != NULL && self->worker->sched == sched)
        return submit_plain(sched, function, arg);
    r = mag_call_submit(sched, self, function, arg);
    return MAG_LIKELY(r != -EAGAIN) ? r : submit_plain(sched, function, arg);
}

static void fill_submission(struct mag_submission *submission,
                            const struct mag_submit_options *options)
{
    submission->dropped = options->dropped;
    submission->name = options->name;
    submission->limit = options->limit;
}

/* Posts a submission that has its place, if there is a limit. */
static int submit_placed(struct mag_sched *sched,
                         const struct mag_submit_options *options,
                         struct mag_submission *submission)
{
    int r = post_submission(sched, options, &submission->job);

    if (MAG_UNLIKELY(r < 0))
        mag_submission_give(submission);
    return r;
}

/* ------------------------------------------------------------------- with a limit */

/* The place of another submission is this one's now: posts it.  False: the post was
 * refused, and the place is free. */
static bool grant_place(struct mag_limit_waiter *granted)
{
    struct mag_submit_waiter *waiter =
        (struct mag_submit_waiter *)(void *)((char *)granted -
                                             offsetof(struct mag_submit_waiter, place));
    int r = submit_placed(waiter->sched, &waiter->options, waiter->submission);

    waiter->told(waiter, r);
    return r == 0;
}

/* Takes a place (0), or waits for one (-EINPROGRESS). */
static int wait_for_place(struct mag_sched *sched,
                          const struct mag_submit_options *options,
                          struct mag_submission *submission,
                          struct mag_submit_waiter *waiter)
{
    waiter->place.grant = grant_place;
    waiter->sched = sched;
    waiter->options = *options;
    waiter->submission = submission;
    return mag_limit_enter(options->limit, &waiter->place) ? 0 : -EINPROGRESS;
}

/* Submits, or waits with `waiter`. */
static int submit_or_wait(struct mag_sched *sched,
                          const struct mag_submit_options *options,
                          struct mag_submission *submission,
                          struct mag_submit_waiter *waiter)
{
    int r = wait_for_place(sched, options, submission, waiter);

    if (r < 0)
        return r;
    r = submit_placed(sched, options, submission);
    if (r < 0)
        mag_limit_leave(options->limit);
    return r;
}

/*
 * A thread that waits for room; lies on its stack.
 *
 * Edges: release end -> acquire end : what crosses
 *   told   tell_blocked (over) -> block (over) : the result
 *
 * The last touch of the thread that tells is the store of `over`; the wake after that
 * uses the address alone.
 */
struct blocked {
    struct mag_submit_waiter waiter; /* first */
    int result;
    _Atomic(uint32_t) over; /* [A] */
};

static void tell_blocked(struct mag_submit_waiter *waiter, int result)
{
    struct blocked *blocked = (struct blocked *)(void *)waiter;

    blocked->result = result;
    /* told, release: the result precedes it. */
    atomic_store_explicit(&blocked->over, 1, memory_order_release);
    mag_os_wake(&blocked->over, 1);
}

static int block(struct mag_sched *sched, const struct mag_submit_options *options,
                 struct mag_submission *submission)
{
    struct blocked blocked = {.waiter = {.told = tell_blocked}};

    atomic_init(&blocked.over, 0);
    /* The waiter lies on this stack, so the thread must not be canceled here. */
    int cancel = mag_os_hold_cancel();
    int r = submit_or_wait(sched, options, submission, &blocked.waiter);
    if (r == -EINPROGRESS) {
        /* told, acquire: the result is visible. */
        while (atomic_load_explicit(&blocked.over, memory_order_acquire) == 0)
            mag_os_wait(&blocked.over, 0, -1);
        r = blocked.result;
    }
    mag_os_let_cancel(cancel);
    return r;
}

/* The limit is reached, and the options say what to do. */
static int submit_full(struct mag_sched *sched, const struct mag_submit_options *options,
                       void (*function)(void *arg), void *arg)
{
    struct mag_submission *submission;

    if (options->when_full == MAG_FULL_REFUSE)
        return -EAGAIN;
    if (options->when_full == MAG_FULL_RUN) {
        function(arg);
        return 0;
    }
    if (mag_sched_self() != NULL)
        return -EDEADLK;
    int r = take_submission(function, arg, &submission);
    if (r < 0)
        return r;
    fill_submission(submission, options);
    return block(sched, options, submission);
}

/* NOLINTNEXTLINE(readability-function-size): a call, its options and its waiter. */
int mag_submit_waiting(struct mag_sched *sched, const struct mag_submit_options *options,
                       size_t size, void (*function)(void *arg), void *arg,
                       struct mag_submit_waiter *waiter)
{
    struct mag_submit_options settled;
    struct mag_submission *submission;
    int r = read_options(options, size, &settled);

    if (r == 0 && (settled.limit == NULL || function == NULL))
        r = -EINVAL;
    if (r == 0 && settled.executor == NULL)
        r = find_sched(&sched);
    if (r < 0)
        return r;
    r = take_submission(function, arg, &submission);
    if (r < 0)
        return r;
    fill_submission(submission, &settled);
    return submit_or_wait(sched, &settled, submission, waiter);
}

/* ------------------------------------------------------------------- with options */

static int submit_known(struct mag_sched *sched, const struct mag_submit_options *options,
                        void (*function)(void *arg), void *arg)
{
    struct mag_submission *submission;
    int r = take_submission(function, arg, &submission);

    if (r < 0)
        return r;
    fill_submission(submission, options);
    return submit_placed(sched, options, submission);
}

int mag_submit_sized(struct mag_sched *sched, const struct mag_submit_options *options,
                     size_t size, void (*function)(void *arg), void *arg)
{
    struct mag_submit_options settled;
    int r = function != NULL ? read_options(options, size, &settled) : -EINVAL;

    if (r == 0 && settled.executor == NULL)
        r = find_sched(&sched);
    if (r < 0)
        return r;
    if (settled.limit != NULL && !mag_limit_try(settled.limit))
        return submit_full(sched, &settled, function, arg);
    r = submit_known(sched, &settled, function, arg);
    if (r < 0)
        mag_limit_leave(settled.limit);
    return r;
}

int mag_submit_job_sized(struct mag_sched *sched,
                         const struct mag_submit_options *options, size_t size,
                         struct mag_job *job)
{
    struct mag_submit_options settled;
    int r = read_options(options, size, &settled);

    if (r == 0 && (settled.dropped != NULL || settled.limit != NULL))
        r = -EINVAL;
    return r < 0 ? r : post_submission(sched, &settled, job);
}

/* ------------------------------------------------------------------ many at once */

/* NOLINTNEXTLINE(readability-function-size): a call, its options and an array. */
int mag_submit_all_sized(struct mag_sched *sched,
                         const struct mag_submit_options *options, size_t size,
                         void (*function)(void *arg), void *args, size_t stride,
                         size_t count)
{
    struct mag_submit_options settled;
    struct mag_chain chain;
    int r = read_options(options, size, &settled);

    if (r == 0 && (function == NULL || settled.executor != NULL ||
                   settled.limit != NULL || settled.where == MAG_SUBMIT_TO_WORKER))
        r = -EINVAL;
    if (r == 0)
        r = find_sched(&sched);
    if (r < 0 || count == 0)
        return r;
    struct mag_calls calls = {function, settled.dropped, args, stride};
    r = mag_bulk_make(&settled, submit_level(&settled), &calls, count, &chain);
    if (r < 0)
        return r;
    r = post_to_queue(sched, &settled, &chain);
    if (r < 0)
        mag_bulk_unmake(&chain);
    return r;
}
