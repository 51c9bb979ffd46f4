/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------ an own source around a core */

static struct mag_core *inner(struct mag_source *source)
{
    return &((struct core *)(void *)source)->core;
}

static int wrapper_status(struct mag_source *source, uint64_t token)
{
    return mag_core_status(inner(source), token);
}

static int wrapper_on_completed(struct mag_source *source, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags)
{
    return mag_core_on_completed(inner(source), token, continuation, flags);
}

static int wrapper_get(struct mag_source *source, uint64_t token, void *ret_result,
                       size_t size, uint64_t *ret_detail)
{
    return mag_core_get(inner(source), token, ret_result, size, ret_detail);
}

static const struct mag_source_ops wrapper_ops = {wrapper_status, wrapper_on_completed,
                                                  wrapper_get};

/* ------------------------------------------------------------------------- coverage */

static enum at state_of(const struct core *core)
{
    if (core->done)
        return core->registered ? AT_RAN : AT_DONE;
    return core->registered ? AT_WAITING : AT_PENDING;
}

static void note(struct core *core, enum call call, int token_off)
{
    cell_call(call, token_off != 0 ? AT_WRONG : state_of(core));
}

/* The setting of a core that no continuation runs inline.  While an operation of the
 * connected form waits for the core, the operation sees to that. */
static void set_queued(struct core *core, bool is_queued)
{
    core->is_queued = is_queued;
    core->core.flags = is_queued && core->wait.waiter == NULL ? MAG_CORE_QUEUED : 0;
}

static void set_waiter(struct core *core, struct mag_waiter *waiter)
{
    core->wait.waiter = waiter;
    set_queued(core, core->is_queued);
}

/* The place of a continuation, as seen from where its core is completed. */
static enum place place_of(enum captured captured)
{
    if (captured < CAPTURED_S0)
        return captured == CAPTURED_NONE ? PLACE_NONE : PLACE_EXECUTOR;
    return captured == runs_captures(MAG_AWAIT_CONTEXT) ? PLACE_SCHED_HERE : PLACE_SCHED;
}

void core_note_register(struct core *core, uint64_t token, unsigned flags,
                        enum captured captured, int r)
{
    bool wrong = mag_core_task(&core->core).payload != token;

    cell_call(CALL_REGISTER, wrong ? AT_WRONG : state_of(core));
    if (r != 0)
        return;
    if (core->done) {
        cell_place(captured < CAPTURED_S0 ? place_of(captured) : PLACE_SCHED_HERE,
                   (flags & MAG_AWAIT_FLOW) != 0, core->is_queued, true);
        return;
    }
    core->registered = true;
    core->captured = captured;
    core->flags = flags;
}

/* Called before the completion, because afterwards the core may have another
 * operation. */
static void note_complete(struct core *core)
{
    note(core, CALL_COMPLETE, 0);
    if (!core->done && core->registered)
        cell_place(place_of(core->captured), (core->flags & MAG_AWAIT_FLOW) != 0,
                   core->is_queued, false);
    core->done = true;
}

/* --------------------------------------------------------------- the connected form */

/* The core is complete. */
static void complete_wait(struct mag_job *job)
{
    struct core_wait *wait = (struct core_wait *)(void *)job;
    struct core *core = wait->core;
    struct mag_waiter *waiter = wait->waiter;
    uint64_t result = 0, detail = 0;
    int r = mag_core_get(&core->core, mag_core_task(&core->core).payload, &result,
                         sizeof(result), &detail);

    set_waiter(core, NULL);
    /* In the other form one continuation runs inside another here, not two. */
    mag_here_leave();
    if (core->is_queued)
        r = mag_waiter_post(waiter, r == 0 ? mag_vtask_result(result)
                                           : mag_vtask_failed(r, detail));
    else
        r = r == 0 ? mag_waiter_complete(waiter, result)
                   : mag_waiter_fail(waiter, r, detail);
    mag_here_enter();
    if (r != 0)
        abort();
}

/* An operation that waits for a core that is pending and that no other one waits for. */
static mag_task core_begin(struct mag_waiter *waiter, struct core *core, uint64_t token)
{
    core->wait.own.job.run = complete_wait;
    core->wait.core = core;
    set_waiter(core, waiter);
    int r = mag_core_on_completed(&core->core, token, &core->wait.own, 0);
    if (r == 0)
        return mag_task_of(MAG_STARTED);
    set_waiter(core, NULL);
    return mag_task_of(mag_vtask_failed(r, 0));
}

/* Waits for a core as a task that is awaited does.  Returns what a registration would. */
static int connect_to(struct core *core, uint64_t token, unsigned id, unsigned flags)
{
    struct mag_waiter *waiter = runs_waiter(id);

    mag_waiter_arm_for(waiter, flags);
    mag_vtask task = core_begin(waiter, core, token).task;
    if (!mag_vtask_is_started(task))
        return mag_vtask_get(task, NULL);
    cell_connected(core->is_queued ? CONNECTED_QUEUED : CONNECTED_INLINE);
    return 0;
}

