/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/world.h"

#include <stdlib.h>
#include <string.h>

static void keep(int variable, struct value value)
{
    value.set = true;
    world.values[(unsigned)variable % VARIABLES] = value;
    answer_code(0);
}

static void refer(struct mag_promise *promise)
{
    if (world.reference_count == OBJECTS_MAX)
        abort();
    world.references[world.reference_count++] = promise;
}

/* --------------------------------------------------------------------------- making */

/* Errors need no memory, so two of the same code are the same (VT-10). */
static void make_error(const int *n, int code, int detail)
{
    struct value value = {
        .typed = n[1] != 0, .identity = ++world.identities, .loose = true};

    if (mag_vtask_from_error(code, (uint64_t)detail, &value.task) != 0)
        abort();
    keep(n[0], value);
}

static void make_of_promise(const int *n)
{
    const struct promise *promise = &world.promises[(unsigned)n[1] % VARIABLES];
    struct value value = {
        .typed = promise->typed, .loose = promise->loose, .identity = promise->identity};

    if (promise->promise == NULL) {
        answer(NONE);
        return;
    }
    if (mag_vtask_from_promise(promise->promise, &value.task) != 0)
        abort();
    keep(n[0], value);
}

static void make_of_core(const int *n)
{
    struct core *core = world.cores[(unsigned)n[1] % VARIABLES];
    struct value value = {.core = core};

    if (core == NULL) {
        answer(NONE);
        return;
    }
    value.typed = core->typed;
    value.task = mag_core_task(&core->core);
    value.task.payload += (uint64_t)(int64_t)n[2];
    if (core->wrapped &&
        mag_vtask_from_source(&core->source, value.task.payload, &value.task) != 0)
        abort();
    keep(n[0], value);
}

static void make_of_mock(const int *n)
{
    struct mock *mock = world.mocks[(unsigned)n[1] % VARIABLES];
    struct value value = {.mock = mock};

    if (mock == NULL) {
        answer(NONE);
        return;
    }
    value.typed = mock->typed;
    if (mag_vtask_from_source(&mock->source, (uint64_t)n[2], &value.task) != 0)
        abort();
    keep(n[0], value);
}

static void make_bad(int which)
{
    mag_vtask task;

    if (which == 0)
        answer_code(mag_vtask_from_promise(NULL, &task));
    else if (which == 1)
        answer_code(mag_vtask_from_source(NULL, 3, &task));
    else
        answer_code(mag_vtask_from_error(0, 0, &task));
}

static bool make(const struct words *words)
{
    const int *n = words->n;

    if (strcmp(words->word, "result") == 0) {
        keep(n[0],
             (struct value){.typed = n[1] != 0,
                            .task = mag_vtask_result(n[1] != 0 ? (uint64_t)n[2] : 0)});
    } else if (strcmp(words->word, "error") == 0) {
        make_error(n, n[2], n[3]);
    } else if (strcmp(words->word, "canceled") == 0) {
        make_error(n, -ECANCELED, n[2]);
    } else if (strcmp(words->word, "promise") == 0) {
        make_of_promise(n);
    } else if (strcmp(words->word, "source") == 0) {
        make_of_core(n);
    } else if (strcmp(words->word, "vmock") == 0) {
        make_of_mock(n);
    } else if (strcmp(words->word, "bad") == 0) {
        make_bad(n[1]);
    } else {
        return false;
    }
    return true;
}

/* --------------------------------------------------------------------------- asking */

static void ask(const struct value *v)
{
    bool is[4] = {false};
    int r = mag_vtask_is_completed(v->task, &is[0]);

    if (r == 0)
        r = mag_vtask_is_succeeded(v->task, &is[1]);
    if (r == 0)
        r = mag_vtask_is_faulted(v->task, &is[2]);
    if (r == 0)
        r = mag_vtask_is_canceled(v->task, &is[3]);
    if (r == 0)
        answer("%d%d%d%d", is[0], is[1], is[2], is[3]);
    else
        answer_code(r);
}

static void read(const struct value *v)
{
    uint64_t result = 0, detail = 0;
    int r = mag_vtask_get_value(v->task, v->typed ? &result : NULL,
                                v->typed ? sizeof(result) : 0, &detail);

    answer_read(r, v->typed, result, detail);
}

