/*
 * pipeline_run.c - what a runner does: it takes tokens from stage to stage.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "vtask/flow/pipeline.h"

#include <errno.h>
#include <string.h>

/* An item that takes less, in all stages together, is not worth a second thread. */
enum { HELP_NS = 1000 };
/* Items of which stage calls are measured, where not all are: each 64th. */
enum { MEASURE_MASK = 63 };
/* Items that take so long are all measured. */
enum { MEASURE_ALL_NS = 10000 };
/* What a look at the clock takes at most: more is an interruption. */
enum { CLOCK_NS_MAX = 100 };
/* A job gives way to others after this. */
enum { RUNNER_NS = 1000000 };

/* The innermost call of a stage that this thread is in; NULL: none.  The calls are linked
 * by the tokens' `outer`, so they are still there when the stack is not. */
static __thread struct mag_token *innermost_call;

static bool is_first(const struct mag_token *token)
{
    return token->stage == 0;
}

/* ------------------------------------------------------------------------ measuring */

/* At the end of a measured call: how long items take, and what follows from it. */
static void look_at_clock_of(struct mag_runner *runner, int64_t now)
{
    struct mag_belt *belt = runner->belt;
    uint32_t stages = belt->stage_count;

    if (runner->calls < stages)
        return;
    int64_t item_ns = (now - runner->looked) * stages / runner->calls;
    runner->looked = now;
    runner->calls = 0;
    runner->gives_way = !runner->is_caller && now - runner->began > RUNNER_NS;
    /* relaxed, all: hints. */
    bool was = atomic_load_explicit(&belt->is_cheap, memory_order_relaxed);
    bool is = item_ns < (was ? HELP_NS : HELP_NS / 2);
    uint32_t mask = item_ns < MEASURE_ALL_NS ? MEASURE_MASK : 0;
    if (is != was) {
        /* relaxed: as above. */
        atomic_store_explicit(&belt->is_cheap, is, memory_order_relaxed);
    }
    /* relaxed, both: as above. */
    if (mask != atomic_load_explicit(&belt->measure_mask, memory_order_relaxed))
        atomic_store_explicit(&belt->measure_mask, mask, memory_order_relaxed);
}

static bool is_measured(struct mag_belt *belt, uint64_t number)
{
    const struct mag_pipeline_options *options = belt->plan.options;

    /* relaxed: a hint. */
    return (number & atomic_load_explicit(&belt->measure_mask, memory_order_relaxed)) ==
               0 ||
           (options != NULL && options->exact);
}

static void end_measured(struct mag_runner *runner, struct mag_token *token)
{
    int64_t now = mag_os_now_ns();
    struct mag_stage_counts *tally = &runner->counts[token->stage];

    int64_t busy_ns = now - token->began - runner->clock_ns;

    tally->measured++;
    tally->busy_ns += busy_ns > 0 ? (uint64_t)busy_ns : 0;
    look_at_clock_of(runner, now);
}

/* ------------------------------------------------------------------------ the input */

/* False: another runner has the input, or it is over. */
static bool enter_input(struct mag_belt *belt)
{
    uint32_t input = MAG_INPUT_FREE;

    if (belt->input_is_parallel)
        return mag_belt_input(belt) == MAG_INPUT_FREE;
    /* input, acquire: what the first stage has written, and `next`.  On failure relaxed:
     * nothing is done. */
    return atomic_compare_exchange_strong_explicit(
        &belt->input, &input, MAG_INPUT_BUSY, memory_order_acquire, memory_order_relaxed);
}

static void free_input(struct mag_belt *belt, enum mag_belt_input state)
{
    /* input, release: what the first stage has written, and `next`. */
    atomic_store_explicit(&belt->input, state, memory_order_release);
}

/* The number of the item that the token may get. */
static uint64_t next_number(struct mag_belt *belt)
{
    if (belt->input_is_parallel)
        return mag_turn_number(&belt->next);
    /* relaxed: one alone has the input. */
    return atomic_load_explicit(&belt->next, memory_order_relaxed);
}

