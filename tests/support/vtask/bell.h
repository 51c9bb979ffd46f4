/*
 * bell.h - a connected operation that a test completes by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_BELL_H
#define TESTS_SUPPORT_VTASK_BELL_H

#include "tests/support/vtask/long_task.h"

#include <magpie/connected.h>

struct bell {
    struct mag_waiter *waiter;
};

static struct bell *bell_pending; /* the operation that has begun last */
static unsigned bells_begun;
static unsigned bells_at_once; /* so many operations answer at once, with 1 */
static unsigned bells_inside;  /* so many are completed inside their begin, with 1 */
static int bell_error;         /* not 0: the next one answers with this error */

static inline long_task bell_begin(struct mag_waiter *waiter, struct bell *bell)
{
    int error = bell_error;

    bells_begun++;
    bell_error = 0;
    if (error != 0)
        return long_task_of(mag_vtask_failed(error, 7));
    if (bells_at_once != 0) {
        bells_at_once--;
        return long_task_result(1);
    }
    bell->waiter = waiter;
    bell_pending = bell;
    if (bells_inside != 0) {
        bells_inside--;
        assert_int_equal(mag_waiter_complete(waiter, 1), 0);
    }
    return long_task_of(MAG_STARTED);
}

static inline void ring(long result)
{
    assert_int_equal(mag_waiter_complete(bell_pending->waiter, (uint64_t)result), 0);
}

static inline int reset_bells(void **state)
{
    (void)state;
    bell_pending = NULL;
    bells_begun = 0;
    bells_at_once = 0;
    bells_inside = 0;
    bell_error = 0;
    return 0;
}

#endif
