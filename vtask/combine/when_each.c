/*
 * The tasks of an array one by one.  An entry for each task: its continuation puts the
 * entry into a list, or marks it where the list is in the order of the tasks.  One short
 * lock protects the list, the number of entries that are still to come and the consumer's
 * wait.  docs/design/streams.md has the proof.
 *
 * A completer claims the consumer's wait under the lock, before it takes an index out of
 * the list: an index is never taken for a wait that was canceled.  It completes the wait
 * after the unlock.
 *
 * Ownership
 *   [I] immutable after the begin   [L] under the lock
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/spin.h"
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <magpie/operation.h>
#include <magpie/promise.h>
#include <magpie/when.h>

#include <errno.h>

struct each_entry {
    struct mag_continuation continuation; /* must be first */
    mag_vtask task;                       /* [I] */
    struct mag_when_each *each;           /* [I] */
    struct each_entry *next;              /* [L] in the list */
    uint32_t index;                       /* [I] */
    bool came; /* [L] the task is complete; not after the end */
};

enum { EACH_CHUNK_ENTRIES = 7 };

struct each_chunk {
    struct each_chunk *next; /* [I] */
    struct each_entry entries[EACH_CHUNK_ENTRIES];
};

/* A consumer that waits for the next task. */
struct each_wait {
    struct mag_operation operation; /* must be first */
    struct mag_cancel_registration stop;
};

/*
 * The list holds what was not handed out: the complete tasks in the order of their
 * completion; or, in the order of the tasks, all of them.
 */
struct mag_when_each {
    struct mag_spin lock;
    bool in_order;             /* [I] */
    bool ended;                /* [L] */
    uint32_t count;            /* [I] of tasks */
    uint32_t left;             /* [L] tasks that were not handed out */
    uint32_t users;            /* [L] the consumer, and entries that are to come */
    struct each_entry *first;  /* [L] the list */
    struct each_entry **last;  /* [L] its last link */
    struct each_wait *wait;    /* [L] the consumer's, pending or canceled; or NULL */
    uint64_t key;              /* [L] of `wait` */
    struct each_chunk *chunks; /* [I] */
};

static struct mag_pooled eaches = {.size = sizeof(struct mag_when_each)};
static struct mag_pooled each_chunks = {.size = sizeof(struct each_chunk)};
static struct mag_operation_type each_wait_type =
    MAG_OPERATION_TYPE(struct each_wait, MAG_CANCELABLE(stop));

/* -------------------------------------------------------------------------- memory */

static void give_each(struct mag_when_each *each)
{
    struct each_chunk *chunk = each->chunks;

    while (chunk != NULL) {
        struct each_chunk *next = chunk->next;

        mag_pooled_give(&each_chunks, chunk);
        chunk = next;
    }
    mag_pooled_give(&eaches, each);
}

static int take_each(uint32_t count, struct mag_when_each **ret_each)
{
    struct mag_when_each *each;
    void *object;
    int r = mag_pooled_take(&eaches, &object);

    if (r != 0)
        return r;
    each = object;
    each->chunks = NULL;
    for (uint32_t have = 0; have < count; have += EACH_CHUNK_ENTRIES) {
        r = mag_pooled_take(&each_chunks, &object);
        if (r != 0) {
            give_each(each);
            return r;
        }
        struct each_chunk *chunk = object;
        chunk->next = each->chunks;
        each->chunks = chunk;
    }
    *ret_each = each;
    return 0;
}

/* Unlocks, for a user that leaves. */
static void each_unlock_and_leave(struct mag_when_each *each)
{
    bool last = --each->users == 0;

    mag_spin_unlock(&each->lock);
    if (last)
        give_each(each);
}

/* ------------------------------------------------------------------ under the lock */

static bool each_is_ready(const struct mag_when_each *each)
{
    return each->first != NULL && each->first->came;
}

static void each_append(struct mag_when_each *each, struct each_entry *entry)
{
    entry->next = NULL;
    *each->last = entry;
    each->last = &entry->next;
}

static uint32_t each_pop(struct mag_when_each *each)
{
    struct each_entry *entry = each->first;

    each->first = entry->next;
    if (each->first == NULL)
        each->last = &each->first;
    each->left--;
    return entry->index;
}

/* The consumer's wait, claimed; NULL: nobody waits, or nothing is ready for it. */
static struct each_wait *each_claim_wait(struct mag_when_each *each)
{
    struct each_wait *wait = each->wait;

    if (wait == NULL || !each_is_ready(each))
        return NULL;
    each->wait = NULL;
    return mag_operation_claim(&wait->operation, each->key) ? wait : NULL;
}

/* Whether a consumer waits that was not canceled. */
static bool each_is_awaited(struct mag_when_each *each)
{
    /* relaxed: compared only; a canceled wait has another claim for good. */
    return each->wait != NULL && atomic_load_explicit(&each->wait->operation.claim,
                                                      memory_order_relaxed) == each->key;
}

/* ------------------------------------------------------------------------ completing */

/* Consumes a task that was not handed out.  A promise's task is left to its holders. */
static void each_discard(mag_vtask task)
{
    int r = mag_vtask_discard(task);

    (void)r; /* A task that is stale is gone already. */
}