/* By the holder of the input: `number` has become an item. */
static void use_number(struct mag_belt *belt, uint64_t number)
{
    /* relaxed: one alone has the input. */
    if (!belt->input_is_parallel)
        atomic_store_explicit(&belt->next, number + 1, memory_order_relaxed);
}

static bool may_enter(const struct mag_runner *runner)
{
    return mag_belt_input(runner->belt) == MAG_INPUT_FREE &&
           (runner->belt->input_is_callers ? runner->is_caller : runner->works);
}

/* A token that has the input, made of `*spare` if that is not NULL.  NULL: no input; the
 * spare token is in `*spare`. */
static struct mag_token *take_input(struct mag_runner *runner, struct mag_token **spare)
{
    struct mag_belt *belt = runner->belt;
    struct mag_token *token = *spare;

    if (!may_enter(runner))
        return NULL;
    if (token == NULL)
        token = mag_belt_take_free(runner);
    *spare = token;
    if (token == NULL || !enter_input(belt))
        return NULL;
    token->number = next_number(belt);
    token->stage = 0;
    token->has_turn = !belt->input_is_parallel;
    token->has_item = true;
    token->is_measured = is_measured(belt, token->number);
    *spare = NULL;
    return token;
}

/* ------------------------------------------------------------------------ calls */

static void enter_stage_call(struct mag_token *token)
{
    token->outer = innermost_call;
    innermost_call = token;
}

static void leave_stage_call(struct mag_token *token)
{
    innermost_call = token->outer;
}

static const struct mag_stage *stage_of(const struct mag_token *token)
{
    return token->belt->stages[token->stage].stage;
}

/* Calls an async stage.  False: its task is pending, and the token in other hands. */
static bool start_stage(struct mag_token *token)
{
    struct mag_belt *belt = token->belt;

    token->task =
        belt->plan.type->start(stage_of(token), mag_token_item(token), belt->arg);
    leave_stage_call(token);
    if (mag_vtask_status(token->task) == MAG_PENDING)
        return !mag_token_await(token);
    token->outcome = mag_vtask_get(token->task, NULL);
    return true;
}

/* Calls the token's stage.  False: the token is in other hands. */
static bool call_stage(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt *belt = runner->belt;

    runner->calls++;
    runner->counts[token->stage].calls++;
    if (token->is_measured)
        token->began = mag_os_now_ns();
    enter_stage_call(token);
    if (MAG_UNLIKELY(belt->stages[token->stage].is_async)) {
        if (!start_stage(token))
            return false;
    } else {
        token->outcome =
            belt->plan.type->call(stage_of(token), mag_token_item(token), belt->arg);
        leave_stage_call(token);
    }
    if (token->is_measured)
        end_measured(runner, token);
    return true;
}

/* The item is not wanted any more. */
static MAG_COLD void drop_item(struct mag_token *token)
{
    struct mag_belt *belt = token->belt;

    token->has_item = false;
    if (belt->plan.options != NULL)
        belt->plan.type->drop(belt->plan.options, mag_token_item(token), belt->arg);
}

/* Whether to call the stage for the token's item. */
static bool wants_call(struct mag_token *token)
{
    if (!token->has_item)
        return false;
    if (MAG_LIKELY(!mag_belt_is_over(token->belt, token->number)))
        return true;
    if (is_first(token)) {
        token->has_item = false;
        token->outcome = MAG_STAGE_END;
    } else {
        drop_item(token);
    }
    return false;
}

/* ------------------------------------------------------------------------ outcomes */

/* The first stage has made no item, and there will be no more.  If the number was the
 * token's own, the token goes on as an empty one. */
static void end_input(struct mag_token *token)
{
    struct mag_belt *belt = token->belt;

    token->has_item = false;
    if (belt->input_is_parallel)
        free_input(belt, MAG_INPUT_OVER);
}

/* What follows from a stage's outcome that is not 0. */
static MAG_COLD void note_outcome(struct mag_token *token)
{
    token->has_item = false;
    if (token->outcome == MAG_STAGE_SKIP)
        return;
    if (!is_first(token) || token->outcome != MAG_STAGE_END)
        mag_belt_fail(token->belt, token->number, token->outcome);
    if (is_first(token))
        end_input(token);
}

