/*
 * bulk.c - making, running, splitting and dropping bulks.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (bulks) -> take_bulk (bulks) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/submit/bulk.h"

#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/job_kind.h>
#include <magpie/pool.h>

#include <errno.h>

/* So many calls are a turn of the usual level; then it is the turn of other jobs. */
enum { TURN = 16 };

static _Atomic(struct mag_pool *) bulks; /* [A] NULL: not made yet */

/* -------------------------------------------------------------------- the range */

enum { BITS = 8 };

#define BEGIN_ONE      ((uint64_t)1)
#define END_ONE        ((uint64_t)1 << BITS)
#define GENERATION_ONE ((uint64_t)1 << 2 * BITS)

static uint32_t range_begin(uint64_t range)
{
    return (uint32_t)(range % END_ONE);
}

static uint32_t range_end(uint64_t range)
{
    return (uint32_t)(range / END_ONE % END_ONE);
}

static uint32_t range_left(uint64_t range)
{
    return range_end(range) - range_begin(range);
}

static uint64_t range_generation(uint64_t range)
{
    return range / GENERATION_ONE;
}

static uint64_t read_range(struct mag_bulk *bulk)
{
    /* relaxed: what belongs to the range crosses with the job. */
    return atomic_load_explicit(&bulk->range, memory_order_relaxed);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a swap that fails writes `range`. */
static bool swap_range(struct mag_bulk *bulk, uint64_t *range, uint64_t next)
{
    /* relaxed, both: as read_range. */
    return atomic_compare_exchange_weak_explicit(
        &bulk->range, range, next, memory_order_relaxed, memory_order_relaxed);
}

/* ------------------------------------------------------------------- the objects */

static void run_bulk(struct mag_job *job);

static void prepare_bulk(void *object, void *arg)
{
    struct mag_bulk *bulk = object;
    (void)arg;

    bulk->job.run = run_bulk;
    atomic_init(&bulk->range, 0);
}

static MAG_COLD struct mag_pool *make_bulk_pool(void)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = sizeof(struct mag_bulk);
    /* Neighbors are used by different threads. */
    config.alignment = MAG_CACHE_LINE;
    config.prepare = prepare_bulk;
    return mag_pool_publish(&bulks, &config);
}

static struct mag_bulk *take_bulk(void)
{
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&bulks, memory_order_acquire);
    void *object;

    if (MAG_UNLIKELY(pool == NULL))
        pool = make_bulk_pool();
    if (MAG_UNLIKELY(pool == NULL || mag_pool_take(pool, &object) != 0))
        return NULL;
    return object;
}

