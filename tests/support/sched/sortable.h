/*
 * sortable.h - what tests of sorts share: items that remember where they were, arrays of
 * several shapes, and the checks of a result.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_SORTABLE_H
#define TESTS_SUPPORT_SCHED_SORTABLE_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/sort.h>
#include <stdlib.h>
#include <string.h>

/* How the keys of an array lie. */
enum sortable_shape {
    SORTABLE_RANDOM,
    SORTABLE_FEW,   /* a few different ones */
    SORTABLE_EQUAL, /* all are the same */
    SORTABLE_RISING,
    SORTABLE_FALLING,
    SORTABLE_NEARLY, /* rising, but for one in a hundred */
    SORTABLE_TAIL,   /* rising, and random ones behind */
    SORTABLE_ORGAN,  /* rising, then falling */
    SORTABLE_SAW,    /* rising, again and again */
    SORTABLE_TURNED, /* rising, but the first third is the last one */
    SORTABLE_LOOSE,  /* each near its place */
    SORTABLE_MASKED, /* random, but for those that the sort samples first */
    SORTABLE_SHAPES
};

static inline uint32_t sortable_key(enum sortable_shape shape, size_t i, size_t count,
                                    uint64_t *random)
{
    switch (shape) {
    case SORTABLE_RANDOM:
    case SORTABLE_SHAPES:
        return (uint32_t)test_random(random);
    case SORTABLE_FEW:
        return test_random_below(random, 7);
    case SORTABLE_EQUAL:
        return 5;
    case SORTABLE_RISING:
        return (uint32_t)i;
    case SORTABLE_FALLING:
        return (uint32_t)(count - i);
    case SORTABLE_NEARLY:
        return test_random_below(random, 100) != 0
                   ? (uint32_t)i
                   : test_random_below(random, (unsigned)count);
    case SORTABLE_TAIL:
        return i < count - count / 20 ? (uint32_t)i
                                      : test_random_below(random, (unsigned)count);
    case SORTABLE_ORGAN:
        return (uint32_t)(i < count / 2 ? i : count - i);
    case SORTABLE_SAW:
        return (uint32_t)(i % 300);
    case SORTABLE_TURNED:
        return (uint32_t)((i + count / 3) % count);
    case SORTABLE_LOOSE:
        return (uint32_t)i + test_random_below(random, 40);
    case SORTABLE_MASKED:
        return count >= 96 && i % (count / 32) == count / 32 / 3
                   ? (uint32_t)i
                   : test_random_below(random, (unsigned)count);
    }
    return 0;
}

/* A size from 0 up to `most`: small, near a border of the sort, or any. */
static inline size_t sortable_size(uint64_t *random, size_t most)
{
    static const size_t borders[] = {2,  4,   8,   12,  16,   20,   21,   64,   65,
                                     66, 128, 256, 512, 4096, 8192, 8207, 16384};
    size_t border =
        borders[test_random_below(random, sizeof(borders) / sizeof(*borders))];
    size_t size = 0;

    switch (test_random_below(random, 3)) {
    case 0:
        size = test_random_below(random, 100);
        break;
    case 1:
        size = border + test_random_below(random, 3) - 1;
        break;
    default:
        size = test_random_below(random, (unsigned)most + 1);
        break;
    }
    return size <= most ? size : most;
}

/* Tests of an item type that has the members `key` and `at`. */
#define SORTABLE(type)                                                           \
    static inline void type##s_fill(struct type *items, size_t count,            \
                                    enum sortable_shape shape, uint64_t *random) \
    {                                                                            \
        memset(items, 0, count * sizeof(*items));                                \
        for (size_t i = 0; i < count; i++) {                                     \
            items[i].key =                                                       \
                (__typeof__(items->key))sortable_key(shape, i, count, random);   \
            items[i].at = (uint32_t)i;                                           \
        }                                                                        \
    }                                                                            \
    /* Asserts that the items are those of type##s_fill, in order. */            \
    static inline void type##s_sorted(const struct type *items, size_t count,    \
                                      bool stable)                               \
    {                                                                            \
        uint8_t *seen = calloc(count + 1, 1);                                    \
                                                                                 \
        assert_non_null(seen);                                                   \
        for (size_t i = 0; i < count; i++) {                                     \
            assert_true(items[i].at < count && seen[items[i].at] == 0);          \
            seen[items[i].at] = 1;                                               \
            if (i == 0)                                                          \
                continue;                                                        \
            assert_true(items[i - 1].key <= items[i].key);                       \
            if (stable && items[i - 1].key == items[i].key)                      \
                assert_true(items[i - 1].at < items[i].at);                      \
        }                                                                        \
        free(seen);                                                              \
    }

#endif