/* ------------------------------------------------------------------------ turns */

/* True: the token may go on.  False: it is in other hands. */
static bool arrive_at_stage(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt_stage *stage = &runner->belt->stages[token->stage];
    struct mag_stage_counts *before = &runner->counts[token->stage - 1];

    switch (stage->mode) {
    case MAG_STAGE_PARALLEL:
        return true;
    case MAG_STAGE_ANY_ORDER:
        token->has_turn = true;
        if (mag_turn_lane_arrive(&stage->lane, &token->link))
            return true;
        break;
    case MAG_STAGE_IN_ORDER:
    case MAG_STAGE_ON_CALLER:
        token->has_turn = true;
        if (mag_turns_arrive(&stage->ring, token->number, token))
            return true;
        break;
    }
    before->waits_for_room++;
    return false;
}

/* Ends the turn in the first stage. */
static void pass_input(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt *belt = runner->belt;
    bool ends = token->outcome != 0 && token->outcome != MAG_STAGE_SKIP;

    if (ends) {
        /* It has no item and no number, so it passes no other stage. */
        token->stage = belt->stage_count - 1;
        free_input(belt, MAG_INPUT_OVER);
        return;
    }
    use_number(belt, token->number);
    free_input(belt, MAG_INPUT_FREE);
    mag_belt_offer(runner);
}

/* Ends the turn in a later stage.  Returns the token that has the next one. */
static struct mag_token *pass_turn(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt_stage *stage = &runner->belt->stages[token->stage];
    struct mag_token *next;

    if (stage->mode == MAG_STAGE_ANY_ORDER) {
        struct mag_turn_lane_link *link = mag_turn_lane_pass(&stage->lane);

        next = link == NULL
                   ? NULL
                   : (struct mag_token *)(void *)((char *)link -
                                                  offsetof(struct mag_token, link));
    } else {
        next = mag_turns_pass(&stage->ring, token->number);
    }
    if (next == NULL)
        runner->counts[token->stage].waits_for_input++;
    return next;
}

/* Puts down the token, which has ended a turn, because the next one goes on. */
static void put_down(struct mag_runner *runner, struct mag_token *token)
{
    if (token->stage == runner->belt->stage_count)
        mag_belt_give_free(runner->belt, token);
    else
        mag_belt_leave_ready(runner, token);
}

/* The token has been in its stage.  Returns the token to go on with. */
static struct mag_token *pass_stage(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_token *next = NULL;

    if (token->has_turn) {
        token->has_turn = false;
        if (is_first(token))
            pass_input(runner, token);
        else
            next = pass_turn(runner, token);
    } else if (is_first(token)) {
        mag_belt_offer(runner);
    }
    token->stage++;
    if (next == NULL)
        return token;
    put_down(runner, token);
    return next;
}

/* ------------------------------------------------------------------------ tokens */

static bool is_callers(const struct mag_token *token)
{
    return token->belt->stages[token->stage].mode == MAG_STAGE_ON_CALLER;
}

/* Whether the runner may go on with a token that has its turn.  False: the token is in
 * other hands. */
static bool may_go_on(struct mag_runner *runner, struct mag_token *token)
{
    struct mag_belt *belt = runner->belt;
    bool helps = runner->helps;

    runner->helps = false;
    if (is_callers(token)) {
        if (runner->is_caller)
            return true;
        mag_belt_leave_to_caller(belt, token);
        return false;
    }
    /* A caller with stages of its own does the others' work when it has found none of its
     * own, or if nobody helps.  relaxed: a hint. */
    if (!runner->is_caller || helps ||
        (runner->works && (!belt->has_callers_stage ||
                           atomic_load_explicit(&belt->is_cheap, memory_order_relaxed))))
        return true;
    mag_belt_leave_ready(runner, token);
    return false;
}

/* Takes a token through its stage.  Returns the token to go on with, which has left a
 * stage; NULL: none. */
