/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A continuation of the script. */
struct run {
    struct mag_waiter waiter; /* first; alone its continuation, where a task is awaited */
    int body;
    bool of_promise;
    bool ran; /* of a promise, and not printed yet */
};

/* Waiting jobs, in order; one script posts fewer than there is room for. */
struct queue {
    struct mag_executor executor;
    const char *name;
    unsigned first, end;
    struct mag_job *jobs[OBJECTS_MAX];
};

enum where { INLINE, POOL, POSTED };
enum { QUEUES = 4 };

static struct run runs[RUNS_MAX];
static unsigned run_count, steps;
static char **lists;
static unsigned list_count;
static bool ended;
static enum where where;
static unsigned on_pool[RUNS_MAX], on_pool_count;

static int post(struct mag_executor *executor, struct mag_job *job);
static struct queue pool;
/* Two executors, and two schedulers of which only the addresses are used. */
static _Alignas(8) struct queue queues[QUEUES] = {{.executor.post = post, .name = "x0"},
                                                  {.executor.post = post, .name = "x1"},
                                                  {.name = "s0"},
                                                  {.name = "s1"}};

static void push(struct queue *queue, struct mag_job *job)
{
    if (queue->end == OBJECTS_MAX)
        abort();
    queue->jobs[queue->end++] = job;
}

static struct mag_job *pop(struct queue *queue)
{
    return queue->first == queue->end ? NULL : queue->jobs[queue->first++];
}

static int post(struct mag_executor *executor, struct mag_job *job)
{
    struct queue *queue = (struct queue *)(void *)executor;

    trace("post %s", queue->name);
    push(queue, job);
    return 0;
}

/* The thread pool of a script is a queue, because it must run when the script drains.
 * These functions replace the scheduler's entry points. */
int __wrap_mag_sched_post(struct mag_sched *sched, struct mag_job *job);
int __wrap_mag_sched_default(struct mag_sched **ret_sched);

/* .NET has one thread pool, so the trace does not say which of several schedulers takes a
 * job that belongs to none. */
int __wrap_mag_sched_post(struct mag_sched *sched, struct mag_job *job)
{
    struct queue *queue = (struct queue *)(void *)sched;
    const struct mag_continuation *continuation =
        (const struct mag_continuation *)(const void *)job;

    if (queue == &pool || continuation->home != ((uintptr_t)sched | MAG_HOME_SCHED)) {
        push(&pool, job);
        return 0;
    }
    trace("post %s", queue->name);
    push(queue, job);
    return 0;
}

int __wrap_mag_sched_default(struct mag_sched **ret_sched)
{
    *ret_sched = (struct mag_sched *)(void *)&pool;
    return 0;
}

/* ------------------------------------------------------------------- surroundings */

static struct mag_sched *sched_here(void)
{
    return (struct mag_sched *)(mag_here.roaming & ~(uintptr_t)MAG_HOME_TAGS);
}

static struct surroundings here(void)
{
    return (struct surroundings){mag_executor_current(), sched_here()};
}

void runs_leave(struct surroundings before)
{
    mag_here.roaming = (uintptr_t)before.sched | MAG_HOME_SCHED | MAG_HOME_ROAMING;
    (void)mag_executor_enter(before.executor);
}

static void enter_queue(unsigned which)
{
    struct queue *queue = &queues[which];
    struct surroundings there = {NULL, NULL};

    if (which < 2)
        there.executor = &queue->executor;
    else
        there.sched = (void *)queue;
    runs_leave(there);
}

struct surroundings runs_enter(int from)
{
    struct surroundings before = here();

    if (from < 2)
        enter_queue((unsigned)from);
    else if (from < FROM_HERE)
        runs_leave((struct surroundings){NULL, NULL});
    else if (from >= FROM_SCHED && from < FROM_END)
        enter_queue((unsigned)(from - FROM_SCHED + 2));
    return before;
}

enum captured runs_captures(unsigned flags)
{
    if ((flags & MAG_AWAIT_CONTEXT) == 0)
        return CAPTURED_NONE;
    if (mag_executor_current() != NULL)
        return CAPTURED_EXECUTOR;
    if (sched_here() == NULL)
        return CAPTURED_NONE;
    return (void *)sched_here() == (void *)&queues[2] ? CAPTURED_S0 : CAPTURED_S1;
}

