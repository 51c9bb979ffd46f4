/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/pipeline.h"
#include "base/os.h"
#include "vtask/flow/store.h"
#include "vtask/value/kind.h"

#include <magpie/default.h>
#include <magpie/guest.h>
#include <magpie/job_kind.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* The result of the value task is its error alone. */
struct belt_end {
    struct mag_operation operation; /* first */
};

static struct mag_operation_type belt_end_type = MAG_OPERATION_TYPE(struct belt_end);

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

static bool has_turn_ring(const struct mag_belt *belt, uint32_t stage)
{
    enum mag_stage_mode mode = belt->stages[stage].mode;

    return stage != 0 && (mode == MAG_STAGE_IN_ORDER || mode == MAG_STAGE_ON_CALLER);
}

static uint64_t ring_words(uint32_t tokens)
{
    uint64_t words = 2;

    while (words < tokens)
        words *= 2;
    return words;
}

static void init_stages(struct mag_belt *belt, _Atomic(uintptr_t) *words)
{
    uint64_t count = ring_words(belt->limit);

    for (uint32_t i = 0; i < belt->stage_count; i++) {
        mag_turn_lane_init(&belt->stages[i].lane);
        if (has_turn_ring(belt, i)) {
            mag_turns_init(&belt->stages[i].ring, words, count);
            words += count;
        }
    }
}

static size_t bytes_for_tokens(const struct mag_pipeline *pipeline, uint32_t tokens)
{
    size_t rings = 0;

    for (size_t i = 1; i < pipeline->stage_count; i++) {
        int mode = stage_at(pipeline, i)->mode;

        rings += mode == MAG_STAGE_IN_ORDER || mode == MAG_STAGE_ON_CALLER ? 1 : 0;
    }
    return sizeof(struct mag_belt) +
           rings * ring_words(tokens) * sizeof(_Atomic(uintptr_t));
}

static uint32_t tokens_of(const struct mag_pipeline *pipeline,
                          const struct mag_sched *sched)
{
    return pipeline->tokens != 0 ? pipeline->tokens : 2 * mag_sched_workers(sched) + 2;
}

static void run_offer(struct mag_job *job);

static void set_plan(struct mag_belt *belt, const struct mag_pipeline *pipeline)
{
    belt->plan = *pipeline;
    belt->stage_count = (uint32_t)pipeline->stage_count;
    for (uint32_t i = 0; i < belt->stage_count; i++) {
        belt->stages[i].stage = stage_at(pipeline, i);
        belt->stages[i].mode = (enum mag_stage_mode)belt->stages[i].stage->mode;
        belt->stages[i].is_async = belt->stages[i].stage->is_async;
    }
    belt->input_is_parallel = belt->stages[0].mode == MAG_STAGE_PARALLEL;
    belt->input_is_callers = belt->stages[0].mode == MAG_STAGE_ON_CALLER;
    belt->has_callers_stage = has_stage(pipeline, MAG_STAGE_ON_CALLER);
    if (pipeline->options != NULL)
        belt->cancel = pipeline->options->cancel;
}

/* Sets the fields of a belt that do not begin as zero. */
static void init_belt(struct mag_belt *belt)
{
    belt->offer.run = run_offer;
    belt->fp = mag_fp_read();
    belt->began = mag_os_now_ns();
    belt->references = 1;
    belt->failed = UINT64_MAX;
    mag_spin_init(&belt->lock);
    atomic_init(&belt->bound, UINT64_MAX);
    atomic_init(&belt->room, belt->limit);
}

/* NULL: there is no memory. */
static struct mag_belt *make_belt(struct mag_sched *sched,
                                  const struct mag_pipeline *pipeline, void *arg)
{
    uint32_t tokens = tokens_of(pipeline, sched);
    size_t bytes = bytes_for_tokens(pipeline, tokens);
    struct mag_belt *belt = mag_store_take(bytes);

    if (belt == NULL)
        return NULL;
    memset(belt, 0, sizeof(*belt));
    belt->bytes = bytes;
    belt->sched = sched;
    belt->arg = arg;
    belt->limit = tokens;
    set_plan(belt, pipeline);
    init_belt(belt);
    init_stages(belt, (_Atomic(uintptr_t) *)(void *)(belt + 1));
    return belt;
}