/* ----------------------------------------------------------------------- operations */

/* Makes a core.  Kind: bit 0, a source of its own around the core; bit 1, prepared and
 * not only zeroed; bit 2, biased to this thread, as the operations of pooled cores
 * begin. */
static void make(unsigned index, const int *n)
{
    struct core *core = calloc(1, sizeof(*core));

    if (core == NULL)
        abort();
    core->source.ops = &wrapper_ops;
    core->wrapped = (n[1] & 1) != 0;
    core->typed = n[3] != 0;
    if ((n[1] & 2) != 0)
        mag_core_prepare(&core->core, NULL);
    if ((n[1] & 4) != 0) {
        /* relaxed: only this thread uses it. */
        MAG_STORE(&core->core.slot, mag_core_bias(), relaxed);
    }
    set_queued(core, n[2] != 0);
    core->next = world.all_cores;
    world.all_cores = world.cores[index] = core;
    answer_code(0);
}

static void register_on(struct core *core, uint64_t token, const int *n)
{
    unsigned id;
    struct mag_continuation *continuation = runs_new(n[4], false, &id);

    if (continuation == NULL) {
        answer("full");
        return;
    }
    struct surroundings before = runs_enter(n[3]);
    enum captured captured = runs_captures((unsigned)n[2]);
    int r = is_connected && core->wait.waiter == NULL &&
                    mag_core_status(&core->core, token) == MAG_PENDING
                ? connect_to(core, token, id, (unsigned)n[2])
                : mag_core_on_completed(&core->core, token, continuation, (unsigned)n[2]);
    runs_leave(before);
    core_note_register(core, token, (unsigned)n[2], captured, r);
    if (r == 0)
        answer("id %u", id);
    else
        answer_code(r);
}

static void status_of(struct core *core, uint64_t token)
{
    static const char *const names[] = {"Pending", "Succeeded", "Faulted", "Canceled"};
    int status = mag_core_status(&core->core, token);

    if (status < 0)
        answer_code(status);
    else
        answer("%s", names[status]);
}

static void get(struct core *core, uint64_t token)
{
    uint64_t result = 0, detail = 0;
    int r = mag_core_get(&core->core, token, &result, sizeof(result), &detail);

    answer_read(r, true, result, detail);
}

static void reset(struct core *core)
{
    note(core, CALL_RESET, 0);
    mag_core_reset(&core->core);
    set_waiter(core, NULL);
    core->done = core->registered = false;
    answer("version %d", (int)mag_core_task(&core->core).payload);
}

static bool complete(struct core *core, const struct words *words)
{
    const int *n = words->n;

    if (strcmp(words->word, "set") == 0) {
        note_complete(core);
        answer_code(mag_core_set_result(&core->core, core->typed ? (uint64_t)n[1] : 0));
    } else if (strcmp(words->word, "fail") == 0) {
        note_complete(core);
        answer_code(mag_core_set_error(&core->core, n[1], (uint64_t)n[2]));
    } else if (strcmp(words->word, "cancel") == 0) {
        note_complete(core);
        answer_code(mag_core_set_error(&core->core, -ECANCELED, (uint64_t)n[1]));
    } else if (strcmp(words->word, "fail0") == 0) {
        answer_code(mag_core_set_error(&core->core, 0, 0));
    } else {
        return false;
    }
    return true;
}

static bool query(struct core *core, const struct words *words)
{
    const int *n = words->n;
    uint64_t token = mag_core_task(&core->core).payload + (uint64_t)(int64_t)n[1];

    if (strcmp(words->word, "status") == 0) {
        note(core, CALL_STATUS, n[1]);
        status_of(core, token);
    } else if (strcmp(words->word, "get") == 0) {
        note(core, CALL_GET, n[1]);
        get(core, token);
    } else if (strcmp(words->word, "reg") == 0) {
        register_on(core, token, n);
    } else if (strcmp(words->word, "regnull") == 0) {
        answer_code(mag_core_on_completed(&core->core, token, NULL, 0));
    } else {
        return false;
    }
    return true;
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

bool operate_core(const struct words *words)
{
    static const char *const all[] = {"new",    "async", "set",     "fail",
                                      "cancel", "fail0", "reset",   "status",
                                      "get",    "reg",   "regnull", NULL};
    unsigned index = (unsigned)words->n[0] % VARIABLES;
    struct core *core = world.cores[index];

    if (!is_one_of(words->word, all))
        return false;
    if (strcmp(words->word, "new") == 0) {
        make(index, words->n);
    } else if (core == NULL) {
        answer(NONE);
    } else if (strcmp(words->word, "async") == 0) {
        set_queued(core, words->n[1] != 0);
        answer_code(0);
    } else if (strcmp(words->word, "reset") == 0) {
        reset(core);
    } else if (!complete(core, words)) {
        return query(core, words);
    }
    return true;
}