static const char *name_here(void)
{
    const void *at = mag_executor_current();

    if (at == NULL)
        at = sched_here();
    return at == NULL ? "-" : ((const struct queue *)at)->name;
}

/* -------------------------------------------------------------------- continuations */

void runs_play(unsigned list)
{
    char copy[4096];
    char *rest = copy;
    char *operation;

    if (list >= list_count || strlen(lists[list]) >= sizeof(copy))
        return;
    memcpy(copy, lists[list], strlen(lists[list]) + 1);
    while ((operation = strsep(&rest, ";")) != NULL) {
        if (*operation != 0 && (list == 0 || steps++ < STEPS_MAX))
            operate(operation);
    }
}

static void body(unsigned id, const char *how)
{
    struct surroundings before = here();

    trace("run %u %s %s", id, how, name_here());
    if (runs[id].body >= 0)
        runs_play((unsigned)runs[id].body + 1);
    runs_leave(before);
}

static void on_run(struct mag_job *job)
{
    struct run *run = (struct run *)(void *)job;
    unsigned id = (unsigned)(run - runs);
    enum where from = where;

    if (ended)
        return;
    if (run->of_promise) {
        run->ran = true;
    } else if (from == POOL) {
        on_pool[on_pool_count++] = id;
    } else {
        where = INLINE;
        body(id, from == POSTED ? "posted" : "inline");
    }
}

bool runs_have_room(void)
{
    return run_count < RUNS_MAX;
}

struct mag_continuation *runs_new(int body_of, bool of_promise, unsigned *ret_id)
{
    struct run *run = &runs[run_count];

    if (run_count == RUNS_MAX)
        return NULL;
    memset(run, 0, sizeof(*run));
    run->waiter.continuation.job.run = on_run;
    run->body = body_of;
    run->of_promise = of_promise;
    *ret_id = run_count++;
    return &run->waiter.continuation;
}

struct mag_waiter *runs_waiter(unsigned id)
{
    return &runs[id].waiter;
}

/* ------------------------------------------------------------------------- draining */

/* Runs what is queued now, but not what is queued meanwhile. */
static void drain_pool(void)
{
    unsigned ids[RUNS_MAX];
    unsigned count;

    for (unsigned rest = pool.end - pool.first; rest != 0; rest--) {
        struct mag_job *job = pop(&pool);
        where = POOL;
        job->run(job);
    }
    where = INLINE;
    count = on_pool_count;
    memcpy(ids, on_pool, sizeof(ids));
    on_pool_count = 0;
    for (unsigned i = 0; i < count; i++)
        body(ids[i], "pool");
}

static void drain_queue(unsigned which)
{
    struct surroundings before = here();
    struct mag_job *job;

    while ((job = pop(&queues[which])) != NULL) {
        enter_queue(which);
        where = POSTED;
        job->run(job);
        where = INLINE;
        runs_leave(before);
    }
}

static bool is_anything_queued(void)
{
    bool is = pool.first != pool.end;

    for (unsigned i = 0; i < QUEUES; i++)
        is |= queues[i].first != queues[i].end;
    return is;
}

static bool drain_promises(void)
{
    unsigned ids[RUNS_MAX];
    unsigned count = 0;

    for (unsigned id = 0; id < run_count; id++) {
        if (runs[id].ran)
            ids[count++] = id;
        runs[id].ran = false;
    }
    for (unsigned i = 0; i < count; i++)
        body(ids[i], "promise");
    return count != 0;
}

void runs_drain(void)
{
    struct surroundings before = here();

    runs_leave((struct surroundings){NULL, NULL});
    do {
        while (is_anything_queued()) {
            drain_pool();
            for (unsigned i = 0; i < QUEUES; i++)
                drain_queue(i);
        }
    } while (drain_promises());
    runs_leave(before);
}

void runs_begin(char *new_lists[], unsigned count)
{
    lists = new_lists;
    list_count = count;
    run_count = steps = on_pool_count = 0;
    ended = false;
    pool.first = pool.end = 0;
    for (unsigned i = 0; i < QUEUES; i++)
        queues[i].first = queues[i].end = 0;
}

void runs_end(void)
{
    ended = true;
}