/* ------------------------------------------------------------------------ ending */

void mag_belt_release(struct mag_belt *belt)
{
    mag_spin_lock(&belt->lock);
    bool last = --belt->references == 0;
    mag_spin_unlock(&belt->lock);
    if (last)
        mag_store_give(belt, belt->bytes);
}

/* The belt has ended.  Gives back what the program has a part in; returns the result. */
static int close_belt(struct mag_belt *belt)
{
    const struct mag_pipeline_options *options = belt->plan.options;

    mag_belt_release_tokens(belt);
    if (options != NULL && options->report != NULL)
        mag_belt_report(belt, options->report);
    return belt->error;
}

void mag_belt_end(struct mag_belt *belt)
{
    struct mag_operation *done = belt->done;
    int result = close_belt(belt);

    /* Before the completion, whose continuation may run here. */
    mag_belt_release(belt);
    /* The error is a stage's, so a MAG_E code is passed on as well. */
    mag_core_finish(&done->core, result, 0);
}

/* ------------------------------------------------------------------------ runners */

/* By a thread that is counted in, and has a reference. */
static void run_runner_job(struct mag_belt *belt)
{
    struct mag_runner runner;

    mag_runner_begin(&runner, belt, false);
    if (mag_runner_run(&runner) == MAG_BELT_ENDS)
        mag_belt_end(belt);
    mag_belt_release(belt);
}

static void run_offer(struct mag_job *job)
{
    struct mag_belt *belt = (struct mag_belt *)(void *)job;

    mag_spin_lock(&belt->lock);
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&belt->is_offered, false, memory_order_relaxed);
    bool begins = !belt->has_ended;
    if (begins)
        mag_belt_count_in(belt, true);
    mag_spin_unlock(&belt->lock);
    if (!begins) {
        mag_belt_release(belt);
        return;
    }
    /* The function that runs jobs restores its own modes afterwards. */
    mag_fp_keep(belt->fp);
    run_runner_job(belt);
}

/* The scheduler takes no offer, or has dropped it: the belt has no more help.  A caller
 * does what is left.  Without a caller the items fail, here if no runner is left. */
void mag_belt_take_over(struct mag_belt *belt)
{
    bool begins = false;

    mag_spin_lock(&belt->lock);
    /* relaxed: a hint where the lock is not held. */
    atomic_store_explicit(&belt->is_offered, false, memory_order_relaxed);
    belt->is_refused = true;
    bool rouse = mag_belt_call_caller(belt);
    /* relaxed: under the lock. */
    if (belt->done != NULL && !belt->has_ended &&
        atomic_load_explicit(&belt->runners, memory_order_relaxed) == 0) {
        begins = true;
        mag_belt_count_in(belt, true);
    }
    mag_spin_unlock(&belt->lock);
    mag_belt_ring(belt, rouse);
    if (!begins) {
        mag_belt_release(belt);
        return;
    }
    mag_belt_fail(belt, 0, -ECANCELED);
    run_runner_job(belt);
}

static void drop_offer(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    mag_belt_take_over((struct mag_belt *)(void *)job);
}

