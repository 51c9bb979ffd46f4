/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A continuation of the script. */
struct run {
    struct mag_continuation continuation;
    int body;
    bool of_promise;
    bool ran; /* of a promise, and not told yet */
};

/* Jobs that wait, in order; one script posts fewer than there is room for. */
struct queue {
    struct mag_executor executor;
    const char *name;
    unsigned first, end;
    struct mag_job *jobs[OBJECTS_MAX];
};

enum where { INLINE, POOL, POSTED };

static struct run runs[RUNS_MAX];
static unsigned run_count, steps;
static char **lists;
static unsigned list_count;
static bool ended;
static enum where where;
static unsigned on_pool[RUNS_MAX], on_pool_count;

static int post(struct mag_executor *executor, struct mag_job *job);
static struct queue pool;
static struct queue contexts[2] = {{.executor.post = post, .name = "x0"},
                                   {.executor.post = post, .name = "x1"}};

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

/* The pool of a script is a queue, for it must run when the script drains: these stand in
 * for the scheduler's entry points. */
int __wrap_mag_sched_post(struct mag_sched *sched, struct mag_job *job);
int __wrap_mag_sched_default(struct mag_sched **ret_sched);

int __wrap_mag_sched_post(struct mag_sched *sched, struct mag_job *job)
{
    (void)sched;
    push(&pool, job);
    return 0;
}

int __wrap_mag_sched_default(struct mag_sched **ret_sched)
{
    *ret_sched = (struct mag_sched *)(void *)&pool;
    return 0;
}

struct mag_executor *runs_enter(int from)
{
    struct mag_executor *before = mag_executor_current();

    if (from != FROM_HERE)
        (void)mag_executor_enter(from < 2 ? &contexts[from].executor : NULL);
    return before;
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

static void body(unsigned id, const char *here)
{
    struct mag_executor *before = mag_executor_current();
    const struct queue *current = (const struct queue *)(const void *)before;

    trace("run %u %s %s", id, here, current != NULL ? current->name : "-");
    if (runs[id].body >= 0)
        runs_play((unsigned)runs[id].body + 1);
    (void)mag_executor_enter(before);
}

static void on_run(struct mag_job *job)
{
    struct run *run = (struct run *)(void *)job;
    unsigned id = (unsigned)(run - runs);
    enum where here = where;

    if (ended)
        return;
    if (run->of_promise) {
        run->ran = true;
    } else if (here == POOL) {
        on_pool[on_pool_count++] = id;
    } else {
        where = INLINE;
        body(id, here == POSTED ? "posted" : "inline");
    }
}

struct mag_continuation *runs_new(int body_of, bool of_promise, unsigned *ret_id)
{
    struct run *run = &runs[run_count];

    if (run_count == RUNS_MAX)
        return NULL;
    memset(run, 0, sizeof(*run));
    run->continuation.job.run = on_run;
    run->body = body_of;
    run->of_promise = of_promise;
    *ret_id = run_count++;
    return &run->continuation;
}

/* ------------------------------------------------------------------------- draining */

/* What is queued now, not what is queued meanwhile. */
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

static void drain_context(struct queue *context)
{
    struct mag_job *job;

    while ((job = pop(context)) != NULL) {
        (void)mag_executor_enter(&context->executor);
        where = POSTED;
        job->run(job);
        where = INLINE;
        (void)mag_executor_enter(NULL);
    }
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
    struct mag_executor *before = mag_executor_enter(NULL);

    do {
        while (pool.first != pool.end || contexts[0].first != contexts[0].end ||
               contexts[1].first != contexts[1].end) {
            drain_pool();
            drain_context(&contexts[0]);
            drain_context(&contexts[1]);
        }
    } while (drain_promises());
    (void)mag_executor_enter(before);
}

void runs_begin(char *new_lists[], unsigned count)
{
    lists = new_lists;
    list_count = count;
    run_count = steps = on_pool_count = 0;
    ended = false;
    pool.first = pool.end = 0;
    for (unsigned i = 0; i < 2; i++)
        contexts[i].first = contexts[i].end = 0;
}

void runs_end(void)
{
    ended = true;
}
