/*
 * sort.c - the calls: what a sort needs before it begins, and arrays that are runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/sort/sorter.h"

#include "sched/loop/root.h"
#include "sched/scheduler.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/loop.h>

#include <errno.h>
#include <stdlib.h>

enum {
    /* So many items show that an array is not sorted, mostly. */
    RUN_SHOWN = 64,
    /* Leaves for each thread, to balance their times.  Those of a sort in place are
     * shorter, because a division does not make them equally long. */
    LEAVES_EACH = 64,
    LEAVES_EACH_STABLE = 8,
    /* Bytes of scratch that are taken from the C stack. */
    SCRATCH_SMALL = 4096
};

/* --------------------------------------------------------------------------- runs */

struct run_check {
    const struct mag_sorter *sorter;
    bool falling;
};

/* Returns 1 if an item and its successor are not in order. */
static int check_pairs(struct mag_range range, uint32_t slot, void *arg)
{
    const struct run_check *check = arg;
    const struct mag_sort_call *call = check->sorter->call;
    char *items = (char *)call->items + range.begin * check->sorter->size;

    (void)slot;
    return !call->kind->is_run(items, range.end - range.begin + 1, check->falling,
                               call->order);
}

static int reverse_pairs(struct mag_range range, uint32_t slot, void *arg)
{
    const struct run_check *check = arg;
    const struct mag_sorter *sorter = check->sorter;
    char *items = sorter->call->items;

    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        mag_sorter_exchange(items + i * sorter->size,
                            items + (sorter->call->count - 1 - i) * sorter->size,
                            sorter->size);
    return 0;
}

bool mag_sorter_run(mag_fork w, const struct mag_sorter *sorter)
{
    const struct mag_sort_call *call = sorter->call;
    const char *items = call->items;
    struct run_check check = {sorter,
                              mag_sorter_less(sorter, items + sorter->size, items)};

    if (!call->kind->is_run(call->items, RUN_SHOWN, check.falling, call->order) ||
        mag_for_in(w, NULL, NULL, RUN_SHOWN - 1, call->count - 1, check_pairs, &check) !=
            0)
        return false;
    /* No body returns an error, and nobody asks the loop to stop. */
    if (check.falling)
        (void)!mag_for_in(w, NULL, NULL, 0, call->count / 2, reverse_pairs, &check);
    return true;
}

/* -------------------------------------------------------------------------- calls */

static size_t leaf_of(const struct mag_sort_call *call, uint32_t workers)
{
    size_t each = call->stable ? LEAVES_EACH_STABLE : LEAVES_EACH;
    size_t share = call->count / each / workers;

    if (call->leaf_count != 0)
        return call->leaf_count;
    return share > MAG_SORT_ALONE ? share : MAG_SORT_ALONE;
}

/* False: a thread has ended. */
static bool sort_all(mag_fork w, const struct mag_sort_call *call)
{
    /* The calling thread may be one more. */
    uint32_t threads = mag_sched_workers(mag_self_get()->worker->sched) + 1;
    struct mag_sorter sorter = {.call = call,
                                .size = call->kind->size,
                                .leaf = leaf_of(call, threads),
                                .share = call->count / threads,
                                .scratch = call->scratch};

    if (call->count > RUN_SHOWN && mag_sorter_run(w, &sorter))
        return true;
    return call->stable ? mag_sorter_merge(w, &sorter) : mag_sorter_quick(w, &sorter);
}

/* A sort from outside. */
struct sort_root {
    const struct mag_sort_call *call;
    bool done;
};

static void run_sort(mag_fork w, void *payload)
{
    struct sort_root *root = payload;

    root->done = sort_all(w, root->call);
}

/* Sorts a short array. */
static void sort_here(const struct mag_sort_call *call)
{
    if (call->leaf != NULL)
        call->leaf(call->items, call->count, call->order);
    else if (call->stable)
        call->kind->sort_stable(call->items, call->scratch, call->count, call->order);
    else
        call->kind->sort(call->items, call->count, call->order);
}

static bool is_short(const struct mag_sort_call *call)
{
    size_t alone = call->leaf_count != 0 ? call->leaf_count : MAG_SORT_ALONE;

    return call->count <= alone;
}

/* Where the sort runs. */
struct sort_place {
    struct mag_sched *sched;
    const mag_fork *w; /* or NULL */
};

static int sort_at(const struct sort_place *place, struct mag_sort_call *call)
{
    if (is_short(call)) {
        sort_here(call);
        return 0;
    }
    if (place->w != NULL)
        return sort_all(*place->w, call) ? 0 : -EOWNERDEAD;

    struct sort_root root = {.call = call};
    int r = mag_loop_root(place->sched, run_sort, &root);

    return r == 0 && !root.done ? -EOWNERDEAD : r;
}

/* Allocates scratch.  NULL: out of memory. */
static void *allocate_scratch(size_t bytes)
{
    size_t lines = (bytes + MAG_CACHE_LINE - 1) / MAG_CACHE_LINE;

    return aligned_alloc(MAG_CACHE_LINE, lines * MAG_CACHE_LINE);
}

static int sort_with_scratch(const struct sort_place *place, struct mag_sort_call *call)
{
    _Alignas(MAG_CACHE_LINE) char small[SCRATCH_SMALL];
    size_t bytes = call->count * call->kind->size;
    void *allocated = NULL;

    if (bytes > SCRATCH_SMALL) {
        allocated = allocate_scratch(bytes);
        if (allocated == NULL)
            return -ENOMEM;
    }
    call->scratch = allocated != NULL ? allocated : small;
    int r = sort_at(place, call);
    call->scratch = NULL;
    free(allocated);
    return r;
}

static int sort_call(const struct sort_place *place, const struct mag_sort_call *call)
{
    struct mag_sort_call copy = *call;

    if (call->count < 2)
        return 0;
    return call->stable && call->scratch == NULL ? sort_with_scratch(place, &copy)
                                                 : sort_at(place, &copy);
}

int mag_sort_run(struct mag_sched *sched, const struct mag_sort_call *call)
{
    return sort_call(&(struct sort_place){.sched = sched}, call);
}

int mag_sort_run_in(mag_fork w, const struct mag_sort_call *call)
{
    return sort_call(&(struct sort_place){.w = &w}, call);
}
