/*
 * grain.h - how many indices a loop gives to one call of its body, and when it wakes a
 * worker that could help.  Private to sched/.  Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_GRAIN_H
#define SCHED_POLICY_GRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* How long a range takes at most, about. */
    MAG_GRAIN_AIM_NS = 5000,
    /* How many times as large as the last range the next one is at most. */
    MAG_GRAIN_GROWTH = 16,
    /* How many indices the first range has at most, and how many others there are then
     * for each of these and each worker. */
    MAG_GRAIN_BEGIN = 4,
    MAG_GRAIN_OTHERS = 64,
    /* So much work left is worth a wake, and so much work shows how fast a loop is. */
    MAG_GRAIN_WAKE_NS = 50000,
    MAG_GRAIN_SHOWN_NS = 2000,
    /* So much work left is worth an offer, which a worker may take that searches; a
     * shorter time is mostly that of the looks at the clock. */
    MAG_GRAIN_OFFER_NS = 2000,
    MAG_GRAIN_TIMED_NS = 100,
    /* How long a block of a scan takes, and a window with all its blocks, about; how many
     * blocks a window has for each berth, and at least and at most. */
    MAG_GRAIN_BLOCK_NS = 20000,
    MAG_GRAIN_WINDOW_NS = 500000,
    MAG_GRAIN_BERTH_BLOCKS = 4,
    MAG_GRAIN_BLOCKS_MIN = 32,
    MAG_GRAIN_BLOCKS_MAX = 1024,
    /* So many times as large or as small as the last one the next block is at most. */
    MAG_GRAIN_BLOCK_GROWTH = 4,
    /* So many ranges are few; and a range that takes so long is a long one. */
    MAG_GRAIN_FEW = 64,
    MAG_GRAIN_LONG_NS = 500
};

/* The grain after a range of `grain` indices took `took_ns`. */
static inline size_t mag_grain_next(size_t grain, int64_t took_ns)
{
    if (took_ns > MAG_GRAIN_AIM_NS) {
        size_t less = grain / (uint64_t)(took_ns / MAG_GRAIN_AIM_NS);
        return less != 0 ? less : 1;
    }

    uint64_t times = MAG_GRAIN_GROWTH;
    if (took_ns * MAG_GRAIN_GROWTH > MAG_GRAIN_AIM_NS)
        times = (uint64_t)(MAG_GRAIN_AIM_NS / took_ns);
    return grain <= SIZE_MAX / times ? grain * (size_t)times : SIZE_MAX;
}

/* The grain with which a loop of `count` indices begins, before anything is known: a
 * range of so many is a small part of what each worker has to do, however long they
 * take. */
static inline size_t mag_grain_begin(size_t count, uint32_t workers)
{
    size_t each = MAG_GRAIN_OTHERS * (size_t)workers;

    if (count >= MAG_GRAIN_BEGIN * each)
        return MAG_GRAIN_BEGIN;
    return count >= 2 * each ? 2 : 1;
}

/* The grain with which a thief begins, if that of the loop's other part is `grain`: its
 * part may be slower. */
static inline size_t mag_grain_first(size_t grain)
{
    return grain >= MAG_GRAIN_GROWTH ? grain / MAG_GRAIN_GROWTH : 1;
}

/* Whether a range is a long one on an average, if `ranges` took `took_ns`. */
static inline bool mag_grain_is_long(int64_t took_ns, uint32_t ranges)
{
    return took_ns >= (int64_t)ranges * MAG_GRAIN_LONG_NS;
}

/* Whether `left` indices are so few, in ranges of `grain` that are long or not, that each
 * range should be on offer alone. */
static inline bool mag_grain_is_few(size_t left, size_t grain, bool are_long)
{
    return are_long && left / MAG_GRAIN_FEW < grain;
}

/* Whether to wake a worker for the `left` indices, after `done` indices that took
 * `took_ns`. */
static inline bool mag_grain_wants_help(size_t done, int64_t took_ns, size_t left)
{
    return took_ns >= MAG_GRAIN_SHOWN_NS &&
           (double)took_ns / (double)done * (double)left >= MAG_GRAIN_WAKE_NS;
}

/* Whether the `left` indices are worth an offer, after `done` indices that took
 * `took_ns`. */
static inline bool mag_grain_wants_offer(size_t done, int64_t took_ns, size_t left)
{
    return took_ns >= MAG_GRAIN_TIMED_NS &&
           (double)took_ns * (double)left >= (double)done * MAG_GRAIN_OFFER_NS;
}

/* The grain of a loop that offers nothing, after `done` indices, if their time asks for
 * `grain`: no more than were seen, so that first indices that take nothing do not decide
 * for all others. */
static inline size_t mag_grain_alone(size_t grain, size_t done)
{
    size_t most = (size_t)MAG_GRAIN_GROWTH * MAG_GRAIN_BEGIN;

    if (most < done)
        most = done;
    return grain < most ? grain : most;
}

/* Whether a loop offers a part before its first range, of `grain` indices: if this grain
 * is not a small part of what each worker has to do (mag_grain_begin). */
static inline bool mag_grain_offers_first(size_t grain)
{
    return grain < 2;
}

/* How many blocks a window of a scan has, for a scheduler of so many berths. */
static inline size_t mag_grain_blocks(uint32_t berths)
{
    size_t blocks = (size_t)berths * MAG_GRAIN_BERTH_BLOCKS;

    if (blocks < MAG_GRAIN_BLOCKS_MIN)
        return MAG_GRAIN_BLOCKS_MIN;
    return blocks < MAG_GRAIN_BLOCKS_MAX ? blocks : MAG_GRAIN_BLOCKS_MAX;
}

/* The first block of a scan, after `done` indices that took `took_ns`, more than 0. */
static inline size_t mag_grain_block(size_t done, int64_t took_ns)
{
    double block = (double)done / (double)took_ns * MAG_GRAIN_BLOCK_NS;

    if (block < 1)
        return 1;
    return block < (double)(SIZE_MAX / 2) ? (size_t)block : SIZE_MAX / 2;
}

/* The next block, after a window of blocks of `block` indices took `took_ns`. */
static inline size_t mag_grain_block_next(size_t block, int64_t took_ns)
{
    double times = (double)MAG_GRAIN_WINDOW_NS / (double)(took_ns > 0 ? took_ns : 1);

    if (times > MAG_GRAIN_BLOCK_GROWTH)
        times = MAG_GRAIN_BLOCK_GROWTH;
    if (times < 1.0 / MAG_GRAIN_BLOCK_GROWTH)
        times = 1.0 / MAG_GRAIN_BLOCK_GROWTH;
    double next = (double)block * times;
    if (next < 1)
        return 1;
    return next < (double)(SIZE_MAX / 2) ? (size_t)next : SIZE_MAX / 2;
}

#endif
