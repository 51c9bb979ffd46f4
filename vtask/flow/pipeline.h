/*
 * pipeline.h - the inside of a pipeline that runs: a belt.  Private to vtask/.
 *
 *   pipeline_tokens.c   tokens that nobody has in hands
 *   pipeline_rest.c     who has nothing to do, and who is called
 *   pipeline_run.c      what a runner does with a token
 *   pipeline_await.c    tokens whose tasks are pending
 *   pipeline.c          beginning and ending
 *   pipeline_report.c   what a report says
 *
 * Ownership
 *   [I] immutable while the pipeline runs   [A] any thread   [L] under `lock`
 *   [N] the holder of the input   [T] whoever has the token in hands
 *
 * Edges: release end -> acquire end : what crosses
 *   input   free_input (input) -> enter_input (input) : what the first stage has written,
 *           and the next number
 *   lock    spin.h : what is [L], and tokens that change hands through a list
 *   turn.h has those of the other stages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_PIPELINE_H
#define VTASK_FLOW_PIPELINE_H

#include "base/fp.h"
#include "base/spin.h"
#include "vtask/flow/turn.h"

#include <magpie/operation.h>
#include <magpie/pipeline.h>
#include <magpie/source.h>

#include <assert.h>

/* The library's part of a token; the caller's token lies behind it. */
struct mag_token {
    _Alignas(MAG_CACHE_LINE) struct mag_continuation continuation; /* of an await */
    struct mag_turn_lane_link link; /* of the list or the lane it is in */
    struct mag_belt *belt;          /* [I] */
    struct mag_token *outer;        /* [T] the call that this thread is in besides */
    mag_vtask task;                 /* [T] that is awaited */
    int64_t began;                  /* [T] when the call began that is measured */
    int outcome;                    /* [T] of the call that is over, if it is back */
    uint32_t stage;                 /* [T] which one is next, or at work */
    uint32_t node;                  /* [I] where its memory is; MAG_NONE: unknown */
    bool has_turn;                  /* [T] in a serial stage */
    bool is_back;                   /* [T] its call is over */
    bool has_item;                  /* [T] later stages are to be called */
    bool is_measured;               /* [T] */
    uint64_t reserved[4];
    uint64_t number; /* [T] of the item; lies before the caller's token */
};

static_assert(offsetof(struct mag_token, number) + sizeof(uint64_t) ==
                  sizeof(struct mag_token),
              "mag_pipeline_number finds it");

/* The counts of one stage, in a runner or of all runners. */
struct mag_stage_counts {
    uint64_t calls;
    uint64_t measured; /* of these calls */
    uint64_t busy_ns;  /* of the measured ones */
    uint64_t waits_for_input;
    uint64_t waits_for_room;
};

struct mag_belt_stage {
    const struct mag_stage *stage; /* [I] the program's */
    enum mag_stage_mode mode;      /* [I] */
    bool is_async;                 /* [I] */
    struct mag_turns ring;         /* in order, not the first */
    struct mag_turn_lane lane;     /* in any order, not the first */
};

enum mag_belt_input { MAG_INPUT_FREE, MAG_INPUT_BUSY, MAG_INPUT_OVER };

/* Tokens in a list, first in, first out. */
struct mag_token_list {
    struct mag_token *first;
    struct mag_token *last;
};

struct mag_belt {
    struct mag_job offer;       /* first: calls another runner */
    struct mag_pipeline plan;   /* [I] */
    void *arg;                  /* [I] */
    struct mag_sched *sched;    /* [I] */
    struct mag_cancel *cancel;  /* [I] or NULL */
    struct mag_operation *done; /* [I] the task of the end; NULL: a caller waits */
    mag_fp fp;                  /* [I] the modes of the thread that began */
    size_t bytes;               /* [I] of this struct and the rings behind it */
    int64_t began;              /* [I] */
    uint32_t stage_count;       /* [I] */
    bool input_is_parallel;     /* [I] */
    bool input_is_callers;      /* [I] */
    bool has_callers_stage;     /* [I] */
    bool caller_is_worker;      /* [I] */
    struct mag_belt_stage stages[MAG_PIPELINE_STAGES_MAX];

    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) input; /* [A] enum mag_belt_input */
    _Atomic(uint64_t) next; /* [N], [A] if parallel: the number of the next item */

    /* Items from here on are not given to stages any more.  Changed under `lock`. */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) bound; /* [A] */
    _Atomic(bool) is_cheap;                           /* [A] help is not worth its cost */
    _Atomic(uint32_t) measure_mask; /* [A] items whose number has none of these bits */
    _Atomic(bool) is_offered;       /* [A] changed under `lock` */
    _Atomic(bool) caller_idles;     /* [A] it sleeps, and works; changed under `lock` */
    _Atomic(uint32_t) waiting;      /* [A] ready tokens; changed under `lock` */
    _Atomic(uint32_t) room;         /* [A] tokens that are free or can be made */
    _Atomic(uint32_t) called;       /* [A] tokens for the caller */

    _Alignas(MAG_CACHE_LINE) struct mag_spin lock;
    struct mag_token_list ready;           /* [L] somebody can go on with them */
    struct mag_token_list bound_to_caller; /* [L] the caller can */
    struct mag_turn_lane_link *free;       /* [L] */
    uint32_t free_count;                   /* [L] */
    uint32_t made;                         /* [L] tokens that exist or are being made */
    uint32_t limit;                        /* [L] as many may exist */
    _Atomic(uint32_t) runners;             /* [A] that work; changed under `lock` */
    uint32_t runners_max;                  /* [L] */
    uint32_t references;    /* [L] the end, runners that are jobs, the offer */
    int error;              /* [L] */
    uint64_t failed;        /* [L] the item that has this error */
    bool caller_works;      /* [L] also in stages that are not bound to it */
    bool is_refused;        /* [L] the scheduler takes no more offers */
    bool caller_sleeps;     /* [L] */
    bool has_ended;         /* [L] */
    _Atomic(uint32_t) bell; /* [A] the caller sleeps on it */
    struct mag_stage_counts counts[MAG_PIPELINE_STAGES_MAX]; /* [L] */
};

