/*
 * channel_cells.h - where the items of a channel lie: segments of cells, and cursors over
 * them.  Private to vtask/flow/.
 *
 * A channel of limited capacity has one segment, which follows itself: a ring.  The
 * segments of an unbounded channel come from a pool, and the last one has no next one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_CHANNEL_CELLS_H
#define VTASK_FLOW_CHANNEL_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mag_segment {
    struct mag_segment *next; /* written by the sending end, before an item is there */
    uint64_t reserved;        /* so that the cells are aligned to 16 bytes */
};

/* A place in a segment.  Both ends turn to the next segment when they need its first
 * cell, not before: the receiving end then finds it, as there is an item in it; and it
 * leaves no segment behind where the sending end still is. */
struct mag_cursor {
    struct mag_segment *segment;
    uint32_t index;   /* of the cell */
    uint32_t cells;   /* of a segment */
    size_t item_size; /* and so from one cell to the next */
};

static inline void *mag_cursor_cell(const struct mag_cursor *cursor)
{
    return (char *)(cursor->segment + 1) + cursor->index * cursor->item_size;
}

/* Takes the cursor behind the last cell of its segment to the next segment.  Returns the
 * segment that is left behind, or NULL: it is the same one, a ring. */
static inline struct mag_segment *mag_cursor_turn(struct mag_cursor *cursor)
{
    struct mag_segment *left = cursor->segment;

    cursor->segment = left->next;
    cursor->index = 0;
    return cursor->segment != left ? left : NULL;
}

/* Whether the sending end must turn before it has a cell, and whether it cannot: there is
 * no next segment yet. */
static inline bool mag_cursor_is_spent(const struct mag_cursor *cursor)
{
    return cursor->index == cursor->cells;
}

static inline bool mag_cursor_is_stuck(const struct mag_cursor *cursor)
{
    return mag_cursor_is_spent(cursor) && cursor->segment->next == NULL;
}

/* Copies an item; most are words. */
static inline void mag_item_copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else
        memcpy(to, from, size);
}

#endif
