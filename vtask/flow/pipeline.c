/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/pipeline.h"
#include "base/os.h"
#include "vtask/flow/store.h"

#include <magpie/default.h>
#include <magpie/guest.h>
#include <magpie/job_kind.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* The result of the value task is its error alone. */
struct line_end {
    struct mag_operation operation; /* first */
};

static struct mag_operation_type line_end_type = MAG_OPERATION_TYPE(struct line_end);

/* ------------------------------------------------------------------------ checking */

static const struct mag_stage *stage_at(const struct mag_pipeline *pipeline, size_t i)
{
    return (const struct mag_stage *)(const void *)((const char *)pipeline->stages +
                                                    i * pipeline->stage_size);
}

static bool has_stage(const struct mag_pipeline *pipeline, int mode)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (stage_at(pipeline, i)->mode == mode)
            return true;
    }
    return false;
}

static bool has_async_stage(const struct mag_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (stage_at(pipeline, i)->is_async)
            return true;
    }
    return false;
}

static int check_pipeline(const struct mag_pipeline *pipeline)
{
    if (pipeline->stage_count == 0 || pipeline->stage_count > MAG_PIPELINE_STAGES_MAX ||
        pipeline->tokens > MAG_PIPELINE_TOKENS_MAX ||
        pipeline->type->token_size > MAG_PIPELINE_TOKEN_MAX)
        return -EINVAL;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if ((unsigned)stage_at(pipeline, i)->mode > MAG_STAGE_ON_CALLER)
            return -EINVAL;
    }
    return 0;
}

/* ------------------------------------------------------------------------ beginning */

static bool has_ring(const struct mag_line *line, uint32_t stage)
{
    enum mag_stage_mode mode = line->stages[stage].mode;

    return stage != 0 && (mode == MAG_STAGE_IN_ORDER || mode == MAG_STAGE_ON_CALLER);
}

static uint64_t ring_words(uint32_t tokens)
{
    uint64_t words = 2;

    while (words < tokens)
        words *= 2;
    return words;
}

static void init_stages(struct mag_line *line, _Atomic(uintptr_t) *words)
{
    uint64_t count = ring_words(line->limit);

    for (uint32_t i = 0; i < line->stage_count; i++) {
        mag_lane_init(&line->stages[i].lane);
        if (has_ring(line, i)) {
            mag_ring_init(&line->stages[i].ring, words, count);
            words += count;
        }
    }
}

static size_t bytes_of(const struct mag_pipeline *pipeline, uint32_t tokens)
{
    size_t rings = 0;

    for (size_t i = 1; i < pipeline->stage_count; i++) {
        int mode = stage_at(pipeline, i)->mode;

        rings += mode == MAG_STAGE_IN_ORDER || mode == MAG_STAGE_ON_CALLER ? 1 : 0;
    }
    return sizeof(struct mag_line) +
           rings * ring_words(tokens) * sizeof(_Atomic(uintptr_t));
}

static uint32_t tokens_of(const struct mag_pipeline *pipeline,
                          const struct mag_sched *sched)
{
    return pipeline->tokens != 0 ? pipeline->tokens : 2 * mag_sched_workers(sched) + 2;
}

static void run_offer(struct mag_job *job);

static void set_plan(struct mag_line *line, const struct mag_pipeline *pipeline)
{
    line->plan = *pipeline;
    line->stage_count = (uint32_t)pipeline->stage_count;
    for (uint32_t i = 0; i < line->stage_count; i++) {
        line->stages[i].stage = stage_at(pipeline, i);
        line->stages[i].mode = (enum mag_stage_mode)line->stages[i].stage->mode;
        line->stages[i].is_async = line->stages[i].stage->is_async;
    }
    line->input_is_parallel = line->stages[0].mode == MAG_STAGE_PARALLEL;
    line->input_is_callers = line->stages[0].mode == MAG_STAGE_ON_CALLER;
    line->has_callers_stage = has_stage(pipeline, MAG_STAGE_ON_CALLER);
    if (pipeline->options != NULL)
        line->cancel = pipeline->options->cancel;
}