static void give_bulk(struct mag_bulk *bulk)
{
    /* relaxed: the bulk came from the pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&bulks, memory_order_relaxed), bulk);
}

/* Calls that the range of a bulk gets: `count` of them, from `begin` on. */
static void fill_range(struct mag_bulk *bulk, uint32_t begin, uint32_t count)
{
    uint64_t generation = range_generation(read_range(bulk)) + 1;

    /* relaxed: participants of earlier generations claim nothing any more. */
    atomic_store_explicit(&bulk->range,
                          generation * GENERATION_ONE + (begin + count) * END_ONE +
                              begin * BEGIN_ONE,
                          memory_order_relaxed);
}

static void link_bulk(struct mag_chain *chain, struct mag_bulk *bulk)
{
    if (chain->last == NULL) {
        chain->first = &bulk->job;
    } else {
        /* relaxed: the chain is private until it is pushed. */
        atomic_store_explicit(&chain->last->next, &bulk->job, memory_order_relaxed);
    }
    chain->last = &bulk->job;
}

static int add_bulk(const struct mag_submit_options *options, uint32_t level,
                    const struct mag_calls *calls, size_t done, struct mag_chain *chain)
{
    struct mag_bulk *bulk = take_bulk();
    size_t left = chain->count - done;

    if (bulk == NULL)
        return -ENOMEM;
    fill_range(bulk, 0, left < MAG_BULK_MAX ? (uint32_t)left : MAG_BULK_MAX);
    bulk->calls = *calls;
    bulk->calls.args = calls->args + done * calls->stride;
    bulk->name = options->name;
    bulk->level = level;
    bulk->runner = MAG_NONE;
    link_bulk(chain, bulk);
    return 0;
}

int mag_bulk_make(const struct mag_submit_options *options, uint32_t level,
                  const struct mag_calls *calls, size_t count,
                  struct mag_chain *ret_chain)
{
    *ret_chain = (struct mag_chain){.count = count};
    for (size_t done = 0; done < count; done += MAG_BULK_MAX) {
        if (add_bulk(options, level, calls, done, ret_chain) != 0) {
            mag_bulk_unmake(ret_chain);
            return -ENOMEM;
        }
    }
    return 0;
}

void mag_bulk_unmake(const struct mag_chain *chain)
{
    struct mag_job *job = chain->first;
    struct mag_job *next;

    for (bool last = job == NULL; !last; job = next) {
        last = job == chain->last;
        /* relaxed: the chain is private. */
        next = atomic_load_explicit(&job->next, memory_order_relaxed);
        give_bulk((struct mag_bulk *)(void *)job);
    }
}

/* ----------------------------------------------------------------------- running */

/* What a participant knows of a bulk that it may no longer read. */
struct bulk_part {
    struct mag_bulk *bulk;
    uint64_t generation;
    struct mag_calls calls;
};

/* Claims the first call that is left. */
static bool claim_call(const struct bulk_part *part, uint32_t *ret_index)
{
    uint64_t range = read_range(part->bulk);

    do {
        if (range_generation(range) != part->generation || range_left(range) == 0)
            return false;
    } while (!swap_range(part->bulk, &range, range + BEGIN_ONE));
    *ret_index = range_begin(range);
    return true;
}

static void make_call(const struct mag_calls *calls, uint32_t index)
{
    calls->function(calls->args + index * calls->stride);
}

/* Takes the second half of what is left for a bulk of its own.  NULL: nothing is left to
 * share, or there is no memory, and the caller makes its calls of the same bulk. */
static struct mag_bulk *split(struct mag_bulk *bulk)
{
    uint64_t range = read_range(bulk);
    struct mag_bulk *half;
    uint32_t count;

    if (range_left(range) < 2 || (half = take_bulk()) == NULL)
        return NULL;
    do {
        count = range_left(range) / 2;
        if (count == 0) {
            give_bulk(half);
            return NULL;
        }
    } while (!swap_range(bulk, &range, range - count * END_ONE));
    fill_range(half, range_end(range) - count, count);
    half->calls = bulk->calls;
    half->name = bulk->name;
    half->level = bulk->level;
    half->runner = MAG_NONE;
    return half;
}

static void post_again(struct mag_worker *worker, struct mag_bulk *bulk)
{
    if (bulk->level == MAG_LEVEL_USUAL)
        mag_sched_post_again(worker, &bulk->job);
    else
        mag_sched_post_level_held(worker->sched, &bulk->job, bulk->level);
}

static bool ran_elsewhere(const struct mag_worker *worker, const struct mag_bulk *bulk)
{
    return bulk->runner != MAG_NONE && bulk->runner != worker->index;
}

static void run_bulk(struct mag_job *job)
{
    struct mag_worker *worker = mag_self_get()->worker;
    struct mag_bulk *bulk = (struct mag_bulk *)(void *)job;
    struct mag_bulk *half = ran_elsewhere(worker, bulk) ? split(bulk) : NULL;

    if (half != NULL) {
        post_again(worker, bulk);
        bulk = half;
    }
    struct bulk_part part = {bulk, range_generation(read_range(bulk)), bulk->calls};
    uint32_t turn = bulk->level == MAG_LEVEL_USUAL ? TURN : 1;
    uint32_t index;
    bulk->runner = worker->index;
    if (!claim_call(&part, &index)) {
        give_bulk(bulk);
        return;
    }
    post_again(worker, bulk);
    /* A function that submits may get this object; that job is a new one. */
    worker->running = NULL;
    do
        make_call(&part.calls, index);
    while (--turn != 0 && claim_call(&part, &index));
}

/* ---------------------------------------------------------------------- the kind */

static void drop_bulk(struct mag_job *job, const struct mag_job_stop *stop)
{
    struct mag_bulk *bulk = (struct mag_bulk *)(void *)job;
    struct bulk_part part = {bulk, range_generation(read_range(bulk)), bulk->calls};
    uint32_t index;
    (void)stop;

    part.calls.function = part.calls.dropped;
    while (claim_call(&part, &index)) {
        if (part.calls.dropped != NULL)
            make_call(&part.calls, index);
    }
    give_bulk(bulk);
}

static void name_bulk(const struct mag_job *job,
                      struct mag_job_description *ret_description)
{
    const struct mag_bulk *bulk = (const struct mag_bulk *)(const void *)job;

    *ret_description = (struct mag_job_description){
        .name = bulk->name, .function = (void (*)(void))bulk->calls.function};
}

static struct mag_job_kind bulk_kind = {
    .run = run_bulk, .dropped = drop_bulk, .describe = name_bulk};

static __attribute__((constructor(101))) void add_bulk_kind(void)
{
    mag_job_kind_add(&bulk_kind);
}
