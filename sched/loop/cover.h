/*
 * cover.h - the values of a row of leaves, combined as far as a fixed tree allows.
 * Private to sched/loop/.
 *
 * The tree.  A node of level k stands for 2^k leaves, of which the first one's number is
 * a multiple of 2^k.  Its children are the two nodes of level k - 1 for the halves.  The
 * tree depends on no row: each row of leaves without a gap is covered by nodes of it, and
 * a cover is a list of the largest ones.  A leaf that is pushed is combined with its
 * sibling, if that is the last one of the list, their parent with its sibling, and so on.
 *
 * A list has at most two nodes of each level: levels rise, and fall again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LOOP_COVER_H
#define SCHED_LOOP_COVER_H

#include <magpie/reduce.h>

struct mag_cover_node {
    size_t first; /* leaf */
    unsigned level;
};

/* The nodes of a list and one more, which is being made. */
enum { MAG_COVER_NODES = 2 * 64 + 1 };

struct mag_cover {
    const struct mag_reduction *reduction;
    size_t count;
    struct mag_cover_node nodes[MAG_COVER_NODES];
    /* The values follow, in cache lines of their own. */
} __attribute__((aligned(64)));

/* Bytes of a cover of any row of `leaves` leaves. */
static inline size_t mag_cover_size(const struct mag_reduction *reduction, size_t leaves)
{
    size_t levels = leaves < 2 ? 1 : 65 - (size_t)__builtin_clzll(leaves - 1);

    return sizeof(struct mag_cover) + (2 * levels + 1) * reduction->size;
}

static inline void mag_cover_init(struct mag_cover *cover,
                                  const struct mag_reduction *reduction)
{
    cover->reduction = reduction;
    cover->count = 0;
}

static inline void *mag_cover_at(struct mag_cover *cover, size_t index)
{
    return (char *)(cover + 1) + index * cover->reduction->size;
}

/* Where to make the value of the node that is pushed next. */
static inline void *mag_cover_next(struct mag_cover *cover)
{
    return mag_cover_at(cover, cover->count);
}

/* Combines the last two nodes. */
static inline void mag_cover_join(struct mag_cover *cover)
{
    cover->count--;
    cover->reduction->combine(mag_cover_at(cover, cover->count - 1),
                              mag_cover_at(cover, cover->count));
}

/* Pushes the node whose value is at mag_cover_next. */
static inline void mag_cover_push(struct mag_cover *cover, size_t first, unsigned level)
{
    struct mag_cover_node *nodes = cover->nodes;

    nodes[cover->count++] = (struct mag_cover_node){first, level};
    while (cover->count > 1) {
        struct mag_cover_node *left = &nodes[cover->count - 2];

        if (left->level != nodes[cover->count - 1].level ||
            (left->first >> left->level) % 2)
            return;
        mag_cover_join(cover);
        left->level++;
    }
}

/* Puts the cover of the row that follows behind. */
static inline void mag_cover_append(struct mag_cover *cover, struct mag_cover *later)
{
    for (size_t i = 0; i < later->count; i++) {
        memcpy(mag_cover_next(cover), mag_cover_at(later, i), cover->reduction->size);
        mag_cover_push(cover, later->nodes[i].first, later->nodes[i].level);
    }
}

/* The value of a whole row, which is not empty: combines its nodes from the last one to
 * the first one. */
static inline void *mag_cover_total(struct mag_cover *cover)
{
    while (cover->count > 1)
        mag_cover_join(cover);
    return mag_cover_at(cover, 0);
}

#endif
