/*
 * promise.h - what tests of promises share: a source that says what it is told to,
 * counts what it is asked, and a continuation that counts its runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_PROMISE_H
#define TESTS_SUPPORT_VTASK_PROMISE_H

#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include <magpie/promise.h>

#include <errno.h>
#include <string.h>

/* --------------------------------------------------------------- a scripted source */

struct scripted {
    struct mag_source source;
    uint64_t token;
    int status;      /* what it says */
    int error;       /* what reading it yields; 0: `result` */
    uint64_t detail; /* beside the error */
    uint64_t result; /* or, with `size` set, the bytes of `large` */
    uint32_t size;   /* 0: a word */
    char large[256];
    struct mag_continuation *continuation;
    unsigned flags;
    unsigned asked;
    unsigned registered;
    unsigned taken;
};

static inline int scripted_status(struct mag_source *source, uint64_t token)
{
    struct scripted *scripted = (struct scripted *)(void *)source;

    if (token != scripted->token)
        return MAG_E_TOKEN;
    scripted->asked++;
    return scripted->status;
}

static inline int scripted_on_completed(struct mag_source *source, uint64_t token,
                                        struct mag_continuation *continuation,
                                        unsigned flags)
{
    struct scripted *scripted = (struct scripted *)(void *)source;

    if (token != scripted->token)
        return MAG_E_TOKEN;
    if (scripted->continuation != NULL)
        return MAG_E_CONTINUATION;
    mag_continuation_capture(continuation, flags);
    scripted->continuation = continuation;
    scripted->flags = flags;
    scripted->registered++;
    return 0;
}

static inline int scripted_get(struct mag_source *source, uint64_t token,
                               void *ret_result, size_t size, uint64_t *ret_detail)
{
    struct scripted *scripted = (struct scripted *)(void *)source;

    if (token != scripted->token)
        return MAG_E_TOKEN;
    if (scripted->status == MAG_PENDING)
        return MAG_E_PENDING;
    if (scripted->error == 0 && size < scripted->size && size != 0)
        return MAG_E_SIZE;
    scripted->taken++;
    scripted->token++;
    if (scripted->error != 0) {
        if (ret_detail != NULL)
            *ret_detail = scripted->detail;
        return scripted->error;
    }
    if (size != 0)
        memcpy(ret_result,
               scripted->size != 0 ? (void *)scripted->large : (void *)&scripted->result,
               size);
    return 0;
}

static const struct mag_source_ops scripted_ops = {scripted_status, scripted_on_completed,
                                                   scripted_get};

static inline mag_vtask scripted_begin(struct scripted *scripted, int status, int error,
                                       uint64_t result)
{
    mag_vtask task = {0, 0};

    memset(scripted, 0, sizeof(*scripted));
    scripted->source.ops = &scripted_ops;
    scripted->token = 7;
    scripted->status = status;
    scripted->error = error;
    scripted->result = result;
    assert_int_equal(mag_vtask_from_source(&scripted->source, 7, &task), 0);
    return task;
}

/* The operation of a pending source is over. */
static inline void scripted_complete(struct scripted *scripted, int status, int error,
                                     uint64_t result)
{
    scripted->status = status;
    scripted->error = error;
    scripted->result = result;
    mag_continuation_dispatch(scripted->continuation, false);
}

/* -------------------------------------------------------------------- a continuation */

struct counting {
    struct mag_continuation continuation; /* first */
    _Atomic(uint64_t) runs;
    unsigned order; /* which of those that share `clock` it was, from 1 */
    unsigned *clock;
};

static inline void counting_run(struct mag_job *job)
{
    struct counting *counting = (struct counting *)(void *)job;

    if (counting->clock != NULL)
        counting->order = ++*counting->clock;
    /* release: what was written before is for whoever has seen the run. */
    (void)atomic_fetch_add_explicit(&counting->runs, 1, memory_order_release);
}

static inline struct mag_continuation *counting_begin(struct counting *counting,
                                                      unsigned *clock)
{
    memset(counting, 0, sizeof(*counting));
    counting->continuation.job.run = counting_run;
    counting->clock = clock;
    return &counting->continuation;
}

static inline uint64_t counting_runs(struct counting *counting)
{
    /* acquire: what the run wrote. */
    return atomic_load_explicit(&counting->runs, memory_order_acquire);
}

/* ------------------------------------------------------------------------- asking */

static inline uint64_t result_of(mag_vtask task)
{
    uint64_t result = 0;

    assert_int_equal(mag_vtask_get(task, &result), 0);
    return result;
}

/* The error of a task that has failed, with its detail. */
static inline int error_of(mag_vtask task, uint64_t *ret_detail)
{
    *ret_detail = 0;
    return mag_vtask_get_value(task, NULL, 0, ret_detail);
}

static inline struct mag_promise *promise_of(size_t size)
{
    struct mag_promise *promise = NULL;

    assert_int_equal(mag_promise_create(size, 0, &promise), 0);
    return promise;
}

#endif
