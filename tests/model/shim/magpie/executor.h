/*
 * executor.h - the parts of <magpie/executor.h> that the modeled files use.  No thread
 * has an executor, and jobs that do not run inline go where the model says.
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