/* Whether this is the first await of the promise from a context. */
static bool is_first_of(mag_vtask task)
{
    uintptr_t promise = task.backing & ~(uintptr_t)(MAG_VTASK_TAGS | MAG_VTASK_HELD);

    for (unsigned i = 0; i < world.awaited_count; i++) {
        if (world.awaited[i] == promise)
            return false;
    }
    world.awaited[world.awaited_count++] = promise;
    return true;
}

static void await(const struct value *v, const int *n)
{
    bool promise = (v->task.backing & MAG_VTASK_KIND) == MAG_VTASK_PROMISE;
    bool pending = promise && mag_vtask_status(v->task) == MAG_PENDING;
    bool dropped = (v->task.backing & MAG_VTASK_NO_CONTEXT) != 0;
    struct surroundings before = runs_enter(n[2]);
    enum captured captured = dropped ? CAPTURED_NONE : runs_captures((unsigned)n[1]);
    unsigned id;
    /* Without a context the promise decides where a continuation runs.  With one, it
     * decides for all but the first, because it decides their order. */
    bool open = pending &&
                !(runs_have_room() && captured != CAPTURED_NONE && is_first_of(v->task));
    struct mag_continuation *continuation = runs_new(n[3], open, &id);

    if (continuation == NULL) {
        runs_leave(before);
        answer("full");
        return;
    }
    if (open)
        (void)runs_enter(FROM_NONE);
    int r = mag_vtask_on_completed(v->task, continuation, (unsigned)n[1]);
    runs_leave(before);
    if (v->core != NULL)
        core_note_register(v->core, v->task.payload, (unsigned)n[1], captured, r);
    if (r == 0)
        answer("id %u", id);
    else
        answer_code(r);
}

static bool same_backing(const struct value *v, const struct value *w)
{
    if ((v->task.backing & MAG_VTASK_KIND) == MAG_VTASK_ERROR)
        return v->identity == w->identity;
    uintptr_t backing = v->task.backing, other = w->task.backing;
    uintptr_t tags = MAG_VTASK_NO_CONTEXT;

    if ((backing & other & MAG_VTASK_KIND) == MAG_VTASK_PROMISE)
        tags |= MAG_VTASK_HELD;
    return ((backing ^ other) & ~tags) == 0;
}

/* Also checks that the hashes agree where this is specified: for the same backing, and
 * for results (VT-39). */
static void equal(const struct value *v, const struct value *w)
{
    if (!w->set || v->typed != w->typed) {
        answer(NONE);
        return;
    }
    if (v->identity != w->identity && v->identity != 0 && w->identity != 0 &&
        (v->loose || w->loose)) {
        answer("open");
        return;
    }
    bool hash = mag_vtask_hash(v->task) == mag_vtask_hash(w->task);
    answer("%s%s", mag_vtask_equal(v->task, w->task) ? "equal" : "different",
           !same_backing(v, w) ? ""
           : hash              ? " hash"
                               : " other hash");
}

/* ----------------------------------------------------------------------- converting */

static enum backing backing_of_mock(const struct mock *mock)
{
    switch (mock->status) {
    case MAG_PENDING:
        return mock->continuation != NULL ? BACK_WAITING : BACK_PENDING;
    case MAG_SUCCEEDED:
        return mock->error == 0 ? BACK_SUCCEEDED : BACK_SUCCEEDED_FAILS;
    default:
        break;
    }
    if (mock->error == 0)
        return BACK_FAILED_READS;
    if (mock->status == MAG_FAULTED)
        return BACK_FAULTED;
    return mock->error == -ECANCELED ? BACK_CANCELED : BACK_CANCELED_OTHER;
}

static enum backing backing_of(const struct value *v)
{
    static const enum backing done[] = {BACK_PENDING, BACK_SUCCEEDED, BACK_FAULTED,
                                        BACK_CANCELED};
    int status;

