/*
 * misuse.h - the objects that stress_misuse_kinds.c makes tasks of, and what it knows of
 * each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_MISUSE_H
#define TESTS_SUPPORT_VTASK_MISUSE_H

#include "tests/support/vtask/shelf.h"

#include <magpie/magpie.h>

#include <string.h>

enum { LEAVES = 12, MEMBERS = 3, HELD = 32, TASKS = 48, RECORDS = 8192 };
enum { WAITERS = 64 };

/* --------------------------------------------------------------- what tasks stand for */

/* The outcome that a task must have.  WORD: `word` is the result, or the detail of -EIO;
 * INDEX: the result is below `word`; COUNT: the result is `word`. */
struct meaning {
    enum { WORD, INDEX, COUNT, ANYTHING } says;
    uint64_t word;
};

/* What is known of the object behind a task. */
struct record {
    uintptr_t backing; /* 0: free */
    uint64_t last;     /* the latest token: they only grow */
    struct meaning meaning;
    bool kept; /* the library may hold further references */
};

static struct record records[RECORDS];
static mag_vtask tasks[TASKS];

static inline unsigned kind_of(mag_vtask task)
{
    return (unsigned)(task.backing & MAG_VTASK_KIND);
}

static inline bool stands_alone(mag_vtask task)
{
    return (task.backing & ~(uintptr_t)MAG_VTASK_NO_CONTEXT) == 0 ||
           kind_of(task) == MAG_VTASK_ERROR;
}