static struct mag_token *go_through(struct mag_runner *runner, struct mag_token *token)
{
    if (token->is_back) {
        token->is_back = false;
        if (token->is_measured)
            end_measured(runner, token);
    } else {
        if (!token->has_turn && !is_first(token) && !arrive_at_stage(runner, token))
            return NULL;
        if (!may_go_on(runner, token))
            return NULL;
        token->outcome = 0;
        if (wants_call(token) && !call_stage(runner, token))
            return NULL;
    }
    if (MAG_UNLIKELY(token->outcome != 0))
        note_outcome(token);
    return pass_stage(runner, token);
}

/* Takes a token as far as it comes.  Returns a token that is free; NULL: none. */
static struct mag_token *take_further(struct mag_runner *runner, struct mag_token *token)
{
    do {
        token = go_through(runner, token);
    } while (token != NULL && token->stage != runner->belt->stage_count);
    return token;
}

/* ------------------------------------------------------------------------ runners */

/* A token to go on with; if it is not `*spare`, that is given back.  NULL: none. */
static struct mag_token *find_token(struct mag_runner *runner, struct mag_token **spare)
{
    struct mag_belt *belt = runner->belt;
    struct mag_token *token = NULL;

    /* relaxed, both: hints. */
    if (MAG_UNLIKELY(atomic_load_explicit(&belt->waiting, memory_order_relaxed) != 0 ||
                     atomic_load_explicit(&belt->called, memory_order_relaxed) != 0))
        token = mag_belt_take_ready(runner, *spare);
    if (token != NULL)
        *spare = NULL;
    else
        token = take_input(runner, spare);
    runner->helps = token != NULL && !is_callers(token);
    return token;
}

/* Whether a job should look if it had better leave. */
static bool may_leave(struct mag_runner *runner)
{
    struct mag_belt *belt = runner->belt;

    if (runner->is_caller)
        return false;
    /* relaxed, both: hints. */
    return runner->gives_way ||
           (atomic_load_explicit(&belt->is_cheap, memory_order_relaxed) &&
            atomic_load_explicit(&belt->runners, memory_order_relaxed) > 1);
}

void mag_runner_begin(struct mag_runner *runner, struct mag_belt *belt, bool is_caller)
{
    memset(runner, 0,
           offsetof(struct mag_runner, counts) +
               belt->stage_count * sizeof(runner->counts[0]));
    runner->belt = belt;
    runner->is_caller = is_caller;
    runner->works = !is_caller || belt->caller_works;
    const struct mag_seat *seat =
        mag_plan_seat(mag_sched_plan(belt->sched), mag_sched_worker());
    runner->node = seat != NULL ? seat->node : MAG_NONE;
    int64_t before = mag_os_now_ns();
    runner->began = mag_os_now_ns();
    runner->clock_ns = runner->began - before;
    if (runner->clock_ns > CLOCK_NS_MAX)
        runner->clock_ns = CLOCK_NS_MAX;
}

enum mag_belt_rest mag_runner_run(struct mag_runner *runner)
{
    enum mag_belt_rest rest = MAG_BELT_LEFT;
    struct mag_token *spare = NULL;

    runner->looked = mag_os_now_ns();
    runner->calls = 0;
    do {
        struct mag_token *token;

        /* After a look under the lock it does something, if it stays. */
        while ((rest == MAG_BELT_GOES_ON || !may_leave(runner)) &&
               (token = find_token(runner, &spare)) != NULL) {
            rest = MAG_BELT_LEFT;
            spare = take_further(runner, token);
        }
        rest = mag_belt_leave(runner, spare);
        spare = NULL;
    } while (rest == MAG_BELT_GOES_ON);
    return rest;
}

/* ------------------------------------------------------------------- ends of threads */

struct mag_belt *mag_belt_abandon(const struct mag_belt *belt)
{
    struct mag_token *token = innermost_call;

    if (token == NULL || (belt != NULL && token->belt != belt))
        return NULL;
    struct mag_belt *abandoned = token->belt;
    leave_stage_call(token);
    mag_belt_fail(abandoned, token->number, -EOWNERDEAD);
    token->outcome = -EOWNERDEAD;
    token->is_back = true;
    token->is_measured = false;
    mag_belt_resume(token);
    return abandoned;
}
