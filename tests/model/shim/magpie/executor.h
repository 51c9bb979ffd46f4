/*
 * executor.h - as much of it as the modelled files use: nobody has an executor, and what
 * is not run inline goes where the model says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_EXECUTOR_H
#define TESTS_MODEL_SHIM_MAGPIE_EXECUTOR_H

#include <magpie/detail/executor.h>
#include <magpie/sched.h>

struct mag_executor {
    int (*post)(struct mag_executor *executor, struct mag_job *job);
};

static inline struct mag_executor *mag_executor_current()
{
    return NULL;
}

static inline struct mag_executor *mag_executor_enter(struct mag_executor *)
{
    return NULL;
}

#endif