static inline struct record *record_of(mag_vtask task)
{
    uintptr_t backing = task.backing & ~(uintptr_t)MAG_VTASK_NO_CONTEXT;

    /* The promise is the same, with or without its reference. */
    if (kind_of(task) == MAG_VTASK_PROMISE)
        backing &= ~(uintptr_t)MAG_VTASK_HELD;
    unsigned at = (unsigned)((backing * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % RECORDS;

    for (unsigned i = 0; i < RECORDS; i++, at = (at + 1) % RECORDS) {
        if (records[at].backing == 0)
            records[at].backing = backing;
        if (records[at].backing == backing)
            return &records[at];
    }
    fail();
    return NULL;
}

/* Notes a task that has just been handed out. */
static inline void note(mag_vtask task, struct meaning meaning)
{
    if (stands_alone(task))
        return;
    struct record *record = record_of(task);
    assert_true(task.payload >= record->last);
    if (task.payload > record->last)
        record->kept = false;
    record->last = task.payload;
    record->meaning = meaning;
}

static inline struct meaning meaning_of(mag_vtask task)
{
    if (stands_alone(task))
        return (struct meaning){WORD, task.payload};
    const struct record *record = record_of(task);
    return task.payload == record->last ? record->meaning : (struct meaning){ANYTHING, 0};
}

/* Whether the answers about a task are specified whatever happens to the object. */
static inline bool is_old(mag_vtask task)
{
    return stands_alone(task) || task.payload <= record_of(task)->last;
}

/* Whether the answer of a call with the task is specified now. */
static inline bool may_be_tried(mag_vtask task)
{
    return is_old(task) ||
           mag_vtask_status((mag_vtask){task.backing, record_of(task)->last}) !=
               MAG_E_TOKEN;
}

static inline int status_of(mag_vtask task)
{
    int status = mag_vtask_status(task);

    assert_true(status == MAG_PENDING || status == MAG_SUCCEEDED ||
                status == MAG_FAULTED || status == MAG_E_TOKEN);
    if (!stands_alone(task) && task.payload != record_of(task)->last)
        assert_int_equal(status, MAG_E_TOKEN);
    return status;
}

static inline bool is_misuse(int r)
{
    return r <= MAG_E_FIRST && r >= MAG_E_LAST;
}

static inline void check_word(struct meaning meaning, uint64_t word)
{
    if (meaning.says == WORD)
        assert_int_equal(word, meaning.word);
    else if (meaning.says == INDEX)
        assert_true(word < meaning.word);
    else if (meaning.says == COUNT)
        assert_int_equal(word, meaning.word);
}

static inline void check_detail(struct meaning meaning, uint64_t detail)
{
    if (meaning.says == WORD)
        assert_int_equal(detail, meaning.word);
}

/* The same check for a task without a record. */
static inline void check_outcome(struct meaning meaning, mag_vtask task)
{
    if (kind_of(task) != MAG_VTASK_ERROR)
        check_word(meaning, task.payload);
    else if (!is_misuse(mag_vtask_code(task)))
        check_detail(meaning, task.payload);
}

/* ----------------------------------------------------------------------- references */

/* Promises' tasks: for each entry this test holds a reference. */
static mag_vtask held[HELD];
static unsigned held_count;

static inline void let_go(unsigned at)
{
    mag_vtask task = held[at];

    held[at] = held[--held_count];
    assert_int_equal(mag_vtask_release(task), 0);
}

/* A call has handed out a reference; from here on the test holds it. */
static inline void hold(mag_vtask task, struct meaning meaning)
{
    assert_int_equal(kind_of(task), MAG_VTASK_PROMISE);
    task.backing |= MAG_VTASK_HELD;
    note(task, meaning);
    if (held_count == HELD)
        let_go(below(HELD));
    held[held_count++] = task;
}

static inline unsigned held_at(mag_vtask task)
{
    unsigned at = 0;

    while (at < held_count && !mag_vtask_equal(held[at], task))
        at++;
    return at;
}

/* Looks whether a call has preserved the task in place. */
static inline void look_whether_preserved(mag_vtask now, mag_vtask before,
                                          struct meaning meaning)
{
    if (!mag_vtask_equal(now, before))
        hold(now, meaning);
}

/* -------------------------------------------------------------------- continuations */

struct waiter {
    struct mag_continuation continuation; /* first */
    bool waits;
};

static struct waiter waiters[WAITERS];

static inline void waiter_run(struct mag_job *job)
{
    struct waiter *waiter = (struct waiter *)(void *)job;

    assert_true(waiter->waits);
    waiter->waits = false;
}

/* ------------------------------------------------- a source with functions of its own */

struct own {
    struct mag_source source; /* first */
    uint64_t token;
    int status;
    uint64_t word;
    bool awaited;
    struct mag_continuation *continuation;
};

static inline int own_status(struct mag_source *source, uint64_t token)
{
    const struct own *own = (const struct own *)(const void *)source;

    return token == own->token ? own->status : MAG_E_TOKEN;
}

static inline int own_on_completed(struct mag_source *source, uint64_t token,
                                   struct mag_continuation *continuation, unsigned flags)
{
    struct own *own = (struct own *)(void *)source;

    if (token != own->token)
        return MAG_E_TOKEN;
    if (own->awaited)
        return MAG_E_CONTINUATION;
    mag_continuation_capture(continuation, flags);
    if (own->status != MAG_PENDING) {
        mag_continuation_dispatch(continuation, true);
        return 0;
    }
    own->awaited = true;
    own->continuation = continuation;
    return 0;
}

static inline int own_get(struct mag_source *source, uint64_t token, void *ret_result,
                          size_t size, uint64_t *ret_detail)
{
    struct own *own = (struct own *)(void *)source;

    if (token != own->token)
        return MAG_E_TOKEN;
    if (own->status == MAG_PENDING)
        return MAG_E_PENDING;
    own->token++;
    if (own->status == MAG_SUCCEEDED && size != 0)
        memcpy(ret_result, &own->word, size);
    if (own->status == MAG_FAULTED && ret_detail != NULL)
        *ret_detail = own->word;
    return own->status == MAG_FAULTED ? -EIO : 0;
}

static const struct mag_source_ops own_ops = {own_status, own_on_completed, own_get};

static inline void own_complete(struct own *own, bool fails)
{
    struct mag_continuation *continuation = own->continuation;

    own->status = fails ? MAG_FAULTED : MAG_SUCCEEDED;
    own->continuation = NULL;
    if (continuation != NULL)
        mag_continuation_dispatch(continuation, false);
}

/* ------------------------------------------------- operations that the test completes */

struct leaf {
    enum { POOLED, PROMISE, OWN, LEAF_KINDS } kind;
    mag_vtask task;
    uint64_t word;
    bool pending;
    struct mag_operation *operation; /* and its key */
    uint64_t key;
    struct mag_promise *promise; /* the leaf holds a reference */
    struct own own;
};

static struct leaf leaves[LEAVES];

static inline void leaf_begin(struct leaf *leaf)
{
    void *object = NULL;

    leaf->kind = below(LEAF_KINDS);
    leaf->word = test_random(&random_state);
    leaf->pending = true;
    if (leaf->kind == POOLED) {
        assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
        leaf->operation = object;
        leaf->task = mag_operation_task(leaf->operation);
        leaf->key = mag_operation_share(leaf->operation, NULL);
    } else if (leaf->kind == PROMISE) {
        assert_int_equal(mag_promise_create(0, 0, &leaf->promise), 0);
        leaf->task = mag_promise_task(leaf->promise);
    } else {
        leaf->own = (struct own){{&own_ops}, leaf->own.token + 1, .word = leaf->word};
        assert_int_equal(
            mag_vtask_from_source(&leaf->own.source, leaf->own.token, &leaf->task), 0);
    }
    note(leaf->task, (struct meaning){WORD, leaf->word});
}

/* Completes a leaf; a completer that comes too late must be refused. */
static inline void leaf_complete(struct leaf *leaf)
{
    bool fails = below(3) == 0, first = leaf->pending;

    leaf->pending = false;
    if (leaf->kind == POOLED) {
        bool won =
            fails ? mag_operation_try_error(leaf->operation, leaf->key, -EIO, leaf->word)
                  : mag_operation_try_result(leaf->operation, leaf->key, leaf->word);
        assert_int_equal(won, first);
    } else if (leaf->kind == PROMISE) {
        int r = fails ? mag_promise_set_error(leaf->promise, -EIO, leaf->word)
                      : mag_promise_set_result(leaf->promise, leaf->word);
        assert_int_equal(r, first ? 0 : MAG_E_DONE);
    } else if (first) {
        own_complete(&leaf->own, fails);
    }
}

/* Whether a leaf may end.  A pending promise without a reference ends too: its awaiters
 * find it stale. */
static inline bool leaf_may_end(const struct leaf *leaf)
{
    return !leaf->pending || (leaf->kind == PROMISE && !record_of(leaf->task)->kept &&
                              held_at(leaf->task) == held_count);
}

static inline void leaf_end(struct leaf *leaf)
{
    if (leaf->kind == PROMISE) {
        mag_promise_release(leaf->promise);
        return;
    }
    /* If nobody else has read it, the task stays where it is. */
    int r = mag_vtask_get(leaf->task, NULL);
    assert_true(r == 0 || r == -EIO || r == MAG_E_TOKEN);
}

#endif