static void each_came(struct mag_job *job)
{
    /* A foreign job, or one that has run, or one that is called too early (VT-32). */
    if (job == NULL || job->run != each_came)
        return;
    struct each_entry *entry = (struct each_entry *)(void *)job;
    struct mag_when_each *each = entry->each;
    if (mag_vtask_status(entry->task) == MAG_PENDING)
        return;
    job->run = mag_continuation_spent;

    mag_spin_lock(&each->lock);
    if (each->ended) {
        mag_spin_unlock(&each->lock);
        each_discard(entry->task);
        mag_spin_lock(&each->lock);
        each_unlock_and_leave(each);
        return;
    }
    entry->came = true;
    if (!each->in_order)
        each_append(each, entry);
    struct each_wait *wait = each_claim_wait(each);
    uint32_t index = wait != NULL ? each_pop(each) : 0;
    each_unlock_and_leave(each);
    if (wait != NULL)
        (void)!mag_operation_set_result(&wait->operation, index);
}

/* ------------------------------------------------------------------------- beginning */

/* Registers one task, or finds it complete.  An error takes the place of a task that
 * cannot be awaited. */
static void each_register(struct mag_when_each *each, struct each_entry *entry,
                          mag_vtask *task)
{
    int r = mag_vtask_status(*task);

    if (r == MAG_PENDING)
        r = mag_vtask_on_completed(*task, &entry->continuation, 0);
    if (r == 0)
        return;
    if (r < 0) {
        *task = mag_vtask_failed(r, 0);
        entry->task = *task;
    }
    mag_spin_lock(&each->lock);
    entry->came = true;
    if (!each->in_order)
        each_append(each, entry);
    each->users--;
    mag_spin_unlock(&each->lock);
}

/* Fills the entries, and registers when all are filled. */
static void each_start(struct mag_when_each *each, mag_vtask *tasks, uint32_t count)
{
    struct each_chunk *chunk = each->chunks;

    for (uint32_t i = 0; i < count; i++) {
        if (i != 0 && i % EACH_CHUNK_ENTRIES == 0)
            chunk = chunk->next;
        struct each_entry *entry = &chunk->entries[i % EACH_CHUNK_ENTRIES];
        *entry = (struct each_entry){.task = tasks[i], .each = each, .index = i};
        entry->continuation.job.run = each_came;
        if (each->in_order)
            each_append(each, entry);
    }
    chunk = each->chunks;
    for (uint32_t i = 0; i < count; i++) {
        if (i != 0 && i % EACH_CHUNK_ENTRIES == 0)
            chunk = chunk->next;
        each_register(each, &chunk->entries[i % EACH_CHUNK_ENTRIES], &tasks[i]);
    }
}

int mag_when_each_begin(mag_vtask *tasks, size_t count, enum mag_when_order order,
                        struct mag_when_each **ret_each)
{
    struct mag_when_each *each;

    if ((tasks == NULL && count != 0) || count >= UINT32_MAX ||
        (order != MAG_AS_COMPLETED && order != MAG_IN_ORDER))
        return mag_misuse_argument(MAG_E_ARG);
    int r = take_each((uint32_t)count, &each);
    if (r != 0)
        return r;
    mag_spin_init(&each->lock);
    each->in_order = order == MAG_IN_ORDER;
    each->ended = false;
    each->count = (uint32_t)count;
    each->left = (uint32_t)count;
    each->users = (uint32_t)count + 1;
    each->first = NULL;
    each->last = &each->first;
    each->wait = NULL;
    each_start(each, tasks, (uint32_t)count);
    *ret_each = each;
    return 0;
}

/* -------------------------------------------------------------------------- consuming */

/* Answers at once, if it can.  Unlocks then. */
static bool each_answer(struct mag_when_each *each, uint32_t *ret_index)
{
    if (each_is_ready(each))
        *ret_index = each_pop(each);
    else if (each->left == 0)
        *ret_index = each->count;
    else
        return false;
    mag_spin_unlock(&each->lock);
    return true;
}

static mag_vtask each_wait_for_next(struct mag_when_each *each, struct mag_cancel *cancel)
{
    struct each_wait *wait;
    uint32_t index;
    void *object;
    int r = mag_operation_rent(&each_wait_type, &object);

    if (r != 0)
        return mag_vtask_failed(r, 0);
    wait = object;
    mag_vtask task = mag_operation_task(&wait->operation);
    uint64_t key = mag_operation_share(&wait->operation, cancel);
    mag_spin_lock(&each->lock);
    if (each_answer(each, &index)) {
        mag_operation_return(&wait->operation);
        return mag_vtask_result(index);
    }
    each->wait = wait;
    each->key = key;
    mag_spin_unlock(&each->lock);
    return task;
}

mag_vtask mag_when_each_next_of(struct mag_when_each *each, struct mag_cancel *cancel)
{
    uint32_t index;

    mag_spin_lock(&each->lock);
    if (each_answer(each, &index))
        return mag_vtask_result(index);
    bool awaited = each_is_awaited(each);
    mag_spin_unlock(&each->lock);
    if (awaited)
        return mag_vtask_failed(mag_misuse_argument(MAG_E_CONTINUATION), 0);
    if (mag_cancel_has_fired(cancel))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    return each_wait_for_next(each, cancel);
}

void mag_when_each_end(struct mag_when_each *each)
{
    struct each_wait *wait;

    if (each == NULL)
        return;
    mag_spin_lock(&each->lock);
    each->ended = true;
    wait = each->wait;
    if (wait != NULL && !mag_operation_claim(&wait->operation, each->key))
        wait = NULL;
    mag_spin_unlock(&each->lock);
    /* The list does not change any more. */
    for (struct each_entry *entry = each->first; entry != NULL; entry = entry->next) {
        if (entry->came)
            each_discard(entry->task);
    }
    mag_spin_lock(&each->lock);
    each_unlock_and_leave(each);
    if (wait != NULL)
        (void)!mag_operation_set_error(&wait->operation, -ECANCELED, 0);
}
