/*
 * scan.c - scans: window after window of the indices, each divided into blocks.
 *
 * The caller scans block after block of a window.  A thief does not know the total before
 * its blocks, and folds them.  Once all blocks have been scanned or folded, the folded
 * ones are scanned too, in a second loop.  docs/design/scan.md explains it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/scan.h>

#include "base/os.h"
#include "sched/loop/fold.h"
#include "sched/loop/root.h"
#include "sched/policy/grain.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <errno.h>
#include <string.h>

/* One call. */
struct scan {
    const struct mag_for_options *options; /* not NULL */
    struct mag_range *ret_failed;
    const struct mag_scanner *scanner;
    void *value; /* the neutral value, until the end */
    void *arg;
    struct mag_range left; /* the indices that no window has had */
    uint32_t slot;         /* of calls without a loop */
    int error;
    char *total; /* of all indices before `left`, or before the next block */
};

/* Some of the indices.  The blocks before `scanned` have been scanned by the caller. */
struct window {
    struct scan *scan;
    struct mag_range range;
    size_t block;   /* indices of a block; the last one may be smaller */
    size_t scanned; /* touched by the caller only */
    char *totals;   /* of each folded block; then of all before it */
};

/* Where the failure of a loop over blocks was. */
struct outcome {
    int error;
    struct mag_range blocks;
};

/* -------------------------------------------------------------------------- blocks */

static struct mag_range block_range(const struct window *window, size_t block)
{
    size_t begin = window->range.begin + block * window->block;
    size_t left = window->range.end - begin;

    return (struct mag_range){begin,
                              begin + (left < window->block ? left : window->block)};
}

static size_t block_count(const struct window *window)
{
    size_t count = window->range.end - window->range.begin;

    return count / window->block + (count % window->block != 0);
}

/* From total to total: each has cache lines of its own. */
static size_t total_stride(const struct scan *scan)
{
    return (scan->scanner->size + MAG_CACHE_LINE - 1) & ~(size_t)(MAG_CACHE_LINE - 1);
}

static void *block_total(const struct window *window, size_t block)
{
    return window->totals + block * total_stride(window->scan);
}

static int scan_range(const struct scan *scan, struct mag_range range, uint32_t slot,
                      void *total)
{
    return scan->scanner->scan(range, slot, total, scan->arg);
}

/* -------------------------------------------------------- scanning what is in order */

/* The body of the first loop.  The caller's value is the window; those of thieves are
 * not used. */
static int scan_or_fold(struct mag_range blocks, uint32_t slot, void *value, void *arg)
{
    struct window *window = arg;
    const struct scan *scan = window->scan;
    const struct mag_scanner *scanner = scan->scanner;
    int r = 0;

    for (size_t block = blocks.begin; block < blocks.end && r == 0; block++) {
        struct mag_range range = block_range(window, block);

        if (value == window) {
            r = scan_range(scan, range, slot, scan->total);
            window->scanned += r == 0;
        } else {
            void *total = block_total(window, block);

            memcpy(total, scan->value, scanner->size);
            r = scanner->fold(range, slot, total, scan->arg);
        }
    }
    return r;
}

static void begin_nothing(void *value, void *arg)
{
    (void)value;
    (void)arg;
}

static void combine_nothing(void *value, void *later, void *arg)
{
    (void)value;
    (void)later;
    (void)arg;
}

static void run_first_block(mag_fork w, struct window *window, struct outcome *outcome)
{
    const struct mag_for_options *given = window->scan->options;
    struct mag_for_options options = {
        .grain = 1, .limit = given->limit, .stop = given->stop};
    struct mag_fold fold = {.body = scan_or_fold,
                            .begin = begin_nothing,
                            .combine = combine_nothing,
                            .arg = window,
                            .value = window,
                            .size = 1};
    struct mag_range blocks = {0, block_count(window)};

    outcome->error = mag_fold_in(w, &options, &outcome->blocks, blocks, &fold);
}

/* ---------------------------------------------------------- scanning what was folded */

static int scan_folded(struct mag_range blocks, uint32_t slot, void *arg)
{
    const struct window *window = arg;
    int r = 0;

    for (size_t block = blocks.begin; block < blocks.end && r == 0; block++)
        r = scan_range(window->scan, block_range(window, block), slot,
                       block_total(window, block));
    return r;
}

/* Replaces the total of each folded block before `end` by that of all before it. */
static void place_totals(struct window *window, size_t end, void *spare)
{
    const struct scan *scan = window->scan;
    size_t size = scan->scanner->size;

    for (size_t block = window->scanned; block < end; block++) {
        void *total = block_total(window, block);

        memcpy(spare, total, size);
        memcpy(total, scan->total, size);
        scan->scanner->combine(scan->total, spare);
    }
}

/* The blocks from `scanned` to `end` - 1 have been folded. */
static void run_second(mag_fork w, struct window *window, size_t end,
                       struct outcome *outcome)
{
    const struct mag_for_options *given = window->scan->options;
    struct mag_for_options options = {
        .grain = 1, .limit = given->limit, .stop = given->stop};
    void *spare = mag_fork_spill(w, window->scan->scanner->size);

    place_totals(window, end, spare);
    mag_fork_unspill(w, spare);
    outcome->error = mag_for_in(w, &options, &outcome->blocks, window->scanned, end,
                                scan_folded, window);
}

/* ------------------------------------------------------------------------- windows */

static int fail_scan(const struct scan *scan, int error, struct mag_range range)
{
    if (scan->ret_failed != NULL)
        *scan->ret_failed = range;
    return error;
}

