/*
 * belt.h - pipelines whose stages check what they are promised: each item comes to each
 * stage once, serial stages have one call at a time and in order, tokens are bounded, and
 * outcomes that are known beforehand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_BELT_H
#define TESTS_SUPPORT_VTASK_BELT_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/pipeline.h>
#include <pthread.h>

enum { BELT_STAGES = 4 };

/* A token. */
struct piece {
    uint64_t number;
    uint64_t prepared; /* by belt_prepare */
    uint32_t stages;   /* that it has been in */
};

struct belt {
    struct mag_sched *sched;
    struct mag_cancel cancel;
    uint64_t count;      /* of items */
    uint64_t seed;       /* what the stages return */
    unsigned skips;      /* one call of so many skips its item; 0: none */
    unsigned fails;      /* one call of so many fails; 0: none */
    uint64_t cancels_at; /* the item at which `cancel` fires */
    unsigned pause;      /* the longest pause in a stage */
    bool checks_caller;
    pthread_t caller;
    enum mag_stage_mode modes[BELT_STAGES];

    _Atomic(uint64_t) next;              /* the number of the next item */
    _Atomic(uint64_t) busy[BELT_STAGES]; /* calls of the stage that run */
    _Atomic(uint64_t) last[BELT_STAGES]; /* 1 + the number of the last item, in order */
    _Atomic(uint64_t) under_way, most;   /* items, and the most of them at a time */
    _Atomic(uint64_t) made, done, skipped, failed, dropped;
    _Atomic(uint64_t) prepared, released;
    _Atomic(uint64_t) wrong;
};

MAG_PIPELINE(belt, struct piece, struct belt)

/* What the stage returns for an item: 0, MAG_STAGE_SKIP or an error. */
static inline int belt_outcome(const struct belt *belt, uint64_t number, unsigned stage)
{
    uint64_t random = (belt->seed ^ (number * 8 + stage + 1) * 0x9e3779b97f4a7c15U) | 1;

    (void)test_random(&random);
    if (belt->fails != 0 && test_random_below(&random, belt->fails) == 0)
        return -1000 - (int)stage;
    if (belt->skips != 0 && test_random_below(&random, belt->skips) == 0)
        return MAG_STAGE_SKIP;
    return 0;
}

/* The first stage that does not return 0 for an item; `stages`: none. */
static inline unsigned belt_stops_at(const struct belt *belt, uint64_t number,
                                     unsigned stages)
{
    unsigned stage = 0;

    while (stage < stages && belt_outcome(belt, number, stage) == 0)
        stage++;
    return stage;
}

/* The result of the pipeline, and the item that fails, or `count`. */
static inline int belt_result(const struct belt *belt, unsigned stages,
                              uint64_t *ret_item)
{
    for (*ret_item = 0; *ret_item < belt->count; ++*ret_item) {
        unsigned stage = belt_stops_at(belt, *ret_item, stages);
        int outcome = stage == stages ? 0 : belt_outcome(belt, *ret_item, stage);

        if (outcome < 0)
            return outcome;
    }
    return 0;
}

static inline void belt_check(struct belt *belt, bool holds)
{
    if (!holds)
        (void)test_add(&belt->wrong, 1);
}

/* ------------------------------------------------------------------------ stages */

static inline bool belt_is_serial(const struct belt *belt, unsigned stage)
{
    return belt->modes[stage] != MAG_STAGE_PARALLEL;
}

static inline void belt_enter(struct belt *belt, struct piece *piece, unsigned stage)
{
    enum mag_stage_mode mode = belt->modes[stage];

    if (belt_is_serial(belt, stage))
        belt_check(belt, test_add(&belt->busy[stage], 1) == 0);
    if (mode == MAG_STAGE_ON_CALLER)
        belt_check(belt, pthread_equal(belt->caller, pthread_self()) != 0);
    if (stage != 0 || mode != MAG_STAGE_PARALLEL)
        belt_check(belt, mag_pipeline_number(piece) == piece->number);
    belt_check(belt, piece->stages == stage);
    piece->stages++;
    if (mode == MAG_STAGE_IN_ORDER || mode == MAG_STAGE_ON_CALLER) {
        /* relaxed: only the pipeline may order these. */
        uint64_t last = atomic_load_explicit(&belt->last[stage], memory_order_relaxed);

        belt_check(belt, last <= piece->number);
        /* relaxed: as above. */
        atomic_store_explicit(&belt->last[stage], piece->number + 1,
                              memory_order_relaxed);
    }
    for (uint64_t i = (piece->number * 2654435761U) % (belt->pause + 1); i > 0; i--)
        test_pause();
}

static inline void belt_leave(struct belt *belt, unsigned stage)
{
    /* relaxed: as in belt_enter. */
    if (belt_is_serial(belt, stage))
        (void)atomic_fetch_sub_explicit(&belt->busy[stage], 1, memory_order_relaxed);
}

static inline void belt_ends(struct belt *belt, _Atomic(uint64_t) *how)
{
    (void)test_add(how, 1);
    (void)test_add(&belt->under_way, (uint64_t)-1);
}