/* What is not zero at first. */
static void init_line(struct mag_line *line)
{
    line->offer.run = run_offer;
    line->fp = mag_fp_read();
    line->began = mag_os_now_ns();
    line->references = 1;
    line->failed = UINT64_MAX;
    mag_spin_init(&line->lock);
    atomic_init(&line->bound, UINT64_MAX);
    atomic_init(&line->room, line->limit);
}

/* NULL: there is no memory. */
static struct mag_line *make_line(struct mag_sched *sched,
                                  const struct mag_pipeline *pipeline, void *arg)
{
    uint32_t tokens = tokens_of(pipeline, sched);
    size_t bytes = bytes_of(pipeline, tokens);
    struct mag_line *line = mag_store_take(bytes);

    if (line == NULL)
        return NULL;
    memset(line, 0, sizeof(*line));
    line->bytes = bytes;
    line->sched = sched;
    line->arg = arg;
    line->limit = tokens;
    set_plan(line, pipeline);
    init_line(line);
    init_stages(line, (_Atomic(uintptr_t) *)(void *)(line + 1));
    return line;
}

/* ------------------------------------------------------------------------ ending */

void mag_line_release(struct mag_line *line)
{
    mag_spin_lock(&line->lock);
    bool last = --line->references == 0;
    mag_spin_unlock(&line->lock);
    if (last)
        mag_store_give(line, line->bytes);
}

/* The line has ended.  Gives back what the program has a part in; returns the result. */
static int close_line(struct mag_line *line)
{
    const struct mag_pipeline_options *options = line->plan.options;

    mag_line_release_tokens(line);
    if (options != NULL && options->report != NULL)
        mag_line_report(line, options->report);
    return line->error;
}

void mag_line_end(struct mag_line *line)
{
    struct mag_operation *done = line->done;
    int result = close_line(line);

    /* Before the completion, whose continuation may run here. */
    mag_line_release(line);
    int r = result == 0 ? mag_operation_set_done(done)
                        : mag_operation_set_error(done, result, 0);
    (void)r; /* It is completed once. */
}

/* ------------------------------------------------------------------------ runners */

/* By a thread that is counted in, and has a reference. */
static void run_job(struct mag_line *line)
{
    struct mag_runner runner;

    mag_runner_begin(&runner, line, false);
    if (mag_runner_run(&runner) == MAG_LINE_ENDS)
        mag_line_end(line);
    mag_line_release(line);
}

static void run_offer(struct mag_job *job)
{
    struct mag_line *line = (struct mag_line *)(void *)job;

    mag_spin_lock(&line->lock);
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&line->is_offered, false, memory_order_relaxed);
    bool begins = !line->has_ended;
    if (begins)
        mag_line_count_in(line, true);
    mag_spin_unlock(&line->lock);
    if (!begins) {
        mag_line_release(line);
        return;
    }
    /* The function that runs jobs restores its own modes afterwards. */
    mag_fp_keep(line->fp);
    run_job(line);
}

/* The scheduler takes no offer, or has dropped it: the line has no more help.  A caller
 * does what is left.  Without a caller the items fail, here if no runner is left. */
void mag_line_take_over(struct mag_line *line)
{
    bool begins = false;

    mag_spin_lock(&line->lock);
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&line->is_offered, false, memory_order_relaxed);
    line->is_refused = true;
    bool rouse = mag_line_call_caller(line);
    /* relaxed: under the lock. */
    if (line->done != NULL && !line->has_ended &&
        atomic_load_explicit(&line->runners, memory_order_relaxed) == 0) {
        begins = true;
        mag_line_count_in(line, true);
    }
    mag_spin_unlock(&line->lock);
    mag_line_ring(line, rouse);
    if (!begins) {
        mag_line_release(line);
        return;
    }
    mag_line_fail(line, 0, -ECANCELED);
    run_job(line);
}

static void drop_offer(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_line_take_over((struct mag_line *)(void *)job);
}

/* A worker's thread ends in stages that it has run as a job. */
static void end_runners(struct mag_sched *sched)
{
    struct mag_line *line;

    (void)sched;
    while ((line = mag_line_innermost()) != NULL) {
        (void)mag_line_abandon(NULL);
        mag_line_lose_runner(line);
    }
}

static void describe_offer(const struct mag_job *job,
                           struct mag_job_description *ret_description)
{
    (void)job;
    ret_description->name = "pipeline";
}

