/*
 * shelf.h - the random numbers of a test that plays random calls on one thread, and an
 * executor that keeps jobs until the test runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_SHELF_H
#define TESTS_SUPPORT_VTASK_SHELF_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/executor.h>

enum { POSTED = 128 };

static uint64_t random_state;

static inline unsigned below(unsigned limit)
{
    return test_random_below(&random_state, limit);
}

static struct mag_job *posted[POSTED];
static unsigned posted_count;

static inline int post(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    assert_true(posted_count < POSTED);
    posted[posted_count++] = job;
    return 0;
}

/* Always the current executor, so that no continuation runs inside a call. */
static struct mag_executor shelf = {post};

static inline void run_posted(void)
{
    while (posted_count != 0) {
        struct mag_job *job = posted[--posted_count];
        job->run(job);
    }
}

#endif
