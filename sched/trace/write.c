/*
 * write.c - the events of a trace as Chrome's Trace Event Format.
 *
 * Begin and end must pair up, but a ring forgets its oldest events, threads end inside of
 * jobs, and jobs still run.  So the writer counts what has begun on each worker: an end
 * without a beginning is left out, and what is open at last ends there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "sched/trace/json.h"
#include "sched/trace/times.h"
#include "sched/trace/trace.h"

#include <magpie/trace.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_ROOM = 128, CACHED_NAMES = 256 };

/* The names of functions that were looked up, each in the place that its address says. */
struct name {
    uintptr_t function;
    char text[NAME_ROOM];
};

struct writer {
    struct mag_json json;
    struct mag_sched *sched;
    struct name *names;
    struct mag_trace_event *events; /* of one ring */
    uint64_t count;
    int64_t begin_ns;
    int64_t end_ns;

    /* Of the worker that is being written. */
    uint32_t berth;
    uint32_t depth; /* what has begun and not ended, the state included */
    bool in_state;  /* the last that has begun is a state */
    bool some;      /* an event has been written */
};

/* ------------------------------------------------------------------------ names */

static const char *function_name(struct writer *writer, uintptr_t function)
{
    if (function == 0)
        return "job";

    struct name *name = &writer->names[(function >> 4) % CACHED_NAMES];

    if (name->function != function) {
        name->function = function;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): recorded from a pointer. */
        mag_os_symbol((const void *)function, name->text, sizeof(name->text));
    }
    return name->text;
}

/* ----------------------------------------------------------------------- events */

/* Opens an event, whose other members and brace follow. */
static void open_event(struct writer *writer, const char *phase, int64_t time_ns)
{
    int64_t since = time_ns > writer->begin_ns ? time_ns - writer->begin_ns : 0;

    mag_json_add(&writer->json, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u,\"ts\":%lld.%03d",
                 writer->some ? ",\n" : "\n", phase, mag_os_process(), writer->berth,
                 (long long)(since / 1000), (int)(since % 1000));
    writer->some = true;
}

static void begin_event(struct writer *writer, int64_t time_ns, const char *kind,
                        const char *name)
{
    open_event(writer, "B", time_ns);
    mag_json_add(&writer->json, ",\"cat\":\"%s\",\"name\":", kind);
    mag_json_string(&writer->json, name);
    mag_json_add(&writer->json, "}");
    writer->depth++;
}

static void end_event(struct writer *writer, int64_t time_ns)
{
    if (writer->depth == 0)
        return;
    open_event(writer, "E", time_ns);
    mag_json_add(&writer->json, "}");
    writer->depth--;
}

static void end_state(struct writer *writer, int64_t time_ns)
{
    if (writer->in_state)
        end_event(writer, time_ns);
    writer->in_state = false;
}

static void write_state(struct writer *writer, const struct mag_trace_event *event)
{
    static const char *const states[MAG_TIMES] = {[MAG_TIME_SEARCH] = "search",
                                                  [MAG_TIME_PARK] = "park",
                                                  [MAG_TIME_BLOCKED] = "blocked"};

    end_state(writer, event->time_ns);
    if (event->detail >= MAG_TIMES || states[event->detail] == NULL)
        return;
    begin_event(writer, event->time_ns, "state", states[event->detail]);
    writer->in_state = true;
}

static void write_instant(struct writer *writer, const struct mag_trace_event *event)
{
    bool steal = event->kind == MAG_TRACE_STEAL;

    open_event(writer, "i", event->time_ns);
    mag_json_add(&writer->json,
                 ",\"s\":\"t\",\"cat\":\"%s\",\"name\":", steal ? "steal" : "mark");
    mag_json_string(&writer->json, steal ? "steal" : event->name);
    if (steal)
        mag_json_add(&writer->json, ",\"args\":{\"from\":%u}}", event->detail);
    else
        mag_json_add(&writer->json, ",\"args\":{\"object\":\"0x%zx\",\"number\":%u}}",
                     (size_t)event->object, event->detail);
}

static void end_all(struct writer *writer, int64_t time_ns)
{
    while (writer->depth != 0)
        end_event(writer, time_ns);
    writer->in_state = false;
}

