/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include <magpie/pool.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert(sizeof(struct mag_segment) % 16 == 0, "cells are aligned to 16 bytes");

/* A segment of an unbounded channel has about so many bytes, and at least so many
 * cells. */
enum { SEGMENT_BYTES = 4096, SEGMENT_CELLS_MIN = 8 };

static uint32_t cells_of(size_t item_size)
{
    size_t cells = (SEGMENT_BYTES - sizeof(struct mag_segment)) / item_size;

    return (uint32_t)(cells > SEGMENT_CELLS_MIN ? cells : SEGMENT_CELLS_MIN);
}

/*
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (segments) -> take_segment (segments) : the pool
 */
static MAG_COLD struct mag_pool *make_segment_pool(struct mag_channel_type *type)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size =
        sizeof(struct mag_segment) + cells_of(type->item_size) * (size_t)type->item_size;
    return mag_pool_publish(&type->segments, &config);
}

static int take_segment(struct mag_channel_type *type, struct mag_segment **ret_segment)
{
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&type->segments, memory_order_acquire);
    void *object;

    if (MAG_UNLIKELY(pool == NULL))
        pool = make_segment_pool(type);
    if (MAG_UNLIKELY(pool == NULL || mag_pool_take(pool, &object) != 0))
        return -ENOMEM;
    *ret_segment = object;
    (*ret_segment)->next = NULL;
    return 0;
}

void mag_segments_give(struct mag_channel *channel, struct mag_segment *segment)
{
    while (segment != NULL) {
        struct mag_segment *next = segment->next;
        /* relaxed: the segment came from this pool, so the pool's address is visible. */
        mag_pool_give(
            atomic_load_explicit(&channel->type->segments, memory_order_relaxed),
            segment);
        segment = next;
    }
}

/* ---------------------------------------------------------------------- channels */

static int make_ring(const struct mag_channel *channel, struct mag_segment **ret_ring)
{
    size_t bytes;

    if (channel->ends.tail.capacity > UINT32_MAX ||
        __builtin_mul_overflow((size_t)channel->ends.tail.capacity, channel->item_size,
                               &bytes) ||
        bytes > SIZE_MAX / 2)
        return -ENOMEM;
    *ret_ring = malloc(sizeof(struct mag_segment) + bytes);
    if (*ret_ring == NULL)
        return -ENOMEM;
    (*ret_ring)->next = *ret_ring;
    return 0;
}

static int make_cells(struct mag_channel *channel, struct mag_cursor *ret_cursor)
{
    bool is_ring = channel->ends.tail.capacity != MAG_CHANNEL_UNBOUNDED;
    struct mag_segment *first = NULL;
    int r = is_ring ? make_ring(channel, &first) : take_segment(channel->type, &first);

    if (r == 0)
        *ret_cursor =
            (struct mag_cursor){.segment = first,
                                .cells = is_ring ? (uint32_t)channel->ends.tail.capacity
                                                 : cells_of(channel->item_size),
                                .item_size = channel->item_size};
    return r;
}

static void free_cells(struct mag_channel *channel, struct mag_segment *first)
{
    if (channel->ends.tail.capacity != MAG_CHANNEL_UNBOUNDED)
        free(first);
    else
        mag_segments_give(channel, first);
}

int mag_segments_make(struct mag_channel *channel)
{
    int r = 0;

    if (!channel->has_levels) {
        r = make_cells(channel, &channel->ends.tail.cursor);
        channel->ends.head.cursor = channel->ends.tail.cursor;
        return r;
    }
    for (unsigned level = 0; level < MAG_CHANNEL_LEVELS && r == 0; level++) {
        struct mag_lane *lane = &channel->lanes[level];
        r = make_cells(channel, &lane->tail);
        lane->head = lane->tail;
    }
    if (r < 0)
        mag_segments_free(channel);
    return r;
}

void mag_segments_free(struct mag_channel *channel)
{
    free_cells(channel, channel->ends.head.cursor.segment);
    for (unsigned level = 0; level < MAG_CHANNEL_LEVELS; level++)
        free_cells(channel, channel->lanes[level].head.segment);
}

MAG_COLD int mag_segments_add(struct mag_channel *channel, struct mag_cursor *cursor)
{
    struct mag_segment *segment;
    int r = take_segment(channel->type, &segment);

    if (r < 0)
        return r;
    mag_end_lock(&channel->ends.tail);
    if (mag_cursor_is_stuck(cursor)) {
        cursor->segment->next = segment;
        segment = NULL;
    }
    mag_spin_unlock(&channel->ends.tail.lock);
    /* Another sender was faster. */
    mag_segments_give(channel, segment);
    return 0;
}