static struct mag_job_kind offer_kind = {.run = run_offer,
                                         .dropped = drop_offer,
                                         .ended = end_runners,
                                         .describe = describe_offer};

static __attribute__((constructor)) void add_offer_kind(void)
{
    mag_job_kind_add(&offer_kind);
}

/* ------------------------------------------------------------------------ the caller */

static int sched_of_line(struct mag_sched **sched)
{
    if (*sched == NULL)
        *sched = mag_sched_self();
    return *sched != NULL ? 0 : mag_sched_default(sched);
}

/* Works until the line has ended. */
static void run_caller(struct mag_runner *runner)
{
    do {
        (void)mag_runner_run(runner);
    } while (mag_line_wait(runner));
}

/* A stage has ended the thread that called: the others' items drain. */
static void end_caller(void *arg)
{
    struct mag_runner *runner = arg;
    struct mag_line *line = runner->line;

    (void)mag_line_abandon(line);
    run_caller(runner);
    (void)close_line(line);
    mag_line_release(line);
}

static int run_line(struct mag_line *line)
{
    struct mag_runner runner;

    mag_runner_begin(&runner, line, true);
    pthread_cleanup_push(end_caller, &runner);
    run_caller(&runner);
    pthread_cleanup_pop(0);
    int result = close_line(line);
    mag_line_release(line);
    return result;
}

/* The caller takes part if it is a worker, or can be a guest. */
static int enter_line(struct mag_line *line, struct mag_guest *guest)
{
    const struct mag_pipeline_options *options = line->plan.options;
    int r = 0;

    line->caller_is_worker = mag_sched_self() == line->sched;
    line->caller_works =
        line->caller_is_worker || options == NULL || !options->caller_sleeps;
    if (!line->caller_works)
        return 0;
    r = mag_guest_enter(line->sched, guest);
    if (r == -EBUSY || r == -ENOMEM) {
        line->caller_works = false;
        return 0;
    }
    mag_line_count_in(line, true);
    return r;
}

int mag_pipeline_run(struct mag_sched *sched, const struct mag_pipeline *pipeline,
                     void *arg)
{
    struct mag_guest guest = {NULL};
    int r = check_pipeline(pipeline);

    if (r == 0)
        r = sched_of_line(&sched);
    if (r != 0)
        return r;
    if (mag_sched_self() != NULL && has_async_stage(pipeline))
        return -EDEADLK;
    struct mag_line *line = make_line(sched, pipeline, arg);
    if (line == NULL)
        return -ENOMEM;
    int cancel = mag_os_hold_cancel();
    r = enter_line(line, &guest);
    if (r == 0)
        r = run_line(line);
    else
        mag_line_release(line);
    if (guest.place != NULL)
        mag_guest_leave(&guest);
    mag_os_let_cancel(cancel);
    return r;
}

/* ------------------------------------------------------------------------ the task */

/* Posts the first offer. */
static int post_line(struct mag_line *line)
{
    atomic_init(&line->is_offered, true);
    line->references = 2;
    return mag_sched_post(line->sched, &line->offer);
}

static mag_vtask start_line(struct mag_line *line)
{
    void *object;
    int r = mag_operation_rent(&line_end_type, &object);

    if (r == 0) {
        line->done = &((struct line_end *)object)->operation;
        mag_vtask task = mag_operation_task(line->done);
        struct mag_operation *done = line->done;

        r = post_line(line);
        if (r == 0)
            return task;
        mag_operation_return(done);
    }
    mag_store_give(line, line->bytes);
    return mag_vtask_failed(r, 0);
}

mag_vtask mag_pipeline_start(struct mag_sched *sched, const struct mag_pipeline *pipeline,
                             void *arg)
{
    int r = check_pipeline(pipeline);

    if (r == 0 && has_stage(pipeline, MAG_STAGE_ON_CALLER))
        r = -EINVAL;
    if (r == 0)
        r = sched_of_line(&sched);
    if (r != 0)
        return mag_vtask_failed(r, 0);
    struct mag_line *line = make_line(sched, pipeline, arg);
    return line != NULL ? start_line(line) : mag_vtask_failed(-ENOMEM, 0);
}
