/*
 * merge.c - the stable sort: halves are sorted at the same time, and merged by several
 * threads.
 *
 * Items move between the array and the scratch at each level.  A half that is merged
 * into one of them is sorted into the other.
 *
 * A merge is cut where its result has its middle: a binary search finds how much of each
 * run comes before (C. Siebert, J. L. Traeff: Perfectly load-balanced, optimal, stable,
 * parallel merge, arXiv 1303.4312).  So pieces have the same length, however the items of
 * the two runs alternate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/sort/sorter.h"

/* So many items are merged by one thread. */
enum { MERGE_ALONE = 16384 };

/* Two runs.  As small as this, with the sorter they fit into a child's slot. */
struct runs {
    char *a;
    size_t a_count;
    char *b;
    size_t b_count;
    char *to;
};

/* How many items of `a` are among the first `count` of the merged runs. */
static size_t share_of_a(const struct mag_sorter *sorter, const struct runs *runs,
                         size_t count)
{
    size_t low = count > runs->b_count ? count - runs->b_count : 0;
    size_t high = count < runs->a_count ? count : runs->a_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *a = runs->a + middle * sorter->size;
        const char *b = runs->b + (count - middle - 1) * sorter->size;

        if (mag_sorter_less(sorter, b, a))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void merge_alone(const struct mag_sorter *sorter, const struct runs *runs)
{
    const struct mag_sort_call *call = sorter->call;
    size_t size = sorter->size;
    struct mag_sort_runs whole = {
        .a = runs->a,
        .a_end = runs->a + runs->a_count * size,
        .b = runs->b,
        .b_end = runs->b + runs->b_count * size,
        .to = runs->to,
        .to_end = runs->to + (runs->a_count + runs->b_count) * size,
    };

    call->kind->merge(&whole, call->order);
}

/* A child that ends its thread returns false, as all that is returned then is zero. */
MAG_FORKABLE(bool, merge_runs, const struct mag_sorter *, sorter, struct runs, runs)

/* NOLINTNEXTLINE(misc-no-recursion): log(items) deep. */
static bool merge_runs(mag_fork w, const struct mag_sorter *sorter, struct runs runs)
{
    size_t count = runs.a_count + runs.b_count;
    struct runs last = runs;

    if (count <= MERGE_ALONE) {
        merge_alone(sorter, &runs);
        return true;
    }
    runs.a_count = share_of_a(sorter, &runs, count / 2);
    runs.b_count = count / 2 - runs.a_count;
    last.a += runs.a_count * sorter->size;
    last.a_count -= runs.a_count;
    last.b += runs.b_count * sorter->size;
    last.b_count -= runs.b_count;
    last.to += count / 2 * sorter->size;

    struct merge_runs_child child = merge_runs_fork(&w, sorter, last);
    bool first = merge_runs(w, sorter, runs);
    return merge_runs_join(&w, child) && first;
}

/* Items, where they are now, and where else they may go. */
struct half {
    char *items;
    char *scratch;
    size_t count;
    bool into_scratch;
};

static void sort_alone(const struct mag_sorter *sorter, const struct half *half)
{
    const struct mag_sort_call *call = sorter->call;

    if (call->leaf != NULL)
        call->leaf(half->items, half->count, call->order);
    else
        call->kind->sort_stable(half->items, half->scratch, half->count, call->order);
    if (half->into_scratch)
        memcpy(half->scratch, half->items, half->count * sorter->size);
}

MAG_FORKABLE(bool, sort_half, const struct mag_sorter *, sorter, struct half, half)

/* NOLINTNEXTLINE(misc-no-recursion): log(items) deep. */
static bool sort_half(mag_fork w, const struct mag_sorter *sorter, struct half half)
{
    size_t count = half.count / 2;
    size_t bytes = count * sorter->size;

    if (half.count <= sorter->leaf) {
        sort_alone(sorter, &half);
        return true;
    }

    struct half first = {half.items, half.scratch, count, !half.into_scratch};
    struct half second = {half.items + bytes, half.scratch + bytes, half.count - count,
                          !half.into_scratch};
    struct sort_half_child child = sort_half_fork(&w, sorter, second);

    bool first_done = sort_half(w, sorter, first);
    if (MAG_UNLIKELY(!sort_half_join(&w, child) || !first_done))
        return false;

    char *from = half.into_scratch ? half.items : half.scratch;
    char *to = half.into_scratch ? half.scratch : half.items;
    return merge_runs(w, sorter,
                      (struct runs){from, count, from + bytes, half.count - count, to});
}

bool mag_sorter_merge(mag_fork w, const struct mag_sorter *sorter)
{
    const struct mag_sort_call *call = sorter->call;

    return sort_half(w, sorter,
                     (struct half){call->items, sorter->scratch, call->count, false});
}
