/*
 * line.h - what semaphores, locks, events and latches have in common: a value, and a line
 * of those that wait for it; the fast halves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LINE_H
#define MAGPIE_DETAIL_LINE_H

#include <magpie/detail/atomic.h>
#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

struct mag_line_place;

/*
 * A value and the line of those that wait for it.  docs/design/sync.md has the protocol.
 *
 * The word `state` holds the value, from bit 2 up, and two bits.  While neither bit is
 * set a compare-and-swap changes the value.  Otherwise the thread that has set LOCKED
 * does.
 *
 * Ownership
 *   [A] any thread   [L] the thread that has set LOCKED
 *
 * Edges: release end -> acquire end : what crosses
 *   value  mag_line_give, mag_line_take, unlock (state) -> the same (state) : what the
 *          thread did before it changed the value
 *   lock   unlock (state) -> lock (state) : what is [L], and the waiters' links
 */
struct mag_line {
    MAG_ATOMIC(uint32_t) state;   /* [A] */
    struct mag_line_place *first; /* [L] the oldest */
    struct mag_line_place *last;  /* [L] */
};

enum { MAG_LINE_LOCKED = 1, MAG_LINE_WAITED = 2, MAG_LINE_BITS = 3, MAG_LINE_SHIFT = 2 };

/* Every value is smaller. */
#define MAG_LINE_VALUES (UINT32_C(1) << 30)

/* The initialiser of a line in which nobody waits. */
#define MAG_LINE_INIT(value)                          \
    {                                                 \
        (value) << MAG_LINE_SHIFT, MAG_NULL, MAG_NULL \
    }

/*
 * A pure function from values to values.  `amount` is what a waiter wants, or a giver
 * gives.  False: the value does not allow that.
 */
typedef bool (*mag_line_rule)(uint32_t *value, uint32_t amount);

/* What the fast halves found. */
enum mag_line_answer {
    MAG_LINE_NO,   /* the value does not allow it */
    MAG_LINE_YES,  /* it is done */
    MAG_LINE_SLOW, /* somebody waits, or has the lock: call the slow half */
};

/* The value, at this moment. */
MAG_INLINE uint32_t mag_line_value(const struct mag_line *line)
{
    /* value, acquire: what the thread that changed it did before is visible. */
    return MAG_LOAD(&line->state, acquire) >> MAG_LINE_SHIFT;
}

/* Takes what a waiter wants, if nobody waits.  A rule that changes nothing costs a
 * load. */
MAG_INLINE_ALWAYS enum mag_line_answer mag_line_take(struct mag_line *line,
                                                     mag_line_rule rule, uint32_t wants)
{
    /* value, acquire: for a rule that changes nothing. */
    uint32_t state = MAG_LOAD(&line->state, acquire);

    for (;;) {
        uint32_t value = state >> MAG_LINE_SHIFT;

        if (MAG_UNLIKELY((state & MAG_LINE_BITS) != 0))
            return MAG_LINE_SLOW;
        if (MAG_UNLIKELY(!rule(&value, wants)))
            return MAG_LINE_NO;
        if (value == state >> MAG_LINE_SHIFT)
            return MAG_LINE_YES;
        /* value, both halves: what came before the present value is visible; what this
         * thread did precedes the next. */
        if (MAG_LIKELY(MAG_SWAP(&line->state, &state, value << MAG_LINE_SHIFT)))
            return MAG_LINE_YES;
    }
}

/* Changes the value, if nobody waits.  Writes also a value that stays what it is: what
 * the giver did precedes the next take. */
MAG_INLINE_ALWAYS enum mag_line_answer mag_line_give(struct mag_line *line,
                                                     mag_line_rule rule, uint32_t amount)
{
    /* relaxed: the swap decides. */
    uint32_t state = MAG_LOAD(&line->state, relaxed);

    for (;;) {
        uint32_t value = state >> MAG_LINE_SHIFT;

        if (MAG_UNLIKELY((state & MAG_LINE_BITS) != 0))
            return MAG_LINE_SLOW;
        if (MAG_UNLIKELY(!rule(&value, amount)))
            return MAG_LINE_NO;
        /* value, both halves: as in mag_line_take. */
        if (MAG_LIKELY(MAG_SWAP(&line->state, &state, value << MAG_LINE_SHIFT)))
            return MAG_LINE_YES;
    }
}

/* Changes the value from `before` to `after` in one step, if nobody waits.  False: the
 * value is another one, or for no reason; then take, give or call the slow half. */
MAG_INLINE_ALWAYS bool mag_line_step(struct mag_line *line, uint32_t before,
                                     uint32_t after)
{
    uint32_t state = before << MAG_LINE_SHIFT;

    /* value, both halves: as in mag_line_take. */
    return MAG_SWAP(&line->state, &state, after << MAG_LINE_SHIFT);
}

MAG_EXTERN_C_END

#endif