/* What a stage but the first does. */
static inline int belt_pass(struct piece *piece, struct belt *belt, unsigned stage,
                            bool is_last)
{
    int outcome = belt_outcome(belt, piece->number, stage);

    belt_enter(belt, piece, stage);
    if (piece->number == belt->cancels_at)
        (void)mag_cancel_fire(&belt->cancel);
    if (outcome != 0)
        belt_ends(belt, outcome == MAG_STAGE_SKIP ? &belt->skipped : &belt->failed);
    else if (is_last)
        belt_ends(belt, &belt->done);
    belt_leave(belt, stage);
    return outcome;
}

static inline void belt_count_most(struct belt *belt, uint64_t now)
{
    /* relaxed: a maximum. */
    uint64_t most = atomic_load_explicit(&belt->most, memory_order_relaxed);
    bool counted = false;

    while (most < now && !counted) {
        /* relaxed, both: as above. */
        counted = atomic_compare_exchange_weak_explicit(
            &belt->most, &most, now, memory_order_relaxed, memory_order_relaxed);
    }
}

/* The first stage. */
static inline int belt_make(struct piece *piece, struct belt *belt)
{
    uint64_t number = test_add(&belt->next, 1);

    if (number >= belt->count)
        return MAG_STAGE_END;
    piece->number =
        belt->modes[0] == MAG_STAGE_PARALLEL ? mag_pipeline_number(piece) : number;
    piece->stages = 0;
    int outcome = belt_outcome(belt, piece->number, 0);
    belt_enter(belt, piece, 0);
    (void)test_add(&belt->made, 1);
    belt_count_most(belt, test_add(&belt->under_way, 1) + 1);
    if (outcome != 0)
        belt_ends(belt, outcome == MAG_STAGE_SKIP ? &belt->skipped : &belt->failed);
    belt_leave(belt, 0);
    return outcome;
}

static inline int belt_first(struct piece *piece, struct belt *belt)
{
    return belt_make(piece, belt);
}

static inline int belt_second(struct piece *piece, struct belt *belt)
{
    return belt_pass(piece, belt, 1, false);
}

static inline int belt_third(struct piece *piece, struct belt *belt)
{
    return belt_pass(piece, belt, 2, false);
}

static inline int belt_fourth(struct piece *piece, struct belt *belt)
{
    return belt_pass(piece, belt, 3, true);
}

/* ------------------------------------------------------------------------ hooks */

static inline int belt_prepare(struct piece *piece, struct belt *belt)
{
    belt_check(belt, piece->number == 0 && piece->prepared == 0);
    piece->prepared = test_add(&belt->prepared, 1) + 1;
    return 0;
}

static inline void belt_release(struct piece *piece, struct belt *belt)
{
    belt_check(belt, piece->prepared != 0);
    piece->prepared = 0;
    (void)test_add(&belt->released, 1);
}

static inline void belt_drop(struct piece *piece, struct belt *belt)
{
    belt_check(belt, piece->stages > 0 && mag_pipeline_number(piece) == piece->number);
    belt_ends(belt, &belt->dropped);
}

static inline struct belt_options belt_hooks(struct belt *belt)
{
    struct belt_options options = {
        .prepare = belt_prepare, .release = belt_release, .drop = belt_drop};

    options.common.cancel = &belt->cancel;
    return options;
}

/* ------------------------------------------------------------------------ runs */

static inline struct belt belt_of(struct mag_sched *sched, uint64_t count,
                                  const enum mag_stage_mode *modes)
{
    struct belt belt = {.sched = sched, .count = count, .seed = 1};

    belt.cancels_at = UINT64_MAX;
    belt.caller = pthread_self();
    for (unsigned i = 0; i < BELT_STAGES; i++)
        belt.modes[i] = modes[i];
    return belt;
}

/* The stages of a belt, with its modes. */
static inline void belt_lay(const struct belt *belt, struct belt_stage *stages)
{
    const struct belt_stage all[BELT_STAGES] = {
        MAG_STAGE(belt_first, belt->modes[0]),
        MAG_STAGE(belt_second, belt->modes[1]),
        MAG_STAGE(belt_third, belt->modes[2]),
        MAG_STAGE(belt_fourth, belt->modes[3]),
    };

    for (unsigned i = 0; i < BELT_STAGES; i++)
        stages[i] = all[i];
}

static inline int belt_run_all(struct belt *belt, uint32_t tokens)
{
    struct belt_options options = belt_hooks(belt);
    struct belt_stage stages[BELT_STAGES];

    belt_lay(belt, stages);
    return belt_run_with(belt->sched, &options, stages, BELT_STAGES, tokens, belt);
}

/* What holds after each run: every item had one end, and every token too. */
static inline bool belt_is_settled(struct belt *belt, uint32_t tokens)
{
    return test_read(&belt->wrong) == 0 && test_read(&belt->under_way) == 0 &&
           test_read(&belt->made) == test_read(&belt->done) + test_read(&belt->skipped) +
                                         test_read(&belt->failed) +
                                         test_read(&belt->dropped) &&
           test_read(&belt->prepared) == test_read(&belt->released) &&
           test_read(&belt->prepared) <= tokens && test_read(&belt->most) <= tokens;
}

#endif
