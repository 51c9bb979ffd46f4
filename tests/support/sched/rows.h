/*
 * rows.h - values that know which indices they stand for, for tests of reductions and
 * scans: put together in another order, or with one left out, they are wrong for good.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_ROWS_H
#define TESTS_SUPPORT_SCHED_ROWS_H

#include "tests/support/run.h"

#include <magpie/loop.h>
#include <pthread.h>

enum { TEST_ROW_EMPTY = 0, TEST_ROW = 1, TEST_ROW_WRONG = 2 };

/* Zeroed: no index. */
struct test_row {
    size_t begin;
    size_t end;
    uint64_t state;
};

/* Puts the indices of `later` behind those of `row`. */
static inline void test_row_join(struct test_row *row, const struct test_row *later)
{
    if (later->state == TEST_ROW_EMPTY)
        return;
    if (row->state == TEST_ROW_EMPTY)
        *row = *later;
    else if (row->state != TEST_ROW || later->state != TEST_ROW ||
             row->end != later->begin)
        row->state = TEST_ROW_WRONG;
    else
        row->end = later->end;
}

/* The combine of a reduction or a scan to rows. */
#define TEST_ROW_COMBINE(name)                                                     \
    static void name##_combine(struct test_row *row, const struct test_row *later) \
    {                                                                              \
        test_row_join(row, later);                                                 \
    }

static inline void test_row_add(struct test_row *row, struct mag_range range)
{
    struct test_row later = {range.begin, range.end, TEST_ROW};

    test_row_join(row, &later);
}

/* As a leaf or a fold that ends its thread at an index. */
static inline int test_row_end_at(struct test_row *row, struct mag_range range, size_t at)
{
    test_row_add(row, range);
    if (range.begin <= at && at < range.end)
        pthread_exit(NULL);
    return 0;
}

/* The options of one of many calls: grains and limits at random, also none. */
static inline struct mag_for_options test_row_options(uint32_t call, uint64_t *random)
{
    struct mag_for_options options = {
        .grain = call % 5 < 2 ? 0 : test_random(random) % 100 + 1,
        .limit = test_random_below(random, 4)};

    return options;
}

/* Whether the row is that of these indices. */
static inline bool test_row_is(const struct test_row *row, size_t begin, size_t end)
{
    if (begin == end)
        return row->state == TEST_ROW_EMPTY;
    return row->state == TEST_ROW && row->begin == begin && row->end == end;
}

#endif
