/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/trace/trace.h"

#include "base/os.h"
#include "base/space.h"

#include <magpie/trace.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MIN = 16, EVENTS_USUAL = 65536 };

/* ------------------------------------------------------------------- recording */

void mag_trace_put(struct mag_sched *sched, uint32_t berth,
                   const struct mag_trace_event *event)
{
    /* trace, acquire: the rings are visible. */
    struct mag_trace *trace = atomic_load_explicit(&sched->trace, memory_order_acquire);

    if (trace != NULL)
        mag_trace_ring_put(&trace->rings[berth], event);
}

void mag_trace_begin(struct mag_sched *sched, uint32_t berth, uintptr_t function,
                     const char *name)
{
    mag_trace_put(sched, berth,
                  &(struct mag_trace_event){.time_ns = mag_os_now_ns(),
                                            .kind = MAG_TRACE_BEGIN,
                                            .object = function,
                                            .name = name});
}

void mag_trace_state(struct mag_sched *sched, uint32_t berth, enum mag_time state,
                     int64_t now_ns)
{
    mag_trace_put(sched, berth,
                  &(struct mag_trace_event){.time_ns = now_ns,
                                            .kind = MAG_TRACE_STATE,
                                            .detail = (uint32_t)state});
}

void mag_trace_end(struct mag_sched *sched, uint32_t berth)
{
    mag_trace_put(
        sched, berth,
        &(struct mag_trace_event){.time_ns = mag_os_now_ns(), .kind = MAG_TRACE_END});
}

void mag_trace_steal(struct mag_sched *sched, uint32_t berth, uint32_t victim)
{
    mag_trace_put(sched, berth,
                  &(struct mag_trace_event){.time_ns = mag_os_now_ns(),
                                            .kind = MAG_TRACE_STEAL,
                                            .detail = victim});
}

void mag_trace_lost(struct mag_sched *sched, uint32_t berth)
{
    mag_trace_put(
        sched, berth,
        &(struct mag_trace_event){.time_ns = mag_os_now_ns(), .kind = MAG_TRACE_LOST});
}

/* ------------------------------------------------------------------------ rings */

static void free_trace(struct mag_trace *trace)
{
    if (trace == NULL)
        return;
    if (trace->pages != NULL)
        mag_space_release(trace->pages, trace->bytes);
    free(trace->rings);
    free(trace->begins);
    free(trace);
}

/* The words are never touched where no event comes to lie. */
static bool map_words(struct mag_trace *trace)
{
    size_t each = trace->size * MAG_TRACE_WORDS * sizeof(uint64_t);

    trace->bytes = trace->ring_count * each;
    trace->pages = mag_space_private(trace->bytes);
    for (uint32_t i = 0; trace->pages != NULL && i < trace->ring_count; i++) {
        struct mag_trace_ring *ring = &trace->rings[i];

        atomic_init(&ring->count, 0);
        ring->words = (_Atomic(uint64_t) *)(void *)((char *)trace->pages + i * each);
        ring->size = trace->size;
    }
    return trace->pages != NULL;
}

static struct mag_trace *make_trace(uint32_t rings, uint64_t size)
{
    struct mag_trace *trace = calloc(1, sizeof(*trace));

    if (trace == NULL)
        return NULL;
    trace->ring_count = rings;
    trace->size = size;
    trace->begins = calloc(rings, sizeof(trace->begins[0]));
    trace->rings = aligned_alloc(MAG_CACHE_LINE, rings * sizeof(trace->rings[0]));
    if (trace->begins == NULL || trace->rings == NULL || !map_words(trace)) {
        free_trace(trace);
        return NULL;
    }
    return trace;
}

/* Under the lock, or when no other thread is left. */
static struct mag_trace *newest_trace(struct mag_sched *sched)
{
    /* relaxed: written under the lock. */
    return atomic_load_explicit(&sched->trace, memory_order_relaxed);
}

void mag_trace_free(struct mag_sched *sched)
{
    free(sched->trace_file);
    struct mag_trace *trace = newest_trace(sched);

    while (trace != NULL) {
        struct mag_trace *older = trace->older;

        free_trace(trace);
        trace = older;
    }
}

/* ------------------------------------------------------------------ start and stop */

void mag_trace_config_init(struct mag_trace_config *config)
{
    *config = (struct mag_trace_config){.size = sizeof(*config), .events = EVENTS_USUAL};
}

/* How many places a ring is to have; 0: the configuration is wrong. */
static uint64_t ring_places(const struct mag_trace_config *config)
{
    uint64_t size = EVENTS_MIN;

    if (config == NULL)
        return EVENTS_USUAL;
    if (config->size < sizeof(*config) || config->events < EVENTS_MIN ||
        config->events > MAG_TRACE_EVENTS_MAX)
        return 0;
    while (size < config->events)
        size *= 2;
    return size;
}

/* Under the lock: the trace of that size, if need be a new one, before all others. */
static struct mag_trace *provide_trace(struct mag_sched *sched, uint64_t size)
{
    struct mag_trace *first = newest_trace(sched);
    struct mag_trace *before = NULL;
    struct mag_trace *trace = first;

    while (trace != NULL && trace->size != size) {
        before = trace;
        trace = trace->older;
    }
    if (trace == NULL)
        trace = make_trace(sched->capacity, size);
    else if (before != NULL)
        before->older = trace->older;
    if (trace != NULL && trace != first)
        trace->older = first;
    return trace;
}

/* Under the lock. */
static int start_trace(struct mag_sched *sched, uint64_t size)
{
    if (mag_sched_is_traced(sched))
        return -EALREADY;
    struct mag_trace *trace = provide_trace(sched, size);
    if (trace == NULL)
        return -ENOMEM;

    trace->begin_ns = mag_os_now_ns();
    trace->end_ns = INT64_MAX;
    for (uint32_t i = 0; i < trace->ring_count; i++)
        trace->begins[i] = mag_trace_ring_count(&trace->rings[i]);
    /* trace, release: the rings are made. */
    atomic_store_explicit(&sched->trace, trace, memory_order_release);
    mag_phase_set_traced(&sched->phase, true);
    return 0;
}

bool mag_trace_prepare(struct mag_sched *sched)
{
    struct mag_trace *trace = make_trace(sched->capacity, EVENTS_USUAL);

    /* relaxed: no other thread can look yet. */
    atomic_store_explicit(&sched->trace, trace, memory_order_relaxed);
    return trace != NULL;
}

int mag_trace_start(struct mag_sched *sched, const struct mag_trace_config *config)
{
    uint64_t size = ring_places(config);

    if (size == 0)
        return -EINVAL;
    /* relaxed: set before this process had a second thread. */
    if (atomic_load_explicit(&sched->closed, memory_order_relaxed) == MAG_E_FORKED)
        return MAG_E_FORKED;
    (void)pthread_mutex_lock(&sched->trace_lock);
    int r = start_trace(sched, size);
    (void)pthread_mutex_unlock(&sched->trace_lock);
    return r;
}

int mag_trace_stop(struct mag_sched *sched)
{
    int r = -EALREADY;

    (void)pthread_mutex_lock(&sched->trace_lock);
    if (mag_sched_is_traced(sched)) {
        mag_phase_set_traced(&sched->phase, false);
        newest_trace(sched)->end_ns = mag_os_now_ns();
        r = 0;
    }
    (void)pthread_mutex_unlock(&sched->trace_lock);
    return r;
}
