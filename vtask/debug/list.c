/*
 * A table of the lives of operations, frames and promises, by address.  No entry is ever
 * removed, because the memory of these objects keeps its type.  The table has a fixed
 * size and consists of zero pages until it is used, so writing to it neither allocates
 * nor fails.  The table takes no locks: the program that is being debugged must run as it
 * would without the table.
 *
 * Each object has two lives in the table, its last even one and its last odd one.  So a
 * misuse report can describe a stale task after the object's next life has begun.
 *
 * Ownership
 *   [A] any thread; `object` goes from 0 to an address, once
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/debug/debug.h"

#include <errno.h>

#ifndef MAG_DEBUG_TASKS

void mag_debug_core_begins(struct mag_core *core)
{
    (void)core;
}

void mag_debug_recall(struct mag_misuse *misuse)
{
    (void)misuse;
}

int mag_debug_unconsumed(void (*visit)(const struct mag_debug_task *task, void *arg),
                         void *arg, size_t *ret_count)
{
    (void)visit;
    (void)arg;
    (void)ret_count;
    return -ENOTSUP;
}

#else

#    include "base/turns.h"
#    include "vtask/debug/life.h"

#    include <magpie/async.h>
#    include <magpie/cancel.h>
#    include <magpie/operation.h>

#    include <assert.h>

static_assert((int)MAG_LIFE_SITE == (int)MAG_DEBUG_FRAMES, "a site fits into a life");

enum { RECORDS = 65536, PROBES = 256, TRIES = 1000 };

struct record {
    _Atomic(uintptr_t) object; /* [A] 0: none yet */
    struct mag_life lives[2];
};

static struct record records[RECORDS];
static _Atomic(uint64_t) missed; /* [A] objects for which there was no room */

/* The state of a life: 0 before the first one. */
enum { ALIVE = 1, OVER = 2, KIND_SHIFT = 2 };

/* ------------------------------------------------------------------------- records */

static uint64_t listed_place_of(uintptr_t object, unsigned probe)
{
    /* After multiplication by the golden ratio the upper half is well spread. */
    uint64_t spread = (uint64_t)(object >> 3) * UINT64_C(0x9e3779b97f4a7c15);

    return ((spread >> 32) + probe) % RECORDS;
}

/* The record of an object; if it has none and `make` is true, a new one.  NULL: there is
 * none, or no room for one. */
static struct record *record_of(const void *object, bool make)
{
    uintptr_t wanted = (uintptr_t)object;

    for (unsigned probe = 0; probe < PROBES; probe++) {
        struct record *record = &records[listed_place_of(wanted, probe)];
        /* relaxed, here and below: an address guards nothing. */
        uintptr_t there = atomic_load_explicit(&record->object, memory_order_relaxed);

        if (there == wanted)
            return record;
        if (there != 0)
            continue;
        if (!make)
            return NULL;
        /* relaxed, both: as above. */
        if (atomic_compare_exchange_strong_explicit(&record->object, &there, wanted,
                                                    memory_order_relaxed,
                                                    memory_order_relaxed) ||
            there == wanted)
            return record;
    }
    return NULL;
}

static struct mag_life *life_of(struct record *record, uint64_t token)
{
    return &record->lives[token & 1];
}

static void write_site(struct mag_life *life, unsigned first,
                       const struct mag_debug_site *site)
{
    for (unsigned i = 0; i < MAG_DEBUG_FRAMES; i++)
        mag_life_write(life, first + i, i < site->count ? (uintptr_t)site->frames[i] : 0);
}

static void read_site(const uint64_t *words, struct mag_debug_site *ret_site)
{
    uint32_t count = 0;

    while (count < MAG_DEBUG_FRAMES && words[count] != 0) {
        ret_site->frames[count] = (const void *)(uintptr_t)words[count];
        count++;
    }
    ret_site->count = count;
}

static bool read_life(struct mag_life *life, uint64_t *words)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        if (mag_life_read(life, words, MAG_LIFE_WORDS))
            return true;
        mag_give_way(tries);
    }
    return false;
}

/* --------------------------------------------------------------- beginning and ending */

