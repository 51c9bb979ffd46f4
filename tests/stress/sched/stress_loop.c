/*
 * Loops from several threads at once, one inside another, with limits, grains, errors and
 * stops at random places, while workers steal their parts.  Each index is given to a body
 * once; the first error in the order of indices is returned; no two calls have the same
 * slot at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/indices.h"
#include "tests/support/sched/storms.h"

#include <magpie/loop_affinity.h>

enum { OUTER = 12 };

/* One loop over `OUTER` indices, each with a loop of its own. */
struct storm {
    struct test_storm common; /* first */
    uint32_t limit;
    struct mag_for_stop stop;
    struct indices indices[OUTER];
    struct mag_for_affinity affinities[OUTER]; /* of every second inner loop */
    _Atomic(uint32_t) users[MAG_FOR_LIMIT_MAX];
    uint64_t scratch[MAG_FOR_LIMIT_MAX];
};

static int inner(struct mag_range range, uint32_t slot, void *arg)
{
    test_pause_at(range.begin);
    return indices_walk(range, slot, arg);
}

/* Runs the inner loop and checks what it returns. */
static int run_inner(struct indices *indices, size_t grain,
                     struct mag_for_affinity *affinity)
{
    struct mag_for_options options = {.grain = grain, .affinity = affinity};
    struct mag_range failed = {indices->count, indices->count};
    int error = mag_for_with(NULL, &options, &failed, 0, indices->count, inner, indices);

    return indices_are_right(indices, error, failed) ? 0 : -EPROTO;
}

static int outer(struct mag_range range, uint32_t slot, void *arg)
{
    struct storm *storm = arg;
    int error = 0;

    /* relaxed: only the loop may order the users of a slot. */
    if (slot >= storm->limit ||
        atomic_fetch_add_explicit(&storm->users[slot], 1, memory_order_relaxed) != 0)
        return -EPROTO;
    for (size_t i = range.begin; i < range.end && error == 0; i++) {
        storm->scratch[slot]++;
        error = run_inner(&storm->indices[i], i % 5,
                          i % 2 != 0 ? &storm->affinities[i] : NULL);
        if (i == storm->limit + 3)
            mag_for_stop_ask(&storm->stop);
    }
    /* relaxed: as above. */
    (void)atomic_fetch_sub_explicit(&storm->users[slot], 1, memory_order_relaxed);
    return error;
}

static void prepare(struct storm *storm)
{
    uint64_t *random = &storm->common.random;

    storm->limit = test_random_below(random, 5) + 1;
    atomic_init(&storm->stop.asked, false);
    for (size_t i = 0; i < OUTER; i++) {
        struct indices *indices = &storm->indices[i];

        indices_init(indices, 0, test_random_below(random, 300));
        for (unsigned bad = test_random_below(random, 3); bad > 0; bad--)
            indices->bad[test_random_below(random, 600)] = true;
    }
}

static void *run_storm(void *arg)
{
    struct storm *storm = arg;

    for (uint32_t round = 0; test_goes_on(round, storm->common.rounds); round++) {
        struct mag_for_options options = {.grain = round % 3};
        struct mag_range failed = {0, 0};

        prepare(storm);
        options.limit = storm->limit;
        options.stop = round % 2 ? &storm->stop : NULL;
        int error =
            mag_for_with(storm->common.sched, &options, &failed, 0, OUTER, outer, storm);
        if (error != 0 && (error != -ECANCELED || options.stop == NULL))
            storm->common.wrong++;
    }
    return NULL;
}

static void loops_of_many_threads_are_right(void **state)
{
    static struct storm storms[TEST_STORM_THREADS];
    (void)state;

    test_storms(run_storm, storms, sizeof(storms[0]), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_of_many_threads_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
