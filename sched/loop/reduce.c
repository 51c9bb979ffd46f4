/*
 * reduce.c - reductions: loops with values (fold.h).
 *
 * A plain reduction is such a loop as it stands.  A fixed one is such a loop over leaves,
 * whose values are covers (cover.h).  docs/design/reduce.md explains both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/reduce.h>

#include "sched/loop/cover.h"
#include "sched/loop/fold.h"
#include "sched/loop/root.h"

#include <errno.h>
#include <string.h>

/* One call. */
struct reduce {
    const struct mag_for_options *options;
    struct mag_range *ret_failed;
    const struct mag_reduction *reduction;
    void *value; /* the neutral value, until the end */
    void *arg;
    struct mag_range range;
    size_t leaf; /* of a fixed one: indices of a leaf */
    int error;
};

/* -------------------------------------------------------------- plain reductions */

static int reduce_range(struct mag_range range, uint32_t slot, void *value, void *arg)
{
    const struct reduce *reduce = arg;

    return reduce->reduction->leaf(range, slot, value, reduce->arg);
}

static void begin_value(void *value, void *arg)
{
    const struct reduce *reduce = arg;

    memcpy(value, reduce->value, reduce->reduction->size);
}

static void combine_values(void *value, void *later, void *arg)
{
    const struct reduce *reduce = arg;

    reduce->reduction->combine(value, later);
}

static int run_plain(mag_fork w, struct reduce *reduce)
{
    size_t size = reduce->reduction->size;
    void *value = mag_fork_spill(w, size);
    struct mag_fold fold = {.body = reduce_range,
                            .begin = begin_value,
                            .combine = combine_values,
                            .arg = reduce,
                            .value = value,
                            .size = size};

    begin_value(value, reduce);
    int r = mag_fold_in(w, reduce->options, reduce->ret_failed, reduce->range, &fold);
    if (r == 0)
        memcpy(reduce->value, value, size);
    mag_fork_unspill(w, value);
    return r;
}

/* -------------------------------------------------------------- fixed reductions */

static size_t leaf_size(const struct reduce *reduce)
{
    size_t count = reduce->range.end - reduce->range.begin;
    size_t leaf = count / MAG_REDUCE_LEAVES + (count % MAG_REDUCE_LEAVES != 0);

    if (reduce->options != NULL && reduce->options->grain != 0)
        return reduce->options->grain;
    return leaf > MAG_REDUCE_LEAF ? leaf : MAG_REDUCE_LEAF;
}

/* The indices of some leaves. */
static struct mag_range leaves_range(const struct reduce *reduce, struct mag_range leaves)
{
    size_t count = reduce->range.end - reduce->range.begin;
    size_t from = leaves.begin * reduce->leaf;
    /* The product may be larger than the largest number. */
    size_t to = leaves.end <= count / reduce->leaf ? leaves.end * reduce->leaf : count;

    return (struct mag_range){reduce->range.begin + from, reduce->range.begin + to};
}

/* Puts leaves behind a cover. */
static int cover_leaves(struct mag_range leaves, uint32_t slot, void *value, void *arg)
{
    const struct reduce *reduce = arg;
    struct mag_cover *cover = value;
    int r = 0;

    for (size_t leaf = leaves.begin; leaf < leaves.end && r == 0; leaf++) {
        struct mag_range one = {leaf, leaf + 1};
        void *next = mag_cover_next(cover);

        begin_value(next, arg);
        r = reduce->reduction->leaf(leaves_range(reduce, one), slot, next, reduce->arg);
        if (r == 0)
            mag_cover_push(cover, leaf, 0);
    }
    return r;
}

static void begin_cover(void *value, void *arg)
{
    const struct reduce *reduce = arg;

    mag_cover_init(value, reduce->reduction);
}

static void combine_covers(void *value, void *later, void *arg)
{
    (void)arg;
    mag_cover_append(value, later);
}

static int run_fixed(mag_fork w, struct reduce *reduce)
{
    struct mag_for_options options = {0};
    struct mag_range failed = {0, 0};
    struct mag_range leaves = {0, 0};
    size_t count = reduce->range.end - reduce->range.begin;

    if (reduce->options != NULL)
        options = *reduce->options;
    reduce->leaf = leaf_size(reduce);
    options.grain = 1;
    leaves.end = count / reduce->leaf + (count % reduce->leaf != 0);

    size_t size = mag_cover_size(reduce->reduction, leaves.end);
    void *cover = mag_fork_spill(w, size);
    struct mag_fold fold = {.body = cover_leaves,
                            .begin = begin_cover,
                            .combine = combine_covers,
                            .arg = reduce,
                            .value = cover,
                            .size = size};

    begin_cover(cover, reduce);
    int r = mag_fold_in(w, &options, &failed, leaves, &fold);
    if (r == 0 && count != 0)
        memcpy(reduce->value, mag_cover_total(cover), reduce->reduction->size);
    else if (r != 0 && failed.end != 0 && reduce->ret_failed != NULL)
        *reduce->ret_failed = leaves_range(reduce, failed);
    mag_fork_unspill(w, cover);
    return r;
}

/* -------------------------------------------------------------------------- calls */

static int run_reduce(mag_fork w, struct reduce *reduce)
{
    return reduce->reduction->fixed ? run_fixed(w, reduce) : run_plain(w, reduce);
}

static void run_reduce_root(mag_fork w, void *payload)
{
    struct reduce *reduce = payload;

    reduce->error = run_reduce(w, reduce);
}

static int check_reduce(const struct reduce *reduce)
{
    return reduce->range.end < reduce->range.begin || reduce->reduction->size == 0
               ? -EINVAL
               : 0;
}

/* NOLINTNEXTLINE(readability-function-size): a reduction needs them all. */
int mag_reduce_with(struct mag_sched *sched, const struct mag_for_options *options,
                    struct mag_range *ret_failed, const struct mag_reduction *reduction,
                    void *value, size_t begin, size_t end, void *arg)
{
    struct reduce reduce = {options, ret_failed,   reduction, value,
                            arg,     {begin, end}, 0,         0};
    int r = check_reduce(&reduce);

    if (r == 0)
        r = mag_loop_root(sched, run_reduce_root, &reduce);
    if (r == -EOWNERDEAD && ret_failed != NULL)
        *ret_failed = reduce.range;
    return r != 0 ? r : reduce.error;
}

/* NOLINTNEXTLINE(readability-function-size): a reduction needs them all. */
int mag_reduce(struct mag_sched *sched, const struct mag_reduction *reduction,
               void *value, size_t begin, size_t end, void *arg)
{
    return mag_reduce_with(sched, NULL, NULL, reduction, value, begin, end, arg);
}

/* NOLINTNEXTLINE(readability-function-size): a reduction needs them all. */
int mag_reduce_in(mag_fork w, const struct mag_for_options *options,
                  struct mag_range *ret_failed, const struct mag_reduction *reduction,
                  void *value, size_t begin, size_t end, void *arg)
{
    struct reduce reduce = {options, ret_failed,   reduction, value,
                            arg,     {begin, end}, 0,         0};
    int r = check_reduce(&reduce);

    return r != 0 ? r : run_reduce(w, &reduce);
}
