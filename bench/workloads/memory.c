/*
 * memory.c - loops that wait for memory, beside the same loops in plain C.  Each worker
 * walks the part of the data that lies on its node: mag_for_touch places the pages, and
 * the loops go by the same affinity.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/memory.h"

#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/loop_affinity.h>
#include <magpie/node_memory.h>
#include <stdlib.h>

enum { ARRAYS = 3 };

/* What the body of one slot has counted, on a cache line of its own. */
struct tally {
    _Alignas(64) uint64_t right;
};

struct placed {
    struct mag_topology *topology;
    struct mag_for_affinity affinity;
    void *pages[ARRAYS];
    size_t bytes; /* of each */
    struct kernel_triad triad;
    uint64_t size;
    struct tally *tallies; /* one for each slot */
    uint32_t slots;
};

static void cleanup(struct bench_run *run)
{
    struct placed *placed = run->data;

    if (placed == NULL)
        return;
    for (uint32_t i = 0; i < ARRAYS; i++)
        mag_node_unmap(placed->pages[i], placed->bytes);
    mag_topology_free(placed->topology);
    free(placed->tallies);
    free(placed);
}

/* Maps one array, each page of it on the node of the worker that will have it. */
static int map(struct bench_run *run, struct placed *placed, uint32_t index)
{
    enum mag_placed obtained;
    int r = mag_node_map(placed->topology, MAG_NONE, placed->bytes, &placed->pages[index],
                         &obtained);

    if (r == 0 && run->sched != NULL)
        r = mag_for_touch(run->sched, &placed->affinity, placed->pages[index],
                          placed->bytes);
    return r;
}

/* `cleanup` releases what there is, also after a failure. */
static int prepare(struct bench_run *run, uint32_t arrays, size_t bytes)
{
    struct placed *placed = calloc(1, sizeof(*placed));
    int r;

    run->data = placed;
    if (placed == NULL)
        return -ENOMEM;
    placed->bytes = bytes;
    placed->size = run->size;
    placed->slots = run->sched != NULL ? mag_sched_capacity(run->sched) : 1;
    placed->tallies = aligned_alloc(64, placed->slots * sizeof(*placed->tallies));
    if (placed->tallies == NULL)
        return -ENOMEM;
    r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &placed->topology);
    for (uint32_t i = 0; r == 0 && i < arrays; i++)
        r = map(run, placed, i);
    return r;
}

/* The options of loops over placed data. */
static struct mag_for_options by_place(struct placed *placed)
{
    struct mag_for_options options = {.affinity = &placed->affinity};

    return options;
}

static int reset_tallies(struct bench_run *run)
{
    struct placed *placed = run->data;

    for (uint32_t i = 0; i < placed->slots; i++)
        placed->tallies[i].right = 0;
    return 0;
}

static void add_tallies(struct bench_run *run)
{
    const struct placed *placed = run->data;

    run->answer = 0;
    for (uint32_t i = 0; i < placed->slots; i++)
        run->answer += placed->tallies[i].right;
}

/* NOLINTBEGIN(readability-function-size): name_for_with has many parameters. */

/* ------------------------------------------------------------------------ triad */

MAG_LOOP(triad_fill, const struct kernel_triad *, triad)
static int triad_fill(struct mag_range range, uint32_t slot,
                      const struct kernel_triad *triad)
{
    (void)slot;
    kernel_triad_fill(triad, range.begin, range.end);
    return 0;
}

MAG_LOOP(triad_run, const struct kernel_triad *, triad)
static int triad_run(struct mag_range range, uint32_t slot,
                     const struct kernel_triad *triad)
{
    (void)slot;
    kernel_triad_run(triad, range.begin, range.end);
    return 0;
}

static int prepare_triad(struct bench_run *run)
{
    int r = prepare(run, ARRAYS, run->size * sizeof(double));
    struct placed *placed = run->data;

    if (r < 0)
        return r;
    placed->triad = (struct kernel_triad){placed->pages[0], placed->pages[1],
                                          placed->pages[2], run->size};
    struct mag_for_options options = by_place(placed);
    if (run->sched != NULL)
        return triad_fill_for_with(run->sched, &options, NULL, 0, run->size,
                                   &placed->triad);
    kernel_triad_fill(&placed->triad, 0, run->size);
    return 0;
}

static int reset_triad(struct bench_run *run)
{
    struct placed *placed = run->data;

    kernel_triad_clear(&placed->triad);
    return 0;
}

static int triad_twin(struct bench_run *run)
{
    struct placed *placed = run->data;

    kernel_triad_run(&placed->triad, 0, run->size);
    return 0;
}

static int triad_magpie(struct bench_run *run)
{
    struct placed *placed = run->data;
    struct mag_for_options options = by_place(placed);

    return triad_run_for_with(run->sched, &options, NULL, 0, run->size, &placed->triad);
}

static void check_triad(struct bench_run *run)
{
    struct placed *placed = run->data;

    run->answer = kernel_triad_answer(&placed->triad);
}

const struct bench_workload bench_triad = {
    .group = "memory",
    .name = "triad",
    .summary = "STREAM's triad a[i] = b[i] + 3 c[i]: 24 bytes for each index",
    .shows = "how near a loop over placed arrays comes to the memory's bandwidth",
    .size_is = "doubles of each of three arrays",
    .sizes = {30000000},
    .size_min = 1,
    .size_max = UINT64_C(4000000000),
    .twin = "serial",
    .workers_only = true,
    .prepare = prepare_triad,
    .reset = reset_triad,
    .run_twin = triad_twin,
    .run_magpie = triad_magpie,
    .check = check_triad,
    .cleanup = cleanup,
};

