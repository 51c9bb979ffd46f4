/*
 * divide.c - dividing a segment around a pivot by several threads.
 *
 * The segment is cut into pieces of one length.  Each is divided by itself; then the
 * number of low items is known, and with it the border.  Low items behind the border are
 * exchanged with as many high items before it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/sort/sorter.h"

#include <magpie/loop.h>

enum {
    PIECES = 64,
    /* A piece has at least so many items. */
    PIECE_LEAST = 2048,
};

/* Items of a piece that are on the wrong side of the border. */
struct stray {
    size_t begin;
    size_t count;
};

/* As many low items as high ones. */
struct exchange {
    size_t low;
    size_t high;
    size_t count;
};

struct division {
    const struct mag_sorter *sorter;
    char *items;
    size_t count;
    const char *pivot;
    bool equal;
    size_t pieces;
    size_t length;       /* of a piece; the last one may be shorter */
    size_t lows[PIECES]; /* in each piece */
    size_t border;       /* low items in all */
    struct exchange exchanges[2 * PIECES];
    size_t exchange_count;
};

static size_t piece_length(const struct division *division, size_t piece)
{
    size_t begin = piece * division->length;

    return division->count - begin < division->length ? division->count - begin
                                                      : division->length;
}

static int divide_pieces(struct mag_range range, uint32_t slot, void *arg)
{
    struct division *division = arg;
    const struct mag_sort_call *call = division->sorter->call;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        division->lows[i] = call->kind->divide(
            division->items + i * division->length * division->sorter->size,
            piece_length(division, i), division->pivot, division->equal, call->order);
    return 0;
}

static int run_exchanges(struct mag_range range, uint32_t slot, void *arg)
{
    const struct division *division = arg;
    size_t size = division->sorter->size;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++) {
        const struct exchange *exchange = &division->exchanges[i];

        mag_sorter_exchange(division->items + exchange->low * size,
                            division->items + exchange->high * size,
                            exchange->count * size);
    }
    return 0;
}

/* The low items of a piece that are behind the border. */
static struct stray stray_lows(const struct division *division, size_t piece)
{
    size_t begin = piece * division->length;
    size_t end = begin + division->lows[piece];

    if (begin < division->border)
        begin = division->border;
    return (struct stray){begin, end > begin ? end - begin : 0};
}

/* The high items of a piece that are before it. */
static struct stray stray_highs(const struct division *division, size_t piece)
{
    size_t begin = piece * division->length + division->lows[piece];
    size_t end = piece * division->length + piece_length(division, piece);

    if (end > division->border)
        end = division->border;
    return (struct stray){begin, end > begin ? end - begin : 0};
}

/* Pairs the strays.  An exchange ends with a stray of either kind, so twice as many as
 * pieces are enough. */
static void pair_strays(struct division *division)
{
    struct stray low = {0, 0};
    struct stray high = {0, 0};
    size_t low_piece = 0;
    size_t high_piece = 0;

    division->exchange_count = 0;
    for (;;) {
        while (low.count == 0 && low_piece < division->pieces)
            low = stray_lows(division, low_piece++);
        while (high.count == 0 && high_piece < division->pieces)
            high = stray_highs(division, high_piece++);
        if (low.count == 0 || high.count == 0)
            return;
        size_t count = low.count < high.count ? low.count : high.count;
        division->exchanges[division->exchange_count++] =
            (struct exchange){low.begin, high.begin, count};
        low = (struct stray){low.begin + count, low.count - count};
        high = (struct stray){high.begin + count, high.count - count};
    }
}

static void cut_into_pieces(struct division *division)
{
    size_t pieces = division->count / PIECE_LEAST;

    if (pieces > PIECES)
        pieces = PIECES;
    if (pieces == 0)
        pieces = 1;
    division->length = (division->count + pieces - 1) / pieces;
    division->pieces = (division->count + division->length - 1) / division->length;
}

size_t mag_sorter_divide(mag_fork w, const struct mag_sorter *sorter,
                         const struct mag_sort_segment *segment, const char *pivot,
                         bool equal)
{
    struct division division = {.sorter = sorter,
                                .items = segment->items,
                                .count = segment->count,
                                .pivot = pivot,
                                .equal = equal};
    struct mag_for_options one_by_one = {.grain = 1};

    cut_into_pieces(&division);
    /* No body returns an error, and nobody asks a loop to stop: if one fails, a thread
     * has ended. */
    int error =
        mag_for_in(w, &one_by_one, NULL, 0, division.pieces, divide_pieces, &division);
    if (MAG_UNLIKELY(error != 0))
        return MAG_SORTER_LOST;
    for (size_t i = 0; i < division.pieces; i++)
        division.border += division.lows[i];
    pair_strays(&division);
    error = mag_for_in(w, &one_by_one, NULL, 0, division.exchange_count, run_exchanges,
                       &division);
    return MAG_UNLIKELY(error != 0) ? MAG_SORTER_LOST : division.border;
}