/* Scans a window of at most `blocks` blocks. */
static int scan_window(mag_fork w, struct scan *scan, size_t block, size_t blocks)
{
    struct window window = {.scan = scan, .range = scan->left, .block = block};
    struct outcome first = {0, {0, 0}};
    struct outcome second = {0, {0, 0}};

    if (block_count(&window) > blocks)
        window.range.end = window.range.begin + block * blocks;
    size_t end = block_count(&window);
    window.totals = mag_fork_spill(w, end * total_stride(scan));
    run_first_block(w, &window, &first);
    if (first.error != 0)
        end = first.blocks.begin;
    if (window.scanned < end)
        run_second(w, &window, end, &second);
    mag_fork_unspill(w, window.totals);
    scan->left.begin = window.range.end;

    const struct outcome *outcome = second.error != 0 ? &second : &first;
    if (outcome->error == 0)
        return 0;
    struct mag_range failed = block_range(&window, outcome->blocks.begin);
    failed.end = block_range(&window, outcome->blocks.end - 1).end;
    return fail_scan(scan, outcome->error, failed);
}

/* How many blocks a window has. */
static size_t window_blocks(void)
{
    return mag_grain_blocks(mag_self_get()->worker->sched->capacity);
}

/* Scans alone until much work is known to be left.  Returns how many indices a block
 * should have; nothing if all is done. */
static int scan_alone(struct scan *scan, size_t *ret_block)
{
    struct mag_range *left = &scan->left;
    int64_t since = mag_os_now_ns();
    int64_t now = since;
    size_t grain = 1;
    size_t done = 0;

    while (left->begin != left->end) {
        size_t count = left->end - left->begin;
        struct mag_range range = {left->begin,
                                  left->begin + (count < grain ? count : grain)};

        if (mag_loop_is_stopped(scan->options->stop))
            return fail_scan(scan, -ECANCELED, *left);
        int r = scan_range(scan, range, scan->slot, scan->total);
        if (r != 0)
            return fail_scan(scan, r, range);
        left->begin = range.end;
        done += range.end - range.begin;

        int64_t before = now;
        now = mag_os_now_ns();
        grain = mag_grain_next(range.end - range.begin, now - before);
        if (mag_grain_wants_help(done, now - since, left->end - left->begin))
            break;
    }
    *ret_block = mag_grain_block(done, now - since);
    return 0;
}

/* Scans windows of blocks of a given size, or of about `block` indices. */
static int scan_windows(mag_fork w, struct scan *scan, size_t block)
{
    size_t blocks = window_blocks();
    bool given = scan->options->grain != 0;
    int64_t now = mag_os_now_ns();
    int r = 0;

    while (r == 0 && scan->left.begin != scan->left.end) {
        int64_t before = now;

        r = scan_window(w, scan, block, blocks);
        now = mag_os_now_ns();
        if (!given)
            block = mag_grain_block_next(block, now - before);
    }
    return r;
}

static int scan_all(mag_fork w, struct scan *scan)
{
    size_t block = scan->options->grain;
    int r = 0;

    if (block == 0)
        r = scan_alone(scan, &block);
    return r != 0 ? r : scan_windows(w, scan, block);
}

/* --------------------------------------------------------------------------- calls */

static const struct mag_for_options plain_options;

static int run_scan(mag_fork w, struct scan *scan)
{
    size_t size = scan->scanner->size;

    /* Of a loop with a limit the caller has the first slot number of all. */
    scan->slot = scan->options->limit != 0 ? 0 : mag_self_get()->worker->index;
    scan->total = mag_fork_spill(w, size);
    memcpy(scan->total, scan->value, size);
    int r = scan_all(w, scan);
    if (r == 0)
        memcpy(scan->value, scan->total, size);
    mag_fork_unspill(w, scan->total);
    return r;
}

static void run_scan_root(mag_fork w, void *payload)
{
    struct scan *scan = payload;

    scan->error = run_scan(w, scan);
}

static int check_scan(const struct scan *scan)
{
    bool right = scan->left.begin <= scan->left.end && scan->scanner->size != 0 &&
                 mag_loop_knows(scan->options);

    return right ? 0 : -EINVAL;
}

/* NOLINTNEXTLINE(readability-function-size): a scan needs them all. */
int mag_scan_with(struct mag_sched *sched, const struct mag_for_options *options,
                  struct mag_range *ret_failed, const struct mag_scanner *scanner,
                  void *value, size_t begin, size_t end, void *arg)
{
    struct scan scan = {.options = options != NULL ? options : &plain_options,
                        .ret_failed = ret_failed,
                        .scanner = scanner,
                        .value = value,
                        .arg = arg,
                        .left = {begin, end}};
    int r = check_scan(&scan);

    if (r == 0)
        r = mag_loop_root(sched, run_scan_root, &scan);
    if (r == -EOWNERDEAD)
        return fail_scan(&scan, r, (struct mag_range){begin, end});
    return r != 0 ? r : scan.error;
}

/* NOLINTNEXTLINE(readability-function-size): a scan needs them all. */
int mag_scan(struct mag_sched *sched, const struct mag_scanner *scanner, void *value,
             size_t begin, size_t end, void *arg)
{
    return mag_scan_with(sched, NULL, NULL, scanner, value, begin, end, arg);
}

/* NOLINTNEXTLINE(readability-function-size): a scan needs them all. */
int mag_scan_in(mag_fork w, const struct mag_for_options *options,
                struct mag_range *ret_failed, const struct mag_scanner *scanner,
                void *value, size_t begin, size_t end, void *arg)
{
    struct scan scan = {.options = options != NULL ? options : &plain_options,
                        .ret_failed = ret_failed,
                        .scanner = scanner,
                        .value = value,
                        .arg = arg,
                        .left = {begin, end}};
    int r = check_scan(&scan);

    return r != 0 ? r : run_scan(w, &scan);
}