void mag_debug_begins(enum mag_debug_kind kind, const void *object, uint64_t token)
{
    struct mag_debug_site here, none = {.count = 0};
    struct record *record = record_of(object, true);
    uint64_t sequence;

    if (record == NULL) {
        /* relaxed: a count. */
        (void)atomic_fetch_add_explicit(&missed, 1, memory_order_relaxed);
        return;
    }
    struct mag_life *life = life_of(record, token);
    mag_debug_here(&here);
    if (!mag_life_open(life, &sequence))
        return;
    mag_life_write(life, MAG_LIFE_TOKEN, token);
    mag_life_write(life, MAG_LIFE_STATE, (uint64_t)kind << KIND_SHIFT | ALIVE);
    write_site(life, MAG_LIFE_CREATED, &here);
    write_site(life, MAG_LIFE_CONSUMED, &none);
    mag_life_close(life, sequence);
}

void mag_debug_ends(const void *object, uint64_t token)
{
    struct record *record = record_of(object, false);
    struct mag_debug_site here;
    uint64_t sequence;

    if (record == NULL)
        return;
    struct mag_life *life = life_of(record, token);
    if (!mag_life_open(life, &sequence))
        return;
    uint64_t state = mag_life_own(life, MAG_LIFE_STATE);
    if ((state & ALIVE) != 0 && mag_life_own(life, MAG_LIFE_TOKEN) == token) {
        mag_debug_here(&here);
        mag_life_write(life, MAG_LIFE_STATE, (state & ~(uint64_t)ALIVE) | OVER);
        write_site(life, MAG_LIFE_CONSUMED, &here);
    }
    mag_life_close(life, sequence);
}

static uint64_t token_of(struct mag_core *core)
{
    /* relaxed: only the owner changes the token, and the caller is the owner. */
    return atomic_load_explicit(&core->token, memory_order_relaxed) & MAG_TOKEN_MASK;
}

static enum mag_debug_kind listed_kind_of(const struct mag_core *core)
{
    void (*recycle)(struct mag_core * core) = core->type->recycle;

    if (recycle == mag_frame_recycle)
        return MAG_DEBUG_FRAME;
    if (recycle == mag_operation_recycle || recycle == mag_operation_disown ||
        recycle == mag_operation_recycle_cancelable ||
        recycle == mag_operation_disown_cancelable)
        return MAG_DEBUG_OPERATION;
    return MAG_DEBUG_CORE;
}

void mag_debug_core_begins(struct mag_core *core)
{
    mag_debug_begins(listed_kind_of(core), core, token_of(core));
}

void mag_debug_core_ends(struct mag_core *core)
{
    mag_debug_ends(core, token_of(core));
}

/* ------------------------------------------------------------------------- reporting */

void mag_debug_recall(struct mag_misuse *misuse)
{
    struct record *record = record_of(misuse->object, false);
    uint64_t words[MAG_LIFE_WORDS];

    if (misuse->object == NULL || record == NULL ||
        !read_life(life_of(record, misuse->token), words) || words[MAG_LIFE_STATE] == 0 ||
        words[MAG_LIFE_TOKEN] != misuse->token)
        return;
    misuse->kind = (enum mag_debug_kind)(words[MAG_LIFE_STATE] >> KIND_SHIFT);
    read_site(&words[MAG_LIFE_CREATED], &misuse->created);
    read_site(&words[MAG_LIFE_CONSUMED], &misuse->consumed);
}

/* Whether that life of the object has not ended yet. */
static bool is_unconsumed(struct record *record, unsigned parity,
                          struct mag_debug_task *ret_task)
{
    uint64_t words[MAG_LIFE_WORDS];
    /* relaxed: an address guards nothing. */
    uintptr_t object = atomic_load_explicit(&record->object, memory_order_relaxed);

    if (object == 0 || !read_life(&record->lives[parity], words) ||
        (words[MAG_LIFE_STATE] & ALIVE) == 0)
        return false;
    ret_task->object = (const void *)object;
    ret_task->kind = (enum mag_debug_kind)(words[MAG_LIFE_STATE] >> KIND_SHIFT);
    ret_task->token = words[MAG_LIFE_TOKEN];
    read_site(&words[MAG_LIFE_CREATED], &ret_task->created);
    return true;
}

int mag_debug_unconsumed(void (*visit)(const struct mag_debug_task *task, void *arg),
                         void *arg, size_t *ret_count)
{
    size_t count = 0;

    for (size_t i = 0; i < 2 * (size_t)RECORDS; i++) {
        struct mag_debug_task task;

        if (!is_unconsumed(&records[i / 2], i & 1, &task))
            continue;
        count++;
        if (visit != NULL)
            visit(&task, arg);
    }
    *ret_count = count;
    /* relaxed: a count. */
    return atomic_load_explicit(&missed, memory_order_relaxed) == 0 ? 0 : -ENOSPC;
}

#endif