static void write_event(struct writer *writer, const struct mag_trace_event *event)
{
    switch (event->kind) {
    case MAG_TRACE_BEGIN:
        end_state(writer, event->time_ns);
        begin_event(writer, event->time_ns, "job",
                    event->name != NULL ? event->name
                                        : function_name(writer, event->object));
        break;
    case MAG_TRACE_END:
        end_state(writer, event->time_ns);
        end_event(writer, event->time_ns);
        break;
    case MAG_TRACE_LOST:
        end_all(writer, event->time_ns);
        break;
    case MAG_TRACE_STATE:
        write_state(writer, event);
        break;
    case MAG_TRACE_STEAL:
    case MAG_TRACE_MARK:
        write_instant(writer, event);
        break;
    }
}

/* -------------------------------------------------------------------- one worker */

/* Copies the events that the ring still has.  The tenant may go on meanwhile: if it
 * overtakes the copy, what was copied before is as good as forgotten. */
static uint64_t copy_events(struct mag_trace_ring *ring, uint64_t begin,
                            struct mag_trace_event *events)
{
    uint64_t end = mag_trace_ring_count(ring);
    uint64_t number = end - begin > ring->size ? end - ring->size : begin;
    uint64_t count = 0;

    for (; number < end; number++) {
        if (mag_trace_ring_read(ring, number, &events[count]))
            count++;
        else
            count = 0;
    }
    return count;
}

static void name_thread(struct writer *writer)
{
    const char *what = writer->berth < writer->sched->place_count
                           ? writer->sched->settings.config.name
                           : "spare";
    char name[NAME_ROOM];

    (void)snprintf(name, sizeof(name), "%s/%u", what, writer->berth);
    open_event(writer, "M", writer->begin_ns);
    mag_json_add(&writer->json, ",\"name\":\"thread_name\",\"args\":{\"name\":");
    mag_json_string(&writer->json, name);
    mag_json_add(&writer->json, "}}");
}

static void write_berth(struct writer *writer, struct mag_trace *trace)
{
    int64_t last = writer->end_ns;

    (void)pthread_mutex_lock(&writer->sched->trace_lock);
    writer->count = copy_events(&trace->rings[writer->berth],
                                trace->begins[writer->berth], writer->events);
    (void)pthread_mutex_unlock(&writer->sched->trace_lock);
    if (writer->count == 0)
        return;
    name_thread(writer);
    for (uint64_t i = 0; i < writer->count; i++)
        write_event(writer, &writer->events[i]);
    if (writer->events[writer->count - 1].time_ns > last)
        last = writer->events[writer->count - 1].time_ns;
    end_all(writer, last);
}

/* ------------------------------------------------------------------------ the whole */

static int write_all(struct writer *writer, struct mag_trace *trace)
{
    mag_json_add(&writer->json, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    for (uint32_t i = 0; writer->json.error == 0 && i < trace->ring_count; i++) {
        writer->berth = i;
        write_berth(writer, trace);
    }
    mag_json_add(&writer->json, "\n]}\n");
    return mag_json_flush(&writer->json);
}

/* The trace that was started last, and its times. */
static struct mag_trace *last_trace(struct mag_sched *sched, struct writer *writer)
{
    (void)pthread_mutex_lock(&sched->trace_lock);
    /* relaxed: written under the lock. */
    struct mag_trace *trace = atomic_load_explicit(&sched->trace, memory_order_relaxed);
    if (trace != NULL) {
        int64_t now = mag_os_now_ns();

        writer->begin_ns = trace->begin_ns;
        writer->end_ns = trace->end_ns < now ? trace->end_ns : now;
    }
    (void)pthread_mutex_unlock(&sched->trace_lock);
    return trace;
}

static int write_with(struct writer *writer, struct mag_sched *sched)
{
    struct mag_trace *trace = last_trace(sched, writer);
    int r = -ENOMEM;

    if (trace == NULL)
        return -ENOENT;
    writer->names = calloc(CACHED_NAMES, sizeof(writer->names[0]));
    writer->events = calloc(trace->size, sizeof(writer->events[0]));
    if (writer->names != NULL && writer->events != NULL)
        r = write_all(writer, trace);
    free(writer->names);
    free(writer->events);
    return r;
}

int mag_trace_write(struct mag_sched *sched,
                    int (*write)(const char *text, size_t length, void *arg), void *arg)
{
    struct writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return -ENOMEM;
    writer->json.write = write;
    writer->json.arg = arg;
    writer->sched = sched;
    int r = write_with(writer, sched);
    free(writer);
    return r;
}