    if (v->mock != NULL)
        return backing_of_mock(v->mock);
    status = mag_vtask_status(v->task);
    if (v->task.backing == 0)
        return v->typed ? BACK_INLINE_TYPED : BACK_INLINE_VOID;
    if ((v->task.backing & MAG_VTASK_KIND) == MAG_VTASK_ERROR)
        return BACK_ERROR;
    if (v->core == NULL)
        return status == MAG_PENDING ? BACK_PROMISE_PENDING : BACK_PROMISE_DONE;
    if (status < 0)
        return BACK_STALE;
    return status == MAG_PENDING && v->core->registered ? BACK_WAITING : done[status];
}

/* Whether it is open which promise a conversion yields (VT-42). */
static bool is_loose(const struct value *v, mag_vtask made)
{
    int status = mag_vtask_status(made);

    return v->identity == 0 &&
           (status == MAG_CANCELED || (status == MAG_SUCCEEDED && v->typed));
}

/* A conversion registers on a pending source. */
static void note_convert(const struct value *v, int r)
{
    if (v->core != NULL && mag_vtask_status(v->task) == MAG_PENDING)
        core_note_register(v->core, v->task.payload, 0, false, r);
}

static void as_promise(const struct value *v, int variable)
{
    struct promise made = {.typed = v->typed};
    int r;

    cell_convert(false, backing_of(v));
    r = mag_vtask_as_promise(v->task, &made.promise);
    note_convert(v, r);
    if (r != 0) {
        answer_code(r);
        return;
    }
    refer(made.promise);
    made.loose = v->loose || is_loose(v, mag_promise_task(made.promise));
    made.identity = v->identity != 0 && !v->loose ? v->identity : ++world.identities;
    world.promises[(unsigned)variable % VARIABLES] = made;
    answer_code(0);
}

static void preserve(const struct value *v, int variable)
{
    struct value made = *v;
    bool source = v->core != NULL || v->mock != NULL;
    int r;

    cell_convert(true, backing_of(v));
    r = mag_vtask_preserve(v->task, &made.task);
    note_convert(v, r);
    if (r != 0) {
        answer_code(r);
        return;
    }
    if ((made.task.backing & MAG_VTASK_KIND) == MAG_VTASK_PROMISE)
        refer((struct mag_promise *)(made.task.backing &
                                     ~(uintptr_t)(MAG_VTASK_TAGS | MAG_VTASK_HELD)));
    if (source) {
        made.core = NULL;
        made.mock = NULL;
        made.identity = ++world.identities;
        made.loose = is_loose(v, made.task);
    }
    keep(variable, made);
}

/* A task that holds a reference is preserved once more, because the script may still read
 * it. */
static void release(const struct value *v)
{
    mag_vtask task = v->task;
    bool held = (task.backing & MAG_VTASK_KIND) == MAG_VTASK_PROMISE &&
                (task.backing & MAG_VTASK_HELD) != 0;
    int r = held ? mag_vtask_preserve(task, &task) : 0;

    answer_code(r == 0 ? mag_vtask_release(task) : r);
}

/* ----------------------------------------------------------------------- operations */

bool operate_value(const struct words *words)
{
    const int *n = words->n;
    struct value v = world.values[(unsigned)n[0] % VARIABLES];

    if (make(words))
        return true;
    if (!v.set) {
        answer(NONE);
    } else if (strcmp(words->word, "copy") == 0) {
        keep(n[1], v);
    } else if (strcmp(words->word, "conf") == 0) {
        v.task = mag_vtask_configure(v.task, n[2] != 0);
        keep(n[1], v);
    } else if (strcmp(words->word, "preserve") == 0) {
        preserve(&v, n[1]);
    } else if (strcmp(words->word, "aspromise") == 0) {
        as_promise(&v, n[1]);
    } else if (strcmp(words->word, "release") == 0) {
        release(&v);
    } else if (strcmp(words->word, "ask") == 0) {
        ask(&v);
    } else if (strcmp(words->word, "read") == 0) {
        read(&v);
    } else if (strcmp(words->word, "await") == 0) {
        await(&v, n);
    } else if (strcmp(words->word, "eq") == 0) {
        equal(&v, &world.values[(unsigned)n[1] % VARIABLES]);
    } else {
        return false;
    }
    return true;
}
