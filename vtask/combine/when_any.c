/*
 * The first of several tasks: an observer at each promise.  The first observer to be
 * notified claims `winner`, removes the other observers and completes the combined task.
 *
 * While the observers are being registered, one of them may already be notified.  So two
 * threads must arrive before the combined task is completed: the winner, and the thread
 * that registers.  The second to arrive completes the combined task.
 *
 * An observer that cannot be removed is about to be notified, by a thread that may come
 * late.  So each observer holds a reference to the struct until it has been notified or
 * removed, and the combined task holds one until it is consumed.  The struct holds a
 * reference to each promise, so that the promises keep their state meanwhile.
 *
 * Ownership
 *   [I] immutable after registering   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   gate   first arrival -> second arrival : the winner, the list of entries
 *   gone   any_drop (references) -> the last (references) : all uses precede the reuse
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/pooled.h"
#include "vtask/debug/debug.h"
#include "vtask/promise/promise.h"
#include "vtask/value/kind.h"

#include <magpie/when.h>

#include <errno.h>

struct any;

struct entry {
    struct mag_observer observer; /* must be first */
    struct mag_promise *promise;  /* [I] */
    struct any *any;              /* [I] */
    size_t index;                 /* [I] */
};

enum { CHUNK_ENTRIES = 5 };

struct chunk {
    struct chunk *next; /* [I] */
    struct entry entries[CHUNK_ENTRIES];
};

struct any {
    struct mag_core core;       /* must be first: the awaited core */
    struct chunk *chunks;       /* [I] */
    size_t count;               /* [I] registered observers */
    _Atomic(size_t) winner;     /* [A] index + 1; 0: nobody yet */
    _Atomic(size_t) references; /* [A] */
    _Atomic(unsigned) gate;     /* [A] arrivals still missing */
};

static struct mag_pooled anys = {.size = sizeof(struct any)};
static struct mag_pooled chunks = {.size = sizeof(struct chunk)};

/* -------------------------------------------------------------------------- memory */

static void give_chunks(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        mag_pooled_give(&chunks, chunk);
        chunk = next;
    }
}

static void release_promises(struct any *any)
{
    size_t index = 0;

    for (struct chunk *chunk = any->chunks; chunk != NULL; chunk = chunk->next) {
        for (unsigned i = 0; i < CHUNK_ENTRIES && index < any->count; i++, index++)
            mag_promise_release(chunk->entries[i].promise);
    }
}

static void any_drop(struct any *any, size_t references)
{
    /* gone, both ends: this thread's uses precede the reuse, whichever thread makes
     * it. */
    if (references == 0 || atomic_fetch_sub_explicit(&any->references, references,
                                                     memory_order_acq_rel) != references)
        return;
    /* Ends the life of a task that was not handed out; otherwise the consumer has ended
     * it. */
    mag_debug_core_ends(&any->core);
    release_promises(any);
    give_chunks(any->chunks);
    mag_pooled_give(&anys, any);
}

static void any_recycle(struct mag_core *core)
{
    any_drop((struct any *)(void *)core, 1);
}

static const struct mag_core_type any_type = {.recycle = any_recycle};

static int take_chunks(size_t count, struct chunk **ret_chunks)
{
    struct chunk *first = NULL;

    for (size_t have = 0; have < count; have += CHUNK_ENTRIES) {
        void *object;
        int r = mag_pooled_take(&chunks, &object);
        if (r != 0) {
            give_chunks(first);
            return r;
        }
        struct chunk *chunk = object;
        chunk->next = first;
        first = chunk;
    }
    *ret_chunks = first;
    return 0;
}

static int any_make(size_t count, struct any **ret_any)
{
    struct any *any;
    void *object;
    int r = mag_pooled_take(&anys, &object);

    if (r != 0)
        return r;
    any = object;
    r = take_chunks(count, &any->chunks);
    if (r != 0) {
        mag_pooled_give(&anys, any);
        return r;
    }
    mag_core_prepare(&any->core, &any_type);
    any->count = 0;
    atomic_init(&any->winner, 0);
    atomic_init(&any->references, count + 1);
    atomic_init(&any->gate, 2);
    *ret_any = any;
    return 0;
}

/* ----------------------------------------------------------------------- completing */

/* True: the caller is the winner. */
static bool any_claim(struct any *any, size_t index)
{
    size_t nobody = 0;

    /* relaxed, both: the gate publishes the winner. */
    return atomic_compare_exchange_strong_explicit(
        &any->winner, &nobody, index + 1, memory_order_relaxed, memory_order_relaxed);
}

