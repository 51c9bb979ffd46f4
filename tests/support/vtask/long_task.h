/*
 * long_task.h - a typed task of a long, and waiting for one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_LONG_TASK_H
#define TESTS_SUPPORT_VTASK_LONG_TASK_H

#include "tests/support/cmocka.h"

#include <magpie/promise.h>
#include <magpie/vtask.h>

MAG_VTASK_DEFINE(long_task, long)

/* Waits for a task of any kind: 0 and its result, or its error. */
static inline int long_task_outcome(long_task task, long *ret_result)
{
    int r = mag_vtask_wait_completed(&task.task, sizeof(long), -1);

    if (r == 0)
        r = long_task_get(task, ret_result);
    (void)mag_vtask_release(task.task);
    return r;
}

/* The result of a task that has succeeded. */
static inline long result_of_long(long_task task)
{
    long result = 0;

    assert_int_equal(long_task_get(task, &result), 0);
    return result;
}

#endif