/* ----------------------------------------------------------------------- random */

MAG_LOOP(words_fill, struct placed *, placed)
static int words_fill(struct mag_range range, uint32_t slot, struct placed *placed)
{
    (void)slot;
    kernel_words_fill(placed->pages[0], range.begin, range.end);
    return 0;
}

MAG_LOOP(words_read, struct placed *, placed)
static int words_read(struct mag_range range, uint32_t slot, struct placed *placed)
{
    placed->tallies[slot].right +=
        kernel_words_read(placed->pages[0], placed->size, range.begin, range.end);
    return 0;
}

static int prepare_random(struct bench_run *run)
{
    int r = prepare(run, 1, run->size * sizeof(uint64_t));
    struct placed *placed = run->data;

    if (r < 0)
        return r;
    struct mag_for_options options = by_place(placed);
    if (run->sched != NULL)
        return words_fill_for_with(run->sched, &options, NULL, 0, run->size, placed);
    kernel_words_fill(placed->pages[0], 0, run->size);
    return 0;
}

static int random_twin(struct bench_run *run)
{
    struct placed *placed = run->data;

    placed->tallies[0].right =
        kernel_words_read(placed->pages[0], run->size, 0, run->size);
    return 0;
}

static int random_magpie(struct bench_run *run)
{
    struct placed *placed = run->data;
    struct mag_for_options options = by_place(placed);

    return words_read_for_with(run->sched, &options, NULL, 0, run->size, placed);
}

const struct bench_workload bench_random = {
    .group = "memory",
    .name = "random",
    .summary = "independent reads all over a table that is spread over the nodes",
    .shows = "how many misses of the caches all workers together have under way",
    .size_is = "words of the table, and reads",
    .sizes = {33554432},
    .size_min = 1,
    .size_max = UINT32_MAX,
    .twin = "serial",
    .workers_only = true,
    .prepare = prepare_random,
    .reset = reset_tallies,
    .run_twin = random_twin,
    .run_magpie = random_magpie,
    .check = add_tallies,
    .cleanup = cleanup,
};

/* ------------------------------------------------------------------------ chase */

/* Of one chain. */
static uint64_t lines_of(const struct placed *placed)
{
    return placed->size / KERNEL_CHAINS;
}

static struct kernel_line *chain_of(const struct placed *placed, size_t index)
{
    struct kernel_line *lines = placed->pages[0];

    return lines + index * lines_of(placed);
}

MAG_LOOP(chains_make, struct placed *, placed)
static int chains_make(struct mag_range range, uint32_t slot, struct placed *placed)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        kernel_chain_make(chain_of(placed, i), lines_of(placed));
    return 0;
}

MAG_LOOP(chains_lap, struct placed *, placed)
static int chains_lap(struct mag_range range, uint32_t slot, struct placed *placed)
{
    for (size_t i = range.begin; i < range.end; i++)
        placed->tallies[slot].right +=
            kernel_chain_lap(chain_of(placed, i), lines_of(placed));
    return 0;
}

/* Whole chains, and nothing beside them. */
static bool chase_fits(uint64_t size)
{
    return size % KERNEL_CHAINS == 0;
}

/* An index is a whole chain. */
static struct mag_for_options by_chain(struct placed *placed)
{
    struct mag_for_options options = {.affinity = &placed->affinity, .heavy = true};

    return options;
}

static int prepare_chase(struct bench_run *run)
{
    int r = prepare(run, 1, run->size * sizeof(struct kernel_line));
    struct placed *placed = run->data;
    struct mag_range all = {0, KERNEL_CHAINS};

    if (r < 0)
        return r;
    struct mag_for_options options = by_chain(placed);
    if (run->sched != NULL)
        return chains_make_for_with(run->sched, &options, NULL, 0, KERNEL_CHAINS, placed);
    return chains_make(all, 0, placed);
}

static int chase_twin(struct bench_run *run)
{
    struct mag_range all = {0, KERNEL_CHAINS};

    return chains_lap(all, 0, run->data);
}

static int chase_magpie(struct bench_run *run)
{
    struct placed *placed = run->data;
    struct mag_for_options options = by_chain(placed);

    return chains_lap_for_with(run->sched, &options, NULL, 0, KERNEL_CHAINS, placed);
}

/* NOLINTEND(readability-function-size) */

const struct bench_workload bench_chase = {
    .group = "memory",
    .name = "chase",
    .summary = "a lap in each of 64 chains of lines, in an order that nobody guesses",
    .shows = "the latency of memory, where each worker has its chains on its node",
    .size_is = "lines of 64 bytes, of all chains; a multiple of 64",
    .sizes = {4194304},
    .size_min = KERNEL_CHAINS,
    .size_max = UINT32_MAX,
    .size_fits = chase_fits,
    .twin = "serial",
    .workers_only = true,
    .prepare = prepare_chase,
    .reset = reset_tallies,
    .run_twin = chase_twin,
    .run_magpie = chase_magpie,
    .check = add_tallies,
    .cleanup = cleanup,
};