/* True: the caller is the second to arrive, and must complete the combined task. */
static bool any_arrive(struct any *any)
{
    /* gate, both ends: the first arrival's writes are visible to the second. */
    return atomic_fetch_sub_explicit(&any->gate, 1, memory_order_acq_rel) == 1;
}

static size_t winner_of(struct any *any)
{
    /* relaxed: the gate published the winner. */
    return atomic_load_explicit(&any->winner, memory_order_relaxed) - 1;
}

/* Removes the observers.  Returns how many of them could be removed. */
static size_t forget_losers(struct any *any)
{
    size_t index = 0;
    size_t forgotten = 0;

    for (struct chunk *chunk = any->chunks; chunk != NULL; chunk = chunk->next) {
        for (unsigned i = 0; i < CHUNK_ENTRIES && index < any->count; i++, index++) {
            struct entry *entry = &chunk->entries[i];
            forgotten += mag_promise_forget(entry->promise, &entry->observer);
        }
    }
    return forgotten;
}

static void any_notified(struct mag_observer *observer, bool queued)
{
    struct entry *entry = (struct entry *)(void *)observer;
    struct any *any = entry->any;

    if (any_claim(any, entry->index) && any_arrive(any)) {
        any_drop(any, forget_losers(any));
        any->core.flags = queued ? MAG_CORE_QUEUED : 0;
        mag_core_finish(&any->core, 0, entry->index);
    }
    any_drop(any, 1);
}

/* ---------------------------------------------------------------------- registering */

/* Puts the index of the first complete task into `*ret_index`; `count` if no task is
 * complete. */
static int find_complete(const mag_vtask *tasks, size_t count, size_t *ret_index)
{
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        int status = mag_vtask_status(tasks[i]);
        if (status < 0)
            return status;
        if (status != MAG_PENDING && found == count)
            found = i;
    }
    *ret_index = found;
    return 0;
}

static int preserve_all(mag_vtask *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mag_kind_of(tasks[i]) == MAG_VTASK_PROMISE)
            continue;
        int r = mag_vtask_preserve(tasks[i], &tasks[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool has_winner(struct any *any)
{
    /* relaxed: a hint that saves work. */
    return atomic_load_explicit(&any->winner, memory_order_relaxed) != 0;
}

/* Observes one task.  False: there is a winner, and `task` is not observed. */
static bool observe(struct any *any, struct entry *entry, mag_vtask task, size_t index)
{
    if (has_winner(any))
        return false;
    entry->promise = mag_promise_of(task);
    entry->any = any;
    entry->index = index;
    entry->observer.notify = any_notified;
    mag_promise_retain(entry->promise);
    any->count = index + 1;
    if (mag_promise_observe(entry->promise, &entry->observer))
        return true;
    if (any_claim(any, index))
        (void)any_arrive(any);
    return false;
}

/* Observes the tasks until there is a winner.  Returns how many observers are
 * registered. */
static size_t observe_all(struct any *any, const mag_vtask *tasks, size_t count)
{
    struct chunk *chunk = any->chunks;

    for (size_t index = 0; index < count; index++) {
        unsigned at = (unsigned)(index % CHUNK_ENTRIES);
        if (index != 0 && at == 0)
            chunk = chunk->next;
        if (!observe(any, &chunk->entries[at], tasks[index], index))
            return index;
    }
    return count;
}

int mag_when_any(mag_vtask *tasks, size_t count, mag_vtask *ret_task)
{
    struct any *any = NULL;
    size_t found = 0;

    if (tasks == NULL || count == 0)
        return mag_misuse_argument(MAG_E_ARG);
    int r = find_complete(tasks, count, &found);
    if (r == 0 && found < count) {
        *ret_task = mag_vtask_result(found);
        return 0;
    }
    if (r == 0)
        r = preserve_all(tasks, count);
    if (r == 0)
        r = any_make(count, &any);
    if (r != 0)
        return r;
    mag_vtask task = mag_core_task(&any->core);
    size_t waiting = observe_all(any, tasks, count);
    if (any_arrive(any)) {
        task = mag_vtask_result(winner_of(any));
        any_drop(any, count - waiting + forget_losers(any) + 1);
    } else {
        /* The winner drops the references of registered observers.  Drop those of the
         * observers that were never registered. */
        any_drop(any, count - waiting);
    }
    *ret_task = task;
    return 0;
}