/* A worker's thread ends in stages that it has run as a job. */
static void end_runners(struct mag_sched *sched)
{
    struct mag_belt *belt;

    (void)sched;
    /* The runner's reference keeps the belt until then. */
    while ((belt = mag_belt_abandon(NULL)) != NULL)
        mag_belt_lose_runner(belt);
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

static int sched_of_belt(struct mag_sched **sched)
{
    if (*sched == NULL)
        *sched = mag_sched_self();
    return *sched != NULL ? 0 : mag_sched_default(sched);
}

/* Works until the belt has ended. */
static void run_caller(struct mag_runner *runner)
{
    do {
        (void)mag_runner_run(runner);
    } while (mag_belt_wait(runner));
}

/* A stage has ended the thread that called: the others' items drain. */
static void end_caller(void *arg)
{
    struct mag_runner *runner = arg;
    struct mag_belt *belt = runner->belt;

    (void)mag_belt_abandon(belt);
    run_caller(runner);
    (void)close_belt(belt);
    mag_belt_release(belt);
}

/* NOLINTNEXTLINE(readability-function-size): the macros hold more than they show. */
static int run_belt(struct mag_belt *belt)
{
    struct mag_runner runner;

    mag_runner_begin(&runner, belt, true);
    pthread_cleanup_push(end_caller, &runner);
    run_caller(&runner);
    pthread_cleanup_pop(0);
    int result = close_belt(belt);
    mag_belt_release(belt);
    return result;
}

/* The caller takes part if it is a worker, or can be a guest. */
static int enter_belt(struct mag_belt *belt, struct mag_guest *guest)
{
    const struct mag_pipeline_options *options = belt->plan.options;
    int r = 0;

    belt->caller_is_worker = mag_sched_self() == belt->sched;
    belt->caller_works =
        belt->caller_is_worker || options == NULL || !options->caller_sleeps;
    if (!belt->caller_works)
        return 0;
    r = mag_guest_enter(belt->sched, guest);
    if (r == -EBUSY || r == -ENOMEM) {
        belt->caller_works = false;
        return 0;
    }
    mag_belt_count_in(belt, true);
    return r;
}

int mag_pipeline_run(struct mag_sched *sched, const struct mag_pipeline *pipeline,
                     void *arg)
{
    struct mag_guest guest = {NULL};
    int r = check_pipeline(pipeline);

    if (r == 0)
        r = sched_of_belt(&sched);
    if (r != 0)
        return r;
    if (mag_sched_self() != NULL && has_async_stage(pipeline))
        return -EDEADLK;
    struct mag_belt *belt = make_belt(sched, pipeline, arg);
    if (belt == NULL)
        return -ENOMEM;
    int cancel = mag_os_hold_cancel();
    r = enter_belt(belt, &guest);
    if (r == 0)
        r = run_belt(belt);
    else
        mag_belt_release(belt);
    if (guest.place != NULL)
        mag_guest_leave(&guest);
    mag_os_let_cancel(cancel);
    return r;
}

/* ------------------------------------------------------------------------ the task */

/* Posts the first offer. */
static int post_belt(struct mag_belt *belt)
{
    atomic_init(&belt->is_offered, true);
    belt->references = 2;
    return mag_sched_post(belt->sched, &belt->offer);
}

static mag_vtask start_belt(struct mag_belt *belt)
{
    void *object;
    int r = mag_operation_rent(&belt_end_type, &object);

    if (r == 0) {
        belt->done = &((struct belt_end *)object)->operation;
        mag_vtask task = mag_operation_task(belt->done);
        struct mag_operation *done = belt->done;

        r = post_belt(belt);
        if (r == 0)
            return task;
        mag_operation_return(done);
    }
    mag_store_give(belt, belt->bytes);
    return mag_vtask_failed(r, 0);
}

mag_vtask mag_pipeline_start(struct mag_sched *sched, const struct mag_pipeline *pipeline,
                             void *arg)
{
    int r = check_pipeline(pipeline);

    if (r == 0 && has_stage(pipeline, MAG_STAGE_ON_CALLER))
        r = -EINVAL;
    if (r == 0)
        r = sched_of_belt(&sched);
    if (r != 0)
        return mag_vtask_failed(r, 0);
    struct mag_belt *belt = make_belt(sched, pipeline, arg);
    return belt != NULL ? start_belt(belt) : mag_vtask_failed(-ENOMEM, 0);
}
