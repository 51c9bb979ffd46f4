/*
 * loop_2d.c - loops over blocks: loops over the numbers of pairs.
 *
 * The pairs of a row and a column are numbered so that every range of numbers consists of
 * a few blocks: the whole is cut in two across its longer edge, the first half has the
 * smaller numbers, and so on with each half.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/loop_2d.h>

#include <errno.h>

/* Columns are cut at multiples of this, so that vectors of numbers stay whole. */
enum { COLUMNS = 16 };

struct blocks {
    struct mag_block whole;
    mag_for_block_body body;
    void *arg;
};

/* A part of the whole, and the numbers in it that are wanted, from 0. */
struct piece {
    struct mag_block block;
    size_t begin;
    size_t end;
};

static size_t length(struct mag_range range)
{
    return range.end - range.begin;
}

static size_t pairs_of(struct mag_block block)
{
    return length(block.rows) * length(block.columns);
}

/* Where to cut a range of at least two. */
static size_t middle_of(struct mag_range range, size_t unit)
{
    size_t half = length(range) / 2;

    return range.begin + (half > unit ? half / unit * unit : half);
}

static void cut(struct mag_block block, struct mag_block ret_halves[2])
{
    ret_halves[0] = ret_halves[1] = block;
    if (length(block.rows) >= length(block.columns))
        ret_halves[0].rows.end = ret_halves[1].rows.begin = middle_of(block.rows, 1);
    else
        ret_halves[0].columns.end = ret_halves[1].columns.begin =
            middle_of(block.columns, COLUMNS);
}

/* Calls the body for the wanted numbers of a piece. */
/* NOLINTNEXTLINE(misc-no-recursion): log(pairs) deep. */
static int walk(const struct blocks *blocks, struct piece piece, uint32_t slot)
{
    struct mag_block halves[2];
    int error = 0;

    if (piece.end - piece.begin == pairs_of(piece.block))
        return blocks->body(piece.block, slot, blocks->arg);
    cut(piece.block, halves);
    size_t first = pairs_of(halves[0]);
    if (piece.begin < first) {
        size_t end = piece.end < first ? piece.end : first;

        error = walk(blocks, (struct piece){halves[0], piece.begin, end}, slot);
    }
    if (error == 0 && piece.end > first) {
        size_t begin = piece.begin > first ? piece.begin - first : 0;

        error = walk(blocks, (struct piece){halves[1], begin, piece.end - first}, slot);
    }
    return error;
}

static int walk_blocks(struct mag_range range, uint32_t slot, void *arg)
{
    const struct blocks *blocks = arg;

    return walk(blocks, (struct piece){blocks->whole, range.begin, range.end}, slot);
}

/* How many pairs there are.  False: too many, or a range is reversed. */
static bool count_pairs(struct mag_block whole, size_t *ret_pairs)
{
    return whole.rows.begin <= whole.rows.end &&
           whole.columns.begin <= whole.columns.end &&
           !__builtin_mul_overflow(length(whole.rows), length(whole.columns), ret_pairs);
}

int mag_for_2d(struct mag_sched *sched, const struct mag_for_options *options,
               struct mag_block whole, mag_for_block_body body, void *arg)
{
    struct blocks blocks = {whole, body, arg};
    size_t pairs;

    if (!count_pairs(whole, &pairs))
        return -EINVAL;
    return mag_for_with(sched, options, NULL, 0, pairs, walk_blocks, &blocks);
}

int mag_for_2d_in(mag_fork w, const struct mag_for_options *options,
                  struct mag_block whole, mag_for_block_body body, void *arg)
{
    struct blocks blocks = {whole, body, arg};
    size_t pairs;

    if (!count_pairs(whole, &pairs))
        return -EINVAL;
    return mag_for_in(w, options, NULL, 0, pairs, walk_blocks, &blocks);
}
