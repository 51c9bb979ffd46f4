/*
 * call.c - the calls of loops.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/loop/root.h"
#include "sched/loop/walk.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>

/* The whole loop. */
static void run_loop(mag_fork w, void *payload)
{
    struct mag_loop *loop = payload;
    size_t count = loop->range.end - loop->range.begin;
    struct mag_loop_part whole;

    if (MAG_UNLIKELY(loop->affinity != NULL) && loop->limit == MAG_LOOP_UNLIMITED &&
        loop->fold == NULL) {
        mag_loop_spread(w, loop);
        return;
    }
    whole.loop = loop;
    whole.range = loop->range;
    whole.grain =
        mag_grain_begin(count, mag_sched_workers(mag_self_get()->worker->sched));
    whole.value = loop->fold != NULL ? loop->fold->value : NULL;
    /* The first slot of all is free. */
    (void)mag_loop_take_slot(loop, &whole.slot);
    (void)mag_loop_walk(w, &whole);
}

/* -------------------------------------------------------------------------- calls */

static uint64_t slots_of(uint32_t limit)
{
    return limit < MAG_FOR_LIMIT_MAX ? ((uint64_t)1 << limit) - 1 : UINT64_MAX;
}

/* A loop without a body.  Its fields are written one by one: to clear it before would
 * take longer than a loop of a few indices. */
static void init_loop(struct mag_loop *loop, const struct mag_for_options *options,
                      struct mag_range range)
{
    static const struct mag_for_options usual;

    if (options == NULL)
        options = &usual;
    loop->body = NULL;
    loop->arg = NULL;
    loop->fold = NULL;
    loop->stop = options->stop;
    loop->affinity = options->affinity;
    loop->grain = options->grain;
    loop->limit = options->limit;
    loop->heavy = options->heavy;
    loop->error = 0;
    loop->range = range;
    mag_spin_init(&loop->lock);
    atomic_init(&loop->bound, SIZE_MAX);
    atomic_init(&loop->free_slots, slots_of(options->limit));
}

/* The result of a loop that has run. */
static int loop_result(const struct mag_loop *loop, struct mag_range *ret_failed)
{
    if (loop->error != 0 && ret_failed != NULL)
        *ret_failed = loop->failed;
    return loop->error;
}

static int check_loop(const struct mag_for_options *options, struct mag_range range)
{
    if (range.end < range.begin)
        return -EINVAL;
    return options == NULL || mag_loop_knows(options) ? 0 : -EINVAL;
}

/* A limit that the number of berths keeps anyway is none. */
static void drop_limit(struct mag_loop *loop, const struct mag_sched *sched)
{
    if (loop->limit >= sched->capacity)
        loop->limit = MAG_LOOP_UNLIMITED;
}

/* NOLINTNEXTLINE(readability-function-size): a loop needs them all. */
int mag_for_with(struct mag_sched *sched, const struct mag_for_options *options,
                 struct mag_range *ret_failed, size_t begin, size_t end,
                 mag_for_body body, void *arg)
{
    struct mag_range range = {begin, end};
    int r = check_loop(options, range);
    struct mag_loop loop;

    if (r != 0 || begin == end)
        return r;
    init_loop(&loop, options, range);
    loop.body = body;
    loop.arg = arg;
    r = mag_loop_sched(&sched);
    if (r != 0)
        return r;
    drop_limit(&loop, sched);
    r = mag_fork_run(sched, run_loop, &loop);
    if (MAG_UNLIKELY(r == -EOWNERDEAD))
        mag_loop_fail(&loop, loop.range, r);
    else if (MAG_UNLIKELY(r != 0))
        return r;
    return loop_result(&loop, ret_failed);
}

int mag_for(struct mag_sched *sched, size_t begin, size_t end, mag_for_body body,
            void *arg)
{
    return mag_for_with(sched, NULL, NULL, begin, end, body, arg);
}

/* NOLINTNEXTLINE(readability-function-size): a loop needs them all. */
int mag_for_in(mag_fork w, const struct mag_for_options *options,
               struct mag_range *ret_failed, size_t begin, size_t end, mag_for_body body,
               void *arg)
{
    struct mag_range range = {begin, end};
    int r = check_loop(options, range);
    struct mag_loop loop;

    if (r != 0 || begin == end)
        return r;
    init_loop(&loop, options, range);
    loop.body = body;
    loop.arg = arg;
    drop_limit(&loop, mag_self_get()->worker->sched);
    run_loop(w, &loop);
    return loop_result(&loop, ret_failed);
}

int mag_fold_in(mag_fork w, const struct mag_for_options *options,
                struct mag_range *ret_failed, struct mag_range range,
                const struct mag_fold *fold)
{
    int r = check_loop(options, range);
    struct mag_loop loop;

    if (r != 0 || range.begin == range.end)
        return r;
    init_loop(&loop, options, range);
    loop.fold = fold;
    drop_limit(&loop, mag_self_get()->worker->sched);
    run_loop(w, &loop);
    return loop_result(&loop, ret_failed);
}