/* A thread that works on a pipeline. */
struct mag_runner {
    struct mag_belt *belt;
    bool is_caller;
    bool works;     /* does what any runner may do: then it is counted in `runners` */
    bool helps;     /* may go on with the token of any runner, once */
    bool gives_way; /* has worked long enough, for a job */
    uint32_t node;
    uint32_t calls; /* since `looked` */
    int64_t began;
    int64_t looked;
    int64_t clock_ns; /* what a look at the clock takes */
    struct mag_stage_counts counts[MAG_PIPELINE_STAGES_MAX];
};

static inline void *mag_token_item(struct mag_token *token)
{
    return token + 1;
}

static inline uint32_t mag_belt_input(struct mag_belt *belt)
{
    /* relaxed: a look; who enters swaps. */
    return atomic_load_explicit(&belt->input, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ tokens */

/* An item fails: the first one in order counts. */
MAG_COLD void mag_belt_fail(struct mag_belt *belt, uint64_t number, int error);

/* Whether the items from `number` on are not wanted any more; looks at `cancel`. */
bool mag_belt_is_over(struct mag_belt *belt, uint64_t number);

/* A token for a new item.  NULL: all are in use, or there is no memory. */
struct mag_token *mag_belt_take_free(struct mag_runner *runner);

/* Leaves a token to other runners, or to the caller. */
void mag_belt_leave_ready(struct mag_runner *runner, struct mag_token *token);
void mag_belt_leave_to_caller(struct mag_belt *belt, struct mag_token *token);

/* Gives back a token that has no item. */
void mag_belt_give_free(struct mag_belt *belt, struct mag_token *token);

/* Exchanges a token without item, or NULL, for one that somebody has left.  NULL: there
 * is none. */
struct mag_token *mag_belt_take_ready(struct mag_runner *runner, struct mag_token *spare);

/* Calls one more runner, if there is something to do and nobody is coming, or the caller
 * sleeps. */
void mag_belt_offer(struct mag_runner *runner);

/* Awaits the token's task.  True: the token is in other hands.  False: the task cannot be
 * awaited, and the token's outcome says why. */
bool mag_token_await(struct mag_token *token);

/* A token whose task is complete is ready; on any thread. */
void mag_belt_resume(struct mag_token *token);

enum mag_belt_rest {
    MAG_BELT_GOES_ON, /* there is something to do after all */
    MAG_BELT_LEFT,    /* the runner is none any more */
    MAG_BELT_ENDS,    /* besides, the belt has ended, and has no caller */
};

/* A runner has found nothing to do, and gives back `spare`, or NULL. */
enum mag_belt_rest mag_belt_leave(struct mag_runner *runner, struct mag_token *spare);

/* The caller has left as a runner: waits.  True: it is a runner again.  False: the belt
 * has ended. */
bool mag_belt_wait(struct mag_runner *runner);

/* Under the lock, or before there is another thread: one more runner, if it works. */
void mag_belt_count_in(struct mag_belt *belt, bool works);

/* A job's thread has ended in a stage, and its runner with it. */
void mag_belt_lose_runner(struct mag_belt *belt);

/* Under the lock: the caller is to do what is left, since nobody helps.  True: it sleeps,
 * and mag_belt_ring is to be called after the lock's release. */
bool mag_belt_call_caller(struct mag_belt *belt);
void mag_belt_ring(struct mag_belt *belt, bool rouse);

/* Destroys the tokens, which are all free. */
void mag_belt_release_tokens(struct mag_belt *belt);

/* ------------------------------------------------------------------------ running */

/* Begins a runner, which is counted already if it works. */
void mag_runner_begin(struct mag_runner *runner, struct mag_belt *belt, bool is_caller);

/* Runs it until it has left. */
enum mag_belt_rest mag_runner_run(struct mag_runner *runner);

/* The calling thread ends inside a call of a stage of `belt`, or with NULL of any: the
 * item of its innermost call fails.  Returns the belt; NULL: it is in no such call. */
struct mag_belt *mag_belt_abandon(const struct mag_belt *belt);

/* ------------------------------------------------------------------------ the end */

/* By whoever has left a belt without a caller as the last one. */
void mag_belt_end(struct mag_belt *belt);

/* Lets go of the pipeline. */
void mag_belt_release(struct mag_belt *belt);

/* The scheduler refuses the offer.  The thread that calls does what is left, unless a
 * caller does. */
void mag_belt_take_over(struct mag_belt *belt);

/* Writes the report.  Nobody runs any more. */
void mag_belt_report(struct mag_belt *belt, struct mag_pipeline_report *report);

#endif
