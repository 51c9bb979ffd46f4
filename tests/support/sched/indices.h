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
