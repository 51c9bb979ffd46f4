/*
 * indices.h - what tests of loops share: how often each index was given to a body.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_INDICES_H
#define TESTS_SUPPORT_SCHED_INDICES_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/loop.h>

enum { TEST_INDICES_MAX = 4096 };

/* Indices from `first` on.  A range with an index in `bad` fails. */
struct indices {
    size_t first;
    size_t count;
    _Atomic(uint8_t) seen[TEST_INDICES_MAX];
    bool bad[TEST_INDICES_MAX];
    int error;
};

static inline void indices_init(struct indices *indices, size_t first, size_t count)
{
    indices->first = first;
    indices->count = count;
    indices->error = -EIO;
    for (size_t i = 0; i < TEST_INDICES_MAX; i++) {
        atomic_init(&indices->seen[i], 0);
        indices->bad[i] = false;
    }
}

static inline void indices_see(struct indices *indices, size_t index)
{
    /* relaxed: a counter, read after the loop. */
    (void)atomic_fetch_add_explicit(&indices->seen[index - indices->first], 1,
                                    memory_order_relaxed);
}

/* A body. */
static inline int indices_walk(struct mag_range range, uint32_t slot, void *arg)
{
    struct indices *indices = arg;
    int error = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        indices_see(indices, i);
        if (indices->bad[i - indices->first])
            error = indices->error;
    }
    return error;
}

/* How often the index was seen. */
static inline unsigned indices_seen(const struct indices *indices, size_t index)
{
    /* relaxed: the loop is over. */
    return atomic_load_explicit(&indices->seen[index - indices->first],
                                memory_order_relaxed);
}

/* Marks some indices as bad, at random; returns the first of them. */
static inline size_t indices_spoil(struct indices *indices, unsigned some,
                                   uint64_t *random)
{
    size_t first = indices->count;

    while (some-- > 0) {
        size_t at = test_random_below(random, (unsigned)indices->count);

        indices->bad[at] = true;
        first = at < first ? at : first;
    }
    return first;
}

/* Whether a loop over indices from 0 on has ended as it must: with the first error in the
 * order of indices, if any, and `failed` around it; and each index before the end of
 * `failed` was seen once, no index more often. */
static inline bool indices_are_right(const struct indices *indices, int error,
                                     struct mag_range failed)
{
    size_t first = 0;

    while (first < indices->count && !indices->bad[first])
        first++;
    if (error != (first < indices->count ? indices->error : 0) || failed.begin > first ||
        (error != 0 && failed.end <= first))
        return false;
    for (size_t i = 0; i < indices->count; i++) {
        unsigned seen = indices_seen(indices, i);

        if (seen > 1 || (seen == 0 && i < failed.end))
            return false;
    }
    return true;
}

/* Asserts that each index was seen once. */
static inline void indices_all_once(const struct indices *indices)
{
    for (size_t i = 0; i < TEST_INDICES_MAX; i++)
        assert_int_equal(indices_seen(indices, indices->first + i),
                         i < indices->count ? 1 : 0);
}

/* Asserts that each index before `bound` was seen once, and no index more than once. */
static inline void indices_once_until(const struct indices *indices, size_t bound)
{
    for (size_t i = 0; i < TEST_INDICES_MAX; i++) {
        unsigned seen = indices_seen(indices, indices->first + i);

        if (i < bound - indices->first)
            assert_int_equal(seen, 1);
        else
            assert_true(seen <= 1);
    }
}

#endif
