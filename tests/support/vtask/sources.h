/*
 * sources.h - sources of value tasks that a test controls: one that records its calls,
 * and one that keeps the rules.  Also short forms of reading a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_SOURCES_H
#define TESTS_SUPPORT_VTASK_SOURCES_H

#include "tests/support/fault.h"
#include "tests/support/vtask/probe.h"

#include <magpie/promise.h>

#include <errno.h>
#include <string.h>

/* --------------------------------------------------------------- a recording source */

/* A source that answers what the test has set, and records its calls. */
struct recorder {
    struct mag_source source;
    unsigned status_calls, on_completed_calls, get_calls;
    uint64_t token; /* of the last call of any kind */
    int status, error;
    uint64_t result, detail;
    struct mag_continuation *continuation;
    unsigned flags;
};

static inline int recorder_status(struct mag_source *source, uint64_t token)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->status_calls++;
    recorder->token = token;
    return recorder->status;
}

static inline int recorder_on_completed(struct mag_source *source, uint64_t token,
                                        struct mag_continuation *continuation,
                                        unsigned flags)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->on_completed_calls++;
    recorder->token = token;
    recorder->continuation = continuation;
    recorder->flags = flags;
    return recorder->error;
}

static inline int recorder_get(struct mag_source *source, uint64_t token,
                               void *ret_result, size_t size, uint64_t *ret_detail)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->get_calls++;
    recorder->token = token;
    if (recorder->error == 0 && size == sizeof(recorder->result))
        *(uint64_t *)ret_result = recorder->result;
    if (recorder->error != 0 && ret_detail != NULL)
        *ret_detail = recorder->detail;
    return recorder->error;
}

static const struct mag_source_ops recorder_ops = {recorder_status, recorder_on_completed,
                                                   recorder_get};

static inline struct recorder recorder_make(int status)
{
    return (struct recorder){.source.ops = &recorder_ops, .status = status};
}

static inline unsigned recorder_calls(const struct recorder *recorder)
{
    return recorder->status_calls + recorder->on_completed_calls + recorder->get_calls;
}

static inline mag_vtask recorder_task(struct recorder *recorder, uint64_t token)
{
    mag_vtask task;

    assert_int_equal(mag_vtask_from_source(&recorder->source, token, &task), 0);
    return task;
}

/* ---------------------------------------------------------------- a scripted source */

/* A source that keeps the rules: one token, one continuation, one read. */
struct scripted {
    struct mag_source source;
    uint64_t token;
    int status;      /* its answer to a call of `status` */
    int error;       /* error of a read; 0: `result` */
    uint64_t detail; /* beside the error */
    uint64_t result; /* or the bytes of `large`, if `size` is set */
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

/* Ends the operation of a pending source. */
static inline void scripted_complete(struct scripted *scripted, int status, int error,
                                     uint64_t result)
{
    scripted->status = status;
    scripted->error = error;
    scripted->result = result;
    mag_continuation_dispatch(scripted->continuation, false);
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

static inline mag_vtask failed(int code, uint64_t detail)
{
    mag_vtask task = {0, 0};

    assert_int_equal(mag_vtask_from_error(code, detail, &task), 0);
    return task;
}

/* The promise that a task is converted to. */
static inline struct mag_promise *converted(mag_vtask task)
{
    struct mag_promise *promise = NULL;

    assert_int_equal(mag_vtask_as_promise(task, &promise), 0);
    assert_non_null(promise);
    return promise;
}

static inline struct mag_promise *promise_of(size_t size)
{
    struct mag_promise *promise = NULL;

    assert_int_equal(mag_promise_create(size, 0, &promise), 0);
    return promise;
}

#endif
